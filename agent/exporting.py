"""Everything that a store holds about a user, as JSON: for whoever asks what is known (GDPR access, 个人信息查阅).

Knows stores, not files or terminals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retrieval import Event, Snippet, Store

__all__ = ["FORMAT", "export_document", "export_parts"]

FORMAT = 1
"""Goes up when the form of the document changes."""


def export_document(store: "Store", user_id: str) -> dict[str, Any]:
    """All about a user; vectors are left out, which are made from the texts.

    ``kept`` beside a profile is what was found out about each attribute, also what was rejected, and from which
    snippets. Profiles are those for all purposes, also where a consent ended or was never given: who asks is who they
    are about. Where one was withdrawn there are none, since they were deleted then; corrections are there all the same.
    ``consents`` are all that was recorded, in order. ``receipts`` are those of parts that were erased.

    Raises:
        UnknownUser: the store holds nothing of the user.
    """
    parts = export_parts(store, user_id)
    return {name: list(part) if isinstance(part, Iterator) else part for name, part in parts.items()}


def export_parts(store: "Store", user_id: str) -> dict[str, Any]:
    """The same with iterators in place of the lists of events and snippets, which each caller takes once: of a long
    history the document is several times as large as what the record holds.

    Raises:
        UnknownUser: the store holds nothing of the user.
    """
    from retrieval import UnknownUser
    from retrieval.timestamps import utc_text

    keeping, consents = store.everything_kept, store.consents.of(user_id)
    try:
        events, snippets = store.events(user_id), store.history(user_id)
    except UnknownUser:
        if not consents:  # they may come before the first history
            raise
        events, snippets = [], []
    versions = [keeping.version(user_id, each.schema, each.number) for each in keeping.versions(user_id)]
    return {
        "export": FORMAT,
        "user_id": user_id,
        "exported_at": utc_text(),
        "events": map(_event, events),
        "snippets": map(_fields, snippets),
        "profiles": [{**each.note._asdict(), "document": each.document, "kept": each.private} for each in versions],
        "corrections": [each.document for each in keeping.corrections(user_id)],
        "consents": [each.as_json() for each in consents],
        "receipts": store.forgetting.receipts(user_id),
    }


def _event(event: "Event") -> Mapping[str, Any]:
    return {**_fields(event), "metadata": dict(event.metadata)}


def _fields(of: "Event | Snippet") -> dict[str, Any]:
    return {each.name: getattr(of, each.name) for each in fields(of) if each.name not in ("user_id", "origin")}
