"""Personal data through the Python API and the command line: what is typed, and what comes back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.cli import main
from retrieval import HashingEmbedder, PersonalData

KEY = "ab" * 32
ROWS = [
    {"user_id": "u", "id": "1", "text": "Call me at 212-555-2368, order 4111111111111111."},
    {"user_id": "u", "id": "2", "text": "我的邮箱是xiaomei@example.com，谢谢。"},
]
Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the store; its exit code, stdout (a document, unless for people) and stderr."""

    def open_limner(store: Path, **options: Any) -> Limner:
        return Limner(store, embedder=HashingEmbedder())

    def run(*words: str, people: bool = False) -> tuple[int, Any, str]:
        command, *others = words
        json_ = [] if people else ["--json"]
        code = main([command, "--store", str(tmp_path / "store"), *json_, *others], open_limner)
        out, err = capsys.readouterr()
        return code, out if people or not out else json.loads(out), err

    return run


def test_ingest_counts_by_kind_and_never_says_the_words(run: Run, history: Path) -> None:
    code, document, _ = run("ingest", str(history), "--personal-data", "mask")
    assert (code, document["personal_data"]) == (0, {"policy": "mask", "found": {"email": 1, "phone": 1}})
    assert "2368" not in json.dumps(document)
    _, out, _ = run("ingest", str(history), people=True)
    assert "personal data (mask): email 1, phone 1" in out
    _, found, _ = run("search", "u", "call")
    assert {hit["text"] for hit in found["hits"]} == {
        "Call me at [PHONE], order 4111111111111111.",
        "我的邮箱是[邮箱]，谢谢。",
    }


def test_kinds_and_policy_come_from_the_environment(run: Run, history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_PERSONAL_DATA", "mask")
    monkeypatch.setenv("LIMNER_PERSONAL_DATA_KINDS", "email, name")
    _, document, _ = run("ingest", str(history))
    assert document["personal_data"] == {"policy": "mask", "found": {"email": 1}}
    code, _, err = run("ingest", str(history), "--personal-data-kinds", "mail")
    assert code == 2 and "Kinds are: name" in err
    code, _, err = run("ingest", str(history), "--personal-data", "hide")
    assert code == 2 and "tokenise" in err


def test_another_policy_says_that_the_rest_stays(run: Run, history: Path) -> None:
    assert "stays so" not in run("ingest", str(history), "--personal-data", "off")[2]
    _, document, err = run("ingest", str(history), "--personal-data", "mask")
    assert document["updated"] == 2 and "--personal-data off stays so until it is loaded again" in err
    assert "stays so" not in run("ingest", str(history))[2]


def test_a_new_store_has_nothing_to_load_again(run: Run, history: Path) -> None:
    assert "stays so" not in run("ingest", str(history), "--personal-data", "mask")[2]


def test_reveal_needs_the_key(run: Run, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMNER_TOKEN_KEY", raising=False)
    code, _, err = run("ingest", str(history), "--personal-data", "tokenise")
    assert code == 2 and "openssl rand -hex 32" in err
    key, wrong = tmp_path / "key", tmp_path / "wrong"
    key.write_text(KEY)
    wrong.write_text("cd" * 32)
    assert run("ingest", str(history), "--personal-data", "tokenise", "--token-key-file", str(key))[0] == 0
    code, _, err = run("reveal", "u", "--token-key-file", str(wrong))
    assert code == 2 and "not the one of this store" in err and "cd" * 32 not in err
    code, document, _ = run("reveal", "u", "--token-key-file", str(key))
    assert [(each["event_id"], each["words"]) for each in document["revealed"]] == [
        ("1", "212-555-2368"),
        ("2", "xiaomei@example.com"),
    ]
    monkeypatch.setenv("LIMNER_TOKEN_KEY", KEY)
    _, document, _ = run("reveal", "u", "--event", "2")
    assert [each["field"] for each in document["revealed"]] == ["text"]
    _, out, _ = run("reveal", "u", people=True)
    assert "212-555-2368" in out and "[PHONE:" in out


def test_the_python_api_takes_a_word_or_all_of_it(tmp_path: Path, history: Path) -> None:
    with Limner(tmp_path / "store", embedder=HashingEmbedder()) as limner:
        assert limner.ingest(history, personal_data="mask").personal == {"phone": 1, "email": 1}
        limner.ingest(history, personal_data=PersonalData("tokenise", kinds=["phone"], key=KEY))
        (revealed,) = limner.reveal("u", key=KEY)
        assert revealed.words == "212-555-2368"
        assert limner.export("u")["events"][0]["text"] == f"Call me at {revealed.token}, order 4111111111111111."
