"""The sheet for paper: one page of A4 as the browser prints it, in both languages, whatever the profile holds."""

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.console.sheets import shorten
from agent.documents import Claim
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk, cite, served
from tests.agent.console.test_pages import words_of

LISTS = ("products", "interests", "preferences", "dislikes", "intents", "family")


def full(desk: Desk, user: str, words: str, per_list: int, length: int) -> int:
    """A user whose profile has long values with a long quote each; how many."""
    texts = [f"{n} {words * 40}" for n in range(per_list * len(LISTS) + 1)]
    desk.load(user, [(f"e{n}", "2026-01-10T09:00:00Z", "user", text) for n, text in enumerate(texts)])
    events = {each.event_id: each for each in desk.limner.store.events(user)}
    claims, profile = list[Claim](), dict[str, Any]()

    def said(pointer: str, value: str) -> Claim:
        event = events[f"e{len(claims)}"]
        evidence = cite(user, event, event.text[:200])
        return Claim(pointer, value, "current", "stated", 0.9, "2026-01-10", None, (evidence,))

    for name in LISTS:
        profile[name] = [f"{name} {n} {words * 40}"[:length] for n in range(per_list)]
        for n, value in enumerate(profile[name]):
            claims.append(said(f"/{name}/{n}", value))
    profile["summary"] = (words * 100)[:900]
    claims.append(said("/summary", profile["summary"]))
    desk.keep(desk.profile(user, profile, claims, unknown=("/email", "/occupation")))
    return len(claims)


def printed(url: str, folder: Path, language: str) -> int:
    """How many pages Chromium prints of an address."""
    from tests.agent.console.seen import ARGUMENTS, chromium

    file = folder / "sheet.pdf"
    options = [f"--user-data-dir={folder / 'browser'}", f"--accept-lang={language}", "--no-pdf-header-footer"]
    subprocess.run(
        [chromium(), *ARGUMENTS, *options, f"--print-to-pdf={file}", url], check=True, capture_output=True, timeout=120
    )
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", file.read_bytes()))


PEOPLE = [
    ("few", "all is well ", 1, 40),
    ("forty", "all is well ", 7, 400),
    ("WIDE", "WWW MMM @@@ ", 7, 400),
    ("short", "well ", 30, 12),
    ("周立", "一切都很好，", 7, 400),
    ("🙂" * 60, "🙂 ", 7, 100),
    ("ليلى", "كل شيء بخير ", 7, 400),
]


@pytest.mark.browser
def test_it_is_one_page(tmp_path: Path) -> None:
    pytest.importorskip("playwright")
    desk = Desk(tmp_path)  # its service ends with the server
    for user, words, per_list, length in PEOPLE:
        full(desk, user, words, per_list, length)
    with served(desk.service) as address:
        pages = {
            (user, language): printed(f"{address}/console/sheet?user={quote(user)}", tmp_path, language)
            for user, *_ in PEOPLE
            for language in ("en", "zh-CN")
        }
    assert pages == dict.fromkeys(pages, 1)


def test_what_is_left_out_is_counted(desk: Desk) -> None:
    total = full(desk, "forty", "all is well ", 7, 400)
    page = Browser(desk).text("/sheet", user="forty", schema="customer")
    said = re.search(r"Left out for lack of room: (\d+) values, (\d+) quotes", words_of(page))
    assert said is not None
    shown = page.partition("<dl")[2].partition("</dl>")[0].count("<div>")
    assert shown + 1 + int(said[1]) == total, "the summary is a value, too"
    assert page.count("<q ") + int(said[2]) == total
    shown_lists = {name for name in LISTS if f"{name} 0 all" in page}
    assert shown_lists == set(LISTS), "the first values come before second ones"
    for number in re.findall(r'<li value="(\d+)"', page):
        assert f'data-panel aria-label="Footnote {number}:' in page, "each quote belongs to a value on the sheet"
    assert "data-left-out" in page and 'href="/console/customer?user=forty&amp;schema=customer&amp;version=1"' in page


def test_a_profile_that_fits_is_whole(browser: Browser) -> None:
    page = browser.text("/sheet", user="maya")
    assert "data-left-out" not in page and "broken kettle" in page and "I want to cancel" in page


@pytest.mark.parametrize(
    ("text", "cells", "short"),
    [
        ("one two", 7, "one two"),
        ("one  two\nthree", 8, "one two…"),
        ("一二三四", 8, "一二三四"),
        ("一二三四", 7, "一二三…"),
    ],
)
def test_chinese_characters_take_two_cells(text: str, cells: int, short: str) -> None:
    assert shorten(text, cells) == short
