"""Says how sure a document is: applies a calibration where there is one, and takes out what is below the line.

Knows documents and claims, not how a calibration comes about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.documents import AnswerDocument, Claim, Rejected
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.calibration import Calibration
    from agent.resolve import Resolved
    from agent.verify import Accepted

__all__ = ["AS_IT_IS", "Confidence"]


@dataclass(frozen=True, slots=True)
class Confidence:
    """The calibration of the model, if it has one, and the lowest confidence that is shown, 0 to 1."""

    calibration: "Calibration | None" = None
    least: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.least <= 1:
            raise UsageError(f"the minimum confidence {self.least!r} is not between 0 and 1")

    def settings(self) -> dict[str, Any]:
        """What a document depends on, as JSON types."""
        return {"least": self.least, "calibration": self.calibration and self.calibration.model_dump(mode="json")}

    def of(self, signals: Mapping[str, float], otherwise: float) -> float:
        """How sure something with these signals is, calibrated.

        What has no signals was computed, not read, and what has others came about in another way than what the
        calibration was fitted on: it is as sure as it says.
        """
        fitted = self.calibration
        return fitted.confidence(signals) if fitted is not None and fitted.is_for(signals) else otherwise

    def settle_answer(self, document: AnswerDocument) -> AnswerDocument:
        """The document with its confidence calibrated; an answer below the line is null and kept in ``rejected``."""
        if document.answer is None:
            return document
        sure = self.of(document.signals, document.confidence)
        if sure >= self.least:
            return replace(document, confidence=sure)
        low = Rejected("/answer", document.answer, self._reason(sure), document.evidence)
        rejected = (*document.rejected, low)
        return replace(document, answer=None, answered=False, confidence=0.0, evidence=(), rejected=rejected)

    def settle_profile(
        self, accepted: Sequence["Accepted"], resolve: "Callable[[Sequence[Accepted]], Resolved]"
    ) -> "Resolved":
        """What ``resolve`` makes of the values that are on or above the line, with calibrated confidences.

        A value below it is taken out, and the rest resolved anew: another one may stand in its place.
        """
        kept, low = list(accepted), list[Rejected]()
        while True:
            resolved = resolve(kept)
            resolved.claims = [replace(c, confidence=self.of(c.signals, c.confidence)) for c in resolved.claims]
            below = [c for c in resolved.claims if c.confidence < self.least]
            gone = [each for each in kept if any(_is_of(claim, each) for claim in below)]
            if not gone:
                resolved.rejected.extend(low)
                return resolved
            low += [Rejected(_facet_of(c, gone), c.value, self._reason(c.confidence), c.evidence) for c in below]
            kept = [each for each in kept if each not in gone]

    def _reason(self, sure: float) -> str:
        return f"its confidence {sure:.2f} is below {self.least:g}"


AS_IT_IS = Confidence()
"""No calibration, and nothing is left out."""


def _is_of(claim: Claim, each: "Accepted") -> bool:
    own = each.facet.pointer
    return each.value == claim.value and (claim.pointer == own or claim.pointer.rpartition("/")[0] == own)


def _facet_of(claim: Claim, gone: Sequence["Accepted"]) -> str:
    """Where the value belongs; the place in a list means nothing once it is out of it."""
    return next((each.facet.pointer for each in gone if _is_of(claim, each)), claim.pointer)
