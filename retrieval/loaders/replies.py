"""Takes from the text or HTML of a mail what its sender wrote: without quoted mails and without the signature.

Knows how mail programs introduce a quoted mail, in the languages of mail-parser-reply. Cuts, and never rewrites; when
in doubt it keeps.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from retrieval.events import Cut
from retrieval.loaders.footers import sent_from, without_footer

__all__ = ["Reply", "latest_reply", "without_quotations"]

_LANGUAGES: Final = ["en", "zh", "de", "fr", "es", "it", "nl", "pl", "sv", "da", "cs", "ja", "ko"]
_LINES: Final = 2000
_WIDTH: Final = 200  # the patterns of the library take cubic time in the length of a line
_SIGNATURE_LINES: Final = 10

_CHINESE_HEADER: Final = re.compile(
    r"^(?:在|于)?.{0,60}(?:\d{4}[年/.-]|周|星期).{0,120}[写寫]道\s*:$"
    r"|^-{2,} ?(?:原始邮件|原始信息|转发邮件|转发的邮件|原始郵件|轉寄郵件|Forwarded message) ?-{2,}$",
    re.MULTILINE | re.IGNORECASE,
)
_MAIL_HEADER: Final = re.compile(
    r"@|^\W*(?:Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Temat|Ämne|Emne|Předmět|件名|제목|主题|主題)\s*:",
    re.MULTILINE | re.IGNORECASE,
)
_XML_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*>")
_RULE: Final = re.compile(r"[\s_*=-]*")
_DELIMITER: Final = re.compile(r"--\s*|_{2,5}")
_OWN_SIGN_OFFS: Final = "此致|敬礼|祝好|顺颂商祺|商祺|谢谢|best|cheers|regards|sincerely|yours (?:sincerely|truly)"


class Reply(NamedTuple):
    """What is new in a mail, empty when it holds nothing but quotations, and how many characters were cut as what."""

    text: str
    cuts: dict[Cut, int]


def latest_reply(text: str) -> Reply:
    """The part of ``text`` that is new in this mail."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    whole = "\n".join(lines).strip()
    lines = lines[: _first_header(lines)]
    lines = [line for line in lines if not line.lstrip().startswith(">")]
    while lines and _RULE.fullmatch(lines[-1]):
        lines.pop()
    own = "\n".join(lines).strip()
    above = without_footer(own).rstrip()
    lines = above.split("\n")
    signed = "\n".join(lines[: _signature(lines)]).strip()
    cuts: dict[Cut, int] = {
        "quoted": len(whole) - len(own),
        "footer": len(own) - len(above),
        "signature": len(above) - len(signed),
    }
    return Reply(signed, {cut: length for cut, length in cuts.items() if length})


def without_quotations(html: str) -> str:
    """``html`` without the elements in which mail programs put what they quote, and the line that introduces it."""
    if "<blockquote" not in html.lower():
        return html
    from lxml.etree import LxmlError, tostring
    from lxml.html import document_fromstring

    try:
        tree = document_fromstring(_XML_DECLARATION.sub("", html))
    except (LxmlError, ValueError):
        return html
    for quoted in tree.xpath("//blockquote | //*[contains(concat(' ', @class, ' '), ' gmail_attr ')]"):
        if quoted.getparent() is not None:
            quoted.drop_tree()
    return str(tostring(tree, encoding="unicode", method="html"))


def _first_header(lines: list[str]) -> int:
    """The number of the line with which a quoted mail begins."""
    text = "\n".join(line.strip()[:_WIDTH].replace("：", ":") for line in lines[:_LINES])
    starts = [match.start() for match in _CHINESE_HEADER.finditer(text)]
    for match in _library_header().finditer(text):
        if _is_header(match[0].strip()):
            starts.append(match.end() - len(match[0].lstrip()))
            break
    return text.count("\n", 0, min(starts)) if starts else len(lines)


def _is_header(block: str) -> bool:
    """Whether what the library found really begins a quoted mail.

    "On Tuesday you wrote:" in the middle of a complaint has no date or address, "From: Paris / To: Rome" no subject.
    """
    if block.endswith(":"):
        return re.search(r"\d|@", block) is not None
    return "\n" not in block or _MAIL_HEADER.search(block) is not None


def _signature(lines: list[str]) -> int:
    """The number of the line with which the signature begins: a delimiter, a greeting, or what a telephone adds."""
    sign_off = _sign_off()
    start = max(1, len(lines) - _SIGNATURE_LINES)
    for number in range(start, len(lines)):
        line = lines[number].strip()[:_WIDTH]
        if _DELIMITER.fullmatch(line) or sign_off.fullmatch(line) or sent_from(line):
            return number
    return len(lines)


@lru_cache(maxsize=1)
def _library_header() -> re.Pattern[str]:
    from mailparser_reply.parser import EmailMessage

    pattern: re.Pattern[str] = EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX
    return pattern


@lru_cache(maxsize=1)
def _sign_off() -> re.Pattern[str]:
    from mailparser_reply.constants import MAIL_LANGUAGES

    known = [MAIL_LANGUAGES[language] for language in _LANGUAGES]
    greetings = [word.rstrip(",，") for each in known for word in each.get("signatures", ())]
    return re.compile(rf"(?i:{'|'.join([*greetings, _OWN_SIGN_OFFS])})[,，.!。！]?(?:\s+[A-Z][\w.'-]*){{0,3}}")
