"""The two floors that limner is compared with: what anybody has in an hour, with the same model and the same messages.

``retrieval``: whole messages in Chroma, the ten nearest ones, one prompt a question or attribute. ``long``: as many of
the newest messages as fit into the model's context, one prompt. Nothing is checked; a confidence is the mean
probability of the reply's tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from agent.altered import whole
from agent.chat import Chat, Draft
from agent.documents import AnswerDocument, Claim, Evidence, ModelNames, ProfileDocument, cite_hits, signals_of
from agent.evidence import prompt_language
from agent.facets import Facet, draft_schema, plan_facets
from agent.llama import estimate_tokens
from agent.schema import ProfileSchema
from agent.schema_rules import JsonSchema
from prompts import Language, render
from retrieval import Event, Hit, Store

__all__ = ["FLOORS", "Floor", "FloorName", "floor"]

FloorName = Literal["retrieval", "long"]
FLOORS: tuple[FloorName, ...] = ("retrieval", "long")

Find = Callable[[str, str], Sequence[Event]]
"""``find(user_id, query)``: the messages that the model is shown."""

_NEAREST = 10
_CONTEXT = 8192  # tokens, of models that do not tell
_PROMPT_TOKENS = 400  # what is said beside the messages, without the attributes
_ANSWER_TOKENS = 160
_TOKENS_A_VALUE = 96


def floor(name: FloorName, store: Store, chat: Callable[[], Chat], names: ModelNames) -> "Floor":
    """The floor of that name over a store.

    Args:
        chat: makes a conversation with the model, with its own count of tokens.
        names: what goes into the document's ``model``.
    """
    return Floor(_nearest(store) if name == "retrieval" else _newest(store), store, chat, names, name == "long")


class Floor:
    """Answers and profiles by one prompt over what ``find`` gives; ``at_once``: all attributes in one prompt."""

    def __init__(self, find: Find, store: Store, chat: Callable[[], Chat], names: ModelNames, at_once: bool) -> None:
        self._find = find
        self._store = store
        self._chat = chat
        self._names = names
        self._at_once = at_once

    def ask(self, user_id: str, question: str) -> AnswerDocument:
        """The answer as the model gives it.

        Raises:
            ModelReplyError, ModelUnavailable: the model failed.
        """
        chat, language = self._chat(), prompt_language([question])
        hits = self._shown(chat, user_id, question, _ANSWER_TOKENS)
        schema = _object(
            evidence=_evidence(hits), answer=_or_null({"type": "string", "minLength": 1, "maxLength": 200})
        )
        prompt = render("floor_ask", language, question=question)
        draft = chat.draft(_system(hits, language), prompt, schema, max_tokens=_ANSWER_TOKENS)
        answer = draft.value["answer"]
        return AnswerDocument(
            user_id=user_id,
            question=question,
            answer=answer,
            answered=answer is not None,
            confidence=_sure(draft) if answer is not None else 0.0,
            evidence=_cited(hits, draft.value) if answer is not None else (),
            rejected=(),
            history=self._history(user_id, hits),
            model=self._names,
            usage=chat.usage,
            signals=signals_of(draft=draft.probability),
        )

    def profile(self, user_id: str, schema: ProfileSchema) -> ProfileDocument:
        """The profile as the model gives it; nothing is checked, so it may be invalid under the schema's bounds.

        Raises:
            ModelReplyError, ModelUnavailable: the model failed.
        """
        chat = self._chat()
        language = prompt_language(s.text for s in self._store.history(user_id, 200))
        facets = [each for each in plan_facets(schema, language) if each.compute is None]
        groups = [facets] if self._at_once else [[each] for each in facets]
        profile: dict[str, Any] = {}
        claims: list[Claim] = []
        shown: list[Hit] = []
        for group in groups:
            tokens = _TOKENS_A_VALUE * len(group)
            hits = self._shown(chat, user_id, " ".join(each.words for each in group), tokens)
            draft = _drafted(chat, group, hits, language, tokens)
            for facet in group:
                claims += _claims(facet, draft, hits)
                _put(profile, facet.path, draft.value[_name(facet)]["value"])
            shown += hits
        held = {claim.pointer.rpartition("/")[0] or claim.pointer for claim in claims} | {c.pointer for c in claims}
        return ProfileDocument(
            user_id=user_id,
            schema={"name": schema.name, "hash": schema.hash},
            profile=profile,
            claims=tuple(claims),
            unknown=tuple(each.pointer for each in facets if each.pointer not in held),
            rejected=(),
            history=self._history(user_id, shown),
            model=self._names,
            usage=chat.usage,
            generated_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )

    def _shown(self, chat: Chat, user_id: str, query: str, reply: int) -> list[Hit]:
        """What was found, as far as it fits into the model's context; in time order, as it was said."""
        left = getattr(chat.model, "n_ctx", _CONTEXT) - _PROMPT_TOKENS - reply - estimate_tokens(query)
        events: list[Event] = []
        for event in self._find(user_id, query):
            left -= estimate_tokens(_line(event)) + 4
            if left < 0 and events:
                break
            events.append(event)
        events.sort(key=lambda event: (event.epoch or 0.0, event.event_id))
        return [whole(event, rank) for rank, event in enumerate(events, start=1)]

    def _history(self, user_id: str, hits: Sequence[Hit]) -> dict[str, int]:
        total, shown = len(self._store.events(user_id)), len({hit.event.event_id for hit in hits})
        return {"total": total, "shown": shown, "left_out": total - shown}


def _newest(store: Store) -> Find:
    """The newest messages first."""
    return lambda user_id, query: store.events(user_id)[::-1]


def _nearest(store: Store) -> Find:
    """The ten messages whose vectors are nearest to the query's; each user's are embedded when first asked about."""
    import chromadb

    from retrieval.index import chroma_settings

    client = chromadb.EphemeralClient(chroma_settings())
    made: dict[str, tuple[chromadb.Collection, dict[str, Event]]] = {}

    def messages(user_id: str) -> tuple[chromadb.Collection, dict[str, Event]]:
        if user_id not in made:
            events = {event.event_id: event for event in store.events(user_id)}
            collection = client.create_collection(f"floor-{uuid4()}", embedding_function=None)
            vectors = store.embedder.embed_passages([event.text for event in events.values()])
            most = client.get_max_batch_size()
            ids = list(events)
            for start in range(0, len(ids), most):
                collection.add(ids[start : start + most], embeddings=vectors[start : start + most])
            made[user_id] = collection, events
        return made[user_id]

    def find(user_id: str, query: str) -> Sequence[Event]:
        collection, events = messages(user_id)
        vectors = store.embedder.embed_queries([query])
        found = collection.query(query_embeddings=vectors, n_results=min(_NEAREST, len(events)), include=[])
        return [events[each] for each in found["ids"][0]]

    return find


def _drafted(chat: Chat, facets: Sequence[Facet], hits: Sequence[Hit], language: Language, tokens: int) -> Draft:
    schema = _object(**{_name(each): _object(evidence=_evidence(hits), value=_value(each)) for each in facets})
    attributes = [
        {"name": _name(each), "description": each.description, "many": each.kind == "list"} for each in facets
    ]
    return chat.draft(
        _system(hits, language), render("floor_profile", language, attributes=attributes), schema, max_tokens=tokens
    )


def _claims(facet: Facet, draft: Draft, hits: Sequence[Hit]) -> list[Claim]:
    entry = draft.value[_name(facet)]
    values = [] if entry["value"] is None else entry["value"] if facet.kind == "list" else [entry["value"]]
    pointers = [f"{facet.pointer}/{at}" if facet.kind == "list" else facet.pointer for at in range(len(values))]
    evidence, signals = _cited(hits, entry), signals_of(draft=draft.probability)
    return [
        Claim(pointer, value, "current", "stated", _sure(draft), None, None, evidence, signals)
        for pointer, value in zip(pointers, values, strict=True)
    ]


def _put(profile: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        profile = profile.setdefault(key, {})
    profile[path[-1]] = value


def _name(facet: Facet) -> str:
    return ".".join(facet.path)


def _line(event: Event) -> str:
    text = " ".join(event.text.split())
    return f"{(event.timestamp or '')[:10]} {event.speaker or event.role}: {text}".strip()


def _system(hits: Sequence[Hit], language: Language) -> str:
    lines = [f"[{number}] {_line(hit.event)}" for number, hit in enumerate(hits, start=1)]
    return render("floor_system", language, messages="\n".join(lines))


def _cited(hits: Sequence[Hit], entry: Mapping[str, Any]) -> tuple[Evidence, ...]:
    return cite_hits([hits[number - 1] for number in dict.fromkeys(entry["evidence"])])


def _sure(draft: Draft) -> float:
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
