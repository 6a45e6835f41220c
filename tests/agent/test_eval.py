"""``limner eval ask``, ``profile`` and ``fit`` with a scripted model over a small labelled history."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.calibration import load
from agent.cli import main
from tests.agent import scripted
from tests.agent.one_by_one import one_by_one

Rows = list[dict[str, Any]]
Run = Callable[..., "Ended"]

HISTORY: Rows = [
    {"user_id": user, "id": f"{user}-{at}", "timestamp": f"2024-0{at + 1}-01", "text": text}
    for user, texts in {
        "ann": [
            "I live in Munich now, near the river.",
            "I drink tea every day. I drink coffee, too.",
            "My bike is red.",
        ],
        "bob": ["I live in Oslo.", "I drink milk.", "It rains a lot."],
        "张三": ["我住在杭州。", "我每天喝绿茶。", "今天下雨了。"],
    }.items()
    for at, text in enumerate(texts)
]
QUESTIONS: Rows = [
    {"user_id": "ann", "question": "Where do I live?", "answer": "Munich", "evidence": ["ann-0"], "category": "place"},
    {"user_id": "ann", "question": "What do I drink?", "answer": "tea", "evidence": ["ann-1"], "category": "drink"},
    {
        "user_id": "ann",
        "question": "Where did I live before?",
        "answer": None,
        "category": "adversarial",
        "evidence": [],
    },
    {"user_id": "bob", "question": "Where do I live?", "answer": "Oslo", "evidence": ["bob-0"], "category": "place"},
    {"user_id": "张三", "question": "我住在哪里？", "answer": "杭州", "evidence": ["张三-0"], "category": "place"},
    {"user_id": "张三", "question": "我喝什么？", "answer": "绿茶", "evidence": ["张三-1"], "category": "drink"},
]
PROFILES: Rows = [
    {"user_id": "ann", "attributes": {"city": "Munich", "drinks": ["tea", "coffee"], "family": {"a": "b"}},
     "evidence": {"city": {"Munich": ["ann-0"]}, "drinks": {"tea": ["ann-1"], "coffee": ["ann-1"]}}},
    {"user_id": "bob", "attributes": {"city": ["Oslo"]}, "evidence": {"city": {"Oslo": ["bob-0"]}}},
    {"user_id": "张三", "attributes": {"drinks": ["绿茶"]}, "evidence": {"drinks": {"绿茶": ["张三-1"]}}},
]  # fmt: skip
WORDS = {"city": r"(?:live in |住在)(\w+?)(?: now|[。.,])", "drinks": r"(?:drink |每天喝)(\w+?)(?: every|[。.,])"}


class Ended:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def _is_read(user: str) -> bool:
    return user.endswith(("Answer:", "答案："))


def _read(user: str) -> str:
    """What the messages of a reading prompt say to its question."""
    (question,) = (line for line in user.splitlines() if line.startswith(("Question:", "问题：")))
    key = "city" if re.search("live|住", question) else "drinks"
    return next(iter(re.findall(WORDS[key], user.replace(question, ""))), "none")


@one_by_one
def model(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """It reads places and drinks, takes the last numbered line that tells one, and is a sure judge of both."""
    if schema is None:
        return _read(user) if _is_read(user) else 0.9
    lines = {int(n): line for n, line in re.findall(r"^\[(\d+)\] (.*)$", system, re.MULTILINE)}
    told = {key: [(n, m) for n, line in lines.items() for m in re.findall(rule, line)] for key, rule in WORDS.items()}
    properties = (schema.get("items") or schema)["properties"]
    if "answer" in properties:
        found = told["city" if re.search("live|住", user) else "drinks"][:1]
        return json.dumps({"evidence": [n for n, _ in found], "answer": found[0][1] if found else None})
    if set(properties) == {"evidence", "value"}:
        key = "city" if "city" in user else "drinks"
        return json.dumps([{"evidence": n, "value": value} for n, value in told[key]][: schema["maxItems"]])
    many = {key: properties[key]["properties"]["value"]["anyOf"][0]["type"] == "array" for key in properties}
    return json.dumps(
        {
            key: {
                "evidence": [n for n, _ in told[key]],
                "value": None if not told[key] else [v for _, v in told[key]] if many[key] else told[key][0][1],
            }
            for key in properties
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, rows in (("histories", HISTORY), ("qa", QUESTIONS), ("profiles", PROFILES)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    return folder


@pytest.fixture
def limner(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(command: str, *options: object, script: Callable[..., str | float] = model) -> Ended:
        words = ["eval", command, data, "--store", tmp_path / "store", *options]
        if command == "fit":
            words = ["eval", command, *options]
        code = main(list(map(str, words)), open_limner=scripted.open_with(script))
        shown = capsys.readouterr()
        return Ended(code, shown.out, shown.err)

    return run


def lines(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_ask_beside_both_floors_and_gold(limner: Run, tmp_path: Path) -> None:
    out, plot = tmp_path / "p.jsonl", tmp_path / "p.svg"
    ended = limner("ask", "--floor", "both", "--gold", "--out", out, "--plot", plot, "--json")
    assert ended.code == 0, ended.err
    report = ended.json
    assert report["sample"] == {"n": 6, "of": 6, "seed": 0}
    assert list(report["variants"]) == ["limner", "gold", "retrieval", "long"]
    own = report["variants"]["limner"]
    assert own["f1"] == 1.0 and own["citation_precision"] == 1.0 and own["citation_recall"] == 1.0
    assert own["abstained_when_unanswerable"] == 0.0 and own["false_abstention"] == 0.0
    assert own["categories"]["drink"]["questions"] == 2 and own["categories"]["adversarial"]["f1"] is None
    assert report["variants"]["gold"]["abstained_when_unanswerable"] == 1.0  # nothing is found, nothing is said
    for floor in ("retrieval", "long"):
        assert report["variants"][floor]["f1"] == 1.0 and report["variants"][floor]["mean_llm_calls"] == 1.0
    assert [each["question"] for each in lines(tmp_path / "p.long.jsonl")] == [q["question"] for q in QUESTIONS]
    assert {each["history"]["shown"] for each in lines(tmp_path / "p.retrieval.jsonl")} == {3}
    assert {each["history"]["shown"] for each in lines(tmp_path / "p.gold.jsonl")} == {0, 1}
    assert "<svg" in plot.read_text("utf-8")


def test_profile_beside_both_floors_and_gold(limner: Run, tmp_path: Path) -> None:
    out = tmp_path / "p.jsonl"
    report = limner("profile", "--floor", "both", "--gold", "--out", out, "--json").json
    assert "derived from the labels" in report["notes"][0]
    own = report["variants"]["limner"]
    assert (own["users"], own["gold_values"], own["recall"], own["f1"]) == (3, 5, 1.0, 0.8333)
    assert own["invented_rate"] == round(2 / 7, 4)  # what bob drinks, and where 张三 lives, is not labelled
    assert own["attributes"]["drinks"] == {"gold_values": 3, "shown_values": 4, "right": 3}
    assert own["citation_precision"] == 1.0 and own["citation_recall"] == 1.0
    gold = report["variants"]["gold"]
    assert (gold["precision"], gold["recall"], gold["invented_rate"]) == (1.0, 1.0, 0.0)
    retrieval, long = report["variants"]["retrieval"], report["variants"]["long"]
    assert (retrieval["recall"], long["recall"]) == (1.0, 1.0)
    assert (retrieval["mean_llm_calls"], long["mean_llm_calls"]) == (2.0, 1.0)
    made = lines(tmp_path / "p.long.jsonl")[0]
    assert made["profile"] == {"city": "Munich", "drinks": ["tea", "coffee"]}
    assert [claim["pointer"] for claim in made["claims"]] == ["/city", "/drinks/0", "/drinks/1"]
    assert lines(tmp_path / "p.long.jsonl")[2]["unknown"] == []


def test_a_floor_goes_on_when_a_reply_cannot_be_used(limner: Run, tmp_path: Path) -> None:
    def broken(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        return "nonsense" if "drinks" in user and "from the messages:" in user else model(system, user, schema)

    out = tmp_path / "p.jsonl"
    ended = limner("profile", "--floor", "both", "--out", out, "--json", script=broken)
    assert ended.code == 0, ended.err
    made = lines(tmp_path / "p.retrieval.jsonl")
    assert made[0]["profile"] == {"city": "Munich"} and made[0]["unknown"] == ["/drinks"]
    assert [each["pointer"] for each in made[0]["rejected"]] == ["/drinks"]
    assert lines(tmp_path / "p.long.jsonl")[0]["claims"] == []
    assert ended.json["variants"]["long"]["recall"] == round(1 / 5, 4)  # 张三 is asked in Chinese


def test_a_sample_is_resumed_and_a_changed_setting_is_refused(limner: Run, tmp_path: Path) -> None:
    out = tmp_path / "p.jsonl"
    assert limner("ask", "--sample", 3, "--seed", 2, "--out", out, "--json").json["sample"] == {
        "n": 3,
        "of": 6,
        "seed": 2,
    }
    first = out.read_text("utf-8")
    out.write_text(first[: first.rindex('{"user_id"') + 30], "utf-8")

    asked = []

    def counting(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        asked.append(schema)
        return model(system, user, schema)

    again = limner("ask", "--sample", 3, "--seed", 2, "--out", out, script=counting)
    assert again.code == 0 and len(lines(out)) == 3
    assert len(asked) == 5  # three snippets, what they say together, one judgement
    assert "3 of 6 questions" in again.out and "f1" in again.out and "place" in again.out
    refused = limner("ask", "--sample", 3, "--seed", 2, "--out", out, "--without", "judge")
    assert refused.code == 2 and "was made with other settings (without)" in refused.err
    assert limner("ask", "--sample", 3, "--seed", 3, "--out", out).code == 2


def test_stages_that_are_left_out(limner: Run) -> None:
    @one_by_one
    def doubting(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        return 0.1 if schema is None and not _is_read(user) else model(system, user, schema)

    assert limner("ask", "--json", script=doubting).json["variants"]["limner"]["false_abstention"] == 1.0
    for stage in ("judge", "verify"):
        own = limner("ask", "--without", stage, "--json", script=doubting).json["variants"]["limner"]
        assert (own["false_abstention"], own["mean_llm_calls"]) == (0.0, 4.0)  # snippets, and what they say together
        profiles = limner("profile", "--without", stage, "--json", script=doubting).json
        assert profiles["without"] == [stage] and profiles["variants"]["limner"]["recall"] == 1.0
    assert limner("ask", "--without", "snippets", "--json").json["variants"]["limner"]["f1"] == 1.0
    assert limner("profile", "--without", "summaries").code == 2


def test_the_lowest_confidence_counts_as_in_use(limner: Run) -> None:
    own = limner("ask", "--min-confidence", 0.95, "--json").json["variants"]["limner"]
    assert own["false_abstention"] == 1.0 and own["abstained_when_unanswerable"] == 1.0


def test_a_folder_without_labels_is_refused(limner: Run, data: Path, tmp_path: Path) -> None:
    (data / "profiles.jsonl").write_text('{"user_id": "ann", "attributes": {"family": {"a": "b"}}}\n', "utf-8")
    ended = limner("profile")
    assert ended.code == 3 and "has an attribute that is not nested" in ended.err
    (data / "qa.jsonl").unlink()
    assert limner("ask").code == 3
    for option in ("--plot", "--fit", "--out"):
        (data / "qa.jsonl").write_text(json.dumps(QUESTIONS[0]) + "\n", "utf-8")
        ended = limner("ask", option, tmp_path / "none" / "p.svg")
        assert ended.code == 2 and str(tmp_path / "none") in ended.err


def test_a_model_that_goes_away_leaves_what_is_done(limner: Run, tmp_path: Path) -> None:
    def going(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        return scripted.answer(system, "go away", schema) if "我喝什么" in user else model(system, user, schema)

    out = tmp_path / "p.jsonl"
    ended = limner("ask", "--out", out, script=going)
    assert ended.code == 4 and "The same command continues" in ended.err
    assert len(lines(out)) == 5
    assert limner("ask", "--out", out).code == 0 and len(lines(out)) == 6


def predictions(path: Path, right: str, n: int = 40) -> Path:
    """Answers to the first question of ann and bob, right ones with a sure judge."""
    rows = []
    for at in range(n):
        user = ("ann", "bob", "张三")[at % 3]
        good = at % 2 == 0
        rows.append(
            {
                "user_id": user, "question": f"Where do I live? {at}", "answer": right if good else "Rome",
                "confidence": 0.5, "signals": {"judge": 0.9 if good else 0.4 + 0.01 * (at % 30)},
                "model": {"llm": "ScriptedChat", "prompts": "p"}, "evidence": [],
            }
        )  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def saved_for(model: str, calibration: Path, path: Path) -> Path:
    """The calibration, as that of another model."""
    path.write_text(load(calibration).model_copy(update={"model": model}).model_dump_json(), "utf-8")
    return path


def test_fit_on_several_sets(limner: Run, data: Path, tmp_path: Path) -> None:
    made = predictions(tmp_path / "p.jsonl", "Munich")
    asked = [
        {"user_id": row["user_id"], "question": row["question"], "answer": "Munich", "evidence": [], "category": "c"}
        for row in lines(made)
    ]
    (data / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked), "utf-8")
    target = tmp_path / "c.json"
    ended = limner("fit", target, f"{made}={data}", f"{made}={data}")
    assert ended.code == 0 and "fitted for ScriptedChat on 80 answers of 3 users" in ended.out, ended.err
    calibration = load(target)
    assert calibration.kind == "answer" and calibration.data == ("data", "data")
    assert calibration.before.auroc == 0.5 and calibration.cross_validated.auroc == 1.0
    assert limner("fit", target, "--json", f"{made}={data}").json["n"] == 40

    steeper = tmp_path / "s.json"
    assert limner("fit", steeper, "--onto", target, f"{made}={data}").code == 0
    assert (load(steeper).onto, load(steeper).n) == (40, 40)
    for onto, code, said in (
        (tmp_path / "none.json", 3, "cannot be read"),
        (
            saved_for("other", target, tmp_path / "x.json"),
            2,
            "is for answers of 'other', the predictions are answers of",
        ),
    ):
        ended = limner("fit", steeper, "--onto", onto, f"{made}={data}")
        assert ended.code == code and said in ended.err

    answered = limner("ask", "--calibration", target, "--sample", 1, "--json")
    assert answered.code == 0
    row = lines(made)[0] | {"model": {"llm": "other", "prompts": "p"}}
    other = tmp_path / "o.jsonl"
    other.write_text(json.dumps(row) + "\n", "utf-8")
    for pairs, code, said in (
        ([f"{made}={data}", f"{other}={data}"], 2, "ScriptedChat with prompts p and other"),
        ([str(made)], 2, "is not PREDICTIONS=DATA"),
        ([f"{other}={data}"], 3, "no ground for a calibration"),
        ([f"{tmp_path / 'none'}={data}"], 3, "cannot be read"),
    ):
        ended = limner("fit", target, *pairs)
        assert ended.code == code and said in ended.err


def test_fit_of_a_run_says_when_it_is_too_small(limner: Run, tmp_path: Path) -> None:
    ended = limner("profile", "--fit", tmp_path / "c.json")
    assert ended.code == 3 and "7 statements with signals, of 3 users, 5 of them right" in ended.err
