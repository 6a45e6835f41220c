"""Finds the snippets that may tell the attributes of a profile, and puts together what is read together.

Knows which words and whose may tell an attribute, nothing of models.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from agent.evidence import ABOUT_USER, RECORDS, Pack, alternating, best_of, is_in_records, make_packs, take_within
from agent.extracting import is_extracted
from agent.facets import Facet
from agent.misplaced import may_tell
from agent.persons import asks_about_others, is_about_others, may_speak_of, names_asked_for
from agent.progress import OnStep, Step, ignore
from agent.voice import without_instructions
from agent.wishes import wishes_in
from agent.wording import normalise
from retrieval import Hit, Store

__all__ = ["SNIPPETS_A_FACET", "Found", "find", "pack"]

Found = list[tuple[Facet, list[Hit]]]
"""Attributes with their snippets, best first."""

SNIPPETS_A_FACET = 8
_SEARCHED = 4  # times as many are searched: what speaks of others is left out after the search
_PACK_TOKENS = 1400
_LATEST = 6
_LATEST_SEARCHED = 40
_WISHES = 6
_WISHES_SEARCHED = 200


def find(
    store: Store,
    user_id: str,
    facets: Sequence[Facet],
    people: Mapping[str, str],
    k: int,
    on_step: OnStep = ignore,
    examples: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Found:
    """Snippets for each attribute, many more than the ``k`` that are to be shown; without attributes that have none.

    ``people`` are those whom the user speaks of, with what they are to the user; ``examples``, by pointer, what values
    may be, which is searched for as well.
    """
    asked = [_queries(facet, people, examples.get(facet.pointer, ())) for facet in facets]
    queries = [query for each in asked for query in each]
    on_step(Step("retrieve", 0, len(queries)))
    rankings = iter(store.search_many(user_id, queries, _SEARCHED * k, ABOUT_USER))
    recorded = [facet.queries[-1] for facet in facets if is_in_records(facet.words)]
    records = iter(store.search_many(user_id, recorded, k, RECORDS))
    found = []
    for facet, own in zip(facets, asked, strict=True):
        hits = [_about(facet, next(rankings), people) for _ in own]
        hits += [_latest(store, user_id)] if facet.kind == "text" else []
        best = best_of(hits, _SEARCHED * k)
        if facet.lists_wishes:
            best = alternating([*_wishes(store, user_id), *best])
        found.append((facet, alternating(next(records), best) if is_in_records(facet.words) else best))
    on_step(Step("retrieve", len(queries), len(queries)))
    return [(facet, hits) for facet, hits in found if hits]


def pack(found: Sequence[tuple[Facet, Sequence[Hit]]], k: int, *, of_lists: int) -> list[Pack]:
    """What is read together, the ``k`` best of each: attributes whose values are words stand alone, their snippets best
    first, to be read one by one (``of_lists``: so many of lists); others share packs, in which nothing stands that
    speaks to the program."""
    read = [(facet, hits[: of_lists if facet.kind == "list" else k]) for facet, hits in found]
    alone = [Pack(tuple(take_within(hits, _PACK_TOKENS)), (facet,)) for facet, hits in read if is_extracted(facet)]
    together = [(facet, without_instructions(hits)[:k]) for facet, hits in found if not is_extracted(facet)]
    others = [(facet, hits) for facet, hits in together if hits]
    return [*alone, *make_packs(others, _PACK_TOKENS)]


def _queries(facet: Facet, people: Mapping[str, str], examples: Sequence[str]) -> list[str]:
    """What is searched for: the facet's own queries, and its name with those of the people that it is about."""
    names = " ".join(names_asked_for(facet.label, people))
    own = [f"{query}: {', '.join(examples)}" for query in facet.queries] if examples else facet.queries
    return [*own, *([f"{names} {facet.label}"] if names else [])]


def _about(facet: Facet, hits: Sequence[Hit], people: Mapping[str, str]) -> list[Hit]:
    """What may say something about the facet: not what only speaks of other people, unless it asks about them, nor
    what holds only words that would be misplaced."""
    if is_extracted(facet):
        hits = [hit for hit in hits if may_tell(hit.snippet.text, facet.words, people)]
    if asks_about_others(facet.words):
        return [hit for hit in hits if may_speak_of(hit.snippet.text, facet.label, people)]
    return [hit for hit in hits if not is_about_others(hit.snippet.text, people)]


def _latest(store: Store, user_id: str) -> list[Hit]:
    """The newest things the user said: what a summary must not miss."""
    own = [s for s in store.history(user_id, limit=_LATEST_SEARCHED) if s.role == "user"][-_LATEST:]
    return [Hit(each, store.event(user_id, each.event_id), 0.0, 0) for each in reversed(own)]


def _wishes(store: Store, user_id: str) -> list[Hit]:
    """The newest things the user said to want, newest first: of what is said alike, the newest snippet."""
    found: list[Hit] = []
    said: set[str] = set()
    for each in reversed(store.history(user_id, limit=_WISHES_SEARCHED)):
        wishes = {normalise(wish) for wish in wishes_in(each.text)} if each.role == "user" else set()
        if not wishes <= said:
            found.append(Hit(each, store.event(user_id, each.event_id), 0.0, 0))
            said |= wishes
            if len(found) == _WISHES:
                break
    return found
