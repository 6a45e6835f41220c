"""Prompts that clients offer to people: what support staff ask of a customer, built on the tools that read.

Their words are files, ``prompt_texts/LANGUAGE/NAME.txt``. They are for the client's language model, not for limner's,
and hold nothing of a history. Knows nothing of the protocol.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final, NamedTuple

from agent.arguments import check_arguments
from agent.errors import InputError, UsageError, shorten
from agent.evidence import prompt_language
from agent.mcp.caller import Caller
from agent.mcp.tool import USER, arguments
from agent.schema_rules import JsonSchema
from prompts import LANGUAGES, Language

__all__ = ["PROMPTS", "Prompt", "prompt_named", "written"]


class Prompt(NamedTuple):
    """What a person can choose in a client.

    Attributes:
        name, title, description: for people; the title in both languages.
        given: the JSON Schema of its arguments, all of them texts.
    """

    name: str
    title: str
    description: str
    given: JsonSchema


_SCHEMA: Final[JsonSchema] = {
    "type": "string",
    "maxLength": 200,
    "description": "The name of a profile schema; customer, unless another one is given.",
}
_LANGUAGE: Final[JsonSchema] = {
    "enum": list(LANGUAGES),
    "description": "en or zh: the language of the prompt and of the answer; en, unless the question is Chinese.",
}
_QUESTION: Final[JsonSchema] = {
    "type": "string",
    "maxLength": 2000,
    "pattern": r"\S",
    "description": "One question about the customer, in any language.",
}
_DEFAULT_SCHEMA: Final = "customer"

PROMPTS: Final[Mapping[str, Prompt]] = {
    each.name: each
    for each in (
        Prompt(
            "who_is",
            "Who is this customer? 这位客户是谁？",
            "A customer in six lines, each with the quote that proves it. 六行介绍一位客户，每行附原文。",
            arguments({"user_id": USER}, {"schema": _SCHEMA, "language": _LANGUAGE}),
        ),
        Prompt(
            "wants_now",
            "What do they want now, and how do they feel? 客户现在想要什么，心情怎样？",
            "Open wishes and problems, the mood, and what proves it. 未解决的要求和问题、心情，以及证据。",
            arguments({"user_id": USER}, {"schema": _SCHEMA, "language": _LANGUAGE}),
        ),
        Prompt(
            "answer_question",
            "Answer from their history 根据历史记录回答",
            "An answer to a question about a customer with quotes, or that the history does not tell. "
            "回答关于客户的问题，附原文；或说明历史记录中没有。",
            arguments({"user_id": USER, "question": _QUESTION}, {"language": _LANGUAGE}),
        ),
    )
}
"""All prompts, by name."""


def prompt_named(name: str) -> Prompt:
    """A prompt.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in PROMPTS:
        raise UsageError(f"there is no prompt {shorten(name)}", hint=f"There are: {', '.join(PROMPTS)}")
    return PROMPTS[name]


def written(caller: Caller, name: str, given: Mapping[str, str]) -> str:
    """The words of a prompt for a user; refused where the tools that it needs would be.

    Raises:
        UsageError: there is no such prompt, or its arguments are not what it takes.
        InputError: there is no such schema or user.
        ConsentMissing: nothing may be told of the user.
    """
    prompt = prompt_named(name)
    check_arguments(name, prompt.given, given)
    if "schema" in given and given["schema"] not in caller.schema_names():
        known = ", ".join(caller.schema_names())
        raise InputError(f"there is no schema {shorten(given['schema'])}", hint=f"There are: {known}")
    caller.limner.store.check_user(given["user_id"])
    caller.limner.permit(given["user_id"])
    language = _language(given)
    told = {"user_id": given["user_id"], "schema": given.get("schema", _DEFAULT_SCHEMA)}
    told |= {"question": given["question"]} if "question" in given else {}
    # as JSON, so that an id or a question that speaks to a model stays one text in quotation marks
    quoted = {each: json.dumps(value, ensure_ascii=False) for each, value in told.items()}
    return _template(language, name).substitute(quoted, rules=_template(language, "rules").substitute()).strip()


def _language(given: Mapping[str, str]) -> Language:
    for each in LANGUAGES:
        if given.get("language") == each:
            return each
    return prompt_language([given.get("question", "")])


@cache
def _template(language: Language, name: str) -> Template:
    return Template((files("agent.mcp") / "prompt_texts" / language / f"{name}.txt").read_text("utf-8"))
