"""Takes ChatGPT conversations (conversations.json of a data export) apart into what was said.

Of a conversation that was edited only the branch that is shown last is read. Knows one conversation, not the file.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from retrieval.events import Role
from retrieval.loaders.nested import called_by, list_at, object_at, text_at
from retrieval.rows import LoadedRow

__all__ = ["conversation_turns"]

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "agent"}
_SPOKEN: Final = frozenset({"text", "multimodal_text"})


def conversation_turns(conversation: Mapping[str, Any], user_id: str) -> Iterator[LoadedRow | str]:
    """One turn for each message of the user and of the assistant, from the first to the current one.

    System prompts, tools and their input, code and hidden messages are left out.
    """
    number = text_at(conversation, "conversation_id", "id")
    place = called_by(number, "conversation")
    nodes = conversation.get("mapping")
    if not isinstance(nodes, dict):
        yield f"{place}: no mapping"
        return
    for node, message in _branch(nodes, conversation.get("current_node")):
        role = _ROLES.get(text_at(object_at(message, "author"), "role") or "")
        text = _text(message)
        if role is None or not text.strip():
            continue
        yield LoadedRow(
            {
                "user_id": user_id,
                "event_id": text_at(message, "id") or node,
                "timestamp": message.get("create_time") or conversation.get("create_time"),
                "channel": "chatgpt",
                "speaker": "user" if role == "user" else "assistant",
                "text": text,
                "session": number,
                "subject": conversation.get("title"),
            },
            role=role,
            place=f"{place}, message {node[:40]}",
        )


def _branch(nodes: Mapping[str, Any], current: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The messages from the root to ``current``, or to the newest one when that is not there."""
    at: Any = current if isinstance(current, str) and current in nodes else _newest(nodes)
    path: list[tuple[str, Mapping[str, Any]]] = []
    seen: set[str] = set()
    while isinstance(at, str) and at in nodes and at not in seen:
        seen.add(at)
        if message := object_at(nodes[at], "message"):
            path.append((at, message))
        at = nodes[at].get("parent") if isinstance(nodes[at], dict) else None
    return path[::-1]


def _newest(nodes: Mapping[str, Any]) -> str | None:
    times = {at: object_at(node, "message").get("create_time") for at, node in nodes.items()}
    dated = {at: time for at, time in times.items() if isinstance(time, int | float)}
    return max(dated, key=dated.__getitem__, default=None)


def _text(message: Mapping[str, Any]) -> str:
    content = object_at(message, "content")
    hidden = object_at(message, "metadata").get("is_visually_hidden_from_conversation")
    addressed = message.get("recipient") not in (None, "all")  # to a tool
    if hidden or addressed or text_at(content, "content_type") not in _SPOKEN:
        return ""
    return "\n".join(part for part in list_at(content, "parts") if isinstance(part, str))
