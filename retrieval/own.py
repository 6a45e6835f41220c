"""The rows of one user in one tenant's record: the one place where statements about them are made.

A tenant has a record of its own, so that an open connection names the tenant; with a user it makes an :class:`Own`, and
what that makes has the user among its conditions. Nobody else selects, changes or deletes rows of single users, and
whoever needs those of many is named in ``tests/retrieval/test_own.py``. Knows the tables, not what rows mean.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from retrieval.drafts import event_key, user_key
from retrieval.errors import NotFound, shorten
from retrieval.events import bare_id
from retrieval.sql import chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import (
        ColumnElement,
        Connection,
        CursorResult,
        Delete,
        Executable,
        Row,
        ScalarResult,
        Select,
        Table,
        Update,
    )

__all__ = ["Own", "UnknownUser"]

_Made = TypeVar("_Made", bound="Executable")
_OWNER = "limner_owner"


class UnknownUser(NotFound):
    """The store holds nothing of this user."""

    def __init__(self, user_id: str) -> None:
        bare = bare_id(user_id)
        blanks = "" if bare == user_id else f"; ids have no blanks at their ends: is it {shorten(bare)}?"
        super().__init__(f"no user {shorten(user_id)} in the store", hint=f"`limner users` lists who is there{blanks}")
        self.user_id = user_id


@dataclass(frozen=True, slots=True)
class Own:
    """What is a user's in a record, within one transaction.

    Args:
        db: a connection to the record of the user's tenant.
        user_id: whose rows.

    Raises:
        TypeError: one of them is missing, or something else.
    """

    db: "Connection"
    user_id: str

    def __post_init__(self) -> None:
        from sqlalchemy import Connection

        if not (isinstance(self.db, Connection) and isinstance(self.user_id, str)):
            raise TypeError(f"rows are those of a str in a Connection, not of {self.user_id!r} in {self.db!r}")

    @property
    def key(self) -> str:
        """The hash by which the tables know the user."""
        return user_key(self.user_id)

    def select(self, table: "Table", *columns: "ColumnElement[Any] | Table") -> "Select[*tuple[Any, ...]]":
        """All of the user's rows of a table, or these columns of them; of ``snippets``, joined with their events."""
        from sqlalchemy import select

        events, snippets = tables().events, tables().snippets
        source, owned = (snippets.join(events), events) if table is snippets else (table, table)
        return self._mark(select(*(columns or (table,))).select_from(source).where(self._is_own(owned)))

    def among(self, made: "Select[*tuple[Any, ...]]") -> "Select[*tuple[Any, ...]]":
        """All that a statement that was made here gives, to be narrowed by its columns.

        Raises:
            ValueError: it was not made here, for this user.
        """
        from sqlalchemy import select

        self._check(made)
        return self._mark(select(made.subquery("found")))

    def update(self, table: "Table") -> "Update":
        """A change of the user's rows of a table."""
        return self._mark(table.update().where(self._is_own(table)))

    def delete(self, table: "Table") -> "Delete":
        """The deletion of the user's rows of a table."""
        return self._mark(table.delete().where(self._is_own(table)))

    def add(self, table: "Table", rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows; they become the user's, whatever they say."""
        values = [{**row, "user_key": self.key, "user_id": self.user_id} for row in rows]
        if values:
            self.db.execute(table.insert(), values)

    def execute(self, made: "Executable") -> "CursorResult[*tuple[Any, ...]]":
        """What a statement gives that was made here, for this user.

        Raises:
            ValueError: it was not.
        """
        self._check(made)
        return self.db.execute(made)

    def scalars(self, made: "Executable") -> "ScalarResult[Any]":
        """The first column of the same."""
        return self.execute(made).scalars()

    def named(self, ids: Collection[str]) -> "Iterator[Row[Any]]":
        """The user's rows of ``events`` that have these ids, in no order."""
        events = tables().events
        keys = list(dict.fromkeys(event_key(self.user_id, each) for each in ids))
        # As a plain column, SQLite would look through all events of the user instead of these.
        own = events.c.user_key.concat("") == self.key
        for part in chunks(keys):
            yield from self.db.execute(events.select().where(own, events.c.event_key.in_(part)))

    def numbered(self, pks: Collection[int]) -> "Iterator[Row[Any]]":
        """The user's rows of ``events`` that have these numbers, in no order; others' are left out."""
        events = tables().events
        for part in chunks(list(dict.fromkeys(pks))):
            yield from self.execute(self.select(events).where(events.c.pk.in_(part)))

    def is_known(self) -> bool:
        """Whether there is an event of the user."""
        events = tables().events
        return self.execute(self.select(events, events.c.pk).limit(1)).first() is not None

    def check(self) -> None:
        """Raise UnknownUser unless there is an event of the user."""
        if not self.is_known():
            raise UnknownUser(self.user_id)

    def _is_own(self, table: "Table") -> "ColumnElement[bool]":
        return table.c.user_key == self.key

    def _check(self, made: "Executable") -> None:
        if made.get_execution_options().get(_OWNER) != self.key:
            raise ValueError("a statement about a user's rows that was not made for this user")

    def _mark(self, made: _Made) -> _Made:
        return made.execution_options(**{_OWNER: self.key})
