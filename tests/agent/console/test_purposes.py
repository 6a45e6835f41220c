"""What customers are looked at for: chosen on every page, remembered by the session, refused where nobody consented."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrieval.policies import make_policy
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk

CHOOSING = 'id="purpose"'


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A store for three purposes, which requires consent; Maya consented to support, and to marketing for a day."""
    made = Desk(tmp_path)
    made.load("maya", [("m1", "2026-01-10T09:00:00Z", "user", "I live in Munich.")])
    store = made.limner.store
    store.set_policy(make_policy(["support", "marketing", "research"], None, [], require_consent=True))
    store.consents.grant("maya", "support", by="t")
    made.limner.profile("maya", made.schema("small"))
    yield made
    made.service.close()


def choose(browser: Browser, purpose: str) -> None:
    told = browser.post("/purpose", purpose=purpose, next="/console/customer?user=maya&schema=small")
    assert (told.status_code, told.headers["location"]) == (303, "/console/customer?user=maya&schema=small")


def test_a_store_without_purposes_asks_for_none(tmp_path: Path) -> None:
    plain = Desk(tmp_path)
    plain.load("u", [("e", "2026-01-10", "user", "Hello.")])
    page = Browser(plain).text("/customer", user="u")
    assert CHOOSING not in page and "Purpose" not in page
    plain.service.close()


def test_the_first_purpose_is_meant_until_another_is_chosen_and_that_stays(desk: Desk, browser: Browser) -> None:
    page = browser.text("/customer", user="maya", schema="small")
    assert '<option value="support" selected>' in page and "for: support" in page and "Munich" in page
    assert "for: support" in browser.text("/sheet", user="maya", schema="small"), "on paper, too"
    choose(browser, "marketing")
    for path, more in (("", {}), ("/customer", {"user": "maya"}), ("/messages", {"user": "maya"})):
        assert '<option value="marketing" selected>' in browser.text(path, **more)
    refused = browser.post("/purpose", purpose="fun")
    assert refused.status_code == 400 and "There are: support, marketing, research" in refused.text


def test_without_a_consent_the_page_says_what_is_missing_and_what_to_do(desk: Desk, browser: Browser) -> None:
    choose(browser, "marketing")
    for path in ("/customer", "/sheet"):
        page = browser.text(path, user="maya", schema="small")
        assert "shown for “marketing”: no consent of this customer, or other legal basis, is recorded" in page
        assert "limner consent grant USER --purpose marketing" in page and "I live in Munich</" not in page
    assert "I live in Munich." in browser.text("/messages", user="maya"), "messages can be read"
    for path, more in (("/ask", {"question": "Where?"}), ("/build", {"schema": "small"})):
        told = browser.post(path, user="maya", **more)
        assert told.status_code == 403 and "for “marketing”" in told.text
    assert browser.get("/profile.json", user="maya", schema="small").status_code == 403
    soon = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    desk.limner.store.consents.grant("maya", "marketing", until=soon, by="t")
    assert "data-barred" not in browser.text("/customer", user="maya", schema="small")
    desk.limner.store.consents.withdraw("maya", "marketing", by="t")
    assert "this customer withdrew the consent on" in browser.text("/customer", user="maya", schema="small")


def test_in_chinese(desk: Desk) -> None:
    browser = Browser(desk, language="zh-CN")
    assert "用途：support" in browser.text("/customer", user="maya", schema="small")
    choose(browser, "research")
    page = browser.text("/customer", user="maya", schema="small")
    assert "不显示用于“research”的画像和回答" in page and "--purpose research" in page


def test_what_is_made_is_made_for_the_purpose_and_shown_for_it_only(desk: Desk, browser: Browser) -> None:
    desk.limner.store.consents.grant("maya", "research", by="t")
    choose(browser, "research")
    asked = browser.post("/ask", user="maya", question="Where does she live?")
    built = browser.post("/build", user="maya", schema="small")
    jobs = [desk.service.queue.job("default", each.headers["location"].split("id=")[1]) for each in (asked, built)]
    assert all(each is not None and each.wait(30) and each.purpose == "research" for each in jobs)
    assert "Where does she live?" in browser.text("/customer", user="maya", schema="small")
    choose(browser, "support")
    assert "Where does she live?" not in browser.text("/customer", user="maya", schema="small")
    assert len(desk.limner.for_purpose("research").versions("maya")) == 1


def test_a_page_from_before_another_purpose_was_chosen_does_nothing_for_that(desk: Desk, browser: Browser) -> None:
    before = browser.token()
    choose(browser, "research")
    told = browser.post("/ask", before, user="maya", question="Where does she live?")
    assert told.status_code == 403 and "for another purpose" in told.text
    assert desk.service.queue.jobs("default") == []


def test_a_key_for_purposes_offers_no_others(desk: Desk) -> None:
    for purposes, offered in ((["marketing"], []), (["research", "support"], ["support", "research"])):
        browser = Browser(desk, dev=False)
        key, _ = desk.service.keys.make("default", ["read", "erase"], purposes=purposes)
        browser.post("/login", browser.token("/login", next="/console"), key=key, next="/console")
        page = browser.text("", q="")
        assert [each for each in ("support", "marketing", "research") if f'<option value="{each}"' in page] == offered
        assert (CHOOSING in page) == bool(offered)
        assert browser.post("/purpose", purpose="marketing").status_code == (303 if not offered else 400)
        assert browser.get("/export.json", user="maya").status_code == 403
    page = browser.text("/customer", user="maya", schema="small")
    assert "for: support" in page
    answer = desk.service.ask("default", "maya", "Where does she live?", purpose="support")
    assert answer.wait(30) and "Munich" in browser.text("/job", id=answer.job_id)
    other = Browser(desk, dev=False)
    key, _ = desk.service.keys.make("default", ["read"], purposes=["marketing"])
    other.post("/login", other.token("/login", next="/console"), key=key, next="/console")
    assert other.get("/job", id=answer.job_id).status_code == 404


def test_a_purpose_that_the_policy_drops_is_not_meant_any_more(desk: Desk, browser: Browser) -> None:
    choose(browser, "research")
    desk.limner.store.set_policy(make_policy(["support"], None, [], require_consent=True))
    page = browser.text("/customer", user="maya", schema="small")
    assert "for: support" in page and CHOOSING not in page and "<strong>support</strong>" in page
