"""No page of the console mixes languages: in a real browser, with histories in one language, all that is shown, named
or hinted at is looked through for words of the other one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.documents import Claim, ClaimRef, Rejected
from agent.errors import StoreError
from agent.service import Job
from tests.agent.console.desk import Desk, cite, served

pytest.importorskip("playwright")
from playwright.sync_api import Browser, expect

from tests.agent.console.seen import Window, launched

pytestmark = pytest.mark.browser

HISTORIES = {
    "en": [
        ("m1", "2026-01-10T09:00:00Z", "user", "I'm Maya. I live in Munich."),
        ("m2", "2026-08-20T16:30:00Z", "user", "My kettle arrived broken and I am angry. I want a refund."),
        ("m3", "2026-08-20T16:31:00Z", "agent", "I am sorry to hear that."),
    ],
    "zh": [
        ("甲", "2026-01-10T09:00:00Z", "user", "我叫周立。我住在慕尼黑。"),
        ("乙", "2026-08-20T16:30:00Z", "user", "水壶送到就是坏的，我很生气。我想退货。"),
        ("丙", "2026-08-20T16:31:00Z", "agent", "非常抱歉，马上为您处理。"),
    ],
}
USERS = {"en": "maya", "zh": "周立"}
QUOTES = {
    "en": ("I live in Munich", "My kettle arrived broken", "I am angry", "I want a refund"),
    "zh": ("我住在慕尼黑", "水壶送到就是坏的", "我很生气", "我想退货"),
}
VALUES = {"en": ("Munich", "broken kettle", "refund", "Bonn"), "zh": ("慕尼黑", "水壶是坏的", "退货", "波恩")}
QUESTIONS = {"en": "Which city does she live in?", "zh": "他住在哪个城市？"}
KEPT = {"limner", "json", "api", "utc", "english", "schema", "http", "post", "scripted", "scriptedchat"}
KEPT |= {"customer", "person", "small"}
"""Names, which are the same in both languages: of limner, forms of data, the models and schemas of this test."""

SHOWN = """() => {
  const told = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  const kept = node => node.closest("script, style, [lang=en], [lang^=zh]:not(html), .schema, textarea") !== null;
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    if (node.parentElement && !kept(node.parentElement)) told.push(node.data);
  for (const each of document.querySelectorAll("[title], [aria-label], [placeholder], [alt], [data-failed]"))
    if (!kept(each))
      for (const name of ["title", "aria-label", "placeholder", "alt", "data-failed"])
        told.push(each.getAttribute(name) || "");
  return told;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def profile(desk: Desk, language: str) -> None:
    """Two versions of a customer: values current, disputed, past and refused, unknown attributes, all roles."""
    user, (city, issue, wish, other) = USERS[language], VALUES[language]
    events = desk.limner.store.events(user)
    lives, broke, angry, wants = QUOTES[language]
    own = "慕尼黑" if language == "zh" else "Munich"

    def claim(pointer: str, value: Any, place: int, words: str, **more: Any) -> Claim:
        evidence = (cite(user, events[place], words),)
        told = {
            "status": "current",
            "origin": "stated",
            "confidence": 0.9,
            "valid_from": "2026-01-10",
            "valid_to": None,
        }
        return Claim(pointer, value, evidence=evidence, **{**told, **more})

    status = {"issue": issue, "status": "open"}
    claims = [
        claim("/location", city, 0, lives, status="disputed"),
        claim("/location", other, 0, lives, status="disputed"),
        claim("/location", wish, 0, lives, status="superseded", superseded_by=ClaimRef("/location", city)),
        claim("/recent_issues/0", status, 1, broke),
        claim("/sentiment", "negative", 1, angry, origin="inferred"),
        claim("/intents/0", wish, 1, wants, origin="reported", sensitive=("health",)),
        claim("/summary", f"{own}.", 0, lives, origin="inferred"),
    ]
    reasons = ("asked, not said", "not entailed by the cited evidence (P=0.12)", "more values than the list may hold")
    refused = tuple(Rejected("/occupation", other, each) for each in reasons)
    held = {
        "location": city,
        "recent_issues": [status],
        "sentiment": "negative",
        "intents": [wish],
        "summary": f"{own}.",
    }
    first = {"location": other, "sentiment": "negative"}
    before = [claim("/location", other, 0, lives), claims[4]]
    desk.keep(desk.profile(user, first, before, generated_at="2026-08-21T12:00:00Z"), 1)
    unknown = ("/occupation", "/churn_risk", "/family")
    desk.keep(desk.profile(user, held, claims, unknown=unknown, rejected=refused), 2)


@pytest.mark.parametrize(("language", "locale"), [("en", "en-GB"), ("zh", "zh-CN")])
def test_no_page_mixes_languages(browser: Browser, tmp_path: Path, language: str, locale: str) -> None:
    desk, user = Desk(tmp_path), USERS[language]
    speaker, channel = ("Maya", "chat") if language == "en" else ("周立", "在线")
    desk.load(user, HISTORIES[language], speaker=speaker, channel=channel)
    built = desk.service.build("default", user, desk.schema("person"))
    asked = desk.service.ask("default", user, QUESTIONS[language])
    why = desk.service.explain("default", user, "/location", desk.schema("person"))
    nothing = desk.service.explain("default", user, "/occupation", desk.schema("person"))
    failed = desk.service.queue.submit(broken(user))
    assert all(job.wait(60) for job in (built, asked, why, nothing, failed))
    profile(desk, language)
    for action in ("confirm", "forbid"):
        desk.limner.correct(
            user, "/intents/0", action, by="Ana" if language == "en" else "李娜", schema=desk.schema("customer")
        )
    u, customer = quote(user), f"user={quote(user)}&schema=customer"
    told = {}
    with served(desk.service) as address:
        window = Window(browser, address, locale=locale)
        for path in (
            "", "?q=0", f"/customer?{customer}", f"/customer?{customer}&version=1", f"/customer?user={u}&schema=person",
            f"/customer?user={u}&schema=small", f"/timeline?user={u}", f"/messages?user={u}", f"/messages?user={u}&q=0",
            f"/message?user={u}&event={quote(HISTORIES[language][1][0])}&start=0&end=3",
            f"/versions?{customer}&version=2&since=1", f"/sheet?{customer}", f"/erase?user={u}", "/schemas",
            "/schemas?show=customer", "/customer?user=0", f"/customer?{customer}&version=9",
            *(f"/correct?{customer}&pointer={quote(each, safe='')}&action=correct"
              for each in ("/recent_issues/0", "/sentiment", "/churn_risk", "/location", "/intents/-")),
            *(f"/job?id={each.job_id}" for each in (asked, why, nothing, failed)),
        ):  # fmt: skip
            page = window.go(path)
            told[path] = foreign(page.evaluate(SHOWN), language)
        page = window.go(f"/erase?user={u}")
        page.get_by_role("checkbox").check()
        page.locator("button.danger").click()
        expect(page.locator(".pairs")).to_be_visible()
        told["receipt"] = foreign(page.evaluate(SHOWN), language)
        window.close()
    assert sorted({each for words in told.values() for each in words}) == [], told


def broken(user: str) -> Job:
    """Work that fails."""

    def task(*arguments: Any) -> dict[str, Any]:
        raise StoreError("the record is damaged")

    return Job("default", user, "ask", task)


def foreign(told: list[str], language: str) -> list[str]:
    """The words of the other language in what a page tells; no options ("--dev"), no sums of receipts."""
    if language == "en":
        return [text.strip() for text in told if re.search("[一-鿿，。：（）、]", text)]
    words = re.compile(r"(?<![-\w])[A-Za-z]{2,}(?![0-9])")
    return [text.strip() for text in told if {each.lower() for each in words.findall(text)} - KEPT]
