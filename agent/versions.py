"""The versions of profiles: makes one when something it depends on changed, and reads back what was made.

Knows what a profile depends on and where versions are kept; how a profile is made is given.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from agent.changes import Change, Circumstances, changes_between
from agent.chat import Usage
from agent.corrections import Correction, corrections_of
from agent.documents import Evidence, ModelNames, ProfileDocument
from agent.kept import Kept, Stands, digest_of
from agent.plain import plain_of, restored
from agent.schema import ProfileSchema
from retrieval import Event, Store
from retrieval.keeping import Version, VersionNote

__all__ = ["Changes", "Earlier", "Versions", "rules_version"]


@cache
def rules_version() -> str:
    """The first 12 hex digits of SHA-256 over limner's own code: another limner may judge otherwise."""
    digest = hashlib.sha256()
    for package in ("agent", "retrieval"):
        for item in sorted(files(package).iterdir(), key=lambda each: each.name):
            if item.name.endswith(".py"):
                digest.update(f"{package}/{item.name}".encode() + item.read_bytes())
    for item in sorted((files("agent") / "sensitive_words").iterdir(), key=lambda each: each.name):
        digest.update(item.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from version ``since`` to ``version``; nothing, when there is no version before."""

    version: int
    since: int | None
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        """``since`` and ``changes`` as JSON types."""
        return plain_of(self, {"version"})


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known when a profile is made: earlier verdicts, what people said, and whether words still stand."""

    kept: Kept = field(default_factory=Kept)
    corrections: Sequence[Correction] = ()
    stands: Stands = lambda evidence: False


class Versions:
    """The versions of profiles under one schema in a store."""

    def __init__(self, store: Store, schema: ProfileSchema) -> None:
        self._store = store
        self._schema = schema

    def profile(
        self,
        user_id: str,
        names: ModelNames,
        settings: Mapping[str, Any],
        make: Callable[[Earlier], ProfileDocument],
        *,
        fresh: bool = False,
    ) -> ProfileDocument:
        """The latest version, when it was made from the same history with the same means; else what ``make`` makes.

        What is made becomes the next version, unless it says the same as the latest one, which then counts as made now.

        Args:
            user_id: whose profile.
            names: the models.
            settings: whatever else the profile depends on, as JSON values.
            make: makes the profile from what is known.
            fresh: make it, and from nothing but the history and the corrections.
        """
        keeping = self._store.keeping
        mark = keeping.mark(user_id)
        corrections = corrections_of(self._store, user_id, self._schema.name)
        made_with = {
            **asdict(names),
            **settings,
            "rules": rules_version(),
            "schema": self._schema.hash,
            "history": mark.digest,
            "corrections": digest_of([each.as_json() for each in corrections]),
        }
        base = keeping.latest(user_id, self._schema.name, self._schema.hash)
        if base is not None and not fresh and _is_made_with(base, made_with):
            return replace(_document(base), usage=Usage())
        stands = _Standing(self._store, user_id)
        maker = digest_of(asdict(replace(names, embedder="")), made_with["rules"])  # another one finds other snippets
        maker = digest_of(maker, settings.get("sensitive"))  # what may be inferred by one policy may not be by another
        kept = Kept(maker, None if base is None or fresh else base.private["verdicts"], stands)
        document = make(Earlier(kept, corrections, stands))
        private = {
            "made_with": made_with,
            "newest": mark.newest,
            "until": keeping.mark(user_id).newest,
            "verdicts": kept.private(),
            **self._compared(base, document, made_with, stands),
        }
        held = ",".join(sorted({category for claim in document.claims for category in claim.sensitive}))
        of = user_id, self._schema.name, self._schema.hash
        note = VersionNote(*of, 0, document.generated_at, document.purpose, held)
        note = keeping.save(note, _content(document), document.as_json(), private, mark)
        return replace(document, version=note.number)

    def _compared(
        self, base: Version | None, document: ProfileDocument, made_with: Mapping[str, Any], stands: Stands
    ) -> dict[str, Any]:
        """``since`` and ``changes`` as JSON types; those of ``base``, when it says the same."""
        if base is None:
            return {"since": None, "changes": []}
        before = _document(base)
        if _content(before) == _content(document):
            return {name: base.private[name] for name in ("since", "changes")}
        loaded = self._store.keeping.loaded_since(document.user_id, base.private["newest"])
        among = Circumstances(frozenset(loaded), stands, base.private["made_with"], made_with)
        changes = [plain_of(each) for each in changes_between(before, document, among)]
        return {"since": base.note.number, "changes": changes}

    def latest(self, user_id: str) -> ProfileDocument | None:
        """The latest version, as it was made; None when there is none."""
        found = self._store.keeping.latest(user_id, self._schema.name, self._schema.hash)
        return None if found is None else _document(found)

    def version(self, user_id: str, number: int) -> ProfileDocument:
        """A version as it was made.

        Raises:
            InputError: there is none with this number.
        """
        return _document(self._store.keeping.version(user_id, self._schema.name, number))

    def changes(self, user_id: str, number: int) -> Changes:
        """What changed with a version.

        Raises:
            InputError: there is none with this number.
        """
        private = self._store.keeping.version(user_id, self._schema.name, number).private
        return restored(Changes, {"version": number, "since": private["since"], "changes": private["changes"]})

    def shown(self, user_id: str, number: int) -> dict[str, list[tuple[str, str]]]:
        """Which snippets the model was shown for each attribute (by pointer), as pairs of event id and snippet id.

        Raises:
            InputError: there is no version with this number.
        """
        facets = self._store.keeping.version(user_id, self._schema.name, number).private["verdicts"]["facets"]
        return {pointer: [(event, snippet) for event, snippet in kept["shown"]] for pointer, kept in facets.items()}


class _Standing:
    """Whether a user's history holds words; the history is read when that is first asked."""

    def __init__(self, store: Store, user_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._events: dict[str, Event] | None = None

    def __call__(self, evidence: Evidence) -> bool:
        if self._events is None:
            self._events = {event.event_id: event for event in self._store.events(self._user_id)}
        event = self._events.get(evidence.event_id)
        return (
            event is not None
            and event.text[evidence.start : evidence.end] == evidence.quote
            and (event.timestamp, event.channel) == (evidence.timestamp, evidence.channel)
        )


def _is_made_with(base: Version, wanted: Mapping[str, Any]) -> bool:
    """Whether a version is what would be made; one with moods is, too, where none are asked for."""
    known = base.private["made_with"]
    return digest_of(known) in (digest_of(wanted), digest_of({**wanted, "moods": True}))


def _document(version: Version) -> ProfileDocument:
    return replace(restored(ProfileDocument, version.document), version=version.note.number)


def _content(document: ProfileDocument) -> str:
    """A hash of what makes a version differ: values, claims and what is unknown; not what was rejected or when."""
    plain = document.as_json()
    return digest_of(*(plain[name] for name in ("schema", "profile", "claims", "unknown", "purpose")))
