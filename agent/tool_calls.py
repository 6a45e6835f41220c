"""Tool calls for models that do not make them by themselves: a grammar under which a reply is a valid call, or words.

Knows LangChain's messages and OpenAI's names, nothing of models. A reply is one call as JSON, ``{"name": …,
"arguments": …}`` with arguments that the tool's own schema allows, or text that does not begin like one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from agent.errors import UsageError, shorten
from agent.inert import without_control_tokens
from agent.schema_rules import JsonSchema

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

__all__ = ["bound_tools", "called", "choices", "openai_messages", "openai_tools", "tool_grammar", "tool_schema"]

_ROLES: Final = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}
# Marks that chat templates put around calls ("<tool_call>") must not pass for words.
_WORDS: Final = r"/[^{<\s](.|\n)*/"


def bound_tools(tools: Sequence[Any], tool_choice: Any, **options: Any) -> dict[str, Any]:
    """What ``bind_tools`` of a model in this process binds.

    ``callable_tools`` among the options are those that may be called, where these are fewer, or take less, than those
    that are shown: what is shown can stay the same then, and is not read anew.
    """
    allowed = options.pop("callable_tools", None)
    narrowed = {} if allowed is None else {"callable_tools": openai_tools(allowed)}
    return {"tools": openai_tools(tools), "tool_choice": tool_choice, **narrowed, **options}


def openai_tools(tools: Sequence[Any]) -> list[dict[str, Any]]:
    """Tools of LangChain in OpenAI's form, without what only costs tokens."""
    from langchain_core.utils.function_calling import convert_to_openai_tool

    return [_slim(convert_to_openai_tool(each)) for each in tools]


def _slim(tool: dict[str, Any]) -> dict[str, Any]:
    function = tool["function"]
    given = {"type": "object", "properties": {}, **(function.get("parameters") or {})}
    parameters = {**given, "additionalProperties": False}
    described = {"name": function["name"], "description": function.get("description", "")}
    return {"type": "function", "function": {**described, "parameters": parameters}}


def choices(options: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
    """The tools that may be called, and whether one has to be.

    Args:
        options: those of a request, from :func:`bound_tools`. ``tool_choice`` is LangChain's: None and ``"auto"`` leave
            the choice, ``"none"`` forbids, ``"any"``, ``"required"`` and True demand a call, a name or OpenAI's mapping
            demand one of that tool.

    Raises:
        UsageError: there is no such tool.
    """
    tools = options.get("callable_tools") or options.get("tools") or []
    choice = options.get("tool_choice")
    if isinstance(choice, Mapping):
        choice = choice["function"]["name"]
    if choice in (None, "auto", False):
        return list(tools), False
    if choice == "none":
        return [], False
    if choice in ("any", "required", True):
        return list(tools), True
    named = [each for each in tools if each["function"]["name"] == choice]
    if not named:
        names = ", ".join(each["function"]["name"] for each in tools)
        raise UsageError(f"tool_choice {shorten(choice)} is no tool", hint=f"There are: {names}")
    return named, True


def tool_schema(tools: Sequence[Mapping[str, Any]]) -> JsonSchema:
    """The JSON Schema of a call of one of the tools."""
    calls = [
        {
            "type": "object",
            "properties": {"name": {"const": each["function"]["name"]}, "arguments": each["function"]["parameters"]},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for each in tools
    ]
    return calls[0] if len(calls) == 1 else {"anyOf": calls}


def tool_grammar(tools: Sequence[Mapping[str, Any]], *, demanded: bool) -> str | None:
    """The llguidance grammar of a reply that calls one of ``tools``, or else says something; None: any text."""
    if not tools:
        return None
    schema = {**tool_schema(tools), "x-guidance": {"whitespace_flexible": False}}
    call = f"call: %json {json.dumps(schema, ensure_ascii=False)}"
    start = "start: call" if demanded else f"start: call | words\nwords: {_WORDS}"
    return f"%llguidance {{}}\n{start}\n{call}"


def openai_messages(messages: "Sequence[BaseMessage]") -> list[dict[str, Any]]:
    """LangChain's messages in OpenAI's form; nothing that they hold can become a control token of a chat template."""
    return [_message(each) for each in messages]


def _message(message: "BaseMessage") -> dict[str, Any]:
    from langchain_core.messages import AIMessage, ToolMessage

    told: dict[str, Any] = {"role": _ROLES[message.type], "content": without_control_tokens(message.text)}
    if isinstance(message, ToolMessage):
        told["tool_call_id"] = message.tool_call_id
    if isinstance(message, AIMessage) and message.tool_calls:
        told["tool_calls"] = [
            {
                "id": each["id"] or "",
                "type": "function",
                "function": {
                    "name": each["name"],
                    "arguments": without_control_tokens(json.dumps(each["args"], ensure_ascii=False)),
                },
            }
            for each in message.tool_calls
        ]
    return told


def called(message: "AIMessage", tools: Sequence[Mapping[str, Any]]) -> "AIMessage":
    """The reply with the call that its text is; a call that was cut off becomes an invalid one, in LangChain's form."""
    from langchain_core.messages import InvalidToolCall
    from langchain_core.messages.tool import tool_call

    text = message.text
    if not tools or not text.lstrip().startswith("{"):
        return message
    name = f"call_{uuid4().hex[:12]}"
    try:
        said = json.loads(text)
        call = tool_call(name=str(said["name"]), args=dict(said["arguments"]), id=name)
    except (ValueError, KeyError, TypeError):
        wrong = InvalidToolCall(type="invalid_tool_call", name=None, args=text, id=name, error="cut off, or no call")
        return message.model_copy(update={"content": "", "invalid_tool_calls": [wrong]})
    return message.model_copy(update={"content": "", "tool_calls": [call]})
