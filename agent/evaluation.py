"""Measures retrieval on labelled questions: recall, hits and ranks, in all and within a budget of prompt tokens.

Beside the retrieval that limner uses stand its two halves alone, as a plain vector or full-text search would do it.
Recall is that of gold events, as ``shared/tools/score.py`` counts it; intervals are bootstrapped over questions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

from agent.evidence import tokens_of
from agent.intervals import SEED, mean_interval
from agent.labelled import Question
from agent.scoring import covered
from retrieval import Hit, Store

if TYPE_CHECKING:
    import numpy as np

__all__ = ["METHODS", "RetrievalReport", "evaluate_retrieval"]

METHODS = ("hybrid", "dense", "lexical")
"""What is compared: what ``search`` does; the nearest vectors to the question; BM25 with the question."""

_BUDGETS = (300, 600, 1000)


@dataclass(slots=True)
class RetrievalReport:
    """Means over ``questions`` questions, for each method: ``recall@k``, ``hit@k``, ``mrr``, ``recall@600tok`` …

    ``intervals`` are 95 % intervals of each recall; ``categories`` recall at the largest k that is at most 10.
    """

    data: str
    questions: int
    embedder: str
    methods: dict[str, dict[str, float]] = field(default_factory=dict)
    intervals: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    categories: dict[str, dict[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON types."""
        intervals = {m: {name: list(pair) for name, pair in each.items()} for m, each in self.intervals.items()}
        return {
            "data": self.data,
            "questions": self.questions,
            "embedder": self.embedder,
            "methods": self.methods,
            "intervals": intervals,
            "categories": self.categories,
            "seed": SEED,
        }


def evaluate_retrieval(
    store: Store,
    questions: Sequence[Question],
    ks: Sequence[int],
    *,
    data: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> RetrievalReport:
    """Search for every question that has evidence, by every method.

    Args:
        store: holds the histories of the users who are asked about.
        questions: labelled ones; those without evidence, and unanswerable ones, are left out.
        ks: cut-offs, in events, at least one.
        data: what the report calls the data.
        progress: told how many of the questions are done.

    Raises:
        UnknownUser: the store holds nothing of a user.
    """
    asked = [question for question in questions if question.groups and question.answerable]
    deepest = max(*ks, 50)
    rows: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    for done, question in enumerate(asked):
        if progress is not None:
            progress(done, len(asked))
        for method, hits in _searched(store, question, deepest).items():
            rows[method].append(_measures(hits, question.groups, ks))
    if progress is not None:
        progress(len(asked), len(asked))
    report = RetrievalReport(data, len(asked), store.embedder.name)
    largest = f"recall@{max((k for k in ks if k <= 10), default=max(ks))}"
    for method, measured in rows.items():
        if not measured:
            continue
        names = list(measured[0])
        report.methods[method] = {name: round(fmean(row[name] for row in measured), 4) for name in names}
        report.intervals[method] = {
            name: mean_interval([row[name] for row in measured]) for name in names if name.startswith("recall")
        }
        groups: dict[str, list[float]] = {}
        for question, row in zip(asked, measured, strict=True):
            groups.setdefault(question.category, []).append(row[largest])
        report.categories[method] = {name: round(fmean(each), 4) for name, each in sorted(groups.items())}
    return report


def _searched(store: Store, question: Question, k: int) -> dict[str, list[Hit]]:
    view = store.view(question.user_id)
    vector = store.embedder.embed_queries([question.text])[0]
    scores = {"dense": view.numbers.vectors @ vector, "lexical": view.numbers.lexical.scores(question.text)}

    def best(each: "np.ndarray[Any, Any]") -> list[Hit]:
        order = (-each).argsort(kind="stable")[: 4 * k]
        pairs = [(view.snippets[at], float(each[at])) for at in order]
        return [Hit(snippet, event, score, rank) for rank, ((snippet, event), score) in enumerate(pairs, start=1)]

    found = {"hybrid": store.search(question.user_id, question.text, 4 * k)}
    return found | {name: best(each) for name, each in scores.items()}


def _measures(hits: Sequence[Hit], groups: Sequence[frozenset[str]], ks: Sequence[int]) -> dict[str, float]:
    events = list(dict.fromkeys(hit.event.event_id for hit in hits))
    result: dict[str, float] = {}
    for k in ks:
        result[f"recall@{k}"] = covered(events[:k], groups)
        result[f"hit@{k}"] = float(result[f"recall@{k}"] > 0)
    wanted = frozenset[str]().union(*groups)
    result["mrr"] = next((1 / rank for rank, each in enumerate(events, start=1) if each in wanted), 0.0)
    for budget in _BUDGETS:
        result[f"recall@{budget}tok"] = covered(_within(hits, budget), groups)
    return result


def _within(hits: Sequence[Hit], budget: int) -> list[str]:
    """The events of the first snippets whose lines fit into a budget of prompt tokens."""
    events, used = [], 0
    for hit in hits:
        used += tokens_of(hit)
        if used > budget:
            break
        events.append(hit.event.event_id)
    return events
