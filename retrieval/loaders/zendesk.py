"""Takes Zendesk tickets apart into their comments: the requester is the user, the staff are agents.

Knows tickets as the JSON export and the API give them, one by one; not the file they come from.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from retrieval.events import Role
from retrieval.loaders.footers import trim
from retrieval.loaders.nested import called_by, list_at, mail_address_of, object_at, objects_at, text_at
from retrieval.rows import LoadedRow

__all__ = ["Person", "people_of", "ticket_turns"]


class Person(NamedTuple):
    """Somebody who wrote in Zendesk; ``role`` is end-user, agent or admin, where it is known."""

    name: str | None = None
    email: str | None = None
    role: str | None = None


def people_of(users: Iterable[Any]) -> dict[str, Person]:
    """Id -> person, from the list of users that an export may hold beside its tickets."""
    known: dict[str, Person] = {}
    for user in users:
        if (number := text_at(user, "id")) is not None:
            known[number] = _person(user)
    return known


def ticket_turns(ticket: Mapping[str, Any], people: Mapping[str, Person]) -> Iterator[LoadedRow | str]:
    """One turn for each comment of ``ticket``; for its description, where the export has no comments.

    The user id is the requester's mail address if the export has it, else the requester's id.
    """
    number = text_at(ticket, "id")
    place = called_by(number, "ticket")
    known = {**people, **_people_inside(ticket)}
    requester = _id_of(ticket, "requester")
    if requester is None:
        yield f"{place}: no requester_id"
        return
    person = known.get(requester, Person())
    for comment in _comments(ticket, requester):
        comment_id = text_at(comment, "id")
        author = _id_of(comment, "author")
        role = _role(author, requester, ticket, known)
        name = known[author].name if author in known else None
        body = trim(comment.get("plain_body") or comment.get("body") or comment.get("html_body"))
        yield LoadedRow(
            {
                "user_id": person.email or requester,
                "event_id": f"zendesk-{comment_id}" if comment_id else None,
                "timestamp": comment.get("created_at") or ticket.get("created_at"),
                "channel": _channel(ticket),
                "speaker": name or ("customer" if role == "user" else role),
                "text": body.text,
                "session": number,
                "subject": ticket.get("subject"),
                "private": True if comment.get("public") is False else None,
                "status": ticket.get("status"),
                "tags": ticket.get("tags") or None,
            },
            role=role,
            place=f"{place}, {called_by(comment_id, 'comment')}",
            raw=body.raw,
            cuts=body.cuts,
        )


def _comments(ticket: Mapping[str, Any], requester: str) -> list[Mapping[str, Any]]:
    comments = objects_at(ticket, "comments")
    if comments or not ticket.get("description"):
        return comments
    opened = {"author_id": requester, "body": ticket["description"], "created_at": ticket.get("created_at")}
    return [{**opened, "id": f"ticket-{ticket.get('id')}"}]


def _role(author: str | None, requester: str, ticket: Mapping[str, Any], known: Mapping[str, Person]) -> Role:
    """The requester is the user, other customers are others, and whoever else answers is staff."""
    if author == requester:
        return "user"
    if author is None or author.startswith("-"):
        return "system"
    role = known[author].role if author in known else None
    if role == "end-user":
        return "other"
    copied = {str(each) for name in ("collaborator_ids", "email_cc_ids") for each in list_at(ticket, name)}
    return "other" if role is None and author in copied and author != _id_of(ticket, "assignee") else "agent"


def _people_inside(ticket: Mapping[str, Any]) -> dict[str, Person]:
    """Those whom a full export names inside the ticket."""
    inside = [ticket.get(name) for name in ("requester", "submitter", "assignee")]
    return people_of([*inside, *(each.get("author") for each in objects_at(ticket, "comments"))])


def _person(user: Mapping[str, Any]) -> Person:
    return Person(text_at(user, "name"), mail_address_of(user), text_at(user, "role"))


def _id_of(record: Mapping[str, Any], name: str) -> str | None:
    """The id that ``record`` gives as ``name_id`` or inside ``name``."""
    return text_at(record, f"{name}_id") or text_at(object_at(record, name), "id")


def _channel(ticket: Mapping[str, Any]) -> str:
    return text_at(object_at(ticket, "via"), "channel") or "zendesk"
