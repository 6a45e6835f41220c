"""What people read about an explanation, and the command that shows it."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agent.chat import Usage
from agent.cli import main
from agent.documents import Claim, Evidence, ModelNames, Rejected
from agent.errors import ModelUnavailable
from agent.explanations import Alternative, Computation, Explanation, LeftOut, Quote, ReadAlone, Turn
from agent.render_explanation import print_explanation
from tests.agent import scripted
from tests.agent.explained import HISTORY, SCHEMA, script
from tests.conftest import WriteRows


def evidence(event_id: str, quote: str) -> Evidence:
    return Evidence(event_id, f"{event_id}#0", 0, len(quote), quote, "2024-04-01T09:12:00Z", "user", "email")


def explanation(**about: Any) -> Explanation:
    words = about.pop("words", ("I live in Munich.", "Munich again."))
    quotes = tuple(Quote(evidence(f"e{n}", text), "Well. ", " Bye.", None) for n, text in enumerate(words, start=1))
    quotes = (replace(quotes[0], turn_before=Turn("e0", None, "agent", "Where? [b]x[/b]")), *quotes[1:])
    known: dict[str, Any] = {
        "user_id": "u", "subject": "/city", "kind": "drafted", "value": "Munich", "origin": "stated",
        "confidence": 0.97, "valid_from": "2024-04-01", "valid_to": None, "quotes": quotes, "is_prose": False,
        "probability": 0.96, "per_token": 0.99, "nothing": 0.02, "alternatives": (Alternative("Hamburg", 0.006, 0.3),),
        "judged": 0.9, "without": (), "computed": None, "rests_on": (), "others": (), "rejected": (), "queries": (),
        "shown": tuple(q.evidence for q in quotes), "note": None, "model": ModelNames("llm", "e", "p"),
        "usage": Usage(7, 1965, 1661, 159, 38.6), "made_with": Usage(),
    }  # fmt: skip
    return Explanation(**{**known, **about})


def read(found: Explanation) -> str:
    console = Console(file=io.StringIO(), width=200, markup=False, highlight=False, emoji=False)
    print_explanation(console, found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


WITHOUT = (
    LeftOut("others", ("e8#0", "e9#0"), 0.95, 0.99, 0.03, None),
    LeftOut("cited", ("e2#0",), 0.6, 0.8, 0.1, None),
    LeftOut("all cited", ("e1#0", "e2#0"), 0.01, 0.1, 0.4, ("Hamburg", "Köln")),
    LeftOut("cited", ("e1#0",), 0.0004, 0.1, 0.9, ()),
)


def test_a_value_in_english() -> None:
    text = read(explanation(without=WITHOUT))
    assert "/city: Munich\n" in text
    assert "the user said so); confidence 97%. It holds since 2024-04-01." in text
    assert "the message before, agent: “Where? [b]x[/b]”" in text
    assert "[1] 2024-04-01 user, email: “(… Well.) I live in Munich. (Bye. …)”" in text
    assert "word by word (mean), with everything it was shown:\n     99%  Munich\n     30%  Hamburg\n" in text
    whole = "How likely the whole reply is, word for word as it stands, which falls with its length:"
    assert f"{whole}\n     96%  Munich\n    0.6%  Hamburg\n    2.0%  nothing" in text
    lines = text[text.index("What happens without") :].splitlines()[1:5]
    assert [line.strip() for line in lines] == [
        "quote [2]: 99% → 80%, it would be less sure",
        "quote [1]: 99% → 10%, it would say nothing",
        "all quotes together: 99% → 10%, it would say: Hamburg, Köln",
        "the other 2 snippets together: 99% → 99%, no difference",
    ]
    assert "7 model calls, 1965 tokens read (1661 of them cached)" in text


def test_a_value_in_chinese() -> None:
    text = read(explanation(words=("我住在慕尼黑。",), value="慕尼黑", without=WITHOUT[3:]))
    assert "用户自己说的），可信度 97%。自 2024-04-01 起成立。" in text
    assert "引文 [1]：99% → 10%，会写不出来" in text
    assert (
        "（逐词平均）：\n     99%  慕尼黑" in text
        and "整个回复一字不差的概率，回复越长越低：\n     96%  慕尼黑" in text
    )
    assert "没有说到" in text and "nothing" not in text


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("I live in Munich.", [
            "Each snippet was read by itself; what the model read, and how sure it was:",
            '90%  Munich, from 2024-04-01 user, email: “I live in Munich.”',
            '2.0%  at most, that any of the other 1 snippets tells it',
        ]),
        ("我住在慕尼黑。", [
            "每个片段单独读过；模型读出的内容，以及把握：",
            '90%  Munich，出自2024-04-01 user, email：“我住在慕尼黑。”',
            '2.0%  其余 1 个片段说到它的可能性至多如此',
        ]),
    ],
)  # fmt: skip
def test_snippets_that_were_read_by_themselves(words: str, lines: list[str]) -> None:
    readings = (
        ReadAlone(evidence("e2", "Good [b]morning[/b]."), (), 0.02, None),
        ReadAlone(evidence("e1", words), ("Munich",), 0.95, 0.9),
    )
    text = read(explanation(words=(words,), judged=None, readings=readings))
    assert "\n".join(lines) in "\n".join(line.strip() for line in text.splitlines())
    assert "everything it was shown" not in text


def test_snippets_that_were_weighed_for_an_answer() -> None:
    readings = tuple(ReadAlone(evidence(f"e{n}", f"Words {n}."), (), n / 10, None) for n in range(1, 5))
    text = read(explanation(kind="answer", subject="Where?", is_prose=True, readings=readings))
    assert "how likely the model finds that it tells the answer:\n     40%  2024-04-01 user, email: “Words 4.”" in text
    assert "Words 3" in text and "Words 2" in text and "at most, that any" not in text


def test_of_a_reply_of_one_token_there_is_one_number() -> None:
    text = read(explanation(per_token=0.96, without=WITHOUT[:1]))
    assert "finds each value, with everything" in text and "96%  Munich\n    0.6%  Hamburg" in text
    assert "word by word" not in text and "word for word" not in text


def test_sentences_are_told_word_by_word() -> None:
    text = read(explanation(is_prose=True, kind="answer", subject="Where?", probability=0.1, without=WITHOUT[1:2]))
    assert "word by word" in text and "99%  Munich" in text and "99% → 80%" in text


def test_several_quotes_and_the_judge() -> None:
    found = explanation()
    quotes = tuple(replace(quote, judge_without=chance) for quote, chance in zip(found.quotes, (0.2, 0.8), strict=True))
    assert "yes with 90%. without [1]: 20% without [2]: 80%" in read(replace(found, quotes=quotes))


@pytest.mark.parametrize(("words", "rule"), [(("hi",), "how many messages"), (("你好",), "消息的条数")])
def test_what_was_counted(words: tuple[str, ...], rule: str) -> None:
    found = explanation(kind="computed", value=12, words=words, computed=Computation("event_count", 12), nothing=None)
    assert rule in read(found) and "12" in read(found)


def test_claims_that_a_summary_rests_on_and_earlier_ones() -> None:
    old = Claim("/city", "Hamburg", "superseded", "stated", 0.8, None, "2024-04-01", (evidence("e7", "In Hamburg."),))
    text = read(explanation(kind="summary", rests_on=(replace(old, status="current"),), others=(old,)))
    assert "/city: Hamburg (80%)" in text
    assert "Earlier: Hamburg (until 2024-04-01), from: 2024-04-01 user, email: “In Hamburg.”" in text


def test_what_is_unknown() -> None:
    refused = Rejected("/city", "Rome", "asked, not said")
    nothing = explanation(
        kind="unknown", value=None, origin=None, confidence=None, probability=None, judged=None, quotes=(),
        rejected=(refused,), queries=("my city",), nothing=0.9,
    )  # fmt: skip
    text = read(nothing)
    assert "/city: unknown" in text and "Had it been made to write something" in text
    assert "Rome: asked, not said" in text and "Searched for: my city" in text and "2 snippets were shown" in text
    assert "Nothing was found" in read(replace(nothing, shown=(), alternatives=(), nothing=None))


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("not entailed by the cited evidence (P=0.12)", "所引原话不足以说明（P=0.12）"),
        ("the cited words do not say it (they hold 40% of it)", "所引原话没有这样说（只含其 40%）"),
        ("something new", "something new"),
    ],
)
def test_reasons_in_chinese(reason: str, chinese: str) -> None:
    refused = Rejected("/city", "罗马", reason)
    assert f"罗马：{chinese}\n" in read(explanation(words=("我住在慕尼黑。",), rejected=(refused,)))
    assert f"罗马: {reason}\n" in read(explanation(rejected=(refused,)))


def test_a_model_without_probabilities_is_said_to_be_one() -> None:
    left_out = LeftOut("cited", ("e1#0",), None, None, None, None)
    text = read(explanation(note="none", probability=None, nothing=None, without=(left_out,)))
    assert "does not tell how likely" in text and "quote [1]: it would say the same" in text


@pytest.fixture
def limner(tmp_path: Path, write_rows: WriteRows, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    schema = tmp_path / "s.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")

    def run(*words: str, script: Callable[..., Any] = script) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*words, "--store", str(tmp_path / "store")], scripted.open_with(script))
        return code, *capsys.readouterr()

    assert run("ingest", str(write_rows(*HISTORY)))[0] == 0

    def explain(*words: str, **settings: Any) -> tuple[int, str, str]:
        return run("explain", *words, "--schema", str(schema), **settings)

    return explain


def test_the_command(limner: Callable[..., Any]) -> None:
    code, out, _ = limner("u", "/city")
    assert code == 0 and "/city: Munich" in out and "76%  Munich, from 2024-03-01 user" in out
    code, out, _ = limner("张三", "--question", "用户住在哪里？", "--json")
    document = json.loads(out)
    assert (code, document["kind"], document["value"]) == (0, "answer", "慕尼黑")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("u",), "give either POINTER or --question"),
        (("u", "/city", "--question", "Where?"), "give either POINTER or --question"),
        (("u", "/town"), "/city, /mood"),
        (("u", "/hobbies"), "/hobbies/0"),
    ],
)
def test_wrong_usage(limner: Callable[..., Any], words: tuple[str, ...], told: str) -> None:
    code, out, err = limner(*words)
    assert (code, out) == (2, "") and told in err


def test_other_exit_codes(limner: Callable[..., Any]) -> None:
    def gone(*_: object) -> str:
        raise ModelUnavailable("the server is gone", hint="Start it")

    def stopped(*_: object) -> str:
        raise KeyboardInterrupt

    assert limner("nobody", "/city")[0] == 3
    assert limner("u", "/city", script=gone)[0] == 4
    assert limner("u", "/city", script=stopped)[0] == 130
