"""Finds e-mail addresses and phone numbers; the latter by the numbering plans in phonenumbers.

A row of digits alone is a phone number only as a Chinese mobile number, which has a form of its own, or when a word
says that it is one; an order number has ten digits as well.
"""

import re
from collections.abc import Iterator
from typing import Final

from retrieval.personal.context import bare, is_other_number, linked
from retrieval.personal.kinds import Place

__all__ = ["emails", "phones"]

_LETTER = r"[^\W\u3400-\u9fff]"
_EMAIL = re.compile(
    # Possessive and bounded: a long word without an @ must not take quadratic time.
    rf"(?<!{_LETTER})(?<![.+%-])(?:{_LETTER}|[.%+-]){{1,64}}+"
    rf"(?:@(?:{_LETTER}(?:{_LETTER}|-){{0,62}}+\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9])"
    r"| ?[(\[{] ?at ?[)\]}] ?[\w-]{1,63}(?:\.| ?[(\[{] ?dot ?[)\]}] ?)[a-z]{2,24}\b)",
    re.IGNORECASE,
)
_HAN = re.compile("[\u3400-\u9fff]")
_SEVEN_DIGITS = re.compile(r"(?:\d\D{0,3}){7}")
_MOBILE = re.compile(r"(?<![0-9A-Za-z_.+/-])(?:(?:\+|00)?86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}(?![0-9A-Za-z_]|[.-]\d)")
_NAMED: Final = linked(
    r"(?:tele)?phone|mobile|cell(?:phone)?|tel|fax|whatsapp|landline|hotline|contact|call(?: me)?(?: back)?(?: at| on)?"
    r"|ph"
    r"|text(?: me)?(?: at| on)?|reach me(?: at| on)?|dial|sms(?: to)?"
    r"|手机|电话|座机|固话|联系方式|联系|热线|致电|拨打|打我|回电|传真|短信",
    r"\+?\(?\d(?:[ ().-]{0,2}\d){5,14}(?![0-9A-Za-z])",
)
_GROUPED = re.compile(r"\d[ ().-]+\d")
_DATED = re.compile(r"(?:19|20)\d\d[ ./-]\d{1,2}[ ./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d")


def emails(text: str) -> Iterator[Place]:
    """E-mail addresses, also with (at) and [dot]."""
    if "@" in text or "at" in text:
        for match in _EMAIL.finditer(text):
            yield Place("email", *match.span())


def phones(text: str) -> Iterator[Place]:
    """Phone numbers: those that are called so, Chinese mobile numbers, and what a numbering plan has in its groups."""
    if not _SEVEN_DIGITS.search(text):
        return
    for match in _NAMED.finditer(text):
        if len(bare(match["value"])) >= 6 and not _DATED.match(match["value"]):
            yield Place("phone", *match.span("value"))
    for match in _MOBILE.finditer(text):
        if not is_other_number(text, match.start()):
            yield Place("phone", *match.span())
    yield from _planned(text)


def _planned(text: str) -> Iterator[Place]:
    from phonenumbers import Leniency, PhoneNumberMatcher

    regions = ("CN", "US") if _HAN.search(text) else ("US", "GB")
    for region in regions:
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.STRICT_GROUPING):
            written = text[match.start : match.end]
            apart = written.startswith(("+", "00", "(")) or _GROUPED.search(written) is not None
            if apart and not _DATED.search(written) and not is_other_number(text, match.start):
                yield Place("phone", match.start, match.end)
