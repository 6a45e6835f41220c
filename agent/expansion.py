"""Says what the values of an attribute may be, for searching: "favorite sports" may be swimming, soccer, yoga.

In a long history "I went rowing again" is far from the words "favorite sports". The model names examples, once for each
attribute, and search looks for these as well (query expansion by a language model: Query2doc, Wang, Yang and Wei 2023).
No prompt and no profile sees them. They are kept in the cache folder; nothing of a history is in them.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from agent.cache_files import keep
from agent.chat import Chat
from agent.errors import ModelReplyError
from agent.extracting import is_extracted
from agent.facets import Facet
from agent.persons import asks_about_others
from agent.progress import OnStep, Step, ignore
from prompts import Language, render
from retrieval import cache_dir

__all__ = ["LONG_HISTORY", "examples_for"]

LONG_HISTORY: Final = 400
"""A user's own snippets, from which on search leaves out most of them, so that examples are worth their tokens."""

_TOKENS: Final = 60
_FEWEST, _MOST = 3, 12
_LONGEST: Final = 40
_BETWEEN: Final = re.compile(r"\s*[,，、;；]\s*(?:and\s+)?")
_AROUND: Final = " \t.。\"'“”‘’`*"


def examples_for(
    chat: Chat, model: str, facets: Iterable[Facet], language: Language, on_step: OnStep = ignore
) -> dict[str, tuple[str, ...]]:
    """By pointer, what values of attributes may be, if these are words, of the user, and without search phrases.

    Those of which the model names too few have none.

    Args:
        chat: asked for those that were not asked for before.
        model: its name, under which examples are kept.
        facets: of one schema.
        language: of the history.
        on_step: told about progress.

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    wanted = [facet for facet in facets if is_extracted(facet) and not _is_told(facet)]
    found: dict[str, tuple[str, ...]] = {}
    for done, facet in enumerate(wanted):
        on_step(Step("examples", done, len(wanted)))
        path = _path(model, facet, language)
        known = _recall(path)
        if known is None:
            known = _asked(chat, facet, language)
            keep(path, json.dumps(known, ensure_ascii=False))  # else it is asked for again, which costs a few tokens
        found[facet.pointer] = known
    return {pointer: each for pointer, each in found.items() if each}


def _is_told(facet: Facet) -> bool:
    """Whether the schema says how to search, or names and relations do."""
    return len(facet.queries) > 1 or asks_about_others(facet.words)


def _asked(chat: Chat, facet: Facet, language: Language) -> tuple[str, ...]:
    try:
        said = chat.say(render("examples_system", language), facet.label, max_tokens=_TOKENS).text
    except ModelReplyError:
        return ()
    named = dict.fromkeys(each.strip(_AROUND).casefold() for each in _BETWEEN.split(said))
    examples = [each for each in named if 0 < len(each) <= _LONGEST and each != facet.label.casefold()][:_MOST]
    return tuple(examples) if len(examples) >= _FEWEST else ()


def _recall(path: Path) -> tuple[str, ...] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    good = isinstance(found, list) and all(isinstance(each, str) for each in found)
    return tuple(found) if good else None


def _path(model: str, facet: Facet, language: Language) -> Path:
    key = json.dumps([model, language, render("examples_system", language), facet.label])
    return cache_dir() / "examples" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
