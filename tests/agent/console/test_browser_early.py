"""An answer that is being made, in a real browser: quotes and parts as they come, the keyboard, screen readers, axe."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.agent.console.desk import Desk, served
from tests.agent.scripted import answer

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Page, expect

from tests.agent.console.seen import Window, launched
from tests.agent.console.test_browser import PAYLOADS, serious

pytestmark = pytest.mark.browser

CITY, HOME = "Which city does she live in?", "Where does she live now?"


class Steps:
    """The scripted model, which waits before each judgement until it is let on, unless it is free."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.free = True

    def __call__(self, system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        if schema is None and not user.endswith(("Answer:", "答案：")) and not self.free:
            assert self.go_on.acquire(timeout=120)
        return answer(system, user, schema)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def steps() -> Steps:
    return Steps()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, steps: Steps) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"), steps)  # its service ends with the server
    made.maya()
    made.load("mallory", [("x1", "2026-02-03T10:00:00Z", "user", f"I live in Munich {PAYLOADS[0]} {PAYLOADS[1]}")])
    assert made.service.ask("default", "maya", CITY).wait(120), "whatever is loaded once is loaded"
    return made


@pytest.fixture(scope="module")
def base(desk: Desk) -> Iterator[str]:
    with served(desk.service) as address:
        yield address


@pytest.fixture
def model(desk: Desk, steps: Steps) -> Iterator[Steps]:
    """The model, waiting; no test leaves work to the next one."""
    steps.free, steps.go_on = False, threading.Semaphore(0)
    yield steps
    steps.free = True
    steps.go_on.release(100)
    for job in desk.service.queue.jobs("default"):
        desk.service.queue.cancel(job)
        assert job.wait(60)


@pytest.fixture
def window(browser: Browser, base: str) -> Iterator[Window]:
    found = Window(browser, base, viewport={"width": 1280, "height": 900})
    yield found
    found.close()


def asked(window: Window, question: str, user: str = "maya") -> Page:
    """The page of a customer on which the quotes of a question are being read."""
    page = window.go(f"/customer?user={user}")
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#answer .reading")).to_contain_text("being read for an answer")
    return page


def test_quotes_then_parts_then_the_answer(window: Window, model: Steps) -> None:
    page = asked(window, f"{CITY} {HOME}")
    answer = page.locator("#answer")
    expect(answer.locator(".reading q").first).to_be_visible()
    expect(answer.locator(".lead")).to_have_count(0)
    expect(answer.get_by_role("button", name="Cancel")).to_be_visible()
    model.go_on.release()
    part = answer.locator(".piece:not(.reading)")
    expect(part.locator(".lead")).to_contain_text("Munich")
    expect(part).to_contain_text(CITY)
    expect(answer.locator(".reading")).to_contain_text(HOME)
    part.evaluate("node => { node.dataset.same = 'yes'; }")
    model.go_on.release()
    expect(answer.locator(".piece")).to_have_count(0)
    expect(answer.locator(".lead")).to_contain_text("Munich; Munich")
    expect(answer.locator("ol.notes q").first).to_be_visible()


def test_what_is_shown_stays_the_same_node_and_is_read_aloud_once(window: Window, model: Steps) -> None:
    page = asked(window, f"{CITY} {HOME} {CITY[:-1]} today?")
    region = page.locator("#answer [data-so-far]")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(region.locator(".reading ol").locator("..")).to_have_attribute("aria-live", "off")
    model.go_on.release()
    part = region.locator(".piece:not(.reading)")
    expect(part).to_have_count(1)
    part.evaluate("node => { node.marked = true; }")
    model.go_on.release()
    expect(part).to_have_count(2)
    assert part.first.evaluate("node => node.marked") is True
    model.go_on.release()
    expect(page.locator("#answer .piece")).to_have_count(0)


def test_a_quote_opens_its_message_and_the_keyboard_keeps_its_place(window: Window, model: Steps) -> None:
    page = asked(window, CITY)
    link = page.locator("#answer .reading a").first
    link.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel.locator("mark").first).to_be_visible()
    model.go_on.release()
    expect(page.locator("#answer .lead")).to_contain_text("Munich")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#answer")).to_be_focused()
    page = asked(window, CITY)
    page.locator("#answer .reading a").first.focus()
    model.go_on.release()
    expect(page.locator("#answer .lead")).to_contain_text("Munich")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#answer a.mark").first).to_be_focused()


def test_whoever_writes_the_next_question_is_not_disturbed(window: Window, model: Steps) -> None:
    page = asked(window, CITY)
    page.locator("#question").fill("And what")
    model.go_on.release()
    expect(page.locator("#answer .lead")).to_contain_text("Munich")
    expect(page.locator("#question")).to_be_focused()
    expect(page.locator("#question")).to_have_value("And what")


def test_cancelled_while_quotes_are_read(window: Window, model: Steps) -> None:
    page = asked(window, f"{CITY} {HOME}")
    with page.expect_response("**/job/cancel"):
        page.locator("#answer").get_by_role("button", name="Cancel").click()
    model.go_on.release()
    expect(page.locator("#answer")).to_contain_text("Cancelled")
    expect(page.locator("#answer .reading")).to_have_count(0)


def test_nothing_of_what_is_being_read_is_executed(window: Window, model: Steps) -> None:
    page = asked(window, CITY, "mallory")
    shown = page.locator("#answer")
    expect(shown).to_contain_text(PAYLOADS[0])
    assert shown.locator("iframe, script, style, [onerror], [onload], [style], [data-pwned]").count() == 0
    model.go_on.release()
    expect(shown.locator(".piece")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_and_phones(browser: Browser, base: str, model: Steps, scheme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    window = Window(browser, base, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = asked(window, f"{CITY} {HOME}")
    found = serious(Axe().run(page))
    model.go_on.release()
    expect(page.locator("#answer .piece .lead")).to_contain_text("Munich")
    expect(page.locator("#answer .reading")).to_contain_text(HOME)
    found += serious(Axe().run(page))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    model.go_on.release()
    expect(page.locator("#answer .piece")).to_have_count(0)
    window.close()
    assert found == []
