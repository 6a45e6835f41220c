"""Shows the model a bare reply below the question that it answers: "hgt 458" is a booking number for who has read that.

Support chats are full of them. A sentence says of itself what it is about, and reads worse below a question.
"""

import re
from typing import Final

from agent.evidence import line_of
from agent.inert import on_one_line
from agent.instructions import speaks_to_program
from retrieval import Hit

__all__ = ["answers_bare", "exchange_of"]

_MOST_WORDS: Final = 5
_MOST_HAN: Final = 12
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_SAYS_ALL: Final = re.compile(r"\b(?:i|my|we|our|it['’]?s|that['’]?s|i['’]?m)\b|[我咱?？]", re.IGNORECASE)


def answers_bare(hit: Hit) -> bool:
    """Whether a snippet is a few words by a person, no sentence and no question, that answer somebody's question."""
    text = hit.snippet.text
    if hit.asked is None or hit.asked_by is None or hit.snippet.role not in ("user", "other"):
        return False
    if _SAYS_ALL.search(text) or speaks_to_program(hit.asked):
        return False
    han = len(_HAN.findall(text))
    return han <= _MOST_HAN if han else len(text.split()) <= _MOST_WORDS


def exchange_of(hit: Hit) -> str:
    """A snippet as the model sees it (:func:`agent.evidence.line_of`), a bare reply below its question."""
    line = line_of(hit)
    return f"{hit.asked_by}: {on_one_line(hit.asked or '')}\n{line}" if answers_bare(hit) else line
