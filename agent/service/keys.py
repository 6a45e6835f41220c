"""API keys: made, listed, revoked and checked. Only a key's hash is kept, the key itself is shown once.

A key has 256 random bits, so that a plain SHA-256 of it cannot be turned back (OWASP: slow hashes are for passwords).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from agent.errors import NotFound, UsageError, shorten
from agent.service.book import Book
from agent.service.tenants import check_tenant
from retrieval import clock
from retrieval.policies import check_purpose
from retrieval.timestamps import utc_text

__all__ = ["SCOPES", "ApiKey", "Keys", "Scope", "allows"]

Scope = Literal["read", "write", "erase", "admin"]
"""``read``: users, search, ask, profiles. ``write``: events, corrections, schemas. ``erase``: erasures and export.
``admin``: all of these, and keys and metrics."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_KEY = re.compile(r"limner_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NO_HASH: Final = bytes(32)


def allows(scopes: Collection[Scope], scope: Scope) -> bool:
    """Whether who has ``scopes`` may do what ``scope`` says."""
    return scope in scopes or "admin" in scopes


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; times are ISO 8601 in UTC. ``purposes``: what it may be used for; empty: for all."""

    key_id: str
    tenant: str
    scopes: frozenset[Scope]
    label: str
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    purposes: tuple[str, ...] = ()

    def is_for(self, purpose: str | None) -> bool:
        """Whether it may be used for a purpose."""
        return not self.purposes or purpose in self.purposes

    def may(self, scope: Scope) -> bool:
        """Whether the key is good for ``scope``."""
        return allows(self.scopes, scope)

    def is_good(self) -> bool:
        """Whether it is neither revoked nor expired; one that expires is not good before it was made, either.

        Then the clock is behind, and nobody knows whether it has expired.
        """
        now, soon = clock.now(), clock.now() + timedelta(seconds=clock.BEHIND_SECONDS)
        lasts = self.expires_at is None or (self.expires_at > utc_text(now) and self.created_at <= utc_text(soon))
        return not self.revoked_at and lasts

    def as_json(self) -> dict[str, Any]:
        """What a list shows of it."""
        return {
            "key_id": self.key_id,
            "tenant": self.tenant,
            "scopes": [each for each in SCOPES if each in self.scopes],
            "purposes": list(self.purposes),
            "label": self.label,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
        }


class Keys:
    """The keys of a service."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def make(
        self,
        tenant: str,
        scopes: Collection[str],
        *,
        label: str = "",
        days: int | None = None,
        purposes: Collection[str] = (),
    ) -> tuple[str, ApiKey]:
        """A new key, and what is known of it. The key cannot be shown again.

        Raises:
            UsageError: no such tenant name, scope or purpose, ``days`` is not positive, or a key for purposes may all.
        """
        check_tenant(tenant)
        wanted = [each for each in SCOPES if each in scopes]
        if unknown := set(scopes) - set(SCOPES):
            raise UsageError(f"{shorten(sorted(unknown)[0])} is no scope", hint=f"Scopes are: {', '.join(SCOPES)}")
        if not wanted:
            raise UsageError("a key needs a scope", hint=f"Scopes are: {', '.join(SCOPES)}")
        if days is not None and days < 1:
            raise UsageError(f"a key cannot expire after {days} days", hint="Give at least 1, or none")
        named = tuple(dict.fromkeys(check_purpose(each) for each in purposes))
        if named and "admin" in wanted:
            hint = "Leave --purpose out, or give it the scopes read, write and erase"
            raise UsageError(
                "a key with the scope 'admin' may change the policy, and cannot be for purposes", hint=hint
            )
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now = clock.now()
        ends = None if days is None else utc_text(now + timedelta(days=days))
        made = ApiKey(key_id, tenant, frozenset(wanted), label, utc_text(now), ends, purposes=named)
        self._book.write(
            "INSERT INTO keys (id, hash, tenant, scopes, label, created_at, expires_at, purposes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key_id, _hash(secret), tenant, " ".join(wanted), label, made.created_at, ends, " ".join(named)),
        )
        return f"limner_{key_id}_{secret}", made

    def all(self, tenant: str | None = None) -> list[ApiKey]:
        """All keys, oldest first, or those of a tenant."""
        rows = self._book.read(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at, rowid")
        return [key for key in map(_of_row, rows) if tenant in (None, key.tenant)]

    def revoke(self, key_id: str, tenant: str | None = None) -> ApiKey:
        """Make a key worthless from now on.

        Raises:
            NotFound: there is no such key.
        """
        found = [each for each in self.all(tenant) if each.key_id == key_id]
        if not found:
            raise NotFound(f"there is no key {shorten(key_id)}", hint="`limner keys list` shows all")
        now = utc_text()
        self._book.write("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, key_id))
        return next(each for each in self.all(tenant) if each.key_id == key_id)

    def check(self, key: str) -> ApiKey | None:
        """What a key is good for; None when it is none of ours, revoked or expired. Takes as long for any key."""
        matched = _KEY.fullmatch(key)
        key_id, secret = matched.groups() if matched else ("", key)
        rows = self._book.read(f"SELECT {_COLUMNS}, hash FROM keys WHERE id = ?", (key_id,))
        kept = rows[0][-1] if rows else _NO_HASH
        if not hmac.compare_digest(kept, _hash(secret)) or not rows:
            return None
        found = _of_row(rows[0][:-1])
        return found if found.is_good() else None


_COLUMNS: Final = "id, tenant, scopes, label, created_at, expires_at, revoked_at, purposes"


def _of_row(row: tuple[Any, ...]) -> ApiKey:
    key_id, tenant, scopes, label, created, expires, revoked, purposes = row
    bound = tuple(purposes.split())
    return ApiKey(key_id, tenant, frozenset(scopes.split()), label, created, expires, revoked, bound)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
