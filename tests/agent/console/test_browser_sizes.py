"""The console in a real browser with what is large or reads from the right: 50,000 messages, long names, emoji."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from agent.documents import Claim, ClaimRef, Rejected
from tests.agent.console.desk import Desk, cite, served

pytest.importorskip("playwright")
from playwright.sync_api import Browser, expect

from tests.agent.console.seen import Window, launched

pytestmark = pytest.mark.browser

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 12
NAMES = {
    "arabic": "ليلى بنت عبد الرحمن",
    "hebrew": "שרה כהן 🙂 <b>",
    "emoji": "👩🏽‍🚀🏳️‍🌈" * 30,
    "long": LONG,
    "mixed": ("ليلى (Layla) 周立 🙂 " * 12).strip(),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"))
    made.maya()
    for user, name in NAMES.items():
        named(made, user, name)
        named(made, name, name)
    yield made
    made.service.close()


@pytest.fixture(scope="module")
def base(desk: Desk) -> Iterator[str]:
    with served(desk.service) as address:
        yield address


def named(desk: Desk, user: str, name: str) -> None:
    """A customer all of whose values are a name; with two versions."""
    told = {"speaker": name, "channel": name[:60]}
    desk.load(user, [("e1", "2026-01-01T10:00:00Z", "user", name), ("e2", "2026-05-01", "user", f"{name}!")], **told)
    events = {each.event_id: each for each in desk.limner.store.events(user)}
    first, second = (cite(user, events[each], events[each].text) for each in ("e1", "e2"))
    issue = {"issue": name, "status": "open"}
    claims = [
        Claim("/name", name, "current", "stated", 0.9, "2026-01-01", None, (first,)),
        Claim("/location", f"{name}!", "current", "stated", 0.9, "2026-05-01", None, (second,)),
        Claim("/location", name, "superseded", "stated", 0.9, "2026-01-01", "2026-05-01", (first,), {},
              ClaimRef("/location", f"{name}!")),
        Claim("/summary", name, "current", "inferred", 0.9, None, None, (first,)),
        Claim("/recent_issues/0", issue, "current", "stated", 0.9, "2026-01-01", None, (first,)),
        Claim("/interests/0", name, "current", "stated", 0.9, None, None, (first,)),
    ]  # fmt: skip
    profile = {"name": name, "location": f"{name}!", "summary": name, "recent_issues": [issue], "interests": [name]}
    before = desk.profile(user, {"name": name, "location": name}, [claims[0]])
    desk.keep(before, 1)
    refused = (Rejected("/occupation", name, "asked, not said", (first,)),)
    desk.keep(desk.profile(user, profile, claims, rejected=refused, unknown=("/occupation",)), 2)


def pages_of(user: str) -> list[str]:
    """The pages about a customer."""
    named = quote(user, safe="")
    return [
        f"/customer?user={named}", f"/messages?user={named}", f"/message?user={named}&event=e1&start=0&end=3",
        f"/timeline?user={named}", f"/versions?user={named}&schema=customer&version=2&since=1", f"/sheet?user={named}",
        f"/correct?user={named}&schema=customer&pointer=%2Flocation&action=correct", f"/erase?user={named}",
    ]  # fmt: skip


ALONE = """() => {
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (/[\u0590-\u06ff]/.test(walk.currentNode.data) && !at.closest("bdi, [dir=auto], [aria-hidden=true], option"))
      found.push(at.outerHTML.slice(0, 200));
  }
  return found;
}"""
"""Elements whose words are written from right to left but stand in the direction of the page."""


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_scrolls_sideways_and_text_has_its_own_direction(browser: Browser, base: str, width: int) -> None:
    window = Window(browser, base, viewport={"width": width, "height": 740})
    for user in ("", *NAMES, *NAMES.values()):
        for path in pages_of(user) if user else ["", "?q=%D9%84"]:
            page = window.go(path)
            expect(page.locator("main")).to_be_visible()
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide"
            assert page.evaluate(ALONE) == [], path
    page = window.go("/customer?user=arabic")
    for where in ("h1 bdi", ".lead", "[data-pointer='/location'] .text", "li.wrote .line", "[data-role=issues] .text"):
        assert page.locator(where).first.evaluate("each => getComputedStyle(each).direction") == "rtl", where
    page.locator("a.mark").first.click()
    expect(page.get_by_role("dialog").locator("mark")).to_have_text(NAMES["arabic"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    window.close()


def test_a_history_of_50_000_messages(browser: Browser, base: str, desk: Desk) -> None:
    fill(desk, 50_000)
    window = Window(browser, base)
    most = {"/customer?user=many": 2.0}
    for path in (
        "",
        "/customer?user=many",
        "/timeline?user=many",
        "/messages?user=many",
        "/message?user=many&event=n9",
    ):
        seconds = min(opened(window, path) for _ in range(2))
        print(f"{path or '/'}: {seconds:.2f} s")
        assert seconds < most.get(path, 3.0), path
    page = window.go("/customer?user=many")
    expect(page.get_by_role("heading", level=1)).to_have_text("Many")
    expect(page.locator(".timeline > li")).to_have_count(6)
    assert len(page.content()) < 300_000, "as large as the profile, not as the history"
    page.get_by_role("link", name="Further back").click()
    expect(page.locator(".timeline > li")).to_have_count(24)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    page = window.go("/messages?user=many")
    expect(page.locator("main")).to_contain_text("50,000 messages")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    window.close()


def opened(window: Window, path: str) -> float:
    """Seconds until a page is there."""
    began = time.monotonic()
    window.go(path)
    return time.monotonic() - began


def fill(desk: Desk, count: int) -> None:
    """Write so many events of four years into the record, not the index: no embedding of 50,000 messages in a test."""
    import sqlite3

    from retrieval.drafts import event_key, user_key
    from retrieval.timestamps import utc_text

    database = sqlite3.connect(desk.limner.store.path / "record.sqlite3")
    rows = (
        (user_key("many"), event_key("many", f"n{n}"), "many", f"n{n}",
         utc_text(datetime.fromtimestamp(moment, UTC)), moment,
         "chat", "user", "user", f"Message {n}: " + "all is well. " * 20, "{}", f"h{n}")
        for n, moment in ((n, 1_600_000_000.0 + n * 2500) for n in range(count))
    )  # fmt: skip
    columns = (
        "user_key, event_key, user_id, event_id, timestamp, epoch, channel, speaker, role, text, metadata, content_hash"
    )
    with database:
        database.executemany(f"INSERT INTO events ({columns}) VALUES ({', '.join('?' * 12)})", rows)
    database.close()
    events = [desk.limner.store.browsing.around("many", f"n{n * 400}", 0).event for n in range(120)]
    words = "all is well."
    claims = [
        Claim(f"/interests/{n}", f"interest {n}", "current", "stated", 0.9, (each.timestamp or "")[:10], None,
              (cite("many", each, words),))
        for n, each in enumerate(events[:100])
    ]  # fmt: skip
    claims += [
        Claim("/location", f"town {n}", "superseded", "stated", 0.9, (each.timestamp or "")[:10], "2025-01-01",
              (cite("many", each, words),), {}, ClaimRef("/location", f"town {n + 1}"))
        for n, each in enumerate(events[100:])
    ]  # fmt: skip
    claims.append(Claim("/name", "Many", "current", "stated", 0.9, None, None, (cite("many", events[0], words),)))
    profile = {"name": "Many", "interests": [f"interest {n}" for n in range(100)]}
    desk.keep(desk.profile("many", profile, claims, unknown=("/email",)))
