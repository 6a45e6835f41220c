"""What a server of language models can do, as it was found out, and the file that remembers it.

Knows neither how it is found out nor how it is used.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from agent.cache_files import keep
from agent.endpoints import Endpoint
from agent.plain import plain_of, restored
from retrieval.weights import cache_dir

__all__ = ["Abilities", "Reasoning", "SchemaWay", "recall", "remember"]

SchemaWay = Literal["json_schema", "structured_outputs", "guided_json", "json_object", "none"]
"""How a schema is given: names of OpenAI's protocol, and of vLLM's additions to it; strongest first."""

Reasoning = Literal["none", "tags", "field"]
"""Whether the model thinks aloud: not, within its text, or in a field of its own."""

_DAYS = 7


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an endpoint does.

    ``wrapped``: a list at the root of a schema is refused, an object is not. ``ignored``: ways that it takes without
    doing anything. ``top_logprobs``: how many probabilities it tells for a token; 0: none. ``cached_tokens``: whether
    it tells what it had read before. ``context``: in tokens, None when it does not tell. ``cuts_silently``: a prompt
    that is too long is cut without a word. ``quiet``: whether the model can be kept from thinking aloud.
    """

    schema: SchemaWay
    wrapped: bool = False
    ignored: tuple[SchemaWay, ...] = ()
    top_logprobs: int = 0
    cached_tokens: bool = False
    context: int | None = None
    cuts_silently: bool = False
    reasoning: Reasoning = "none"
    quiet: bool = False
    asked: date = date.min


def remember(endpoint: Endpoint, abilities: Abilities) -> None:
    """Keep them in the user's cache folder; without effect where that cannot be written."""
    path = _path(endpoint)
    told = {"url": endpoint.url, "provider": endpoint.provider, "model": endpoint.model}
    text = json.dumps({**told, "abilities": plain_of(abilities)}, ensure_ascii=False, indent=1)
    keep(path, text, days=_DAYS)  # the others are of servers on ports that nobody uses any more


def recall(endpoint: Endpoint) -> Abilities | None:
    """What was found out in the last days; None when it was not."""
    from pydantic import ValidationError

    try:
        found = restored(Abilities, json.loads(_path(endpoint).read_text(encoding="utf-8"))["abilities"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None
    age = (datetime.now(UTC).date() - found.asked).days
    return found if 0 <= age <= _DAYS else None


def _path(endpoint: Endpoint) -> Path:
    key = json.dumps([endpoint.provider, endpoint.url, endpoint.model])
    return cache_dir() / "endpoints" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
