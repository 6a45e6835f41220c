"""Takes out of an answer about the user what the user says of somebody else: "my sister lives in Leeds".

The subject rule of profiles (:mod:`agent.persons`), for questions that name the user and nobody around the user.
"""

import re
from collections.abc import Sequence
from typing import Final

from agent.backing import items_of
from agent.persons import asks_about_others, said_of_other
from retrieval import Hit

__all__ = ["own_part"]

_OF_USER: Final = re.compile(r"\b(?:i|me|my|mine|myself|users?|customers?|clients?)\b|我|用户|客户|顾客", re.IGNORECASE)
_OF_WHOM: Final = re.compile(
    r"\b(?:who|whom|whose|anyone|anybody|someone|somebody)\b|谁|哪个人|哪位|什么人|有人", re.IGNORECASE
)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def own_part(question: str, answer: str, cited: Sequence[Hit]) -> str | None:
    """An answer without the items that the user's cited words say of somebody else only, where the user is asked about;
    None where nothing is left."""
    if not _OF_USER.search(question) or _OF_WHOM.search(question) or asks_about_others(question):
        return answer
    items = items_of(answer)
    own = [item for item in items if not _is_of_others(item, cited)]
    if len(own) == len(items):
        return answer
    return ("、" if _HAN.search(answer) else ", ").join(own) or None


def _is_of_others(item: str, cited: Sequence[Hit]) -> bool:
    texts = [hit.snippet.text for hit in cited if item.casefold() in hit.snippet.text.casefold()]
    own = all(hit.snippet.role == "user" for hit in cited)
    return own and bool(texts) and all(said_of_other(item, text) for text in texts)
