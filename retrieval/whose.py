"""Tells whether somebody else than the person whom a question names said what it asks about.

In a conversation of several people a question may ask one of them for what another one told of himself ("What did Ben
see on his trip to Rome?", and the trip was Anna's). Whatever is found in Ben's words then answers something else.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from retrieval.asking import Vectors
from retrieval.focus import names_of, speakers_in, speaks_of_user
from retrieval.lexical import terms
from retrieval.queries import without_asking
from retrieval.search import Hit
from retrieval.views import View, Views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["said_by_another"]

_TO_SOMEBODY: Final = re.compile(
    r"\b(?:you|your|yours|yourself)\b|[你您]"
    r"|\b(?:great|awesome|nice|good|amazing|fantastic|excellent|incredible) (?:job|work|one)\b"
    r"|\b(?:congrat\w*|well done|way to go|kudos|proud of)\b|恭喜|祝贺|干得"
    r"|^\W*(?:wow|whoa|aw+|woohoo|yay|哇|天[哪啊呐])(?!\w)|^\W*(?:oh|nice|great|cool|awesome|amazing)\s*[,!]"
    r"|^\W*(?:太棒了|太好了|真棒|真厉害)",
    re.IGNORECASE,
)
_FEWEST_TERMS: Final = 3  # of a question: what asks less could be told in words of any kind
_MEANING: Final = 3.0  # what the cosine counts beside the share of the words
_CLEARLY: Final = 0.01
_TAKES_PART: Final = 0.2  # the share of what persons say; of who says less, others tell


def said_by_another(views: Views, embedder: "Embedder", user_id: str, question: str) -> Hit | None:
    """What another person of a user's history said that fits a question better than anything said by those whom it
    names; None where nothing does, where these say less than a fifth of the history, and where it asks little.

    How well a snippet fits is three times the cosine to the question, plus the share of the question's terms, by their
    rarity, that it holds; names and the words that ask do not count. Where a question speaks of "me" as well, the user
    is named, too. Questions, what an agent says and what is said to somebody ("your trip", "great job", "Wow, …") are
    not what the other one tells of himself. How often this is right: docs/faithfulness.md.

    Raises:
        UnknownUser: the store holds nothing of the user.
    """
    import numpy as np

    view = views.of(user_id)
    said_by = view.said_by
    persons = np.asarray([snippet.role in ("user", "other") for snippet, _ in view.snippets], dtype=bool)
    named = speakers_in(question, {who for who, is_person in zip(said_by, persons, strict=True) if who and is_person})
    if not named:
        return None
    asked = _without_names(without_asking(question), named)
    if len(set(terms(asked))) < _FEWEST_TERMS:
        return None
    telling = persons & ~view.asking
    by_named = persons & np.asarray([who in named for who in said_by])
    if by_named.sum() < _TAKES_PART * persons.sum():
        return None
    is_user = np.asarray([snippet.role == "user" for snippet, _ in view.snippets])
    own = telling & (by_named | is_user if speaks_of_user(question) else by_named)
    to_somebody = [_TO_SOMEBODY.search(snippet.text) is not None for snippet, _ in view.snippets]
    others = telling & ~own & np.asarray([bool(who) for who in said_by]) & ~np.asarray(to_somebody)
    if not own.any() or not others.any():
        return None
    vector = Vectors(embedder, views.remembered()).of([asked])[0]
    shares = _shares(view, asked)
    fits = _MEANING * (view.numbers.vectors @ vector) + shares
    best = int(np.argmax(np.where(others, fits, -np.inf)))
    if shares[best] == 0 or fits[best] - fits[own].max() <= _CLEARLY:
        return None
    return Hit(*view.snippets[best], float(fits[best]), 1)


def _shares(view: View, asked: str) -> "NDArray[np.float64]":
    """Which share of the question's terms each snippet's own words hold, 0 to 1, a rare one counting more; shape (n,).

    What only the turn before a snippet holds does not count, as it does in the view's lexical index: there somebody
    else says it.
    """
    import numpy as np

    wanted = set(terms(asked))
    held: list[set[str]] = [set() for _ in view.snippets]
    for position in np.flatnonzero(view.numbers.lexical.scores(asked)).tolist():
        held[position] = wanted.intersection(terms(view.snippets[position][0].text))
    count, known = len(held), Counter(term for each in held for term in each)
    weights = {term: math.log1p((count - known[term] + 0.5) / (known[term] + 0.5)) for term in wanted}
    return np.asarray([sum(weights[term] for term in each) for each in held]) / sum(weights.values())


def _without_names(text: str, named: Iterable[str]) -> str:
    """``text`` without the names, whole or in part, of speakers."""
    bare = unicodedata.normalize("NFKC", text)
    for name in sorted({part for who in named for part in names_of(who)}, key=len, reverse=True):
        bounds = (r"(?<!\w)", r"(?:['’]s)?(?!\w)") if name.isascii() else ("", "")
        bare = re.sub(bounds[0] + re.escape(name) + bounds[1], " ", bare, flags=re.IGNORECASE)
    return " ".join(bare.split())
