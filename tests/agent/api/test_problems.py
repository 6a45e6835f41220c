"""Every type of problem is made once by a real request, is RFC 9457, and has a page that tells what it means."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.api.defects import Defects
from agent.api.problem_types import TYPES
from agent.api.problems import Problem, note, problem_of
from agent.cli import main
from agent.errors import BackendUnavailable, LimnerError, ModelUnavailable, StoreBusy, StoreError, TokenKeyUnusable
from agent.service import Cancelled, Job, ModelQueue, UnknownTenant
from agent.service.remedies import REMEDIES, remedy_of
from retrieval import Event
from tests.agent.api.serving import Served, asks_for_the_machine, served
from tests.agent.scripted import SCHEMA, answer, open_with

_STRICT = {"type": "object", "properties": {"job": {"type": "string"}}, "required": ["job"]}


def _made(server: Served) -> Mapping[str, Callable[[], Any]]:
    """Name of a type -> the request that makes it."""
    ask, u1 = server.ask, "/v1/users/u1"
    once = {"Idempotency-Key": "k"}
    return {
        "unauthorized": lambda: server.client.get("/v1/users"),
        "forbidden": lambda: server.client.get("/v1/erasures", headers=server.key("read", "write")),
        "not-found": lambda: ask("GET", f"{u1}/events/none"),
        "unknown-user": lambda: ask("POST", "/v1/users/nobody/ask", json={"question": "who?"}),
        "method-not-allowed": lambda: ask("PATCH", "/v1/users"),
        "too-large": lambda: ask("POST", f"{u1}/ask", content=b"x" * 2000),
        "unsupported-media-type": lambda: ask("POST", "/v1/events", json=[]),
        "bad-request": lambda: ask("POST", f"{u1}/ask", content=b"\xff", headers={"content-type": "application/json"}),
        "invalid-request": lambda: ask("GET", f"{u1}/search"),
        "usage-error": lambda: ask("POST", f"{u1}/explanations", json={}),
        "input-error": lambda: ask("POST", f"{u1}/events", json={"text": 5}),
        "schema-error": lambda: ask("PUT", "/v1/schemas/mine", json={"type": "array"}),
        "other-request": lambda: [
            ask("POST", f"{u1}/events", json={"text": text}, headers=once) for text in ("one", "another")
        ][-1],
        "model-unavailable": lambda: ask("POST", f"{u1}/ask", json={"question": "go away"}),
        "model-reply-error": lambda: ask("POST", f"{u1}/ask", json={"question": "say nonsense"}),
    }


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with served(tmp_path, max_body=1000) as found:
        found.load()
        yield found


def _check(response: Any, name: str) -> None:
    document = response.json()
    assert response.headers["content-type"] == "application/problem+json", response.text
    assert document["type"] == f"/v1/problems/{name}", response.text
    assert document["status"] == response.status_code
    assert response.status_code in TYPES[name].statuses
    assert document["title"] and document["detail"]


def test_problems_of_requests(server: Served) -> None:
    for name, make in _made(server).items():
        _check(make(), name)


def test_consent_missing(server: Served) -> None:
    server.ask("PUT", "/v1/policy", json={"purposes": ["support"], "require_consent": True}).raise_for_status()
    _check(server.ask("POST", "/v1/users/u1/ask", json={"question": "Where do I live?"}), "consent-missing")


class Unwell(ModelQueue):
    """A queue that is full of something else: each job ends with the error that is told."""

    error: Exception

    def submit(self, job: Any) -> Any:
        raise self.error


ERRORS: Mapping[str, Exception] = {
    "store-busy": StoreBusy("busy"),
    "store-error": StoreError("damaged"),
    "backend-unavailable": BackendUnavailable("gone"),
    "cancelled": Cancelled("stopped"),
    "unknown-tenant": UnknownTenant("no such tenant"),
    "token-key-unusable": TokenKeyUnusable("no key"),
    "limner-error": LimnerError("failed"),
    "internal-error": ZeroDivisionError("a defect"),
    "shutting-down": Problem(503, "shutting-down", "the server ends"),
    "in-progress": Problem(409, "in-progress", "it is being done"),
}
"""What is raised below a route by what a test cannot break in a second; the tests below make each in its own way."""


def test_every_type_is_sent_by_a_server(tmp_path: Path) -> None:
    """No type can be added that no request of this test brings about: the types are collected from real answers."""
    seen: set[str] = set()

    def keep(response: Any) -> None:
        if response.headers.get("content-type") == "application/problem+json":
            name = response.json()["type"].rpartition("/")[2]
            _check(response, name)
            seen.add(name)

    with served(tmp_path / "empty", rate="1/minute") as server:
        for _ in range(2):
            keep(server.ask("GET", "/v1/users/u1"))  # no-store, then rate-limited
    with served(tmp_path / "dev", dev=True, hosts=("testserver",)) as server:
        keep(server.client.get("/v1/users", headers={"Origin": "null"}))
        keep(server.client.get("/v1/users", headers={"Host": "evil.example"}))
    queue = Unwell()
    with served(tmp_path / "unwell", queue=queue) as server:
        server.load()
        for error in (*ERRORS.values(), queue_full()):
            queue.error = error
            keep(server.ask("POST", "/v1/users/u1/ask", json={"question": "Where do I live?"}))
    with served(tmp_path / "well", max_body=1000) as server:
        server.load()
        for make in _made(server).values():
            keep(make())
        server.ask("PUT", "/v1/schemas/strict", json=_STRICT).raise_for_status()
        job = server.ask("POST", "/v1/users/u1/profiles", json={"schema": "strict"}).json()
        server.service.queue.job("default", job["job_id"]).wait(20)  # type: ignore[union-attr]
        told = server.ask("GET", f"/v1/jobs/{job['job_id']}").json()
        seen.add(told["problem"]["type"].rpartition("/")[2])
        server.ask("PUT", "/v1/policy", json={"purposes": ["support"], "require_consent": True}).raise_for_status()
        keep(server.ask("POST", "/v1/users/u1/ask", json={"question": "Where do I live?"}))
    assert seen == set(TYPES)


def queue_full() -> Exception:
    """What a queue raises that takes no more."""
    try:
        ModelQueue(size=0, share=0).submit(Job("default", "u1", "ask", lambda *asked: {}))
    except LimnerError as error:
        return error
    raise AssertionError("the queue took it")


def test_every_type_tells_what_it_means(server: Served) -> None:
    for name, kind in TYPES.items():
        told = server.client.get(f"/v1/problems/{name}").json()
        assert (told["type"], told["meaning"], told["remedy"]) == (f"/v1/problems/{name}", kind.meaning, kind.remedy)
    _check(server.client.get("/v1/problems/other"), "not-found")


def test_every_type_is_in_the_documentation() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "http-api.md").read_text("utf-8")
    assert [name for name in TYPES if f"`{name}`" not in page] == []


def test_no_problem_tells_a_client_to_run_limner(tmp_path: Path) -> None:
    """Nor does the page of a type; what the other tests provoke is looked at by ``Served.ask``."""
    found: list[dict[str, Any]] = []
    with served(tmp_path / "empty") as server:
        found.append(server.ask("GET", "/v1/users/u1").json())
    with served(tmp_path / "well", max_body=1000) as server:
        server.load()
        ask, u1 = server.ask, "/v1/users/u1"
        found += [make().json() for make in _made(server).values()]
        ask("PUT", "/v1/schemas/small", json=SCHEMA).raise_for_status()
        bound = server.service.keys.make("default", ["read", "write"], purposes=["support"])[0]
        more = [
            ask("GET", f"{u1}/profiles/small/versions/7"),
            ask("GET", f"{u1}/profiles/small"),
            ask("GET", "/v1/schemas/none"),
            ask("POST", "/v1/events?map=text%3Dnone", content=b'{"user_id": "u1", "text": "x"}'),
            ask("POST", "/v1/events?user=%20", content=b'{"text": "x"}'),
            ask("PUT", "/v1/policy", json={"purposes": [], "require_consent": True}),
            ask("PUT", "/v1/policy", json={"purposes": ["support"], "sensitive": [], "inferred": ["health"]}),
            ask("POST", f"{u1}/consents", json={"purpose": "support", "basis": "contract", "sensitive": ["health"]}),
            ask("POST", f"{u1}/erasures", json={"events": []}),
            ask("GET", f"{u1}/search?q=x", headers={"Authorization": f"Bearer {bound}", "Limner-Purpose": "ads"}),
        ]
        for action, value in (("confirm", None), ("correct", 5)):
            said = {"schema": "small", "pointer": "/city", "action": action, "value": value, "by": "A"}
            more.append(ask("POST", f"{u1}/corrections", json=said))
        ask("PUT", "/v1/policy", json={"purposes": ["support"], "require_consent": True}).raise_for_status()
        more.append(ask("POST", f"{u1}/ask", json={"question": "Where do I live?"}))
        found += [each.json() for each in more if each.status_code >= 400]
        assert len(found) > 20
    for error in RAISED:
        found += [problem_of(error, for_operator=who).document() for who in (True, False)]
    found += [kind.as_json(name) for name, kind in TYPES.items()]
    assert [each for each in found if asks_for_the_machine(each)] == []


RAISED: list[LimnerError] = [
    BackendUnavailable("it does not answer", hint="Check the address in LIMNER_RECORD"),
    StoreError("it is encrypted", hint="Encrypt it with: limner encryption on; or give no key"),
    ModelUnavailable("the package is missing", hint="Install it: pip install 'limner[embedded]'"),
    UnknownTenant("there is no tenant 'x'", hint="Serve several with --tenants FOLDER"),
]


def test_each_remedy_that_is_translated_is_one_of_limner() -> None:
    """What the table of remedies takes apart stands in the code, so that no line of it has become useless."""
    root = Path(__file__).parents[3]
    code = "".join(each.read_text("utf-8") for part in ("agent", "retrieval") for each in (root / part).rglob("*.py"))
    for words in REMEDIES:
        plain = re.split(r"\\S|[(]|…", words.command.pattern)[0].rstrip("(")
        assert code.count(plain) > 1, plain
    assert remedy_of("Give --by NAME", "api") == "Give by"
    assert remedy_of("`limner users` lists who is there; is it 'x'?", "console").endswith("has them; is it 'x'?")
    assert remedy_of("Correct it", "api") == "Correct it"


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/v1/users/nobody/ask", {"question": "who?"}, ["ask", "nobody", "who?"]),
        ("GET", "/v1/users/u1/profiles/small/versions/7", None, ["profile", "u1", "--version", "7"]),
        (
            "POST",
            "/v1/users/u1/corrections",
            {"schema": "small", "pointer": "/nowhere", "action": "correct", "value": "x", "by": "Ann"},
            ["correct", "u1", "/nowhere", "--value", "x", "--by", "Ann"],
        ),
    ],
)
def test_a_problem_has_the_message_of_the_command_line(
    server: Served,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    method: str,
    path: str,
    body: Any,
    words: list[str],
) -> None:
    schema = tmp_path / "small.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    server.ask("PUT", "/v1/schemas/small", json=SCHEMA).raise_for_status()
    told = server.ask(method, path, json=body).json()
    store = ["--store", str(tmp_path / "store")]
    own = [] if words[0] == "ask" else ["--schema", str(schema)]
    capsys.readouterr()
    assert main([words[0], *store, *words[1:], *own], open_with(answer)) != 0
    written, hint = capsys.readouterr().err, told.get("hint")
    message = told["detail"] if hint is None else told["detail"].removesuffix(f". {hint}")
    assert written.startswith(f"limner: {message}"), "the message is the same; the remedy is one of the API"


def test_an_unknown_address_is_a_problem(server: Served) -> None:
    _check(server.client.get("/v1/nothing"), "not-found")


def test_a_profile_that_cannot_be_valid(server: Served) -> None:
    server.ask("PUT", "/v1/schemas/strict", json=_STRICT)
    job = server.ask("POST", "/v1/users/u1/profiles", json={"schema": "strict"}).json()
    server.service.queue.job("default", job["job_id"]).wait(20)  # type: ignore[union-attr]
    told = server.ask("GET", f"/v1/jobs/{job['job_id']}").json()
    assert told["state"] == "failed"
    assert told["problem"]["type"].endswith("profile-invalid")
    assert list(told["problem"]["problems"]) == ["/job"]


def test_before_anything_is_loaded(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert server.ask("GET", "/v1/users").json() == {"users": [], "next": None}
        assert server.ask("GET", "/v1/erasures").json() == {"receipts": [], "next": None}
        assert server.ask("GET", "/v1/corrections").json() == {"corrections": [], "next": None}
        _check(server.ask("GET", "/v1/users/u1"), "no-store")
        assert not (tmp_path / "store" / "record.sqlite3").exists()
        server.load()
        assert [each["user_id"] for each in server.ask("GET", "/v1/users").json()["users"]] == ["u1", "张三"]


def test_too_many_requests_of_a_key(tmp_path: Path) -> None:
    with served(tmp_path, rate="3/minute") as server:
        answers = [server.ask("GET", "/v1/users") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit"].startswith('"key";r=2;t=')
        assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=60'
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60
        _check(answers[-1], "rate-limited")
        assert server.client.get("/v1/users", headers=server.key("read")).status_code == 200


def test_full_queues(tmp_path: Path) -> None:
    go, started = threading.Event(), threading.Event()

    def slow(*asked: Any) -> Any:
        started.set()
        go.wait(30)
        return answer(*asked)

    with served(tmp_path, script=slow, queue=ModelQueue(size=2, share=1), tenants=True) as server:
        try:
            server.load()
            other = {**server.key("admin", tenant="other")}
            server.ask("POST", "/v1/users/u1/events", json={"text": "I live in Munich."}, headers=other)
            build = {"method": "POST", "path": "/v1/users/u1/profiles", "json": {}}
            assert server.ask(**build).status_code == 202
            started.wait(10)
            assert server.ask(**build).status_code == 202
            full = server.ask(**build)
            assert (full.status_code, int(full.headers["retry-after"]) > 0) == (429, True)
            _check(full, "queue-full")
            assert server.ask(**build, headers=other).status_code == 202
            third = {**server.key("admin", tenant="third")}
            server.ask("POST", "/v1/users/u1/events", json={"text": "I live in Munich."}, headers=third)
            full = server.ask(**build, headers=third)
            assert full.status_code == 503
            _check(full, "queue-full")
        finally:
            go.set()


def test_the_same_request_twice_at_once(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        turns, key = server.service._writers("default"), {"Idempotency-Key": "k"}
        with turns.taken():
            first = threading.Thread(
                target=lambda: server.ask("POST", "/v1/users/u1/events", json={"text": "one"}, headers=key)
            )
            first.start()
            for _ in range(100):
                again = server.ask("POST", "/v1/users/u1/compare", json={})
                if server.service.once._entries:
                    break
            again = server.ask("POST", "/v1/users/u1/events", json={"text": "one"}, headers=key)
        first.join()
        _check(again, "in-progress")
        again = server.ask("POST", "/v1/users/u1/events", json={"text": "one"}, headers=key)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")


def test_a_page_of_another_site_cannot_use_a_server_without_keys(tmp_path: Path) -> None:
    hosts = ("testserver",)
    with served(tmp_path, dev=True, hosts=hosts) as server:
        get = server.client.get
        assert get("/v1/users").status_code == 200
        assert get("/v1/users", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
        assert get("/v1/users", headers={"Origin": "http://testserver"}).status_code == 200
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
        ):
            _check(get("/v1/users", headers=headers), "cross-site")
            _check(server.client.post("/v1/users/u1/ask", json={}, headers=headers), "cross-site")
        _check(get("/v1/users", headers={"Host": "evil.example"}), "bad-host")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (StoreBusy("busy"), "store-busy"),
        (StoreError("/srv/secret is damaged"), "store-error"),
        (BackendUnavailable("db.internal does not answer"), "backend-unavailable"),
        (Cancelled("it was cancelled"), "cancelled"),
        (UnknownTenant("no such tenant"), "unknown-tenant"),
        (
            TokenKeyUnusable("the key file '/srv/secret/acme.key' cannot be read", hint="/srv/secret"),
            "token-key-unusable",
        ),
        (LimnerError("words of a history"), "limner-error"),
    ],
)
def test_problems_of_errors(error: LimnerError, name: str) -> None:
    found = problem_of(error, for_operator=False)
    _check_document(found, name)
    assert "secret" not in str(found.document()) and "internal" not in str(found.document())
    assert "words of a history" not in str(problem_of(error).document())


def _check_document(problem: Problem, name: str) -> None:
    document = problem.document()
    assert document["type"] == f"/v1/problems/{name}"
    assert document["status"] in TYPES[name].statuses


@pytest.mark.parametrize("scope", ["write", "admin"])
@pytest.mark.parametrize("how", ["one", "upload", "stream"])
def test_where_the_keys_of_pseudonyms_are_is_for_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, scope: str
) -> None:
    keys = tmp_path / "secret"
    keys.mkdir()
    with served(tmp_path, tenants=True, token_keys=keys) as server:
        (keys / "acme.key").write_text("1a" * 32)
        said = Event("u", "e", "Call me at 13812345678.")
        server.service.limner("acme").ingest_events([said], personal_data="tokenise")
        (keys / "acme.key").unlink()
        headers = server.key(scope, tenant="acme")
        if how == "one":
            told = server.ask("POST", "/v1/users/u/events", json={"text": "Or 13812345679."}, headers=headers)
        else:
            headers |= {"Content-Type": "application/x-ndjson"}
            headers |= {"Accept": "text/event-stream"} if how == "stream" else {}
            line = b'{"user_id": "u", "text": "Or 13812345679."}\n'
            told = server.ask("POST", "/v1/events", content=line, headers=headers)
        assert "token-key-unusable" in told.text and "secret" not in told.text and "acme" not in told.text
        if how != "stream":
            _check(told, "token-key-unusable")
        assert f"the key file '{keys / 'acme.key'}' cannot be read" in caplog.text
        assert [each.event_id for each in server.service.limner("acme").store.events("u")] == ["e"]


@pytest.mark.parametrize("error", [StoreError("/srv/secret is damaged"), BackendUnavailable("db.secret is away")])
def test_what_a_client_is_not_told_is_in_the_log(error: LimnerError, caplog: pytest.LogCaptureFixture) -> None:
    note(error)
    note(StoreBusy("another process"))
    assert [each.message for each in caplog.records] == [f"{type(error).__name__}: {error}"]


@pytest.mark.parametrize("foreseen", [True, False])
def test_why_a_job_failed_is_in_the_log_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, foreseen: bool) -> None:
    def fails(*asked: Any) -> Any:
        raise ModelUnavailable("llm.internal does not answer") if foreseen else ZeroDivisionError("I live in Munich.")

    with served(tmp_path, script=fails) as server:
        server.load()
        asked = {"question": "Which city does she live in?"}
        told = server.ask("POST", "/v1/users/u1/ask", json=asked, headers=server.key("read"))
        assert told.status_code == (503 if foreseen else 500) and "llm.internal" not in told.text
    said = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert len(said) == 1 and ("llm.internal does not answer" if foreseen else "ZeroDivisionError") in said[0]


def test_the_end_of_an_upload_names_no_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with served(tmp_path) as server:
        server.load()
        server.service.tenants.close()
        (tmp_path / "store" / "record.sqlite3").write_bytes(b"no database" * 1000)
        kind = {"Content-Type": "application/x-ndjson", "Accept": "text/event-stream"}
        line = b'{"user_id": "u", "text": "I live in Rome."}\n'
        told = [server.ask("POST", "/v1/events", content=line, headers=server.key(scope) | kind).text
                for scope in ("write", "admin")]  # fmt: skip
    assert all("store-error" in each for each in told)
    assert [str(tmp_path) in each for each in told] == [False, True]
    assert str(tmp_path) in caplog.text


def test_a_defect_tells_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*asked: Any) -> Any:
        raise ZeroDivisionError("I live in Munich now.")

    with served(tmp_path, script=broken) as server:
        server.load()
        told = server.ask("POST", "/v1/users/u1/ask", json={"question": "Which city does she live in?"})
        assert told.status_code == 500
        assert "Munich" not in told.text
        server.service.limner = None  # type: ignore[assignment,method-assign]
        told = server.ask("GET", "/v1/users")
    _check(told, "internal-error")
    said = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith("agent"))
    assert "ZeroDivisionError" in said and "TypeError" in said
    assert "Munich" not in said
    assert not any(each.exc_info for each in caplog.records if each.name.startswith("agent"))


def test_a_request_that_the_end_of_the_server_cuts_off_is_told() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    async def cut_off(started: bool) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def begun(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await slow(scope, receive, send)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        task = asyncio.ensure_future(Defects(begun if started else slow)(scope, None, send))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        task.cancel()
        await task
        return sent

    start, body = asyncio.run(cut_off(False))
    assert start["status"] == 503 and json.loads(body["body"])["type"] == "/v1/problems/shutting-down"
    assert [each["type"] for each in asyncio.run(cut_off(True))] == ["http.response.start"]
