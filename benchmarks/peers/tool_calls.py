"""Makes tool calls of an endpoint that enforces JSON Schemas: asks for ``{"name", "arguments"}``, rewords the reply.

llama.cpp with the embedded model does not enforce ``tool_choice: required``: the model writes a code block in Markdown,
and a client that needs tools gets nothing. Here whoever offers tools gets a call, ``auto`` or not: LangMem offers its
profile with ``auto``. The text that tells the tools is that of Qwen2.5's own chat template.
"""

import json
from typing import Any
from uuid import uuid4

__all__ = ["with_tool_calls", "without_tools"]

_TOLD = """

# Tools

You must call one function to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

Return a json object with function name and arguments:
{{"name": <function-name>, "arguments": <args-json-object>}}"""


def without_tools(body: dict[str, Any]) -> bool:
    """Turn a request that offers tools into one for JSON, in place; False when it offers none."""
    choice = body.get("tool_choice")
    if not body.get("tools") or choice == "none":
        return False
    tools = body.pop("tools")
    body.pop("tool_choice", None)
    body.pop("parallel_tool_calls", None)
    if isinstance(choice, dict):
        tools = [each for each in tools if each["function"]["name"] == choice["function"]["name"]] or tools
    body["messages"] = _told(body["messages"], tools)
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"const": each["function"]["name"]},
                "arguments": each["function"].get("parameters") or {"type": "object"},
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for each in tools
    ]
    schema = calls[0] if len(calls) == 1 else {"anyOf": calls}
    body["response_format"] = {"type": "json_schema", "json_schema": {"name": "call", "schema": schema}}
    return True


def with_tool_calls(reply: bytes) -> bytes:
    """The reply to such a request as tool calls; one that was cut off stays as it is."""
    told = json.loads(reply)
    choice = told["choices"][0]
    try:
        call = json.loads(choice["message"]["content"])
        function = {"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)}
    except (ValueError, KeyError, TypeError):
        return reply
    calls = [{"id": f"call-{uuid4()}", "type": "function", "function": function}]
    choice["message"] = {"role": "assistant", "content": None, "tool_calls": calls}
    choice["finish_reason"] = "tool_calls"
    return json.dumps(told, ensure_ascii=False).encode()


def _told(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with the tools in the system prompt, and earlier calls and their results in words."""
    said = _TOLD.format(tools="\n".join(json.dumps(each, ensure_ascii=False) for each in tools))
    told = [{"role": "system", "content": said.strip()}] if messages[0]["role"] != "system" else []
    for each in messages:
        content = each.get("content") or ""
        if each["role"] == "system":
            told.append({"role": "system", "content": content + said if each is messages[0] else content})
        elif each["role"] == "tool":
            told.append({"role": "user", "content": f"<tool_response>\n{content}\n</tool_response>"})
        elif each.get("tool_calls"):
            calls = [
                f'{{"name": "{call["function"]["name"]}", "arguments": {call["function"]["arguments"]}}}'
                for call in each["tool_calls"]
            ]
            told.append({"role": "assistant", "content": "\n".join([content, *calls]).strip()})
        else:
            told.append({"role": each["role"], "content": content})
    return told
