"""No consent, no profile: on every way that leads to one, whatever came before, in any order."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import Limner
from agent.cli import main
from agent.client import LimnerClient, ProblemError
from agent.documents import ProfileDocument
from agent.errors import ConsentMissing, UsageError
from agent.fakes import ScriptedChat
from retrieval import HashingEmbedder
from retrieval.policies import Policy
from tests.agent.api.serving import Served, served
from tests.agent.mcp.talking import open_store
from tests.agent.scripted import EVENTS, SCHEMA, answer

STRICT = Policy(("support", "marketing"), require_consent=True)
SECRET = "Zebrastadt"
"""Stands in the profile, since a person said so, and nowhere in the history."""
QUESTION = "Where does she live?"


def scripted(limner: Limner) -> ScriptedChat:
    model = limner.chat().load()
    assert isinstance(model, ScriptedChat)
    return model


@pytest.fixture
def limner(tmp_path: Path) -> Iterator[Limner]:
    """A store with a profile that holds the secret, made for the purpose "support"."""
    made = open_store(tmp_path)
    made.store.set_policy(Policy(("support", "marketing")))
    made.correct("u1", "/job", "correct", SECRET, by="Ann", schema=SCHEMA)
    document = made.profile("u1", SCHEMA)
    assert document.profile["job"] == SECRET and document.purpose == "support"
    yield made
    made.close()


@pytest.fixture
def run(limner: Limner, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def again(store: Path, **options: Any) -> Limner:
        return Limner(store, llm=scripted(limner), embedder=HashingEmbedder())

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--store", str(limner.store.path)], again)
        return code, *capsys.readouterr()

    return run


def test_the_profile_says_what_it_is_for(limner: Limner) -> None:
    limner.store.set_policy(STRICT)
    limner.store.consents.grant("u1", "support", by="Jo", basis="contract")
    document = limner.profile("u1", SCHEMA)
    assert (document.purpose, document.basis, document.version) == ("support", "contract", 1)
    limner.store.consents.grant("u1", "marketing", by="Jo")
    other = limner.for_purpose("marketing").profile("u1", SCHEMA)
    assert (other.purpose, other.basis, other.version) == ("marketing", "consent", 2)
    assert [each.number for each in limner.versions("u1")] == [1]
    asked = limner.ask("u1", QUESTION)
    assert (asked.purpose, asked.basis, asked.answer) == ("support", "contract", "Munich")
    with pytest.raises(UsageError, match="knows no purpose 'research'"):
        limner.for_purpose("research").ask("u1", QUESTION)


def test_nothing_is_read_before_the_consent_is_looked_for(limner: Limner, monkeypatch: pytest.MonkeyPatch) -> None:
    limner.store.set_policy(STRICT)
    limner.close()
    asked = len(scripted(limner).asked)
    for work in _in_python(limner):
        with pytest.raises(ConsentMissing, match="'u1' for the purpose 'support' is not recorded") as caught:
            work()
        assert caught.value.exit_code == 2 and "limner consent grant" in str(caught.value)
    assert len(scripted(limner).asked) == asked


def _in_python(limner: Limner) -> list[Callable[[], Any]]:
    from agent.latest import latest_profile
    from agent.schema import load_schema
    from agent.tool_agent import make_agent
    from agent.tools import history_tools

    schema = load_schema(SCHEMA)
    return [
        lambda: limner.profile("u1", SCHEMA),
        lambda: limner.profile("u1", SCHEMA, fresh=True),
        lambda: limner.latest("u1", SCHEMA),
        lambda: limner.version("u1", 1, SCHEMA),
        lambda: limner.versions("u1"),
        lambda: limner.changes("u1", 1, SCHEMA),
        lambda: limner.shown("u1", 1, SCHEMA),
        lambda: limner.ask("u1", QUESTION),
        lambda: limner.explain("u1", "/job", SCHEMA),
        lambda: limner.explain_answer("u1", QUESTION),
        lambda: limner.correct("u1", "/job", "confirm", by="Ann", schema=SCHEMA),
        lambda: limner.corrections("u1"),
        lambda: limner.retriever("u1"),
        lambda: latest_profile(limner, "u1", schema),
        lambda: history_tools(limner, "u1"),
        lambda: make_agent(limner, user_id="u1"),
        lambda: limner.over(limner.store.path).profile("u1", SCHEMA),
        lambda: limner.watched(lambda step: None).profile("u1", SCHEMA),
    ]


def test_every_command(limner: Limner, run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    schema = str(tmp_path / "small.json")
    (tmp_path / "in.jsonl").write_text('{"user_id": "u1"}\n{"user_id": "张三"}\n', "utf-8")
    commands = [
        ["profile", "u1", "--schema", schema],
        ["profile", "u1", "--schema", schema, "--diff"],
        ["profile", "u1", "--schema", schema, "--version", "1"],
        ["profile", "u1", "--schema", schema, "--fresh", "--json"],
        ["ask", "u1", QUESTION],
        ["explain", "u1", "/job", "--schema", schema],
        ["explain", "u1", "--question", QUESTION],
        ["versions", "u1"],
        ["corrections", "u1"],
        ["correct", "u1", "/job", "--confirm", "--schema", schema],
    ]
    assert all(SECRET in run(*each)[1] for each in (commands[0], commands[2], commands[3]))
    limner.store.set_policy(STRICT)
    asked = len(scripted(limner).asked)
    for command in commands:
        code, out, err = run(*command)
        assert (code, out) == (2, ""), command
        assert "is not recorded" in err and SECRET not in err, command
    assert SECRET not in run("corrections")[1] + run("users")[1]
    assert "are left out" in run("corrections")[2]
    batch = ["profile", "--schema", schema, "--batch", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl")]
    code, out, err = run(*batch, "--json")
    assert code == 0 and json.loads(out)["refused"] == 2 and json.loads(out)["failed"] == 0
    assert "2 of them are of users who were left out for want of a consent" in err
    results = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [each["error"]["type"] for each in results] == ["ConsentMissing"] * 2
    assert json.loads(run(*batch, "--json")[1])["refused"] == 2 and len(scripted(limner).asked) == asked
    assert run("consent", "grant", "u1", "--purpose", "support", "--source", "form 7")[0] == 0
    assert SECRET in run(*commands[0])[1]
    (tmp_path / "out.jsonl").unlink()
    code, out, _ = run(*batch, "--json")
    assert (code, json.loads(out)["refused"], SECRET in (tmp_path / "out.jsonl").read_text("utf-8")) == (0, 1, True)
    assert run("profile", "u1", "--schema", schema, "--purpose", "marketing")[0] == 2


def test_an_id_that_the_store_does_not_know_is_said(run: Callable[..., tuple[int, str, str]]) -> None:
    grant = ("consent", "grant", "--purpose", "support")
    for words in (grant, ("consent", "withdraw", "--all")):
        code, out, err = run(*words, "张三丰")
        assert code == 0 and "张三丰" in out and "no event of '张三丰': is the id right?" in err
    assert "is the id right?" not in run("consent", "list", "张三丰")[2], "there is something to list"
    assert "is the id right?" in run("consent", "list", "nobdy")[2]
    assert run(*grant, "u1")[2] == ""


def test_policy_and_consent_commands(run: Callable[..., tuple[int, str, str]], limner: Limner, tmp_path: Path) -> None:
    assert json.loads(run("policy", "show", "--json")[1])["purposes"] == ["support", "marketing"]
    code, out, err = run(
        "policy", "set", "--require-consent", "--sensitive", "health,union", "--inferred", "health", "--json"
    )
    assert (code, json.loads(out)) == (
        0,
        {
            "purposes": ["support", "marketing"],
            "require_consent": True,
            "sensitive": ["health", "union"],
            "inferred": ["health"],
        },
    )
    assert "are not shown any more" in err
    code, out, _ = run("policy", "show")
    assert "needed: no profile and no answer without" in out and "health, union" in out
    for words, said in (
        (["policy", "set", "--no-purposes"], "the policy has none"),
        (["policy", "set", "--sensitive", "helth"], "no category"),
        (["policy", "set", "--purpose", "a", "--no-purposes"], "leave one of them out"),
        (["consent", "grant", "u1", "--purpose", "fun"], "knows no purpose 'fun'"),
        (["consent", "withdraw", "u1"], "give either"),
        (["consent", "grant", "u1", "--purpose", "support", "--until", "2020-01-01"], "is over"),
    ):
        code, out, err = run(*words)
        assert (code, out) == (2, "") and said in err, words
    grant = [
        "consent",
        "grant",
        "u1",
        "--purpose",
        "support",
        "--until",
        "2199-12-31",
        "--sensitive",
        "health",
        "--by",
        "Jo",
    ]
    assert json.loads(run(*grant, "--source", "form 7", "--json")[1])["sensitive"] == ["health"]
    code, out, _ = run("consent", "list", "u1")
    assert (
        "support, consent until 2199-12-31, with health, recorded by Jo (form 7)" in " ".join(out.split())
        and "now, for support: allowed" in out
    )
    limner.profile("u1", SCHEMA)
    assert len(json.loads(run("export", "u1")[1])["profiles"]) == 1
    code, out, err = run("consent", "withdraw", "u1", "--all", "--by", "Jo")
    assert (
        "withdrawn for all purposes" in out
        and "1 versions of profiles were dropped" not in err
        and "limner compact" in err
    )
    listed = json.loads(run("consent", "list", "u1", "--json")[1])
    assert [each["action"] for each in listed["consents"]] == ["grant", "withdraw"]
    assert listed["now"]["*"]["allowed"] is False
    exported = json.loads(run("export", "u1")[1])
    assert (exported["consents"], exported["profiles"]) == (listed["consents"], [])
    assert run("consent", "list", "nobody")[1] == "nothing is recorded of nobody\n"
    assert run("consent", "grant", "new", "--purpose", "support", "--by", "Jo")[0] == 0
    assert json.loads(run("export", "new")[1])["events"] == []


def _strict(server: Served) -> ScriptedChat:
    """A server with a profile and answers that hold the secret, and jobs that made them; then consent is required."""
    server.load()
    server.service.schemas.register("default", "small", SCHEMA)
    limner = server.service.limner("default")
    limner.store.set_policy(Policy(("support", "marketing")))
    limner.correct("u1", "/job", "correct", SECRET, by="Ann", schema=server.service.schemas.get("default", "small"))
    job = server.ask("POST", "/v1/users/u1/profiles", json={"schema": "small"}).json()["job_id"]
    assert server.service.queue.job("default", job).wait(30)  # type: ignore[union-attr]
    assert server.ask("POST", "/v1/users/u1/ask", json={"question": QUESTION}).json()["answer"] == "Munich"
    assert SECRET in server.ask("GET", f"/v1/jobs/{job}").text
    limner.store.set_policy(STRICT)
    return scripted(limner)


_BODIES: dict[str, Any] = {
    "/v1/users/{user_id}/ask": {"question": QUESTION},
    "/v1/users/{user_id}/profiles": {"schema": "small"},
    "/v1/users/{user_id}/explanations": {"schema": "small", "pointer": "/job"},
    "/v1/users/{user_id}/corrections": {"schema": "small", "pointer": "/job", "action": "confirm"},
}
_ALLOWED = {"/v1/users/{user_id}/export", "/console/export.json"}
"""Who asks for all that is known of them gets it, consent or not: keys need the scope ``erase``."""


def test_every_address_of_the_server(tmp_path: Path) -> None:
    with served(tmp_path, dev=True) as server:
        model = _strict(server)
        asked = len(model.asked)
        jobs = [each.job_id for each in server.service.queue.jobs("default")]
        seen, refused = 0, 0
        for route in _routes(server.client.app):
            if route.path in _ALLOWED or "DELETE" in route.methods or "PUT" in route.methods:
                continue
            for job in jobs if "job" in route.path else jobs[:1]:
                path = route.path.replace("{user_id}", "u1").replace("{schema}", "small").replace("{number}", "1")
                path = path.replace("{job_id}", job).replace("{event_id}", "a").replace("{name}", "small")
                query = {"user": "u1", "schema": "small", "pointer": "/job", "action": "confirm", "version": 1}
                query |= {"id": job, "event": "a", "q": "live"}
                method = "POST" if "POST" in route.methods else "GET"
                if method == "POST" and route.path not in _BODIES:
                    continue
                answered = server.ask(method, path, params=query, json=_BODIES.get(route.path))
                seen += 1
                refused += answered.status_code == 403
                assert SECRET not in answered.text, (method, path)
                if route.path != "/v1/openapi.json":
                    assert '"claims"' not in answered.text, (method, path)
        assert seen > 50 and refused > 10 and len(model.asked) == asked
        told = server.ask("GET", "/v1/users/u1/profiles/small").json()
        assert (told["type"], told["status"]) == (
            "/v1/problems/consent-missing",
            403,
        ) and "POST /v1/users/{user_id}/consents with the purpose" in told["hint"]
        assert server.client.get(told["type"]).json()["title"] == "Consent missing"


def _routes(app: Any) -> Iterator[APIRoute]:
    """The routes of the API and the console."""
    for each in app.routes:
        joined = getattr(each, "original_router", None)
        yield from (route for route in (joined.routes if joined else [each]) if isinstance(route, APIRoute))


def test_over_the_api(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        model = _strict(server)
        reads = server.key("read")
        consents = "/v1/users/u1/consents"
        assert server.client.put("/v1/policy", json={}, headers=reads).status_code == 403
        assert server.client.post(consents, json={"purpose": "support"}, headers=reads).status_code == 403
        assert server.ask("GET", "/v1/policy").json()["require_consent"] is True
        assert server.ask("POST", consents, json={"purpose": "fun"}).status_code == 400
        assert server.ask("POST", consents, json={}).status_code == 400
        given = server.ask(
            "POST", consents, json={"purpose": "support", "source": "form", "by": "Jo", "sensitive": ["health"]}
        )
        assert given.status_code == 201 and given.json()["basis"] == "consent"
        assert SECRET in server.ask("GET", "/v1/users/u1/profiles/small").text
        for headers, status in (
            ({"Limner-Purpose": "support"}, 200),
            ({"Limner-Purpose": "marketing"}, 403),
            ({"Limner-Purpose": "fun"}, 400),
        ):
            assert server.ask("GET", "/v1/users/u1/profiles", headers=headers).status_code == status
        client = LimnerClient("", server.headers["Authorization"].removeprefix("Bearer "), http=server.client)
        assert client.profile("u1", "small")["profile"]["job"] == SECRET
        other = LimnerClient("", client._headers["Authorization"][7:], purpose="marketing", http=server.client)  # type: ignore[arg-type]
        with pytest.raises(ProblemError, match="'marketing' is not recorded"):
            other.profile("u1", "small")
        assert client.grant("u2", "support", by="Jo")["purpose"] == "support"
        assert client.withdraw("u2", by="Jo")["purpose"] == "*" and len(client.consents("u2")["consents"]) == 2
        key = {"Idempotency-Key": "k"}
        said = {"schema": "small", "pointer": "/job", "action": "confirm"}
        assert SECRET in server.ask("POST", "/v1/users/u1/corrections", json=said, headers=key).text
        gone = server.ask("POST", consents, json={"action": "withdraw", "purpose": "support"}).json()
        assert gone["profile_versions"] >= 1
        assert server.ask("POST", "/v1/users/u1/corrections", json=said, headers=key).status_code == 403
        assert server.service.queue.jobs("default") == []
        asked = len(model.asked)
        problem = server.ask("POST", "/v1/users/u1/ask", json={"question": QUESTION}).json()
        assert problem["type"] == "/v1/problems/consent-missing" and "was withdrawn" in problem["detail"]
        listed = server.ask("GET", consents).json()
        assert [each["action"] for each in listed["consents"]] == ["grant", "withdraw"] and not listed["now"][
            "support"
        ]["allowed"]
        assert len(model.asked) == asked
        put = server.ask(
            "PUT", "/v1/policy", json={"purposes": ["support"], "sensitive": ["health"], "inferred": ["union"]}
        )
        assert put.status_code == 400 and "may be inferred, but not shown" in put.json()["detail"]
        put = server.ask("PUT", "/v1/policy", json={"purposes": ["support"], "sensitive": []})
        assert put.json() == {"purposes": ["support"], "require_consent": False, "sensitive": [], "inferred": []}


def test_what_is_being_made_is_not_told_when_it_is_withdrawn_meanwhile(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        _strict(server)
        limner = server.service.limner("default")
        limner.store.consents.grant("u1", "support", by="Jo")

        def meanwhile(*asked: Any) -> Any:
            limner.store.consents.withdraw("u1", "support", by="Jo")  # by another process
            return answer(*asked)

        scripted(limner).script = meanwhile
        for path, body in (("ask", {"question": QUESTION}), ("profiles", {"schema": "small", "fresh": True})):
            limner.store.consents.grant("u1", "support", by="Jo")
            found = server.ask("POST", f"/v1/users/u1/{path}", json=body)
            if path == "profiles":
                job = server.service.queue.job("default", found.json()["job_id"])
                assert job is not None and job.wait(30)
                found = server.ask("GET", f"/v1/jobs/{job.job_id}")
                assert found.status_code == 403 or found.json()["problem"]["type"] == "/v1/problems/consent-missing"
            else:
                assert found.status_code == 403
            assert SECRET not in found.text and limner.store.everything_kept.versions("u1") == []


def test_the_console_says_it_kindly(tmp_path: Path) -> None:
    with served(tmp_path, dev=True) as server:
        _strict(server)
        for language, said, more in (
            ("en", "no consent of this customer", "The messages can still be read"),
            ("zh", "没有记录这位客户", "消息仍可查看"),
        ):
            headers = {"Accept-Language": language}
            page = server.client.get("/console/customer?user=u1", headers=headers)
            assert (
                page.status_code == 200
                and said in page.text
                and more in page.text
                and "I live in Munich now." in page.text
            )
            assert 'action="/console/build"' not in page.text and 'action="/console/ask"' not in page.text
            for page, form in (
                ("ask", {"question": QUESTION}),
                ("build", {"schema": "small"}),
                ("explain", {"schema": "small", "pointer": "/job"}),
                ("correct", {"schema": "small", "pointer": "/job", "action": "confirm", "by": "Ann"}),
            ):
                token = _token(server)
                sent = server.client.post(
                    f"/console/{page}", data={"user": "u1", "token": token, **form}, headers=headers
                )
                assert sent.status_code == 403 and said in sent.text and SECRET not in sent.text, page
            page = server.client.get("/console/versions?user=u1&schema=small", headers=headers)
            assert page.status_code == 403 and said in page.text and SECRET not in page.text
        assert SECRET not in server.client.get("/console").text
        found = server.client.get(f"/console?q={SECRET}").text
        assert "user=u1" not in found and "user=u1" in server.client.get("/console?q=u1").text


def _token(server: Served) -> str:
    """What a form of the console has to hold."""
    sessions = server.client.app.state.console  # type: ignore[attr-defined]
    secret = next(value for name, value in server.client.cookies.items() if name.startswith("limner_session"))
    return str(sessions.token(secret))


async def _all_tools(limner: Limner, purpose: str | None = None) -> list[str]:
    from dataclasses import replace

    from agent.mcp.calling import TOOLS, call_tool
    from tests.agent.mcp.talking import caller_over, text_of

    given: dict[str, Any] = {
        "search_history": {"user_id": "u1", "query": "city"},
        "ask_user": {"user_id": "u1", "question": QUESTION},
        "get_profile": {"user_id": "u1", "schema": "small"},
        "explain_claim": {"user_id": "u1", "schema": "small", "pointer": "/job"},
        "correct_claim": {"user_id": "u1", "schema": "small", "pointer": "/job", "action": "confirm"},
        "list_users": {},
        "add_event": {"user_id": "u1", "text": "Hello."},
        "forget_user": {"user_id": "u1", "dry_run": True},
    }
    assert given.keys() == TOOLS.keys()

    async def report(progress: float, total: float | None = None, message: str | None = None) -> None:
        return None

    caller = replace(caller_over(limner, "read", "write", "erase"), purpose=purpose)
    return [text_of(await call_tool(caller, name, arguments, report)) for name, arguments in given.items()]


@pytest.mark.anyio
async def test_every_tool_of_mcp(limner: Limner) -> None:
    limner.store.set_policy(STRICT)
    asked = len(scripted(limner).asked)
    told = await _all_tools(limner)
    assert (
        not any(SECRET in each or "I live in Munich" in each for each in told) and len(scripted(limner).asked) == asked
    )
    assert all("is not recorded" in each for each in told[:5])
    limner.store.consents.grant("u1", "support", by="Jo")
    assert any(SECRET in each for each in await _all_tools(limner))
    assert all("'marketing' is not recorded" in each for each in (await _all_tools(limner, "marketing"))[:5])


def test_resources_and_tools_of_agents(limner: Limner) -> None:
    from agent.mcp.resources import listed, read
    from agent.tools import history_tools
    from tests.agent.mcp.talking import caller_over

    tools = {each.name: each for each in history_tools(limner, schema=SCHEMA)}
    assert SECRET in tools["get_profile"].invoke({"user_id": "u1"})
    retriever = limner.retriever("u1")
    assert retriever.invoke("city")
    caller = caller_over(limner)
    assert any("profiles" in each.uri for each in listed(caller, None)[0])
    limner.store.set_policy(STRICT)
    for name, words in (
        ("get_profile", {}),
        ("search_history", {"query": "city"}),
        ("ask_user", {"question": QUESTION}),
    ):
        assert "is not recorded" in tools[name].invoke({"user_id": "u1", **words})
    assert not any("profiles" in each.uri for each in listed(caller, None)[0])
    with pytest.raises(ConsentMissing):
        retriever.invoke("city")
    for kind, name in (("profiles", "small"), ("events", "a")):
        with pytest.raises(ConsentMissing):
            read(caller, f"limner://users/u1/{kind}/{name}")


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["grant", "withdraw", "make", "read", "ask", "correct", "list"]),
            st.sampled_from(STRICT.purposes),
        ),
        st.tuples(st.sampled_from(["withdraw all", "require", "do not require"]), st.just("support")),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_whatever_order(shared: Limner, steps: list[tuple[str, str]]) -> None:
    """What is shown is shown exactly while it may be, by a model of the rules that is written down here once more."""
    limner, strict = shared, True
    limner.store.set_policy(STRICT)
    limner.store.consents.withdraw("u1", None, by="Jo")
    said = dict.fromkeys(STRICT.purposes, "withdrawn")
    made: set[str] = set()
    for step, purpose in steps:
        own, may = limner.for_purpose(purpose), said[purpose] == "granted"
        if step == "grant":
            limner.store.consents.grant("u1", purpose, by="Jo")
            said[purpose] = "granted"
        elif step == "withdraw":
            limner.store.consents.withdraw("u1", purpose, by="Jo")
            said[purpose] = "withdrawn"
            made.discard(purpose)
        elif step == "withdraw all":
            limner.store.consents.withdraw("u1", None, by="Jo")
            said, made = dict.fromkeys(said, "withdrawn"), set()
        elif step in ("require", "do not require"):
            strict = step == "require"
            limner.store.set_policy(STRICT._replace(require_consent=strict))
        else:
            before = len(scripted(limner).asked)
            try:
                told = _do(own, step)
            except ConsentMissing:
                assert not may and len(scripted(limner).asked) == before
                continue
            assert may
            if step == "make":
                made.add(purpose)
                assert isinstance(told, ProfileDocument) and told.purpose == purpose and told.basis == "consent"
            if step == "read":
                assert (told is not None) == (purpose in made)


def _do(limner: Limner, step: str) -> Any:
    if step == "make":
        return limner.profile("u1", SCHEMA)
    if step == "read":
        found = limner.versions("u1")
        return found or None
    if step == "ask":
        return limner.ask("u1", QUESTION)
    if step == "correct":
        return limner.correct("u1", "/job", "correct", "smith", by="Ann", schema=SCHEMA)
    return limner.corrections("u1")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limner]:
    made = open_store(tmp_path_factory.mktemp("shared"))
    yield made
    made.close()


def test_the_events_are_those_of_the_script() -> None:
    assert SECRET not in json.dumps(EVENTS)
