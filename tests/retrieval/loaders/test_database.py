import socket
import sqlite3
import traceback
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import InputError, UsageError
from retrieval.events import Event
from retrieval.loaders.database import Query, load_query
from retrieval.loading import BadLine
from retrieval.store import Store


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """The address of a database with four reviews."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table reviews (customer, body text, at text, stars integer)")
        rows = [
            ("c1", "I like tea: strong", "2024-03-04 12:30", 5),
            (2, "杯子碎了", None, 1),
            (None, "x", None, 1),
            ("c3", "", "", 2),
        ]
        database.executemany("insert into reviews values (?, ?, ?, ?)", rows)
        database.commit()
    yield f"sqlite:///{path}"


def read(url: str, sql: str, **options: Any) -> list[Event | BadLine]:
    return list(load_query(Query(url, sql), **options))


def test_rows_become_events(shop: str) -> None:
    found = read(shop, "select customer, body, at as time, stars from reviews", columns={"text": "body"})
    events = [each for each in found if isinstance(each, Event)]
    assert [(e.user_id, e.text, e.timestamp, e.metadata) for e in events] == [
        ("c1", "I like tea: strong", "2024-03-04T12:30", {"stars": 5}),
        ("2", "杯子碎了", None, {"stars": 1}),
    ]
    assert [each for each in found if isinstance(each, BadLine)] == [
        BadLine(shop, 3, "no user id in 'customer'", "no user"),
        BadLine(shop, 4, "no text in 'body'", "no text"),
    ]


def test_a_colon_or_a_percent_sign_in_a_query_is_no_parameter(shop: str) -> None:
    (event,) = read(shop, "select body as text from reviews where body like '%:%' and ':a' <> '%s'", user_id="u")
    assert isinstance(event, Event) and event.user_id == "u"


def test_many_rows_are_streamed(shop: str, store: Store) -> None:
    numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)"
    sql = f"{numbers} select 'u' as uid, 'tea ' || i as text from n"
    report = store.ingest([Query(shop, sql)])
    assert (report.files, report.read, report.added) == (1, 1500, 1500)
    assert store.ingest([Query(shop, sql)]).unchanged == 1500


def test_nothing_is_ever_changed(shop: str) -> None:
    with pytest.raises(InputError, match=r"the query gives no rows\. Give a SELECT"):
        read(shop, "delete from reviews")
    assert len(read(shop, "select customer, body as text from reviews")) == 4


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from nowhere", r"shop\.db: the query fails: 'no such table: nowhere'\. Correct --query"),
        (
            "select body as text from reviews",
            r"shop\.db' has no column for user_id; found the columns 'text'.*--user ID",
        ),
        ("selec", r"the query fails: .*syntax error"),
    ],
)
def test_a_wrong_query_is_an_error(shop: str, store: Store, sql: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        store.ingest([Query(shop, sql)])
    assert not store.path.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "mysql+pymysql://ann:s3cret@127.0.0.1:{port}/crm",
            r"ann:\*\*\*@127\.0\.0\.1:\d+/crm does not answer: .*2003",
        ),
        ("mysql+pymysql://127.0.0.1:{port}/crm?user=ann&password=s3cret", r"mysql\+pymysql://127.* does not answer"),
        ("sqlite://ann:s3cret@host/crm", r"Invalid SQLite URL|does not exist"),
        ("nosuch+driver://ann:s3cret@host/crm", r"no driver for the database"),
        ("mysql+nosuch://ann:s3cret@host/crm", r"no driver for the database"),
        ("ann:s3cret@host", r"no database URL\. It looks like"),
        ("mysql+pymysql://ann:s3cret@host:port/crm", r"no database URL"),
        ("sqlite:////nowhere/crm.db", r"the database file '/nowhere/crm\.db' does not exist"),
    ],
)
def test_a_database_that_does_not_answer_is_an_error_without_the_password(store: Store, url: str, message: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(InputError, match=message) as caught:
            store.ingest([Query(url.format(port=port), "select 1")])
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert not store.path.exists()


def test_ids_of_databases_are_text() -> None:
    from decimal import Decimal

    from retrieval.loaders.database import _plain

    number = uuid.uuid4()
    assert [_plain(each) for each in (number, Decimal("7"), Decimal("1.5"), "x")] == [str(number), 7, 1.5, "x"]


def test_a_wrong_mapping_is_refused_at_once(shop: str) -> None:
    with pytest.raises(UsageError, match="'txt' is not a field"):
        load_query(Query(shop, "select 1"), columns={"txt": "a"})
