"""Takes Intercom conversations apart into their parts: contacts are users, teammates and bots are agents.

Knows conversations as the API and the data export give them, one by one; not the file they come from.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from retrieval.events import Role
from retrieval.loaders.footers import trim
from retrieval.loaders.nested import called_by, mail_address_of, object_at, objects_at, text_at
from retrieval.rows import LoadedRow

__all__ = ["conversation_turns"]

_CONTACTS: Final = ("user", "lead", "contact", "visitor")


def conversation_turns(conversation: Mapping[str, Any]) -> Iterator[LoadedRow | str]:
    """One turn for each part of ``conversation`` that says something, its source first.

    The user is the first contact who writes, else the contact whom the conversation names; the user id is the mail
    address if there is one, else the id. Assignments, closings and the like have no body and are left out.
    """
    number = text_at(conversation, "id")
    place = called_by(number, "conversation")
    parts = [part for part in _parts(conversation) if part.get("body")]
    user = _user(conversation, parts)
    if user is None:
        yield f"{place}: no contact, neither as an author nor in contacts"
        return
    for part in parts:
        author = _author(part)
        role = _role(author, user)
        part_id = text_at(part, "id")
        body = trim(part["body"])
        yield LoadedRow(
            {
                "user_id": _name_of(user),
                "event_id": f"intercom-{number}-{part_id}" if number and part_id else None,
                "timestamp": part.get("created_at") or conversation.get("created_at"),
                "channel": "intercom",
                "speaker": author.get("name") or ("customer" if role == "user" else role),
                "text": body.text,
                "session": number,
                "subject": object_at(conversation, "source").get("subject") or conversation.get("title"),
                "private": True if part.get("part_type") == "note" else None,
            },
            role=role,
            place=f"{place}, {called_by(part_id, 'part')}",
            raw=body.raw,
            cuts=body.cuts,
        )


def _parts(conversation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if source := object_at(conversation, "source"):
        yield {"created_at": conversation.get("created_at"), **source}
    yield from _listed(conversation, "conversation_parts")


def _listed(conversation: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of Intercom is an object that holds a list of the same name; older exports have the list itself."""
    return objects_at(conversation, name) or objects_at(object_at(conversation, name), name)


def _user(conversation: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    authors = [each for each in map(_author, parts) if each.get("type") in _CONTACTS]
    return next((each for each in (*authors, *_listed(conversation, "contacts")) if _name_of(each)), None)


def _author(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_at(part, "author")


def _role(author: Mapping[str, Any], user: Mapping[str, Any]) -> Role:
    """Another contact in the conversation is another person; whoever is no contact is staff or a bot."""
    if author.get("type") not in _CONTACTS:
        return "agent" if author else "system"
    same = (author.get("id") is not None and author.get("id") == user.get("id")) or _name_of(author) == _name_of(user)
    return "user" if same else "other"


def _name_of(contact: Mapping[str, Any]) -> str | None:
    """What the contact is known by: the mail address, else the id of one's own system, else Intercom's."""
    return mail_address_of(contact) or text_at(contact, "external_id", "user_id", "id")
