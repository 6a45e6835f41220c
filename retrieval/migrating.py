"""The version of a record's tables, and how those of an older one become those of today, by Alembic.

The version stands in the table ``meta``, where every program since the first one looks for it, and nowhere else: there
is no table ``alembic_version`` that could say something different. Knows nothing of files, servers or locks.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.catalog import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["SCHEMA_VERSION", "make_tables", "migrate", "version_of"]

SCHEMA_VERSION: Final = 6
"""Goes up by one when the tables change; an older store is brought up to date, one of a newer version is refused."""

_KEY: Final = "schema"
_STEPS: Final = Path(__file__).with_name("migrations")


def version_of(db: "Connection") -> int | None:
    """The version that a record says it has; None: it says none."""
    meta = tables().meta
    found = db.execute(meta.select().where(meta.c.key == _KEY)).one_or_none()
    if found is None or not (found.value.isascii() and found.value.isdecimal()):
        return None
    return int(found.value) or None


def make_tables(db: "Connection") -> None:
    """Make the tables of today in an empty database."""
    meta = tables().meta
    meta.metadata.create_all(db)
    db.execute(meta.insert(), [{"key": _KEY, "value": str(SCHEMA_VERSION)}])


def migrate(db: "Connection", found: int) -> None:
    """Take all steps from an older version to that of today, in the transaction of the connection.

    Args:
        db: a connection in which tables may be changed.
        found: the older version; 0: there are no tables yet.
    """
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(_STEPS, version_locations=[_STEPS])
    op = Operations(MigrationContext.configure(db))  # not alembic.op, which is one for all threads
    for step in reversed(list(steps.iterate_revisions(str(SCHEMA_VERSION), str(found) if found else "base"))):
        step.module.upgrade(op)
    meta = tables().meta
    db.execute(meta.update().where(meta.c.key == _KEY).values(value=str(SCHEMA_VERSION)))
