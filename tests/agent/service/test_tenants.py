"""Tenants have keys of their own, where the service is told so: nobody's pseudonyms open with another one's."""

from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.service import Tenants
from retrieval import Event
from retrieval.fakes import HashingEmbedder

_KEYS = {"acme": "1a" * 32, "bear": "2b" * 32}
_SAID = Event("u", "e", "Call me at 13812345678.")


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    keys = tmp_path / "keys"
    keys.mkdir()
    for name, key in _KEYS.items():
        (keys / f"{name}.key").write_text(f"{key}\n", "ascii")
    limner = Limner(tmp_path / "none", llm=ScriptedChat(script=lambda *asked: "[]"), embedder=HashingEmbedder())
    return Tenants(limner, tmp_path / "all", keys)


def test_each_tenant_has_its_own_key(tenants: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_TOKEN_KEY", "3c" * 32)  # is nobody's
    tokens = []
    for name, other in (("acme", "bear"), ("bear", "acme")):
        limner = tenants.limner(name)
        limner.ingest_events([_SAID], personal_data="tokenise")
        limner.ingest_events([_SAID, Event("u", "f", "13812345678 again")])
        assert limner.store.event("u", "e").text.startswith("Call me at [PHONE:")
        assert [each.words for each in limner.reveal("u")] == ["13812345678"] * 2
        assert [each.words for each in limner.reveal("u", key=_KEYS[name])] == ["13812345678"] * 2
        tokens.append({each.token for each in limner.reveal("u")})
        for wrong in (_KEYS[other], "3c" * 32):
            with pytest.raises(UsageError, match="not the one of this store's pseudonyms"):
                limner.reveal("u", key=wrong)
    assert not tokens[0] & tokens[1]
    tenants.close()


def test_tenants_are_refused_where_one_database_would_hold_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limner = Limner(tmp_path / "none", llm=ScriptedChat(script=lambda *asked: "[]"), embedder=HashingEmbedder())
    monkeypatch.setenv("LIMNER_INDEX", "http://127.0.0.1:1")  # has a collection for each store
    Tenants(limner, tmp_path / "all").close()
    monkeypatch.setenv("LIMNER_RECORD", "postgresql://ann:secret@127.0.0.1:1/all")
    with pytest.raises(UsageError, match="LIMNER_RECORD names one database") as told:
        Tenants(limner, tmp_path / "all")
    assert "secret" not in str(told.value)
    Tenants(limner).close()  # one tenant may have it


def test_a_tenant_whose_key_was_exchanged_is_told(tenants: Tenants, tmp_path: Path) -> None:
    limner = tenants.limner("acme")
    limner.ingest_events([_SAID], personal_data="tokenise")
    (tmp_path / "keys" / "acme.key").write_text(_KEYS["bear"], "ascii")
    for call in (lambda: limner.reveal("u"), lambda: limner.ingest_events([Event("u", "f", "Call 13812345679.")])):
        with pytest.raises(UsageError, match="not the one of this store's pseudonyms"):
            call()
    assert [each.event_id for each in limner.store.events("u")] == ["e"]
    tenants.close()


def test_a_tenant_without_a_key_gets_nobody_elses(
    tenants: Tenants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMNER_TOKEN_KEY", _KEYS["acme"])
    limner = tenants.limner("crow")
    limner.ingest_events([Event("u", "e", "A rose.")])  # needs none
    with pytest.raises(UsageError, match=r"crow\.key"):
        limner.ingest_events([_SAID], personal_data="tokenise")
    (tmp_path / "keys" / "crow.key").write_text("4d" * 32, "ascii")
    assert limner.ingest_events([_SAID], personal_data="tokenise").updated == 1
    tenants.close()
