"""What is told of an answer while it is being made: the quotes that it is read from, and parts that are verified.

Never a word that is not verified, nor a quote that a finished document or a search would not show. Knows guards and
documents, neither graphs nor doors.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.allowing import Allowing, categories_of
from agent.confidence import AS_IT_IS, Confidence
from agent.documents import Evidence, cite_hits
from agent.plain import plain_of
from agent.progress import go_on
from agent.sensitive import asked_about, said_about
from agent.voice import without_instructions

if TYPE_CHECKING:
    from agent.told import Told
    from retrieval import Hit

__all__ = ["BeingRead", "Meanwhile", "OnPart", "OnReading", "Part", "to_be_shown"]


@dataclass(frozen=True, slots=True)
class BeingRead:
    """The quotes that the answer to a question is being read from, the weightiest first. They are no answer yet.

    ``question`` is the one with this ``number`` (from 1) of ``total`` in the text. What is told next of a question
    takes the place of this; without any quote, it is read no more, and there is nothing to tell of it.
    """

    question: str
    number: int
    total: int
    evidence: tuple[Evidence, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        return plain_of(self)


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one of several questions in a text, as verified as the document's own, before the others are.

    ``computed``: code counted it, no model was asked. ``sensitive``: as of the document.
    """

    question: str
    number: int
    total: int
    answer: str
    confidence: float
    evidence: tuple[Evidence, ...]
    computed: bool = False
    sensitive: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        return plain_of(self)


OnReading = Callable[[BeingRead], None]
OnPart = Callable[[Part], None]


def to_be_shown(question: str, hits: Iterable["Hit"], allowing: Allowing) -> tuple["Hit", ...]:
    """Those of the snippets that are read for a question that may be shown before the answer to it is verified.

    None for a question about a sensitive matter: beside it they would say what is guessed, as in explanations (see
    ``concealing``). Of others, what the store's policy allows to be said and, where it is sensitive, what the user
    said; nothing that speaks to the program.
    """
    if asked_about(question):
        return ()
    plain = without_instructions(hits)
    kept = tuple(hit for hit in plain if hit.snippet.role == "user" or not said_about(hit.snippet.text))
    kept = tuple(hit for hit in kept if allowing.conceals(hit.snippet.text) is None)
    return () if allowing.conceals(" ".join(hit.snippet.text for hit in kept)) else kept


class Meanwhile:
    """Tells whoever waits for the answers to the questions of one text.

    Args:
        allowing: what may be told.
        confidence: what the document is settled with. Where it has a line, a part below it makes all of the document
            null, so that no part is told before the last one is known.
        check: called before anything is told; raises when nothing may be told any more.
        on_reading: told the quotes that are being read.
        on_part: told the answer to each of several questions.
    """

    def __init__(
        self,
        allowing: Allowing | None = None,
        confidence: Confidence = AS_IT_IS,
        check: Callable[[], object] = go_on,
        *,
        on_reading: OnReading | None = None,
        on_part: OnPart | None = None,
    ) -> None:
        self._allowing = allowing or Allowing()
        self._confidence = confidence
        self._check = check
        self._on_reading = on_reading
        self._on_part = on_part if confidence.least == 0 else None
        self._place: tuple[str, int, int] | None = None
        self._read: tuple[Evidence, ...] = ()

    def each(self, asked: Sequence[str], answer: Callable[[str], "Told"]) -> list["Told"]:
        """What ``answer`` makes of each question, one after another; it calls :meth:`reading` on the way."""
        results = []
        for number, question in enumerate(asked, start=1):
            self._place, self._read = (question, number, len(asked)), ()
            results.append(answer(question))
            if len(asked) > 1:
                self._over(results[-1])
        self._place = None
        return results

    def reading(self, hits: Sequence["Hit"]) -> None:
        """The question that is being answered is read from these snippets now."""
        if self._place is not None and self._on_reading is not None:
            self._tell(cite_hits(to_be_shown(self._place[0], hits, self._allowing)))

    def _over(self, told: "Told") -> None:
        """The question was answered, or not."""
        if told.answer is None or self._on_part is None or self._place is None:
            self._tell(())
            return
        self._check()
        sure = self._confidence.of(told.signals, told.confidence)
        about = categories_of(self._place[0], told.answer)
        cited = tuple(dict.fromkeys(cite_hits(told.cited)))
        self._on_part(Part(*self._place, told.answer, sure, cited, told.computed is not None, about))

    def _tell(self, quotes: tuple[Evidence, ...]) -> None:
        if quotes != self._read and self._place is not None and self._on_reading is not None:
            self._check()
            self._read = quotes
            self._on_reading(BeingRead(*self._place, quotes))
