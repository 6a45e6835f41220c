"""Brings schemas into the form that a server takes, and its replies into that of the OpenAI protocol.

Knows nothing of what a server takes, nor of how it is asked.
"""

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

__all__ = ["as_openai", "text_of", "unwrapped", "with_schema", "wrapped"]

_WRAP = "reply"


def text_of(messages: list[BaseMessage]) -> str:
    """All that is asked."""
    return "\n".join(message.text for message in messages)


def as_openai(message: AIMessage) -> AIMessage:
    """The same with what Ollama tells under OpenAI's names."""
    told = dict(message.response_metadata)
    logprobs = told.get("logprobs")
    if isinstance(logprobs, list):
        dumped = [each if isinstance(each, Mapping) else each.model_dump(exclude_none=True) for each in logprobs]
        told["logprobs"] = {"content": dumped}
    told.setdefault("finish_reason", told.get("done_reason"))
    return message.model_copy(update={"response_metadata": told})


def with_schema(message: BaseMessage, schema: Mapping[str, Any]) -> HumanMessage:
    """Told to the model, where nothing makes it keep to it."""
    return HumanMessage(f"{message.text}\n\nJSON Schema: {json.dumps(schema, ensure_ascii=False)}")


def wrapped(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """A schema of an object that holds what ``schema`` describes."""
    return {"type": "object", "properties": {_WRAP: schema}, "required": [_WRAP], "additionalProperties": False}


def unwrapped(message: AIMessage) -> AIMessage:
    """With the text of the value alone; as it is, when it is not wrapped."""
    text = message.text
    start = text.find(f'"{_WRAP}"')
    colon = text.find(":", start)
    if start < 0 or colon < 0 or not text.rstrip().endswith("}"):
        return message
    return message.model_copy(update={"content": text[colon + 1 : text.rindex("}")].strip()})
