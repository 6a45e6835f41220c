"""Takes a question apart into what can be searched for: its parts, and each part without the words that ask.

Pure text code for Chinese and English; knows nothing of stores.
"""

import re
from collections.abc import Iterator

from retrieval.talking import without_talking

__all__ = ["parts_of", "questions_in", "without_asking"]

_MOST_PARTS = 6
_MOST_QUESTIONS = 3
_SMALL_TALK = 2
_REALLY = re.compile(  # "sorry, what I really want to know is: …"; what was asked before it was thinking aloud
    r"^.*?(?:(?:想|要)(?:问|知道|弄清楚|搞清楚)(?:一下)?(?:的(?:问题|事)?)?(?:其实)?(?:就?是)?|想要?(?:说|了解)的(?:其实)?是)"
    r"(?:这个|这样)?[，：:]\s*"
    r"|^.*?(?:问题|其实)就?是(?:这个|这样)?[，：:]\s*|^.*(?:等等|等一下|不对|搞错了)[，,]\s*"
    r"|^.*?\bwhat i (?:really |actually )?(?:want|wanted|meant) to (?:know|ask) is\b[,:]?\s*"
    r"|^.*?\bmy (?:real )?question is\b[,:]?\s*|^(?:no )?wait,\s*",
    re.IGNORECASE,
)
_REMEMBER = re.compile(  # no message tells whether anybody remembers
    r"\b(?:do|can) you (?:still )?(?:remember|recall) (?:me (?:saying|telling you|mentioning) )?"
    r"(?:(?=(?:what|who|whom|whose|where|when|why|how|which)\b)|(?P<thing>(?:the|my|our|his|her|their)\b))",
    re.IGNORECASE,
)
_ASKS = re.compile(  # not "When I was in Rome, I bought a book."
    r"[?？][\"'”’]?\s*$|^when(?:'s| (?:is|are|am|do|does|did|was|were|has|have|had|will|would|can|could|should))\b"
    r"|^when$|^when\b[^,]*, (?:what|who|whom|whose|where|why|how|which|do|does|did|was|were)\b"
    r"|^(?:what|who|whom|whose|where|why|how|which|is|are|am|do|does|did|was|were|has|have|can|could)\b",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE = re.compile(r"(?<=[。！？!?；;\n])(?![\"”’」』])\s*|(?<=[a-z0-9\"')]{2}\.)\s+(?=[A-Z])")
_ALSO = re.compile(
    r"(?:^|(?<=[，,。？！?!\s]))(?:另外|还有|同时|此外|对了|顺便问一下|以及)[，,：:\s]*"
    r"|[,;]?\s*\b(?:and also|also|and|plus|btw|by the way)\b[,:]?\s+"
    r"(?=(?:what|who|where|when|why|how|which|is|are|do|does|did|was|were|has|have)\b)",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"(?P<one>[^，。？]{1,30}?)(?:和|与|跟|同|还是)(?P<other>[^，。？]{1,30}?)(?:相比|比)?[，,]?\s*"
    r"(?P<asked>(?:这两个|两个)?(?:谁|哪个|哪一个|哪位|哪场|哪一场).*)"
)
_VERB = "is|are|was|were|do|does|did"
_ASKING = re.compile(
    r"^(?:(?:please|can you|could you|do you know|tell me|which|is|are|does|do|did|was|were|has|have"
    rf"|(?:what|who|where|when|why)(?:'s| (?:{_VERB}))?|how(?: (?:many|much|old|{_VERB}))?)\b\s*)+",
    re.IGNORECASE,
)
_ASKING_ZH = re.compile(
    r"请问|请告诉我|告诉我|什么时候|什么|哪里|哪儿|哪个|哪些|哪位|哪|谁|怎么样|怎么|为什么|多少|几个|几|是否|吗|呢|么|？|\?"
)


def parts_of(question: str) -> list[str]:
    """The things that a question asks for, each as a text of its own; the question itself when it is one thing.

    Several sentences, "… and when …", "……？另外，……" are several things; "A 和 B 谁更高" asks about A and about B.
    Where only some sentences ask, the rest is small talk or context: these are the parts, and the whole text is one
    more. What a question says of the conversations themselves is left out.
    """
    wanted = without_talking(question)
    parts = list(dict.fromkeys(_parts(wanted)))
    return parts[:_MOST_PARTS] or [wanted]


def questions_in(text: str) -> list[str]:
    """The single questions in a text, each to be answered by itself; the text itself unless there are several.

    "Where do I live, and what is my job?" is two, "A 和 B 谁更高？" one. A sentence before a question may be needed to
    understand it and stays with it; two and more are small talk and are left out, and so is what is asked before "what
    I really want to know is". "Do you remember what …" asks what it was.
    """
    text = _REMEMBER.sub(lambda found: f"What is {found['thing']}" if found["thing"] else "", text)
    pieces = list(dict.fromkeys(_pieces(text)))
    asked = [piece for piece in pieces if _ASKS.search(piece)]
    meant = [piece for piece in asked if _REALLY.match(piece)]
    asked = [_REALLY.sub("", piece) for piece in meant or asked]
    if len(asked) > 1:
        return asked[:_MOST_QUESTIONS]
    talk = next((number for number, piece in enumerate(pieces) if piece in asked), 0)
    if meant or talk >= _SMALL_TALK:
        return [text[text.rindex(asked[0]) :].strip()]
    return [text.strip()]


def _pieces(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        for piece in _ALSO.split(sentence):
            if sum(character.isalnum() for character in piece) >= 3:
                yield piece.strip(" ，,")


def _parts(question: str) -> Iterator[str]:
    pieces = list(_pieces(question))
    asking = [piece for piece in pieces if _ASKS.search(piece)]
    for part in asking or pieces:
        if compared := _COMPARED.fullmatch(part):
            yield compared["one"] + compared["asked"]
            yield compared["other"] + compared["asked"]
        else:
            yield part
    if asking and len(asking) < len(pieces):
        yield question.strip()


def without_asking(part: str) -> str:
    """What a part is about, without the words that ask; the part itself when nothing else is left."""
    bare = _ASKING_ZH.sub(" ", part) if _HAN.search(part) else _ASKING.sub("", part.strip())
    return " ".join(bare.split()).strip(" ?？.。!！，,") or part
