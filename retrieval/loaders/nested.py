"""Takes parts out of JSON objects of strangers, whatever really stands there.

Knows no export.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["called_by", "list_at", "mail_address_of", "object_at", "objects_at", "text_at"]


def object_at(record: object, name: str) -> Mapping[str, Any]:
    """The object under ``name``; empty when there is none."""
    value = record.get(name) if isinstance(record, dict) else None
    return value if isinstance(value, dict) else {}


def list_at(record: object, name: str) -> list[Any]:
    """The list under ``name``; empty when there is none."""
    value = record.get(name) if isinstance(record, dict) else None
    return value if isinstance(value, list) else []


def objects_at(record: object, name: str) -> list[Mapping[str, Any]]:
    """The objects in the list under ``name``."""
    return [each for each in list_at(record, name) if isinstance(each, dict)]


def text_at(record: object, *names: str) -> str | None:
    """The first of ``names`` under which a text or a number stands, as text; None when there is none."""
    for name in names:
        value = record.get(name) if isinstance(record, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def mail_address_of(person: object) -> str | None:
    """The mail address of a person, in lower case, by which one is the same everywhere."""
    email = text_at(person, "email")
    return email.strip().lower() if email else None


def called_by(number: str | None, what: str) -> str:
    """How a record is called in messages: what it is, and the start of its number."""
    return f"{what} {(number or '?')[:40]}"
