"""What a store does with personal data: a setting that its first ingest makes, and later ones keep or change.

Knows where the setting is kept and how it is asked for, not what is done to events.
"""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from retrieval.errors import StoreError, TokenKeyUnusable, UsageError, shorten
from retrieval.personal.keys import TokenKey, find_key
from retrieval.personal.kinds import KINDS, Kind, check_kinds
from retrieval.record import Record

__all__ = ["POLICIES", "PersonalData", "Policy", "Rule", "kept_key", "kept_rule", "outliving", "settle"]

Policy = Literal["off", "mark", "mask", "tokenise"]
"""``off``: nothing is looked for. ``mark``: places are noted, the text stays. ``mask``: a label stands in their place.
``tokenise``: a pseudonym does, which who has the key can read."""

POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)

_RULE: Final = "personal_data"
_SALT: Final = "personal_data_salt"
_STORE: Final = "store"


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What an ingest asks for; None: as the store has it.

    Args:
        policy: one of ``POLICIES``; a store that has none is ``off``.
        kinds: which kinds (see ``KINDS``), or ``["all"]``; a store that has none takes all.
        key: 64 hex digits, or the file that has them, for ``tokenise``; None: that of the :class:`retrieval.Store`,
            else ``$LIMNER_TOKEN_KEY``.
    """

    policy: str | None = None
    kinds: Collection[str] | None = None
    key: str | Path | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a store does. ``check`` tells its key from others, ``salt`` is for ids (see ``redacting``)."""

    policy: Policy = "off"
    kinds: tuple[Kind, ...] = KINDS
    check: str | None = None
    salt: str | None = None

    @property
    def replaces(self) -> bool:
        """Whether the words go."""
        return self.policy in ("mask", "tokenise")


def kept_rule(record: Record) -> Rule:
    """What the store does by now.

    Raises:
        StoreError: the setting is damaged, or one of a newer limner.
    """
    text = record.setting(_RULE)
    if text is None:
        return Rule()
    try:
        found: dict[str, Any] = json.loads(text)
        policy, kinds = found["policy"], check_kinds(found["kinds"])
        if policy not in POLICIES:
            raise UsageError(f"{shorten(str(policy))} is no policy")
    except (ValueError, KeyError, TypeError, UsageError) as error:
        raise StoreError("the store's setting for personal data cannot be read", hint="Update limner") from error
    return Rule(policy, kinds, found.get("check"), record.setting(_SALT))


def settle(record: Record, asked: PersonalData) -> tuple[Rule, TokenKey | None, Policy]:
    """The rule from now on, which is kept, the key where it needs one, and the policy of what is there already.

    The caller holds the writer lock.

    Raises:
        UsageError: a policy or kind is unknown.
        TokenKeyUnusable: the key is missing or another than the store's.
    """
    before = kept_rule(record)
    policy = before.policy if asked.policy is None else _policy(asked.policy)
    kinds = before.kinds if asked.kinds is None else check_kinds(asked.kinds)
    key, check, salt = None, before.check, before.salt
    if policy == "tokenise":
        key = _opened(record, before, asked.key)
        check = key.check
    if policy in ("mask", "tokenise") and salt is None:
        salt = secrets.token_hex(32)
        record.keep_settings(**{_SALT: salt})
    rule = Rule(policy, kinds, check, salt)
    if rule != before:
        record.keep_settings(**{_RULE: _written(rule)})
    return rule, key, before.policy if policy == before.policy or record.count() else policy


def outliving(record: Record, other: Record) -> dict[str, str]:
    """The settings with which another store, e.g. an older state, takes the place of this one: this one's rule stays.

    The key of pseudonyms is made for one store: in another one ``tokenise`` goes on as ``mask``.

    Raises:
        StoreError: a setting cannot be read.
    """
    if record.setting(_RULE) in (None, other.setting(_RULE)):
        return {}
    rule, name = kept_rule(record), record.identity()
    if other.setting(_STORE) in (None, name):
        return {_STORE: name, _RULE: _written(rule), **({_SALT: rule.salt} if rule.salt else {})}
    policy: Policy = "mask" if rule.policy == "tokenise" else rule.policy
    return {_RULE: _written(Rule(policy, rule.kinds, kept_rule(other).check))}


def _written(rule: Rule) -> str:
    return json.dumps({"policy": rule.policy, "kinds": rule.kinds, "check": rule.check})


def kept_key(record: Record, key: str | Path | None) -> TokenKey:
    """The key of the store's pseudonyms.

    Raises:
        UsageError: the store has no pseudonyms.
        TokenKeyUnusable: the key is missing or another one.
    """
    rule = kept_rule(record)
    if rule.check is None:
        raise UsageError("the store has no pseudonyms", hint="They come with: limner ingest --personal-data tokenise")
    return _opened(record, rule, key)


def _opened(record: Record, rule: Rule, given: str | Path | None) -> TokenKey:
    key = TokenKey(find_key(given), record.identity())
    if rule.check is not None and rule.check != key.check:
        raise TokenKeyUnusable(
            "the key is not the one of this store's pseudonyms", hint="Give the key that they were made with"
        )
    return key


def _policy(name: str) -> Policy:
    if name not in POLICIES:
        raise UsageError(f"{shorten(name)} is no policy for personal data", hint=f"Policies are: {', '.join(POLICIES)}")
    return name
