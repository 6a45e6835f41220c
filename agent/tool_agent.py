"""A ready agent: a model that looks into histories with tools, and answers with citations that are checked.

It has to look before it may answer, it may only cite what a tool returned, and the number of its steps is limited.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, NotRequired

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool

from agent.citations import CitedAnswer, Source, cited_answer, ids_in, sources_in
from agent.errors import ModelUnavailable, shorten
from agent.evidence import prompt_language
from agent.tools import history_tools, inert
from prompts import render

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

    from agent.limner import Limner
    from agent.schema import SchemaSource

__all__ = ["AgentAnswerState", "ask_agent", "make_agent"]

_GIVE: Final = "give_answer"
_MOST_CITED: Final = 5
_SURE: Final = 0.5


class AgentAnswerState(AgentState[Any]):
    """What the agent knows; ``cited_answer`` is there at the end."""

    cited_answer: NotRequired[Annotated[CitedAnswer, "the answer with its evidence"]]


def make_agent(
    limner: "Limner",
    model: "BaseChatModel | None" = None,
    *,
    user_id: str | None = None,
    schema: "SchemaSource | None" = None,
    steps: int = 4,
) -> "CompiledStateGraph[Any, Any, Any, Any]":
    """An agent of LangChain over a store.

    ``agent.invoke({"messages": [("user", question)]})["cited_answer"]`` is a :class:`CitedAnswer`, and so is
    :func:`ask_agent`.

    Args:
        limner: the store, and the models that its tools use.
        model: what decides which tool to call; limner's own where none is given. It has to call tools.
        user_id: the only user that the agent can look at; all, where none is given.
        schema: of the profiles that it may read, too; without one it reads none: a small model would answer from a
            summary what it should look up.
        steps: how often the model is asked at most.

    Raises:
        UnknownUser: the store holds nothing of the user.
        ModelUnavailable: limner's own model cannot be loaded.
    """
    tools = history_tools(limner, user_id, schema=schema)
    return create_agent(
        limner.chat().load() if model is None else model,
        [*tools, _give_answer()],
        middleware=[_Grounding(limner, bound=user_id is not None, steps=max(2, steps))],
        name="limner",
    )


def ask_agent(agent: "CompiledStateGraph[Any, Any, Any, Any]", question: str) -> CitedAnswer:
    """Ask an agent that :func:`make_agent` made, with tracing off.

    Raises:
        ModelUnavailable: the model cannot be asked; what tools report goes to the model.
    """
    from langsmith import tracing_context
    from openai import OpenAIError

    try:
        with tracing_context(enabled=False):
            answer: CitedAnswer = agent.invoke({"messages": [HumanMessage(question)]})["cited_answer"]
    except (OpenAIError, OSError) as error:
        raise ModelUnavailable(
            f"the model could not be asked: {type(error).__name__}: {shorten(str(error), 200)}",
            hint="Check that the server is up, and that its model can call tools",
        ) from error
    return answer


def _give_answer() -> StructuredTool:
    def give(event_ids: Sequence[str] = (), answer: str | None = None) -> tuple[str, dict[str, Any]]:
        return answer or "-", {"answer": answer, "event_ids": list(event_ids)}

    return StructuredTool.from_function(
        give, name=_GIVE, description=_DESCRIPTION, return_direct=True, response_format="content_and_artifact"
    )


_DESCRIPTION: Final = "Gives the answer, and ends."


def _giving(ids: Sequence[str] | None = None) -> dict[str, Any]:
    """The tool that gives the answer, in OpenAI's form; it can cite these ids only, or any."""
    items: dict[str, Any] = {"type": "string", **({"enum": list(ids)} if ids else {})}
    given = {
        "event_ids": {"type": "array", "items": items, "maxItems": 0 if ids == [] else _MOST_CITED},
        "answer": {"anyOf": [{"type": "string", "maxLength": 600}, {"type": "null"}]},
    }
    parameters = {"type": "object", "properties": given, "required": list(given), "additionalProperties": False}
    return {"type": "function", "function": {"name": _GIVE, "description": _DESCRIPTION, "parameters": parameters}}


class _Grounding(AgentMiddleware[AgentAnswerState, Any, Any]):
    """Decides which tools the model may call next, and checks what it cites."""

    state_schema = AgentAnswerState

    def __init__(self, limner: "Limner", *, bound: bool, steps: int) -> None:
        super().__init__()
        self._limner = limner
        self._bound = bound
        self._steps = steps

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Ask the model, unless it was asked often enough."""
        return handler(self._narrowed(request)) if self._left(request.messages) else _silent()

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """The same."""
        return await handler(self._narrowed(request)) if self._left(request.messages) else _silent()

    def after_agent(self, state: AgentAnswerState, runtime: Any) -> dict[str, Any]:
        """Check the answer, and say it."""
        found = self._judged(_checked(state["messages"]), _question(state["messages"]))
        cited = "".join(f" [{inert(each)}]" for each in dict.fromkeys(source.event_id for source in found.evidence))
        return {"cited_answer": found, "messages": [AIMessage(f"{inert(found.answer or '-')}{cited}")]}

    def _judged(self, found: CitedAnswer, question: str) -> CitedAnswer:
        """The answer, if limner's judge believes that the cited words tell it."""
        if found.answer is None:
            return found
        quotes = "\n".join(inert(each.quote) for each in found.evidence).replace('"', "'")
        asked = render(
            "ask_judge", prompt_language([question]), quotes=quotes, question=question, answer=inert(found.answer)
        )
        sure = round(self._limner.chat().probability_of_yes("", asked), 4)
        if sure >= _SURE:
            return replace(found, judged=sure)
        return replace(found, answer=None, evidence=(), unsupported=found.answer, judged=sure)

    def _left(self, messages: Sequence[AnyMessage]) -> int:
        return self._steps - sum(isinstance(each, AIMessage) for each in _turn(messages))

    def _narrowed(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        looking = [each for each in request.tools if isinstance(each, dict) or each.name != _GIVE]
        looked = any(isinstance(each, ToolMessage) for each in _turn(request.messages))
        giving = _giving(list(dict.fromkeys(each.event_id for each in _returned(request.messages))))
        is_small = bool(getattr(request.model, "limits_calls", False))  # it runs in this process
        turn = _turn(request.messages)
        only_answer = self._left(request.messages) <= 1 or _repeats(turn) or (is_small and _is_settled(turn))
        allowed: list[Any] = looking if not looked else [giving] if only_answer else [*looking, giving]
        language = prompt_language([_question(request.messages)])
        system = SystemMessage(render("agent_system", language, bound=self._bound))
        settings = request.model_settings
        if is_small:  # what is shown stays the same, and is read once
            settings, allowed = {**settings, "callable_tools": allowed}, [*looking, _giving()]
        return request.override(tools=allowed, tool_choice="any", system_message=system, model_settings=settings)


def _repeats(turn: Sequence[AnyMessage]) -> bool:
    """Whether the last call was made before, word for word: there is nothing more to be found."""
    calls = [(call["name"], call["args"]) for each in turn if isinstance(each, AIMessage) for call in each.tool_calls]
    return bool(calls) and calls[-1] in calls[:-1]


def _is_settled(turn: Sequence[AnyMessage]) -> bool:
    """Whether limner itself has just answered, with quotes that it judged: small models search on, and forget it."""
    last = turn[-1] if turn else None
    return isinstance(last, ToolMessage) and isinstance(last.artifact, dict) and bool(last.artifact.get("answered"))


def _silent() -> ModelResponse[Any]:
    return ModelResponse(result=[AIMessage("")])


def _question(messages: Sequence[AnyMessage]) -> str:
    return next((each.text for each in reversed(messages) if isinstance(each, HumanMessage)), "")


def _turn(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """What came after the last question."""
    last = max((place for place, each in enumerate(messages) if isinstance(each, HumanMessage)), default=-1)
    return messages[last + 1 :]


def _returned(messages: Sequence[AnyMessage]) -> list[Source]:
    results = [each for each in messages if isinstance(each, ToolMessage) and each.name != _GIVE]
    return [source for each in results if isinstance(each.artifact, dict) for source in sources_in(each.artifact)]


def _checked(messages: Sequence[AnyMessage]) -> CitedAnswer:
    turn = _turn(messages)
    calls = [call for each in turn if isinstance(each, AIMessage) for call in each.tool_calls if call["name"] != _GIVE]
    steps = [{"tool": each["name"], "given": each["args"]} for each in calls]
    last = turn[-1] if turn else AIMessage("")
    if isinstance(last, ToolMessage) and last.name == _GIVE and isinstance(last.artifact, dict):
        return cited_answer(last.artifact["answer"], last.artifact["event_ids"], _returned(messages), steps)
    return cited_answer(last.text, ids_in(last.text), _returned(messages), steps)
