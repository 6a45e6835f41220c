"""Reads labelled data: ``qa.jsonl`` and ``profiles.jsonl`` beside a history, one question or one user a line.

A question has ``user_id, question, answer, evidence`` (event ids), ``category``, and, where they are known,
``unanswerable``, ``label_ok``, ``merge_safe`` and ``evidence_equivalents`` (groups of event ids of which any one will
do). A user has ``user_id, attributes`` and, where they are known, ``evidence`` (by attribute and value) and
``outdated`` values.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agent.errors import InputError

__all__ = ["GoldProfile", "Question", "as_list", "histories_of", "profiles_of", "questions_of"]

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Question:
    """A labelled question; ``groups`` are the event ids that answer it, each group needed, any id of a group enough."""

    user_id: str
    text: str
    category: str
    groups: tuple[frozenset[str], ...]
    answerable: bool
    answer: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What finds its prediction."""
        return self.user_id, self.text


@dataclass(frozen=True, slots=True)
class GoldProfile:
    """What is true of a user: values by attribute (nested ones left out), those that were true once, and evidence.

    ``evidence[attribute][value]`` are event ids.
    """

    user_id: str
    values: Mapping[str, list[Any]]
    outdated: Mapping[str, list[Any]] = field(default_factory=dict)
    evidence: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)


def as_list(value: Any) -> list[Any]:
    """A value as a list of values."""
    return value if isinstance(value, list) else [value]


def histories_of(data: Path) -> Path:
    """The history file in a folder of labelled data.

    Raises:
        InputError: there is none.
    """
    found = sorted(path for path in data.glob("histories.jsonl*") if path.is_file())
    if not found:
        raise InputError(f"{str(data)!r} holds no histories.jsonl", hint="Give a folder with histories and labels")
    return found[0]


def questions_of(data: Path) -> list[Question]:
    """The questions in a folder of labelled data whose labels are good, in their order.

    Raises:
        InputError: there is no ``qa.jsonl``, or a line of it is not a labelled question.
    """
    return list(_rows(data / "qa.jsonl", _question, "question", "question and evidence (a list of event ids)"))


def profiles_of(data: Path) -> list[GoldProfile]:
    """The true profiles in a folder of labelled data, in their order.

    Raises:
        InputError: there is no ``profiles.jsonl``, or a line of it is not a true profile.
    """
    return list(_rows(data / "profiles.jsonl", _profile, "profile", "attributes (an object)"))


def _rows(path: Path, parse: Callable[[dict[str, Any]], _Row | None], what: str, needs: str) -> Iterator[_Row]:
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{str(path)!r} cannot be read: {error}"
        raise InputError(reason, hint=f"Each labelled {what} is a line of {path.name}") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = parse(json.loads(line)) if line.strip() else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}:{number}: not a labelled {what} ({type(error).__name__}: {error})",
                hint=f"A line is a JSON object with user_id, {needs}",
            ) from error
        if row is not None:
            yield row


def _question(row: dict[str, Any]) -> Question | None:
    user_id, category = str(row["user_id"]), str(row.get("category", ""))
    if not row.get("label_ok", True) or not row.get("merge_safe", True) or _beyond(user_id, category):
        return None
    groups = row.get("evidence_equivalents") or [[each] for each in row.get("evidence") or []]
    answer = row.get("answer")
    return Question(
        user_id,
        str(row["question"]),
        category,
        tuple(frozenset(map(str, group)) for group in groups if group),
        not row.get("unanswerable") and category != "adversarial",
        None if answer is None else str(answer),
    )


def _beyond(user_id: str, category: str) -> bool:
    """REALTALK's commonsense questions ask for what no history tells; the judges leave them out, too."""
    return "realtalk" in user_id and category == "commonsense"


def _profile(row: dict[str, Any]) -> GoldProfile:
    outdated = row.get("outdated") or {}
    return GoldProfile(
        str(row["user_id"]),
        {key: as_list(value) for key, value in row["attributes"].items() if not isinstance(value, dict)},
        {key: list(value) if isinstance(value, dict) else as_list(value) for key, value in outdated.items()},
        {key: value for key, value in (row.get("evidence") or {}).items() if isinstance(value, dict)},
    )
