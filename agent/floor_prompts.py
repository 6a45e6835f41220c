"""What the floors say to the model, and how they read its replies. Knows messages, not where they come from."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.chat import Chat, Draft
from agent.documents import Claim, Evidence, cite_hits, signals_of
from agent.facets import Facet, draft_schema
from agent.schema_rules import JsonSchema
from prompts import Language, render
from retrieval import Event, Hit

__all__ = [
    "ANSWER_TOKENS",
    "TOKENS_A_VALUE",
    "cited",
    "claims_of",
    "draft_answer",
    "draft_values",
    "line_of",
    "name_of",
    "sure",
]

ANSWER_TOKENS = 160
TOKENS_A_VALUE = 64


def draft_answer(chat: Chat, question: str, hits: Sequence[Hit], language: Language) -> Draft:
    """``{"evidence": [numbers], "answer": text or null}``.

    Raises:
        ModelReplyError, ModelUnavailable: the model failed.
    """
    answer: JsonSchema = {"type": "string", "minLength": 1, "maxLength": 200}
    schema = _object(evidence=_evidence(hits), answer=_or_null(answer))
    prompt = render("floor_ask", language, question=question)
    return chat.draft(_system(hits, language), prompt, schema, max_tokens=ANSWER_TOKENS)


def draft_values(chat: Chat, facets: Sequence[Facet], hits: Sequence[Hit], language: Language) -> Draft:
    """``{name: {"evidence": [numbers], "value": value, list or null}}`` for all the facets at once.

    Raises:
        ModelReplyError, ModelUnavailable: the model failed.
    """
    schema = _object(**{name_of(each): _object(evidence=_evidence(hits), value=_value(each)) for each in facets})
    attributes = [
        {"name": name_of(each), "description": each.description, "many": each.kind == "list"} for each in facets
    ]
    prompt = render("floor_profile", language, attributes=attributes)
    return chat.draft(_system(hits, language), prompt, schema, max_tokens=TOKENS_A_VALUE * len(facets))


def claims_of(facet: Facet, draft: Draft, hits: Sequence[Hit]) -> list[Claim]:
    """A claim for each value of a facet in such a reply, all with the same evidence."""
    entry = draft.value[name_of(facet)]
    values = [] if entry["value"] is None else entry["value"] if facet.kind == "list" else [entry["value"]]
    pointers = [f"{facet.pointer}/{at}" if facet.kind == "list" else facet.pointer for at in range(len(values))]
    evidence, signals = cited(hits, entry), signals_of(draft=draft.probability)
    return [
        Claim(pointer, value, "current", "stated", sure(draft), None, None, evidence, signals)
        for pointer, value in zip(pointers, values, strict=True)
    ]


def name_of(facet: Facet) -> str:
    """What the prompt and the reply call a facet."""
    return ".".join(facet.path)


def line_of(event: Event) -> str:
    """A message as the model sees it."""
    text = " ".join(event.text.split())
    return f"{(event.timestamp or '')[:10]} {event.speaker or event.role}: {text}".strip()


def _system(hits: Sequence[Hit], language: Language) -> str:
    lines = [f"[{number}] {line_of(hit.event)}" for number, hit in enumerate(hits, start=1)]
    return render("floor_system", language, messages="\n".join(lines))


def cited(hits: Sequence[Hit], entry: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The messages that a reply cites, whole."""
    return cite_hits([hits[number - 1] for number in dict.fromkeys(entry["evidence"])])


def sure(draft: Draft) -> float:
    """The mean probability of a reply's tokens; 1 where the model does not tell it."""
    return 1.0 if draft.probability is None else round(draft.probability, 4)


def _evidence(hits: Sequence[Hit]) -> JsonSchema:
    numbers = list(range(1, len(hits) + 1))
    return {"type": "array", "items": {"enum": numbers}, "minItems": 0, "maxItems": min(4, len(numbers))}


def _value(facet: Facet) -> JsonSchema:
    """What limner's own drafts may hold, but all values of a list at once."""
    reply = draft_schema(facet, [1])
    value: JsonSchema = (reply["items"] if reply["type"] == "array" else reply)["properties"]["value"]
    if facet.kind != "list":
        return value
    return _or_null({"type": "array", "items": value["anyOf"][0], "minItems": 1, "maxItems": facet.most})


def _or_null(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(**properties: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
