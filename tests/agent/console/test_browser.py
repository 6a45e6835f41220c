"""The console in a real browser: the ten-second task, ask, why, correct, languages, phone, keyboard, payloads, axe."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.documents import Claim, ClaimRef, Corrected, Rejected
from agent.errors import ModelUnavailable
from agent.schema_rules import escape_pointer
from agent.service import Job
from retrieval.keeping import VersionNote
from retrieval.policies import make_policy
from tests.agent.console.desk import Desk, cite, served
from tests.agent.scripted import answer

pytest.importorskip("playwright")
from playwright.sync_api import Browser, expect

from tests.agent.console.seen import Window, launched

pytestmark = pytest.mark.browser

PAYLOADS = [
    "<script>alert(1);window.pwned=1</script>",
    '<img src=x onerror="alert(1);window.pwned=1" data-pwned>',
    "<svg onload='window.pwned=1'><script>window.pwned=1</script></svg>",
    '"><b data-pwned onmouseover=alert(1)>x</b><i a="',
    "'-alert(1)-'",
    "[click](javascript:window.pwned=1) **bold** ![x](http://evil.example/x.png)",
    "javascript:window.pwned=1",
    "</style><style>body{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "</title></textarea></select></noscript><iframe srcdoc='<script>parent.pwned=1</script>' data-pwned></iframe>",
    "data:text/html,<script>alert(1)</script>",
]
HOSTILE = " ".join(PAYLOADS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


class Slow:
    """The scripted model, which waits where it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        assert self.go_on.wait(30)
        return answer(system, user, schema)


@pytest.fixture(scope="module")
def model() -> Slow:
    return Slow()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, model: Slow) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"), model)
    made.maya()
    made.load("ليلى", [("r1", "2026-02-03T10:00:00Z", "user", "مرحبا، اسمي ليلى وأعيش في ميونخ. I live in Munich.")])
    zhou(made)
    made.load("🙂" * 40, [("e1", None, "user", "🙂 " * 300)])
    made.load("x" * 400, [("w" * 400, "2026-01-01", "user", "w" * 3000)], speaker="s" * 200, channel="c" * 200)
    yield made
    made.service.close()


def zhou(desk: Desk) -> None:
    """周立, who wrote in Chinese, with a profile in Chinese."""
    rows = [
        ("z1", "2026-07-30T10:00:00Z", "user", "我叫周立，住在杭州。"),
        ("z2", "2026-08-20T16:30:00Z", "user", "水壶送到就是坏的，我很生气，我想退货。"),
        ("z3", "2026-08-20T16:31:00Z", "agent", "非常抱歉，马上为您处理。"),
    ]
    desk.load("周立", rows)
    events = {each.event_id: each for each in desk.limner.store.events("周立")}

    def claim(pointer: str, value: Any, event: str, quote: str) -> Claim:
        cited = (cite("周立", events[event], quote),)
        return Claim(pointer, value, "current", "stated", 0.9, events[event].timestamp[:10], None, cited)  # type: ignore[index]

    issue = {"issue": "水壶是坏的", "status": "open"}
    claims = [
        claim("/name", "周立", "z1", "我叫周立"),
        claim("/recent_issues/0", issue, "z2", "水壶送到就是坏的"),
        claim("/sentiment", "negative", "z2", "我很生气"),
        claim("/intents/0", "退货", "z2", "我想退货"),
        claim("/summary", "周立住在杭州，收到的水壶是坏的，想退货。", "z2", "我想退货"),
    ]
    profile = {"name": "周立", "recent_issues": [issue], "sentiment": "negative", "intents": ["退货"]}
    desk.keep(desk.profile("周立", {**profile, "summary": claims[-1].value}, claims))


@pytest.fixture(scope="module")
def base(desk: Desk) -> Iterator[str]:
    with served(desk.service) as address:
        yield address


@pytest.fixture
def window(browser: Browser, base: str) -> Iterator[Window]:
    found = Window(browser, base, viewport={"width": 1280, "height": 900})
    yield found
    found.close()


@pytest.mark.parametrize(
    ("locale", "name", "wants", "feels", "proof", "reply"),
    [
        ("en-GB", "Maya Chen", "cancel the subscription", "negative", "I am angry", "I am sorry to hear that"),
        ("zh-CN", "周立", "退货", "消极", "我很生气", "非常抱歉"),
    ],
)
def test_ten_seconds(
    browser: Browser, base: str, locale: str, name: str, wants: str, feels: str, proof: str, reply: str
) -> None:
    window = Window(browser, base, locale=locale, viewport={"width": 1280, "height": 900})
    page = window.go("")
    began = time.monotonic()
    page.get_by_role("link", name=name).click()
    screen = page.locator(".glance")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)  # who is this
    expect(screen).to_contain_text(wants)  # what do they want now
    expect(page.locator("[data-role=feels]")).to_contain_text(feels)  # how do they feel
    page.locator("[data-role=feels] a.mark").first.click()  # prove it
    panel = page.get_by_role("dialog")
    expect(panel.locator("mark")).to_have_text(proof)
    expect(panel).to_contain_text(reply)
    assert time.monotonic() - began < 10
    box = screen.bounding_box()
    assert box is not None and box["y"] + box["height"] < 900, "all of it stands on the first screen"
    window.close()


def test_ask_and_stream(window: Window, model: Slow) -> None:
    page = window.go("/customer?user=maya")
    model.go_on.clear()
    page.get_by_role("textbox", name="Ask about this customer").fill("Which city does she live in?")
    page.keyboard.press("Enter")
    expect(page.locator("#answer [data-step]")).not_to_be_empty()
    expect(page.locator("#answer").get_by_role("button", name="Cancel")).to_be_visible()
    model.go_on.set()
    expect(page.locator("#answer")).to_contain_text("Munich")
    expect(page.locator("#answer")).to_contain_text("I moved to Munich last week")
    page.locator("#answer a.mark").first.click()
    expect(page.get_by_role("dialog").locator("mark")).to_contain_text("Munich")


def test_cancel(window: Window, model: Slow) -> None:
    page = window.go("/customer?user=maya")
    model.go_on.clear()
    page.locator("#question").fill("Where does she live now?")
    page.get_by_role("button", name="Ask").click()
    with page.expect_response("**/job/cancel"):
        page.locator("#answer").get_by_role("button", name="Cancel").click()
    model.go_on.set()
    expect(page.locator("#answer")).to_contain_text("Cancelled")


def test_build_survives_a_reload_and_why(window: Window, model: Slow) -> None:
    page = window.go("/customer?user=%D9%84%D9%8A%D9%84%D9%89&schema=small")
    model.go_on.clear()
    page.get_by_role("button", name="Make the profile").click()
    expect(page.locator("[data-step]")).not_to_be_empty()
    page.goto(f"{window.base}/console/customer?user=%D9%84%D9%8A%D9%84%D9%89&schema=small")
    expect(page.get_by_text("A profile is being made")).to_be_visible()
    page.reload()
    expect(page.get_by_text("A profile is being made")).to_be_visible()
    model.go_on.set()
    expect(page.locator(".cards")).to_contain_text("Munich")
    page.get_by_role("button", name="Why: Munich").click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("It rests on these words")
    expect(panel.locator("blockquote mark").first).to_contain_text("Munich")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_correct(window: Window, desk: Desk) -> None:
    page = window.go("/customer?user=maya")
    page.get_by_role("link", name="Correct: Munich").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Right value").fill("Vienna")
    form.get_by_label("Your name").fill("Ana <b>")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 correction counts from the next profile on")).to_be_visible()
    expect(page.get_by_role("button", name="Make the next profile now")).to_be_visible()
    page.get_by_role("button", name="Confirm: Maya Chen", exact=True).click()
    expect(page.get_by_text("2 corrections count from the next profile on")).to_be_visible()
    assert [each.by for each in desk.limner.corrections("maya")] == ["Ana <b>", "Ana <b>"]


def test_forbid(window: Window, desk: Desk) -> None:
    page = window.go("/customer?user=%E5%91%A8%E7%AB%8B")
    page.get_by_role("button", name="Forbid: 退货").click()
    form = page.locator("main")
    form.get_by_label("Your name").fill("Ana")  # asked once
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Forbidden. It counts from the next profile on.")
    expect(page.locator("[data-role=wants]")).to_contain_text("forbidden by Ana, waits for the next profile")
    expect(page.locator("li.turn[data-kind=forbid]")).to_contain_text("退货")
    page.get_by_role("button", name="Forbid: 水壶是坏的").click()  # one click from now on
    expect(page.get_by_text("2 corrections count from the next profile on")).to_be_visible()
    said = [(each.action, each.value, each.by) for each in desk.limner.corrections("周立")]
    assert said == [("forbid", "退货", "Ana"), ("forbid", {"issue": "水壶是坏的", "status": "open"}, "Ana")]


def test_the_difference_between_versions(window: Window) -> None:
    page = window.go("/customer?user=maya")
    page.locator(".versions li", has_text="Version 2").get_by_role("link", name="Changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed with version 2")
    page.get_by_label("From").select_option("Version 1")
    page.get_by_role("button", name="Compare").click()
    row = page.get_by_role("row").filter(has_text="Location")
    expect(row.locator("del")).to_have_text("Hamburg")
    expect(row.locator("ins")).to_have_text("Munich")
    row.locator("a.mark").first.click()
    expect(page.get_by_role("dialog").locator("mark")).to_have_text("I moved to Munich last week")
    page.keyboard.press("Escape")
    page.get_by_label("From").select_option("Version 2")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Nothing differs between these two.")).to_be_visible()


def test_the_timeline_leads_to_messages_and_values(window: Window) -> None:
    page = window.go("/customer?user=maya")
    line = page.locator("li.turn", has_text="Hamburg").filter(has_text="Munich")
    line.locator("a.mark").last.click()
    expect(page.get_by_role("dialog").locator("mark")).to_have_text("I moved to Munich last week")
    page.keyboard.press("Escape")
    line.get_by_role("link", name="Location").click()
    expect(page.locator(":target")).to_contain_text("Munich")
    page.locator("li.wrote a").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("I want to cancel my subscription")


def test_languages(window: Window) -> None:
    page = window.go("/customer?user=maya")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator(".glance")).to_contain_text("现在想要什么")
    page.reload()
    expect(page.locator(".glance")).to_contain_text("感受如何")
    page.get_by_role("link", name="English").click()
    expect(page.locator(".glance")).to_contain_text("Wants now")


def test_phone(browser: Browser, base: str, desk: Desk) -> None:
    window = Window(browser, base, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    for path in (*pages(), f"/customer?user={'x' * 400}", f"/messages?user={'x' * 400}", f"/customer?user={'🙂' * 40}"):
        page = window.go(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        wide = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 360)"
            ".map(e => e.outerHTML.slice(0, 120)).slice(-3)"
        )
        assert width <= 360, f"{path} is {width} wide: {wide}"
    page = window.go("/customer?user=maya")
    long, short = (page.locator(f"[data-role={role}] .value").first for role in ("wants", "feels"))
    long.locator(".text").evaluate("node => { node.textContent = 'to have all of the money back '.repeat(3) }")
    words, buttons = (long.locator(each).bounding_box() for each in (".said", ".acts"))
    assert words is not None and buttons is not None and words["y"] + words["height"] <= buttons["y"] + 1
    beside = [short.locator(each).bounding_box() for each in (".said", ".acts")]
    assert beside[0] is not None and beside[1] is not None and beside[1]["y"] < beside[0]["y"] + beside[0]["height"]
    page.locator("[data-role=feels] a.mark").first.tap()
    expect(page.get_by_role("dialog").locator("mark")).to_be_visible()
    window.close()


def test_keyboard(window: Window) -> None:
    page = window.go("/customer?user=maya")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    mark = page.locator("[data-role=issues] a.mark").first
    for _ in range(40):
        if mark.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "the focus is seen"
    expect(mark).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel.locator("mark")).to_contain_text("kettle")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()


def test_without_scripts(browser: Browser, base: str) -> None:
    context = browser.new_context(base_url=base, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto("/console/customer?user=maya")
    page.locator("[data-role=feels] a.mark").first.click()
    expect(page.locator("mark")).to_have_text("I am angry")
    page.goto("/console/customer?user=maya")
    page.locator("#question").fill("Which city does she live in?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".lead")).to_contain_text("Munich", timeout=20_000)
    context.close()


def test_login(browser: Browser, tmp_path: Path) -> None:
    desk = Desk(tmp_path)  # its service ends with the server
    desk.maya()
    key, _ = desk.service.keys.make("default", ["read"], label="Ana")
    with served(desk.service, dev=False) as address:
        window = Window(browser, address)
        page = window.go("/customer?user=maya")
        page.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not known")
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Maya Chen")
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("API key")).to_be_visible()
        window.close()


def hostile(desk: Desk) -> None:
    """A user whose every field is a payload, with a profile under a schema that is one, too."""
    desk.load(
        HOSTILE,
        [(HOSTILE, "2026-05-01T10:00:00Z", "user", f"I live in Munich. {HOSTILE}")],
        speaker=HOSTILE,
        channel=HOSTILE,
        metadata={HOSTILE: HOSTILE},
    )
    event = desk.limner.store.events(HOSTILE)[0]
    text = {"type": ["string", "null"], "description": HOSTILE, "x-description-zh": HOSTILE}
    names = PAYLOADS[:3]
    document = {
        "title": HOSTILE, "description": HOSTILE, "type": "object",
        "properties": {
            "name": text, "sentiment": {**text, "enum": [*PAYLOADS[:2], None]}, **dict.fromkeys(names, text)
        },
    }  # fmt: skip
    desk.service.schemas.register("default", "hostile", document)
    evidence = cite(HOSTILE, event, event.text)
    said = Corrected(HOSTILE, "2026-05-02", "confirm", HOSTILE)
    cited, places = (evidence,), [f"/{escape_pointer(name)}" for name in names]
    claims = [
        Claim("/name", HOSTILE, "current", "stated", 0.9, "2026-05-01", None, cited),
        Claim(
            "/name", PAYLOADS[0], "superseded", "stated", 0.9, HOSTILE, HOSTILE, cited, {}, ClaimRef("/name", HOSTILE)
        ),
        Claim("/sentiment", PAYLOADS[0], "current", "inferred", 0.9, "2026-05-01", None, cited),
        *(Claim(each, HOSTILE, "current", "stated", 0.5, None, None, cited, corrected=said) for each in places),
    ]
    profile = {"name": HOSTILE, "sentiment": PAYLOADS[0], **dict.fromkeys(names, HOSTILE)}
    refused = (Rejected("/name", HOSTILE, HOSTILE, (evidence,), None),)
    schema = desk.schema("hostile")
    made = desk.profile(
        HOSTILE, profile, claims, schema={"name": "hostile", "hash": schema.hash}, rejected=refused, unknown=(HOSTILE,)
    )
    desk.keep(made)
    desk.limner.correct(HOSTILE, "/name", "correct", HOSTILE, by=HOSTILE, note=HOSTILE, schema=schema)
    note = VersionNote(HOSTILE, PAYLOADS[1], "0" * 12, 0, "2026-05-01T00:00:00Z")
    private = {"made_with": {}, "newest": 0, "until": 0, "since": None, "changes": []}
    desk.limner.store.keeping.save(note, "x", made.as_json() | {"schema": {"name": PAYLOADS[1], "hash": "0"}}, private)


def test_nothing_of_a_history_is_executed(browser: Browser, base: str, desk: Desk) -> None:
    hostile(desk)
    user = quote(HOSTILE, safe="")
    event = quote(HOSTILE, safe="")
    window = Window(browser, base)
    for path in (
        "", f"?q={user}", f"/customer?user={user}&schema=hostile", f"/customer?user={user}", f"/messages?user={user}",
        f"/messages?user={user}&q=Munich&channel={user}&until={user}",
        f"/message?user={user}&event={event}&start=3&end=40",
        f"/sheet?user={user}&schema=hostile", f"/versions?user={user}&schema=hostile", f"/erase?user={user}",
        f"/correct?user={user}&schema=hostile&pointer=%2Fname&action=correct",
        f"/timeline?user={user}&schema=hostile", f"/timeline?user={user}", "/schemas?show=hostile",
        f"/customer?user={user}&schema={user}",
    ):  # fmt: skip
        window.go(path)
        inert(window, path)
    page = window.go(f"/customer?user={user}&schema=hostile")
    visible = page.locator("main").inner_text()
    for payload in PAYLOADS:
        assert " ".join(payload.split()) in " ".join(visible.split()), payload
    page.locator("a.mark").first.click()
    panel = page.get_by_role("dialog")
    expect(panel.locator("mark")).to_contain_text(PAYLOADS[0])
    panel.get_by_text("Further data").click()
    expect(panel.locator("dl")).to_contain_text(PAYLOADS[1])
    window.unharmed("the panel")
    page.keyboard.press("Escape")
    page.locator("#question").fill(f"Which city? {HOSTILE[:300]}")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#answer h1")).to_contain_text(PAYLOADS[0])
    window.unharmed("the answer")
    page = window.go(f"/customer?user={user}&schema=small")
    page.get_by_role("button", name="Make the profile").click()
    expect(page.locator(".cards")).to_contain_text("Munich")
    page.get_by_role("button", name="Why: Munich").click()
    expect(panel).to_contain_text("It rests on these words")
    window.unharmed("why")
    page = window.go(f"/customer?user={user}&schema=hostile")
    with page.expect_navigation():
        page.locator("button[value=confirm]").first.click()
    inert(window, "who confirms?")
    page.locator("main input[name=by]").fill(PAYLOADS[1])
    page.locator("main [name=note]").fill(HOSTILE)
    with page.expect_navigation():
        page.locator("main button.main").click()
    inert(window, "confirm")
    with page.expect_navigation():
        page.locator("button[value=forbid]").first.click()
    inert(window, "forbid")
    said = [(each.action, each.by) for each in desk.limner.corrections(HOSTILE)]
    assert said[1:] == [("confirm", PAYLOADS[1]), ("forbid", PAYLOADS[1])]
    page = window.go(f"/erase?user={user}")
    page.get_by_role("checkbox").check()
    with page.expect_navigation():
        page.locator("button.danger").click()
    inert(window, "erase", shows=False)
    window.go(f"/customer?user={user}")
    inert(window, "erased", shows=False)
    window.close()


def test_nothing_that_is_given_to_the_login_is_executed(browser: Browser, tmp_path: Path) -> None:
    desk = Desk(tmp_path)  # its service ends with the server
    desk.load(HOSTILE, [("e1", "2026-05-01T10:00:00Z", "user", HOSTILE)])
    key, _ = desk.service.keys.make("default", ["read"], label=HOSTILE)
    with served(desk.service, dev=False) as address:
        window = Window(browser, address)
        after = f"/console/customer?user={quote(HOSTILE, safe='')}"
        page = window.go(f"/login?next={quote(after, safe='')}")
        expect(page.locator("input[name=next]")).to_have_value(after)
        inert(window, "login", shows=False)
        for given in (HOSTILE, key):
            page.get_by_label("API key").fill(given)
            with page.expect_navigation():
                page.keyboard.press("Enter")
            inert(window, f"login with {given}", shows=given == key)
        expect(page.get_by_role("button", name="Log out")).to_have_attribute("title", HOSTILE)
        window.close()


def inert(window: Window, where: str, *, shows: bool = True) -> None:
    """The page ``shows`` payloads, and none of them is anything but text."""
    page = window.page
    typed = page.locator("input, textarea").evaluate_all("fields => fields.map(each => each.value)")
    shown = " ".join([page.locator("body").inner_text(), *typed])
    if shows:
        assert PAYLOADS[0] in shown or "window.pwned=1</script>" in shown or PAYLOADS[0] in page.content(), where
    assert page.locator("iframe, script:not([src]), style, [onerror], [onload], [style]").count() == 0, where
    assert page.evaluate("[...document.links].every(each => each.protocol.startsWith('http'))"), where
    window.unharmed(where)


def pages() -> list[str]:
    """The pages of the console, by path."""
    return [
        "",
        "?q=nobody",
        "/customer?user=maya",
        "/customer?user=maya&version=1",
        "/customer?user=maya&schema=person",
        "/timeline?user=maya",
        "/messages?user=maya",
        "/messages?user=maya&q=kettle",
        "/message?user=maya&event=m4&start=0&end=10",
        "/versions?user=maya&schema=customer&version=2&since=1",
        "/correct?user=maya&schema=customer&pointer=%2Frecent_issues%2F0&action=correct",
        "/sheet?user=maya",
        "/erase?user=maya",
        "/customer?user=nobody",
        "/schemas",
        "/schemas?show=small&said=registered",
        "/schemas?show=customer",
    ]


@pytest.mark.parametrize(
    ("scheme", "locale", "width"),
    [("light", "en-GB", 1280), ("dark", "en-GB", 1280), ("light", "zh-CN", 1280), ("dark", "zh-CN", 360)],
)
def test_axe_finds_no_serious_problem(
    browser: Browser, base: str, desk: Desk, scheme: str, locale: str, width: int, model: Slow
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    options = {"color_scheme": scheme, "locale": locale, "viewport": {"width": width, "height": 900}}
    window = Window(browser, base, **options)
    asked = desk.service.ask("default", "maya", "Which city does she live in?")
    why = desk.service.explain("default", "ليلى", "/city", desk.schema("small"))
    assert asked.wait(30) and why.wait(30)
    model.go_on.clear()
    slow = desk.service.ask("default", "maya", "Where does she live?")
    paths = [
        *pages(),
        f"/customer?user={quote('周立')}",
        f"/customer?user={quote('ليلى')}",
        f"/job?id={asked.job_id}",
        f"/job?id={why.job_id}",
        f"/job?id={slow.job_id}",
    ]
    found = {path: serious(Axe().run(window.go(path))) for path in paths}
    page = window.go("/customer?user=maya")
    for each in page.locator("details > summary").all():
        each.click()
    found["all open"] = serious(Axe().run(page))
    page.locator("a.mark").first.click()
    expect(page.get_by_role("dialog").locator("mark")).to_be_visible()
    found["panel"] = serious(Axe().run(page))
    page = window.go("/schemas")
    page.locator("#name").fill("broken")
    page.locator("#document").fill("{")
    page.locator("form.wide button").click()
    expect(page.get_by_role("alert")).to_contain_text("line 1, column 2" if locale == "en-GB" else "第 1 行，第 2 列")
    found["a schema that is none"] = serious(Axe().run(page))
    desk.service.queue.cancel(slow)
    model.go_on.set()
    window.close()
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_purpose_is_chosen_with_the_keyboard_and_without_scripts(
    browser: Browser, tmp_path: Path, scheme: str, width: int
) -> None:
    """And axe finds nothing serious where it may be chosen, and where a consent is missing."""
    from axe_playwright_python.sync_playwright import Axe

    desk = Desk(tmp_path)  # its service ends with the server
    desk.maya()
    desk.limner.store.set_policy(make_policy(["support", "marketing"], None, [], require_consent=False))
    desk.limner.store.consents.withdraw("maya", "marketing", by="t")
    with served(desk.service) as address:
        window = Window(browser, address, color_scheme=scheme, viewport={"width": width, "height": 800})
        page = window.go("/customer?user=maya")
        expect(page.get_by_label("Purpose", exact=True)).to_have_value("support")
        found = [serious(Axe().run(page))]
        page.get_by_label("Purpose", exact=True).focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("[data-barred]")).to_contain_text("withdrew the consent")
        expect(page.get_by_label("Purpose", exact=True)).to_have_value("marketing")
        found.append(serious(Axe().run(page)))
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        window.close()
        plain = Window(browser, address, java_script_enabled=False)
        page = plain.go("/sheet?user=maya")
        page.get_by_label("Purpose", exact=True).select_option("marketing")
        page.get_by_role("button", name="Choose").click()
        expect(page.locator("[data-barred]")).to_contain_text("limner consent grant USER --purpose marketing")
        page.emulate_media(media="print")
        expect(page.get_by_text("for: marketing")).to_be_visible()
        expect(page.get_by_label("Purpose", exact=True)).to_be_hidden()
        plain.context.close()
    assert found == [[], []]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_problem_at_the_ends(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """Login, a wrong key, a job that failed or was cancelled, and the receipt of an erasure."""
    from axe_playwright_python.sync_playwright import Axe

    desk = Desk(tmp_path)  # its service ends with the server
    desk.maya()
    key, _ = desk.service.keys.make("default", ["read", "erase"], label="Ana")
    failed, cancelled = desk.service.queue.submit(broken()), desk.service.queue.submit(broken())
    desk.service.queue.cancel(cancelled)
    assert failed.wait(30) and cancelled.wait(30)
    with served(desk.service, dev=False) as address:
        window = Window(browser, address, color_scheme=scheme, viewport={"width": 1280, "height": 900})
        page, found = window.go("/login"), {}
        found["login"] = serious(Axe().run(page))
        page.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not known")
        found["wrong key"] = serious(Axe().run(page))
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        found |= {each.state: serious(Axe().run(window.go(f"/job?id={each.job_id}"))) for each in (failed, cancelled)}
        page = window.go("/erase?user=maya")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Erase").click()
        expect(page.get_by_text("Signature")).to_be_visible()
        found["receipt"] = serious(Axe().run(page))
        window.close()
    assert {name: each for name, each in found.items() if each} == {}


def broken() -> Job:
    """Work that fails."""

    def task(*arguments: Any) -> dict[str, Any]:
        raise ModelUnavailable("the language model cannot be reached", hint="Start it")

    return Job("default", "maya", "ask", task)


def serious(results: Any) -> list[str]:
    """What axe calls serious or critical."""
    assert results.response["passes"], "it looked"
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in results.response["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
