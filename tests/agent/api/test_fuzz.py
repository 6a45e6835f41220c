"""Requests made from the OpenAPI document, and against it: no answer is a 5xx, and each is what the document says."""

import os
import unittest
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.agent.api.serving import Served, served

_EXAMPLES = int(os.environ.get("LIMNER_FUZZ", "12"))
_WRONG_EXAMPLES = max(1, _EXAMPLES // 3)
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::UserWarning",
    # the server's threads may draw random numbers meanwhile, which Hypothesis takes for its strategies'
    "ignore::hypothesis.errors.HypothesisDeprecationWarning",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("fuzz"), rate="1000000/second") as found:
        found.load()
        job = found.ask("POST", "/v1/users/u1/profiles", json={}).json()
        found.ask("GET", f"/v1/jobs/{job['job_id']}/events")
        yield found


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    """Lines as they are generated; half of a surrogate pair is broken UTF-8, as it may come over the net."""
    return str(value).encode("utf-8", "surrogatepass")


def test_answers_are_what_the_document_says(server: Served) -> None:
    document = schemathesis.openapi.from_asgi("/v1/openapi.json", server.client.app)
    operations = [each.ok() for each in document.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        _fuzz(operation, server, GenerationMode.POSITIVE, _EXAMPLES)


def test_wrong_requests_are_answered_as_the_document_says(server: Served) -> None:
    """With a good key: else each would be refused before anything of it is read."""
    plain = server.client.get("/v1/openapi.json").json()
    for operation in (each for path in plain["paths"].values() for each in path.values()):
        operation.pop("security", None)  # else the key itself is taken away
    document = schemathesis.openapi.from_dict(plain)
    document.app = server.client.app
    tried = 0
    for operation in (each.ok() for each in document.get_all_operations()):
        with suppress(hypothesis.errors.Unsatisfiable, unittest.SkipTest):  # nothing can be wrong with it
            _fuzz(operation, server, GenerationMode.NEGATIVE, _WRONG_EXAMPLES)
            tried += 1
    assert tried > 30


THERE = {"user_id": "u1", "schema": "person", "number": 1, "event_id": "a", "name": "person"}
"""What is really there, for half of the requests."""


def _fuzz(operation: Any, server: Served, mode: GenerationMode, examples: int) -> None:
    @hypothesis.seed(6)
    @hypothesis.settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy(mode), known=hypothesis.strategies.booleans())
    def answers(case: Any, known: bool) -> None:
        if known and case.path_parameters:
            case.path_parameters |= {name: THERE[name] for name in case.path_parameters if name in THERE}
        response = case.call(headers=server.headers)
        assert response.status_code != 401, "the key is sent, whatever else is wrong"
        case.validate_response(response, checks=_CHECKS)

    answers()
