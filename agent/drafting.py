"""Asks the model about the facets of packs, and about one claim as judge. Knows the prompts, not the graph."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.chat import Chat
from agent.deciding import Decided, cited_for, decide, options_of
from agent.documents import Evidence, Rejected
from agent.errors import ModelReplyError
from agent.evidence import Pack, key_of, line_of
from agent.extracting import extract, is_extracted
from agent.facets import Facet, draft_schema, example_of
from agent.inert import as_quoted
from agent.moods import is_good_or_bad
from agent.persons import with_names
from agent.progress import OnStep, Step, ignore
from agent.rivals import told_of_others
from agent.verify import Accepted, Drafted, said_leaves, verify
from agent.wishes import wishes_in
from agent.wording import leaves
from prompts import Language, render
from retrieval import Hit

__all__ = ["Drafts", "draft_all", "draft_facet", "draft_prompt", "judge_claim"]

_READ_FIRST, _READ_FIRST_OF_LISTS = 4, 8
_HINTS = 0.3
_TOKENS_A_VALUE = 48
_TOKENS_A_TEXT = 220


@dataclass(frozen=True, slots=True)
class Drafts:
    """What the model read, which replies were none, and what it was shown: packs with the snippets that were read."""

    drafted: list[Drafted]
    failed: list[Rejected]
    shown: list[Pack]


def draft_all(
    chat: Chat,
    packs: Sequence[Pack],
    people: Mapping[str, str],
    language: Language,
    on_step: OnStep = ignore,
    *,
    thorough: bool = False,
) -> Drafts:
    """What the model reads about all facets of all packs.

    The best snippets are read first. Of an attribute that holds one value the others only where those do not tell it,
    but one of them at least seems to tell something; of a list only where those do tell something. ``people`` are
    those whom the user speaks of, with what they are to the user. ``thorough``: snippets are read on also where the
    best ones seem to tell nothing.

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    alone = [pack for pack in packs if is_extracted(pack.facets[0])]
    first = [replace(pack, hits=pack.hits[: _first_of(pack)]) for pack in alone]
    drafted, tells = _read_alone(chat, first, people, language, on_step)
    enough = _told(drafted, people)
    if not thorough:
        enough |= _silent_lists(first, drafted, people)
        enough |= {pointer for pointer, chance in tells.items() if chance < _HINTS}
    rest = [replace(pack, hits=pack.hits[_first_of(pack) :]) for pack in alone if pack.facets[0].pointer not in enough]
    drafted += _read_alone(chat, rest, people, language, on_step)[0]
    together = [(pack, position) for pack in packs if pack not in alone for position in range(len(pack.facets))]
    failed: list[Rejected] = []
    for done, (pack, position) in enumerate(together):
        on_step(Step("draft", done, len(together)))
        try:
            drafted += draft_facet(chat, pack, position, language)
        except ModelReplyError as error:
            failed.append(Rejected(pack.facets[position].pointer, None, str(error)))
    on_step(Step("draft", len(together), len(together)))
    short = {pack.facets[0].pointer: pack for pack in first if pack.facets[0].pointer in enough}
    return Drafts(drafted, failed, [short.get(pack.facets[0].pointer, pack) for pack in packs])


def _first_of(pack: Pack) -> int:
    """How many snippets are read before it is asked whether more are needed."""
    return _READ_FIRST_OF_LISTS if pack.facets[0].kind == "list" else _READ_FIRST


def _read_alone(
    chat: Chat, packs: Sequence[Pack], people: Mapping[str, str], language: Language, on_step: OnStep
) -> tuple[list[Drafted], dict[str, float]]:
    """What each snippet tells by itself; those that begin alike follow each other, so that little is read twice.

    Also, by attribute, the best chance that a snippet tells anything.
    """
    pairs = _pairs(packs)
    drafted: list[Drafted] = []
    tells: dict[str, float] = defaultdict(float)
    for done, (hit, pack) in enumerate(pairs):
        on_step(Step("draft", done, len(pairs)))
        facet = pack.facets[0]
        if wishes := _wishes(facet, hit):
            drafted += [Drafted(facet, wish, (hit,), pack.hits) for wish in wishes]
            continue
        found = extract(chat, facet, with_names(facet.label, people), hit, language)
        tells[facet.pointer] = max(tells[facet.pointer], 1 - found.nothing)
        drafted += [
            Drafted(facet, value, (hit,), pack.hits, found.probability, found.nothing) for value in found.values
        ]
    return drafted, tells


def _wishes(facet: Facet, hit: Hit) -> list[str]:
    """What the user says in so many words to want, where an attribute asks for all such: no model is needed."""
    return wishes_in(hit.snippet.text) if facet.lists_wishes and hit.snippet.role == "user" else []


def _told(drafted: Sequence[Drafted], people: Mapping[str, str]) -> set[str]:
    """The attributes of one value that have one: it stands up to its snippet without a judge, and tells no other."""
    others = told_of_others(drafted)
    return {
        each.facet.pointer
        for place, each in enumerate(drafted)
        if each.facet.kind == "value" and place not in others and any(map(_holds, verify(each, _no_judge, people)))
    }


def _silent_lists(packs: Sequence[Pack], drafted: Sequence[Drafted], people: Mapping[str, str]) -> set[str]:
    """The lists of which nothing was read that stands up to its snippet without a judge."""
    lists = {pack.facets[0].pointer for pack in packs if pack.facets[0].kind == "list"}
    told = (each for each in drafted if each.facet.pointer in lists)
    return lists - {each.facet.pointer for each in told if any(map(_holds, verify(each, _no_judge, people)))}


def _holds(verdict: Accepted | Rejected) -> bool:
    return isinstance(verdict, Accepted) and not verdict.former


def _no_judge(*_: Any) -> float:
    return 0.0


def _pairs(packs: Sequence[Pack]) -> list[tuple[Hit, Pack]]:
    """Each snippet with each pack of one facet that it is in."""
    by_snippet: dict[tuple[str, str], list[Pack]] = defaultdict(list)
    hits = {key_of(hit): hit for pack in packs for hit in pack.hits}
    for pack in packs:
        for hit in pack.hits:
            by_snippet[key_of(hit)].append(pack)
    return [(hit, pack) for hit in sorted(hits.values(), key=line_of) for pack in by_snippet[key_of(hit)]]


def draft_facet(chat: Chat, pack: Pack, position: int, language: Language) -> list[Drafted]:
    """What the model reads about ``pack.facets[position]``: values with the snippets that it cites, nulls left out.

    Raises:
        ModelReplyError: the reply breaks the schema after all attempts.
    """
    facet = pack.facets[position]
    decided = decide(chat, facet, pack, language) if facet.kind == "choice" else None
    if decided is not None:
        return _shown(chat, facet, decided, pack, language)
    system, question = draft_prompt(facet, pack, language)
    tokens = _TOKENS_A_TEXT if facet.kind == "text" else _TOKENS_A_VALUE * max(2, facet.most)
    draft = chat.draft(system, question, draft_schema(facet, list(range(1, len(pack.hits) + 1))), max_tokens=tokens)
    entries = draft.value if isinstance(draft.value, list) else [draft.value]
    return [
        Drafted(facet, value, tuple(pack.hits[number - 1] for number in numbers), pack.hits, draft.probability)
        for value, numbers in _values(entries, facet)
    ]


def _shown(chat: Chat, facet: Facet, decided: Decided, pack: Pack, language: Language) -> list[Drafted]:
    """The option that the snippets show, with those that show it best; nothing where they show none.

    The model is not asked which these are where a search tells it better (``moods.with_telling_quotes``).
    """
    if decided.value is None:
        return []
    if is_good_or_bad(facet, decided.value) and any(hit.snippet.role == "user" for hit in pack.hits):
        cited = pack.hits
    else:
        cited = cited_for(chat, facet, decided.value, pack, language)
    return [Drafted(facet, decided.value, cited, pack.hits, decided.chance_of(decided.value))]


def _values(entries: Sequence[Mapping[str, Any]], facet: Facet) -> list[tuple[Any, list[int]]]:
    """The values of a reply, without nulls, with the numbers cited for each: what a list repeats is one value."""
    found: dict[Any, tuple[Any, list[int]]] = {}
    for place, entry in enumerate(entries):
        cited = entry["evidence"] if isinstance(entry["evidence"], list) else [entry["evidence"]]
        if cited and entry["value"] is not None:
            key = json.dumps(entry["value"], sort_keys=True) if facet.kind == "list" else place
            _, numbers = found.setdefault(key, (entry["value"], []))
            numbers += [number for number in dict.fromkeys(cited) if number not in numbers]
    return list(found.values())


def draft_prompt(facet: Facet, pack: Pack, language: Language) -> tuple[str, str]:
    """What the model is told, the same for all facets of a pack, and what it is asked about one of them."""
    question = render(
        "draft",
        language,
        label=facet.label,
        description=facet.description,
        synthesis=facet.kind == "text",
        choices=_choices(facet) if facet.kind == "choice" else "",
        many=facet.kind == "list",
        example=example_of(facet),
    )
    return render("draft_system", language, snippets=pack.text), question


def _choices(facet: Facet) -> str:
    return ", ".join(json.dumps(value, ensure_ascii=False) for value in options_of(facet))


def judge_claim(
    chat: Chat, facet: Facet, value: Any, evidence: Sequence[Evidence], language: Language, *, record: bool
) -> float:
    """The model's probability that the quotes say ``value`` of the user, asked with nothing else in front of it.

    What is chosen from a few (the status of an issue) is left out, and an item of a list goes by its own description,
    if it has one. ``record``: the quotes are a system's record about the user, not the user's own words.
    """
    told = list(said_leaves(facet.item, value)) or list(leaves(value))
    own = facet.item.get("description") if facet.kind == "list" else None
    question = render(
        "judge",
        language,
        quotes="\n".join(as_quoted(each.quote) for each in evidence),
        record=record,
        label=facet.label,
        description=own or facet.description,
        value=as_quoted(", ".join(map(str, told))),
    )
    return chat.probability_of_yes("", question)
