"""Cleans the text of an event once and for all: encoding damage, HTML, invisible characters, white space.

Does not know events, and never rewrites what was said: no width folding, no changed quotation marks, no ligatures
taken apart, so that a quote still looks as its author typed it.
"""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from retrieval.events import Cut
from retrieval.markup import html_to_text, looks_like_html

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

__all__ = ["Cleaned", "clean", "clean_text"]

_MAX_PASSES = 20

_PLAIN = re.compile(r"[\n\x20-\x7e‘’“”…—·\u3001-\u3029\u4e00-\u9fa5\uff01-\uff5e]*+")
"""Characters that neither encoding damage nor invisible characters can hide in; most texts hold nothing else."""

_EMOJI = "\u00a9\u00ae\u203c\u2049\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_JOINED_SCRIPT = "\u0600-\u06ff\u0700-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af"
_JOINER = re.compile(
    f"(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])|(?<=[{_JOINED_SCRIPT}])[\u200c\u200d](?=[{_JOINED_SCRIPT}])"
    "|([\u200c\u200d])"
)
_FLAG_TAGS = re.compile("(\U0001f3f4[\U000e0030-\U000e007a]{1,8}\U000e007f)|[\U000e0000-\U000e007f]")
_SELECTORS = re.compile("([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff]"
)
_BLANK_LINES = re.compile(r"\n{3,}")


class Cleaned(NamedTuple):
    """A clean text, and how many characters each cut took away (0: it only mended); white space is not counted."""

    text: str
    cuts: dict[Cut, int]


def clean_text(raw: str) -> str:
    """The text as it is stored, quoted and searched. Cleaning a clean text changes nothing.

    Repairs mojibake, unescapes entities, turns HTML into text where it really is HTML, drops control, zero-width and
    other invisible characters, normalises to NFC, and collapses white space; line breaks stay, at most one blank line
    in a row. The result may be empty.
    """
    return clean(raw).text


def clean(raw: str) -> Cleaned:
    """The same, with what was cut."""
    text, cuts = raw, dict[Cut, int]()
    for _ in range(_MAX_PASSES):
        cleaned = _clean_once(text, cuts)
        if cleaned == text:
            break
        text = cleaned
    return Cleaned(text, cuts)


def _clean_once(text: str, cuts: dict[Cut, int]) -> str:
    def note(cut: Cut, before: str, after: str) -> str:
        if before != after:
            cuts[cut] = cuts.get(cut, 0) + max(0, len(_collapse(before)) - len(_collapse(after)))
        return after

    if not _PLAIN.fullmatch(text):
        text = unicodedata.normalize("NFC", _LINE_END.sub("\n", text))
        text = note("encoding", text, _repair(text))
        text = note("invisible", text, _drop_invisible(text))
    if "&" in text:
        text = note("entities", text, _unescape(text))
    if "<" in text and looks_like_html(text):
        text = note("html", text, html_to_text(text))
    return _collapse(text)


def _repair(text: str) -> str:
    """``text`` without mojibake and broken surrogates."""
    from ftfy import fix_text

    if text.isascii() and "\x1b" not in text:
        return text
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return fix_text(text, _ftfy_config())


@lru_cache(maxsize=1)
def _ftfy_config() -> "TextFixerConfig":
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        explain=False,
    )


def _drop_invisible(text: str) -> str:
    text = _INVISIBLE.sub("", text)
    text = _JOINER.sub(lambda match: "" if match[1] else match[0], text)
    text = _FLAG_TAGS.sub(lambda match: match[1] or "", text)
    text = _SELECTORS.sub(r"\1", text)
    return unicodedata.normalize("NFC", text)


def _unescape(text: str) -> str:
    from ftfy.fixes import unescape_html

    return unescape_html(re.sub(r"&(?:amp;)+", "&amp;", text))


def _collapse(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
