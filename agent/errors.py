"""The errors of the agent, beside those of retrieval (which it re-exports).

LimnerError
├── UsageError
│   ├── NoStore            2  nothing was loaded yet
│   ├── ConsentMissing     2  nothing may be made of this user's history for this purpose
│   ├── TokenKeyUnusable   2  the key of a store's pseudonyms is missing, unreadable or another one
│   └── SchemaError        2  not a JSON Schema, or one that limner cannot fill
├── InputError
│   ├── NotFound           3  what was named is not there: user, event, version, schema
│   └── ProfileInvalid     3  the history does not tell what the schema insists on
├── ModelUnavailable
│   └── ModelReplyError    4  the model answered with something that is not what was asked for
├── BackendUnavailable     4
└── StoreError / StoreBusy / WrongKey 5
"""

from retrieval.errors import (
    BackendUnavailable,
    ConsentMissing,
    InputError,
    LimnerError,
    ModelUnavailable,
    NoStore,
    NotFound,
    StoreBusy,
    StoreError,
    TokenKeyUnusable,
    UsageError,
    WrongKey,
    shorten,
)

__all__ = [
    "BackendUnavailable",
    "ConsentMissing",
    "InputError",
    "LimnerError",
    "ModelReplyError",
    "ModelUnavailable",
    "NoStore",
    "NotFound",
    "ProfileInvalid",
    "SchemaError",
    "StoreBusy",
    "StoreError",
    "TokenKeyUnusable",
    "UsageError",
    "WrongKey",
    "shorten",
]


class SchemaError(UsageError):
    """The profile schema is not valid JSON Schema, or uses what limner cannot fill.

    ``pointer`` says where in the schema (RFC 6901), ``keyword`` which keyword.
    """

    def __init__(self, message: str, *, pointer: str = "", keyword: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.pointer = pointer
        self.keyword = keyword


class ProfileInvalid(InputError):
    """No valid profile can be made: the schema requires values that the user's history does not hold.

    ``problems`` maps JSON Pointers into the profile to what is wrong there.
    """

    def __init__(self, message: str, *, problems: dict[str, str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class ModelReplyError(ModelUnavailable):
    """The model's reply is not the JSON that was asked for, after all retries."""
