"""Asks the model about one facet of a pack, and about one claim as judge. Knows the prompts, not the graph."""

import json
from collections.abc import Sequence
from typing import Any

from agent.chat import Chat
from agent.documents import Evidence
from agent.evidence import Pack
from agent.facets import Facet, draft_schema, example_of
from agent.inert import as_quoted
from agent.verify import Drafted
from agent.wording import leaves
from prompts import Language, render

__all__ = ["draft_facet", "draft_prompt", "judge_claim"]

_TOKENS_A_VALUE = 48
_TOKENS_A_TEXT = 220


def draft_facet(chat: Chat, pack: Pack, position: int, language: Language) -> list[Drafted]:
    """What the model reads about ``pack.facets[position]``: values with the snippets that it cites, nulls left out.

    Raises:
        ModelReplyError: the reply breaks the schema after all attempts.
    """
    facet = pack.facets[position]
    system, question = draft_prompt(facet, pack, language)
    tokens = _TOKENS_A_TEXT if facet.kind == "text" else _TOKENS_A_VALUE * max(2, facet.most)
    draft = chat.draft(system, question, draft_schema(facet, list(range(1, len(pack.hits) + 1))), max_tokens=tokens)
    entries = draft.value if isinstance(draft.value, list) else [draft.value]
    drafted = []
    for entry in entries:
        cited = entry["evidence"] if isinstance(entry["evidence"], list) else [entry["evidence"]]
        if cited and entry["value"] is not None:
            hits = tuple(pack.hits[number - 1] for number in dict.fromkeys(cited))
            drafted.append(Drafted(facet, entry["value"], hits, pack.hits, draft.probability))
    return drafted


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
    values = (
        [True, False] if facet.item.get("type") == "boolean" else facet.item.get("enum") or [facet.item.get("const")]
    )
    return ", ".join(json.dumps(value, ensure_ascii=False) for value in values)


def judge_claim(
    chat: Chat, facet: Facet, value: Any, evidence: Sequence[Evidence], language: Language, *, record: bool
) -> float:
    """The model's probability that the quotes say ``value`` of the user, asked with nothing else in front of it.

    ``record``: the quotes are a system's record about the user, not the user's own words.
    """
    question = render(
        "judge",
        language,
        quotes="\n".join(as_quoted(each.quote) for each in evidence),
        record=record,
        label=facet.label,
        description=facet.description,
        value=as_quoted(", ".join(str(leaf) for leaf in leaves(value))),
    )
    return chat.probability_of_yes("", question)
