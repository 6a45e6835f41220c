import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.changes import Change, Why
from agent.chat import Usage
from agent.documents import AnswerDocument, Claim, Evidence, ModelNames, Origin, ProfileDocument, Rejected
from agent.footnotes import Footnotes, excerpt, shown, source_of
from agent.render import print_answer, print_profile
from agent.render_keeping import print_changes
from agent.render_tables import print_hits, print_report, print_users
from agent.terminal import console_of_stdout
from agent.versions import Changes
from retrieval.events import Event, Snippet
from retrieval.history import UserSummary
from retrieval.ingest import IngestReport
from retrieval.search import Hit

MODEL = ModelNames("llm", "embedder", "prompts")
USAGE = Usage(9, 2140, 1660, 212, 14.23)
READ = {"total": 3, "shown": 3, "left_out": 0}


def evidence(event_id: str, quote: str, **about: Any) -> Evidence:
    known = {"timestamp": "2024-04-01T09:12:00Z", "speaker": "user", "channel": "email", **about}
    return Evidence(event_id, f"{event_id}#0", 0, len(quote), quote, **known)


def claim(pointer: str, value: Any, *cited: Evidence, origin: Origin = "stated", sure: float = 0.9) -> Claim:
    return Claim(pointer, value, "current", origin, sure, None, None, cited)


def profile(values: dict[str, Any], *claims: Claim, **rest: Any) -> ProfileDocument:
    given: dict[str, Any] = {
        "user_id": "u42",
        "schema": {"name": "customer", "hash": "h"},
        "unknown": (),
        "rejected": (),
        "history": READ,
        "model": MODEL,
        "usage": USAGE,
        "generated_at": "2024-05-01T00:00:00Z",
        **rest,
    }
    return ProfileDocument(profile=values, claims=claims, **given)


def answer(question: str, text: str | None, *cited: Evidence, **rest: Any) -> AnswerDocument:
    given = {"confidence": 0.9, "rejected": (), "history": READ, "model": MODEL, "usage": USAGE, **rest}
    return AnswerDocument("u42", question, text, text is not None, evidence=cited, **given)


def lines(show: Callable[..., None], *arguments: Any, width: int = 80, **settings: Any) -> list[str]:
    """What is printed, without the white space at the ends of lines."""
    page = io.StringIO()
    console = Console(file=page, width=width, markup=False, highlight=False, emoji=False, **settings)
    show(console, *arguments)
    return [line.rstrip() for line in page.getvalue().splitlines()]


MOVED = evidence("e7", "I moved from Hamburg last month and live in Munich now.")
HAMBURG = evidence("e1", "I live in Hamburg", timestamp="2023-01-02", channel=None)


def test_a_profile_in_english() -> None:
    document = profile(
        {"city": "Munich", "diet": ["vegan", "gluten-free"], "contact": {"preferredChannel": "email"}, "phone": None},
        claim("/city", "Munich", MOVED, sure=0.97),
        Claim("/city", "Hamburg", "superseded", "stated", 0.93, "2023-01-02", "2024-03-01", (HAMBURG,)),
        claim("/diet/0", "vegan", evidence("e3", "I'm vegan"), MOVED),
        claim("/diet/1", "gluten-free", evidence("e4", "a menu", speaker="Ann"), origin="reported", sure=0.8),
        claim("/contact/preferredChannel", "email", evidence("e5", "Write to me", timestamp=None, speaker=None)),
        unknown=("/phone", "/family/children_names"),
        rejected=(Rejected("/job", "x", "no"),),
        history={"total": 340, "shown": 120, "left_out": 220},
    )
    assert lines(print_profile, document) == [
        "u42 · customer",
        "",
        " attribute                     value                               source",
        " ──────────────────────────────────────────────────────────────────────────────",
        " city                          Munich [1]                          stated 97%",
        "                               earlier: Hamburg (until             stated 93%",
        "                               2024-03-01) [2]",
        " diet                          vegan [3] [1]                       stated 90%",
        "                               gluten-free [4]                     reported 80%",
        " contact › preferred channel   email [5]                           stated 90%",
        "",
        "Unknown: phone, family › children names",
        "",
        "[1] 2024-04-01 user, email: “I moved from Hamburg last month and live in Munich",
        "    now.”",
        "[2] 2023-01-02 user: “I live in Hamburg”",
        "[3] 2024-04-01 user, email: “I'm vegan”",
        "[4] 2024-04-01 Ann, email: “a menu”",
        "[5] email: “Write to me”",
        "",
        "1 drafted value was rejected; --json tells why",
        "9 model calls, 2140 tokens read (1660 of them cached), 212 written, 14.2 s; 220",
        "of the history's 340 snippets were left out",
    ]


def test_a_profile_in_chinese() -> None:
    quote = evidence("h1", "我喜欢阅读书籍，喜欢旅游，对科技感兴趣。", timestamp=None, speaker=None, channel=None)
    interests = [claim(f"/interests/{n}", value, quote) for n, value in enumerate(["阅读", "旅游", "科技"])]
    document = profile(
        {"language": "zh", "sentiment": "positive", "interests": ["阅读", "旅游", "科技"], "vip": True},
        claim("/language", "zh", quote, origin="computed", sure=1.0),
        claim("/sentiment", "positive", quote, origin="inferred"),
        *interests,
        unknown=("/name", "/occupation"),
        rejected=(Rejected("/a", "x", "no"), Rejected("/b", "x", "no")),
    )
    assert lines(print_profile, document, width=60) == [
        "u42 · customer",
        "",
        " 属性        值             依据",
        " ────────────────────────────────────",
        " language    zh [1]         统计 100%",
        " sentiment   positive [1]   推断 90%",
        " interests   阅读 [1]       自述 90%",
        "             旅游 [1]       自述 90%",
        "             科技 [1]       自述 90%",
        " vip         是",
        "",
        "未知：name、occupation",
        "",
        "[1] “我喜欢阅读书籍，喜欢旅游，对科技感兴趣。”",
        "",
        "舍弃了 2 个未通过核实的值，原因见 --json",
        "模型调用 9 次，读入 2140 词元（其中缓存 1660），写出",
        "212，用时 14.2 秒；历史共 3 个片段，全部读过",
    ]


def test_objects_lists_and_their_claims() -> None:
    phone, router = {"name": "phone", "since": None, "tags": ["old", "red"]}, {"name": "router"}
    cited = [evidence(name, f"about {name}") for name in ("a", "b", "c", "d", "e")]
    document = profile(
        {"products": [phone, router], "pets": ["cat", "dog"], "size/kg": 5, "address": {"town": "Bonn"}, "none": []},
        claim("/products/0", phone, cited[0]),
        claim("/products/1/name", "router", cited[1]),
        claim("/pets", ["cat", "dog"], cited[2]),
        claim("/size~1kg", 5, cited[3]),
        claim("/address", {"town": "Bonn"}, cited[4]),
        Claim("/pets/7", "fish", "superseded", "stated", 0.5, None, None, ()),
        Claim("/gone", "x", "superseded", "stated", 0.5, None, None, ()),
    )
    cells = [line.split("  ") for line in lines(print_profile, document, width=100)[4:13]]
    assert [[cell.strip() for cell in row if cell.strip()][:-1] for row in cells] == [
        ["products", "name: phone; tags: old, red [1]"],
        ["name: router [2]"],
        ["pets", "cat [3]"],
        ["dog [3]"],
        ["earlier: fish"],
        ["size/kg", "5 [4]"],
        ["address › town", "Bonn [5]"],
        ["gone", "earlier: x"],
        [],
    ]


def test_an_empty_profile() -> None:
    shown_lines = lines(print_profile, profile({"city": None}, unknown=("/city",), history={}))
    assert shown_lines[:3] == ["u42 · customer", "Nothing is known.", "Unknown: city"]
    assert shown_lines[-1].endswith("14.2 s")


def test_histories_command_neither_rich_nor_the_terminal() -> None:
    bad = "[red]sale[/red] :smile: \x1b[31mred\x07 \u202eevil\n[/] 👩\u200d👩\u200d👧 \udc80"
    clean = "[red]sale[/red] :smile: �[31mred� evil [/] 👩\u200d👩\u200d👧 �"
    document = profile({"bad": bad}, claim("/bad", bad, evidence("e", bad, speaker=bad)), user_id=f"{bad}\n" * 99)
    page = "\n".join(lines(print_profile, document, width=400))
    assert page.count(clean) == 3 and "\x1b" not in page and "\u202e" not in page
    assert clean in "\n".join(lines(print_answer, answer("Why?", bad), width=400))
    event = Event("u", "e", bad, channel=bad, speaker=bad)
    hit = Hit(Snippet("e#0", "u", "e", 0, len(bad), bad), event, 0.5, 1)
    assert "\x1b" not in "\n".join(lines(print_hits, [hit], width=400))
    assert "\x1b" not in "\n".join(lines(print_users, [UserSummary(bad, 1, 1, None, None)], width=400))


def test_colour_only_on_terminals() -> None:
    document = profile({"city": "Bonn"}, Claim("/city", "Ulm", "superseded", "stated", 0.9, None, None, ()))
    assert any("\x1b" in line for line in lines(print_profile, document, force_terminal=True, color_system="standard"))
    assert not any("\x1b" in line for line in lines(print_profile, document))


@pytest.mark.parametrize("width", [40, 60, 100])
def test_nothing_is_wider_than_the_page(width: int) -> None:
    text = "这是一段很长的中文，里面混着 English words 和 https://example.com/" + "x" * 90 + "，必须正确换行。" * 9
    document = profile({"summary": text}, claim("/summary", text, evidence("e" * 99, text, speaker=text[:50])))
    pages = lines(print_profile, document, width=width) + lines(print_answer, answer("谁？", text), width=width)
    assert max(cell_len(line) for line in pages) <= width


def test_an_answer() -> None:
    assert lines(print_answer, answer("Where?", "In Munich.", MOVED, HAMBURG))[:4] == [
        "In Munich. [1] [2]",
        "",
        "[1] 2024-04-01 user, email: “I moved from Hamburg last month and live in Munich",
        "    now.”",
    ]


def test_no_answer_in_the_language_of_the_question() -> None:
    rejected = (Rejected("/answer", "Berlin", "no"),)
    assert lines(print_answer, answer("Where?", None, rejected=rejected)) == [
        "I cannot tell from this history.",
        "",
        "1 drafted value was rejected; --json tells why",
        "9 model calls, 2140 tokens read (1660 of them cached), 212 written, 14.2 s; all",
        "3 snippets of the history were shown",
    ]
    assert lines(print_answer, answer("在哪里？", None))[0] == "这段历史里看不出来。"


def test_what_somebody_else_said_is_told_instead() -> None:
    said = Rejected("/answer", None, "said by Anna, not by the person asked about", (HAMBURG,))
    english = lines(print_answer, answer("Where?", None, rejected=(said,)))
    assert english[:2] == [
        "I cannot tell from this history.",
        "But this was said by Anna, not by the person asked about: [1]",
    ]
    assert english[3].startswith("[1]") and "rejected" not in " ".join(english)
    assert lines(print_answer, answer("在哪里？", None, rejected=(said,)))[1] == "不过，这是Anna说的，不是所问的人：[1]"


def test_long_quotes_are_shortened_around_the_value() -> None:
    words = "and so it went on " * 20
    cut = excerpt(f"{words}until I said I'm Vegan, really {words}", ["(no", "vegan"])
    assert cut.startswith("… ") and cut.endswith(" …") and "I'm Vegan, really" in cut
    assert 140 < len(cut) < 190
    assert excerpt(f"vegan {words}", ["vegan"]).startswith("vegan and so")
    assert excerpt(f"{words}vegan", ["vegan"]).endswith("went on vegan")
    assert excerpt("short\n quote", ["x"]) == "short quote"
    ends = excerpt(f"First {words} last", ["absent", ""])
    assert ends.startswith("First and so") and ends.endswith(" last") and " … " in ends and len(ends) < 190
    chinese = excerpt("的" * 200 + "我吃素" + "了" * 200, ["吃素"])
    assert "的我吃素了" in chinese and len(chinese) < 170
    assert len(excerpt("x" * 500, ["x" * 300])) < 310


def test_footnotes_are_numbered_once() -> None:
    notes = Footnotes()
    assert notes.cite([MOVED, HAMBURG, MOVED], "Munich") == "[1] [2]"
    assert notes.cite([HAMBURG], "Hamburg") == "[2]"
    assert notes.cite([], "x") == ""
    assert [(note.number, note.evidence, note.values) for note in notes] == [
        (1, MOVED, ("Munich", "Munich")),
        (2, HAMBURG, ("Munich", "Hamburg")),
    ]
    assert source_of(evidence("e", "x", timestamp=None, speaker=None, channel=None)) == ""
    assert shown(2.5) == "2.5"


def test_an_answer_that_leaves_a_part_open_says_so() -> None:
    page = lines(print_answer, replace(answer("Where? How old?", "In Munich.", MOVED), unanswered=("How old?",)))
    assert page[1] == "Not told by this history: How old?"
    page = lines(print_answer, replace(answer("住哪？几岁？", "慕尼黑", MOVED), unanswered=("几岁？",)))
    assert page[1] == "这段历史里看不出：几岁？"


def test_hits_users_and_reports() -> None:
    event = Event("u1", "e1", "I like tea. 我喜欢茶。", timestamp="2024-03-01T10:00:00Z", channel="email")
    page = lines(print_hits, [Hit(Snippet("e1#0", "u1", "e1", 0, 18, event.text), event, 0.81234, 1)])
    assert page[3].split() == ["1", "0.812", "2024-03-01", "user", "email", "I", "like", "tea.", "我喜欢茶。"]
    assert lines(print_hits, []) == ["Nothing found."]

    page = lines(print_users, [UserSummary("u1", 2, 3, "2024-03-01T10:00:00Z", None)])
    assert page[3].split() == ["u1", "2", "3", "2024-03-01"]
    assert lines(print_users, []) == ["The store is empty. Load a history with: limner ingest FILE"]

    report = IngestReport(files=2, read=9, added=3, updated=2, unchanged=1, repeated=2, snippets=7, bad_count=1)
    assert lines(print_report, report, width=120) == [
        "9 rows of 2 files: 3 added, 2 updated, 1 unchanged, 2 repeated, 1 bad; 7 snippets"
    ]


def test_the_console_is_that_of_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(console_of_stdout(), answer("Where?", "[b]In Munich[/b]"))
    assert capsys.readouterr().out.startswith("[b]In Munich[/b]\n")


def test_what_is_disputed_is_shown_beside_the_value() -> None:
    rivals = [
        Claim("/city", value, "disputed", "stated", sure, None, None, (evidence(value, f"I live in {value}"),))
        for value, sure in (("Ulm", 0.9), ("Bonn", 0.8))
    ]
    page = "\n".join(lines(print_profile, profile({"city": "Ulm"}, *rivals)))
    assert "Ulm [1]" in page and "disputed, also said: Bonn [2]" in page and page.count("also said") == 1
    chinese = Claim("/city", "杭州", "disputed", "stated", 0.9, None, None, ())
    other = Claim("/city", "上海", "disputed", "stated", 0.8, None, None, ())
    page = "\n".join(lines(print_profile, profile({"city": "杭州"}, chinese, other)))
    assert "有争议，另有说法：上海" in page


@pytest.mark.parametrize(
    ("city", "some"),
    [("Munich", ["a person said so", "other corrections were made"]), ("慕尼黑", ["由人更正", "因其他更正"])],
)
def test_every_reason_of_a_change_has_words(city: str, some: list[str]) -> None:
    document = profile({"city": city}, claim("/city", city, evidence("e1", f"{city}。")))
    whys = get_args(Why)
    changes = Changes(2, 1, tuple(Change("/city", "changed", "", city, why, None, ()) for why in whys))
    told = [line for line in lines(print_changes, document, changes, width=200) if city in line]
    assert len(set(told)) == len(whys)
    assert all(any(line.endswith(each) for line in told) for each in some)
