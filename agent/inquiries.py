"""What explanations ask again: an attribute over chosen snippets, the reply held to one value or free.

Knows prompts and the form of replies; what is left out and why is ``explaining``'s.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent.chat import Chat, Draft
from agent.deciding import Decided, decide
from agent.documents import Evidence
from agent.drafting import draft_facet, draft_prompt, judge_claim
from agent.evidence import Pack, key_of
from agent.facets import Facet, draft_schema
from agent.schema_rules import JsonSchema
from agent.wording import is_placeholder
from prompts import Language
from retrieval import Hit

__all__ = ["FacetInquiry", "Noted", "beginning_with"]

_TOKENS = 400
_OPTIONS = 20  # as many as OpenAI's protocol allows
_BEGINNING_CHARS = 60
_REGEX_SIGNS = re.compile(r"([.^$*+?()\[\]{}|\\/-])")


class Noted(NamedTuple):
    """A value, and the numbers of snippets that are cited for it."""

    value: Any
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FacetInquiry:
    """Asks about an attribute of a profile over snippets in one prompt (:func:`agent.drafting.draft_prompt`)."""

    chat: Chat
    facet: Facet
    language: Language
    key: str = "value"
    """Under which a reply holds the value."""
    _decided: dict[tuple[tuple[str, str], ...], Decided | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def form(self) -> JsonSchema:
        """The JSON Schema of a value that is not null."""
        drafted = draft_schema(self.facet, [1])
        entry = drafted.get("items", drafted)
        form: JsonSchema = entry["properties"]["value"]["anyOf"][0]
        return form

    def read(self, hits: Sequence[Hit], value: JsonSchema, cited: Sequence[int], noted: Sequence[Noted] = ()) -> Draft:
        """The reply with a value of the form ``value`` that cites one or more of the numbers ``cited``.

        ``noted`` are values that the reply holds before, where it is a list of them.
        """
        system, user = draft_prompt(self.facet, Pack(tuple(hits), (self.facet,)), self.language)
        if self.facet.kind in ("choice", "text"):
            schema = _entry(self.key, _several(cited), value)
        else:
            entries = [_entry(self.key, {"enum": list(each.numbers)}, {"const": each.value}) for each in noted]
            entries.append(_entry(self.key, {"enum": list(cited)}, value))
            count = len(entries)
            schema = {"type": "array", "prefixItems": entries, "items": False, "minItems": count, "maxItems": count}
        return self.chat.draft(system, user, schema, max_tokens=_TOKENS, options=_OPTIONS)

    def decided(self, hits: Sequence[Hit]) -> Decided | None:
        """Of a choice, what the snippets show by the probabilities of one token; None where that is not how it is read.

        The same snippets are asked about once.
        """
        if self.facet.kind != "choice":
            return None
        key = tuple(map(key_of, hits))
        if key not in self._decided:
            self._decided[key] = decide(self.chat, self.facet, Pack(tuple(hits), (self.facet,)), self.language)
        return self._decided[key]

    def free(self, hits: Sequence[Hit]) -> list[Any]:
        """The values that the model gives of itself."""
        decided = self.decided(hits)
        if decided is not None:
            return [] if decided.value is None else [decided.value]
        drafted = draft_facet(self.chat, Pack(tuple(hits), (self.facet,)), 0, self.language)
        return [each.value for each in drafted if not is_placeholder(each.value)]

    def judge(self, value: Any, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> float:
        """The judge's probability that the quotes, which stand in ``hits``, say the value."""
        record = all(hit.snippet.role != "user" for hit in hits)
        return judge_claim(self.chat, self.facet, value, evidence, self.language, record=record)


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
