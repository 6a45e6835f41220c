"""Remembers the answers to requests that carry a key of their own, so that a repeated request is not done twice.

In memory only, for a day at most, under keyed hashes: nothing that is kept names a request or a user, and whatever is
about a user goes when something of that user is erased. Knows nothing of protocols.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from agent.errors import LimnerError, UsageError

__all__ = ["NOBODY", "SEVERAL", "Answer", "InProgress", "Once", "OtherRequest", "Ticket"]

NOBODY: Final = ""
SEVERAL: Final = " "
"""Stand for the user of an answer that names none, and of one that is about several. No user can be called so."""

_SECONDS: Final = 24 * 3600.0
_MOST: Final = 10_000
_MOST_BYTES: Final = 50_000_000


class OtherRequest(UsageError):
    """The key was used for a request that asks for something else."""


class InProgress(LimnerError):
    """The same request is being done right now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: whatever the protocol needs to say it again, and how many bytes that is."""

    said: Any
    size: int


@dataclass(slots=True, eq=False)
class Ticket:
    """A request that is being done, or was; all hashes."""

    name: bytes
    request: bytes
    user: bytes
    made: float
    forgets: bool = False
    answer: Answer | None = None


class Once:
    """Answers by the key of their request; threads may share it."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._entries: OrderedDict[bytes, Ticket] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def begin(
        self, owner: str, key: str, request: str, about: tuple[str, str], *, forgets: bool = False
    ) -> Answer | Ticket:
        """The earlier answer to this request; or a ticket: it is new, to be ended by ``finish`` or ``abandon``.

        Args:
            owner: whose the key is; others' keys do not count.
            key: what the client calls its request.
            request: all that makes it this request.
            about: tenant and user, or ``SEVERAL``, or ``NOBODY``.
            forgets: doing it calls ``forget`` once for that user, which spares this request.

        Raises:
            OtherRequest: the key was used for another request.
            InProgress: the same request is being done.
        """
        name, fingerprint = self._hash(owner, key), self._hash(request)
        with self._lock:
            self._drop_old()
            entry = self._entries.get(name)
            if entry is None:
                entry = self._entries[name] = Ticket(name, fingerprint, self._hash(*about), time.monotonic(), forgets)
                return entry
            if entry.request != fingerprint:
                raise OtherRequest(
                    "this idempotency key was used for another request", hint="Use a new key for each request"
                )
            if entry.answer is None:
                raise InProgress("the same request is being done", hint="Wait for its answer, or try again later")
            return entry.answer

    def finish(self, ticket: Ticket, answer: Answer) -> None:
        """Keep the answer; unless what it is about was erased meanwhile."""
        with self._lock:
            if self._entries.get(ticket.name) is ticket:
                ticket.answer = answer
                self._size += answer.size
            self._drop_old()

    def abandon(self, ticket: Ticket) -> None:
        """There is no answer: the request may be made again."""
        with self._lock:
            if self._entries.get(ticket.name) is ticket:
                self._remove(ticket.name)

    def forget(self, tenant: str, user_id: str) -> None:
        """Keep nothing that is about a user, nor about several of the tenant's."""
        users = self._hash(tenant, user_id), self._hash(tenant, SEVERAL)
        with self._lock:
            for name, entry in [(name, entry) for name, entry in self._entries.items() if entry.user in users]:
                if entry.forgets and entry.answer is None:
                    entry.forgets = False
                else:
                    self._remove(name)

    def forget_all(self) -> None:
        """Keep nothing: the hashes do not tell whose tenant's an answer is."""
        with self._lock:
            for name in list(self._entries):
                self._remove(name)

    def _hash(self, *parts: str) -> bytes:
        digest = hashlib.blake2b(key=self._secret, digest_size=16)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.digest()

    def _drop_old(self) -> None:
        limit = time.monotonic() - _SECONDS
        while self._entries:
            name, entry = next(iter(self._entries.items()))
            if entry.made > limit and len(self._entries) <= _MOST and self._size <= _MOST_BYTES:
                return
            self._remove(name)

    def _remove(self, name: bytes) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None and entry.answer is not None:
            self._size -= entry.answer.size
