"""Adds up a user's orders and tickets for attributes of a profile: how many, when, for how much, of what.

Knows events and how they belong together (``event_kinds``), nothing of schemas or questions. What the events cannot
tell for certain (orders without an amount or a time) is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent.amounts import Amount, shown_amounts, totals
from agent.computable import Rule
from agent.counted import MOST_CITED, Place
from agent.event_forms import Kind
from agent.event_kinds import is_kind, things_in
from agent.order_counting import last_listed, last_paid, net
from retrieval import Event

__all__ = ["Total", "products", "total"]


@dataclass(frozen=True, slots=True)
class Total:
    """A value that code computed: for a schema of numbers and for one of strings, and the first of its events.

    ``number`` is None where amounts are of several currencies, and for dates.
    """

    number: int | float | None
    text: str
    places: tuple[Place, ...]

    def as_type(self, name: str) -> Any:
        """The value as one of JSON Schema's ``string``, ``integer`` and ``number``; None where it has none of these."""
        if name == "string":
            return self.text
        if name == "integer":
            return int(self.number) if self.number is not None and float(self.number).is_integer() else None
        return self.number


def total(rule: Rule, events: Sequence[Event]) -> Total | None:
    """What a rule about orders or tickets gives over a user's events, in time order; None when they do not tell."""
    kind: Kind = "ticket" if rule == "ticket_count" else "order"
    things = things_in([event for event in events if is_kind(event, kind)], kind)
    if not things:
        return None
    if rule in ("order_count", "ticket_count"):
        return Total(len(things), str(len(things)), _places([thing[0] for thing in things]))
    if rule in ("first_order", "last_order"):
        return _day(things, first=rule == "first_order")
    return _money(rule, things)


def products(events: Sequence[Event]) -> list[tuple[str, Place]]:
    """What was bought, the latest order first, each with the event that lists it last."""
    things = things_in([event for event in events if is_kind(event, "order")], "order") or []
    found: dict[str, Place] = {}
    for event, names in reversed([last_listed(thing) for thing in things]):
        for name in names:
            found.setdefault(name, Place(event, max(0, event.text.find(name))))
    return list(found.items())


def _day(orders: Sequence[list[Event]], *, first: bool) -> Total | None:
    if any(order[0].timestamp is None for order in orders):
        return None
    event = orders[0 if first else -1][0]
    return Total(None, str(event.timestamp)[:10], (Place(event),))


def _money(rule: Rule, orders: Sequence[list[Event]]) -> Total | None:
    told = [paid for order in orders if (paid := last_paid(order)) is not None]
    if len(told) < len(orders):
        return None
    spent = totals(paid.cost if rule == "total_ordered" else net(paid) for _, paid in told)
    if rule == "average_order":
        if len(spent) != 1:
            return None
        spent = [Amount((spent[0].value / len(told)).quantize(Decimal("0.01")), spent[0].currency)]
    number = float(spent[0].value) if len(spent) == 1 else None
    places = tuple(Place(event, paid.start or 0) for event, paid in told[:MOST_CITED])
    return Total(number, shown_amounts(spent, "; "), places)


def _places(events: Sequence[Event]) -> tuple[Place, ...]:
    return tuple(Place(event) for event in events[:MOST_CITED])
