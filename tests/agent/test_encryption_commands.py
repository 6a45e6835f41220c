"""Encryption on the command line: keys, what is printed, exit codes; the whole job on an encrypted store."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.cli import main
from agent.fakes import ScriptedChat
from retrieval import HashingEmbedder
from retrieval.archives import extract
from retrieval.residue import pieces, scan_files
from tests.agent.test_forget import ROWS, SCHEMA, reader, rows_in

pytest.importorskip("sqlcipher3")

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with a key file; its exit code, its document and stderr. No key is ever printed."""

    def open_limner(store: Path, **options: Any) -> Limner:
        return Limner(store, **{**options, "llm": ScriptedChat(script=reader), "embedder": HashingEmbedder()})

    def run(*words: str, key: str | None = "one", store: str = "store") -> tuple[int, Any, str]:
        given = [] if words[:2] == ("encryption", "new-key") else ["--store", str(tmp_path / store)]
        if key is not None and given:
            given += ["--key-file", str(tmp_path / key)]
        code = main([*words, *given, *([] if words[0] == "serve" else ["--json"])], open_limner)
        out, err = capsys.readouterr()
        keys = [file.read_text().strip() for file in tmp_path.iterdir() if file.name in ("one", "two")]
        assert not [each for each in keys if each in out + err]
        return code, json.loads(out) if out else None, err

    for name in ("one", "two"):
        assert run("encryption", "new-key", str(tmp_path / name))[0] == 0
    return run


@pytest.fixture
def history(tmp_path: Path) -> str:
    return str(rows_in(tmp_path, ROWS))


def left_in(store: Path) -> set[str]:
    texts = {str(at): pieces(row["text"]) for at, row in enumerate(ROWS)}
    texts |= {row["user_id"]: [row["user_id"]] for row in ROWS if len(row["user_id"].encode()) >= 8}
    return {each.name for each in scan_files([one for one in store.rglob("*") if one.is_file()], texts, {})}


def test_the_whole_job_leaves_no_plain_byte(run: Run, history: str, tmp_path: Path) -> None:
    store, user, schema = tmp_path / "store", "mila-k", tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    assert run("ingest", history)[0] == 0
    assert run("search", user, "pet")[1]["hits"]
    code, made, _ = run("profile", user, "--schema", str(schema))
    assert code == 0 and made["profile"]["pet"]
    assert run("correct", user, "/pet", "--value", '"Papagei"', "--schema", str(schema))[0] == 0
    assert run("export", user)[1]["events"]
    assert run("backup", str(tmp_path / "b"))[1]["encrypted"] is True
    extract(tmp_path / "b", tmp_path / "unpacked")
    assert run("forget", "noor-b")[1]["state"] == "done"
    assert run("reindex")[0] == 0
    assert left_in(store) | left_in(tmp_path / "unpacked") == set()
    assert sorted(each.name for each in store.iterdir()) == ["lock", "open.lock", "record.sqlcipher"]


def test_on_rotate_and_off(run: Run, history: str, tmp_path: Path) -> None:
    assert run("ingest", history, key=None)[0] == 0
    store = tmp_path / "store"
    assert left_in(store)
    code, done, said = run("encryption", "on")
    assert (code, done["encrypted"]) == (0, True) and "backups from before are still plain" in said
    assert left_in(store) == set()
    code, _, said = run("users", key=None)
    assert code == 5 and "is encrypted, and no key was given" in said
    code, _, said = run("users", key="two")
    assert code == 5 and "does not open" in said and done["key"] in said
    code, done, said = run("encryption", "rotate", "--new-key-file", str(tmp_path / "two"))
    assert code == 0 and "can only be restored with the key" in said
    assert run("users")[0] == 5 and run("users", key="two")[0] == 0
    assert run("encryption", "on", key="two")[0] == 2
    code, done, _ = run("encryption", "off", key="two")
    assert (code, done["encrypted"], done["key"]) == (0, False, None)
    code, _, said = run("users", key="two")
    assert code == 5 and "is not encrypted, and a key was given" in said
    assert run("users", key=None)[0] == 0
    code, _, said = run("encryption", "off", key=None)
    assert code == 2 and "no key was given" in said


def test_restoring_asks_for_the_key_of_the_backup(run: Run, history: str, tmp_path: Path) -> None:
    assert run("ingest", history)[0] == 0
    file = str(tmp_path / "b")
    run("backup", file)
    assert run("encryption", "rotate", "--new-key-file", str(tmp_path / "two"))[0] == 0
    code, _, said = run("restore", file, "--force", key="two")
    assert code == 5 and "--backup-key-file" in said
    code, done, _ = run("restore", file, "--force", "--backup-key-file", str(tmp_path / "one"), key="two")
    assert code == 0 and done["holds"]["events"] == len(ROWS)
    code, _, said = run("restore", file, key=None, store="new")
    assert code == 5 and "is encrypted, and the store has no key" in said
    code, found, _ = run("restore", file, "--dry-run", key=None, store="new")
    assert code == 0 and found["encrypted"] is True


def test_a_key_that_is_none_is_wrong_usage(run: Run, history: str, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("my secret passphrase")
    code, _, said = run("ingest", history, key="bad")
    assert code == 2 and "not 64 hex digits" in said and "passphrase" not in said
    code, _, said = run("users", key="nowhere")
    assert code == 2 and "cannot be read" in said


def test_a_served_store_is_not_given_another_key(run: Run, history: str, tmp_path: Path) -> None:
    assert run("ingest", history)[0] == 0
    code = (
        "import sys; from retrieval import HashingEmbedder, Store\n"
        "store = Store(sys.argv[1], HashingEmbedder()); store.users(); print('open', flush=True); sys.stdin.read()\n"
    )
    environment = {**os.environ, "LIMNER_KEY_FILE": str(tmp_path / "one")}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "store")], text=True, env=environment,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # fmt: skip
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        exit_code, _, said = run("encryption", "off")
        assert exit_code == 5 and "another program has the store" in said and "limner serve" in said
        other.kill()
    assert run("encryption", "off")[0] == 0


def test_a_server_with_a_wrong_key_does_not_start(run: Run, history: str) -> None:
    assert run("ingest", history)[0] == 0
    for key in ("two", None):
        code, _, said = run("serve", "--port", "0", "--dev", key=key)
        assert code == 5 and ("does not open" if key else "no key was given") in said


def test_doctor_tells_of_encryption(run: Run, history: str, tmp_path: Path) -> None:
    def check(key: str | None) -> dict[str, Any]:
        _, document, _ = run("doctor", key=key)
        return {each["name"]: each for each in document["checks"]}

    assert check(None)["encryption"]["details"] == {"encrypted": False, "sqlcipher": True}
    run("ingest", history)
    found = check("one")
    assert found["encryption"]["details"]["encrypted"] and found["store"]["details"]["encrypted"]
    found = check("two")
    assert found["encryption"]["status"] == "ok" and found["store"]["status"] == "failed"
    assert "does not open" in found["store"]["seen"]
