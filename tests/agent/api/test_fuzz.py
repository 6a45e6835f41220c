"""Requests made from the OpenAPI document: no answer is a 5xx, and each is what the document says."""

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.agent.api.serving import Served, served

_EXAMPLES = int(os.environ.get("LIMNER_FUZZ", "12"))
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
        _fuzz(operation, server)


THERE = {"user_id": "u1", "schema": "person", "number": 1, "event_id": "a", "name": "person"}
"""What is really there, for half of the requests."""


def _fuzz(operation: Any, server: Served) -> None:
    @hypothesis.seed(6)
    @hypothesis.settings(
        max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy(), known=hypothesis.strategies.booleans())
    def answers(case: Any, known: bool) -> None:
        if known and case.path_parameters:
            case.path_parameters |= {name: THERE[name] for name in case.path_parameters if name in THERE}
        response = case.call(headers=server.headers)
        case.validate_response(response, checks=_CHECKS)

    answers()
