"""All forms of attack through the doors that people and programs use: HTTP, server-sent events, console, MCP, logs.

The model obeys everything, and says what would act where it is rendered. What is checked: an injection's wish is
nowhere a value or an answer, every quote is what the event really says, nothing acts, and no log holds a word of it.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from mcp import Client

from agent import Limner
from agent.api import ApiSettings, create_app
from agent.cli import main
from agent.fakes import Reply, ScriptedChat
from agent.inert import on_one_line, without_control_tokens
from agent.instructions import speaks_to_program
from agent.mcp import Caller, make_server
from agent.schema import load_schema
from agent.service import DEFAULT_TENANT, Service
from agent.tools import history_tools
from retrieval import Event, HashingEmbedder
from retrieval.cleaning import clean_text
from tests.agent.attacks import ACTIVE, ATTACKS, INJECTIONS_EN, INJECTIONS_ZH, SCHEMA, TRUE, WANTED, rows_of
from tests.agent.gullible import gullible
from tests.agent.scripted import open_with

ALL = [*ATTACKS, *(("zh" if "点击" in text else "en", "user", text) for text in ACTIVE)]
FIRST_ACTIVE = len(ATTACKS)
NUMBERS = pytest.mark.parametrize("number", range(len(ALL)), ids=[f"{a[0]}-{a[2][:24]!r}" for a in ALL])
QUESTION = {"en": "Where does the user live?", "zh": "用户住在哪里？"}
ACTS = re.compile(r"!\[|\]\(|<[A-Za-z/!?]|[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SAID = (*WANTED.values(), "evil.example", "alert(1)", *(true for _, true in TRUE.values()))


def obeying(system: str, user: str, schema: Mapping[str, Any] | None) -> Reply:
    """Answers and drafts what acts, else what an attacker wishes for, else the truth."""
    shown = " ".join(f"{system} {user}".split())
    acting = next((found for text in ACTIVE if (found := on_one_line(without_control_tokens(text))) in shown), None)
    if schema is None and user.endswith(("Answer:", "答案：")):
        values = (each for each in (*WANTED.values(), *(true for _, true in TRUE.values())) if each in shown)
        return acting or next(values, "none")
    drafted = gullible(system, user, schema)
    if acting and isinstance(drafted, str) and "Lives in" in drafted:
        return json.dumps({"evidence": [1], "value": acting[:200]})
    return drafted


class Doors:
    """A store in which every user is attacked, behind a server that needs no key."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.limner = Limner(self.store, llm=ScriptedChat(script=obeying), embedder=HashingEmbedder())
        path = folder / "history.jsonl"
        path.write_text("\n".join(map(json.dumps, rows_of(ATTACKS))), "utf-8")
        self.limner.ingest(path)
        self.limner.ingest_events(
            Event(f"u{FIRST_ACTIVE + number}", "attack", text, timestamp="2024-02-02", speaker="user", role="user")
            for number, text in enumerate(ACTIVE)  # as they are: not cleaned
        )
        self.service = Service(self.limner, self.store)
        self.service.schemas.register(DEFAULT_TENANT, "attacked", SCHEMA)
        settings = ApiSettings(dev=True, rate="1000000/second")
        self.client = TestClient(create_app(self.service, settings), base_url="http://localhost")

    def get(self, path: str, **query: Any) -> Any:
        found = self.client.get(path, params=query)
        assert found.status_code == 200, (path, found.text)
        return found

    def profile(self, number: int) -> dict[str, Any]:
        """The profile of a user, made once."""
        path = f"/v1/users/u{number}/profiles"
        if self.client.get(f"{path}/attacked").status_code == 404:
            job = self.client.post(path, json={"schema": "attacked"}).json()
            self.get(f"/v1/jobs/{job['job_id']}/events")
        document: dict[str, Any] = self.get(f"{path}/attacked").json()
        return document


class Heard(logging.Handler):
    """All that is logged, by anybody, at any level."""

    def __init__(self) -> None:
        super().__init__(0)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(f"{record.getMessage()} {record.exc_text or ''} {record.exc_info or ''}")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    made = Doors(tmp_path_factory.mktemp("doors"))
    yield made
    made.service.close()


@pytest.fixture(autouse=True)
def no_log_holds_a_word(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Of the test itself, which may print nothing else: the most talkative level, and both streams."""
    root, heard = logging.getLogger(), Heard()
    level = root.level
    root.addHandler(heard)
    root.setLevel(1)
    yield
    root.removeHandler(heard)
    root.setLevel(level)
    told = "\n".join([*heard.words, *capfd.readouterr()])
    assert not [each for each in SAID if each in told]


def is_injection(number: int) -> bool:
    return ALL[number][2] in (*INJECTIONS_EN, *INJECTIONS_ZH)


def check(doors: Doors, number: int, document: Mapping[str, Any]) -> None:
    """An injection's wish is no value or answer, and every quote stands in the event that it cites."""
    language, _, attack = ALL[number]
    if number < FIRST_ACTIVE and "profile" in document:
        assert document["profile"]["city"] == TRUE[language][1]
    if is_injection(number) and speaks_to_program(clean_text(attack)):
        said = [document.get("answer"), document.get("profile", {}).get("about")]
        assert WANTED[language] not in json.dumps(said, ensure_ascii=False)
        assert document.get("profile", {}).get("vip") is None
    claims = document.get("claims", [])
    for each in [*document.get("evidence", []), *(quote for claim in claims for quote in claim["evidence"])]:
        text = doors.limner.store.event(f"u{number}", each["event_id"]).text
        assert each["quote"] and text[each["start"] : each["end"]] == each["quote"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_the_filter_attacks_would_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """So that the tests below can fail: the model is won over where it is shown what speaks to the program."""
    for module in ("finding", "verify", "looking"):
        monkeypatch.setattr(f"agent.{module}.without_instructions", tuple)
    opened = Doors(tmp_path)
    number = next(n for n, each in enumerate(ALL) if each[0] == language and speaks_to_program(clean_text(each[2])))
    profile = opened.profile(number)
    answer = opened.client.post(f"/v1/users/u{number}/ask", json={"question": QUESTION[language]}).json()
    opened.service.close()
    assert (profile["profile"]["vip"], answer["answer"]) == (True, WANTED[language])
    assert WANTED[language] in profile["profile"]["about"]
    for document in (profile, answer):
        with pytest.raises(AssertionError):
            check(opened, number, document)


@NUMBERS
def test_http(doors: Doors, number: int) -> None:
    user, question = f"/v1/users/u{number}", QUESTION[ALL[number][0]]
    check(doors, number, doors.profile(number))
    answered = doors.client.post(f"{user}/ask", json={"question": question})
    check(doors, number, answered.json())
    found = doors.get(f"{user}/search", q=question)
    event = doors.get(f"{user}/events/attack")
    assert event.json()["text"] == doors.limner.store.event(f"u{number}", "attack").text
    refused = doors.client.get(f"{user}/events/{'no' * 9}")
    for each in (answered, found, event, refused):
        assert re.fullmatch(r"application/(problem\+)?json", each.headers["content-type"])
        assert each.headers["x-content-type-options"] == "nosniff" and "\n" not in each.text
    assert TRUE[ALL[number][0]][1] not in refused.text


@NUMBERS
def test_events_of_http(doors: Doors, number: int) -> None:
    asked = {"question": QUESTION[ALL[number][0]]}
    accepts = {"Accept": "text/event-stream"}
    told = doors.client.post(f"/v1/users/u{number}/ask", json=asked, headers=accepts)
    assert told.headers["content-type"].startswith("text/event-stream")
    assert told.headers["x-content-type-options"] == "nosniff"
    kinds = []
    for each in filter(None, told.text.split("\n\n")):
        kind, data = each.split("\n")
        assert kind.startswith("event: ") and data.startswith("data: ")
        kinds.append(kind[7:])
        document = json.loads(data[6:])
        if kinds[-1] in ("reading", "part", "done"):
            check(doors, number, document)
    assert set(kinds) <= {"progress", "reading", "part", "done"} and kinds[-1] == "done"


class Page(HTMLParser):
    """A page of the console as a browser reads it: elements with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@NUMBERS
def test_console(doors: Doors, number: int) -> None:
    doors.profile(number)
    user, text = f"u{number}", doors.limner.store.event(f"u{number}", "attack").text
    paths: dict[str, dict[str, Any]] = {
        "/customer": {"schema": "attacked"},
        "/messages": {},
        "/message": {"event": "attack", "start": 0, "end": len(text)},
        "/sheet": {"schema": "attacked"},
        "/versions": {"schema": "attacked"},
    }
    for path, query in paths.items():
        found = doors.get(f"/console{path}", user=user, **query)
        assert "default-src 'none'" in found.headers["content-security-policy"]
        page = Page(found.text)
        for tag, attributes in page.elements:
            assert tag not in ("iframe", "object", "embed", "style", "base")
            assert tag != "script" or (attributes.get("src") or "").startswith("/console/")
            assert not any(name.startswith("on") or name in ("style", "srcdoc") for name in attributes)
            for name in ("href", "src", "action", "formaction", "xlink:href"):
                where = attributes.get(name)
                assert where is None or re.match(r"/(?!/)|#|\?|\.|data:image/", where), (path, tag, where)
        if path in ("/messages", "/message") and number >= FIRST_ACTIVE:
            assert "evil.example" in page.words or "evil.example" not in text  # it stands there, as words
    file = doors.get("/console/profile.json", user=user, schema="attacked")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"].startswith("application/json")
    check(doors, number, file.json())


def test_mcp(doors: Doors) -> None:
    caller = Caller(
        service=doors.service,
        tenant=DEFAULT_TENANT,
        scopes=frozenset(("read",)),
        by="tester (MCP)",
        remedy="{scope}",
        schemas={"attacked": load_schema(SCHEMA)},
    )

    async def talk() -> None:
        async with Client(make_server(lambda context: caller)) as client:
            for number, (language, _, _) in enumerate(ALL):
                user = f"u{number}"
                asked = {"user_id": user, "question": QUESTION[language]}
                searched = {"user_id": user, "query": QUESTION[language]}
                for name, given in (
                    ("get_profile", {"user_id": user, "schema": "attacked"}),
                    ("ask_user", asked),
                    ("search_history", searched),
                ):
                    told = await client.call_tool(name, given)
                    assert not told.is_error and told.structured_content is not None
                    check(doors, number, told.structured_content)
                    document, *notes = (each.text for each in told.content)
                    assert json.loads(document) == told.structured_content
                    assert not ACTS.search(document) and "\n" not in document
                    assert not any(ACTS.search(each) for each in notes)
                read = await client.read_resource(f"limner://users/{user}/events/attack")
                text = read.contents[0].text  # type: ignore[union-attr]
                assert json.loads(text)["text"] == doors.limner.store.event(user, "attack").text
                assert not ACTS.search(text)

    anyio.run(talk)


def test_tools_of_agents(doors: Doors) -> None:
    for number, (language, _, _) in enumerate(ALL):
        doors.profile(number)
        tools = {each.name: each for each in history_tools(doors.limner, f"u{number}", schema=SCHEMA)}
        told = [
            tools["search_history"].invoke({"query": QUESTION[language]}),
            tools["ask_user"].invoke({"question": QUESTION[language]}),
            tools["get_profile"].invoke({}),
        ]
        assert not [each for each in told if re.search(r"!\[|\]\(|<[A-Za-z/!?]", each)]


@pytest.mark.parametrize("words", [("profile", "--schema"), ("ask",), ("search",)])
def test_terminal(
    doors: Doors,
    words: tuple[str, ...],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What people see has no commands for the terminal; no more has --json, where it goes to one."""
    schema = tmp_path / "attacked.json"
    schema.write_text(json.dumps(SCHEMA), "utf-8")
    for number in (FIRST_ACTIVE + each for each in (2, 5, 11, 15)):
        more = [str(schema)] if words[0] == "profile" else [QUESTION[ALL[number][0]]]
        line = [words[0], f"u{number}", *words[1:], *more, "--store", str(doors.store)]
        for form in ([], ["--json"]):
            monkeypatch.setattr(sys.stdout, "isatty", lambda form=form: bool(form))
            assert main([*line, *form], open_limner=open_with(obeying)) == 0
            told, beside = capfd.readouterr()
            assert not [each for each in SAID if each in beside]
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", told)
            if form:
                assert not ACTS.search(told)
                check(doors, number, json.loads(told))
