"""What people do in the console: log in, ask, correct, make profiles, erase; and who may."""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.console.reasoning import reasoning_of
from agent.console.sessions import LASTS_SECONDS, Sessions
from agent.console.texts import Language, Texts
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk
from tests.agent.scripted import answer


def wait_for(desk: Desk, reply: Any) -> str:
    """The id of the job that a form began, when it has ended."""
    assert reply.status_code == 303, reply.text
    job_id = reply.headers["location"].partition("id=")[2]
    job = desk.service.queue.job("default", job_id)
    assert job is not None and job.wait(30)
    return job_id


def key_of(desk: Desk, *scopes: str, label: str = "") -> str:
    return desk.service.keys.make("default", scopes, label=label)[0]


def logged_in(desk: Desk, *scopes: str, label: str = "") -> Browser:
    browser = Browser(desk, dev=False)
    token = browser.token("/login", next="/console")
    found = browser.post("/login", token, key=key_of(desk, *scopes, label=label), next="/console/customer?user=maya")
    assert found.headers["location"] == "/console/customer?user=maya"
    return browser


def test_without_a_key_there_is_only_the_login(desk: Desk) -> None:
    browser = Browser(desk, dev=False)
    found = browser.client.get("/console/customer?user=maya", follow_redirects=False)
    assert found.headers["location"] == "/console/login?next=%2Fconsole%2Fcustomer%3Fuser%3Dmaya"
    token = browser.token("/login", next="/console")
    assert browser.post("/login", token, key="limner_wrong").status_code == 401
    assert "Maya" not in browser.client.get("/console").text


def test_a_session_lasts_until_logout(desk: Desk) -> None:
    browser = logged_in(desk, "read")
    cookie = browser.client.cookies.jar
    assert "Maya Chen" in browser.text("/customer", user="maya") and len(list(cookie)) == 1
    browser.post("/logout")
    assert "API key" in browser.client.get("/console/customer?user=maya").text


def test_the_cookie_is_out_of_reach(desk: Desk) -> None:
    browser = Browser(desk, dev=False)
    told = browser.get("/login").headers["set-cookie"]
    assert "HttpOnly" in told and "SameSite=strict" in told and "Secure" not in told
    browser.client.base_url = "https://localhost"
    assert "Secure" in browser.get("/login").headers["set-cookie"]


def test_a_revoked_key_ends_its_sessions(desk: Desk) -> None:
    browser = logged_in(desk, "read")
    desk.service.keys.revoke(desk.service.keys.all()[0].key_id)
    assert "API key" in browser.client.get("/console/customer?user=maya").text


def test_sessions_end_by_themselves() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    secret, session = sessions.start("default", "k")
    assert sessions.get(secret) is session and sessions.get("other") is None
    now[0] = LASTS_SECONDS + 1
    assert sessions.get(secret) is None


def test_a_key_shows_and_does_only_what_it_may(desk: Desk) -> None:
    reader = logged_in(desk, "read")
    page = reader.text("/customer", user="maya")
    assert 'value="confirm"' not in page and "/console/erase" not in page and "/console/export.json" not in page
    said: dict[str, Any] = {
        "user": "maya",
        "schema": "customer",
        "pointer": "/location",
        "action": "confirm",
        "by": "x",
    }
    assert reader.post("/correct", **said).status_code == 403
    assert reader.post("/erase", user="maya", sure="yes").status_code == 403
    assert reader.get("/erase", user="maya").status_code == 403
    assert reader.get("/export.json", user="maya").status_code == 403
    assert desk.limner.corrections("maya") == [] and len(desk.limner.users()) == 1
    writer = logged_in(desk, "read", "write", label="Ana")
    page = writer.text("/customer", user="maya")
    assert 'value="confirm"' in page and "/console/erase" not in page


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, ""),
        ({}, "0" * 64),
        ({"sec-fetch-site": "cross-site"}, None),
        ({"sec-fetch-site": "same-site"}, None),
        ({"origin": "https://evil.example"}, None),
        ({"origin": "null"}, None),
    ],
)
def test_forms_of_other_pages_are_refused(browser: Browser, headers: Mapping[str, str], token: str | None) -> None:
    given = browser.token() if token is None else token
    fields = {"token": given, "user": "maya", "question": "Where does she live?"}
    found = browser.client.post("/console/ask", data=fields, headers=headers, follow_redirects=False)
    assert found.status_code == 403


def test_our_own_forms_are_taken(browser: Browser) -> None:
    fields = {"token": browser.token(), "user": "maya", "question": "Where does she live?"}
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}):
        found = browser.client.post("/console/ask", data=fields, headers=headers, follow_redirects=False)
        assert found.status_code == 303


def test_a_form_that_is_too_large_is_refused(browser: Browser) -> None:
    assert browser.post("/ask", user="maya", question="x" * 600_000).status_code == 413


def test_a_question_is_answered_with_footnotes(desk: Desk, browser: Browser) -> None:
    job_id = wait_for(desk, browser.post("/ask", user="maya", question="Which city does she live in?"))
    page = browser.text("/job", id=job_id)
    assert "Munich" in page and "I moved to Munich last week" in page
    assert "Which city does she live in?" in browser.text("/customer", user="maya")
    events = browser.get("/job/stream", id=job_id)
    assert events.headers["content-type"].startswith("text/event-stream") and "event: ended" in events.text


def test_what_the_history_does_not_tell_is_said(desk: Desk, browser: Browser) -> None:
    job_id = wait_for(desk, browser.post("/ask", user="maya", question="What is her shoe size?"))
    assert "I cannot tell from this history" in browser.text("/job", id=job_id)


def test_what_somebody_else_said_is_shown_instead(desk: Desk, browser: Browser) -> None:
    desk.load("talk", [("t1", "2026-01-10T09:00:00Z", "other", "My pottery class had a setback.")], speaker="Anna")
    desk.load("talk", [("t2", "2026-01-11T09:00:00Z", "other", "I am painting.")], speaker="Ben")
    question = "What setback did Ben have in his pottery class?"
    job_id = wait_for(desk, browser.post("/ask", user="talk", question=question))
    page = browser.text("/job", id=job_id)
    assert "But this was said by Anna, not by the person asked about" in page
    assert "My pottery class had a setback." in page and "Drafted and refused" not in page
    assert browser.post("/ask", user="maya", question=" ").status_code == 400
    assert browser.post("/ask", user="nobody", question="Who?").status_code == 404


def test_a_failed_job_says_why(desk: Desk, browser: Browser) -> None:
    job_id = wait_for(desk, browser.post("/ask", user="maya", question="go away"))
    page = browser.text("/job", id=job_id)
    assert "the server is gone" in page and "Start it" in page


def test_a_profile_is_made_seen_and_explained(desk: Desk, browser: Browser) -> None:
    assert "There is no profile" in browser.text("/customer", user="maya", schema="small")
    job_id = wait_for(desk, browser.post("/build", user="maya", schema="small"))
    done = browser.client.get(f"/console/job?id={job_id}", follow_redirects=False)
    assert done.headers["location"] == "/console/customer?user=maya&schema=small&said=built"
    page = browser.client.get(done.headers["location"]).text
    assert "Munich" in page and "up to date" in page
    job_id = wait_for(desk, browser.post("/explain", user="maya", schema="small", pointer="/city"))
    page = browser.text("/job", id=job_id)
    assert "It rests on these words" in page and "<mark>" in page and "Each snippet was read by itself" in page
    assert "The message before, 2 Mar 2026, <bdi>user</bdi>" in page, "it is months older"
    chinese = Browser(desk, language="zh").text("/job", id=job_id)
    assert "前一条消息, 2026年3月2日, <bdi>user</bdi>" in chinese
    job_id = wait_for(desk, browser.post("/explain", user="maya", schema="small", pointer="/job"))
    assert "Not told by this history" in browser.text("/job", id=job_id)


def test_disputed_and_past_values_are_explained_and_judged(desk: Desk, browser: Browser) -> None:
    """Each of the two that a customer said on one day, and what held before."""
    moved = [
        ("r1", "2026-01-10T09:00:00Z", "user", "I live in Munich."),
        ("r2", "2026-05-01T09:00:00Z", "user", "我住在慕尼黑。"),
    ]
    desk.load("rae", moved)
    desk.load("kit", [(f"k{name}", "2026-05-01T09:00:00Z", role, text) for name, _, role, text in moved])
    for user in ("rae", "kit"):
        wait_for(desk, browser.post("/build", user=user, schema="small"))
    page = browser.text("/customer", user="rae", schema="small")
    assert "1 earlier value" in page and "It was never right, forbid: Munich" in page
    assert "Confirm: Munich" not in page and "Correct: Munich" not in page, "it is of the past"
    past = {"user": "rae", "schema": "small", "pointer": "/city", "of": json.dumps("Munich")}
    why = browser.text("/job", id=wait_for(desk, browser.post("/explain", **past)))
    assert "It is of the past" in why and "In the profile: 慕尼黑" in why and "<mark>I live in Munich.</mark>" in why
    chinese = Browser(desk, language="zh").text("/job", id=wait_for(desk, browser.post("/explain", **past)))
    assert "这是过去的值" in chinese
    form = browser.text("/correct", user="rae", schema="small", pointer="/city", action="correct", again='"Munich"')
    assert 'value="Munich"' in form and "The profile says:" in form
    refused = browser.post("/correct", **past, action="confirm", by="Ana")
    assert refused.status_code == 422 and "a past value" in refused.text
    assert browser.post("/correct", **past, action="forbid", by="Ana").status_code == 303
    page = browser.text("/customer", user="rae", schema="small")
    assert page.count("forbidden by Ana, waits for the next profile") == 2, "at the value, and on the timeline"

    page = browser.text("/customer", user="kit", schema="small")
    held = desk.limner.profile("kit", desk.schema("small")).profile["city"]
    rival = next(each for each in ("Munich", "慕尼黑") if each != held)
    assert "Said, too, and disputed" in page and f"Confirm: {rival}" in page and f"Why: {rival}" in page
    told = {"user": "kit", "schema": "small", "pointer": "/city", "of": json.dumps(rival)}
    why = browser.text("/job", id=wait_for(desk, browser.post("/explain", **told)))
    assert f"Somebody says otherwise: {held}" in why and "It is disputed" in why
    assert browser.post("/correct", **told, action="confirm").status_code == 303
    (said,) = desk.limner.corrections("kit")
    assert (said.action, said.value, said.by) == ("confirm", rival, "Ana")
    assert browser.post("/correct", **{**told, "of": "{"}, action="confirm").status_code == 400
    wait_for(desk, browser.post("/build", user="kit", schema="small"))
    assert desk.limner.profile("kit", desk.schema("small")).profile["city"] == rival


@pytest.mark.parametrize(
    ("language", "by_word", "whole"), [("en", "word by word", "falls with its length"), ("zh", "逐词平均", "越长越低")]
)
def test_a_probability_says_what_it_is_of(desk: Desk, language: Language, by_word: str, whole: str) -> None:
    read = desk.limner.explain("maya", "/city", desk.schema("small"))
    found = replace(read, readings=(), probability=0.002, per_token=0.8, nothing=0.01)
    topics = reasoning_of(found, Texts(language, datetime.now(UTC))).topics
    first, second = (each for each in topics if by_word in each.heading or whole in each.heading)
    assert by_word in first.heading and [bar.chance for bar in first.bars] == [0.8]
    assert whole in second.heading and [bar.chance for bar in second.bars] == [0.002, 0.01]


def test_work_goes_on_when_the_page_is_loaded_again_and_can_be_cancelled(tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        began.set()
        assert go_on.wait(30)
        return answer(system, user, schema)

    desk = Desk(tmp_path, slow)
    desk.maya()
    browser = Browser(desk)
    first = browser.post("/build", user="maya", schema="small")
    assert began.wait(30)
    page = browser.text("/customer", user="maya", schema="small")
    job_id = first.headers["location"].partition("id=")[2]
    assert "A profile is being made" in page and job_id in page
    again = browser.post("/build", user="maya", schema="small")
    assert again.headers["location"] == first.headers["location"]
    assert "data-stream" in browser.text("/job", id=job_id)
    asked = browser.post("/ask", user="maya", question="Where does she live?").headers["location"]
    assert "Waiting; 1 before this" in browser.client.get(asked).text
    assert browser.post("/job/cancel", id=asked.partition("id=")[2]).headers["location"] == asked
    assert "Cancelled" in browser.client.get(asked).text
    cancelled = browser.post("/job/cancel", id=job_id)
    assert cancelled.headers["location"] == "/console/customer?user=maya&schema=small"
    go_on.set()
    wait_for(desk, first)
    assert "Cancelled" in browser.text("/job", id=job_id)
    desk.service.close()


def test_a_value_is_confirmed_with_one_click_once_the_name_is_known(desk: Desk, browser: Browser) -> None:
    said: dict[str, Any] = {"user": "maya", "schema": "customer", "pointer": "/location", "action": "confirm"}
    asked = browser.post("/correct", **said)
    assert asked.status_code == 200 and "Your name" in asked.text
    done = browser.post("/correct", **said, by="Ana")
    assert done.headers["location"].endswith("said=confirm")
    page = browser.client.get(done.headers["location"]).text
    assert "counts from the next profile on" in page and "Make the next profile now" in page
    assert browser.post("/correct", **{**said, "pointer": "/name"}).status_code == 303
    assert [(each.pointer, each.action, each.by) for each in desk.limner.corrections("maya")] == [
        ("/location", "confirm", "Ana"),
        ("/name", "confirm", "Ana"),
    ]
    assert "2 corrections count" in browser.text("/customer", user="maya")


def test_the_label_of_the_key_is_the_name(desk: Desk) -> None:
    browser = logged_in(desk, "read", "write", label="Ana of support")
    done = browser.post("/correct", user="maya", schema="customer", pointer="/name", action="confirm")
    assert done.status_code == 303 and desk.limner.corrections("maya")[0].by == "Ana of support"


def test_values_are_corrected_by_a_form(desk: Desk, browser: Browser) -> None:
    said: dict[str, Any] = {"user": "maya", "schema": "customer", "action": "correct", "by": "Ana", "note": "by phone"}
    form = browser.text("/correct", user="maya", schema="customer", pointer="/recent_issues/0", action="correct")
    assert 'value="broken kettle"' in form and 'name="value.status"' in form
    wrong = browser.post("/correct", **said, pointer="/sentiment", value="purple")
    assert wrong.status_code == 422 and 'role="alert"' in wrong.text
    solved = {"value.issue": "broken kettle", "value.status": "resolved"}
    for fields in (
        {"pointer": "/location", "value": "Vienna"},
        {"pointer": "/recent_issues/0", **solved},
        {"pointer": "/interests/-", "value": "tea"},
        {"pointer": "/churn_risk", "value": "high"},
    ):
        assert browser.post("/correct", **said, **fields).status_code == 303
    assert [each.value for each in desk.limner.corrections("maya")] == [
        "Vienna",
        {"issue": "broken kettle", "status": "resolved"},
        "tea",
        "high",
    ]
    assert browser.post("/correct", **{**said, "action": "explode"}, pointer="/name").status_code == 400


def test_corrections_wait_until_a_profile_was_made_with_them(desk: Desk, browser: Browser) -> None:
    wait_for(desk, browser.post("/build", user="maya", schema="small"))
    browser.post("/correct", user="maya", schema="small", pointer="/city", action="correct", value="Vienna", by="Ana")
    assert "1 correction counts" in browser.text("/customer", user="maya", schema="small")
    wait_for(desk, browser.post("/build", user="maya", schema="small"))
    page = browser.text("/customer", user="maya", schema="small")
    assert "counts from the next" not in page and "Vienna" in page and "corrected by Ana" in page
    changes = browser.text("/versions", user="maya", schema="small", version=2)
    assert "a person said so" in changes and "Vienna" in changes


def test_new_messages_are_told(desk: Desk, browser: Browser) -> None:
    desk.load("maya", [("m7", "2026-09-02", "user", "Any news?")])
    assert "1 message came after this profile" in browser.text("/customer", user="maya")


def test_a_profile_whose_schema_nobody_knows_any_more_is_still_shown(desk: Desk, browser: Browser) -> None:
    wait_for(desk, browser.post("/build", user="maya", schema="small"))
    desk.service.schemas.remove("default", "small")
    page = browser.text("/customer", user="maya", schema="small")
    assert "Munich" in page and 'value="confirm"' not in page


def test_erasing_asks_first_and_gives_a_receipt(desk: Desk, browser: Browser) -> None:
    assert "<dd>6</dd>" in browser.text("/erase", user="maya")
    unsure = browser.post("/erase", user="maya")
    assert unsure.status_code == 422 and "Tick the box" in unsure.text
    wait_for(desk, browser.post("/ask", user="maya", question="Which city?"))
    done = browser.post("/erase", user="maya", sure="yes")
    receipt = browser.client.get(done.headers["location"])
    assert "Receipt 1" in receipt.text and "maya" not in receipt.text.lower() and "of this store" in receipt.text
    assert browser.get("/receipt.json", number=1).json()["erased"]["events"] == 6
    assert browser.get("/customer", user="maya").status_code == 404
    assert not re.search("maya", browser.text(""), re.IGNORECASE) and desk.service.queue.jobs("default") == []


def test_another_tenants_jobs_do_not_exist(desk: Desk, browser: Browser) -> None:
    job_id = wait_for(desk, browser.post("/ask", user="maya", question="Which city?"))
    secret, _ = desk.service.keys.make("other", ["admin"])
    other = Browser(desk, dev=False)
    token = other.token("/login", next="/console")
    other.post("/login", token, key=secret, next="/console")
    assert other.get("/job", id=job_id).status_code == 404
    assert other.get("/customer", user="maya").status_code == 404


SMALL = '{"type": "object", "properties": {"city": {"type": ["string", "null"]}}}'


def test_a_schema_is_registered_used_and_removed(desk: Desk) -> None:
    writer = logged_in(desk, "read", "write")
    told = writer.post("/schemas", name="cities", document=SMALL)
    assert told.headers["location"] == "/console/schemas?show=cities&said=registered"
    page = writer.text("/schemas", show="cities", said="registered")
    assert "Registered." in page and "&#34;city&#34;" in page
    wait_for(desk, writer.post("/build", user="maya", schema="cities"))
    assert desk.limner.latest("maya", desk.schema("cities")).profile["city"] == "Munich"
    assert writer.post("/schemas/remove", name="cities").headers["location"] == "/console/schemas?said=removed"
    assert "cities" not in desk.service.schemas.names("default")
    assert len(desk.limner.store.keeping.versions("maya", "cities")) == 1, "its profiles stay"
    assert writer.post("/schemas/remove", name="customer").status_code == 404, "it is built in"


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("x", "{", "line 1, column 2"),
        ("x", "[]", "A schema is a JSON object"),
        ("x", '{"a": NaN}', "A schema is a JSON object"),
        ("x", "[" * 50_000, "A schema is a JSON object"),
        ("customer", SMALL, "built-in"),
        ("a/b", SMALL, "cannot be the name"),
        ("x", SMALL.replace('"string"', '"strong"'), "/properties/city"),
    ],
)
def test_what_is_wrong_with_a_schema_is_said_and_what_was_typed_stays(
    desk: Desk, name: str, document: str, said: str
) -> None:
    writer = logged_in(desk, "read", "write")
    reply = writer.post("/schemas", name=name, document=document)
    assert reply.status_code == 422 and said in reply.text and f'value="{name}"' in reply.text
    assert "x" not in desk.service.schemas.names("default")


def test_who_may_only_read_registers_no_schema(desk: Desk) -> None:
    reader = logged_in(desk, "read")
    assert "<textarea" not in reader.text("/schemas", show="small")
    assert reader.post("/schemas", name="x", document=SMALL).status_code == 403
    assert reader.post("/schemas/remove", name="small").status_code == 403
    assert "small" in desk.service.schemas.names("default")


def test_a_profile_is_made_anew(desk: Desk, browser: Browser) -> None:
    wait_for(desk, browser.post("/build", user="maya", schema="small"))
    again = desk.service.queue.job("default", wait_for(desk, browser.post("/build", user="maya", schema="small")))
    anew = desk.service.queue.job(
        "default", wait_for(desk, browser.post("/build", user="maya", schema="small", fresh="yes"))
    )
    assert again is not None and again.step is None, "nothing changed: the model was not asked"
    assert anew is not None and anew.step is not None
    assert 'name="fresh"' in browser.text("/customer", user="maya", schema="small")


@pytest.mark.parametrize("scope", ["read", "admin"])
def test_names_of_folders_are_for_operators(desk: Desk, caplog: pytest.LogCaptureFixture, scope: str) -> None:
    browser = logged_in(desk, scope)
    desk.limner.close()
    (desk.folder / "store" / "record.sqlite3").write_bytes(b"no database" * 1000)
    found = browser.get("/customer", user="maya")
    assert found.status_code == 500
    assert (str(desk.folder) in found.text) is (scope == "admin")
    assert str(desk.folder) in caplog.text
