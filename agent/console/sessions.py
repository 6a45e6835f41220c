"""Who is logged in: sessions in memory, each with a key's id; nothing is written to a disk.

Knows keys, not requests. A session ends when its key does, at the latest after some hours.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["LASTS_SECONDS", "Session", "Sessions"]

LASTS_SECONDS: Final = 12 * 3600
"""A session ends so long after its login."""

_MOST: Final = 10_000


@dataclass(slots=True)
class Session:
    """A browser with a key.

    ``name``: what whoever sits there wants to be called in corrections. ``purpose``: what the histories are used for,
    as it was chosen; "" where nothing was.
    """

    tenant: str
    key_id: str
    ends: float
    name: str = ""
    purpose: str = ""


class Sessions:
    """The sessions of a server; threads may share them.

    Args:
        clock: tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, tenant: str, key_id: str) -> tuple[str, Session]:
        """A new session, and the secret that names it. Where there are too many, the oldest one ends."""
        secret = secrets.token_urlsafe(32)
        session = Session(tenant, key_id, self._clock() + LASTS_SECONDS)
        with self._lock:
            self._sessions[_digest(secret)] = session
            while len(self._sessions) > _MOST:
                self._sessions.popitem(last=False)
        return secret, session

    def get(self, secret: str) -> Session | None:
        """The session that a secret names; None when there is none, or none any more."""
        with self._lock:
            found = self._sessions.get(_digest(secret))
            if found is not None and found.ends <= self._clock():
                del self._sessions[_digest(secret)]
                return None
            return found

    def end(self, secret: str) -> None:
        """Log out."""
        with self._lock:
            self._sessions.pop(_digest(secret), None)

    def token(self, secret: str) -> str:
        """What a form of this browser has to hold, so that no other page can send one (CSRF).

        Another one for each purpose: a page from before another purpose was chosen can do nothing for that.
        """
        session = self.get(secret)
        said = f"{secret} {session.purpose if session else ''}"
        return hmac.new(self._secret, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def is_token(self, secret: str, token: str) -> bool:
        """Whether a token is that of the browser with this secret."""
        return hmac.compare_digest(self.token(secret).encode(), token.encode())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
