"""Takes conversations with an assistant apart that are lists of messages with a role and a content.

That is how most programs for chats with a model write them down, Claude's export among them. Knows one conversation,
not the file.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from retrieval.events import Role
from retrieval.loaders.nested import called_by, text_at
from retrieval.loaders.reading import Reading
from retrieval.rows import LoadedRow

__all__ = ["conversation_turns"]

_ROLES: Final[dict[str, Role]] = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "ai", "bot", "model", "gpt"), "agent"),
}
_ROLE: Final = re.compile(r"[\w-]{0,24}")
"""What a role looks like; a sentence in its place is not shown."""
_SILENT: Final = frozenset({"system", "developer", "tool", "function", "tool_result"})
_IDS: Final = ("conversation_id", "session_id", "thread_id", "session", "id", "uuid")
_TIMES: Final = ("timestamp", "created_at", "create_time", "time", "date", "createdAt")


def conversation_turns(record: Mapping[str, Any], reading: Reading, path: Path) -> Iterator[LoadedRow | str]:
    """One turn for each message of the user and of the assistant; system prompts and tools are left out.

    Raises:
        InputError: neither the conversation nor the caller says whose it is.
    """
    own = text_at(record, "user_id", "user") or reading.required_user(path, "an assistant's export")
    number = text_at(record, *_IDS)
    called = called_by(number, "conversation")
    messages = record.get("messages") or record.get("chat_messages")
    if not isinstance(messages, list):
        yield f"{called}: no messages"
        return
    for position, message in enumerate(messages, 1):
        turn = _turn(message if isinstance(message, dict) else {}, record)
        if turn is None:
            continue
        place = f"{called}, message {position}"
        if isinstance(turn, str):
            yield f"{place}: {turn}"
            continue
        role, columns = turn
        yield LoadedRow({**columns, "user_id": own, "session": number}, role=role, place=place)


def _turn(message: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Role, dict[str, Any]] | str | None:
    """The role and the columns of a message, None for one that nobody said, or what is wrong with it."""
    name = str(message.get("role") or message.get("sender") or "").casefold()
    if name in _SILENT:
        return None
    if name not in _ROLES:
        shown = f"the role {name!r}" if _ROLE.fullmatch(name) else "the role"
        return f"{shown} is neither user nor assistant"
    text = _text(message)
    if not text.strip():
        return None
    role = _ROLES[name]
    return role, {
        "event_id": message.get("id") or message.get("uuid"),
        "timestamp": next((each[key] for each in (message, record) for key in _TIMES if each.get(key)), None),
        "channel": "assistant",
        "speaker": "user" if role == "user" else "assistant",
        "text": text,
        "subject": record.get("title") or record.get("name"),
    }


def _text(message: Mapping[str, Any]) -> str:
    """A content is a text or a list of parts, of which those of text count."""
    content = message.get("content") or message.get("text") or ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [each.get("text") if isinstance(each, dict) else each for each in content]
    return "\n".join(part for part in parts if isinstance(part, str))
