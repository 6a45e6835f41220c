"""Every value of every export is replaced by odd ones: events and bad lines come out, never a crash."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.loading import load_events
from tests.retrieval.loaders.loaded import FIXTURES

ODD: tuple[Any, ...] = (None, 5, -1.5, "x", "", True, [], [1], ["x"], {}, {"a": 1}, [{}], {"id": [1]})


def changed(value: Any) -> Iterator[Any]:
    """``value`` with one of its parts, or all of it, replaced by something odd."""
    yield from ODD
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for other in changed(part):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[key] = other
            yield copy


def records(path: Path) -> list[Any]:
    text = path.read_text("utf-8")
    whole = [json.loads(line) for line in text.splitlines()] if "}\n{" in text else json.loads(text)
    if isinstance(whole, list):
        return whole
    return whole.get("tickets") or whole["conversations"]


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("zendesk_tickets.json", "zendesk"),
        ("zendesk_lines.json", "zendesk"),
        ("intercom_conversations.json", "intercom"),
        ("conversations.json", "chatgpt"),
        ("assistant.json", "assistant"),
    ],
)
def test_odd_values_are_read_or_told(tmp_path: Path, name: str, format: str) -> None:
    path = tmp_path / "odd.json"
    lines = (json.dumps(each) for record in records(FIXTURES / name) for each in changed(record))
    path.write_text("[" + ",\n".join(line for line in lines if line.startswith("{")) + "]")
    for options in ({}, {"format": format}):
        assert sum(1 for _ in load_events(path, user_id="u", **options)) > 500
