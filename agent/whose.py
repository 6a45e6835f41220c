"""Declines a question for what somebody else said of himself, and tells what was said and by whom."""

from collections.abc import Sequence

from agent.documents import AnswerDocument, Rejected, cite_hits
from agent.voice import without_instructions
from retrieval import Store

__all__ = ["said_by_another", "told_apart"]


def said_by_another(store: Store, user_id: str, question: str) -> Rejected | None:
    """Why a question that names a speaker of the history is declined without asking a model: another speaker's words
    fit it better, and are its evidence. None where that is not so.

    Raises:
        UnknownUser: the store holds nothing of the user.
    """
    hit = store.said_by_another(user_id, question)
    if hit is None or not without_instructions([hit]):
        return None
    speaker = hit.snippet.speaker or hit.event.speaker
    return Rejected("/answer", None, f"said by {speaker}, not by the person asked about", cite_hits([hit]))


def told_apart(document: AnswerDocument) -> tuple[Sequence[Rejected], Sequence[Rejected]]:
    """What was said by somebody else, which is shown where a question is declined; and what was drafted and refused."""
    instead = [each for each in document.rejected if each.value is None and each.evidence]
    return instead, [each for each in document.rejected if each not in instead]
