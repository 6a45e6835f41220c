"""Writes a text about the user from claims that were verified, and checks that it says nothing else.

Knows claims, not histories: the evidence of the text is that of the claims it uses.
"""

import itertools
from collections.abc import Sequence

from agent.chat import Chat
from agent.documents import Claim, Evidence, Rejected
from agent.evidence import joined, prompt_language
from agent.facets import Facet, draft_schema
from agent.inert import on_one_line
from agent.verify import Accepted
from agent.wording import is_placeholder, leaves, missing_numbers, repeats_itself, said_share, sentences
from prompts import Language, render

__all__ = ["facts_of", "summarise"]

_FEWEST_CLAIMS = 2
_MOST_CLAIMS = 24
_MOST_EVIDENCE = 6
_TOKENS = 160
_SHARE_NEEDED = 0.75
_KNOWN = ("stated", "reported", "corrected")


def summarise(
    chat: Chat, facet: Facet, claims: Sequence[Claim], facets: Sequence[Facet], language: Language
) -> Accepted | Rejected | None:
    """A text about the user from what is currently known; None when too little is, or the model has nothing to say.

    Sentences that hold words or numbers beyond the claims are left out; what is cut off or repeats itself, too.

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
    text = joined(kept, prompt_language(kept))
    used = [claim for fact, claim in known if said_share(_value_of(fact), text) >= 0.5]
    used = used or [known[number - 1][1] for number in dict.fromkeys(reply["evidence"])]
    if not used:
        return Rejected(facet.pointer, text, "rests on none of the verified values")
    weakest = min(used, key=lambda claim: claim.confidence)
    return Accepted(facet, text, "inferred", weakest.confidence, _evidence(used), 0.0, weakest.signals)


def facts_of(claims: Sequence[Claim], facets: Sequence[Facet]) -> list[tuple[str, Claim]]:
    """What is known for certain, each in words, with its claim: all that a text is written from."""
    labels = {f.pointer: f.label for f in facets}
    known = [claim for claim in claims if claim.status == "current" and claim.origin in _KNOWN][:_MOST_CLAIMS]
    return [
        (
            f"{labels.get(_base(claim.pointer, labels), '')}: {', '.join(str(leaf) for leaf in leaves(claim.value))}",
            claim,
        )
        for claim in known
    ]


def _base(pointer: str, known: dict[str, str]) -> str:
    """The pointer of the facet that a claim's pointer belongs to."""
    return pointer if pointer in known else pointer.rpartition("/")[0]


def _value_of(fact: str) -> str:
    return fact.partition(": ")[2]


def _is_told(sentence: str, told: str) -> bool:
    if missing_numbers(sentence, told) or repeats_itself(sentence):
        return False
    return said_share(sentence, f"{told} the user is has 该用户是有喜欢想在和") >= _SHARE_NEEDED


def _evidence(claims: Sequence[Claim]) -> tuple[Evidence, ...]:
    """The first evidence of each claim, then the second of each, and so on."""
    rounds = itertools.zip_longest(*(claim.evidence for claim in claims))
    found = dict.fromkeys(each for row in rounds for each in row if each is not None)
    return tuple(found)[:_MOST_EVIDENCE]
