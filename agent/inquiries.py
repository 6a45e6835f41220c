"""What explanations ask again: an attribute or a question over chosen snippets, the reply held to one value or free.

Knows prompts and the form of replies; what is left out and why is ``explaining``'s.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from agent.chat import Chat, Draft
from agent.documents import Evidence
from agent.drafting import draft_facet, draft_prompt, judge_claim
from agent.evidence import Pack, line_of, numbered
from agent.facets import Facet, draft_schema
from agent.schema_rules import JsonSchema
from agent.wording import is_placeholder
from prompts import Language, render
from retrieval import Hit

__all__ = ["AnswerInquiry", "FacetInquiry", "Inquiry", "Noted", "beginning_with"]

_TOKENS = 400
_OPTIONS = 20  # as many as OpenAI's protocol allows
_ANSWER: JsonSchema = {"type": "string", "minLength": 1, "maxLength": 200}
_BEGINNING_CHARS = 60
_REGEX_SIGNS = re.compile(r"([.^$*+?()\[\]{}|\\/-])")


class Noted(NamedTuple):
    """A value, and the numbers of snippets that are cited for it."""

    value: Any
    numbers: tuple[int, ...]


class Inquiry(Protocol):
    """Something that can be asked over snippets, in the order of the prompt."""

    @property
    def key(self) -> str:
        """Under which key a reply holds the value."""

    @property
    def is_prose(self) -> bool:
        """Whether values are sentences, whose probability is told for each token."""

    @property
    def form(self) -> JsonSchema:
        """The JSON Schema of a value."""

    def read(self, hits: Sequence[Hit], value: JsonSchema, cited: Sequence[int], noted: Sequence[Noted] = ()) -> Draft:
        """The reply with a value of the form ``value`` that cites one or more of the numbers ``cited``.

        ``noted`` are values that the reply holds before, where it is a list of them.
        """

    def free(self, hits: Sequence[Hit]) -> list[Any]:
        """The values that the model gives of itself."""

    def judge(self, value: Any, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> float:
        """The judge's probability that the quotes, which stand in ``hits``, say the value."""


@dataclass(frozen=True, slots=True)
class FacetInquiry:
    """Asks about an attribute of a profile over snippets in one prompt (:func:`agent.drafting.draft_prompt`)."""

    chat: Chat
    facet: Facet
    language: Language
    key: str = "value"

    @property
    def is_prose(self) -> bool:
        """Whether values are sentences."""
        return self.facet.kind == "text"

    @property
    def form(self) -> JsonSchema:
        """The JSON Schema of a value that is not null."""
        drafted = draft_schema(self.facet, [1])
        entry = drafted.get("items", drafted)
        form: JsonSchema = entry["properties"]["value"]["anyOf"][0]
        return form

    def read(self, hits: Sequence[Hit], value: JsonSchema, cited: Sequence[int], noted: Sequence[Noted] = ()) -> Draft:
        """See :class:`Inquiry`."""
        system, user = draft_prompt(self.facet, Pack(tuple(hits), (self.facet,)), self.language)
        if self.facet.kind in ("choice", "text"):
            schema = _entry(self.key, _several(cited), value)
        else:
            entries = [_entry(self.key, {"enum": list(each.numbers)}, {"const": each.value}) for each in noted]
            entries.append(_entry(self.key, {"enum": list(cited)}, value))
            count = len(entries)
            schema = {"type": "array", "prefixItems": entries, "items": False, "minItems": count, "maxItems": count}
        return self.chat.draft(system, user, schema, max_tokens=_TOKENS, options=_OPTIONS)

    def free(self, hits: Sequence[Hit]) -> list[Any]:
        """See :class:`Inquiry`."""
        drafted = draft_facet(self.chat, Pack(tuple(hits), (self.facet,)), 0, self.language)
        return [each.value for each in drafted if not is_placeholder(each.value)]

    def judge(self, value: Any, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> float:
        """See :class:`Inquiry`."""
        record = all(hit.snippet.role != "user" for hit in hits)
        return judge_claim(self.chat, self.facet, value, evidence, self.language, record=record)


@dataclass(frozen=True, slots=True)
class AnswerInquiry:
    """Asks a question about the user, as ``ask`` does."""

    chat: Chat
    question: str
    language: Language
    key: str = "answer"
    is_prose: bool = True

    @property
    def form(self) -> JsonSchema:
        """The JSON Schema of an answer that is not null."""
        return _ANSWER

    def read(self, hits: Sequence[Hit], value: JsonSchema, cited: Sequence[int], noted: Sequence[Noted] = ()) -> Draft:
        """See :class:`Inquiry`."""
        return self._reply(hits, _entry(self.key, _several(cited), value))

    def free(self, hits: Sequence[Hit]) -> list[Any]:
        """See :class:`Inquiry`."""
        either = {"anyOf": [_ANSWER, {"type": "null"}]}
        evidence = {**_several(range(1, len(hits) + 1)), "minItems": 0}
        reply = self._reply(hits, _entry(self.key, evidence, either)).value
        return [reply[self.key]] if reply["evidence"] and not is_placeholder(reply[self.key]) else []

    def judge(self, value: Any, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> float:
        """See :class:`Inquiry`."""
        quotes = "\n".join(line_of(hit) for hit in hits)
        prompt = render("ask_judge", self.language, quotes=quotes, question=self.question, answer=value)
        return self.chat.probability_of_yes("", prompt)

    def _reply(self, hits: Sequence[Hit], schema: JsonSchema) -> Draft:
        system = render("explain_ask_system", self.language, snippets=numbered(hits))
        user = render("explain_ask", self.language, question=self.question)
        return self.chat.draft(system, user, schema, max_tokens=_TOKENS, options=_OPTIONS)


def beginning_with(form: JsonSchema, text: str) -> JsonSchema | None:
    """The strings of ``form`` that begin with ``text``; None where a grammar cannot tell (no plain string)."""
    if form.get("type") != "string" or "pattern" in form or any(sign in text for sign in '"\\\n'):
        return None
    escaped = _REGEX_SIGNS.sub(r"\\\1", text)
    most = max(1, min(form.get("maxLength", _BEGINNING_CHARS), 200) - len(text))
    return {"type": "string", "pattern": f'^{escaped}[^"\\\\]{{0,{most}}}$'}


def _several(numbers: Sequence[int]) -> JsonSchema:
    return {"type": "array", "items": {"enum": list(numbers)}, "minItems": 1, "maxItems": min(4, len(numbers))}


def _entry(key: str, evidence: JsonSchema, value: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "properties": {"evidence": evidence, key: value},
        "required": ["evidence", key],
        "additionalProperties": False,
    }
