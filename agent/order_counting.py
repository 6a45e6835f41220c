"""Adds up what orders cost, and counts what was bought, over all events of each order.

Knows nothing of which events are orders, nor of how questions are worded.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from agent.amounts import Amount, Paid, paid_for, totals
from agent.count_wording import average_of, most_bought, sum_of
from agent.counted import MOST_CITED, Counted, Place, counted
from agent.event_questions import EventQuestion
from agent.order_items import items_of
from prompts import Language
from retrieval import Event

__all__ = ["last_listed", "last_paid", "money", "most_ordered", "net"]


def money(asked: EventQuestion, orders: Sequence[list[Event]], newest: Event, language: Language) -> Counted | None:
    """How much was spent, or on average an order; None when no order states an amount.

    Args:
        asked: "sum" or "average".
        orders: the events of each order in the period.
        newest: quoted when there is no order in the period.
        language: of the answer.
    """
    told = [paid for order in orders if (paid := last_paid(order)) is not None]
    if orders and not told:
        return None
    spent = totals(net(paid) for _, paid in told)
    places = [Place(event, paid.start or 0) for event, paid in told[:MOST_CITED]]
    share = round(len(told) / len(orders), 4) if orders else 1.0
    if asked.what == "average":
        if len(spent) != 1:
            return None
        mean = Amount(spent[0].value / len(told), spent[0].currency)
        return Counted(average_of(mean, len(told), asked.period, language), len(told), places, share)
    refunded = totals(paid.refunded for _, paid in told if paid.refunded)
    text = sum_of(spent, refunded, len(orders), len(orders) - len(told), asked.period, language)
    return Counted(text, len(orders), places or [Place(newest)], share)


def most_ordered(asked: EventQuestion, orders: Sequence[list[Event]], language: Language) -> Counted | None:
    """What is in most orders; None when an order does not tell what it was of, or too many are in as many."""
    bought = [last_listed(order) for order in orders]
    if not bought or not all(names for _, names in bought):
        return None
    counts = Counter(name for _, names in bought for name in names)
    most = max(counts.values())
    favoured = [name for name in counts if counts[name] == most]
    if most > 1 and len(favoured) > MOST_CITED:
        return None
    shown = [event for event, names in bought if most == 1 or not {*favoured}.isdisjoint(names)]
    return counted(most_bought(favoured, most, len(bought), asked.period, language), shown, len(bought))


def last_listed(order: Sequence[Event]) -> tuple[Event, list[str]]:
    """What an order holds, by the newest of its events that tells."""
    return next(((event, names) for event in reversed(order) if (names := items_of(event))), (order[-1], []))


def last_paid(order: Sequence[Event]) -> tuple[Event, Paid] | None:
    """What an order cost, by the newest of its events that tells."""
    return next(((event, paid) for event in reversed(order) if (paid := paid_for(event))), None)


def net(paid: Paid) -> Amount:
    """What was paid, less what was given back."""
    back = paid.refunded.value if paid.refunded else Decimal()
    return Amount(paid.cost.value - back, paid.cost.currency)
