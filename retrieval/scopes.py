"""Which of a user's events are meant: all, those with some ids, or those of a time and a channel.

Knows nothing of what is done to them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from retrieval.errors import InputError, NotFound, UsageError, shorten
from retrieval.timestamps import parse_timestamp

if TYPE_CHECKING:
    from sqlalchemy import Row

__all__ = ["Scope", "bounds"]

_DAY: Final = 86_400
_DATE_LENGTH: Final = len("2024-01-31")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events: all of a user without arguments, else those with the ids, or those for which all else holds.

    Attributes:
        events: ids.
        since: a time, itself included.
        until: a time, itself included; of a date, the whole day.
        channel: exactly this one.

    Raises:
        UsageError: ids and something else, no id at all, or a time that is none.
    """

    events: tuple[str, ...] | None = None
    since: str | None = None
    until: str | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        if self.events is not None and self._has_conditions():
            raise UsageError("either events are named or a time or a channel", hint="Leave the one or the other out")
        if self.events == ():
            raise UsageError("no event is named", hint="Leave --event out to forget all of the user")
        bounds(self.since, self.until)

    @classmethod
    def of(cls, events: Collection[str] | None, since: str | None, until: str | None, channel: str | None) -> "Scope":
        """The same from any collection of ids."""
        return cls(None if events is None else tuple(dict.fromkeys(events)), since, until, channel)

    @property
    def is_whole(self) -> bool:
        """Whether all of the user is meant."""
        return self.events is None and not self._has_conditions()

    def as_json(self) -> dict[str, Any]:
        """What a receipt says of it: how many ids, but none of them."""
        if self.is_whole:
            return {"kind": "user"}
        if self.events is not None:
            return {"kind": "events", "events": len(self.events)}
        conditions = {"since": self.since, "until": self.until, "channel": self.channel}
        return {"kind": "part", **{name: value for name, value in conditions.items() if value is not None}}

    def choose(self, user_id: str, rows: "Iterable[Row[Any]]") -> "list[Row[Any]]":
        """Those rows of the table ``events`` that are meant; they are the user's.

        Raises:
            NotFound: an id is not among them, or nothing is left.
        """
        there = list(rows)
        if self.events is not None:
            if missing := set(self.events) - {row.event_id for row in there}:
                names = ", ".join(sorted(shorten(each) for each in missing)[:3])
                raise NotFound(f"user {shorten(user_id)} has no event {names}", hint="Nothing was forgotten")
            return [row for row in there if row.event_id in set(self.events)]
        since, until = bounds(self.since, self.until)
        chosen = [row for row in there if self._applies(row, since, until)]
        if not chosen and not self.is_whole:
            said = f"no event of user {shorten(user_id)} is of that time and channel"
            raise NotFound(said, hint="Nothing was forgotten")
        return chosen

    def undated(self, rows: "Iterable[Row[Any]]") -> int:
        """How many of the rows were not compared with a time, since they have none."""
        if self.since is None and self.until is None:
            return 0
        return sum(row.epoch is None and self.channel in (None, row.channel) for row in rows)

    def _applies(self, row: "Row[Any]", since: float | None, until: float | None) -> bool:
        if self.channel is not None and row.channel != self.channel:
            return False
        if since is None and until is None:
            return True
        if row.epoch is None:
            return False
        return (since is None or row.epoch >= since) and (until is None or row.epoch <= until)

    def _has_conditions(self) -> bool:
        return any(each is not None for each in (self.since, self.until, self.channel))


def bounds(since: str | None, until: str | None) -> tuple[float | None, float | None]:
    """From when until when, both included, in seconds since 1970; ``until`` a date means the whole day.

    Raises:
        UsageError: a time is none.
    """
    first, last = _moment("since", since), _moment("until", until)
    if last is None:
        return (None if first is None else first[1]), None
    whole_day = len(last[0]) == _DATE_LENGTH
    return (None if first is None else first[1]), last[1] + (_DAY - 1e-6 if whole_day else 0)


def _moment(name: str, text: str | None) -> tuple[str, float] | None:
    if text is None:
        return None
    try:
        found = parse_timestamp(text)
    except InputError as error:
        raise UsageError(f"{name}: {error}") from error
    if found is None:
        raise UsageError(f"{name} {shorten(text)} is no time", hint="For example: 2024-03-01")
    return found
