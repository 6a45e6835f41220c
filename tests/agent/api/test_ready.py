"""`/ready` tells whether requests can be served: with a damaged record or file of keys, or at the end, they cannot."""

from pathlib import Path
from typing import Any

import pytest

from tests.agent.api.serving import Served, served

_DAMAGE = b"no database" * 1000


def _refused(server: Served) -> dict[str, Any]:
    told = server.client.get("/ready")
    assert told.status_code == 503
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["status"] == 503
    return dict(told.json())


def test_ready_before_and_after_the_first_history(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert server.client.get("/ready").json()["status"] == "ok"
        server.load()
        assert server.client.get("/ready").json()["status"] == "ok"


@pytest.mark.local
def test_not_ready_with_a_damaged_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with served(tmp_path) as server:
        server.load()
    (tmp_path / "store" / "record.sqlite3").write_bytes(_DAMAGE)
    with served(tmp_path) as server:
        told = _refused(server)
        assert server.client.get("/health").status_code == 200
    assert told["type"] == "/v1/problems/store-error"
    assert str(tmp_path) not in str(told) and str(tmp_path) in caplog.text


def test_not_ready_with_a_damaged_file_of_keys(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.service.book.close()
        server.service.book.path.write_bytes(_DAMAGE)
        assert _refused(server)["type"] == "/v1/problems/store-error"


@pytest.mark.local
def test_one_of_many_tenants_does_not_take_the_others_away(tmp_path: Path) -> None:
    folder = tmp_path / "tenants" / "acme"
    folder.mkdir(parents=True)
    (folder / "record.sqlite3").write_bytes(_DAMAGE)
    with served(tmp_path, tenants=True) as server:
        assert server.client.get("/v1/users", headers=server.key("read", tenant="acme")).status_code == 500
        assert server.client.get("/ready").json()["status"] == "ok"


def test_not_ready_at_the_end(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.service.queue.close()
        assert _refused(server)["type"] == "/v1/problems/shutting-down"
