"""What a caller says about files beyond their names: the format, the columns, and who the user is.

Does not know formats from inside.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from retrieval.errors import InputError, UsageError, shorten
from retrieval.events import Role
from retrieval.speakers import role_of, same_name

__all__ = ["FORMATS", "Format", "Reading", "check_format"]

Format = Literal[
    "jsonl",
    "csv",
    "tsv",
    "parquet",
    "xlsx",
    "json",
    "zendesk",
    "intercom",
    "chatgpt",
    "assistant",
    "whatsapp",
    "whatsapp-dmy",
    "whatsapp-mdy",
    "mbox",
    "eml",
]
"""The formats that can be asked for by name."""

FORMATS: tuple[Format, ...] = get_args(Format)
"""All of them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are to be read.

    Attributes:
        columns: field of an event -> column, where the usual names do not fit (tables and JSON rows only).
        self_names: further names under which the user speaks.
        user_id: the user of rows without a column for it.
        format: the format of every file, whatever it is called; None to go by name and content.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    self_names: Collection[str] = ()
    user_id: str | None = None
    format: Format | None = None

    def required_user(self, path: Path, what: str) -> str:
        """The user id of a file that holds one person's messages and no ids. Raises InputError when none was given."""
        if self.user_id is None:
            raise InputError(f"{str(path)!r} is {what}, which has no user ids", hint="Say whose it is with --user ID")
        return self.user_id

    def role_of(self, *names: str) -> Role:
        """The role of a speaker known by ``names`` (a name, an address): the user's only where one is the user's."""
        user = self.user_id or ""
        own = (user, user.rstrip("/").rpartition("/")[2], *self.self_names)
        if any(name and same_name(name, mine) for name in names for mine in own if mine):
            return "user"
        role = role_of(names[0], "") if names and names[0] else "other"
        return role if role in ("agent", "system") else "other"


def check_format(name: str | None) -> Format | None:
    """The format called ``name``. Raises UsageError when there is none."""
    if name is None:
        return None
    for known in FORMATS:
        if name == known:
            return known
    raise UsageError(f"{shorten(name)} is not a format", hint=f"Formats are: {', '.join(FORMATS)}")
