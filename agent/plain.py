"""Dataclasses as JSON types and back, checked by pydantic. Knows none of them."""

from collections.abc import Collection, Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["plain_of", "restored"]

_T = TypeVar("_T")


def plain_of(value: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """A dataclass as JSON types, but for some of its fields."""
    return cast(
        dict[str, Any], _adapter(cast(Hashable, type(value))).dump_python(value, mode="json", exclude=set(without))
    )


def restored(kind: type[_T], plain: Any) -> _T:
    """What ``plain_of`` made of a ``kind``; fields that were added to it since have their defaults.

    Raises:
        pydantic.ValidationError: it is something else.
    """
    return cast(_T, _adapter(cast(Hashable, kind)).validate_python(plain))


@cache
def _adapter(kind: Hashable) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(cast(Any, kind))
