"""Forgetting through the Python API and the command line: profiles, corrections, receipts, proofs, export."""

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import InputError, Limner, StoreBusy
from agent.cli import main
from agent.fakes import ScriptedChat
from agent.llama import LlamaChat
from retrieval import HashingEmbedder, UnknownUser
from retrieval.policies import Policy
from tests.agent.one_by_one import one_by_one

TEXT = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "title": "small",
    "type": "object",
    "properties": {
        "city": {**TEXT, "description": "where the user lives"},
        "pet": {**TEXT, "description": "which animal the user has"},
        "events": {"type": "integer", "x-compute": "event_count"},
    },
    "required": ["city", "pet"],
}
ROWS: list[dict[str, Any]] = [
    {"user_id": "mila-k", "id": "home", "timestamp": "2023-03-01", "text": "Where I live: I live in Grünwaldstadt."},
    {"user_id": "mila-k", "id": "animal", "timestamp": "2023-03-02", "text": "The animal I have: I have a Zwergspitz."},
    {"user_id": "mila-k", "id": "note", "timestamp": "2023-03-03", "channel": "chat", "text": "Thanks for the answer."},
    {"user_id": "noor-b", "id": "home", "timestamp": "2023-03-01", "text": "Where I live: I live in Altenheim."},
]
FACTS = {"city": r"live in (\w+)", "pet": r"have a (\w+)"}
Run = Callable[..., tuple[int, Any, str]]


@one_by_one
def reader(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """A model that knows cities and pets."""
    if schema is None:
        return 0.9
    label = re.match(r"Attribute: ([^.(]+?)(?: \(|\.|$)", user, re.MULTILINE)
    lines = re.findall(r"^\[(\d+)\] (.*)$", system, re.MULTILINE)
    rule = FACTS.get(label[1] if label else "", r"(?!)")
    found = [(int(n), m[1]) for n, line in lines for m in re.finditer(rule, line)]
    return json.dumps([{"evidence": n, "value": value} for n, value in found[: schema["maxItems"]]])


@pytest.fixture
def limner(tmp_path: Path) -> Limner:
    limner = Limner(tmp_path / "store", llm=ScriptedChat(script=reader), embedder=HashingEmbedder())
    limner.ingest(rows_in(tmp_path, ROWS))
    return limner


@pytest.fixture
def run(tmp_path: Path, limner: Limner, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the store; its exit code, its document and stderr."""

    def open_limner(store: Path, **options: Any) -> Limner:
        return Limner(store, llm=ScriptedChat(script=reader), embedder=HashingEmbedder())

    def run(*words: str, stdin: str | None = None, people: bool = False) -> tuple[int, Any, str]:
        limner.close()
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        command, *others = words
        json_ = [] if people or command == "export" else ["--json"]
        code = main([command, "--store", str(tmp_path / "store"), *json_, *others], open_limner)
        out, err = capsys.readouterr()
        return code, out if people or not out else json.loads(out), err

    return run


def rows_in(folder: Path, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def left_in(folder: Path, *words: str) -> set[str]:
    forms = {word: (word.encode(), json.dumps(word)[1:-1].encode()) for word in words}
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {word for word, each in forms.items() if any(form in data for data in files for form in each)}


def test_a_user_with_profiles_and_corrections(limner: Limner, tmp_path: Path) -> None:
    profile = limner.profile("mila-k", SCHEMA).profile
    assert profile == {"city": "Grünwaldstadt", "pet": "Zwergspitz", "events": 3}
    limner.correct("mila-k", "/pet", "correct", "Schnauzer", by="Ann", note="she called us", schema=SCHEMA)
    limner.profile("mila-k", SCHEMA)
    other = limner.profile("noor-b", SCHEMA).as_json()
    words = ("Grünwaldstadt", "Zwergspitz", "Schnauzer", "she called us", "mila-k")
    assert left_in(tmp_path / "store", *words) == set(words)

    would = limner.forget("mila-k", dry_run=True)
    receipt = limner.forget("mila-k")
    assert would["erased"] == receipt["erased"]
    assert (receipt["erased"]["profile_versions"], receipt["erased"]["corrections"]) == (2, 1)
    assert (receipt["state"], receipt["leftover"]) == ("done", [])
    limner.close()
    assert left_in(tmp_path / "store", *words) == set()
    for ask in (limner.versions, limner.corrections, limner.export, limner.forget):
        with pytest.raises(UnknownUser):
            ask("mila-k")
    assert {**limner.profile("noor-b", SCHEMA).as_json(), "usage": None} == {**other, "usage": None}


def test_what_was_made_from_a_part_goes_with_it(limner: Limner, tmp_path: Path) -> None:
    limner.profile("mila-k", SCHEMA)
    late = {
        "user_id": "mila-k",
        "id": "late",
        "timestamp": "2024-01-01",
        "text": "The animal I have: I have a Dackelmix.",
    }
    limner.ingest(rows_in(tmp_path, [late]))
    assert limner.profile("mila-k", SCHEMA).profile["pet"] == "Dackelmix"
    assert [note.number for note in limner.versions("mila-k")] == [1, 2]

    receipt = limner.forget("mila-k", events=["late"])
    assert (receipt["erased"]["events"], receipt["erased"]["profile_versions"]) == (1, 1)
    assert [note.number for note in limner.versions("mila-k")] == [1], "the first was made before it was loaded"
    again = limner.profile("mila-k", SCHEMA)
    assert again.profile == {"city": "Grünwaldstadt", "pet": "Zwergspitz", "events": 3}
    limner.close()
    assert left_in(tmp_path / "store", "Dackelmix") == set()

    assert limner.forget("mila-k", events=["animal"])["erased"]["profile_versions"] == 1
    assert limner.versions("mila-k") == []
    assert limner.profile("mila-k", SCHEMA).profile == {"city": "Grünwaldstadt", "pet": None, "events": 2}
    limner.close()
    assert left_in(tmp_path / "store", "Zwergspitz") == set()


def test_what_people_said_themselves_stays(limner: Limner, tmp_path: Path) -> None:
    limner.profile("mila-k", SCHEMA)
    limner.correct("mila-k", "/city", "confirm", by="Ann", schema=SCHEMA)
    limner.correct("mila-k", "/pet", "correct", "Papagei", by="Ann", note="not the Zwergspitz", schema=SCHEMA)
    receipt = limner.forget("mila-k", events=["animal"])
    assert (receipt["erased"]["corrections"], receipt["erased"]["corrections_cut"]) == (0, 1)
    kept = {each.pointer: each for each in limner.corrections("mila-k")}
    assert (kept["/city"].value, kept["/city"].before) == ("Grünwaldstadt", "Grünwaldstadt")
    assert (kept["/pet"].value, kept["/pet"].before, kept["/pet"].note, kept["/pet"].evidence) == (
        "Papagei",
        None,
        None,
        (),
    )
    assert limner.profile("mila-k", SCHEMA).profile == {"city": "Grünwaldstadt", "pet": "Papagei", "events": 2}
    assert limner.forget("mila-k", events=["home"])["erased"]["corrections"] == 1
    assert [each.pointer for each in limner.corrections("mila-k")] == ["/pet"]
    limner.close()
    assert left_in(tmp_path / "store", "Zwergspitz", "Grünwaldstadt") == set()


@pytest.mark.parametrize("events", [None, ["animal"]])
def test_a_profile_that_is_being_made_is_not_kept(tmp_path: Path, events: list[str] | None) -> None:
    def forgetting(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        if not limner.store.forgetting.receipts():
            other.forget("mila-k", events=events)
        return reader(system, user, schema)

    limner = Limner(tmp_path / "store", llm=ScriptedChat(script=forgetting), embedder=HashingEmbedder())
    other = Limner(tmp_path / "store", llm=ScriptedChat(script=reader), embedder=HashingEmbedder())
    limner.ingest(rows_in(tmp_path, ROWS))
    with pytest.raises(UnknownUser if events is None else StoreBusy):
        limner.profile("mila-k", SCHEMA)
    limner.close()
    other.close()
    assert left_in(tmp_path / "store", "Zwergspitz") == set()
    if events is not None:
        assert other.profile("mila-k", SCHEMA).profile == {"city": "Grünwaldstadt", "pet": None, "events": 2}


def test_the_model_forgets_its_prompts(limner: Limner) -> None:
    limner.profile("mila-k", SCHEMA)
    model = limner._models.chat_in_memory
    assert isinstance(model, ScriptedChat) and model.asked
    limner.forget("mila-k")
    assert model.asked == []
    loaded = LlamaChat(model_path="none.gguf")
    loaded._server = object()
    loaded.forget_prompts()
    assert loaded._server is None


def test_a_model_that_is_not_ours_is_named_in_the_receipt(tmp_path: Path) -> None:
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    limner = Limner(tmp_path / "store", llm=FakeListChatModel(responses=["x"]), embedder=HashingEmbedder())
    limner.ingest(rows_in(tmp_path, ROWS))
    (left,) = limner.forget("mila-k")["leftover"]
    assert "FakeListChatModel" in left and "operator" in left


def test_forget_on_the_command_line(run: Run, tmp_path: Path) -> None:
    file = str(rows_in(tmp_path, ROWS))
    code, would, _ = run("forget", "mila-k", "--dry-run")
    assert code == 0 and would["dry_run"] and would["erased"]["events"] == 3
    code, receipt, _ = run("forget", "mila-k")
    assert code == 0 and receipt["state"] == "done" and receipt["erased"] == would["erased"]
    (tmp_path / "receipt.json").write_text(json.dumps(receipt))
    (tmp_path / "forged.json").write_text(json.dumps({**receipt, "erased_at": "2020-01-01T00:00:00Z"}))

    code, proof, _ = run("verify-erasure", "mila-k", "--texts", file, "--receipt", str(tmp_path / "receipt.json"))
    assert (code, proof["clean"], proof["texts"], proof["receipt_genuine"]) == (0, True, 3, True)
    code, proof, _ = run("verify-erasure", "mila-k", "--receipt", str(tmp_path / "forged.json"))
    assert (code, proof["clean"], proof["receipt_genuine"]) == (5, True, False)
    code, proof, _ = run(
        "verify-erasure", "noor-b", "--texts", "-", stdin=json.dumps({"text": ROWS[3]["text"], "id": "q"})
    )
    assert (code, proof["clean"]) == (5, False), "she was not erased"
    (tmp_path / "store" / "stray.txt").write_text(f"… {ROWS[1]['text']} …")
    code, proof, _ = run("verify-erasure", "mila-k", "--texts", file, "--no-vectors")
    assert code == 5 and {Path(each["file"]).name for each in proof["found"]} == {"stray.txt"}

    code, report, _ = run("ingest", file)
    assert (code, report["forgotten"], report["unchanged"]) == (0, 3, 1)
    assert report["reasons"]["forgotten"]["count"] == 3
    code, _, err = run("forget", "mila-k")
    assert code == 3 and "no user 'mila-k' in the store" in err
    code, report, _ = run("ingest", "--force", file)
    assert (code, report["added"]) == (0, 3)
    assert [each["number"] for each in run("receipts")[1]["receipts"]] == [1]


def test_parts_and_deferring_on_the_command_line(run: Run) -> None:
    code, receipt, _ = run("forget", "mila-k", "--event", "home", "--event", "note", "--defer")
    assert (code, receipt["state"], receipt["scope"]) == (0, "deferred", {"kind": "events", "events": 2})
    code, done, _ = run("compact")
    assert code == 0 and [each["state"] for each in done["completed"]] == ["done"]
    code, receipt, _ = run("forget", "mila-k", "--since", "2023-03-02", "--until", "2023-03-02")
    assert (code, receipt["scope"]) == (0, {"kind": "part", "since": "2023-03-02", "until": "2023-03-02"})
    assert run("receipts", "mila-k")[1]["receipts"][1] == receipt
    assert run("receipts", "noor-b")[1]["receipts"] == []
    code, _, err = run("forget", "noor-b", "--event", "home", "--channel", "chat")
    assert code == 2 and "either events are named" in err
    code, _, err = run("forget", "noor-b", "--channel", "fax")
    assert code == 3 and "of that time and channel" in err


def test_the_erasure_of_a_part_is_proved(run: Run, tmp_path: Path) -> None:
    for rows in (ROWS[:1], ROWS[:2]):
        run("forget", "mila-k", "--event", rows[-1]["id"])
        file = str(rows_in(tmp_path, rows))
        code, proof, _ = run("verify-erasure", "mila-k", "--texts", file)
        assert (code, proof["clean"], proof["user_stays"], proof["texts"]) == (0, True, True, len(rows))
    code, proof, _ = run("verify-erasure", "mila-k", "--texts", str(rows_in(tmp_path, ROWS)))
    assert (code, proof["clean"], proof["still_there"]) == (5, False, 1)
    code, out, _ = run("verify-erasure", "mila-k", people=True)
    assert code == 5 and "the store has other events of this user" in out, "no erased event was given"
    (tmp_path / "store" / "stray.txt").write_text(f"… {ROWS[0]['text']} …")
    code, proof, _ = run("verify-erasure", "mila-k", "--texts", str(rows_in(tmp_path, ROWS[:1])), "--no-vectors")
    assert code == 5 and {Path(each["file"]).name for each in proof["found"]} == {"stray.txt"}
    (tmp_path / "store" / "stray.txt").unlink()
    run("forget", "mila-k")
    code, proof, _ = run("verify-erasure", "mila-k", "--texts", str(rows_in(tmp_path, ROWS)))
    assert (code, proof["clean"], proof["user_stays"]) == (0, True, False)


def test_what_people_read(run: Run, tmp_path: Path) -> None:
    file = str(rows_in(tmp_path, ROWS))
    _, out, _ = run("forget", "mila-k", "--until", "2023-03-02", "--dry-run", people=True)
    assert "would erase what is until 2023-03-02: 2 events" in out and "1 events stay" in out
    _, out, _ = run("forget", "mila-k", people=True)
    assert "erased all of the user: 3 events" in out and "No byte of it is left" in out and "HMAC-SHA256" in out
    assert "mila-k" not in out
    _, out, _ = run("receipts", people=True)
    assert out.startswith("receipt 1, ") and "done" in out
    _, out, _ = run("verify-erasure", "mila-k", "--texts", file, people=True)
    assert out.startswith("nothing is left: 3 texts and 3 vectors in ")
    _, out, _ = run("ingest", file, people=True)
    assert "left out, since they were forgotten: 3 (--force loads them)" in out


def test_export_tells_everything(limner: Limner, run: Run, tmp_path: Path) -> None:
    """Raw forms, metadata, consents, the versions for all purposes, and the receipts of parts; nothing of others."""
    written = "<p>My order is <b>late</b>.</p>"
    late = {"user_id": "mila-k", "id": "late", "timestamp": "2023-03-04", "text": written, "order": "A-17"}
    limner.ingest(rows_in(tmp_path, [late], "late.jsonl"))
    receipt = limner.forget("mila-k", events=["note"])
    limner.store.set_policy(Policy(("support", "marketing", "research")))
    limner.profile("mila-k", SCHEMA)
    limner.store.consents.grant("mila-k", "marketing", by="Jo", source="form 7")
    limner.store.consents.withdraw("mila-k", "research", by="Jo")
    limner.for_purpose("marketing").profile("mila-k", SCHEMA)
    limner.correct("mila-k", "/pet", "correct", "Papagei", by="Ann", schema=SCHEMA)
    code, found, _ = run("export", "mila-k")
    assert code == 0 and found["user_id"] == "mila-k"
    said = [*((r["id"], r["text"]) for r in ROWS[:2]), ("late", "My order is late.")]
    assert [(each["event_id"], each["text"]) for each in found["events"]] == said
    assert [(each["raw"], each["metadata"]) for each in found["events"]] == [
        (None, {}), (None, {}), (written, {"order": "A-17"}),
    ]  # fmt: skip
    assert [each["snippet_id"] for each in found["snippets"]] == ["home#0", "animal#0", "late#0"]
    assert [(each["number"], each["purpose"]) for each in found["profiles"]] == [(1, "support"), (2, "marketing")]
    for profile in found["profiles"]:
        assert profile["document"]["profile"]["pet"] == "Zwergspitz"
        assert "/pet" in profile["kept"]["verdicts"]["facets"]
    assert [(each["value"], each["by"]) for each in found["corrections"]] == [("Papagei", "Ann")]
    assert [(each["purpose"], each["action"]) for each in found["consents"]] == [
        ("marketing", "grant"), ("research", "withdraw"),
    ]  # fmt: skip
    assert found["receipts"] == [receipt]
    assert "noor-b" not in json.dumps(found) and "Altenheim" not in json.dumps(found)
    assert run("export", "nobody")[0] == 3


def test_wrong_receipts_and_scopes(limner: Limner, run: Run, tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text("[1]")
    code, _, err = run("verify-erasure", "mila-k", "--receipt", str(tmp_path / "no.json"))
    assert code == 3 and "is no receipt" in err
    with pytest.raises(InputError, match="has no event 'x'"):
        limner.forget("mila-k", events=["x"])
    assert not limner.is_genuine({"receipt": 1})
