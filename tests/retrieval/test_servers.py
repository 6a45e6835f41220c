from pathlib import Path

import pytest

from retrieval.errors import UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.servers import ChromaAddress, index_server, record_server
from retrieval.store import Store
from tests.conftest import WriteRows

ROWS = [{"user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(600)]
SECRET = "hunter2"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_record_is_reached_with_psycopg(scheme: str) -> None:
    url = record_server(f"{scheme}://u:{SECRET}@host/db")
    assert url is not None and (url.drivername, url.host, url.database) == ("postgresql+psycopg", "host", "db")


@pytest.mark.parametrize(
    ("text", "shown", "user", "secret"),
    [
        ("http://host", "http://host:8000", "", ""),
        ("https://host", "https://host:443", "", ""),
        ("http://[::1]:9/", "http://[::1]:9", "", ""),
        (f"https://:{SECRET}@host:1", "https://host:1", "", SECRET),
        ("https://u:p%40q@host", "https://host:443", "u", "p@q"),
    ],
)
def test_a_chroma_address_never_shows_its_secret(text: str, shown: str, user: str, secret: str) -> None:
    address = index_server(text)
    assert isinstance(address, ChromaAddress)
    assert (str(address), address.user, address.secret) == (shown, user, secret)
    assert SECRET not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIMNER_RECORD", f"mysql://u:{SECRET}@host/db"),
        ("LIMNER_RECORD", f"postgresql+psycopg2://u:{SECRET}@host/db"),
        ("LIMNER_RECORD", f"postgresql://u:{SECRET}@host"),
        ("LIMNER_RECORD", f"u:{SECRET}@host"),
        ("LIMNER_RECORD", f"postgresql://u:{SECRET}@host:port/db"),
        ("LIMNER_INDEX", f"ftp://u:{SECRET}@host"),
        ("LIMNER_INDEX", f"http://u:{SECRET}@host/path"),
        ("LIMNER_INDEX", f"http://{SECRET}@host"),
        ("LIMNER_INDEX", f"http://u:{SECRET}@host:port"),
        ("LIMNER_INDEX", "http://[::1"),
        ("LIMNER_INDEX", "host:8000"),
    ],
)
def test_what_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=f"{variable} is no.*It looks like") as caught:
        Store(tmp_path, HashingEmbedder())
    assert SECRET not in str(caught.value)


def test_empty_variables_mean_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_rows: WriteRows
) -> None:
    monkeypatch.setenv("LIMNER_RECORD", "")
    monkeypatch.setenv("LIMNER_INDEX", "")
    with Store(tmp_path / "store", HashingEmbedder()) as store:
        store.ingest([write_rows(*ROWS[:2])])
    assert {"record.sqlite3", "chroma"} <= {each.name for each in store.path.iterdir()}
