"""The timeline of a customer: messages by day or month and how values changed, in one order, with links, in pages."""

import re
from datetime import UTC, datetime
from typing import Any

from agent.console.portrait import portray
from agent.console.texts import Texts
from agent.console.turns import Turn, turns_of
from agent.documents import Claim, ClaimRef, Corrected, Rejected
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk, cite, fields
from tests.agent.console.test_pages import words_of

ENGLISH = Texts("en", datetime(2026, 9, 1, tzinfo=UTC))


def turns(desk: Desk, profile: dict[str, Any], claims: list[Claim], **more: Any) -> list[Turn]:
    return turns_of(portray(desk.profile("maya", profile, claims, **more), desk.schema("customer"), ENGLISH), ENGLISH)


def told(turn: Turn) -> tuple[str, str, list[str], list[str]]:
    before, after = ([part.text for said in which for part in said.parts] for which in (turn.before, turn.after))
    return turn.kind, turn.at, before, after


def claim(desk: Desk, pointer: str, value: Any, event: str, since: str | None, **more: Any) -> Claim:
    events = {each.event_id: each for each in desk.limner.store.events("maya")}
    evidence = cite("maya", events[event], events[event].text[:10])
    return Claim(**{**fields(Claim(pointer, value, "current", "stated", 0.9, since, None, (evidence,))), **more})


def test_messages_and_values_stand_in_one_order_each_with_a_link(browser: Browser) -> None:
    page = browser.text("/customer", user="maya")
    line = page.partition('id="timeline"')[2].partition("<aside")[0]
    months = re.findall(r'<time datetime="([\d-]+)"', line)
    assert months == ["2026-08", "2026-03", "2026-01"], "the history is longer than two months"
    words = words_of("<main" + line)
    august = words.partition("Mar 2026")[0]
    assert "3 messages" in august and "1 more message" in august and "I am angry" not in august.partition("Mood")[0]
    assert re.search(r"changed Location Hamburg \d → Munich \d", august)
    assert re.search(r"no longer Mood positive \d", august) and re.search(r"new Mood negative \d", august)
    assert words.index("I want to cancel") < words.index("I moved to Munich") < words.index("I love the new headphones")
    assert 'href="/console/message?user=maya&amp;event=m1&amp;start=' in line, "what a value rests on"
    assert 'href="/console/message?user=maya&amp;event=m6"' in line, "a message"
    anchor = re.search(r'href="#(attribute-\d+)"><bdi>Location', line)
    assert anchor is not None and f'id="{anchor[1]}" data-pointer="/location"' in page, "the value itself"
    until = re.search(r'href="(/console/messages\?user=maya&amp;until=2026-03-31)"', line)
    assert until is not None
    older = words_of(browser.client.get(until[1].replace("&amp;", "&")).text)
    assert "headphones" in older and "kettle" not in older


def test_what_is_replaced_given_up_and_disputed(desk: Desk) -> None:
    past = {"status": "superseded", "valid_to": "2026-08-13"}
    home = claim(desk, "/location", "Hamburg", "m1", "2026-01-10", **past, superseded_by=ClaimRef("/location", "Bonn"))
    bonn = claim(desk, "/location", "Bonn", "m4", "2026-08-13")
    tea = claim(desk, "/preferences", "tea", "m1", "2026-01-10", **past)
    rivals = [claim(desk, "/name", name, "m1", "2026-01-10", status="disputed") for name in ("Maya", "Mia")]
    found = turns(desk, {"location": "Bonn", "name": "Maya"}, [*rivals, home, bonn, tea])
    assert sorted(map(told, found)) == [
        ("became", "2026-01-10", [], ["Hamburg"]),
        ("became", "2026-01-10", [], ["tea"]),
        ("disputed", "2026-01-10", [], ["Maya", "Mia"]),
        ("ended", "2026-08-13", ["tea"], []),
        ("replaced", "2026-08-13", ["Hamburg"], ["Bonn"]),
    ]


def test_what_people_said_is_on_the_day_when_they_said_it(desk: Desk, browser: Browser) -> None:
    said = {name: Corrected("Ana", "2026-09-02T10:00:00Z", name, None) for name in ("confirm", "correct", "forbid")}
    town = claim(desk, "/location", "Vienna", "m4", "2026-09-02", origin="corrected", corrected=said["correct"])
    town = Claim(**{**fields(town), "evidence": ()})
    name = claim(desk, "/name", "Maya", "m1", "2026-01-10", origin="corrected", corrected=said["confirm"])
    rejected = (
        Rejected("/location", "Hamburg", "corrected by Ana", (), said["correct"]),
        Rejected("/occupation", "nurse", "forbidden by Ana", (), said["forbid"]),
        Rejected("/name", "Mia", "another value was confirmed by Ana", (), said["confirm"]),
        Rejected("/email", "a@b", "the model only guessed"),
    )
    found = turns(desk, {"location": "Vienna", "name": "Maya"}, [name, town], rejected=rejected)
    at = "2026-09-02T10:00:00Z"
    assert sorted(map(told, found)) == [
        ("became", "2026-01-10", [], ["Maya"]),
        ("confirm", at, [], ["Maya"]),
        ("correct", at, ["Hamburg"], ["Vienna"]),
        ("forbid", at, ["nurse"], []),
    ]
    assert {each.by for each in found if each.kind != "became"} == {"Ana"}
    browser.post("/correct", user="maya", schema="customer", pointer="/location", action="forbid", by="Bo")
    words = words_of(browser.text("/customer", user="maya")).partition("Timeline")[2]
    assert "forbidden by Bo, waits for the next profile Location Munich" in words


def test_neither_summaries_nor_what_was_counted_once_have_a_day(desk: Desk) -> None:
    claims = [
        claim(desk, "/summary", "Maya is angry.", "m4", "2026-08-20"),
        claim(desk, "/last_contact", "2026-08-20", "m6", "2026-08-20", origin="computed"),
        claim(desk, "/products/0", "kettle", "m4", "2026-08-20", origin="computed"),
        claim(desk, "/products/1", "headphones", "m4", "2026-08-20", origin="computed"),
    ]
    profile = {"summary": "Maya is angry.", "last_contact": "2026-08-20", "products": ["kettle", "headphones"]}
    assert [told(each) for each in turns(desk, profile, claims)] == [
        ("became", "2026-08-20", [], ["kettle", "headphones"])
    ]


def test_a_long_history_comes_in_pages_of_months(desk: Desk, browser: Browser) -> None:
    rows: list[Any] = [
        (f"e{n}", f"{2020 + n // 12}-{n % 12 + 1:02}-03T10:00:00Z", "user", f"Message number {n}.") for n in range(60)
    ]
    desk.load("long", [*rows, ("u", None, "user", "Message without a day.")])
    first = browser.text("/customer", user="long")
    assert len(re.findall(r'<li class="span"', first)) == 6
    link = re.search(r'href="(/console/timeline\?[^"]+)"', first)
    seen, page = list[str](), ""
    while link is not None:
        page = browser.client.get(link[1].replace("&amp;", "&")).text
        seen += re.findall(r"Message number (\d+)\.", page)
        link = re.search(r'rel="next" href="([^"]+)"', page)
    assert [int(each) for each in seen] == list(range(53, -1, -1)), "the customer's page shows the latest six"
    assert "Message without a day" in page and "no date" in page
    undated = re.search(r'href="(/console/messages\?user=long&amp;before=[^"]+)"', page)
    assert undated is not None
    only = words_of(browser.client.get(undated[1].replace("&amp;", "&")).text)
    assert "Message without a day" in only and "Message number" not in only
    assert 'rel="prev"' in page
    assert browser.get("/timeline", user="long", start="nonsense").status_code == 200


def test_a_short_history_has_days_and_needs_no_profile(desk: Desk, browser: Browser) -> None:
    desk.load("new", [("a", "2026-01-01T08:30:00Z", "user", "Hello."), ("b", "2026-01-03", "agent", "Hi.")])
    page = browser.text("/customer", user="new")
    assert re.findall(r'<time datetime="([\d-]+)"', page) == ["2026-01-03", "2026-01-01"]
    assert "08:30" in page and "Further back" not in page
