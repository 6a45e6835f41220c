"""What pages show of an answer that is being made: quotes that are being read, and parts; what they never show."""

import html
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.console.so_far import so_far
from agent.documents import Evidence
from agent.meanwhile import BeingRead, Part
from agent.service import Early
from retrieval.policies import Policy, make_policy
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk
from tests.agent.scripted import answer

CITY, HOME = "Which city does she live in?", "Where does she live now?"
MARKUP = "I live in Munich <script>window.pwned=1</script> & <b data-pwned>there</b>."


class Pause:
    """The scripted model, which waits when it is asked whether an answer is right."""

    def __init__(self) -> None:
        self.reached, self.open, self.until = threading.Event(), threading.Event(), 1

    def __call__(self, system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        if schema is None and not user.endswith(("Answer:", "答案：")):
            self.until -= 1
            if self.until == 0:
                self.reached.set()
                assert self.open.wait(30)
        return answer(system, user, schema)


@pytest.fixture
def pause() -> Iterator[Pause]:
    made = Pause()
    yield made
    made.open.set()


@pytest.fixture
def desk(tmp_path: Path, pause: Pause) -> Iterator[Desk]:
    made = Desk(tmp_path, pause)
    made.maya()
    made.load("mallory", [("x1", "2026-02-03T10:00:00Z", "user", MARKUP)])
    yield made
    pause.open.set()
    made.service.close()


def working(desk: Desk, browser: Browser, pause: Pause, user: str, question: str) -> str:
    """The address of the page of a job that has come to where the model waits."""
    reply = browser.post("/ask", browser.token(), user=user, question=question)
    assert reply.status_code == 303 and pause.reached.wait(20)
    return str(reply.headers["location"])


def test_the_quotes_that_are_being_read_are_shown_with_links(desk: Desk, browser: Browser, pause: Pause) -> None:
    address = working(desk, browser, pause, "maya", CITY)
    page = browser.client.get(address).text
    assert "being read for an answer" in page and "I moved to Munich last week" in page
    assert 'href="/console/message?user=maya&amp;event=m4' in page and 'aria-live="polite"' in page
    assert 'class="lead"' not in page, "no answer is shown"
    pause.open.set()
    job = desk.service.queue.jobs("default")[-1]
    assert job.wait(20)
    assert "being read" not in browser.client.get(address).text


def test_a_part_is_shown_while_the_next_question_is_read(desk: Desk, browser: Browser, pause: Pause) -> None:
    pause.until = 2
    address = working(desk, browser, pause, "maya", f"{CITY} {HOME}")
    page = browser.client.get(address).text
    part, _, reading = page.partition('class="piece reading"')
    assert CITY in part and 'class="lead"' in part and "Munich" in part and "scripted" not in page
    assert HOME in reading and "being read" in reading and 'class="lead"' not in reading


def test_in_chinese(desk: Desk, pause: Pause) -> None:
    browser = Browser(desk, language="zh")
    address = working(desk, browser, pause, "maya", CITY)
    page = browser.client.get(address).text
    assert "还不是答案" in page and "being read" not in page


def test_what_is_being_read_is_escaped(desk: Desk, browser: Browser, pause: Pause) -> None:
    page = browser.client.get(working(desk, browser, pause, "mallory", CITY)).text
    assert html.escape(MARKUP, quote=False) in page and "<script>window" not in page and "<b data-pwned" not in page


def test_a_withheld_question_shows_nothing(desk: Desk, browser: Browser, pause: Pause) -> None:
    desk.limner.store.set_policy(Policy(sensitive=()))
    page = browser.client.get(working(desk, browser, pause, "maya", f"What is her religion? {CITY}")).text
    assert "being read" in page and page.count("What is her religion?") == 0


def test_without_a_consent_any_more_nothing_of_it_is_shown(desk: Desk, browser: Browser, pause: Pause) -> None:
    store = desk.limner.store
    store.set_policy(make_policy(["support"], None, [], require_consent=True))
    store.consents.grant("maya", "support", by="t")
    address = working(desk, browser, pause, "maya", CITY)
    assert "Munich" in browser.client.get(address).text
    store.consents.withdraw("maya", "support", by="t")
    found = browser.client.get(address)
    assert found.status_code == 403 and "Munich" not in found.text


def test_the_stream_says_when_there_is_more(desk: Desk, browser: Browser, pause: Pause) -> None:
    address = working(desk, browser, pause, "maya", CITY)
    job_id = address.partition("id=")[2]
    pause.open.set()
    told = browser.get("/job/stream", id=job_id).text
    assert '"serial": ' in told and "Munich" not in told, "the page has the words"


def test_the_pieces_of_a_page() -> None:
    quote = Evidence("e", "e#0", 0, 5, "Hello", None, None, None)
    part = Part("a?", 1, 2, "yes", 0.9, (quote,))
    read, nothing = BeingRead("b?", 2, 2, (quote,)), BeingRead("b?", 2, 2, ())
    shown = so_far("u", [Early(2, "part", part.as_json()), Early(3, "reading", read.as_json())])
    assert shown.reading is not None and (shown.serial, shown.parts[0].told, shown.reading.told) == (3, part, read)
    assert [mark.number for mark in (*shown.parts[0].marks, *shown.reading.marks)] == [1, 1]
    assert so_far("u", [Early(4, "reading", nothing.as_json())]) == (4, (), None)
    assert so_far("u", []) == (0, (), None)
