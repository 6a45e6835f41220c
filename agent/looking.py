"""Finds the snippets that are weighed for a question: by a search, or of one conversation.

Knows whose words may answer, no models.
"""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from agent.evidence import AGENTS, key_of, whole_messages
from agent.talks import Talk, snippets_of
from agent.voice import without_instructions
from retrieval import Hit, Store, asks_for_agent, named_speakers

__all__ = ["Looked", "look_for", "look_in"]

_SNIPPETS = 10
_CUSTOMER_EN = re.compile(r"\bthe (?:customer|client|user)\b(['’]s)?", re.IGNORECASE)
_CUSTOMER_ZH = re.compile("客户|顾客|用户")


class Looked(NamedTuple):
    """Snippets, without those that speak to the program instead of telling something, and what an answer's ``steps``
    say of how they were found."""

    hits: list[Hit]
    step: dict[str, Any]


def look_for(store: Store, user_id: str, question: str, done: int, seen: Collection[tuple[str, str]]) -> Looked:
    """The next ten snippets, without what a third person said whom the question does not name.

    Args:
        store, user_id: whose history.
        question: what is searched for.
        done: how many tens were looked at before.
        seen: the keys of their snippets.

    Raises:
        UnknownUser: the store holds nothing of the user.
    """
    found = _next(store, user_id, question, done, seen)
    speakers = {snippet.speaker for snippet, _ in store.view(user_id).snippets if snippet.role == "other"}
    named = named_speakers(question, {each for each in speakers if each})
    kept = [hit for hit in found if not named or hit.snippet.role != "other" or hit.snippet.speaker in named]
    plain = [*without_instructions(kept)]
    step = {"step": "search", "question": question, "found": len(found), "by_others": len(found) - len(kept)}
    if len(plain) < len(kept):
        step["instructions"] = len(kept) - len(plain)
    return Looked(plain, step)


def look_in(store: Store, user_id: str, talk: Talk) -> Looked:
    """What persons said in a conversation, in time order."""
    said = snippets_of(talk, store.view(user_id).snippets)
    step = {"step": "search", "question": talk.question, "found": len(said), "conversation": talk.which}
    return Looked([*without_instructions(said)], step)


def _next(store: Store, user_id: str, question: str, done: int, seen: Collection[tuple[str, str]]) -> list[Hit]:
    """The next of the search: of a question for what an agent said, agents' messages first, and then anybody's."""
    snippets = store.view(user_id).snippets
    wanted = _as_of_her(question)
    if not (asks_for_agent(question) and any(snippet.role == "agent" for snippet, _ in snippets)):
        past = done * _SNIPPETS
        return store.search(user_id, wanted, past + _SNIPPETS)[past:]
    if done:
        return [hit for hit in store.search(user_id, wanted, _SNIPPETS) if key_of(hit) not in seen]
    return whole_messages(store.search(user_id, wanted, _SNIPPETS, AGENTS), snippets)[:_SNIPPETS]


def _as_of_her(question: str) -> str:
    """A question that calls its user "the customer" as it would be with "she": search takes the word for "me", whose
    own words come first, but an agent may well have found "the customer's user id"."""
    return _CUSTOMER_ZH.sub("他", _CUSTOMER_EN.sub(lambda named: "her" if named[1] else "she", question))
