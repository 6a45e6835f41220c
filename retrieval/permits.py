"""What may be made of, and told about, a user for a purpose: the store's policy and the user's consents together.

Whoever reads or writes what was made of a history asks here first, in the same transaction; see ``keeping``.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from retrieval.consents import ALL, Consent, entries_of, last_words, own_entries
from retrieval.errors import ConsentMissing, shorten
from retrieval.own import Own
from retrieval.policies import Policy, read_policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Permit", "permit_of", "permits_of"]


class Permit(NamedTuple):
    """What may be done.

    Attributes:
        purpose: what for; None where the store has no purposes and none was named.
        basis: on which legal basis; None where none is recorded, nor required.
        sensitive: the categories that may be shown where the user stated them; None: all.
        inferred: those that may be inferred, too, where a schema marks the attribute.
        is_strict: whether a basis is required.
    """

    purpose: str | None = None
    basis: str | None = None
    sensitive: tuple[str, ...] | None = None
    inferred: tuple[str, ...] = ()
    is_strict: bool = False

    def allows(self, categories: Iterable[str]) -> bool:
        """Whether all of these may be shown."""
        return self.sensitive is None or all(each in self.sensitive for each in categories)

    def covers(self, version: Any) -> bool:
        """Whether a row of the table ``versions`` may be shown: by what it was made for, and what it holds."""
        if self.is_strict and version.purpose != self.purpose:
            return False
        if self.purpose is not None and version.purpose not in (None, self.purpose):
            return False
        if self.sensitive is None:
            return True
        return version.sensitive is not None and self.allows(filter(None, version.sensitive.split(",")))


def permit_of(db: "Connection", user_id: str, purpose: str | None) -> Permit:
    """What may be done about a user for a purpose; None: the store's first one.

    Raises:
        UsageError: the store does not know the purpose.
        ConsentMissing: nothing.
    """
    policy = read_policy(db)
    wanted = policy.purpose(purpose)
    return _permit(policy, wanted, user_id, own_entries(Own(db, user_id)))


def permits_of(db: "Connection", users: Iterable[str], purpose: str | None) -> Mapping[str, Permit]:
    """The same of many users, without those about whom nothing may be done."""
    policy = read_policy(db)
    wanted = policy.purpose(purpose)
    every = list(dict.fromkeys(users))
    entries = entries_of(db, every)
    found = {}
    for user_id in every:
        try:
            found[user_id] = _permit(policy, wanted, user_id, entries.get(user_id, []))
        except ConsentMissing:
            continue
    return found


def _permit(policy: Policy, purpose: str | None, user_id: str, entries: Iterable[Consent]) -> Permit:
    said = last_words(entries)
    last = said.get(purpose or ALL, said.get(ALL))
    if last is not None and last.action == "withdraw":  # also where nobody has to be asked: a no is a no
        raise _missing(user_id, purpose, "withdrawn", last.at[:10])
    if not policy.require_consent:
        basis = None if last is None or last.has_ended() else last.basis
        return Permit(purpose, basis, policy.sensitive, policy.inferred)
    if last is None:
        raise _missing(user_id, purpose, "unrecorded")
    if last.has_ended():
        raise _missing(user_id, purpose, "ended", (last.until or "")[:10])
    named = tuple(c for c in last.sensitive if policy.sensitive is None or c in policy.sensitive)
    return Permit(purpose, last.basis, named, tuple(c for c in policy.inferred if c in named), is_strict=True)


def _missing(
    user_id: str, purpose: str | None, why: Literal["unrecorded", "ended", "withdrawn"], day: str | None = None
) -> ConsentMissing:
    what = {"unrecorded": "is not recorded", "ended": f"ended on {day}", "withdrawn": f"was withdrawn on {day}"}[why]
    about = "" if purpose is None else f" for the purpose {purpose!r}"
    command = f"limner consent grant USER --purpose {purpose or 'P'}"
    return ConsentMissing(
        f"the consent of user {shorten(user_id)}{about} {what}: nothing may be made of this history, or told",
        hint=f"Where there is a consent or another legal basis, record it: {command}",
        purpose=purpose,
        why=why,
        day=day,
    )
