"""The profiles of a user that are there, as a page chooses among them; and what happened since one was made.

Knows stores and versions, nothing of pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.api.access import Caller
from agent.documents import ProfileDocument
from agent.errors import ConsentMissing, InputError, LimnerError
from agent.plain import restored
from agent.schema import ProfileSchema
from agent.service import Service
from retrieval import Store
from retrieval.keeping import Version, VersionNote

if TYPE_CHECKING:
    from agent.corrections import Correction

__all__ = ["MOST", "Chosen", "choose", "choose_or_bar", "document_at", "schema_named"]

MOST: Final = 1_000_000
"""No version has a greater number."""

_FIRST_CHOICE: Final = "customer"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a page about a user is about.

    Attributes:
        schema_name: whose profile; there may be none of it yet.
        schema: the schema; None where nobody knows it any more.
        names: all schemas that could be chosen.
        versions: the versions under it, oldest first.
        document: the chosen version.
        version: the number of the chosen version.
        pending: what people said that the latest version does not know yet.
        loaded: how many messages came since it was made.
        barred: why nothing may be told: the consent or other legal basis that is missing.
    """

    schema_name: str
    schema: ProfileSchema | None
    names: tuple[str, ...]
    versions: tuple[VersionNote, ...]
    document: ProfileDocument | None
    version: int | None
    pending: "tuple[Correction, ...]"
    loaded: int
    barred: ConsentMissing | None = None

    @property
    def is_latest(self) -> bool:
        """Whether nothing newer is there."""
        return not self.versions or self.version == self.versions[-1].number


def choose(caller: Caller, user_id: str, schema_name: str, number: int | None) -> Chosen:
    """The profile that a page is to show: of the schema that is named or was used last, in this or the latest version.

    Raises:
        InputError: there is no such version, or no such schema.
    """
    from agent.corrections import corrections_of

    service, tenant, store = caller.service, caller.tenant, caller.limner.store
    every = store.keeping.versions(user_id)
    name = schema_name or (every[-1].schema if every else _FIRST_CHOICE)
    names = tuple(dict.fromkeys([*(each.schema for each in every[::-1]), *service.schemas.names(tenant)]))
    if name not in names:
        raise InputError(f"there is no schema {name[:60]!r}", hint=f"There are: {', '.join(names)}")
    versions = tuple(sorted((each for each in every if each.schema == name), key=lambda each: each.number))
    schema = schema_named(service, tenant, name)
    if not versions:
        return Chosen(name, schema, names, (), None, None, tuple(corrections_of(store, user_id, name)), 0)
    wanted = versions[-1].number if number is None else number
    kept = store.keeping.version(user_id, name, wanted)
    is_latest = wanted == versions[-1].number
    pending = _pending(store, kept) if is_latest else ()
    loaded = _loaded_since(store, kept) if is_latest else 0
    return Chosen(name, schema, names, versions, _document(kept), wanted, pending, loaded)


def choose_or_bar(caller: Caller, user_id: str, schema_name: str, number: int | None) -> Chosen:
    """The same; without any profile, where nothing may be told.

    Raises:
        InputError: as for ``choose``.
    """
    try:
        return choose(caller, user_id, schema_name, number)
    except ConsentMissing as error:
        names = tuple(caller.service.schemas.names(caller.tenant))
        name = schema_name if schema_name in names else _FIRST_CHOICE
        return Chosen(name, None, names, (), None, None, (), 0, barred=error)


def document_at(store: Store, user_id: str, schema_name: str, number: int) -> ProfileDocument:
    """A version of a profile, whether or not its schema is still known.

    Raises:
        InputError: there is none.
    """
    return _document(store.keeping.version(user_id, schema_name, number))


def schema_named(service: Service, tenant: str, name: str) -> ProfileSchema | None:
    """A schema, if it is still known."""
    try:
        return service.schemas.get(tenant, name)
    except LimnerError:
        return None


def _document(kept: Version) -> ProfileDocument:
    return restored(ProfileDocument, {**kept.document, "version": kept.note.number})


def _pending(store: Store, kept: Version) -> "tuple[Correction, ...]":
    """The corrections that came after those that the version was made with."""
    from agent.corrections import corrections_of
    from agent.kept import digest_of

    made: Sequence[Correction] = corrections_of(store, kept.note.user_id, kept.note.schema)
    known = kept.private.get("made_with", {}).get("corrections")
    plain = [each.as_json() for each in made]
    counted = next((n for n in range(len(made), -1, -1) if digest_of(plain[:n]) == known), 0)
    return tuple(made[counted:])


def _loaded_since(store: Store, kept: Version) -> int:
    until = kept.private.get("until", kept.private.get("newest"))
    return 0 if until is None else len(store.keeping.loaded_since(kept.note.user_id, until))
