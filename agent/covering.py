"""How much of what a question asks about snippets hold. Pure text code: no model is asked."""

from collections.abc import Iterable

from agent.evidence import line_of
from agent.restating import without_examples
from agent.wording import said_share
from retrieval import Hit, without_asking

__all__ = ["covers"]


def covers(question: str, hits: Iterable[Hit]) -> float:
    """Which share, 0 to 1, of the words that a question asks about the snippets hold, with what each replies to.

    A snippet about something else, or of somebody else, holds few: of all that is known about an answer this tells
    best whether it is right (docs/faithfulness.md).
    """
    wanted = without_asking(without_examples(question))
    return said_share(wanted, "\n".join(f"{hit.asked or ''}\n{line_of(hit)}" for hit in hits))
