"""What a store allows to be made of its histories: for which purposes, with which consent, what of sensitive matters.

Knows where the policy is kept and what it may say, nothing of consents, models or profiles.
"""

import json
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from retrieval.errors import StoreError, UsageError, shorten
from retrieval.sql import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "CATEGORIES",
    "POLICY",
    "Category",
    "Policy",
    "check_categories",
    "check_purpose",
    "make_policy",
    "read_policy",
    "written_policy",
]

Category = Literal[
    "health", "genetics", "biometrics", "religion", "politics", "union", "ethnicity", "sexuality", "children",
    "finances", "whereabouts", "identity", "crime",
]  # fmt: skip
"""Sensitive matters: of GDPR art. 9 and 10 and 个人信息保护法 art. 28 together; see docs/privacy.md."""

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)

POLICY: Final = "policy"
"""The setting of the store that holds the policy."""

_PURPOSE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_MOST_PURPOSES: Final = 100


class Policy(NamedTuple):
    """What a store allows. One without a policy has this one.

    Attributes:
        purposes: what histories may be used for; the first one is meant where none is named. None: nobody asks.
        require_consent: whether nothing is made of a user without a legal basis for the purpose (see ``consents``).
        sensitive: the categories that may be shown where a user stated them; None: all.
        inferred: those that may be inferred, too, for attributes that a schema itself marks with them.
    """

    purposes: tuple[str, ...] = ()
    require_consent: bool = False
    sensitive: tuple[str, ...] | None = None
    inferred: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The policy as JSON types."""
        return {
            "purposes": list(self.purposes),
            "require_consent": self.require_consent,
            "sensitive": "all" if self.sensitive is None else list(self.sensitive),
            "inferred": list(self.inferred),
        }

    def purpose(self, given: str | None) -> str | None:
        """The purpose that is meant; None where the store has none and none is given.

        Raises:
            UsageError: the store does not know it.
        """
        if given is None:
            return self.purposes[0] if self.purposes else None
        check_purpose(given)
        if self.purposes and given not in self.purposes:
            hint = f"Purposes are: {', '.join(self.purposes)}; `limner policy set --purpose` changes them"
            raise UsageError(f"this store knows no purpose {shorten(given)}", hint=hint)
        return given


def make_policy(
    purposes: Collection[str],
    sensitive: Collection[str] | None,
    inferred: Collection[str],
    *,
    require_consent: bool,
) -> Policy:
    """A policy that makes sense.

    Raises:
        UsageError: a purpose or a category is none, or two things do not go together.
    """
    named = tuple(dict.fromkeys(check_purpose(each) for each in purposes))
    if len(named) > _MOST_PURPOSES:
        raise UsageError(f"{len(named)} purposes are more than {_MOST_PURPOSES}", hint="Name fewer")
    if require_consent and not named:
        raise UsageError("consent is given for a purpose, and the policy has none", hint="Add --purpose, e.g. support")
    allowed = None if sensitive is None else check_categories(sensitive)
    guessed = check_categories(inferred)
    if allowed is not None and (more := [each for each in guessed if each not in allowed]):
        raise UsageError(f"{more[0]!r} may be inferred, but not shown", hint=f"Allow it, too: --sensitive {more[0]}")
    return Policy(named, require_consent, allowed, guessed)


def check_purpose(name: str) -> str:
    """The name, when a purpose can be called so.

    Raises:
        UsageError: it cannot.
    """
    if not isinstance(name, str) or not _PURPOSE.fullmatch(name):
        raise UsageError(
            f"{shorten(name)} cannot be the name of a purpose",
            hint="Use a-z, 0-9, - and _, at most 63 characters: support, marketing",
        )
    return name


def check_categories(given: Collection[str]) -> tuple[Category, ...]:
    """The categories, in the order of ``CATEGORIES``.

    Raises:
        UsageError: one is unknown.
    """
    for each in given:
        if each not in CATEGORIES:
            hint = f"Categories are: {', '.join(CATEGORIES)}"
            raise UsageError(f"{shorten(each)} is no category of sensitive data", hint=hint)
    return tuple(each for each in CATEGORIES if each in given)


def read_policy(db: "Connection") -> Policy:
    """The policy of a store.

    Raises:
        StoreError: it cannot be read; nothing is allowed then.
    """
    meta = tables().meta
    row = db.execute(meta.select().where(meta.c.key == POLICY)).one_or_none()
    if row is None:
        return Policy()
    try:
        found: dict[str, Any] = json.loads(row.value)
        allowed = None if found["sensitive"] == "all" else found["sensitive"]
        return make_policy(
            found["purposes"], allowed, found["inferred"], require_consent=bool(found["require_consent"])
        )
    except (ValueError, KeyError, TypeError, UsageError) as error:
        raise StoreError("the store's policy cannot be read", hint="Update limner") from error


def written_policy(policy: Policy) -> str:
    """The policy as the setting holds it."""
    return json.dumps(policy.as_json())
