"""Writes a text about the user from claims that were verified, and checks that it says nothing else.

Knows claims, not histories: the evidence of the text is that of the claims it uses.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any

from agent.chat import Chat
from agent.documents import Claim, Evidence, Rejected
from agent.evidence import joined, prompt_language
from agent.facets import Facet, draft_schema
from agent.inert import on_one_line
from agent.rewording import value_key
from agent.verify import Accepted
from agent.wording import is_placeholder, leaves, missing_numbers, normalise, repeats_itself, said_share, sentences
from prompts import Language, render

__all__ = ["facts_of", "summarise"]

_FEWEST_CLAIMS = 2
_MOST_CLAIMS = 24
_MOST_EVIDENCE = 6
_TOKENS = 160
_SHARE_NEEDED = 0.75
_KNOWN = ("stated", "reported", "corrected")
_BETWEEN = "、，,；; "
_ITEM = re.compile(rf"[{_BETWEEN.strip()}]?[^{_BETWEEN.strip()}]+")
_AND = re.compile(r"^(?:and\b|or\b|以及|和|及|与)\s*", re.IGNORECASE)
_END = '。.!！?？…"”'


def summarise(
    chat: Chat, facet: Facet, claims: Sequence[Claim], facets: Sequence[Facet], language: Language
) -> Accepted | Rejected | None:
    """A text about the user from what is currently known; None when too little is, or the model has nothing to say.

    Sentences that hold words or numbers beyond the claims are left out; what is cut off or repeats itself, too. A value
    that was told already is left out of a list.

    Raises:
        ModelReplyError: the reply breaks the schema after all attempts.
    """
    known = facts_of(claims, facets)
    if len(known) < _FEWEST_CLAIMS:
        return None
    facts = [fact for fact, _ in known]
    numbered = "\n".join(f"[{number}] {on_one_line(fact)}" for number, fact in enumerate(facts, start=1))
    reply = chat.draft(
        render("summary_system", language, facts=numbered),
        render("summary", language, description=facet.description or facet.label),
        draft_schema(facet, list(range(1, len(facts) + 1))),
        max_tokens=_TOKENS,
    ).value
    if is_placeholder(reply["value"]):
        return None
    told = " ".join(facts)
    kept = [each for each in sentences(reply["value"].strip()) if _is_told(each, told)]
    if not kept:
        return Rejected(facet.pointer, reply["value"], "says more than the verified values do")
    text = joined(_said_once(kept, facts), prompt_language(kept))
    used = [claim for fact, claim in known if said_share(_value_of(fact), text) >= 0.5]
    used = used or [known[number - 1][1] for number in dict.fromkeys(reply["evidence"])]
    if not used:
        return Rejected(facet.pointer, text, "rests on none of the verified values")
    weakest = min(used, key=lambda claim: claim.confidence)
    return Accepted(facet, text, "inferred", weakest.confidence, _evidence(used), 0.0, weakest.signals)


def facts_of(claims: Sequence[Claim], facets: Sequence[Facet]) -> list[tuple[str, Claim]]:
    """What is known for certain, each in words, with its claim: all that a text is written from.

    A value that two attributes have (an interest that is a preference, too) is told once, of the first.
    """
    labels = {f.pointer: f.label for f in facets}
    known: dict[str, Claim] = {}
    for claim in claims:
        if claim.status == "current" and claim.origin in _KNOWN:
            known.setdefault(value_key(claim.value), claim)
    return [
        (f"{labels.get(_base(claim.pointer, labels), '')}: {_worded(claim.value)}", claim)
        for claim in list(known.values())[:_MOST_CLAIMS]
    ]


def _worded(value: Any) -> str:
    """A value in words; of an object the first part, and the others with their names, so that none is taken for it."""
    if not isinstance(value, dict):
        return ", ".join(str(leaf) for leaf in leaves(value))
    first, *rest = [(name, part) for name, part in value.items() if part is not None]
    more = ", ".join(f"{name}: {', '.join(str(leaf) for leaf in leaves(part))}" for name, part in rest)
    told = ", ".join(str(leaf) for leaf in leaves(first[1]))
    return f"{told} ({more})" if more else told


def _base(pointer: str, known: dict[str, str]) -> str:
    """The pointer of the facet that a claim's pointer belongs to."""
    return pointer if pointer in known else pointer.rpartition("/")[0]


def _value_of(fact: str) -> str:
    return fact.partition(": ")[2]


def _said_once(told: Sequence[str], facts: Sequence[str]) -> list[str]:
    """Sentences without the items of lists that are values told before, and without those that are nothing else."""
    values = {normalise(_value_of(fact)) for fact in facts}
    said: set[str] = set()
    once = []
    for sentence in told:
        body = sentence.rstrip(_END)
        items, new = _ITEM.findall(body), []
        for item in items:
            new.append(normalise(_AND.sub("", item.strip(_BETWEEN))) not in said)
            said |= {value for value in values if said_share(value, item) == 1}
        if any(new):
            kept = [item for place, item in enumerate(items) if new[place] or place == 0]
            once.append("".join(kept) + sentence[len(body) :])
    return once


def _is_told(sentence: str, told: str) -> bool:
    if missing_numbers(sentence, told) or repeats_itself(sentence):
        return False
    return said_share(sentence, f"{told} the user is has 该用户是有喜欢想在和") >= _SHARE_NEEDED


def _evidence(claims: Sequence[Claim]) -> tuple[Evidence, ...]:
    """The first evidence of each claim, then the second of each, and so on."""
    rounds = itertools.zip_longest(*(claim.evidence for claim in claims))
    found = dict.fromkeys(each for row in rounds for each in row if each is not None)
    return tuple(found)[:_MOST_EVIDENCE]
