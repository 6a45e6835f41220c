import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent.cli import main
from tests.agent import scripted
from tests.conftest import WriteRows

ROOT = Path(__file__).resolve().parents[2]


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Limner = Callable[..., Ended]


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Limner:
    """The command with the fakes, in this process; there is no store yet."""

    def limner(*arguments: object) -> Ended:
        words = [str(each) for each in arguments]
        name = 2 if words[:1] == ["eval"] else 1  # of how many words the command's name is
        if words[name - 1 : name] and not words[name - 1].startswith("-"):
            words[name:name] = ["--store", str(tmp_path / "store")]
        capsys.readouterr()
        code = main(words, scripted.open_with(scripted.answer))
        return Ended(code, *capsys.readouterr())

    return limner


@pytest.fixture
def limner(empty: Limner, write_rows: WriteRows) -> Limner:
    """The same with a store of two users."""
    assert empty("ingest", write_rows(*scripted.EVENTS)).code == 0
    return empty


def test_ingest_counts(empty: Limner, write_rows: WriteRows) -> None:
    path = write_rows(*scripted.EVENTS)
    assert empty("ingest", path).out.startswith("3 rows of 1 file: 3 added, 0 updated")
    again = empty("ingest", path, "--json")
    assert again.code == 0
    assert again.json == {
        "files": 1,
        "read": 3,
        "added": 0,
        "updated": 0,
        "unchanged": 3,
        "repeated": 0,
        "forgotten": 0,
        "expired": 0,
        "erased": 0,
        "snippets": 0,
        "bad_count": 0,
        "bad": [],
        "left_out": {},
        "reasons": {},
        "personal_data": {"policy": "off", "found": {}},
    }


def test_ingest_reads_folders_and_tells_what_it_left_out(empty: Limner, tmp_path: Path) -> None:
    folder = tmp_path / "histories" / "2024"
    folder.mkdir(parents=True)
    (folder / "b.csv").write_text("text\nI like tea\n")
    (folder.parent / "a.jsonl").write_text('{"user_id": "v", "text": "I like rum"}\n')
    for name in ("photo.PNG", "README", "notes.txt", ".hidden.csv"):
        (folder / name).write_text("Nothing to see\n")
    ended = empty("ingest", folder.parent, "--user", "u")
    assert ended.code == 0
    assert ended.out.startswith("2 rows of 2 files: 2 added")
    assert "files of other kinds were left out: .png (1), .txt (1), README (1)" in ended.err
    assert [user["user_id"] for user in empty("users", "--json").json["users"]] == ["u", "v"]
    assert empty("ingest", folder.parent, "--json", "--user", "u").json["left_out"] == {
        ".png": 1,
        "README": 1,
        ".txt": 1,
    }


MAIL = """From: Anna <anna@example.com>
Message-ID: <m1>

The lamp broke.

Sent from my iPhone

On Mon, Mar 4, 2024 Support <s@example.com> wrote:
> The secret is 4711
"""


def test_ingest_reports_what_it_drops(empty: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    folder, out = tmp_path / "histories", tmp_path / "report.jsonl"
    folder.mkdir()
    (folder / "a.eml").write_text(MAIL)
    (folder / "b.png").touch()
    tea = "<p>I like tea, I like it very much</p>"
    rows = [
        {"user_id": "u", "id": n, "timestamp": "2024-03-01", "text": text}
        for n, text in enumerate((tea, tea, tea[3:-4], ""))
    ]
    rows.append({"user_id": "u", "id": 9, "text": f"{tea[3:-4]}!"})
    history = write_rows(*rows, "{broken", {"user_id": "u", "text": "\u200b"})
    ended = empty("ingest", folder, history, "--user", "Anna", "--report", out, "--json")
    assert ended.code == 3
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(Path(each["file"]).name, each["line"], each["event_id"], each["reason"]) for each in lines] == [
        ("b.png", None, None, "other kind"),
        ("a.eml", 1, "<m1>", "quoted"),
        ("a.eml", 1, "<m1>", "footer"),
        ("history.jsonl", 1, "0", "html"),
        ("history.jsonl", 2, "1", "html"),
        ("history.jsonl", 2, "1", "repeated"),
        ("history.jsonl", 3, "2", "repeated"),
        ("history.jsonl", 4, None, "no text"),
        ("history.jsonl", 5, "9", "copy"),
        ("history.jsonl", 6, None, "unreadable"),
        ("history.jsonl", 7, None, "empty"),
    ]
    assert lines[8]["copy_of"] == "0" and lines[3]["chars"] == len("<p></p>")
    assert not any(word in out.read_text("utf-8") for word in ("4711", "tea", "lamp"))
    assert ended.json["reasons"]["html"] == {"count": 2, "chars": 14}
    assert sum(each["count"] for each in ended.json["reasons"].values()) == len(lines)
    again = empty("ingest", folder, history, "--user", "Anna", "--report", out)
    assert len(out.read_text("utf-8").splitlines()) == len(lines)
    assert "cut or mended: HTML in 2, quoted replies in 1, footers in 1\n" in again.out
    assert "nearly the same as an earlier one, and marked: 1\n" in again.out


def test_ingest_overwrites_no_history_with_its_report(empty: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    path = write_rows(*scripted.EVENTS)
    before = path.read_bytes()
    for words in ((path, "--report", path), (tmp_path, "--report", tmp_path / "new.jsonl")):
        ended = empty("ingest", *words)
        assert ended.code == 2 and "is among the histories" in ended.err
    assert path.read_bytes() == before and not (tmp_path / "store").exists()


def test_ingest_reads_stdin(empty: Limner, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(b'{"text": "I like tea"}\n{"text": 5}\n')

    monkeypatch.setattr(sys, "stdin", Piped)
    ended = empty("ingest", "-", "--user", "u")
    assert ended.code == 3
    assert ended.out.startswith("2 rows of 1 file: 1 added")
    assert "stdin.jsonl:2: the text in 'text' is a number" in ended.err


def test_ingest_asks_a_database(empty: Limner, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("create table reviews as select 'c1' as customer, 'I like tea' as body")
        database.commit()
    words = ["--sql", url, "--query", "select * from reviews", "--map", "text=body"]
    assert empty("ingest", *words).out.startswith("1 rows of 1 file: 1 added")
    assert empty("ingest", *words[:2]).code == empty("ingest", *words[2:4]).code == empty("ingest").code == 2
    refused = empty("ingest", "--sql", "mysql+pymysql://ann:s3cret@127.0.0.1:1/crm", "--query", "select 1")
    assert refused.code == 3
    assert "ann:***@127.0.0.1:1/crm does not answer" in refused.err and "s3cret" not in refused.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b'[{"user_id": "u", "text": "' + b"x" * 50_000_000, "a.json', record 1 is longer than"),
        ("a.json", b'[{"user_id": "u", "text": "a"}, {"user_id"', "a.json', record 2: broken JSON"),
        (
            "a.csv",
            "user_id,text\nu,ä\nu,茶很好喝\n".encode() + b"u,caf\xe9\nu,\xb2\xe8\n",
            "a.csv', line 4: the byte",
        ),
        ("a.txt", "31/12/2023, 9:05 μ.μ. - Anna: hi".encode(), "a.txt', line 1: 'μ.μ.' beside the time"),
        ("a.xlsx", b"PK", "a.xlsx' is not a readable Excel workbook"),
        ("a.mbox", b"To: me", "a.mbox' is no mailbox"),
    ],
)
def test_from_what_cannot_be_read_nothing_is_loaded(
    empty: Limner, write_rows: WriteRows, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ended = empty("ingest", write_rows(*scripted.EVENTS), path, "--user", "Anna")
    assert (ended.code, ended.out) == (3, "")
    assert message in ended.err
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("words", [["x.doc", "--format", "doc"], ["x.jsonl", "--user", " "]])
def test_ingest_refuses_wrong_options(empty: Limner, words: list[str]) -> None:
    ended = empty("ingest", *words)
    assert ended.code == 2
    assert repr(words[-1]) in ended.err


def test_ingest_lists_twenty_bad_lines(empty: Limner, write_rows: WriteRows) -> None:
    path = write_rows(scripted.EVENTS[0], *["{"] * 25)
    ended = empty("ingest", path, "--json")
    assert ended.code == 3
    assert ended.json["added"] == 1 and ended.json["bad_count"] == 25
    assert ended.json["bad"][0]["line"] == 2 and ended.json["bad"][0]["file"].endswith("history.jsonl")
    assert f"{path}:2: " in ended.err and f"{path}:21: " in ended.err and f"{path}:22: " not in ended.err
    assert "… and 5 more" in ended.err and "25 bad lines were left out" in ended.err


def test_ingest_strict_loads_nothing(empty: Limner, write_rows: WriteRows) -> None:
    ended = empty("ingest", write_rows(scripted.EVENTS[0], "{"), "--strict")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("limner: bad lines: ")
    assert empty("users").code == 2


def test_ingest_maps_columns_and_names(empty: Limner, write_rows: WriteRows) -> None:
    rows = [("I like tea", "Tom"), ("Hello", "Ann")]
    path = write_rows(*({"user_id": "u1", "saying": text, "by": name} for text, name in rows))
    assert empty("ingest", path, "--map", "text=saying", "--map", "speaker=by", "--self", "Tom").code == 0
    hits = empty("search", "u1", "tea", "--json").json["hits"]
    assert {hit["speaker"]: hit["role"] for hit in hits} == {"Tom": "user", "Ann": "other"}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["body=text"], "'body' is not a field. Turn it round: --map text=body"),
        (["a=b"], "'a' is not a field. Fields are: user_id, "),
        (["text"], "'text' is not FIELD=COLUMN"),
        (["text="], "is not FIELD=COLUMN"),
        (["text=a", "text=b"], "--map gives 'text' two columns: 'a' and 'b'"),
    ],
)
def test_a_wrong_map_is_refused(empty: Limner, pairs: list[str], said: str) -> None:
    ended = empty("ingest", "x.jsonl", *(word for pair in pairs for word in ("--map", pair)))
    assert ended.code == 2
    assert ended.err.startswith("limner: --map ") and said in ended.err


def test_users(empty: Limner, limner: Limner) -> None:
    assert limner("users", "--json").json["users"][0] == {
        "user_id": "u1",
        "events": 2,
        "snippets": 2,
        "first": "2024-03-01",
        "last": "2024-03-02",
        "languages": {"en": 1},
    }
    shown = limner("users").out
    assert "u1" in shown and "张三" in shown and "2024-03-03" in shown


def test_search(limner: Limner) -> None:
    ended = limner("search", "u1", "order", "-k", 1, "--json")
    assert ended.err == ""
    document = ended.json
    assert (document["user_id"], document["query"], len(document["hits"])) == ("u1", "order", 1)
    hit = document["hits"][0]
    assert hit.pop("score") > 0
    assert hit == {
        "rank": 1,
        "event_id": "b",
        "snippet_id": "b#0",
        "start": 0,
        "end": 24,
        "text": "My [b]order[/b] is late.",
        "timestamp": "2024-03-02",
        "speaker": None,
        "role": "user",
        "channel": "chat",
        "language": None,
    }
    assert "My [b]order[/b] is late." in limner("search", "u1", "order").out


def test_search_names_the_language_and_the_copies(empty: Limner, write_rows: WriteRows) -> None:
    text = "I moved to Munich with my whole family."
    rows = [
        {"user_id": "u", "id": n, "timestamp": f"2024-03-0{n + 1}", "text": text, "language": "Bavarian"}
        for n in range(3)
    ]
    empty("ingest", write_rows(*rows, {"user_id": "u", "id": "x", "text": "我妈妈今年五十八岁了"}))
    hits = empty("search", "u", "Munich", "--json").json["hits"]
    assert [(hit["event_id"], hit["language"], hit.get("also")) for hit in hits] == [
        ("0", "Bavarian", ["1#0", "2#0"]), ("x", "zh", None)
    ]  # fmt: skip
    assert empty("users", "--json").json["users"][0]["languages"] == {"Bavarian": 3, "zh": 1}


def test_search_resolves_relative_dates(empty: Limner, write_rows: WriteRows) -> None:
    row = {"user_id": "u", "id": "a", "timestamp": "2024-03-01", "text": "Hi. I moved yesterday."}
    empty("ingest", write_rows(row))
    hit = empty("search", "u", "moved", "--json").json["hits"][0]
    assert hit["dates"] == [{"start": 12, "end": 21, "resolved": "2024-02-29"}]


def test_reindex(limner: Limner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limner("reindex", "--json").json == {"vectors": 3, "embedder": "fake:hashing-64"}
    assert "3 vectors made by fake:hashing-64" in limner("reindex").out
    assert limner("search", "u1", "order", "--json").json["hits"][0]["event_id"] == "b"

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("retrieval.fakes.HashingEmbedder.embed_passages", interrupted)
        ended = limner("reindex")
    assert ended.code == 130 and "the old index is still in use" in ended.err
    assert limner("search", "u1", "order").code == 0


def test_search_explained(limner: Limner) -> None:
    found = limner("search", "u1", "order", "--explain", "--json").json["hits"][0]["found"]
    asked = [each for each in found if each["query"] == "order"]
    assert [(each["ranker"], each["rank"]) for each in asked] == [("dense", 1), ("lexical", 1)]
    assert all(each["score"] > 0 for each in asked)
    assert "lexical #1" in limner("search", "u1", "order", "--explain").out


def test_eval_retrieval(empty: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    write_rows(*scripted.EVENTS, name="histories.jsonl")
    asked = {"user_id": "u1", "question": "Where is my order?", "category": "one", "evidence": ["b"]}
    write_rows(
        asked, {**asked, "label_ok": False}, {**asked, "unanswerable": True}, {**asked, "evidence": []}, "",
        {**asked, "category": "two", "evidence_equivalents": [["a", "x"], ["b"]]}, name="qa.jsonl",
    )  # fmt: skip
    plot = tmp_path / "plot.png"
    ended = empty("eval", "--help")
    assert "retrieval" in ended.out
    ended = main_eval(empty, tmp_path, "--json", "--k", "2,1", "--plot", plot)
    assert ended.code == 0 and ended.json["questions"] == 2
    assert ended.json["methods"]["hybrid"]["recall@1"] == 0.75 and ended.json["methods"]["lexical"]["recall@2"] == 1.0
    assert ended.json["intervals"]["hybrid"]["recall@1"] == [0.5, 1.0]
    assert ended.json["categories"]["hybrid"] == {"one": 1.0, "two": 1.0}
    assert plot.read_bytes().startswith(b"\x89PNG")
    shown = main_eval(empty, tmp_path)
    assert "hybrid" in shown.out and "recall@600tok" in shown.out and "two" in shown.out


@pytest.mark.parametrize(
    ("line", "options", "code", "said"),
    [
        ("{}", [], 3, "qa.jsonl:1: not a labelled question (KeyError: 'user_id')"),
        ("nonsense", [], 3, "qa.jsonl:1: not a labelled question"),
        ("[]", [], 3, "qa.jsonl:1: not a labelled question"),
        ("", ["--k", "0"], 2, "--k '0' is no list of numbers"),
        ("", ["--k", "1,x"], 2, "--k '1,x' is no list of numbers"),
    ],
)
def test_eval_refuses(
    empty: Limner, write_rows: WriteRows, tmp_path: Path, line: str, options: list[str], code: int, said: str
) -> None:
    write_rows(*scripted.EVENTS, name="histories.jsonl")
    write_rows(line, name="qa.jsonl")
    ended = main_eval(empty, tmp_path, *options)
    assert ended.code == code and said in ended.err


def test_eval_needs_a_folder_with_both_files(empty: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    assert "qa.jsonl' cannot be read" in main_eval(empty, tmp_path).err
    write_rows("", name="qa.jsonl")
    ended = main_eval(empty, tmp_path)
    assert ended.code == 3 and "holds no histories.jsonl" in ended.err
    write_rows(*scripted.EVENTS, name="histories.jsonl")
    assert main_eval(empty, tmp_path).out.startswith("0 questions")
    assert main_eval(empty, tmp_path, "--plot", tmp_path / "none.png").code == 0
    for plot, said in (("no/plot.svg", "there is no folder"), ("plot.txt", "'.txt' is no picture")):
        ended = main_eval(empty, tmp_path, "--plot", tmp_path / plot)
        assert ended.code == 2 and said in ended.err


def main_eval(limner: Limner, data: Path, *options: object) -> Ended:
    """``limner eval retrieval`` with the fakes."""
    return limner("eval", "retrieval", data, *options)


def test_ask(limner: Limner) -> None:
    document = limner("ask", "u1", "Where do I live?", "--json").json
    assert (document["user_id"], document["answer"], document["answered"]) == ("u1", "Munich", True)
    assert document["evidence"][0]["quote"] == "I live in Munich now."
    shown = limner("ask", "u1", "Where do I live?").out
    assert shown.startswith("Munich [1]\n\n[1] 2024-03-01 email: “I live in Munich now.”")
    assert "慕尼黑 [1]" in limner("ask", "张三", "我住在哪里？").out


def test_ask_says_when_the_history_does_not_tell(limner: Limner) -> None:
    ended = limner("ask", "u1", "Who is my dentist?", "--json")
    assert (ended.code, ended.json["answer"], ended.json["answered"]) == (0, None, False)
    assert limner("ask", "u1", "Who is my dentist?").out.startswith("I cannot tell from this history.")
    assert limner("ask", "张三", "牙医是谁？").out.startswith("这段历史里看不出来。")


def test_profile(limner: Limner, write_rows: WriteRows) -> None:
    schema = write_rows(scripted.SCHEMA, name="small.json")
    document = limner("profile", "u1", "--schema", schema, "--json").json
    assert document["profile"]["city"] == "Munich" and document["unknown"] == ["/job"]
    shown = limner("profile", "张三", "--schema", schema).out
    assert "属性" in shown and "慕尼黑 [1]" in shown and "未知：job" in shown and "“我住在慕尼黑。”" in shown


def test_versions_and_what_changed(limner: Limner, write_rows: WriteRows) -> None:
    words = ["--schema", write_rows(scripted.SCHEMA, name="small.json")]
    assert limner("versions", "u1").out == "No version of a profile yet.\n"
    assert "This is the first version." in limner("profile", "u1", *words, "--diff").out
    limner("ingest", write_rows({**scripted.EVENTS[0], "text": "We live in Munich now."}))
    told = limner("profile", "u1", *words, "--diff", "--json").json
    assert (told["version"], told["since"], told["profile"]["city"]) == (2, 1, "Munich")
    assert [(c["pointer"], c["kind"], c["why"]) for c in told["changes"]] == [("/city", "evidence", "event gone")]
    shown = limner("profile", "u1", *words, "--diff").out
    assert (
        "u1 · small · version 2 · after version 1" in shown and "same value, other evidence: an event is gone" in shown
    )
    first = limner("profile", "u1", *words, "--version", 1, "--json").json
    assert (first["version"], first["claims"][0]["evidence"][0]["event_id"]) == (1, "a")
    listed = limner("versions", "u1", *words, "--json").json["versions"]
    assert [(each["schema"]["name"], each["version"]) for each in listed] == [("small", 1), ("small", 2)]
    assert limner("versions", "u1").out.count("small") == 2
    again = limner("profile", "u1", *words, "--fresh", "--json").json
    assert again["version"] == 2 and again["usage"]["llm_calls"] > 0
    refused = limner("profile", "u1", *words, "--version", 7)
    assert (refused.code, "no version 7" in refused.err) == (3, True)
    for options in (["--fresh", "--version", 1], ["--diff", "--batch", "a", "--out", "b"]):
        assert limner("profile", *(["u1"] if "--fresh" in options else []), *words, *options).code == 2


def test_what_changed_is_told_in_chinese(limner: Limner, write_rows: WriteRows) -> None:
    words = ["--schema", write_rows(scripted.SCHEMA, name="small.json")]
    limner("profile", "张三", *words)
    assert "（Ann 更正）" in limner("correct", "张三", "/job", "--value", "厨师", "--by", "Ann", *words).out
    shown = limner("profile", "张三", *words, "--diff").out
    assert "第 2 版 · 对照第 1 版" in shown and "厨师" in shown and "由人更正" in shown
    assert "Ann 更正" in limner("profile", "张三", *words).out


def test_corrections(limner: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    words, out = ["--schema", write_rows(scripted.SCHEMA, name="small.json")], tmp_path / "training.jsonl"
    assert limner("corrections").out == "No corrections.\n"
    limner("profile", "u1", *words)
    said = limner("correct", "u1", "/city", "--value", "Bonn", "--by", "Ann", "--note", "a call", *words)
    assert said.code == 0 and said.out.startswith("/city: Munich → Bonn (corrected by Ann)\n")
    assert limner("profile", "u1", *words, "--json").json["profile"]["city"] == "Bonn"
    made = limner("correct", "u1", "/city", "--forbid", *words, "--json").json
    assert (made["action"], made["value"], made["pointer"]) == ("forbid", "Bonn", "/city") and made["by"]
    assert limner("profile", "u1", *words, "--json").json["profile"]["city"] is None
    assert limner("corrections", "u1", "--out", out).out == ""
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(x["model_value"], x["value"], x["quotes"]) for x in lines] == [
        ("Munich", "Bonn", ["I live in Munich now."]),
        (None, None, []),
    ]
    assert limner("corrections", "--json").json == {"corrections": lines}
    assert "a call" in limner("corrections", "u1").out
    before = out.read_bytes()
    refused = limner("corrections", "--out", out)
    assert (refused.code, out.read_bytes()) == (2, before) and "exists" in refused.err
    for options, code in (
        (["/city", "--value", "[1]"], 0),  # no JSON that the schema allows, but a text that it does
        (["/city", "--confirm", "--forbid"], 2),
        (["/city"], 2),
        (["/nowhere", "--value", "x"], 2),
        (["/job", "--confirm"], 3),
    ):
        assert limner("correct", "u1", *options, *words).code == code
    assert limner("correct", "nobody", "/city", "--value", "x", *words).code == 3
    assert limner("corrections", "nobody").code == 3


def test_output_is_utf8_whatever_the_locale(tmp_path: Path, limner: Limner) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, scripted.__file__, "users", "--json", "--store", str(tmp_path / "store")]
    ended = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert "张三" in ended.stdout.decode("utf-8")
    assert json.loads(ended.stdout)["users"][1]["user_id"] == "张三"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["users", "--nonsense"], 2, "limner: No such option"),
        (["nonsense"], 2, "limner: No such command"),
        (["ask", "u1"], 2, "limner: missing QUESTION (or --batch and --out)"),
        (["profile"], 2, "limner: missing USER"),
        (["ask", "u1", " "], 2, "limner: the question is empty"),
        (["ask", "--batch", "x"], 2, "limner: --batch needs --out too"),
        (["ask", "--out", "x"], 2, "limner: --out needs --batch too"),
        (["ask", "u1", "--batch", "x", "--out", "y"], 2, "limner: with --batch, USER stand"),
        (["search", "u1", "tea", "-k", "0"], 2, "limner: Invalid value for '-k'"),
        (["profile", "u1", "--schema", "nonsense"], 2, "limner: schema 'nonsense'"),
        (["search", "u9", "tea"], 3, "limner: no user 'u9' in the store"),
        (["ask", 'it\'s / "odd" 🙂', "Why?"], 3, "limner: no user "),
        (["ingest", "missing.jsonl"], 3, "missing.jsonl"),
        (["ask", "u1", "go away"], 4, "limner: the server is gone. Start it"),
        (["ask", "u1", "say nonsense"], 4, "limner: the model's reply is not what was asked for"),
        (["ask", "--batch", "missing.jsonl", "--out", "y"], 3, "limner: requests 'missing.jsonl': No such file"),
    ],
)
def test_errors(limner: Limner, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    ended = limner(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize("user", ['it\'s "odd"', "../a/b\\c", "🙂 👩\u200d👧", "[b]x[/b] :smile:", "%s {0} --x"])
def test_odd_user_ids(empty: Limner, write_rows: WriteRows, tmp_path: Path, user: str) -> None:
    path = write_rows(*scripted.EVENTS, {"user_id": user, "id": "z", "text": "I live in Munich."})
    assert empty("ingest", path).code == 0
    assert user in empty("users").out
    hits = empty("search", user, "Munich", "--json").json
    assert (hits["user_id"], [hit["event_id"] for hit in hits["hits"]]) == (user, ["z"])
    assert empty("ask", user, "Where do I live?", "--json").json["evidence"][0]["event_id"] == "z"
    requests, out = (
        write_rows({"user_id": user, "question": "Where do I live?"}, name="in.jsonl"),
        tmp_path / "out.jsonl",
    )
    for earlier in (0, 1):
        ended = empty("ask", "--batch", requests, "--out", out, "--json")
        assert (ended.code, ended.json["earlier"]) == (0, earlier)
    assert json.loads(out.read_text("utf-8"))["user_id"] == user


def test_no_store_and_no_folder(empty: Limner, tmp_path: Path) -> None:
    assert empty("users").code == 2
    (tmp_path / "store").write_text("a file")
    assert empty("users").code == 5


def test_store_from_the_environment(
    limner: Limner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIMNER_STORE", str(tmp_path / "store"))
    assert main(["users"], scripted.open_with(scripted.answer)) == 0
    assert "u1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "url"),
    [("LIMNER_RECORD", "postgresql://u:hunter2@127.0.0.1:1/db"), ("LIMNER_INDEX", "http://:hunter2@127.0.0.1:1")],
)
def test_a_server_that_is_not_there(
    limner: Limner, write_rows: WriteRows, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)
    for words in (["ingest", write_rows(*scripted.EVENTS)], ["search", "u1", "Munich"]):
        ended = limner(*words, "--json")
        assert (ended.code, ended.out) == (4, "")
        assert "does not answer" in ended.err and variable in ended.err and "hunter2" not in ended.err


def test_help_lists_commands_in_order(empty: Limner) -> None:
    shown = empty("--help")
    places = [
        shown.out.index(f"  {name} ") for name in ("ingest", "users", "search", "ask", "profile", "explain", "eval")
    ]
    assert shown.code == 0 and places == sorted(places)


def test_nothing_typed_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    ended = capsys.readouterr()
    assert ended.out == "" and ended.err.startswith("Usage: limner") and "limner: " not in ended.err


def test_version(empty: Limner) -> None:
    shown = empty("--version")
    assert shown.code == 0 and shown.out.startswith("limner") and shown.out.count("\n") == 1


def test_without_fakes(limner: Limner, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "--store", str(tmp_path / "store")]) == 0
    assert "u1" in capsys.readouterr().out


def test_a_closed_pipe_makes_no_noise(tmp_path: Path, limner: Limner) -> None:
    for form in ("--json", "-k5"):
        command = [sys.executable, scripted.__file__, "search", "u1", "tea", form, "--store", str(tmp_path / "store")]
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer) as closed:
            ended = subprocess.run(
                command, stdout=closed, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )
        assert ended.returncode != 0 and ended.stderr == ""


def test_batch(limner: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    requests = write_rows(
        {"user_id": "u1", "question": "Where do I live?", "gold": "Munich"},
        {"user_id": "u9", "question": "Where?"},
        {"user_id": "u1", "question": "say nonsense"},
        "",
        "{",
        {"user_id": "张三", "question": "我住在哪里？"},
        name="in.jsonl",
    )
    out = tmp_path / "out.jsonl"
    ended = limner("ask", "--batch", requests, "--out", out)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert (ended.code, ended.out) == (3, "")
    assert f"limner: 5 results in {str(out)!r}; 3 failed" in ended.err
    assert "why stands in `error` of their lines" in ended.err
    assert [line.get("answer") for line in lines] == ["Munich", None, None, None, "慕尼黑"]
    assert (lines[1]["user_id"], lines[1]["question"], lines[1]["error"]["type"]) == ("u9", "Where?", "UnknownUser")
    assert lines[2]["error"]["type"] == "ModelReplyError"
    assert (lines[3]["user_id"], lines[3]["line"], lines[3]["error"]["type"]) == (None, 5, "BadRequest")
    before = out.read_bytes()
    again = limner("ask", "--batch", requests, "--out", out, "--json")
    assert (again.code, again.json) == (3, {"out": str(out), "requests": 5, "earlier": 5, "failed": 3, "refused": 0})
    assert out.read_bytes() == before


def test_search_and_profile_batches(limner: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    requests = write_rows({"user_id": "u1", "query": "order"}, {"user_id": "u1", "question": "Munich"}, name="in.jsonl")
    out = tmp_path / "found.jsonl"
    assert limner("search", "--batch", requests, "--out", out, "-k", 1).code == 0
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(line["query"], line["hits"][0]["event_id"]) for line in found] == [("order", "b"), ("Munich", "a")]

    schema, out = write_rows(scripted.SCHEMA, name="small.json"), tmp_path / "profiles.jsonl"
    assert limner("profile", "--batch", requests, "--out", out, "--schema", schema).code == 0
    assert [json.loads(line)["profile"]["city"] for line in out.read_text("utf-8").splitlines()] == ["Munich"] * 2
    other = limner("profile", "--batch", requests, "--out", out, "--schema", "person")
    assert other.code == 2 and "line 1: not the result of the request in line 1" in other.err


def test_a_batch_stops_when_the_model_is_gone(limner: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    questions = ["Where do I live?", "go away", "Why?"]
    requests = write_rows(*({"user_id": "u1", "question": each} for each in questions), name="in.jsonl")
    ended = limner("ask", "--batch", requests, "--out", tmp_path / "out.jsonl")
    assert ended.code == 4
    assert "limner: stopped; 1 results are in" in ended.err and "limner: the server is gone" in ended.err
    assert (tmp_path / "out.jsonl").read_text("utf-8").count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_continues(
    limner: Limner, write_rows: WriteRows, tmp_path: Path, number: signal.Signals
) -> None:
    questions = ["Where do I live?", "Who am I?", "wait", "Where do I live now?"]
    requests = write_rows(*({"user_id": "u1", "question": each} for each in questions), name="in.jsonl")
    out = tmp_path / "out.jsonl"
    words = ["ask", "--batch", str(requests), "--out", str(out), "--store", str(tmp_path / "store")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LIMNER_TEST": str(tmp_path)}
    command = [sys.executable, scripted.__file__, *words]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(number)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert f"limner: interrupted; 2 results are in {str(out)!r}. The same command continues" in err
    assert "Traceback" not in err
    kept = out.read_bytes()
    assert kept.count(b"\n") == 2 and kept.endswith(b"\n")
    ended = limner("ask", "--batch", requests, "--out", out)
    assert ended.code == 0 and "4 results" in ended.err and "2 of them from before; none failed" in ended.err
    assert out.read_bytes().startswith(kept)
    assert [json.loads(line)["question"] for line in out.read_text("utf-8").splitlines()] == questions


def test_an_interrupted_single_request(limner: Limner, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: Any) -> str:
        raise KeyboardInterrupt

    words = ["ask", "u1", "Why?", "--store", str(tmp_path / "store")]
    assert main(words, scripted.open_with(interrupted)) == 130
    assert "limner: interrupted" in capsys.readouterr().err


def test_an_interrupted_ingest_continues(empty: Limner, write_rows: WriteRows, tmp_path: Path) -> None:
    rows = [{"user_id": "u1", "id": str(n), "text": f"Message number {n}"} for n in range(600)]
    path = write_rows(*rows, {"user_id": "u1", "id": "last", "text": "Ctrl-C"})
    code = (
        "import sys\nfrom agent.cli import main\nfrom agent.limner import Limner\n"
        "from retrieval.fakes import HashingEmbedder\n"
        "class Interrupted(HashingEmbedder):\n"
        "    def embed_passages(self, texts):\n"
        "        if any('Ctrl-C' in text for text in texts): raise KeyboardInterrupt\n"
        "        return super().embed_passages(texts)\n"
        "def open_limner(store, **settings): return Limner(store, **{**settings, 'embedder': Interrupted()})\n"
        "sys.exit(main(sys.argv[1:], open_limner))\n"
    )
    words = ["ingest", str(path), "--store", str(tmp_path / "store")]
    ended = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 130
    assert "limner: interrupted; 512 rows are done. The same command continues" in ended.stderr
    report = empty("ingest", path, "--json").json
    assert report["read"] == 601 and report["bad_count"] == 0
    assert empty("users", "--json").json["users"][0]["snippets"] == 601


def test_keys_of_tenants_need_tenants(empty: Limner, tmp_path: Path) -> None:
    ended = empty("serve", "--token-keys", tmp_path)
    assert ended.code == 2 and "--token-keys" in ended.err and "LIMNER_TOKEN_KEY" in ended.err
