"""Draws what every system is given: a user's first messages, some labelled attributes, and questions they answer.

Knows labelled folders (docs/faithfulness.md), not systems. A gold value counts only if one of the kept messages tells
it. An attribute that is not told has evidence in a later message; one without any evidence is left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.eval_profile import derived_schema
from agent.labelled import GoldProfile, Question, as_list, histories_of, questions_of
from agent.sampling import draw
from agent.schema_rules import JsonSchema
from retrieval import Event
from retrieval.loading import load_events

__all__ = ["Sample", "flat_golds", "samples_of"]

_UNSTATED = 4  # every fourth attribute is one that the kept messages do not tell


@dataclass(frozen=True, slots=True)
class Sample:
    """One user of one data set; ``gold`` has an empty list for attributes that the messages do not tell."""

    data: str
    user_id: str
    messages: tuple[Event, ...]
    schema: JsonSchema
    gold: GoldProfile
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        return f"{self.data}-{self.user_id.rpartition('/')[2]}"


def samples_of(folder: Path, users: int, messages: int, facets: int, questions: int, seed: int) -> list[Sample]:
    """``users`` users of a labelled folder, drawn with ``seed``, each with the first ``messages`` messages."""
    golds = flat_golds(folder / "profiles.jsonl")
    asked = questions_of(folder)
    drawn = draw(golds, users, seed, user=lambda gold: gold.user_id, category=lambda gold: "")
    return [
        _sample(folder.name, gold, golds, _first(folder, gold.user_id, messages), asked, facets, questions, seed)
        for gold in drawn
    ]


def flat_golds(path: Path) -> list[GoldProfile]:
    """The true profiles; an attribute of a relation becomes one of its own, "sister birthday"."""
    return [_flat(json.loads(line)) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _flat(row: Mapping[str, Any]) -> GoldProfile:
    attributes, evidence = row["attributes"], row.get("evidence") or {}
    values = {key: as_list(value) for key, value in attributes.items() if not isinstance(value, dict)}
    cited = {key: value for key, value in evidence.items() if key in values and isinstance(value, dict)}
    for person, told in (attributes.get("relations") or {}).items():
        if isinstance(told, dict):
            ids = evidence.get(f"relations/{person}") or {}
            for key, value in told.items():
                values[f"{person} {key}"] = as_list(value)
                cited[f"{person} {key}"] = {str(value): list(ids.get(key) or [])}
    outdated = {key: as_list(value) for key, value in (row.get("outdated") or {}).items()}
    return GoldProfile(str(row["user_id"]), values, outdated, cited)


def _first(folder: Path, user_id: str, most: int) -> list[Event]:
    events = [each for each in load_events(histories_of(folder)) if isinstance(each, Event)]
    return sorted((e for e in events if e.user_id == user_id), key=lambda event: event.epoch or 0.0)[:most]


def _sample(
    data: str,
    gold: GoldProfile,
    golds: Sequence[GoldProfile],
    messages: Sequence[Event],
    asked: Sequence[Question],
    facets: int,
    questions: int,
    seed: int,
) -> Sample:
    ids = {event.event_id for event in messages}
    told = {key: [v for v in values if ids & set(_ids(gold, key, v))] for key, values in gold.values.items()}
    stated = [key for key in told if told[key]]
    unstated = [key for key in told if not told[key] and all(_ids(gold, key, v) for v in gold.values[key])]
    some = unstated[: facets // _UNSTATED]
    keys = stated[: facets - len(some)] + some
    properties = derived_schema(golds)["properties"]
    own = [each for each in asked if each.user_id == gold.user_id and each.answerable and each.groups]
    answerable = [each for each in own if all(ids & group for group in each.groups)]
    return Sample(
        data,
        gold.user_id,
        tuple(messages),
        {"title": "labelled", "type": "object", "properties": {key: properties[key] for key in keys}},
        GoldProfile(
            gold.user_id,
            {key: told[key] for key in keys},
            {key: gold.outdated[key] for key in keys if key in gold.outdated},
            {key: {v: sorted(ids & set(_ids(gold, key, v))) for v in told[key]} for key in keys},
        ),
        tuple(draw(answerable, questions, seed, user=lambda q: q.user_id, category=lambda q: q.category)),
    )


def _ids(gold: GoldProfile, key: str, value: Any) -> list[str]:
    return list((gold.evidence.get(key) or {}).get(str(value)) or [])
