"""Finds what a message says that its writer wants to do or get: the words behind "I'd like to", "can you", 我想, 帮我.

A small model says "none" to most of them, since it takes each for a request to itself. What is asked about (what, when,
whether) and small talk with the program are no wishes. Chinese and English, rules of thumb; knows texts only.
"""

import itertools
import re
from typing import Final

__all__ = ["asks_for_wishes", "wishes_in"]

_ASKED: Final = re.compile(
    r"^(?:(?:the|user'?s?|customer'?s?|current|open|recent|latest|next|main|stated)\s+)*"
    r"(?:intents?|intentions?|goals?|wishes|wants?|needs?|requests?|plans?|to ?dos?)$"
    r"|^(?:用户|客户|顾客)?(?:的)?(?:当前|目前|近期|最近|下一步)?(?:的)?"
    r"(?:意图|意向|目标|愿望|心愿|需求|诉求|请求|计划|打算|想做的事)$",
    re.IGNORECASE,
)
_OPENER: Final = re.compile(
    r"\b(?:"
    r"(?:i|we)(?:['’]?d| would)(?: (?:really|also|just|still))? (?:like|love|prefer)"
    r"|(?:i|we)(?:['’]?m| am|['’]?re| are)(?: (?:also|just|still|now))?"
    r" (?:looking|trying|planning|hoping|going|wanting)"
    r"|(?:i|we)(?: (?:really|also|just|still))* (?:want|need|wish|plan|intend)"
    r")(?: (?:some )?help(?= to\b))?(?: (?:you to|to|for))?\s+"
    r"|\b(?:how do|(?:how )?(?:can|could|may)) (?:i|we)\s+"
    r"|\b(?:(?:can|could|would|will) you(?: (?:please|also|kindly))*|please(?: (?:also|kindly))*)"
    r"(?: help (?:me|us)(?: (?:to|with))?)?\s+",
    re.IGNORECASE,
)
_OPENER_ZH: Final = re.compile(
    r"(?:我们?|咱们?|本人)(?:现在|也|还|其实|就|很|真的|特别|一直|最近|正)*"
    r"(?:想要?(?![象到起法念着不])|要(?![是不求])|打算|计划|希望(?:能够?|可以)?|准备|需要|决定)|帮我(?:们)?"
)
_END: Final = re.compile(
    r"[.!?](?=\s|$)|[;,:\n，。！？；：]"
    r"|\s(?:but|because|since|so|if|when|please|thanks?|thank you|right now|now|can you|could you|and (?:i|it|can|could"
    r"|please))\b",
    re.IGNORECASE,
)
_NO_WISH: Final = re.compile(
    r"(?:(?:know|check)(?! (?:about )?(?:my|our|the)\b)|(?:get )?(?:(?:some|any) )?(?:help|assist\w*)|tell|ask\w*"
    r"|confirm|explain|say|talk|chat|discuss|share|see|look into|hear|have|do|proceed|go ahead|go with|be|let|provide"
    r"|give|wait|hold|repeat|remember|mention|find (?:out|it|them|that)|figure|understand|believe|think"
    r"|like|you|it|that|this|them|anything|your help)\b(?! back)"
    r"|(?:not|no|i|we|to|into|forward)\b"
    r"|[你您它她他]|[和跟与]你|聊|谈|说|问|知道|了解|告诉|分享|看[看下一]|查(?!.{0,3}我的)|确认|请教|解答|想|算|不",
    re.IGNORECASE,
)
_REST: Final = re.compile(  # of a list: ", the action camera, and the backpack"
    r"(?:, (?!(?:i|and|or)\b)[^,.;!?\n]{1,30})*,? (?:and|or) (?!(?:i|it|can|could|please|then)\b)[^,.;!?\n]{1,40}",
    re.IGNORECASE,
)
_THING_ZH: Final = re.compile(  # one that is described at length: 找一家有糖油饼，人均消费是50-100元的餐馆
    r"[^，。！？；\n你]{0,20}[一几][家个间座处种份件][^，。！？；\n你]{0,30}(?:，[^，。！？；\n你]{2,30}){1,2}?"
    r"的[\u4e00-\u9fff]{1,6}(?=[，。！？；\n]|$)"
)
_VAGUE: Final = re.compile(
    r"\w+(?: \w+)? (?:it|that|this|them)(?: (?:up|out|back|for (?:me|us)|too|instead))*$|me$", re.IGNORECASE
)
_TAIL: Final = re.compile(r"[\s'\"“”‘’*)）]+$|[吧吗呢啊呀了哦]+$")
_MOST: Final = 100
_LEAST: Final = 2
_MOST_WISHES: Final = 20


def asks_for_wishes(label: str) -> bool:
    """Whether an attribute of this name asks for whatever the user wants: "intents" and 需求, not "fitness goals"."""
    return _ASKED.match(label.strip()) is not None


def wishes_in(text: str) -> list[str]:
    """What the writer of ``text`` wants, in its very words, each once; up to 100 characters each, the first twenty."""
    found: dict[str, None] = {}
    for opener in itertools.chain(_OPENER.finditer(text), _OPENER_ZH.finditer(text)):
        wish = _TAIL.sub("", text[opener.end() : _end_of(text, opener.end())])
        if _LEAST <= len(wish) <= _MOST and not _NO_WISH.match(wish) and not _VAGUE.match(wish):
            found[wish] = None
            if len(found) == _MOST_WISHES:
                break
    return [wish for wish in found if not any(wish != other and wish in other for other in found)]


def _end_of(text: str, start: int) -> int:
    """Where the clause ends that begins at ``start``; neither a list in it nor a thing's description is cut short."""
    if thing := _THING_ZH.match(text, start):
        return thing.end()
    end = _END.search(text, start, start + _MOST + 1)
    if end is None:
        return min(len(text), start + _MOST + 1)
    rest = _REST.match(text, end.start())
    return rest.end() if rest else end.start()
