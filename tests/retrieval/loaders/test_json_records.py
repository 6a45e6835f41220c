import json
import tracemalloc
from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.loaders.json_records import MAX_RECORD_BYTES, survey
from retrieval.loading import load_events
from tests.retrieval.loaders.loaded import bad, events

ROW = {"user_id": "u", "text": "I like tea"}


def test_an_array_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([ROW, {"user_id": "u"}, 5, {**ROW, "stars": 1.5}]).encode())
    assert [(each.text, each.metadata) for each in events(path)] == [("I like tea", {}), ("I like tea", {"stars": 1.5})]
    assert [line for line, _ in bad(path)] == [2, 3]
    assert bad(path)[1][1] == "not a JSON object but 'int'"


def test_objects_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(f"{json.dumps(ROW)}\n{json.dumps(ROW, indent=2)}\n")
    assert len(events(path)) == 2


def test_fifty_megabytes_on_one_line_are_read_a_record_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    record = json.dumps({**ROW, "text": "tea " * 25_000})
    with path.open("w") as file:
        file.write("[" + record)
        for _ in range(500):
            file.write(", " + record)
        file.write("]")
    assert path.stat().st_size > 50_000_000
    tracemalloc.start()
    count = sum(1 for _ in survey(path, lambda: path.open("rb")).records())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 501
    assert peak < 8_000_000


def test_a_record_of_fifty_megabytes_is_refused_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write(f'{{"conversations": [{json.dumps(ROW)}, {{"user_id": "u", "text": "')
        for _ in range(50):
            file.write("x" * 1_000_000)
        file.write('"}]}')
    tracemalloc.start()
    with pytest.raises(
        InputError, match=rf"a\.json', record 2 is longer than {MAX_RECORD_BYTES:,} bytes\. Export fewer"
    ):
        next(load_events(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MAX_RECORD_BYTES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "record 1: broken JSON: premature EOF"),
        (b'[{"user_id": "u", "text": "my secret"}, {"user_id": "u", "text": "my sec', "record 2: broken JSON"),
        (b'[{"user_id": "u", "text": my secret}]', "record 1: broken JSON"),
        (
            '[{"user_id": "u", "text": "my secret 茶"}]'.encode("gb18030"),
            "record 1: broken JSON: invalid bytes in UTF8",
        ),
        ('[{"user_id": "u", "text": "my secret"}]'.encode("utf-16"), "record 1: broken JSON"),
        (b"[" * 200_000, "record 1: broken JSON"),
    ],
)
def test_from_a_broken_file_nothing_is_taken(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.json', {message}.*nothing was loaded from it") as caught:
        next(load_events(path))
    assert "secret" not in str(caught.value)
