"""Tells from a JSON object which program exported it, and takes it apart with that program's loader.

Knows the marks of each export, not its insides. Objects without such marks are rows.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from retrieval.loaders.json_records import survey
from retrieval.loaders.reading import Format, Reading
from retrieval.rows import LoadedRow, Rows

__all__ = ["document_rows", "line_rows", "shape_of"]

_Turns = Iterator[LoadedRow | str]
_TakeApart = Callable[[Mapping[str, Any]], _Turns]

_MARKS: Final = frozenset(
    {"mapping", "messages", "chat_messages", "conversation_parts", "source", "requester_id", "requester"}
)


def shape_of(record: Mapping[str, Any]) -> Format | None:
    """The program that exported ``record``: zendesk, intercom, chatgpt or assistant; None for a plain row."""
    if _MARKS.isdisjoint(record):
        return None
    if isinstance(record.get("mapping"), dict):
        return "chatgpt"
    if "conversation_parts" in record or (
        record.get("type") == "conversation" and isinstance(record.get("source"), dict)
    ):
        return "intercom"
    if ("requester_id" in record or isinstance(record.get("requester"), dict)) and _has_ticket_text(record):
        return "zendesk"
    for name in ("messages", "chat_messages"):
        messages = record.get(name)
        if isinstance(messages, list) and all(isinstance(each, dict) for each in messages):
            return "assistant"
    return None


def document_rows(path: Path, opener: Callable[[], IO[bytes]], reading: Reading) -> Rows:
    """The rows of a whole JSON file; all turns of a record have its number.

    Raises:
        InputError: the file is broken, or of one person's talks with an assistant and nobody said whose.
    """
    document = survey(path, opener)
    yield from _apart(path, document.records(), reading, document.side_list("users"))


def line_rows(path: Path, lines: Rows, reading: Reading) -> Rows:
    """The rows of a JSON Lines file: those that are exports of a program taken apart, all others as they are."""
    yield from _apart(path, lines, reading, ())


def _apart(path: Path, records: Rows, reading: Reading, people: Any) -> Rows:
    loaders: dict[Format, _TakeApart] = {}
    forced = reading.format if reading.format in ("zendesk", "intercom", "chatgpt", "assistant") else None
    for number, record in records:
        shape = None if isinstance(record, str) else forced or shape_of(record)
        if shape is None or isinstance(record, str):
            yield number, record
            continue
        if shape not in loaders:
            loaders[shape] = _loader(shape, path, reading, people)
        for turn in loaders[shape](record):
            yield number, turn


def _has_ticket_text(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("comments"), list) or isinstance(record.get("description"), str)


def _loader(shape: Format, path: Path, reading: Reading, people: Any) -> _TakeApart:
    match shape:
        case "zendesk":
            from retrieval.loaders.zendesk import people_of, ticket_turns

            known = people_of(people)
            return lambda record: ticket_turns(record, known)
        case "intercom":
            from retrieval.loaders.intercom import conversation_turns

            return conversation_turns
        case "chatgpt":
            from retrieval.loaders.chatgpt import conversation_turns as chatgpt_turns

            user = reading.required_user(path, "a ChatGPT export")
            return lambda record: chatgpt_turns(record, user)
    from retrieval.loaders.assistant import conversation_turns as assistant_turns

    return lambda record: assistant_turns(record, reading, path)
