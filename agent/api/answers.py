"""Questions about a user, and why answers and values are what they are: work of the model that a client waits for."""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agent.api.access import Reads
from agent.api.documents import Explanation
from agent.api.event_kinds import OF_ANSWERS, OF_EXPLANATIONS
from agent.api.jsonvalues import OF, JsonValue, Name, Text
from agent.api.openapi import returns
from agent.api.paths import Segment
from agent.api.threads import reading
from agent.api.working import answer_of
from agent.documents import AnswerDocument
from agent.errors import UsageError

__all__ = ["Pointed", "Question", "ask", "explain", "router"]

router = APIRouter(prefix="/v1/users/{user_id}")


class Question(BaseModel):
    """A question about a user."""

    model_config = ConfigDict(extra="forbid")

    question: Text
    min_confidence: Annotated[float, Field(ge=0, le=1, description="An answer less sure than this is null.")] = 0.0


class Pointed(BaseModel):
    """What is to be explained: the value at a pointer of the profile under a schema, or the answer to a question."""

    model_config = ConfigDict(extra="forbid")

    pointer: Annotated[str | None, Field(max_length=2000, description="A JSON Pointer, such as /city.")] = None
    schema_name: Annotated[Name, Field(alias="schema")] = "person"
    of: Annotated[JsonValue, Field(description=OF)] = None
    question: Text | None = None


@router.post("/ask", tags=["answers"], responses=returns(AnswerDocument, events=OF_ANSWERS))
async def ask(
    request: Request,
    caller: Reads,
    user_id: Segment,
    asked: Annotated[Question, Body(examples=[{"question": "Where does she live?"}, {"question": "他住在哪里？"}])],
) -> Response:
    """Answer a question from the user's history, with footnotes, or say that it does not tell.

    The answer comes when the model is done; with `Accept: text/event-stream` there are events before: `progress` (how
    many others come first, which step is done), `reading` (the quotes that the answer is being read from: no answer
    yet), `part` (of a text with several questions, the answer to each as soon as it is verified); then `done` with the
    document, or `problem`. Going away cancels it.
    """
    more = {"min_confidence": asked.min_confidence, "purpose": caller.purpose}
    job = await reading(caller.service.ask, caller.tenant, user_id, asked.question, **more)
    return await answer_of(request, caller.service, job)


@router.post("/explanations", tags=["claims"], responses=returns(Explanation, events=OF_EXPLANATIONS))
async def explain(
    request: Request,
    caller: Reads,
    user_id: Segment,
    what: Annotated[Pointed, Body(examples=[{"pointer": "/location", "schema": "person"}])],
) -> Response:
    """Why a profile says what it says at a pointer, or an answer: quotes, probabilities, what changes without each.

    It takes as long as `limner explain`; events and going away as for `ask`.
    """
    if (what.pointer is None) == (what.question is None):
        raise UsageError("give either a pointer or a question")
    if what.pointer is None and what.of is not None:
        raise UsageError("of is a value at a pointer, and the question has none", hint="Leave it out")
    service, tenant = caller.service, caller.tenant
    if what.question is not None:
        job = await reading(service.explain_answer, tenant, user_id, what.question, purpose=caller.purpose)
    else:
        schema = await reading(service.schemas.get, tenant, what.schema_name)
        more = {"of": what.of, "purpose": caller.purpose}
        job = await reading(service.explain, tenant, user_id, what.pointer or "", schema, **more)
    return await answer_of(request, service, job)
