"""Which servers hold a store's record and index, as the caller or the environment says.

Knows addresses, not connections.
"""

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from retrieval.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["ChromaAddress", "index_server", "record_server"]

_RECORD_FORM = "It looks like postgresql://user:password@host/database"
_INDEX_FORM = "It looks like http://host:8000, https://user:password@host or https://:token@host"


class ChromaAddress(NamedTuple):
    """Where a Chroma server answers, and what it is told: user and password, a token alone, or nothing."""

    host: str
    port: int
    tls: bool
    user: str = ""
    secret: str = ""

    def __str__(self) -> str:
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}"

    def __repr__(self) -> str:
        return repr(str(self))


def record_server(url: str | None) -> "URL | None":
    """The PostgreSQL database at ``url``, else at ``$LIMNER_RECORD``; None: the record is a file.

    Raises:
        UsageError: it is no such address. The message does not repeat it, since it may hold a password.
    """
    text = url or os.environ.get("LIMNER_RECORD")
    if not text:
        return None
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError("LIMNER_RECORD is no database address", hint=_RECORD_FORM) from None
    if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg"} or not parsed.database:
        raise UsageError("LIMNER_RECORD is not the address of a PostgreSQL database", hint=_RECORD_FORM)
    return parsed.set(drivername="postgresql+psycopg")


def index_server(url: str | None) -> ChromaAddress | None:
    """The Chroma server at ``url``, else at ``$LIMNER_INDEX``; None: the index is a folder.

    Raises:
        UsageError: it is no such address. The message does not repeat it, since it may hold a token.
    """
    text = url or os.environ.get("LIMNER_INDEX")
    if not text:
        return None
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("LIMNER_INDEX is no address of a server", hint=_INDEX_FORM) from None
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not host or extra or (parts.username and not parts.password):
        raise UsageError("LIMNER_INDEX is not the address of a Chroma server", hint=_INDEX_FORM)
    tls = parts.scheme == "https"
    host = f"[{host}]" if ":" in host else host
    return ChromaAddress(
        host, port or (443 if tls else 8000), tls, unquote(parts.username or ""), unquote(parts.password or "")
    )
