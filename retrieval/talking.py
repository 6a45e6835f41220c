"""Takes off a question what it says of the conversations themselves: "Can you list what I mentioned in our chats?".

No message of a history says so of itself, and what a question is about gets lost among such words. Pure text code for
Chinese and English.
"""

import re

__all__ = ["without_talking"]

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_LEFT = 2  # words or Chinese characters
_SAID = "mentioned|told you|brought up|talked about|discussed|asked about"
_TALKING = re.compile(
    r"^(?:(?:please|can you|could you) )+(?:give|list|walk|show|summari[sz]e|provide|remind)(?: me)?(?: through)?\b"
    r"|^(?:give|show|remind) me\b"
    r"|\b(?:an? |the )?(?:(?:clear|quick|brief|short|full|detailed|complete|comprehensive) )*"
    r"(?:summary|overview|recap) of\b"
    r"|\bthe order in which\b|(?:, in|\bin chronological) order(?=[,.?!]|$)"
    r"|\b(?:throughout|over|across|during|in|from)(?: all)?(?: of)? (?:our|my|these)(?: (?:past|previous|earlier))? "
    r"(?:conversations?|chats?|discussions?|messages|questions|sessions)\b"
    rf"|\b(?:did|have|had) (?:i|we) (?:ever )?(?:mention|say|said|tell you|bring up|talk about|discuss|{_SAID})\b"
    rf"|\b(?:that )?(?:i|we)(?:'ve| have| had)? (?:ever )?(?:{_SAID})\b"
    r"|我们?(?:之前|以前|曾经?|上次|刚才)?(?:提到|说到|聊到|谈到|讲到|提|聊|谈|讨论|告诉你)过?的"
    r"|^(?:请|帮我|给我)*(?:总结|概括|列出|梳理|回顾)一下|按(?:照)?(?:时间|先后)*顺序"
    r"|在(?:我们|我)的?(?:所有)?(?:对话|聊天|交流|谈话)(?:中|里)",
    re.IGNORECASE,
)


def without_talking(question: str) -> str:
    """The question without such words; itself when it has none, or when nothing else is left."""
    question = question.strip()
    bare = " ".join(_TALKING.sub(" ", question).split()).strip(" ,，")
    return bare if _TALKING.search(question) and len(_WORD.findall(bare)) >= _LEFT else question
