"""The errors that retrieval raises, each with the exit code of the command line.

    LimnerError
    ├── UsageError            2  the call is wrong: option, user id, schema, another embedder
    │   ├── NoStore           2  nothing was loaded yet
    │   ├── ConsentMissing    2  nothing may be made of this user's history for this purpose
    │   └── TokenKeyUnusable  2  the key of a store's pseudonyms is missing, unreadable or another one
    ├── InputError            3  the data is wrong: file, line, column, value
    │   └── NotFound          3  what was named is not there: user, event, version, schema
    ├── ModelUnavailable      4  a model, its weights or its server cannot be used
    ├── BackendUnavailable    4  the database server or the Chroma server of a store cannot be used
    └── StoreError            5  the store is damaged
        ├── StoreBusy         5  another process holds the store
        └── WrongKey          5  the key of an encrypted store is missing, another one, or not wanted

A message names the value, the place and the remedy. It never contains the text of a history.
"""

from typing import ClassVar, Literal

__all__ = [
    "BackendUnavailable",
    "ConsentMissing",
    "InputError",
    "LimnerError",
    "ModelUnavailable",
    "NoStore",
    "NotFound",
    "StoreBusy",
    "StoreError",
    "TokenKeyUnusable",
    "UsageError",
    "WrongKey",
    "shorten",
]


class LimnerError(Exception):
    """Root of all errors that limner raises on purpose.

    Args:
        message: what is wrong, with the value and the place.
        hint: what the reader can do about it; appended to the message.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.hint = hint


class UsageError(LimnerError):
    """The call itself is wrong; nothing was read or written."""

    exit_code = 2


class NoStore(UsageError):
    """There is no store yet; loading a history makes it."""


class TokenKeyUnusable(UsageError):
    """The key of the store's pseudonyms is missing, cannot be read, or is another one; the message names its file."""


class ConsentMissing(UsageError):
    """The store requires a legal basis for what is asked, and there is none for this user and purpose.

    ``purpose``: what for; ``why``: what is the matter with the consent, and ``day``: since when; None: not known.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        purpose: str | None = None,
        why: "Literal['unrecorded', 'ended', 'withdrawn'] | None" = None,
        day: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.purpose, self.why, self.day = purpose, why, day


class InputError(LimnerError):
    """A file, line, column or value of the input is wrong."""

    exit_code = 3


class NotFound(InputError):
    """What was named is not there."""


class ModelUnavailable(LimnerError):
    """A model, its weights or its server cannot be used."""

    exit_code = 4


class BackendUnavailable(LimnerError):
    """A server that holds a part of the store does not answer, or refuses."""

    exit_code = 4


class StoreError(LimnerError):
    """The store cannot be used."""

    exit_code = 5


class StoreBusy(StoreError):
    """Another process holds the store."""


class WrongKey(StoreError):
    """The key of an encrypted store is missing or another one, or one is given for a store that is not encrypted.

    ``made_with`` is the name of the key that would open it, as far as it is known.
    """

    def __init__(self, message: str, *, hint: str | None = None, made_with: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.made_with = made_with


def shorten(value: object, limit: int = 80) -> str:
    """``repr(value)``, cut to about ``limit`` characters, for use in messages."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
