"""Keeps text of histories from acting where it is shown: as Markdown, as HTML, or as commands of a terminal.

Knows strings only. Quotes in documents stay as they are, since they are evidence.
"""

import re
from typing import Final

__all__ = ["escaped_json", "without_markup"]

_IN_JSON: Final = re.compile(r"<|(?<=!)\[|\](?=\()|[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_BRACKETS: Final = str.maketrans("[［【]］】", "((()))")


def escaped_json(text: str) -> str:
    r"""The same JSON, in which nothing is a tag, an image or a link to what shows it as Markdown or HTML.

    ``<``, and the square brackets of ``![…`` and ``…](``, are written as JSON's ``\u003c``, ``\u005b`` and ``\u005d``,
    as are controls and marks that turn text round: whoever parses it reads every quote as it is. JSON's own structure
    has none of these.
    """
    return _IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def without_markup(text: str) -> str:
    """``text`` with round brackets for square ones, and a space after what would begin a tag."""
    return _TAG.sub("< ", text.translate(_BRACKETS))
