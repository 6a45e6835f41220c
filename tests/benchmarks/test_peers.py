"""The benchmark beside other memory systems: its accounts, its tool calls, its scores and its report. No model runs."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from agent.labelled import GoldProfile
from benchmarks.peers.cells import fingerprint, keep, kept
from benchmarks.peers.meter import Meter, totals
from benchmarks.peers.processes import PeerFailed, worker
from benchmarks.peers.report import draw, render
from benchmarks.peers.sample import Sample, samples_of
from benchmarks.peers.scores import score_system, standing_claims, traced_claims
from benchmarks.peers.tool_calls import with_tool_calls, without_tools
from retrieval import Event

TOOL = {"type": "function", "function": {"name": "Profile", "parameters": {"type": "object", "properties": {}}}}


class Endpoint:
    """A fake model server: keeps what it is sent, replies with what it was given."""

    def __init__(self, *replies: dict[str, Any], status: int = 200, pause: float = 0) -> None:
        self.seen: list[dict[str, Any]] = []
        self._replies, self._status, self._pause = list(replies), status, pause

    @contextmanager
    def serving(self) -> Iterator[str]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                fake.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                time.sleep(fake._pause)
                sent = json.dumps(fake._replies.pop(0)).encode()
                self.send_response(fake._status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def reply(text: str = "hello", finish: str = "stop", **timings: int) -> dict[str, Any]:
    return {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7},
        **({"timings": timings} if timings else {}),
    }


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    sent = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(sent) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def embed(texts: list[str], queries: bool) -> list[list[float]]:
    return [[float(len(text)), float(queries)] for text in texts]


def test_requests_are_counted_by_phase_with_what_was_read_anew() -> None:
    endpoint, meter = Endpoint(reply(cache_n=90, prompt_n=10), reply(cache_n=0, prompt_n=100)), Meter(embed)
    with endpoint.serving() as meter.upstream, meter.serving() as url:
        post(f"{url}/chat/completions", {"messages": [], "temperature": 0})
        meter.phase = "profile"
        post(f"{url}/chat/completions", {"messages": [], "temperature": 0})
    ingested, both = totals(meter.calls, "ingest"), totals(meter.calls)
    assert (ingested["calls"], ingested["prompt_tokens"], ingested["new_tokens"]) == (1, 100, 10)
    assert (both["calls"], both["prompt_tokens"], both["new_tokens"], both["completion_tokens"]) == (2, 200, 110, 14)


def test_every_request_is_made_at_temperature_0_and_with_a_limit() -> None:
    endpoint, meter = Endpoint(reply(), reply()), Meter(embed, seed=3)
    with endpoint.serving() as meter.upstream, meter.serving() as url:
        post(f"{url}/chat/completions", {"messages": [], "temperature": 0.7, "max_completion_tokens": 5})
        post(f"{url}/chat/completions", {"messages": []})
    assert [(each["temperature"], each["seed"], each["max_tokens"]) for each in endpoint.seen] == [
        (0, 3, 5),
        (0, 3, 1024),
    ]
    assert totals(meter.calls)["changed"] == ["max_tokens", "temperature"]


def test_who_asks_the_same_again_while_it_is_under_way_gets_the_first_reply() -> None:
    endpoint, meter, replies = Endpoint(reply(cache_n=0, prompt_n=100), pause=0.3), Meter(embed), []
    with endpoint.serving() as meter.upstream, meter.serving() as url:
        asks = [
            threading.Thread(target=lambda: replies.append(post(f"{url}/chat/completions", {"messages": []})))
            for _ in range(2)
        ]
        for each in asks:
            each.start()
        for each in asks:
            each.join()
    assert len(endpoint.seen) == 1 and replies[0] == replies[1]
    assert totals(meter.calls)["calls"] == 1


def test_a_server_that_does_not_tell_what_it_read_anew_leaves_that_unknown() -> None:
    endpoint, meter = Endpoint(reply()), Meter(embed)
    with endpoint.serving() as meter.upstream, meter.serving() as url:
        post(f"{url}/chat/completions", {"messages": []})
    assert totals(meter.calls)["new_tokens"] is None


def test_only_json_that_ends_at_its_limit_counts_as_cut_off() -> None:
    endpoint, meter = Endpoint(reply(finish="length"), reply(finish="length")), Meter(embed)
    with endpoint.serving() as meter.upstream, meter.serving() as url:
        post(f"{url}/chat/completions", {"messages": [], "max_tokens": 1})
        post(f"{url}/chat/completions", {"messages": [], "response_format": {"type": "json_object"}})
    assert totals(meter.calls)["cut_off"] == 1


def test_a_refusal_of_the_server_is_counted_and_passed_on() -> None:
    endpoint, meter = Endpoint({"error": {"message": "too long"}}, status=500), Meter(embed)
    with endpoint.serving() as meter.upstream, meter.serving() as url, pytest.raises(HTTPError) as refused:
        post(f"{url}/chat/completions", {"messages": []})
    with refused.value as error:
        assert error.code == 500 and json.load(error)["error"]["message"] == "too long"
    assert totals(meter.calls)["refused"] == 1


def test_a_step_whose_time_is_spent_is_refused_and_the_server_not_asked() -> None:
    endpoint, meter = Endpoint(reply()), Meter(embed)
    meter.begin("ingest", seconds=0)
    with endpoint.serving() as meter.upstream, meter.serving() as url, pytest.raises(HTTPError) as refused:
        post(f"{url}/chat/completions", {"messages": []})
    refused.value.close()
    assert refused.value.code == 400 and endpoint.seen == []


def test_embeddings_are_passages_during_ingestion_and_queries_afterwards() -> None:
    meter = Meter(embed)
    with meter.serving() as url:
        passages = post(f"{url}/embeddings", {"input": ["one", "three"], "model": "any"})
        meter.phase = "answer"
        query = post(f"{url}/embeddings", {"input": "one"})
    assert [each["embedding"] for each in passages["data"]] == [[3.0, 0.0], [5.0, 0.0]]
    assert query["data"][0]["embedding"] == [3.0, 1.0]
    assert totals(meter.calls, "ingest")["embedded_texts"] == 2


def test_a_forced_tool_call_is_asked_for_by_schema_and_comes_back_as_a_call() -> None:
    body = {"messages": [{"role": "user", "content": "hi"}], "tools": [TOOL], "tool_choice": "required"}
    assert without_tools(body)
    schema = body["response_format"]["json_schema"]["schema"]  # type: ignore[index,call-overload]
    assert schema["properties"]["name"] == {"const": "Profile"} and "tools" not in body
    assert "Profile" in body["messages"][0]["content"] and body["messages"][-1] == {"role": "user", "content": "hi"}  # type: ignore[index]
    told = json.loads(with_tool_calls(json.dumps(reply('{"name": "Profile", "arguments": {"a": "北京"}}')).encode()))
    call = told["choices"][0]["message"]["tool_calls"][0]["function"]
    assert (call["name"], json.loads(call["arguments"])) == ("Profile", {"a": "北京"})


def test_a_tool_call_that_was_cut_off_stays_text() -> None:
    cut = json.dumps(reply('{"name": "Profile", "argum')).encode()
    assert with_tool_calls(cut) == cut
    assert not without_tools({"messages": [], "tools": [TOOL], "tool_choice": "none"})


def sample() -> Sample:
    schema = {
        "type": "object",
        "properties": {"city": {"type": ["string", "null"]}, "pets": {"type": ["string", "null"]}},
    }
    gold = GoldProfile("u1", {"city": ["Munich"], "pets": []}, {}, {"city": {"Munich": ["e1"]}})
    return Sample("set", "u1", (Event("u1", "e1", "I live in Munich"),), schema, gold, ())


def cell(system: str, claims: list[dict[str, Any]], profile: dict[str, Any] | None, **other: Any) -> dict[str, Any]:
    usage = totals([])
    return {
        "system": system,
        "data": "set",
        "user_id": "u1",
        "messages": 1,
        "seconds": {"ingest": 2.0, "profile": 4.0},
        "usage": {phase: usage for phase in ("ingest", "profile", "answer")},
        "failed": [],
        "lost": 0,
        "faults": [],
        "profile": None if profile is None else {"profile": profile, "claims": claims},
        "answers": [],
        **other,
    }


def claim(pointer: str, value: str, *ids: str) -> dict[str, Any]:
    return {"pointer": pointer, "value": value, "status": "current", "evidence": [{"event_id": each} for each in ids]}


def test_a_value_for_what_is_not_told_is_hallucinated_and_citations_of_a_peer_do_not_apply() -> None:
    claims = [claim("/city", "Munich", "e1"), claim("/pets", "a dog")]
    profile = {"city": "Munich", "pets": "a dog"}
    peer = score_system([cell("mem0", claims, profile)], {"u1": sample()})
    own = score_system([cell("limner", claims, profile)], {"u1": sample()})
    assert (peer["right_values"], peer["shown_values"], peer["hallucinated"]) == (1, 2, 1)
    assert (peer["precision"], peer["recall"], peer["f1"]) == (0.5, 1.0, pytest.approx(2 / 3, abs=1e-3))
    assert peer["citation_precision"] is None and own["citation_precision"] == 1.0
    assert peer["posthoc_precision"] == 1.0 and own["posthoc_precision"] is None


def test_a_value_without_sources_is_traced_to_the_message_that_holds_most_of_its_words() -> None:
    events = [Event("u1", "e1", "I moved to Bonn"), Event("u1", "e2", "My dog Rex loves Bonn"), Event("u1", "e3", "Hi")]
    claims = [claim("/pets", "Rex, a dog"), claim("/city", "Bonn"), claim("/job", "pilot")]
    traced = [[*each["evidence"]] for each in traced_claims(claims, events)]
    assert traced == [["e2"], ["e1"], []]


def test_a_disputed_value_counts_where_it_stands_in_the_profile() -> None:
    claims = [claim("/city", value, "e1") | {"status": "disputed"} for value in ("Munich", "Bonn")]
    assert [each["status"] for each in standing_claims({"profile": {"city": "Munich"}, "claims": claims})] == [
        "current",
        "disputed",
    ]
    row = score_system([cell("limner", claims, {"city": "Bonn"})], {"u1": sample()})
    assert (row["shown_values"], row["right_values"], row["hallucinated"]) == (1, 0, 1)


def test_no_profile_and_one_that_breaks_the_schema_are_invalid() -> None:
    gone = score_system([cell("langmem", [], None, failed=["profile: it ended"])], {"u1": sample()})
    broken = score_system([cell("langmem", [], {"city": 3})], {"u1": sample()})
    assert (gone["invalid_profiles"], gone["lost"], gone["recall"]) == (1, 1, 0.0)
    assert (gone["precision"], gone["f1"]) == (None, 0.0)
    assert (broken["invalid_profiles"], broken["lost"]) == (1, 0)


def test_a_cell_is_found_again_only_if_it_was_made_of_the_same(tmp_path: Path) -> None:
    path, mark = tmp_path / "cell.json", fingerprint(sample(), {"seed": 1})
    assert kept(path, mark) is None
    keep(path, cell("limner", [], {}), mark)
    assert (kept(path, mark) or {})["system"] == "limner"
    assert kept(path, fingerprint(sample(), {"seed": 2})) is None
    assert [each.name for each in tmp_path.iterdir()] == ["cell.json"]


def test_a_report_tells_times_as_ratios_and_what_does_not_apply(tmp_path: Path) -> None:
    rows = [
        score_system(
            [cell(name, [claim("/city", "Munich", "e1")], {"city": "Munich"}, seconds=seconds)], {"u1": sample()}
        )
        for name, seconds in (("limner", {"ingest": 2.0, "profile": 4.0}), ("mem0", {"ingest": 8.0, "profile": 1.0}))
    ]
    told = dict.fromkeys(("users", "messages", "attributes", "unstated", "gold_values", "questions"), 1)
    versions = {"limner": {"openai": "1"}, "mem0": {"openai": "2", "mem0ai": "3"}}
    report = {"rows": rows, "samples": {"set": told}, "versions": versions, "command": "python -m benchmarks.peers out"}
    page = render(report)
    assert "| mem0 | 0 | 0 | 0 | 0 | 0 | – | – | 4.0 | 0.2 | – |" in page
    assert "| mem0 | 1 / 1 / 1 | 1.00 | 1.00 | 1.00 | 0 | n/a (post hoc 1.00 / 1.00) | – | n/a | 0 / 0 / 0 |" in page
    assert "openai (limner) 1; openai (mem0) 2; mem0ai 3." in page
    draw(report, tmp_path / "report.svg")
    assert (tmp_path / "report.svg").stat().st_size > 1000


def test_a_sample_asks_only_for_what_its_messages_tell_and_some_that_they_do_not(tmp_path: Path) -> None:
    rows = [
        {
            "user_id": "u1",
            "snippet_id": f"e{at}",
            "timestamp": f"2024-01-0{at}",
            "speaker": "user",
            "text": f"text {at}",
        }
        for at in (2, 1, 3)
    ]
    gold = {
        "user_id": "u1",
        "attributes": {
            "city": "Munich",
            "school": "MIT",
            "name": "Ann",
            "relations": {"sister": {"birthday": "May 3"}},
        },
        "evidence": {"city": {"Munich": ["e1"]}, "school": {"MIT": ["e3"]}, "relations/sister": {"birthday": ["e2"]}},
    }
    asked = [
        {"user_id": "u1", "question": "Where?", "answer": "Munich", "evidence": ["e1"]},
        {"user_id": "u1", "question": "Which school?", "answer": "MIT", "evidence": ["e3"]},
    ]
    for name, lines in (("histories", rows), ("profiles", [gold]), ("qa", asked)):
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines), "utf-8")
    (one,) = samples_of(tmp_path, users=1, messages=2, facets=4, questions=5, seed=1)
    assert [event.event_id for event in one.messages] == ["e1", "e2"]
    assert one.gold.values == {"city": ["Munich"], "sister birthday": ["May 3"], "school": []}
    assert [question.text for question in one.questions] == ["Where?"]


@pytest.mark.parametrize("name", ["mem0", "langmem"])
def test_a_worker_outlives_errors_and_what_it_logs_is_no_reply(name: str, tmp_path: Path) -> None:
    given = {"folder": str(tmp_path), "endpoint": "none", "dimension": 3, "user": "u", "attributes": []}
    with worker(name, Path(sys.prefix), tmp_path / "log.txt") as process:
        for _ in range(2):
            with pytest.raises(PeerFailed, match=f"ModuleNotFoundError: No module named '{name}'"):
                process.ask("open", **given)
        with pytest.raises(PeerFailed, match="AttributeError"):
            process.ask("dance")
