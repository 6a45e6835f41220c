"""Long documents that are sent in pieces."""

import json
from collections.abc import Iterator
from pathlib import Path

from agent.api.responses import encoded, encoded_pieces
from agent.exporting import export_document
from tests.agent.api.serving import served


def test_pieces_are_the_document_and_are_made_as_they_are_sent() -> None:
    made: list[int] = []

    def items() -> Iterator[dict[str, int]]:
        for n in range(1000):
            made.append(n)
            yield {"n": n}

    pieces = encoded_pieces({"first": "é\ud800", "items": items(), "none": iter(()), "last": None})
    text = b"".join(next(pieces) for _ in range(4))
    assert 0 < len(made) < 500, "no more is made than was sent"
    text += b"".join(pieces)
    told = {"first": "é\ud800", "items": [{"n": n} for n in range(1000)], "none": [], "last": None}
    assert text == encoded(told)
    assert json.loads(text) == told


def test_an_export_is_that_of_python(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.load()
        for path in ("/v1/users/u1/export", "/v1/users/nobody/export"):
            told = server.ask("GET", path)
            assert told.status_code == (404 if "nobody" in path else 200)
        told = server.ask("GET", "/v1/users/u1/export").json()
        kept = export_document(server.service.limner("default").store, "u1")
    assert {**told, "exported_at": ""} == {**json.loads(encoded(kept)), "exported_at": ""}
    assert len(told["events"]) == 2 and len(told["snippets"]) == 2
