"""Erases what is older than rules say, by itself whenever a history is loaded, and keeps it from being loaded.

A rule says for how many days events are kept: those of a channel, or of all channels that have no rule of their own.
Events without a time stay. A time without a zone counts as the latest moment that it may mean, so that nothing goes too
early.

Nothing is erased by a clock that cannot be right: one that is behind what the store has seen, or so far ahead of it
that a wrong clock is likelier than a store that nobody used. Knows nothing of how anything is erased.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retrieval.errors import StoreError, UsageError, shorten
from retrieval.forgetting import Forgetting
from retrieval.receipts import Erased
from retrieval.record import Record
from retrieval.removing import Derived
from retrieval.sql import Database, tables

if TYPE_CHECKING:
    from sqlalchemy import Row

    from retrieval.events import Event

__all__ = ["Bounds", "Expired", "Retention", "Rule"]

_SETTING: Final = "retention"
_CLOCK: Final = "clock"
_DAY: Final = 86_400.0
_MOST_DAYS: Final = 36_500
_BEHIND: Final = 3600.0  # clocks are set
_AHEAD: Final = 40 * _DAY  # what is loaded once a month is loaded before
_ZONELESS: Final = 12 * 3600.0  # written down at UTC-12
_DATE_LENGTH: Final = len("2024-01-31")


class Rule(NamedTuple):
    """For how many days events are kept; ``channel`` None: those of all channels without a rule of their own."""

    days: int
    channel: str | None = None


class Bounds(NamedTuple):
    """Before which moments events are too old; ``other``: those of channels that are not named."""

    channels: Mapping[str, float]
    other: float | None

    def is_past(self, event: "Event | Row[Any]") -> bool:
        """Whether an event is surely too old."""
        bound = self._of(event.channel)
        if bound is None or event.epoch is None or event.timestamp is None:
            return False
        latest = event.epoch
        if not event.timestamp.endswith("Z"):
            latest += _ZONELESS + (_DAY if len(event.timestamp) == _DATE_LENGTH else 0)
        return bool(latest < bound)

    def is_undated(self, event: "Row[Any]") -> bool:
        """Whether a rule is about an event that has no time."""
        return event.epoch is None and self._of(event.channel) is not None

    @property
    def latest(self) -> float | None:
        """No event of this moment or later is too old; None: none is."""
        return max([*self.channels.values(), *([] if self.other is None else [self.other])], default=None)

    def _of(self, channel: str | None) -> float | None:
        return self.other if channel is None else self.channels.get(channel, self.other)


class Expired(NamedTuple):
    """What was, or would be, erased, of so many users; ``receipt``: None when it was nothing, or not done."""

    users: int
    erased: Erased
    receipt: dict[str, Any] | None = None


class Retention:
    """The rules of one store.

    Args:
        database, record: of the store.
        forgetting: erases.
    """

    def __init__(self, database: Database, record: Record, forgetting: Forgetting) -> None:
        self._database = database
        self._record = record
        self._forgetting = forgetting

    def rules(self) -> list[Rule]:
        """The rules: that of all channels first."""
        found = json.loads(self._record.setting(_SETTING) or "[]")
        return sorted((Rule(**each) for each in found), key=lambda rule: (rule.channel is not None, rule.channel or ""))

    def set(self, rule: Rule) -> None:
        """Add a rule, or change that of its channel. The caller holds the writer lock.

        Raises:
            UsageError: the days are none.
            StoreError: the clock cannot be right.
        """
        if not 1 <= rule.days <= _MOST_DAYS:
            raise UsageError(f"{rule.days!r} days are not between 1 and {_MOST_DAYS}", hint="For example: 730")
        self._look_at_clock()
        self._keep([*(each for each in self.rules() if each.channel != rule.channel), rule])

    def remove(self, channel: str | None) -> None:
        """Remove the rule of a channel, or that of all others. The caller holds the writer lock.

        Raises:
            UsageError: there is none.
        """
        rules = self.rules()
        left = [each for each in rules if each.channel != channel]
        if len(left) == len(rules):
            about = "all channels" if channel is None else f"the channel {shorten(channel)}"
            raise UsageError(f"there is no rule for {about}", hint="`limner retention list` shows the rules")
        self._keep(left)

    def outliving(self, older: "Retention") -> dict[str, str]:
        """The settings with which another store, older or newer, takes the place of this one: this one's rules, if any.

        And the later of the two times that they have seen.
        """
        own = {_SETTING: text} if (text := self._record.setting(_SETTING)) is not None else {}
        seen = [float(text) for each in (self, older) if (text := each._record.setting(_CLOCK)) is not None]
        return own | ({_CLOCK: repr(max(seen))} if seen else {})

    def preview(self, derived: Derived) -> Expired:
        """What ``run`` would erase by the clock of this machine, whatever the store has seen; nothing is written."""
        chosen, undated = self._chosen(_bounds(self.rules(), time.time()))
        erased = self._forgetting.preview_expired(chosen, derived)
        return Expired(len(chosen), erased._replace(undated=undated))

    def run(self, derived: Derived, *, defer: bool | None = None, trust_clock: bool = False) -> tuple[Bounds, Expired]:
        """Erase what is too old; returns it, and what is too old from now on. The caller holds the writer lock.

        Args:
            derived: says what of profiles and corrections was made without the events that go.
            defer: leave the bytes to the next compaction; None: as ``$LIMNER_DEFER`` says.
            trust_clock: the clock is right, whatever the store has seen.

        Raises:
            StoreError: the clock cannot be right; nothing was erased.
        """
        rules = self.rules()
        if not rules:
            return Bounds({}, None), Expired(0, Erased())
        now = self._look_at_clock(trust=trust_clock)
        bounds = _bounds(rules, now)
        chosen, undated = self._chosen(bounds)
        if not chosen:
            return bounds, Expired(0, Erased(undated=undated))
        later = defer if defer is not None else os.environ.get("LIMNER_DEFER", "").lower() not in _NO
        scope = {"kind": "retention", "users": len(chosen), "rules": [_said(each, now) for each in rules]}
        receipt = self._forgetting.forget_expired(chosen, scope, derived, undated=undated, defer=later)
        return bounds, Expired(len(chosen), Erased(**receipt["erased"]), receipt)

    def _chosen(self, bounds: Bounds) -> tuple[dict[str, list[str]], int]:
        """The ids of the events that are too old, by users; and how many have no time."""
        events = tables().events
        if bounds.latest is None:
            return {}, 0
        columns = (events.c[name] for name in ("user_id", "event_id", "timestamp", "epoch", "channel"))
        wanted = events.select().with_only_columns(*columns).order_by(events.c.pk)
        chosen: dict[str, list[str]] = {}
        undated = 0
        with self._database.reading() as db:
            for row in db.execute(wanted.where(events.c.epoch.is_(None) | (events.c.epoch < bounds.latest))):
                undated += bounds.is_undated(row)
                if bounds.is_past(row):
                    chosen.setdefault(row.user_id, []).append(row.event_id)
        return chosen, undated

    def _look_at_clock(self, *, trust: bool = False) -> float:
        """The time now, which the store has seen from now on.

        Raises:
            StoreError: it cannot be right.
        """
        now, text = time.time(), self._record.setting(_CLOCK)
        seen = None if text is None else float(text)
        if seen is not None and not trust and not seen - _BEHIND <= now <= seen + _AHEAD:
            behind = "before" if now < seen else "after"
            raise StoreError(
                f"the clock says {_text(now)}, {abs(now - seen) / _DAY:.1f} days {behind} this store was last used "
                f"({_text(seen)}); retention rules erase nothing by a clock that may be wrong",
                hint="Nothing was loaded or erased. Set the clock; if it is right, look at what would go with "
                "`limner retention run --dry-run`, then call `limner retention run --clock-is-right`",
            )
        if seen is None or trust or now > seen:
            self._record.keep_settings(**{_CLOCK: repr(now)})
        return now

    def _keep(self, rules: Sequence[Rule]) -> None:
        self._record.keep_settings(**{_SETTING: json.dumps([each._asdict() for each in rules])})


_NO: Final = ("", "0", "false", "no", "off")


def _bounds(rules: Sequence[Rule], now: float) -> Bounds:
    bounds = {rule.channel: now - rule.days * _DAY for rule in rules}
    return Bounds({name: bound for name, bound in bounds.items() if name is not None}, bounds.get(None))


def _said(rule: Rule, now: float) -> dict[str, Any]:
    return {**rule._asdict(), "before": _text(now - rule.days * _DAY)}


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
