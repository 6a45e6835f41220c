"""Says what of profiles and corrections was made from events that are forgotten, and what of them stays.

Stays what surely is not: versions that were made before the first of these events was loaded, and what people said
themselves. Knows nothing of stores.
"""

from typing import Any

from retrieval.removing import Gone

__all__ = ["FromEvents"]


class FromEvents:
    """A :class:`retrieval.removing.Derived`."""

    def keeps(self, private: dict[str, Any], gone: Gone) -> bool:
        """A version stays when all that its history held was loaded before these events were.

        Every value of a profile may rest on every event: counts do, and so does what was weighed and rejected.
        """
        newest: int = max(private["newest"], private.get("until", private["newest"]))
        return newest < gone.oldest

    def correction(self, document: dict[str, Any], gone: Gone) -> dict[str, Any] | None:
        """One that cites none of them stays; of one that does, the right value that a person gave, and no more.

        What stood there before, with its quotes, came from the events, and so did a value that was confirmed or
        forbidden. A text that was written from other values cites nothing: it is taken for one that does.
        """
        cited = {each["event_id"] for each in document["evidence"]}
        cites = not cited.isdisjoint(gone.events)
        uncited = not cited and document["drafted"] and document["before"] not in (None, [], "")
        if not cites and not uncited:
            return document
        if document["action"] != "correct":
            return None
        return {**document, "before": None, "drafted": False, "note": None, "evidence": []}
