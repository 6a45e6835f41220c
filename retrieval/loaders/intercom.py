"""Takes Intercom conversations apart into their parts: contacts are users, teammates and bots are agents.

Knows conversations as the API and the data export give them, one by one; not the file they come from.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from retrieval.events import Role
from retrieval.rows import Turn

__all__ = ["conversation_turns"]

_CONTACTS: Final = frozenset({"user", "lead", "contact", "visitor"})


def conversation_turns(conversation: Mapping[str, Any]) -> Iterator[Turn | str]:
    """One turn for each part of ``conversation`` that says something, its source first.

    The user is the first contact who writes, else the contact whom the conversation names; the user id is the mail
    address if there is one, else the id. Assignments, closings and the like have no body and are left out.
    """
    number = conversation.get("id")
    parts = [part for part in _parts(conversation) if part.get("body")]
    user = _user(conversation, parts)
    if user is None:
        yield f"conversation {number}: no contact, neither as an author nor in contacts"
        return
    for part in parts:
        author = _author(part)
        role = _role(author, user)
        yield Turn(
            {
                "user_id": _name_of(user),
                "event_id": f"intercom-{number}-{part.get('id')}",
                "timestamp": part.get("created_at") or conversation.get("created_at"),
                "channel": "intercom",
                "speaker": author.get("name") or ("customer" if role == "user" else role),
                "text": part["body"],
                "session": str(number),
                "subject": (conversation.get("source") or {}).get("subject") or conversation.get("title"),
                "private": True if part.get("part_type") == "note" else None,
            },
            role=role,
            place=f"conversation {number}, part {part.get('id')}",
        )


def _parts(conversation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    source = conversation.get("source")
    if isinstance(source, dict):
        yield {"created_at": conversation.get("created_at"), **source}
    parts = conversation.get("conversation_parts")
    if isinstance(parts, dict):
        parts = parts.get("conversation_parts")
    yield from (part for part in parts or () if isinstance(part, dict))


def _user(conversation: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    for author in map(_author, parts):
        if author.get("type") in _CONTACTS and _name_of(author):
            return author
    contacts = conversation.get("contacts")
    if isinstance(contacts, dict):
        contacts = contacts.get("contacts")
    return next((each for each in contacts or () if isinstance(each, dict) and _name_of(each)), None)


def _author(part: Mapping[str, Any]) -> Mapping[str, Any]:
    author = part.get("author")
    return author if isinstance(author, dict) else {}


def _role(author: Mapping[str, Any], user: Mapping[str, Any]) -> Role:
    """Another contact in the conversation is another person; whoever is no contact is staff or a bot."""
    if author.get("type") not in _CONTACTS:
        return "agent" if author else "system"
    same = (author.get("id") is not None and author.get("id") == user.get("id")) or _name_of(author) == _name_of(user)
    return "user" if same else "other"


def _name_of(contact: Mapping[str, Any]) -> str:
    """What the contact is known by: the mail address, else the id of one's own system, else Intercom's."""
    email = contact.get("email")
    if isinstance(email, str) and email.strip():
        return email.strip().lower()
    return str(contact.get("external_id") or contact.get("user_id") or contact.get("id") or "")
