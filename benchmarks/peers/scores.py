"""Scores cells with limner's own scorers, the same for every system, and adds up what they cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from agent.answer_scores import score_answers
from agent.labelled import as_list
from agent.profile_scores import attributes_of, score_profiles, shown_values
from agent.scoring import tokens
from benchmarks.peers.cells import Cell
from benchmarks.peers.sample import Sample
from benchmarks.peers.systems import SYSTEMS
from retrieval import Event

__all__ = ["score_system", "standing_claims", "traced_claims"]

_SUMS = ("calls", "refused", "prompt_tokens", "completion_tokens", "cut_off", "embedded_texts")


def score_system(cells: Sequence[Cell], samples: Mapping[str, Sample]) -> dict[str, Any]:
    """One row of the report: a system over the users of a data set, in means a user; ``samples`` by user."""
    name, users = cells[0]["system"], len(cells)
    golds = [samples[cell["user_id"]].gold for cell in cells]
    made = {cell["user_id"]: {"claims": standing_claims(cell["profile"] or {})} for cell in cells}
    values = score_profiles(made, golds)
    keys = attributes_of(golds)
    shown = [each for gold in golds for each in shown_values(made[gold.user_id], gold, keys)]
    questions = [question for cell in cells for question in samples[cell["user_id"]].questions]
    answers = {
        question.key: answer
        for cell in cells
        for question, answer in zip(samples[cell["user_id"]].questions, cell["answers"], strict=False)
    }
    told = score_answers(answers, questions)
    sources = SYSTEMS[name]
    traced = {user: {"claims": traced_claims(made[user]["claims"], samples[user].messages)} for user in made}
    afterwards = score_profiles(traced, golds)
    spent = {phase: _sum([cell["usage"][phase] for cell in cells], users) for phase in ("ingest", "profile", "answer")}
    whole = _sum([cell["usage"][phase] for cell in cells for phase in ("ingest", "profile")], users)
    return {
        "system": name,
        "data": cells[0]["data"],
        "users": users,
        "failed": [each for cell in cells for each in cell["failed"]],
        "faults": [each for cell in cells for each in cell["faults"]],
        "lost": sum(cell["lost"] + len(cell["failed"]) for cell in cells),
        "invalid_profiles": sum(_invalid(cell, samples[cell["user_id"]]) for cell in cells),
        "gold_values": values["gold_values"],
        "shown_values": len(shown),
        "right_values": sum(each.gold is not None for each in shown),
        "hallucinated": sum(each.gold is None and not each.outdated for each in shown),
        "precision": values["precision"],
        "recall": values["recall"],
        "f1": values["f1"] or 0.0,  # showing nothing is as far from the labels as showing nothing right
        "citation_precision": values["citation_precision"] if sources else None,
        "citation_recall": values["citation_recall"] if sources else None,
        "posthoc_precision": None if sources else afterwards["citation_precision"],
        "posthoc_recall": None if sources else afterwards["citation_recall"],
        "questions": len(questions),
        "answer_f1": told["f1"],
        "answer_citation_precision": told["citation_precision"] if sources else None,
        "answer_citation_recall": told["citation_recall"] if sources else None,
        "usage": spent,
        "until_profile": whole,
        "seconds": {
            "message": _each(cells, "ingest", sum(cell["messages"] for cell in cells)),
            "profile": _each(cells, "profile", users),
            "answer": _each(cells, "answer", len(questions)),
        },
    }


def standing_claims(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The claims; disputed ones count as current where their value stands in the profile: a reader sees it there."""
    profile = document.get("profile") or {}
    return [
        {**claim, "status": "current"} if claim.get("status") == "disputed" and _stands(profile, claim) else dict(claim)
        for claim in document.get("claims") or []
    ]


def _stands(profile: Mapping[str, Any], claim: Mapping[str, Any]) -> bool:
    return claim["value"] in as_list(profile.get(str(claim["pointer"]).strip("/").split("/")[0]))


def traced_claims(claims: Sequence[Mapping[str, Any]], events: Sequence[Event]) -> list[dict[str, Any]]:
    """The claims, each citing the one message that holds most of its value's words (of several, the first)."""
    words = [set(tokens(event.text)) for event in events]
    traced = []
    for claim in claims:
        wanted = set(tokens(str(claim["value"])))
        held = [len(wanted & each) for each in words]
        best = events[held.index(max(held))] if any(held) else None
        traced.append({**claim, "evidence": [] if best is None else [best.event_id]})
    return traced


def _invalid(cell: Cell, sample: Sample) -> bool:
    """Whether there is no profile, or one that breaks the schema."""
    profile = (cell["profile"] or {}).get("profile")
    return profile is None or not Draft202012Validator(_lenient(sample.schema)).is_valid(profile)


def _lenient(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, where a list may also be null: the floors say so when nothing is found."""
    properties = {
        key: {"anyOf": [each, {"type": "null"}]} if each["type"] == "array" else each
        for key, each in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _sum(usages: Sequence[Mapping[str, Any]], users: int) -> dict[str, Any]:
    """Means a user; newly read tokens are None where any server was silent about them."""
    sums = {name: round(sum(each[name] for each in usages) / users, 1) for name in _SUMS}
    new = [each["new_tokens"] for each in usages]
    return sums | {"new_tokens": None if None in new else round(sum(new) / users, 1)}


def _each(cells: Sequence[Cell], phase: str, count: int) -> float | None:
    return round(sum(cell["seconds"].get(phase, 0.0) for cell in cells) / count, 3) if count else None
