"""Says about how many bytes a view takes, so that what is kept of many users can be bounded by that.

Texts are measured, the rest is reckoned: near enough for a bound, not for accounts. Knows nothing of who keeps views.
"""

import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from retrieval.events import Event, Snippet

if TYPE_CHECKING:
    from retrieval.ranking import UserView

__all__ = ["weight"]

_SNIPPET: Final = 600  # the object, its id and its places in lists
_EVENT: Final = 1500
_TERMS: Final = 3  # bytes of the lexical index for one of a text
_METADATA: Final = 4  # bytes of objects for a character that shows them


def weight(snippets: Sequence[tuple[Snippet, Event]], numbers: "UserView") -> int:
    """The bytes of a user's snippets with their events and of what ranking needs of them."""
    import numpy as np

    parts = [getattr(numbers, each.name) for each in fields(numbers)]
    arrays = sum(each.nbytes for each in parts if isinstance(each, np.ndarray))
    texts = sum(sys.getsizeof(snippet.text) for snippet, _ in snippets)
    events = {id(event): event for _, event in snippets}.values()
    return arrays + len(snippets) * _SNIPPET + (1 + _TERMS) * texts + sum(map(_of_event, events))


def _of_event(event: Event) -> int:
    metadata = _METADATA * len(repr(event.metadata)) if event.metadata else 0
    return _EVENT + sys.getsizeof(event.text) + sys.getsizeof(event.raw) + metadata
