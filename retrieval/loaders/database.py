"""Reads the rows of a query to any database that SQLAlchemy reaches, a few at a time.

Knows connections, not tables. A password never gets into a message, and nothing is ever committed.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from retrieval.columns import check_columns
from retrieval.errors import InputError
from retrieval.events import Event
from retrieval.loaders.reading import Reading
from retrieval.loading import BadLine, events_of
from retrieval.rows import RowReader, Rows
from retrieval.tables import require_columns
from retrieval.urls import reason_of, shown

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

__all__ = ["Query", "load_query"]

_BATCH_ROWS: Final = 512
_CONNECT_SECONDS: Final = 10
_TIMEOUTS: Final = {
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymysql": "connect_timeout",
    "mysqldb": "connect_timeout",
    "mysqlconnector": "connection_timeout",
    "oracledb": "tcp_connect_timeout",
    "pymssql": "login_timeout",
}
"""What each driver calls the time that it waits for a server; the others wait as long as the system does."""


class Query(NamedTuple):
    """A query to a database; stands among files where histories are loaded.

    Attributes:
        url: where the database is, as SQLAlchemy writes it: ``postgresql+psycopg://user:password@host/name``.
        sql: the query, in the database's own dialect.
    """

    url: str
    sql: str


def load_query(
    query: Query,
    *,
    columns: Mapping[str, str] | None = None,
    self_names: Collection[str] = (),
    user_id: str | None = None,
) -> Iterator[Event | BadLine]:
    """An event or a bad line for each row that the query gives, in its order; see ``load_events`` for the arguments.

    Raises:
        InputError: while reading, when the database does not answer, the query fails or has not the needed columns.
        UsageError: at once, when ``columns`` names an unknown field.
    """
    check_columns(columns)
    reading = Reading(dict(columns or {}), tuple(self_names), user_id)
    url = _parsed(query.url)
    return events_of(shown(url), _rows(url, query.sql, reading), RowReader(columns, self_names, user_id))


def _rows(url: "URL", sql: str, reading: Reading) -> Rows:
    """(number from 1, row) for each row of the answer."""
    from sqlalchemy.exc import SQLAlchemyError

    with _connected(url) as connection:
        try:
            streaming = connection.execution_options(yield_per=_BATCH_ROWS, no_parameters=True)
            result = streaming.exec_driver_sql(sql)
            if not result.returns_rows:
                raise InputError(f"{shown(url)}: the query gives no rows", hint="Give a SELECT with --query")
            names = list(result.keys())
            require_columns(shown(url), names, reading)
            for number, values in enumerate(result, 1):
                yield number, dict(zip(names, map(_plain, values), strict=True))
        except SQLAlchemyError as error:
            reason = reason_of(error, url)
            raise InputError(f"{shown(url)}: the query fails: {reason}", hint="Correct --query") from None


@contextmanager
def _connected(url: "URL") -> Iterator["Connection"]:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    _check_file(url)
    try:
        timeout = _TIMEOUTS.get(url.get_driver_name())
        waits = {timeout: _CONNECT_SECONDS} if timeout and timeout not in url.query else {}
        engine = create_engine(url, poolclass=NullPool, connect_args=waits)
    except (ImportError, NoSuchModuleError) as error:
        raise InputError(
            f"no driver for the database {shown(url)}: {error}",
            hint="Install one, e.g. pip install 'psycopg[binary]' for postgresql+psycopg://, pymysql for mysql+pymysql://",
        ) from error
    try:
        connection = engine.connect()
    except (SQLAlchemyError, OSError) as error:
        hint = "Check the address, the name and the password, and that the server runs"
        # not ``from error``: drivers put the password into their errors
        raise InputError(f"the database {shown(url)} does not answer: {reason_of(error, url)}", hint=hint) from None
    with connection:
        yield connection


def _parsed(text: str) -> "URL":
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
        url.get_driver_name()
    except (ArgumentError, ValueError) as error:
        if type(error).__name__ == "NoSuchModuleError":
            raise InputError(f"no driver for the database: {error}", hint="Install one with pip") from None
        hint = "It looks like postgresql+psycopg://user:password@host/name or sqlite:///file.db"
        raise InputError("the address after --sql is no database URL", hint=hint) from None
    return url


def _check_file(url: "URL") -> None:
    """SQLite would make a file that is not there."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return
    if not Path(name).is_file():
        raise InputError(f"the database file {name!r} does not exist", hint="Check the path")


def _plain(value: Any) -> Any:
    """Ids as they are written: databases give them as UUID and Decimal, too."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
