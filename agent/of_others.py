"""Takes out of an answer about the user what the user says of somebody else: "my sister lives in Leeds".

The subject rule of profiles (:mod:`agent.persons`), for questions that name the user and nobody around the user.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from agent.backing import items_of, without_items
from agent.persons import asks_about_others, may_speak_of, said_of_other
from agent.reading import Weighed
from retrieval import Hit

__all__ = ["of_those_asked_about", "own_part"]

_OF_USER: Final = re.compile(r"\b(?:i|me|my|mine|myself|users?|customers?|clients?)\b|我|用户|客户|顾客", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[，。：:,.!！?？\"“”]+\s*")
_OF_THAT: Final = re.compile(r"\b(?:it|its|they|their|theirs)\b|它", re.IGNORECASE)
_OF_WHOM: Final = re.compile(
    r"\b(?:who|whom|whose|anyone|anybody|someone|somebody)\b|谁|哪个人|哪位|什么人|有人", re.IGNORECASE
)


def of_those_asked_about(question: str, read: Sequence[Weighed], people: Mapping[str, str]) -> list[Weighed]:
    """Of snippets those that may speak of whom a question names by what they are to the user ("her sister", 他的同学):
    by that word, by a name that ``people`` knows for it, or by "she", in the snippet or in what it replies to. All,
    where none does."""
    kept = [each for each in read if may_speak_of(f"{each.hit.asked or ''} {each.hit.snippet.text}", question, people)]
    return kept or [*read]


def own_part(question: str, answer: str, read: Sequence[Hit]) -> str | None:
    """An answer about the user without the items that the user says, in what was ``read``, of somebody else only; None
    where nothing is left. Of other questions the whole answer, as of what the user tells of something ("I saw a film.
    What is it about?")."""
    last = [clause for clause in _CLAUSE.split(question) if clause][-1:]
    of_that = any(_OF_THAT.search(clause) and not _OF_USER.search(clause) for clause in last)
    if of_that or not _OF_USER.search(question) or _OF_WHOM.search(question) or asks_about_others(question):
        return answer
    items = items_of(answer)
    own = [item for item in items if not _is_of_others(item, read)]
    if len(own) == len(items):
        return answer
    return without_items(answer, own) or None


def _is_of_others(item: str, read: Sequence[Hit]) -> bool:
    held = [hit.snippet for hit in read if item.casefold() in hit.snippet.text.casefold()]
    return bool(held) and all(each.role == "user" and said_of_other(item, each.text) for each in held)
