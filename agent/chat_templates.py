"""Turns messages into the tokens of a prompt, by the chat template of a tokenizer of transformers.

Whatever messages say, no word of theirs becomes a control token. Knows nothing of models or replies.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agent.errors import ModelReplyError, ModelUnavailable, shorten
from retrieval.sentence_models import readable

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["Message", "prompt_of"]

Message = Mapping[str, Any]
"""``role`` (system, user, assistant or tool) and ``content``; an assistant's may have ``tool_calls``, as OpenAI's."""

_ROUNDS: Final = 8


def prompt_of(
    messages: Sequence[Message], tokenizer: "PreTrainedTokenizerFast", tools: Sequence[Mapping[str, Any]] = ()
) -> list[int]:
    """The tokens of a prompt that ends where the reply begins.

    A template that knows no system role gets that text at the beginning of the user's turn. Models that can think aloud
    or not are asked not to (``enable_thinking``, as Qwen and others call it; other templates do not look at it).
    ``tools``, in OpenAI's form, are shown as the template does that.

    Raises:
        ModelUnavailable: the tokenizer has no chat template, or it does not take these messages.
    """
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise ModelUnavailable(
            f"the tokenizer of {shorten(str(tokenizer.name_or_path))} has no chat template",
            hint="Use an instruct or chat model; a base model has none",
        )
    inert = [_inert_message(each, tokenizer) for each in messages]
    try:
        text = _rendered(inert, tokenizer, tools)
    except TemplateError:
        text = None
    if text is None or any(each["role"] == "system" and each["content"].strip() not in text for each in inert):
        try:
            text = _rendered(_without_system(inert), tokenizer, tools)
        except TemplateError as error:
            raise ModelUnavailable(
                f"the chat template of {shorten(str(tokenizer.name_or_path))} fails: {shorten(str(error), 200)}",
                hint="Use a model whose template takes a user's message",
            ) from error
    return _ids(text, tokenizer)


def _rendered(
    messages: Sequence[Message], tokenizer: "PreTrainedTokenizerFast", tools: Sequence[Mapping[str, Any]]
) -> str:
    text = tokenizer.apply_chat_template(
        [dict(each) for each in messages],
        tools=[dict(each) for each in tools] or None,
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    return str(text)


def _inert_message(message: Message, tokenizer: "PreTrainedTokenizerFast") -> dict[str, Any]:
    told = {**message, "content": _inert(readable(message["content"]), tokenizer)}
    if "tool_calls" in message:
        told["tool_calls"] = [_inert_call(each, tokenizer) for each in message["tool_calls"]]
    return told


def _inert_call(call: Mapping[str, Any], tokenizer: "PreTrainedTokenizerFast") -> dict[str, Any]:
    """The call with its arguments as a mapping, which templates of transformers want."""
    given = json.loads(_inert(call["function"]["arguments"], tokenizer))
    return {**call, "function": {"name": call["function"]["name"], "arguments": given}}


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """The same, with what the system says in front of what the user says first."""
    said = "\n\n".join(each["content"] for each in messages if each["role"] == "system")
    others = [dict(each) for each in messages if each["role"] != "system"]
    first = next((each for each in others if each["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": said}, *others]
    first["content"] = f"{said}\n\n{first['content']}"
    return list(others)


def _inert(text: str, tokenizer: "PreTrainedTokenizerFast") -> str:
    """``text`` with a space inside all that the tokenizer takes for a control token, like "<|im_end|>".

    The tokenizer itself is asked: some normalise what they read, so that a search for the words would miss some.

    Raises:
        ModelReplyError: spaces do not help.
    """
    control, unknown = _control_tokens(tokenizer), (tokenizer.unk_token_id, tokenizer.unk_token)
    for _ in range(_ROUNDS):
        told: Any = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        spans = [
            (start, end)
            for number, (start, end) in zip(told["input_ids"], told["offset_mapping"], strict=True)
            if number in control and (number != unknown[0] or str(unknown[1]) in text[start:end])  # else a rare letter
        ]
        if not spans:
            return text
        for start, end in reversed(spans):
            within = text[start:end]
            place = start + len(within) - len(within.lstrip()) + 1
            text = f"{text[:place]} {text[place:]}" if len(within.strip()) > 1 else f"{text[:start]} {text[end:]}"
    raise ModelReplyError(
        f"the tokenizer of {shorten(str(tokenizer.name_or_path))} finds control tokens in a text however it is spaced",
        hint="Use another model",
    )


def _control_tokens(tokenizer: "PreTrainedTokenizerFast") -> set[int]:
    """The special tokens, and added ones that the template writes ("<think>"); not added words of a language."""
    template = tokenizer.get_chat_template()
    return {
        number
        for number, token in tokenizer.added_tokens_decoder.items()
        if token.content.strip() and (token.special or (not token.content.isalnum() and token.content in template))
    }


def _ids(text: str, tokenizer: "PreTrainedTokenizerFast") -> list[int]:
    told: Any = tokenizer(text, add_special_tokens=False)
    return list(told["input_ids"])
