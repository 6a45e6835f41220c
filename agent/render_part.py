"""Shows people a part of an answer while the others are being found out. Knows nothing of models or terminals."""

from typing import TYPE_CHECKING

from agent.footnotes import excerpt, is_chinese, shown, source_of
from agent.render import words_in

if TYPE_CHECKING:
    from agent.meanwhile import Part

__all__ = ["lines_of"]


def lines_of(part: "Part") -> list[str]:
    """The question with its answer, and the quotes, as lines that are safe on a terminal."""
    words = words_in(chinese=is_chinese(part.question))
    quotes = (
        words["quote"].format(source=source_of(each), quote=excerpt(each.quote, [part.answer]))
        for each in part.evidence
    )
    asked = f"{part.number}/{part.total} {shown(part.question)} {shown(part.answer)}"
    return [asked, *(f"    {each}" for each in quotes)]
