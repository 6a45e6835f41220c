import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from retrieval.errors import BackendUnavailable
from retrieval.fakes import HashingEmbedder
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.disks import Disk, fill
from tests.retrieval.conftest import agrees, numbers, other
from tests.retrieval.running import Chroma, Postgres

ROWS = [{"user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(600)]
Servers = tuple[Postgres, Chroma]
SECRET = "hunter2"


class Answers:
    """A web server that is no Chroma server: it answers everything with one status and text, or not at all."""

    def __init__(self, status: int | None, text: str = "<html>hello</html>") -> None:
        self.seen: list[str | None] = []
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers.seen.append(self.headers["Authorization"])
                if status is None:
                    time.sleep(1)
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://u:{SECRET}@127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        (401, "<html>who are you, hunter2?</html>", "refuses with status 401"),
        (404, "not here", "refuses with status 404"),
        (200, "<html>hello</html>", "does not answer like a Chroma server"),
        (200, '{"hello": 1}', "does not answer like a Chroma server"),
        (503, '{"error": "InternalError", "message": "out of disk"}', "fails: 'out of disk'"),
        (None, "", "does not answer: timed out"),
    ],
)
def test_what_is_no_chroma_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int | None, text: str, message: str
) -> None:
    monkeypatch.setattr("retrieval.index_server._ANSWER_SECONDS", 0.5)
    answers = Answers(status, text)
    with Store(tmp_path / "store", HashingEmbedder(), index=answers.url) as store:
        try:
            with pytest.raises(BackendUnavailable, match=message) as caught:
                store.ingest_events([])
        finally:
            answers.close()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("user", "sent"), [("u", "Basic dTpodW50ZXIy"), ("", f"Bearer {SECRET}")])
def test_what_a_chroma_server_is_told(tmp_path: Path, user: str, sent: str) -> None:
    answers = Answers(401)
    url = answers.url.replace("u:", f"{user}:", 1) if user else answers.url.replace("//u:", "//:")
    with Store(tmp_path / "store", HashingEmbedder(), index=url) as store, pytest.raises(BackendUnavailable):
        store.ingest_events([])
    answers.close()
    assert answers.seen == [sent]


def test_a_reindex_leaves_one_collection(store: Store, write_rows: WriteRows, monkeypatch: pytest.MonkeyPatch) -> None:
    def collections() -> list[str]:
        place = store._open().place
        names = [each.name for each in place._connected().list_collections()]  # type: ignore[attr-defined]
        return [each for each in names if store._open().record.identity() in each]

    store.ingest([write_rows(*ROWS[:40])])
    before = collections()
    with monkeypatch.context() as patch:
        patch.setattr("retrieval.index_server.IndexServer.tidy", lambda self: None)
        store.reindex()
    assert len(collections()) == 2 and numbers(store) == list(range(0, 40, 2))
    store.ingest([write_rows(*ROWS[:40])])
    assert len(collections()) == 1 and collections() != before
    store.reindex()
    assert len(collections()) == 1 and agrees(store)


def test_a_collection_that_was_deleted_is_made_anew(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:40])])
    assert numbers(store) == list(range(0, 40, 2))
    with other(store) as elsewhere:
        elsewhere._open().place.wipe()
    store._open().views._kept.clear()
    assert numbers(store) == list(range(0, 40, 2)) and agrees(store)


def test_the_chroma_server_holds_no_text(store: Store, servers: Servers, write_rows: WriteRows) -> None:
    words = ("Hamburg", "tofu", "绿洲家园")
    store.ingest(
        [
            write_rows(
                {"user_id": "ann-of-chroma", "id": "1", "text": "I moved to Hamburg. I love tofu. 我住在绿洲家园。"}
            )
        ]
    )
    store.search("ann-of-chroma", "Hamburg")
    held = b"".join(path.read_bytes() for path in servers[1].folder.rglob("*") if path.is_file())
    assert b"ann-of-chroma" in held
    for word in words:
        assert word.encode() not in held and word.encode("utf-16-le") not in held


@pytest.mark.local
def test_a_full_disk_under_the_server_is_told_and_nothing_is_lost(
    disk: Disk, tmp_path: Path, write_rows: WriteRows
) -> None:
    (disk.folder / "data").mkdir()
    server = Chroma(disk.folder / "data")
    try:
        store = Store(tmp_path / "store", HashingEmbedder(), index=server.url)
        store.ingest([write_rows(*ROWS[:40])])
        filler = fill(disk)
        later = [{**row, "text": f"Another message, number {n}"} for n, row in enumerate(ROWS)]
        more = write_rows(*later, name="more.jsonl")
        full = pytest.raises(BackendUnavailable, match=r"disk is full.*Free some space on the server's disk")
        with full as caught:
            store.ingest([more])
        assert caught.value.exit_code == 4 and "Another message" not in str(caught.value)
        store.close()
        with pytest.raises(BackendUnavailable, match="disk is full"):  # the index owes what the record has
            store.search("u0", "message number")
        assert len(store.events("u0")) >= 20
        filler.unlink()
        report = store.ingest([more])
        assert report.added + report.updated + report.unchanged == len(ROWS)
        assert agrees(store) and len(store.search("u0", "message number", k=999)) == len(ROWS) // 2
        store.close()
    finally:
        server.kill()
