"""The two floors that limner is compared with: what anybody has in an hour, with the same model and the same messages.

``retrieval``: whole messages in Chroma, the ten nearest ones, one prompt a question or attribute. ``long``: as many of
the newest messages as fit into the model's context, one prompt. Nothing is checked; a confidence is the mean
probability of the reply's tokens.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal
from uuid import uuid4

from agent.altered import whole
from agent.chat import Chat
from agent.documents import AnswerDocument, Claim, ModelNames, ProfileDocument, Rejected, signals_of
from agent.errors import ModelReplyError
from agent.evidence import prompt_language
from agent.facets import plan_facets
from agent.floor_prompts import (
    ANSWER_TOKENS,
    TOKENS_A_VALUE,
    cited,
    claims_of,
    draft_answer,
    draft_values,
    line_of,
    name_of,
    sure,
)
from agent.llama import estimate_tokens
from agent.schema import ProfileSchema
from retrieval import Event, Hit, Store
from retrieval.timestamps import utc_text

__all__ = ["FLOORS", "Find", "Floor", "FloorName", "floor"]

FloorName = Literal["retrieval", "long"]
FLOORS: tuple[FloorName, ...] = ("retrieval", "long")

Find = Callable[[str, str], Sequence[Event]]
"""``find(user_id, query)``: the messages that the model is shown."""

_NEAREST = 10
_CONTEXT = 8192  # tokens, of models that do not tell
_PROMPT_TOKENS = 400  # what is said beside the messages, without the attributes


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
        hits = self._shown(chat, user_id, question, ANSWER_TOKENS)
        draft = draft_answer(chat, question, hits, language)
        answer = draft.value["answer"]
        return AnswerDocument(
            user_id=user_id,
            question=question,
            answer=answer,
            answered=answer is not None,
            confidence=sure(draft) if answer is not None else 0.0,
            evidence=cited(hits, draft.value) if answer is not None else (),
            rejected=(),
            history=self._history(user_id, hits),
            model=self._names,
            usage=chat.usage,
            signals=signals_of(draft=draft.probability),
        )

    def profile(self, user_id: str, schema: ProfileSchema) -> ProfileDocument:
        """The profile as the model gives it; nothing is checked, so it may be invalid under the schema's bounds.

        Raises:
            ModelUnavailable: the model cannot be reached.
        """
        chat = self._chat()
        language = prompt_language(s.text for s in self._store.history(user_id, 200))
        facets = [each for each in plan_facets(schema, language) if each.compute is None or each.by_name]
        groups = [facets] if self._at_once else [[each] for each in facets]
        profile: dict[str, Any] = {}
        claims: list[Claim] = []
        rejected: list[Rejected] = []
        shown: list[Hit] = []
        for group in groups:
            hits = self._shown(chat, user_id, " ".join(each.words for each in group), TOKENS_A_VALUE * len(group))
            shown += hits
            try:
                draft = draft_values(chat, group, hits, language)
            except ModelReplyError as error:
                rejected += [Rejected(facet.pointer, None, str(error)) for facet in group]
                continue
            for facet in group:
                claims += claims_of(facet, draft, hits)
                _put(profile, facet.path, draft.value[name_of(facet)]["value"])
        held = {pointer for claim in claims for pointer in (claim.pointer, claim.pointer.rpartition("/")[0])}
        return ProfileDocument(
            user_id=user_id,
            schema={"name": schema.name, "hash": schema.hash},
            profile=profile,
            claims=tuple(claims),
            unknown=tuple(each.pointer for each in facets if each.pointer not in held),
            rejected=tuple(rejected),
            history=self._history(user_id, shown),
            model=self._names,
            usage=chat.usage,
            generated_at=utc_text(),
        )

    def _shown(self, chat: Chat, user_id: str, query: str, reply: int) -> list[Hit]:
        """What was found, as far as it fits into the model's context; in time order, as it was said."""
        left = getattr(chat.model, "n_ctx", _CONTEXT) - _PROMPT_TOKENS - reply - estimate_tokens(query)
        events: list[Event] = []
        for event in self._find(user_id, query):
            left -= estimate_tokens(line_of(event)) + 4
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


def _put(profile: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        profile = profile.setdefault(key, {})
    profile[path[-1]] = value
