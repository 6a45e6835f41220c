import fcntl
import json
import os
import resource
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.batch import ASK, PROFILE, SEARCH, BatchReport, Request, Task, run_batch
from agent.errors import InputError, ModelReplyError, ModelUnavailable, ProfileInvalid, StoreError, UsageError
from retrieval.history import UnknownUser


class Answers:
    """Makes a result for a request, and keeps what it was asked; a text that names an error raises it."""

    def __init__(self, task: Task = ASK) -> None:
        self.task = task
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> dict[str, Any]:
        self.asked.append(request)
        errors: dict[str, BaseException] = {
            "unknown": UnknownUser(request.user_id),
            "invalid": ProfileInvalid("no profile", problems={}),
            "nonsense": ModelReplyError("no JSON"),
            "gone": ModelUnavailable("no server"),
            "broken": StoreError("no store"),
            "interrupt": KeyboardInterrupt(),
        }
        if request.text in errors:
            raise errors[request.text]
        repeated = {self.task.repeats: request.text} if self.task.repeats else {"schema": {"hash": "h1"}}
        return {"user_id": request.user_id, **repeated, self.task.result: f"to {request.text}"}


class Files:
    """The files of a batch."""

    def __init__(self, folder: Path) -> None:
        self.requests = folder / "in.jsonl"
        self.out = folder / "out.jsonl"

    def ask(self, *questions: str) -> None:
        self.put(*({"user_id": "u1", "question": each} for each in questions))

    def put(self, *rows: Any) -> None:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        self.requests.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))

    def run(self, answer: Any = None, task: Task = ASK) -> BatchReport:
        return run_batch(self.requests, self.out, task, answer or Answers(task), lambda done, total: None)

    @property
    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines()]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_results_are_in_the_order_of_the_requests(files: Files) -> None:
    files.ask("one", "two", "三")
    shown: list[tuple[int, int | None]] = []
    report = run_batch(files.requests, files.out, ASK, Answers(), lambda done, total: shown.append((done, total)))
    assert report == BatchReport(requests=3, earlier=0, failed=0)
    assert [(each["question"], each["answer"]) for each in files.results] == [
        ("one", "to one"),
        ("two", "to two"),
        ("三", "to 三"),
    ]
    assert "三" in files.out.read_text("utf-8")
    assert shown == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_every_result_is_in_the_file_before_the_next_is_begun(files: Files) -> None:
    files.ask("one", "two", "three")
    sizes: list[int] = []

    def answer(request: Request) -> dict[str, Any]:
        sizes.append(len(files.results))
        return Answers()(request)

    files.run(answer)
    assert sizes == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "kind"), [("unknown", "UnknownUser"), ("invalid", "ProfileInvalid"), ("nonsense", "ModelReplyError")]
)
def test_a_request_that_fails_by_itself_is_one_line(files: Files, text: str, kind: str) -> None:
    files.ask("one", text, "two")
    assert files.run() == BatchReport(3, 0, 1)
    failed = files.results[1]
    assert list(failed) == ["user_id", "question", "error"]
    assert (failed["user_id"], failed["question"], failed["error"]["type"]) == ("u1", text, kind)
    assert files.results[2]["answer"] == "to two"


@pytest.mark.parametrize(("text", "kind"), [("gone", ModelUnavailable), ("broken", StoreError)])
def test_a_failure_of_model_or_store_stops(files: Files, text: str, kind: type[Exception]) -> None:
    files.ask("one", text, "two")
    with pytest.raises(kind):
        files.run()
    assert len(files.results) == 1


@pytest.mark.parametrize(
    ("line", "user_id", "reason"),
    [
        ("{", None, "not JSON (column 2)"),
        ("[" * 100_000, None, "not JSON (nested too deep)"),
        ("\udcff", None, "not UTF-8 text (byte 0)"),
        ("[1]", None, "a list, not a JSON object"),
        ({"question": "Why?"}, None, "no user_id"),
        ({"user_id": "", "question": "Why?"}, None, "no user_id"),
        ({"user_id": ["u"], "question": "Why?"}, None, "user_id is ['u'], not a text"),
        ({"user_id": "u1"}, "u1", "no question"),
        ({"user_id": "u1", "query": "Why?"}, "u1", "no question"),
        ({"user_id": "u1", "question": 5}, "u1", "question is 5, not a text"),
        ({"user_id": "u1", "question": " "}, "u1", "question is empty"),
        ({"user_id": "u1", "question": "?" * 2001}, "u1", "question has 2001 characters, and may have 2000"),
    ],
)
def test_a_line_that_is_no_request(files: Files, line: Any, user_id: str | None, reason: str) -> None:
    files.put({"user_id": "u1", "question": "one"}, line, {"user_id": "u1", "question": "two"})
    assert files.run() == BatchReport(3, 0, 1)
    bad = files.results[1]
    assert (bad["user_id"], bad["line"], bad["error"]["type"]) == (user_id, 2, "BadRequest")
    assert bad["error"]["message"] == f"request in line 2: {reason}"
    assert files.run() == BatchReport(3, 3, 1)


def test_fields_of_requests(files: Files) -> None:
    files.requests.write_text(
        '\ufeff{"user_id": 7, "question": "one", "gold": []}\n\n   \n{"user_id": "u", "query": "q"}'
    )
    found = Answers(SEARCH)
    files.run(found, SEARCH)
    assert found.asked == [Request(1, "7", "one"), Request(4, "u", "q")]
    assert [(each["user_id"], each["query"]) for each in files.results] == [("7", "one"), ("u", "q")]
    files.out.unlink()
    profiles = Answers(PROFILE)
    files.run(profiles, PROFILE)
    assert profiles.asked == [Request(1, "7"), Request(4, "u")]


def test_odd_text_makes_valid_json(files: Files) -> None:
    files.put('{"user_id": "\\ud800 \\u2028 \\"/", "question": "Why?"}')
    files.run()
    assert files.out.read_bytes().count(b"\n") == 1
    assert json.loads(files.out.read_bytes())["user_id"] == '\ud800 \u2028 "/'
    assert files.run().earlier == 1


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
@pytest.mark.parametrize("rest", ["", "{", '{"user_id": "u1", "quest'])
def test_a_run_continues(files: Files, kept: int, rest: str) -> None:
    files.ask("one", "unknown", "three")
    files.run()
    whole = files.out.read_text("utf-8")
    files.out.write_text("".join(whole.splitlines(keepends=True)[:kept]) + rest, "utf-8")
    answers = Answers()
    assert files.run(answers) == BatchReport(3, kept, 1)
    assert [each.line for each in answers.asked] == [1, 2, 3][kept:]
    assert files.out.read_text("utf-8") == whole


def test_an_interrupt_leaves_whole_lines(files: Files) -> None:
    files.ask("one", "interrupt", "three")
    with pytest.raises(KeyboardInterrupt):
        files.run()
    assert [each["question"] for each in files.results] == ["one"]
    assert files.out.read_bytes().endswith(b"\n")


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ('{"user_id": "u1", "question": "two", "answer": null}\n', "line 1: not the result of the request in line 1"),
        ('{"user_id": "u2", "question": "one", "answer": null}\n', "line 1: not the result of the request in line 1"),
        ('{"user_id": "u1", "question": "one"}\n', "line 1: not the result of the request in line 1"),
        ('{"user_id": "u1", "question": "one", "line": 1, "error": {}}\n', "line 1: not the result of"),
        ("My diary\n", "line 1: not the result of the request in line 1"),
        ("[1]\n", "line 1: not the result of the request in line 1"),
        ("My diary", "line 1: not a result of limner"),
        ('{"user_id": "u1", "question": "one", "answer": 1}\n' * 2, "line 2: more results than requests"),
    ],
)
def test_a_file_with_something_else_is_left_alone(files: Files, there: str, reason: str) -> None:
    files.ask("one")
    files.out.write_text(there)
    with pytest.raises(UsageError, match=reason):
        files.run()
    assert files.out.read_text() == there


def test_profiles_of_another_schema_are_left_alone(files: Files) -> None:
    files.put({"user_id": "u1"})
    files.run(task=PROFILE)
    assert files.run(task=replace(PROFILE, schema_hash="h1")).earlier == 1
    with pytest.raises(UsageError, match="not the result"):
        files.run(task=replace(PROFILE, schema_hash="h2"))


def test_paths_that_cannot_be(files: Files, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        files.run()
    assert not files.out.exists()
    files.ask("one")
    for out, reason in [
        (files.requests, "is the file of the requests"),
        (tmp_path, "not a file"),
        (tmp_path / "no" / "out.jsonl", "No such file"),
    ]:
        with pytest.raises(UsageError, match=reason):
            run_batch(files.requests, out, ASK, Answers(), lambda done, total: None)


def test_one_process_at_a_time(files: Files) -> None:
    files.ask("one")
    with files.out.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another process writes"):
            files.run()
    assert files.run().requests == 1


def test_requests_may_come_from_a_pipe(files: Files, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=('{"user_id": "u1", "question": "one"}\n',))
    writer.start()
    shown: list[tuple[int, int | None]] = []
    run_batch(pipe, files.out, ASK, Answers(), lambda done, total: shown.append((done, total)))
    writer.join()
    assert shown == [(0, None), (1, None)]


def test_no_space_is_a_clear_error(files: Files) -> None:
    files.ask(*["one"] * 100)
    limits, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UsageError, match=r"results cannot be written to .*: File too large"):
            files.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert files.out.read_bytes().endswith(b"\n")
    assert files.run().requests == 100
