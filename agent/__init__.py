"""limner: JSON profiles of users and answers about them, every statement backed by words of the user's own history."""

from agent.errors import (
    BackendUnavailable,
    InputError,
    LimnerError,
    ModelReplyError,
    ModelUnavailable,
    ProfileInvalid,
    SchemaError,
    StoreBusy,
    StoreError,
    UsageError,
)
from agent.limner import Limner
from agent.progress import OnStep, Step
from agent.schema import ProfileSchema, built_in_schemas, load_schema

__all__ = [
    "BackendUnavailable",
    "InputError",
    "Limner",
    "LimnerError",
    "ModelReplyError",
    "ModelUnavailable",
    "OnStep",
    "ProfileInvalid",
    "ProfileSchema",
    "SchemaError",
    "Step",
    "StoreBusy",
    "StoreError",
    "UsageError",
    "built_in_schemas",
    "load_schema",
]
