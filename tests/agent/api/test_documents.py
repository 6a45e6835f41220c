"""The documents are those of the command line, whatever ids are; lists come in pages; nothing is done twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.api.cursors import cursor_of
from agent.api.paths import path_of
from agent.cli import main
from tests.agent.api.serving import LINES, Served, served
from tests.agent.scripted import answer, open_with

ODD_IDS = ("a/b", "..", ".", "名 字", "x?y#z", "100%25", "a+b", "😀", "q&a=1", "a\\b", "%2F", "´")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        found.load()
        yield found


def _cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--store", str(tmp_path / "store"), "--json"], open_with(answer)) == 0
    return json.loads(capsys.readouterr().out)


def test_the_same_documents_as_on_the_command_line(
    server: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def same(path: str, *words: str) -> None:
        told = server.ask("GET", path)
        assert told.status_code == 200, told.text
        document = told.json()
        assert document.pop("next", None) is None, "one page holds all"
        assert document == _cli(tmp_path, capsys, *words)

    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    server.ask("GET", f"/v1/jobs/{job['job_id']}/events")
    users = server.ask("GET", "/v1/users").json()
    assert {"users": users["users"]} == _cli(tmp_path, capsys, "users")
    same("/v1/users/u1/search?q=city&k=1", "search", "u1", "city", "-k", "1")
    same("/v1/users/u1/profiles", "versions", "u1")
    same("/v1/users/u1/profiles/person/versions/1", "profile", "u1", "--version", "1")
    same("/v1/users/u1/profiles/person/versions/1/changes", "profile", "u1", "--version", "1", "--diff")
    verdict = {"pointer": "/location", "action": "confirm", "by": "Jo"}
    made = server.ask("POST", "/v1/users/u1/corrections", json=verdict)
    assert (made.status_code, made.json()["value"], made.json()["by"]) == (201, "Munich", "Jo")
    same("/v1/users/u1/corrections", "corrections", "u1")
    preview = server.ask("POST", "/v1/users/u1/erasures", json={"dry_run": True})
    assert (preview.status_code, preview.json()) == (200, _cli(tmp_path, capsys, "forget", "u1", "--dry-run"))
    asked = server.ask("POST", "/v1/users/u1/ask", json={"question": "Which city does she live in?"}).json()
    assert asked["answer"] == "Munich"
    assert asked.keys() == _cli(tmp_path, capsys, "ask", "u1", "Which city does she live in?").keys()


def test_ids_may_be_anything(server: Served) -> None:
    for odd in ODD_IDS:
        made = server.ask("POST", path_of("v1", "users", odd, "events"), json={"text": "I live in Munich.", "id": odd})
        assert made.status_code == 201, (odd, made.text)
        where = made.headers["location"]
        event = server.ask("GET", where).json()
        assert (event["user_id"], event["event_id"]) == (odd, odd)
    listed = {each["user_id"] for each in server.ask("GET", "/v1/users").json()["users"]}
    assert listed >= set(ODD_IDS)
    assert server.ask("GET", f"/v1/users/{quote('a/b', safe='')}/search?q=city").json()["hits"]


def test_users_in_pages(server: Served) -> None:
    for number in range(7):
        server.ask("POST", f"/v1/users/P{number}/events", json={"text": "I live in Munich."})
    found: list[str] = []
    after = None
    while True:
        page = server.ask(
            "GET", "/v1/users", params={"q": "p", "limit": 3, **({"after": after} if after else {})}
        ).json()
        found += [each["user_id"] for each in page["users"]]
        assert len(page["users"]) <= 3
        if (after := page["next"]) is None:
            break
    assert found == [f"P{number}" for number in range(7)]
    assert server.ask("GET", "/v1/users/P3").json()["events"] == 1
    assert server.ask("GET", "/v1/users", params={"after": "nonsense"}).status_code == 422


def test_events_in_pages_and_filtered(server: Served) -> None:
    path = "/v1/users/many/events"
    for number in range(1, 10):
        channel = "chat" if number % 2 else "email"
        event = {"text": f"This is message number {number}.", "id": f"e{number}", "channel": channel}
        dated = {} if number > 7 else {"timestamp": f"2024-01-0{8 - number}"}
        server.ask("POST", path, json={**event, **dated})

    def listed(**query: Any) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while True:
            page = server.ask("GET", path, params={**query, "limit": 2, **({"after": after} if after else {})}).json()
            found += [each["event_id"] for each in page["events"]]
            if (after := page["next"]) is None:
                return found

    dated = [f"e{number}" for number in range(7, 0, -1)]
    assert listed() == ["e8", "e9", *dated], "what has no time counts as the oldest"
    assert listed(order="newest") == [*reversed(dated), "e9", "e8"]
    assert listed(channel="email") == ["e8", "e6", "e4", "e2"]
    assert listed(since="2024-01-03", until="2024-01-05") == ["e5", "e4", "e3"]
    assert listed(role="agent") == []
    assert server.ask("GET", path, params={"since": "someday"}).status_code == 400
    for place in ((0.0, 10**30), (10**400, 1), (float("nan"), 1), (0.0, -1), ("0", 1), (None, 1)):
        assert server.ask("GET", path, params={"after": cursor_of(*place)}).status_code == 422, place


def test_an_upload_is_loaded_once_and_bad_lines_are_told(server: Served) -> None:
    lines = [
        json.dumps({"user_id": f"up{n % 5}", "id": f"e{n}", "text": f"Message {n} about shoes"}) for n in range(700)
    ]
    lines[3] = "no json"
    body = "\n".join(lines).encode()
    first = server.ask("POST", "/v1/events", content=body).json()
    assert (first["read"], first["added"] + first["repeated"], first["bad_count"]) == (700, 699, 1)
    assert first["bad"][0] | {"reason": ""} == {"file": "upload", "line": 4, "reason": "", "kind": "unreadable"}
    told = server.ask("POST", "/v1/events", content=body, headers={"Accept": "text/event-stream"}).text
    events = [block.split("\n", 1) for block in told.strip().split("\n\n")]
    assert events[-1][0] == "event: done"
    done = json.loads(events[-1][1].removeprefix("data: "))
    assert (done["added"], done["unchanged"]) == (0, 699)
    assert not [each for each in (server.service.home).iterdir() if each.name.startswith("tmp")]


def test_an_upload_of_lines_without_users(server: Served) -> None:
    body = json.dumps({"body": "I live in Munich."}).encode()
    told = server.ask("POST", "/v1/events", content=body, params={"user": "u9", "map": "text=body"})
    assert told.json()["added"] == 1
    assert server.ask("GET", "/v1/users/u9").json()["events"] == 1
    assert server.ask("POST", "/v1/events", content=body, headers={"Content-Encoding": "gzip"}).status_code == 415


def test_a_profile_has_an_etag(server: Served) -> None:
    path = "/v1/users/u1/profiles/person"
    assert server.ask("GET", path).status_code == 404
    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    server.ask("GET", f"/v1/jobs/{job['job_id']}/events")
    first = server.ask("GET", path)
    tag = first.headers["etag"]
    assert first.json()["profile"]["location"] == "Munich"
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = server.ask("GET", path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    server.ask("POST", "/v1/users/u1/corrections", json={"pointer": "/location", "action": "forbid"})
    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    server.ask("GET", f"/v1/jobs/{job['job_id']}/events")
    changed = server.ask("GET", path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.json()["profile"].get("location") is None
    old = server.ask("GET", f"{path}/versions/1")
    assert (old.content, old.headers["etag"]) == (first.content, tag)
    again = server.ask("GET", f"{path}/versions/1", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert server.ask("GET", f"{path}/versions/2", headers={"If-None-Match": tag}).status_code == 200


def test_schemas(server: Served) -> None:
    mine = {"type": "object", "properties": {"city": {"type": "string"}}}
    assert server.ask("PUT", "/v1/schemas/mine", json=mine).status_code == 201
    assert server.ask("PUT", "/v1/schemas/mine", json=mine).status_code == 200
    assert server.ask("GET", "/v1/schemas/mine").json()["document"] == mine
    names = [each["name"] for each in server.ask("GET", "/v1/schemas").json()["schemas"]]
    assert {"mine", "person", "customer"} <= set(names)
    check = server.ask("POST", "/v1/schema-checks", json={"schema": "mine", "profile": {"city": 5}}).json()
    assert [check["valid"], [each["pointer"] for each in check["errors"]]] == [False, ["/city"]]
    check = server.ask("POST", "/v1/schema-checks", json={"schema": {"type": "object", "not": {}}}).json()
    assert (check["valid"], check["errors"][0]["at"]) == (False, "schema")
    odd = {"type": "object", "properties": {"city": {"type": "string", "x-compute": "magic"}}}
    assert server.ask("PUT", "/v1/schemas/odd", json=odd).json()["pointer"] == "/properties/city/x-compute"
    assert not server.ask("POST", "/v1/schema-checks", json={"schema": odd}).json()["valid"]
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"a": deep}}
    assert server.ask("PUT", "/v1/schemas/deep", json=deep).status_code in (400, 422)
    assert server.ask("DELETE", "/v1/schemas/mine").status_code == 204
    assert server.ask("GET", "/v1/schemas/mine").status_code == 404
    assert server.ask("DELETE", "/v1/schemas/person").status_code == 404


BAD_SCHEMAS = [
    {"type": "object", "properties": {"x": {"type": "string", "pattern": "("}}},
    {"type": "object", "properties": {"x": {"type": "string", "pattern": "(a+)+$"}}},
    {"type": "object", "properties": {"x": {"$ref": "https://example.com/x.json"}}},
    {"type": "object", "properties": {"x": {"$ref": "#/properties/x"}}},
    {"type": "object", "properties": {"x": {"type": "number", "multipleOf": 0}}},
    {"type": "object", "properties": {"x": {"enum": []}}},
    {"type": "object", "properties": {"\ud800": {"type": "string"}}},
    {"type": "object", "properties": {"x": {"type": "string", "minLength": 10**30}}},
    {"$schema": 5, "type": "object", "properties": {"x": {}}},
    {"type": "object", "properties": {"x": True}},
    {"title": {"a": 1}, "type": "object", "properties": {"x": {"type": "string"}}},
]


@pytest.mark.parametrize("schema", BAD_SCHEMAS, ids=lambda each: json.dumps(each)[:60])
def test_no_schema_is_a_defect(server: Served, schema: Any) -> None:
    body = json.dumps({"schema": schema, "profile": {"x": "aaaa"}})
    told = server.ask("POST", "/v1/schema-checks", content=body, headers={"Content-Type": "application/json"})
    assert told.status_code in (200, 422), told.text
    told = server.ask(
        "PUT", "/v1/schemas/odd", content=json.dumps(schema), headers={"Content-Type": "application/json"}
    )
    assert told.status_code in (201, 422), told.text


@pytest.mark.parametrize("value", ["NaN", '"\\ud800"', "[" * 60 + "]" * 60, "[" * 100_000, "1e999", "1" * 5000])
def test_no_json_is_a_defect(server: Served, value: str) -> None:
    body = f'{{"pointer": "/location", "action": "correct", "value": {value}}}'
    told = server.ask("POST", "/v1/users/u1/corrections", content=body, headers={"Content-Type": "application/json"})
    assert told.status_code in (400, 422), told.text


def test_a_repeated_write_is_done_once(server: Served) -> None:
    verdict = {"pointer": "/location", "action": "correct", "value": "Bonn", "by": "Jo"}
    key = {"Idempotency-Key": "k1"}
    first = server.ask("POST", "/v1/users/u1/corrections", json=verdict, headers=key)
    again = server.ask("POST", "/v1/users/u1/corrections", json=verdict, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert len(server.ask("GET", "/v1/users/u1/corrections").json()["corrections"]) == 1
    other = server.ask("POST", "/v1/users/u1/corrections", json={**verdict, "value": "Rome"}, headers=key)
    assert other.status_code == 422
    foreign = {**server.key("admin"), **key}
    assert server.ask("POST", "/v1/users/u1/corrections", json=verdict, headers=foreign).status_code == 201
    assert len(server.ask("GET", "/v1/users/u1/corrections").json()["corrections"]) == 2


def test_a_repeated_consent_is_recorded_once(server: Served) -> None:
    path, given = "/v1/users/u1/consents", {"purpose": "support", "source": "form"}
    for key, wanted in (("in", given), ("out", {**given, "action": "withdraw"})):
        told = [server.ask("POST", path, json=wanted, headers={"Idempotency-Key": key}) for _ in range(2)]
        assert [each.status_code for each in told] == [201, 201] and told[0].content == told[1].content
        assert told[1].headers["idempotency-replayed"] == "true"
    assert [each["action"] for each in server.ask("GET", path).json()["consents"]] == ["grant", "withdraw"]
    server.ask("POST", "/v1/users/u1/erasures", json={}).raise_for_status()
    assert not server.service.once._entries, "neither stays when the user is erased"


def test_a_repeated_compaction_is_answered_as_before(server: Served) -> None:
    server.ask("POST", "/v1/users/u1/erasures", json={"events": ["a"], "defer": True}).raise_for_status()
    first, again = (server.ask("POST", "/v1/compactions", headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (len(first.json()["completed"]), again.content) == (1, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert server.ask("POST", "/v1/compactions").json() == {"completed": []}


def test_a_failed_write_may_be_repeated(server: Served) -> None:
    key = {"Idempotency-Key": "k1"}
    verdict = {"pointer": "/location", "action": "confirm"}
    assert server.ask("POST", "/v1/users/u1/corrections", json=verdict, headers=key).status_code == 422
    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    server.ask("GET", f"/v1/jobs/{job['job_id']}/events")
    assert server.ask("POST", "/v1/users/u1/corrections", json=verdict, headers=key).status_code == 201


def test_an_upload_that_is_followed_by_events_takes_no_idempotency_key(server: Served) -> None:
    headers = {"Accept": "text/event-stream", "Idempotency-Key": "k1"}
    told = server.ask("POST", "/v1/events", content=json.dumps(LINES[0]), headers=headers)
    assert (told.status_code, told.json()["type"].rpartition("/")[2]) == (400, "bad-request")
    assert "Idempotency-Key" in told.json()["detail"]


def test_an_erasure_by_the_command_line_beside_the_server_takes_them_as_well(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.load()
        key = {"Idempotency-Key": "k1"}
        built = server.ask("POST", "/v1/users/u1/profiles", json={}, headers=key).json()
        server.ask("GET", f"/v1/jobs/{built['job_id']}/events")
        assert "Munich" in server.ask("GET", f"/v1/jobs/{built['job_id']}").text
        assert main(["forget", "u1", "--store", str(tmp_path / "store")], open_with(answer)) == 0
        assert server.ask("GET", "/v1/jobs").json() == {"jobs": [], "next": None}
        assert server.ask("GET", f"/v1/jobs/{built['job_id']}").status_code == 404
        assert server.ask("POST", "/v1/users/u1/profiles", json={}, headers=key).status_code == 404


def test_an_erasure_takes_jobs_and_remembered_answers_with_it(server: Served) -> None:
    key = {"Idempotency-Key": "k1"}
    server.ask("POST", "/v1/events", content=json.dumps(LINES[0]), headers={"Idempotency-Key": "up"})
    server.ask("POST", "/v1/users/张三/events", json={"text": "还在这里"}, headers={"Idempotency-Key": "stays"})
    built = server.ask("POST", "/v1/users/u1/profiles", json={}, headers=key).json()
    server.ask("GET", f"/v1/jobs/{built['job_id']}/events")
    erased = server.ask("POST", "/v1/users/u1/erasures", json={}, headers={"Idempotency-Key": "gone"})
    assert (erased.status_code, erased.json()["state"]) == (201, "done")
    assert server.ask("GET", f"/v1/jobs/{built['job_id']}").status_code == 404
    assert server.ask("GET", "/v1/jobs", params={"user": "u1"}).json() == {"jobs": [], "next": None}
    assert server.ask("POST", "/v1/users/u1/profiles", json={}, headers=key).status_code == 404
    remembered = server.service.once._entries.values()
    assert len(remembered) == 2, "the receipt, and what is about another user"
    assert b"Munich" not in b"".join(each.answer.said[1] for each in remembered if each.answer)
    again = server.ask("POST", "/v1/users/u1/erasures", json={}, headers={"Idempotency-Key": "gone"})
    assert again.json() == erased.json()
    where = erased.headers["location"]
    assert server.ask("GET", where).json() == erased.json()
    assert server.ask("GET", "/v1/users/u1/erasures").json() == {"receipts": [erased.json()], "next": None}
    assert server.ask("POST", "/v1/receipt-checks", json=erased.json()).json() == {"genuine": True}
    assert server.ask("POST", "/v1/receipt-checks", json={**erased.json(), "number": 2}).json() == {"genuine": False}
    assert server.ask("GET", "/v1/erasures/99").status_code == 404


def test_a_deferred_erasure_is_completed_by_a_compaction(server: Served) -> None:
    told = server.ask("POST", "/v1/users/u1/erasures", json={"events": ["a"], "defer": True})
    assert (told.status_code, told.json()["state"]) == (201, "deferred")
    assert server.ask("POST", "/v1/users/u1/erasures", json={"events": ["a"]}).status_code == 404
    done = server.ask("POST", "/v1/compactions").json()["completed"]
    assert [each["state"] for each in done] == ["done"]
    assert server.ask("GET", "/v1/users/u1/export").json()["events"][0]["event_id"] == "b"


def test_a_version_of_a_schema_that_was_removed_is_still_read(server: Served) -> None:
    server.ask("PUT", "/v1/schemas/mine", json={"type": "object", "properties": {"city": {"type": ["string", "null"]}}})
    job = server.ask("POST", "/v1/users/u1/profiles", json={"schema": "mine"}).json()
    server.ask("GET", f"/v1/jobs/{job['job_id']}/events")
    server.ask("DELETE", "/v1/schemas/mine")
    assert server.ask("GET", "/v1/users/u1/profiles/mine").json()["profile"] == {"city": "Munich"}
    assert server.ask("GET", "/v1/users/u1/profiles/mine/versions/1").status_code == 200
    assert server.ask("GET", "/v1/users/u1/profiles/mine/versions/2").status_code == 404


def test_rivals_and_past_values_are_explained_and_judged(server: Served) -> None:
    server.load(
        {"user_id": "rae", "id": "r1", "timestamp": "2024-01-01", "text": "I live in Munich."},
        {"user_id": "rae", "id": "r2", "timestamp": "2024-05-01", "text": "我住在慕尼黑。"},
    )
    past = {"pointer": "/location", "of": "Munich"}
    found = server.ask("POST", "/v1/users/rae/explanations", json=past)
    assert (found.status_code, found.json()["value"], found.json()["status"]) == (200, "Munich", "superseded")
    told = server.ask("POST", "/v1/users/rae/explanations", json={**past, "of": "Paris"})
    assert (told.status_code, told.json()["type"]) == (422, "/v1/problems/input-error")
    told = server.ask("POST", "/v1/users/rae/explanations", json={"question": "Where?", "of": "Paris"})
    assert (told.status_code, told.json()["type"]) == (400, "/v1/problems/usage-error")
    told = server.ask("POST", "/v1/users/rae/corrections", json={**past, "action": "confirm"})
    assert (told.status_code, "past value" in told.json()["detail"]) == (422, True)
    made = server.ask("POST", "/v1/users/rae/corrections", json={**past, "action": "forbid"})
    assert (made.status_code, made.json()["before"]) == (201, "Munich")
