"""Cuts what programs put below a message, Chinese or English: disclaimers, surveys, "Sent from my iPhone", and so on.

Only known wordings, and only at the end; a message is never cut down to nothing. When in doubt it keeps.
"""

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from retrieval.cleaning import clean
from retrieval.events import Cut

__all__ = ["Trimmed", "sent_from", "trim", "without_footer"]

_MAIL: Final = r"(?:e-?mail|message|communication|transmission)"
_LINES: Final = 40  # of a last paragraph
_JOINED: Final = 8  # lines of a sentence
_LOOKED_AT: Final = 600  # characters of it
_OWN_SENT_FROM: Final = r"(?:发自|来自)(?:我的)?.{0,12}(?:iPhone|iPad|手机|华为|小米|荣耀|Android|安卓|QQ|网易|邮箱)"
_SENT_FROM_CHARS: Final = 80
_RULE: Final = re.compile(r"[\s_*=-]*")
_STARTS: Final = (
    # confidential, and meant for somebody
    rf"(?:the (?:information|contents?) (?:contained )?(?:in|of) )?this {_MAIL}\b.{{0,200}}"
    r"\b(?:confidential|privileged|intended (?:only|solely|for)|solely for)\b",
    r"if you are not the (?:intended|named) (?:recipient|addressee)",
    rf"if you (?:have )?received this {_MAIL} (?:in error|by mistake)",
    r"(?:please )?(?:consider|think (?:of|about)) the environment before (?:you )?print",
    r"(?:此|本|该)(?:电子)?邮件(?:及其?(?:任何|所有)?附件)?.{0,40}(?:保密|机密|特权信息|仅[供限].{0,12}(?:收件人|指定|接收|使用|阅读))",
    r"(?:如果?|若)您?(?:不是|并非|非).{0,20}收件人|(?:如果?|若)您?(?:错误地?|误)收(?:到|取)?了?(?:此|本|该)",
    r"请?(?:保护环境|考虑环境|为了环保).{0,20}打印",
    # sent by a machine
    rf"this is an automat(?:ed|ic) (?:{_MAIL}|response|reply|notification)",
    rf"this {_MAIL} (?:was|is) (?:sent|generated) automatically|this (?:mailbox|inbox) is not monitored",
    rf"(?:please )?do not reply (?:directly )?to this (?:automat\w+ )?{_MAIL}",
    rf"this {_MAIL} is a service from |(?:delivered|powered) by (?:zendesk|intercom|freshdesk)\b",
    r"(?:此|本|该)?(?:邮件|信息|消息)(?:为|是|由)?系统自动(?:发送|发出|生成|回复)",
    r"请(?:勿|不要)(?:直接)?回复(?:此|本|该)?(?:邮件|信息|消息)",
    # no more of these, please
    rf"to (?:unsubscribe|stop receiving)\b|you(?:['’]re| are) receiving this {_MAIL}|you received this {_MAIL} because",
    r"if you (?:no longer|do not|don['’]t) (?:wish|want) to receive (?:these|this|such|our|any) ",
    r"unsubscribe(?: here)?(?: from .{0,60})?:?[ <(|]+https?:|click here to unsubscribe",
    r"(?:如果?|若)您?(?:不想|不愿|不希望|无需)再?(?:继续)?(?:收到|接收)(?:此类|这类|此|本|我们).{0,30}(?:退订|取消订阅|点击)",
    r"(?:请?点击|点此).{0,12}(?:退订|取消订阅)|(?:退订|取消订阅)[:：]? ?<?https?:",
    # how were we
    r"how would you rate the (?:support|service|help) you received",
    r"(?:how (?:did we do|was (?:our|your))|(?:please )?(?:take|complete|fill (?:in|out)|rate)\b).{0,160}"
    r"\b(?:survey|feedback|rate|support|service)\b.{0,160}https?://",
    r"(?:请|诚邀您|邀请您).{0,20}(?:服务|客服|体验).{0,12}(?:评价|打分|评分|问卷).{0,60}https?://",
)  # fmt: skip
_CONFIDENTIAL: Final = re.compile(
    rf"\b{_MAIL}\b.*\b(?:confidential|privileged|intended|recipient|virus(?:es)?)\b|邮件.*(?:保密|机密|收件人|病毒)",
    re.IGNORECASE,
)


class Trimmed(NamedTuple):
    """A message of a ticket without its footers; as it was; and how many characters went by which cut."""

    text: Any
    raw: str | None
    cuts: dict[Cut, int]


def trim(message: Any) -> Trimmed:
    """A message, plain or HTML, without its footers; what is no text stays as it is."""
    if not isinstance(message, str):
        return Trimmed(message, None, {})
    cleaned = clean(message)
    text = without_footer(cleaned.text).rstrip()
    cuts = cleaned.cuts
    if len(text) < len(cleaned.text):
        cuts["footer"] = len(cleaned.text) - len(text)
    return Trimmed(text or message, message, cuts)


def without_footer(text: str) -> str:
    """``text`` without the footers at its end."""
    lines = text.split("\n")
    while lines and (start := _footer(lines)) is not None:
        lines = _stripped(lines[:start])
    return "\n".join(lines) if any(lines) else text


def sent_from(line: str) -> bool:
    """Whether a telephone or a mail program added ``line``: "Sent from my iPhone"."""
    return len(line) < _SENT_FROM_CHARS and _telephones().match(line) is not None


def _footer(lines: list[str]) -> int | None:
    """The number of the line in the last paragraph with which a footer begins."""
    first = len(lines)
    while first and lines[first - 1].strip() and len(lines) - first < _LINES:
        first -= 1
    for number in range(first, len(lines)):
        rest = " ".join(line.strip() for line in lines[number : number + _JOINED])[:_LOOKED_AT].lstrip("*_>|[(（ ")
        if _starts().match(rest) or (_labels().match(rest) and _CONFIDENTIAL.search(rest)):
            return number
    return len(lines) - 1 if sent_from(lines[-1].strip()) else None


def _stripped(lines: list[str]) -> list[str]:
    while lines and _RULE.fullmatch(lines[-1]):
        lines.pop()
    return lines


@lru_cache(maxsize=1)
def _starts() -> re.Pattern[str]:
    return re.compile("|".join(_STARTS), re.IGNORECASE)


@lru_cache(maxsize=1)
def _labels() -> re.Pattern[str]:
    """What disclaimers are headed with, in the languages of mail-parser-reply."""
    from mailparser_reply.constants import MAIL_LANGUAGES

    labels = [label for each in MAIL_LANGUAGES.values() for label in each.get("disclaimers", ())]
    return re.compile("|".join(label.replace("：", "[:：]") for label in labels), re.IGNORECASE)


@lru_cache(maxsize=1)
def _telephones() -> re.Pattern[str]:
    from mailparser_reply.constants import MAIL_LANGUAGES

    known = [each["sent_from"] for each in MAIL_LANGUAGES.values() if each.get("sent_from")]
    return re.compile("|".join([*known, _OWN_SENT_FROM]), re.IGNORECASE)
