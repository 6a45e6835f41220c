"""Reads labelled questions: ``qa.jsonl`` beside a history, one question a line.

Fields: ``user_id, question, answer, evidence`` (event ids), ``category``, and, where they are known, ``unanswerable``,
``label_ok``, ``merge_safe`` and ``evidence_equivalents`` (groups of event ids of which any one will do).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import InputError

__all__ = ["Question", "histories_of", "questions_of"]


@dataclass(frozen=True, slots=True)
class Question:
    """A labelled question; ``groups`` are the event ids that answer it, each group needed, any id of a group enough."""

    user_id: str
    text: str
    category: str
    groups: tuple[frozenset[str], ...]
    answerable: bool


def histories_of(data: Path) -> Path:
    """The history file in a folder of labelled data.

    Raises:
        InputError: there is none.
    """
    found = sorted(path for path in data.glob("histories.jsonl*") if path.is_file())
    if not found:
        raise InputError(f"{str(data)!r} holds no histories.jsonl", hint="Give a folder with histories and qa.jsonl")
    return found[0]


def questions_of(data: Path) -> list[Question]:
    """The questions in a folder of labelled data whose labels are good, in their order.

    Raises:
        InputError: there is no ``qa.jsonl``, or a line of it is not a labelled question.
    """
    path = data / "qa.jsonl"
    try:
        with path.open(encoding="utf-8") as file:
            return [question for number, line in enumerate(file, start=1) for question in _question(path, number, line)]
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{str(path)!r} cannot be read: {error}"
        raise InputError(reason, hint="Labelled questions stand in qa.jsonl") from error


def _question(path: Path, number: int, line: str) -> Iterator[Question]:
    if not line.strip():
        return
    try:
        row: dict[str, Any] = json.loads(line)
        if not row.get("label_ok", True) or not row.get("merge_safe", True):
            return
        groups = row.get("evidence_equivalents") or [[each] for each in row.get("evidence") or []]
        unanswerable = bool(row.get("unanswerable")) or row.get("category") == "adversarial"
        yield Question(
            str(row["user_id"]),
            str(row["question"]),
            str(row.get("category", "")),
            tuple(frozenset(map(str, group)) for group in groups if group),
            not unanswerable,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}:{number}: not a labelled question ({type(error).__name__}: {error})",
            hint="A line is a JSON object with user_id, question and evidence (a list of event ids)",
        ) from error
