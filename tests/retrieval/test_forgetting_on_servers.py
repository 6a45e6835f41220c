"""Forgetting with the record in PostgreSQL and the index on a Chroma server."""

import pytest

from retrieval.history import UnknownUser
from retrieval.scopes import Scope
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.retrieval.conftest import agrees, other

ROWS = [
    {"user_id": f"user-{n}", "id": f"e{k}", "text": f"Note {k} of person {n} on gardening, 园艺第{n}{k}号。"}
    for n in range(8)
    for k in range(3)
]


def test_what_limner_can_reach_is_gone_and_the_rest_is_said(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS)])
    before = [hit.event.text for hit in store.search("user-4", "gardening")]
    receipt = store.forgetting.forget("user-3", Scope())
    assert (receipt["state"], receipt["erased"]["events"], len(receipt["leftover"])) == ("done", 3, 2)
    assert receipt["leftover"][0].startswith("PostgreSQL: ") and receipt["leftover"][1].startswith("Chroma server: ")
    assert "operators" in receipt["meaning"] and "No byte" not in receipt["meaning"]
    with pytest.raises(UnknownUser):
        store.search("user-3", "gardening")
    assert [hit.event.text for hit in store.search("user-4", "gardening")] == before
    assert agrees(store)
    proof = store.prove_erasure("user-3", [write_rows(*ROWS)])
    assert proof.servers and proof.still_there == 0


def test_another_machine_knows_what_was_forgotten(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS)])
    receipt = store.forgetting.forget("user-3", Scope(), defer=True)
    elsewhere = other(store)
    assert elsewhere.forgetting.is_genuine(receipt, "user-3")
    report = elsewhere.ingest([write_rows(*ROWS)])
    assert (report.forgotten, report.unchanged) == (3, 21)
    assert [each["state"] for each in elsewhere.forgetting.compact()] == ["done"]
    assert len(store.search("user-4", "gardening")) == 3 and agrees(store)
    elsewhere.close()
