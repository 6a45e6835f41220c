"""The OpenAPI document is complete with examples, and each is what its own schema says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.api.problem_types import TYPES
from tests.agent.api.serving import served


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("served")
    with served(folder) as server:
        return server.client.get("/v1/openapi.json").json()


def _operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _parameters(document: Any) -> Iterator[tuple[str, Any]]:
    for name, operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            yield f"{name} {parameter['name']}", parameter


def _contents(document: Any) -> Iterator[tuple[str, Any]]:
    """The bodies of requests and answers."""
    for name, operation in _operations(document):
        for answer in [operation.get("requestBody", {}), *operation["responses"].values()]:
            for media_type, content in answer.get("content", {}).items():
                yield f"{name} {answer.get('description', '')} {media_type}", content


def _examples(document: Any, described: Any) -> list[Any]:
    """Those of a parameter or a body, or of its schema."""
    found = [described["example"]] if "example" in described else []
    for each in described.get("examples", {}).values():
        name = each.get("$ref", "").rpartition("/")[2]
        found.append((document["components"]["examples"][name] if name else each)["value"])
    return found + list(described.get("schema", {}).get("examples", ()))


def _closed(part: Any) -> Any:
    """The same schemas, where objects have no members but those that are described."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(each) for name, each in part.items()}
    return {"additionalProperties": False, **closed} if isinstance(part.get("properties"), dict) else closed


def test_every_body_and_parameter_has_an_example(document: Any) -> None:
    described = [*_contents(document), *_parameters(document)]
    assert len(described) > 400
    assert [name for name, each in described if not _examples(document, each)] == []


def test_every_example_is_what_its_schema_says(document: Any) -> None:
    components = {"schemas": _closed(document["components"]["schemas"])}
    wrong = []
    for name, each in [*_contents(document), *_parameters(document)]:
        validator = Draft202012Validator({**each.get("schema", {}), "components": components})
        for example in _examples(document, each):
            wrong += [f"{name}: {error.json_path} {error.message[:200]}" for error in validator.iter_errors(example)]
    assert wrong == []


def test_events_of_streams_are_what_their_schemas_say(document: Any) -> None:
    components = {"schemas": _closed(document["components"]["schemas"])}
    streams = [content for _, content in _contents(document) if "x-events" in content]
    assert len(streams) == 4
    for stream in streams:
        events = [block.split("\n") for block in stream["example"].strip().split("\n\n")]
        assert [name for name, _ in events] == [f"event: {kind}" for kind in stream["x-events"] if kind != "problem"]
        for name, data in events:
            schema = stream["x-events"][name.removeprefix("event: ")]
            validator = Draft202012Validator({**schema, "components": components})
            validator.validate(json.loads(data.removeprefix("data: ")))


def test_every_problem_is_shown_where_it_may_come(document: Any) -> None:
    shown = document["components"]["examples"]
    assert {each["value"]["type"].rpartition("/")[2] for each in shown.values()} == set(TYPES)
    for name, operation in _operations(document):
        for status, answer in operation["responses"].items():
            problem = answer.get("content", {}).get("application/problem+json")
            for example in _examples(document, problem or {}):
                assert example["status"] == int(status), name


def test_quotes_are_as_long_as_they_say(document: Any) -> None:
    def quotes(part: Any) -> Iterator[Any]:
        if isinstance(part, dict) and {"quote", "start", "end"} <= part.keys():
            yield part
        for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from quotes(each)

    found = [each for _, content in _contents(document) for each in quotes(_examples(document, content))]
    assert len(found) > 10
    assert all(each["end"] - each["start"] == len(each["quote"]) for each in found)
