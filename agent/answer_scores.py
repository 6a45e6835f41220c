"""Scores answers against labelled questions: what is right, cited, declined, and how far confidences can be trusted.

Knows answer documents as JSON, wherever they come from, and labels; not how answers are made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.intervals import measured, trust
from agent.labelled import Question
from agent.scoring import contained, covered, f1, mean

__all__ = ["RIGHT", "Predictions", "cited_ids", "right_answers", "score_answers", "usage_of"]

Predictions = Mapping[tuple[str, str], Mapping[str, Any]]
"""Answer documents by (user_id, question)."""

RIGHT = 0.5
"""An answer counts as right from this F1 on."""

_USAGE = ("llm_calls", "prompt_tokens", "cached_tokens", "completion_tokens", "seconds")


def score_answers(predictions: Predictions, questions: Sequence[Question]) -> dict[str, Any]:
    """The measures by name, each mean with its 95 % interval under ``…_ci95``; a missing prediction counts as wrong.

    The definitions are those of the project's judges: F1 of tokens (characters for Chinese) and containment over the
    answerable questions; citation precision and recall over those that are answered and have gold evidence; abstention
    over the unanswerable ones; false abstention over the others; calibration error and AUROC of the confidences of all
    answers, where an answer is right from F1 0.5 on, and never to an unanswerable question.
    """
    pairs = [(predictions.get(question.key, {}), question) for question in questions]
    answerable = [(document, q) for document, q in pairs if q.answerable and q.answer is not None]
    unanswerable = [document for document, q in pairs if not q.answerable]
    answered = [(document, q) for document, q in answerable if document.get("answer")]
    cited = [(cited_ids(document), q.groups) for document, q in answered if q.groups]
    said = [document.get("answer") for document, _ in answerable]
    right = [(document["confidence"], is_right) for document, is_right in right_answers(predictions, questions)
             if document.get("confidence") is not None]  # fmt: skip
    return {
        "questions": len(pairs),
        **measured("f1", [_f1(document, q) for document, q in answerable]),
        **measured(
            "contained", [bool(d.get("answer")) and contained(d["answer"], str(q.answer)) for d, q in answerable]
        ),
        **measured("citation_precision", [_precision(ids, groups) for ids, groups in cited if ids]),
        **measured("citation_recall", [covered(ids, groups) for ids, groups in cited]),
        **measured("abstained_when_unanswerable", [not document.get("answer") for document in unanswerable]),
        "unanswerable": len(unanswerable),
        **measured("false_abstention", [not each for each in said]),
        **trust([confidence for confidence, _ in right], [is_right for _, is_right in right]),
        **usage_of([document for document, _ in pairs]),
    }


def right_answers(predictions: Predictions, questions: Sequence[Question]) -> list[tuple[Mapping[str, Any], bool]]:
    """The documents that answer, and whether they are right; those to answerable questions first."""
    pairs = [(predictions.get(question.key, {}), question) for question in questions]
    told = [(document, q) for document, q in pairs if document.get("answer")]
    right = [(document, _f1(document, q) >= RIGHT) for document, q in told if q.answerable and q.answer is not None]
    return right + [(document, False) for document, q in told if not q.answerable]


def cited_ids(document: Mapping[str, Any]) -> list[str]:
    """The event ids that an answer or a claim cites, once each."""
    given = document.get("evidence") or []
    return list(dict.fromkeys(each if isinstance(each, str) else str(each["event_id"]) for each in given))


def usage_of(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means of calls, tokens and seconds; nothing where no document counts them."""
    counted = [document["usage"] for document in documents if document.get("usage")]
    return {f"mean_{name}": round(mean(each.get(name) or 0 for each in counted), 2) for name in _USAGE if counted}


def _f1(document: Mapping[str, Any], question: Question) -> float:
    return f1(document["answer"], str(question.answer)) if document.get("answer") else 0.0


def _precision(ids: Sequence[str], groups: Sequence[frozenset[str]]) -> float:
    return mean(any(each in group for group in groups) for each in ids)
