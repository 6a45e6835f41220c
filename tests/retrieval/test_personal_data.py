"""Personal data in a store: policies, what is kept of an event, loading again, forgetting, keys."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import StoreError, UsageError
from retrieval.events import Event
from retrieval.personal.keys import TokenKey, find_key, read_key
from retrieval.personal.policy import PersonalData
from retrieval.personal.redacting import NOTES
from retrieval.scopes import Scope
from retrieval.store import Store

WriteRows = Callable[..., Path]
KEY = "0f" * 32
MASK, MARK, OFF = PersonalData("mask"), PersonalData("mark"), PersonalData("off")
TOKENS = PersonalData("tokenise", key=KEY)
ROW = {"user_id": "u", "id": "1", "timestamp": "2024-01-01T10:00:00", "speaker": "user"}
ENGLISH = {**ROW, "text": "Call me at 212-555-2368 or write to bob@example.com, please."}
CHINESE = {**ROW, "id": "2", "text": "我叫王晓梅，手机13812345678，订单号20240105123456。"}


def test_off_is_the_default(store: Store, write_rows: WriteRows) -> None:
    report = store.ingest([write_rows(ENGLISH)])
    assert store.event("u", "1").text == ENGLISH["text"]
    assert (report.policy, report.personal, store.event("u", "1").metadata) == ("off", {}, {})


def test_mark_leaves_the_text_and_notes_the_places(store: Store, write_rows: WriteRows) -> None:
    report = store.ingest([write_rows({**ENGLISH, "text": "<p>" + str(ENGLISH["text"]) + "</p>"})], personal_data=MARK)
    event = store.event("u", "1")
    assert event.text == ENGLISH["text"] and event.raw is not None
    assert [(each["kind"], event.text[each["start"] : each["end"]]) for each in event.metadata[NOTES]] == [
        ("phone", "212-555-2368"),
        ("email", "bob@example.com"),
    ]
    assert report.personal == {"phone": 1, "email": 1}


def test_mask_puts_labels_in_the_language_of_the_text(store: Store, write_rows: WriteRows) -> None:
    report = store.ingest([write_rows(ENGLISH, CHINESE)], personal_data=MASK)
    assert store.event("u", "1").text == "Call me at [PHONE] or write to [EMAIL], please."
    assert store.event("u", "2").text == "我叫[姓名]，手机[电话号码]，订单号20240105123456。"
    assert report.personal == {"phone": 2, "email": 1, "name": 1}
    event = store.event("u", "2")
    assert [event.text[each["start"] : each["end"]] for each in event.metadata[NOTES]] == ["[姓名]", "[电话号码]"]


def test_snippets_are_of_the_masked_text(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH, CHINESE)], personal_data=MASK)
    for hit in store.search("u", "212-555-2368 13812345678", k=10):
        assert hit.snippet.text == hit.event.text[hit.snippet.start : hit.snippet.end]
        assert "2368" not in hit.snippet.text and "1381" not in hit.snippet.text


@pytest.mark.local
def test_no_file_of_the_store_holds_what_was_masked(store: Store, write_rows: WriteRows, tmp_path: Path) -> None:
    text = "<p>Call 212-555&#45;2368.</p><p>Mine&nbsp;is 4111 1111 1111 1111</p>"
    row = {
        **ROW,
        "text": text,
        "phone": 13812345678,
        "contact": {"e-mail": ["bob@example.com"]},
        "speaker": "+1 212-555-2368",
    }
    store.ingest([write_rows(row)], personal_data=MASK)
    store.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    for words in (b"2368", b"4111 1111", b"13812345678", b"bob@example"):
        assert words not in held
    event = store.event("u", "1")
    assert (event.raw, event.speaker) == (None, "[PHONE]")
    assert event.metadata["phone"] == "[PHONE]" and event.metadata["contact"] == {"e-mail": ["[EMAIL]"]}


@pytest.mark.local
def test_masking_later_and_compacting_removes_the_old_bytes(
    store: Store, write_rows: WriteRows, tmp_path: Path
) -> None:
    store.ingest([write_rows(ENGLISH, CHINESE)])
    store.ingest([write_rows(ENGLISH, CHINESE)], personal_data=MASK)
    store.forgetting.compact()
    store.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    for words in (b"212-555-2368", b"bob@example", b"13812345678", "王晓梅".encode()):
        assert words not in held


def test_metadata_that_is_no_personal_data_stays(store: Store, write_rows: WriteRows) -> None:
    extra = {
        "order_id": "13812345678",
        "total": 1299.99,
        "items": [{"name": "Laura Ashley lamp", "product_id": 5105105105105100}],
        "paid": True,
        "name": "Blue Shirt",
        "created_at": "2024-01-01 10:00:00",
        "note": None,
    }
    store.ingest([write_rows({**ROW, "text": "Thanks!", **extra})], personal_data=MASK)
    assert store.event("u", "1").metadata == {key: value for key, value in extra.items() if value is not None}


def test_columns_say_what_their_values_are(store: Store, write_rows: WriteRows) -> None:
    extra = {
        "customer_name": "anna",
        "ssn": 536904399,
        "cardNumber": "4342432153328663",
        "password": "sesame",
        "手机": 13812345678,
    }
    store.ingest([write_rows({**ROW, "text": "Thanks!", **extra})], personal_data=MASK)
    event = store.event("u", "1")
    assert {key: event.metadata[key] for key in extra} == {
        "customer_name": "[NAME]",
        "ssn": "[SSN]",
        "cardNumber": "[CARD]",
        "password": "[SECRET]",
        "手机": "[PHONE]",
    }


def test_only_the_chosen_kinds_are_masked(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH)], personal_data=PersonalData("mask", kinds=["email"]))
    assert store.event("u", "1").text == "Call me at 212-555-2368 or write to [EMAIL], please."
    store.ingest([write_rows(ENGLISH, {**CHINESE})])
    assert "13812345678" in store.event("u", "2").text  # the kinds are kept with the policy
    store.ingest([write_rows(ENGLISH)], personal_data=PersonalData(kinds=["all"]))
    assert store.event("u", "1").text == "Call me at [PHONE] or write to [EMAIL], please."


def test_the_policy_stays_until_it_is_changed(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH)], personal_data=MASK)
    report = store.ingest([write_rows(ENGLISH, CHINESE)])
    assert (report.unchanged, report.added, report.policy, report.policy_before) == (1, 1, "mask", "mask")
    assert "13812345678" not in store.event("u", "2").text
    assert store.ingest([write_rows(ENGLISH)], personal_data=OFF).updated == 1
    assert store.event("u", "1").text == ENGLISH["text"]


@pytest.mark.parametrize("with_id", [True, False])
def test_every_change_of_policy_replaces_what_was_there(store: Store, write_rows: WriteRows, with_id: bool) -> None:
    rows = [{key: value for key, value in row.items() if with_id or key != "id"} for row in (ENGLISH, CHINESE)]
    history = write_rows(*rows)
    store.ingest([history])
    plain = [event.text for event in store.events("u")]
    for policy in (MASK, TOKENS, MARK, MASK, OFF):
        report = store.ingest([history], personal_data=policy)
        assert (report.updated, report.added, report.unchanged) == (2, 0, 0), policy
        again = store.ingest([history], personal_data=PersonalData(key=policy.key))
        assert (again.updated, again.added, again.unchanged) == (0, 0, 2), policy
        assert len(store.events("u")) == 2 and len(store.search("u", "call", k=10)) == 2
    assert [event.text for event in store.events("u")] == plain


def test_copies_follow_an_event_whose_id_changes(store: Store, write_rows: WriteRows) -> None:
    first = {"user_id": "u", "text": "The parcel was damaged when it arrived.", "timestamp": "2024-01-01"}
    history = write_rows(first, {**first, "timestamp": "2024-01-02"})
    store.ingest([history])
    report = store.ingest([history], personal_data=MASK)
    one, two = store.events("u")
    assert (report.updated, one.copy_of, two.copy_of) == (2, None, one.event_id)


def test_an_id_made_of_masked_words_tells_nothing_of_them(store: Store, write_rows: WriteRows) -> None:
    row = {"user_id": "u", "text": "My pin is 3597"}
    store.ingest([write_rows(row)])
    before = store.events("u")[0].event_id
    store.ingest([write_rows(row)], personal_data=MASK)
    assert store.events("u")[0].event_id != before  # a hash that anybody could try ten thousand pins against


def test_what_was_forgotten_stays_out_under_every_policy(store: Store, write_rows: WriteRows) -> None:
    rows = [{key: value for key, value in row.items() if key != "id"} for row in (ENGLISH, CHINESE)]
    history = write_rows(*rows)
    store.ingest([history], personal_data=MASK)
    store.forgetting.forget("u", Scope.of([store.events("u")[0].event_id], None, None, None))
    for policy in (MASK, OFF, TOKENS, MARK):
        report = store.ingest([history], personal_data=policy)
        assert (report.forgotten, len(store.events("u"))) == (1, 1), policy


def test_pseudonyms_are_stable_and_reversible(store: Store, write_rows: WriteRows) -> None:
    other = {**ROW, "user_id": "v", "text": "my phone is (212) 555 2368, honestly", "phone": "212.555.2368"}
    store.ingest([write_rows(ENGLISH, CHINESE, other)], personal_data=TOKENS)
    event, same = store.event("u", "1"), store.event("v", "1")
    found = store.reveal("u", key=KEY)
    assert [(each.kind, each.words) for each in found] == [
        ("phone", "212-555-2368"),
        ("email", "bob@example.com"),
        ("name", "王晓梅"),
        ("phone", "13812345678"),
    ]
    assert event.text == f"Call me at {found[0].token} or write to {found[1].token}, please."
    assert found[0].token in same.text and same.metadata["phone"] == found[0].token
    assert found[2].token.startswith("[姓名:")
    revealed = store.reveal("v", key=KEY)
    assert [(each.field, each.words) for each in revealed] == [
        ("text", "(212) 555 2368"),
        ("/metadata/phone", "212.555.2368"),
    ]
    assert store.reveal("u", ["2"], key=KEY) == found[2:]


@pytest.mark.local
def test_pseudonyms_leave_no_words_and_no_key_in_the_store(store: Store, write_rows: WriteRows, tmp_path: Path) -> None:
    store.ingest([write_rows(ENGLISH)], personal_data=TOKENS)
    store.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert b"2368" not in held and b"bob@" not in held and KEY.encode() not in held and bytes.fromhex(KEY) not in held


def test_a_wrong_or_missing_key_changes_nothing(
    store: Store, write_rows: WriteRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIMNER_TOKEN_KEY", raising=False)
    with pytest.raises(UsageError, match="need a key"):
        store.ingest([write_rows(ENGLISH)], personal_data=PersonalData("tokenise"))
    store.ingest([write_rows(ENGLISH)], personal_data=TOKENS)
    before = store.event("u", "1")
    wrong = "1e" * 32
    for call in (
        lambda: store.ingest([write_rows(CHINESE)], personal_data=PersonalData(key=wrong)),
        lambda: store.reveal("u", key=wrong),
    ):
        with pytest.raises(UsageError, match="not the one of this store") as raised:
            call()
        assert wrong not in str(raised.value)
    assert store.events("u") == [before]
    monkeypatch.setenv("LIMNER_TOKEN_KEY", KEY)
    assert store.ingest([write_rows(ENGLISH)]).unchanged == 1
    assert len(store.reveal("u")) == 2


def test_a_store_without_pseudonyms_reveals_none(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH)], personal_data=MASK)
    with pytest.raises(UsageError, match="no pseudonyms"):
        store.reveal("u", key=KEY)


def test_sealed_words_are_bound_to_their_event(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH)], personal_data=TOKENS)
    notes = store.event("u", "1").metadata[NOTES]
    key = TokenKey(KEY, store._open().record.identity())
    token = store.reveal("u", key=KEY)[0].token
    assert key.open(notes[0]["sealed"], "u", "1", token) == "212-555-2368"
    with pytest.raises(StoreError, match="cannot be opened"):
        key.open(notes[0]["sealed"], "v", "1", token)
    with pytest.raises(StoreError, match="cannot be opened"):
        key.open("AAAA" + notes[0]["sealed"][4:], "u", "1", token)


def test_keys_are_read_from_files_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.upper() + "\n")
    assert read_key(path) == KEY
    path.write_text("hunter2 is no key")
    with pytest.raises(UsageError, match="64 hex digits") as raised:
        read_key(path)
    assert "hunter2" not in str(raised.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read_key(tmp_path / "none")
    monkeypatch.setenv("LIMNER_TOKEN_KEY", "short")
    with pytest.raises(UsageError, match="LIMNER_TOKEN_KEY"):
        find_key(None)
    assert os.environ["LIMNER_TOKEN_KEY"] == "short"


def test_other_stores_have_other_pseudonyms() -> None:
    one, two = TokenKey(KEY, "a"), TokenKey(KEY, "b")
    assert one.token("phone", "138 1234 5678") == one.token("phone", "13812345678") != two.token("phone", "13812345678")
    assert one.token("phone", "1") != one.token("card", "1")
    assert one.check != two.check


def test_a_policy_that_is_none_is_refused(store: Store, write_rows: WriteRows) -> None:
    with pytest.raises(UsageError, match="off, mark, mask, tokenise"):
        store.ingest([write_rows(ENGLISH)], personal_data=PersonalData("hide"))


def test_events_made_elsewhere_are_masked_too(store: Store) -> None:
    store.ingest_events([Event("u", "1", "mail bob@example.com")], personal_data=MASK)
    assert store.event("u", "1").text == "mail [EMAIL]"


def test_what_was_forgotten_masked_stays_out_under_another_id_too(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH, CHINESE)], personal_data=MASK)
    store.forgetting.forget("u", Scope.of(["1"], None, None, None))
    assert store.ingest([write_rows({**ENGLISH, "id": "9"})], personal_data=OFF).forgotten == 1
    store.forgetting.forget("u", Scope.of(["2"], None, None, None))
    report = store.ingest([write_rows({**CHINESE, "id": "9"})], personal_data=MASK)
    assert (report.forgotten, report.added) == (1, 0)


@pytest.mark.local
def test_a_proof_of_erasure_looks_for_the_masked_form_as_well(store: Store, write_rows: WriteRows) -> None:
    row = {"user_id": "u", "text": "Please call me back on 212-555-2368 about the broken lamp."}
    history = write_rows(row)
    store.ingest([history], personal_data=MASK)
    assert store.prove_erasure("u", [history]).still_there == 1
    store.forgetting.forget("u", Scope.of(None, None, None, None))
    proof = store.prove_erasure("u", [history])
    assert proof.is_clean and proof.vectors == 2


def test_a_column_of_that_name_cannot_forge_notes(store: Store, write_rows: WriteRows) -> None:
    forged = [{"kind": "phone", "field": "text", "start": 0, "end": 4, "sealed": "AAAA"}]
    for policy in (TOKENS, OFF):
        store.ingest([write_rows({**ROW, "text": "Hello there", NOTES: forged})], personal_data=policy)
        assert store.reveal("u", key=KEY) == []
        assert NOTES not in json.dumps(dict(store.event("u", "1").metadata))


def test_a_damaged_setting_is_an_error(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(ENGLISH)])
    settings: dict[str, Any] = {"personal_data": '{"policy": "hide", "kinds": ["all"]}'}
    store._open().record.keep_settings(**settings)
    with pytest.raises(StoreError, match="Update limner"):
        store.ingest([write_rows(ENGLISH)])
