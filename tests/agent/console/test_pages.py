"""The pages of the console as HTML: what stands on them, in both languages, and what is refused."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from agent.documents import Claim, Corrected, Mood, Rejected
from retrieval.keeping import VersionNote
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import MAYA, Desk, cite


def words_of(page: str) -> str:
    """The text of a page, without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def test_the_first_page_lists_customers(browser: Browser) -> None:
    first = browser.client.get("/", follow_redirects=False)
    assert (first.status_code, first.headers["location"]) == (303, "/console")
    page = browser.text("")
    assert "Maya Chen" in page and "1 open issue" in page and "negative" in page and "6 messages" in page


def test_customers_are_found_by_id_and_by_name(desk: Desk, browser: Browser) -> None:
    desk.load("u_7", [("a", "2026-01-01", "user", "Hello.")])
    assert "u_7" not in browser.text("", q="chen") and "Maya Chen" in browser.text("", q="chen")
    assert "u_7" in browser.text("", q="U_7") and "Maya" not in words_of(browser.text("", q="u_7"))
    assert "No customer has this" in browser.text("", q="nobody")


def test_a_store_that_is_not_there_yet_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert "There are no histories yet" in Browser(desk).text("")
    desk.service.close()


def test_ten_seconds_are_enough(browser: Browser) -> None:
    page = words_of(browser.text("/customer", user="maya"))
    for told in ("Maya Chen", "from Munich", "cancel the subscription", "broken kettle", "negative", "very sure 91%"):
        assert told in page


def test_values_show_where_they_come_from(browser: Browser) -> None:
    page = browser.text("/customer", user="maya")
    words = words_of(page)
    assert "said by the customer" in words and "follows from what was said" in words
    assert "since 13 Aug 2026" in words
    assert "nurse" in words and "asked, not said" in words
    assert 'href="/console/message?user=maya&amp;event=m4&amp;start=' in page


def test_a_footnote_opens_the_message_with_the_quote_marked(browser: Browser) -> None:
    start = MAYA[3][3].index("I am angry")
    page = browser.text("/message", user="maya", event="m4", start=start, end=start + len("I am angry"))
    assert "<mark>I am angry</mark>" in page
    assert "Do you want a refund?" in page and "I love the new headphones" in page


def test_the_chart_has_a_line_where_there_are_two_readings(browser: Browser) -> None:
    page = browser.text("/customer", user="maya")
    assert page.count("<circle") == 2 and 'class="steps"' in page and "A dot is a reading" in page
    assert "10 Jan 2026</text>" in page and "20 Aug 2026</text>" in page, "from the first message to the last"
    first = browser.text("/customer", user="maya", version=1)
    assert first.count("<circle") == 1 and 'class="steps"' not in first and "one reading only" in first


def test_the_chart_has_what_versions_read_and_nobody_overruled(desk: Desk, browser: Browser) -> None:
    def read(number: int, readings: dict[str, tuple[str, str]], **more: Any) -> None:
        events = {each.event_id: each for each in desk.limner.store.events("maya")}
        claims = [
            Claim("/sentiment", mood, "current", "inferred", 0.9, day, None, (cite("maya", events[e], "I"),))
            for day, (mood, e) in readings.items()
        ]
        desk.keep(desk.profile("maya", {"sentiment": "neutral"}, claims, **more), number)

    def rows() -> list[tuple[str, str, str]]:
        chart = words_of("<main" + browser.text("/customer", user="maya").partition("<figcaption>")[2])
        return re.findall(r"(\d+ \w+ 2026) (\w+) \d+% (\d)", chart.partition("Versions")[0])

    read(3, {"2026-08-20": ("neutral", "m4")})
    assert rows() == [("20 Aug 2026", "neutral", "3"), ("2 Mar 2026", "positive", "2")], "the newest says of a day"
    said = Corrected("Ana", "2026-09-02T10:00:00Z", "forbid", None)
    read(4, {"2026-08-20": ("neutral", "m4")}, rejected=(Rejected("/sentiment", "positive", "forbidden", (), said),))
    assert rows() == [("20 Aug 2026", "neutral", "4")]


def test_the_chart_has_the_mood_of_each_period_with_the_quotes_it_was_read_from(desk: Desk, browser: Browser) -> None:
    ask = "Read the mood of each period"
    assert ask in browser.text("/customer", user="maya") and ask not in browser.text(
        "/customer", user="maya", version=1
    )
    events = {each.event_id: each for each in desk.limner.store.events("maya")}
    moods = tuple(
        Mood("/sentiment", since, until, mood, 0.9, tuple(cite("maya", events[e], "I") for e in quoted))
        for since, until, mood, quoted in (
            ("2026-01-10", "2026-03-02", "positive", ("m1", "m3")),
            ("2026-08-20", "2026-08-20", "negative", ("m4",)),
        )
    )
    overall = Claim("/sentiment", "neutral", "current", "inferred", 0.5, None, None, (cite("maya", events["m3"], "I"),))
    desk.keep(desk.profile("maya", {"sentiment": "neutral"}, [overall], moods=moods), 3)
    page = browser.text("/customer", user="maya")
    chart = page.partition('<figure class="chart">')[2].partition("</figure>")[0]
    assert chart.count("<circle") == 2 and chart.count('<a href="/console/message?user=maya&amp;event=m') == 2
    rows = chart.partition("<tbody>")[2].split("</tr>")[:2]
    assert [words_of(f"<main {each}").split() for each in rows] == [
        ["20", "Aug", "2026", "negative", "90%", "3"],
        ["10", "Jan", "2026", "–", "2", "Mar", "2026", "positive", "90%", "2", "1"],
    ]
    assert [re.findall(r"event=(m\d)", each) for each in rows] == [["m4"], ["m1", "m3"]]
    assert ask not in page and 'name="moods" value="yes"' in page, "they are kept up to date with the profile"
    tile = page.partition('data-role="feels"')[2].partition("</section>")[0]
    assert "over all recent messages" in tile, "it may be another one than that of the latest period"
    latest = tile.partition("data-latest>")[2].partition("</p>")[0]
    assert words_of(f"<main {latest}").split() == ["Latest", "period:", "negative", "90%", "20", "Aug", "2026", "3"]
    assert re.findall(r"event=(m\d)", latest) == ["m4"]
    chinese = Browser(desk, language="zh").text("/customer", user="maya")
    assert "综合了近期的全部消息" in chinese and "最近时段：" in chinese


def test_the_caption_of_the_chart_is_about_what_is_drawn(desk: Desk, browser: Browser) -> None:
    def chart(number: int, *periods: tuple[str, str]) -> str:
        moods = tuple(Mood("/sentiment", since, until, "positive", 0.9, ()) for since, until in periods)
        desk.keep(desk.profile("maya", {"sentiment": "neutral"}, [], moods=moods), number)
        return browser.text("/customer", user="maya").partition('<figure class="chart">')[2].partition("</figure>")[0]

    days = chart(3, ("2026-01-10", "2026-01-10"), ("2026-03-02", "2026-03-03"))
    assert "A dot is a period" in days and "A bar" not in days and 'class="steps"' not in days
    months = chart(4, ("2026-01-10", "2026-03-02"), ("2026-08-20", "2026-08-20"))
    assert "A dot is a period" in months and "A bar through a dot" in months and months.count('class="steps"') == 1
    assert months.partition('class="steps" d="')[2].partition('"')[0].count("M") == 1, "of one period of two"
    assert "data-latest" not in browser.text("/customer", user="maya", version=2)


def test_an_old_version_is_shown_as_old_and_cannot_be_corrected(browser: Browser) -> None:
    page = browser.text("/customer", user="maya", version=1)
    assert "not the latest one" in page and 'value="confirm"' not in page
    assert "Munich" not in words_of(page).partition("Timeline")[0]


def test_versions_are_compared(browser: Browser) -> None:
    page = browser.text("/versions", user="maya", schema="customer", version=2, since=1)
    assert '<del><bdi dir="auto">Hamburg</bdi></del>' in page and '<ins><bdi dir="auto">Munich</bdi></ins>' in page
    assert "first version" in browser.text("/versions", user="maya", schema="customer", version=1)


def test_the_sheet_has_the_quotes_of_what_is_on_it(browser: Browser) -> None:
    words = words_of(browser.text("/sheet", user="maya"))
    assert "I moved to Munich last week" in words and "Do you want a refund?" not in words


def test_files(browser: Browser) -> None:
    profile = browser.get("/profile.json", user="maya", schema="customer")
    assert profile.json()["profile"]["location"] == "Munich" and "attachment" in profile.headers["content-disposition"]
    assert len(browser.get("/export.json", user="maya").json()["events"]) == 6


def test_the_language_follows_the_browser_and_can_be_switched(desk: Desk) -> None:
    browser = Browser(desk, language="fr, zh-CN;q=0.9, en;q=0.8")
    page = browser.text("/customer", user="maya")
    assert '<html lang="zh-Hans">' in page and "现在想要什么" in page and "消极" in page and "未解决" in page
    switched = browser.client.get("/console/language?to=en&next=/console/customer?user=maya")
    assert '<html lang="en">' in switched.text and "Wants now" in switched.text


@pytest.mark.parametrize(
    "after", ["//evil.example", "https://evil.example", "/console\\evil", "/consolevil", "/v1/users"]
)
def test_nobody_is_sent_elsewhere(browser: Browser, after: str) -> None:
    found = browser.client.get("/console/language", params={"to": "zh", "next": after}, follow_redirects=False)
    assert found.headers["location"] == "/console"


def test_every_page_has_the_headers(browser: Browser) -> None:
    for path in ("", "/customer?user=maya", "/customer?user=nobody", "/nothing", "/messages?user=maya", "/job?id=x"):
        headers = browser.client.get(f"/console{path}").headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_what_is_not_there_is_said_on_a_page(browser: Browser) -> None:
    for path in (
        "/customer?user=nobody",
        "/nothing",
        "/job?id=x",
        "/message?user=maya&event=none",
        "/receipt?number=9",
    ):
        found = browser.client.get(f"/console{path}")
        assert found.status_code in (404, 422) and "<main" in found.text, path
    assert browser.get("/customer").status_code == 400
    assert browser.get("/customer", user="maya", version=2**80).status_code == 400
    assert browser.get("/messages", user="maya", before="nan~1").status_code == 200
    assert browser.get("/messages", user="maya", before=f"1~{2**90}").status_code == 200


def test_a_long_history_comes_in_pages(desk: Desk, browser: Browser) -> None:
    rows: list[Any] = [
        (f"e{n}", f"2025-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}T10:{n % 60:02}:00Z", "user", f"Message number {n}.")
        for n in range(130)
    ]
    desk.load("long", rows)
    page, seen = browser.text("/messages", user="long"), list[str]()
    while True:
        seen += re.findall(r"Message number (\d+)\.", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        page = browser.client.get(older[1].replace("&amp;", "&")).text
    assert sorted(map(int, seen)) == list(range(130)) and len(seen) == 130
    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer is not None and "Message number" in browser.client.get(newer[1].replace("&amp;", "&")).text


def test_messages_are_chosen_by_channel_day_and_meaning(desk: Desk, browser: Browser) -> None:
    desk.load("maya", [("s1", "2026-02-01T10:00:00Z", "user", "By mail: where is my order?")], channel="mail")
    only = words_of(browser.text("/messages", user="maya", channel="mail"))
    assert "By mail" in only and "kettle" not in only
    until = words_of(browser.text("/messages", user="maya", until="2026-01-31"))
    assert "Hamburg" in until and "By mail" not in until
    assert "<mark>" in browser.text("/messages", user="maya", q="kettle broken")


def test_a_corner_of_ids_can_be_opened(desk: Desk, browser: Browser) -> None:
    for odd in ("..", ".", "a/b", "a?b&c=d#e", "%2F", "张三 🙂", "ألف", "x" * 300):
        desk.load(odd, [(odd, "2026-01-01", "user", f"I am {odd[:20]}.")])
        assert "1 message" in browser.text("/customer", user=odd)
        assert "I am" in browser.text("/message", user=odd, event=odd)
        assert browser.get("/messages", user=odd).status_code == 200


def test_no_page_waits_for_the_model(browser: Browser) -> None:
    began = time.perf_counter()
    browser.text("/customer", user="maya")
    assert time.perf_counter() - began < 5


def test_the_list_tells_values_where_a_profile_has_no_summary(desk: Desk, browser: Browser) -> None:
    """Whether or not the server knows its schema; "no profile yet" is said only where there is none."""
    desk.load("paper", [("p1", None, "user", "I like reading and travel.")])
    made = desk.profile("paper", {"interests": ["reading", "travel"], "age": 9}, (), schema={"name": "x", "hash": "0"})
    note = VersionNote("paper", "x", "0" * 12, 0, "2026-05-01T00:00:00Z")
    private = {"made_with": {}, "newest": 0, "until": 0, "since": None, "changes": []}
    desk.limner.store.keeping.save(note, "x", made.as_json(), private)
    page = browser.text("")
    assert "reading, travel" in page and "No profile yet" not in page
    desk.load("new", [("n1", None, "user", "Hello.")])
    assert browser.text("").count("No profile yet") == 1


def test_the_first_quote_stands_below_what_they_want_and_feel(desk: Desk, browser: Browser) -> None:
    page = browser.text("/customer", user="maya")
    for quote in ("I want to cancel", "My kettle arrived broken", "I am angry"):
        assert f'<q dir="auto">{quote}</q></a></p>' in page
    proof = page.partition('class="proof"')[2].partition("</p>")[0]
    assert 'href="/console/message?user=maya' in proof and "data-panel" in proof


def test_what_is_equal_of_several_values_is_told_once(desk: Desk, browser: Browser) -> None:
    desk.load("ivy", [("i1", "2026-05-01T10:00:00Z", "user", "I like tea, chess and go. I adore snow.")])
    event = desk.limner.store.events("ivy")[0]
    told = [("tea", "I like tea, chess and go", 0.9), ("chess", "I like tea, chess and go", 0.9)]
    told += [("go", "I like tea, chess and go", 0.9), ("snow", "I adore snow", 0.7)]
    claims = [
        Claim(f"/interests/{n}", value, "current", "stated", sure, "2026-05-01", None, (cite("ivy", event, words),))
        for n, (value, words, sure) in enumerate(told)
    ]
    desk.keep(desk.profile("ivy", {"interests": [value for value, _, _ in told]}, claims))
    card = browser.text("/customer", user="ivy").partition('data-pointer="/interests"')[2].partition("</section>")[0]
    assert card.count('class="meta"') == 2 and card.count("like-next") == 2
    assert card.count('<span class="hidden">90%</span>') == 2, "who listens is told of each"
