"""What ``limner doctor`` says of good and of broken installations, and that it changes nothing."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent.cli import main
from agent.limner import Limner
from retrieval.fakes import HashingEmbedder
from retrieval.weights import LLM
from tests.agent import scripted
from tests.agent.fake_servers import VLLM, FakeServer, Ollama, Server, sensible
from tests.conftest import WriteRows


class Report(NamedTuple):
    code: int
    checks: dict[str, dict[str, Any]]
    out: str

    def status(self) -> dict[str, str]:
        return {name: check["status"] for name, check in self.checks.items()}


Doctor = Callable[..., Report]


def knows(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    return '[{"evidence":1,"value":"Oslo"}]' if schema is not None else 0.9


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "LIMNER_LLM", "LIMNER_LLM_BASE_URL", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def doctor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """The command with --json, and with an embedder that needs no weights."""

    def open_limner(store: Path, *, embedder: str, **settings: Any) -> Limner:
        return Limner(store, embedder=HashingEmbedder(), **settings)

    def run(server: FakeServer, *more: str, provider: str = "openai") -> Report:
        model = ["--llm", f"{provider}:fake-model", "--llm-base-url", server.url]
        code = main(["doctor", "--json", "--store", str(tmp_path / "store"), *model, *more], open_limner=open_limner)
        out = capsys.readouterr().out
        document = json.loads(out)
        assert document["ok"] is (code == 0)
        return Report(code, {check["name"]: check for check in document["checks"]}, out)

    return run


@pytest.fixture
def filled(tmp_path: Path, write_rows: WriteRows) -> Path:
    with Limner(tmp_path / "store", embedder=HashingEmbedder()) as limner:
        limner.ingest(write_rows(*scripted.EVENTS))
    return tmp_path / "store"


def test_all_is_well(doctor: Doctor, filled: Path) -> None:
    with VLLM(Server(sensible(knows))) as server:
        report = doctor(server)
    names = ("versions", "embedder", "language model", "JSON Schema", "probabilities", "prompt cache", "context")
    assert report.status() == dict.fromkeys(
        (*names, "thinking aloud", "store", "encryption", "disk", "memory", "telemetry"), "ok"
    )
    assert report.code == 0
    assert report.checks["versions"]["details"]["python"].startswith("3.")
    assert report.checks["language model"]["details"]["abilities"]["schema"] == "json_schema"
    assert "3 vectors in the index of 3" in report.checks["store"]["seen"]


def test_what_a_server_lacks_is_a_warning_with_a_remedy(doctor: Doctor) -> None:
    lacks: dict[str, Any] = {"enforces": (), "logprobs": False, "thinking": "tags", "can_be_quiet": False}
    with VLLM(Server(sensible(knows), context=4096, **lacks)) as server:
        report = doctor(server)
    warned = {name for name, check in report.checks.items() if check["status"] == "warning"}
    assert warned == {"JSON Schema", "probabilities", "context", "thinking aloud"} and report.code == 0
    assert all(report.checks[name]["remedy"] for name in warned)
    assert "json_schema" in report.checks["JSON Schema"]["seen"]


def test_ollama_by_the_protocol_of_openai_is_warned_of(doctor: Doctor) -> None:
    with Ollama(Server(sensible(knows))) as server:
        assert "ollama:MODEL" in doctor(server).checks["context"]["remedy"]
        assert doctor(server, provider="ollama").checks["context"]["status"] == "ok"


def test_a_server_is_asked_anew_each_time(doctor: Doctor) -> None:
    with VLLM(Server(sensible(knows))) as server:
        assert doctor(server).checks["JSON Schema"]["status"] == "ok"
        server.does.enforces = ()
        assert doctor(server).checks["JSON Schema"]["status"] == "warning"


def test_no_store_is_made(doctor: Doctor, tmp_path: Path) -> None:
    with VLLM(Server(sensible(knows))) as server:
        report = doctor(server)
    assert (report.checks["store"]["status"], report.code) == ("ok", 0)
    assert "limner ingest" in report.checks["store"]["remedy"] and not (tmp_path / "store").exists()


def test_a_model_that_cannot_be_asked_fails_with_4(doctor: Doctor, filled: Path) -> None:
    with VLLM(Server(sensible(knows), key="another")) as server:
        report = doctor(server)
    assert (report.code, report.checks["language model"]["status"]) == (4, "failed")
    assert "refused the key" in report.checks["language model"]["seen"]
    assert "OPENAI_API_KEY" in report.checks["language model"]["remedy"]
    assert report.checks["store"]["status"] == "ok"


def test_an_index_that_lacks_vectors_is_a_warning(doctor: Doctor, filled: Path) -> None:
    shutil.rmtree(filled / "chroma")
    with VLLM(Server(sensible(knows))) as server:
        store = doctor(server).checks["store"]
    assert (store["status"], store["details"]["vectors"], store["details"]["wanted"]) == ("warning", 0, 3)


def test_a_damaged_store_fails_with_5(doctor: Doctor, filled: Path) -> None:
    (filled / "record.sqlite3").write_bytes(b"no database at all, but long enough to be read as one" * 50)
    for name in ("record.sqlite3-wal", "record.sqlite3-shm"):
        (filled / name).unlink(missing_ok=True)
    with VLLM(Server(sensible(knows))) as server:
        report = doctor(server)
    assert (report.code, report.checks["store"]["status"]) == (5, "failed")


def test_embedded_weights_that_were_altered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / LLM.name).write_bytes(b"GGUF")
    open_limner = scripted.open_with(knows)
    code = main(["doctor", "--json", "--store", str(tmp_path / "store")], open_limner=open_limner)
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert code == 4 and "was altered" in checks["weights"]["seen"]
    assert "Delete that file" in checks["weights"]["remedy"]


def test_for_people_it_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_limner = scripted.open_with(knows)
    code = main(["doctor", "--llm", "gguf:x", "--store", str(tmp_path / "s")], open_limner=open_limner)
    shown = capsys.readouterr()
    assert code == 0 and shown.err == ""
    assert "language model" in shown.out and "→ Load a history with: limner ingest" in shown.out
    assert shown.out.strip().splitlines()[-1].endswith(("warnings", "warning", "All is well."))
