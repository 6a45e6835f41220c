"""Answers by code what a question asks of the events themselves: counts, first and last times, sums, channels.

No model is loaded or asked. What the record cannot tell for certain (no event of that kind at all, events without the
times that the question needs) is left to the model.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from agent.amounts import Amount, Paid, paid_for, totals
from agent.count_wording import average_of, channels_of, count_of, days_of, sum_of, time_of, times_of
from agent.event_kinds import is_kind, things_in
from agent.event_questions import EventQuestion, read
from agent.evidence import prompt_language
from prompts import Language
from retrieval import Event, Hit, Snippet, Store

__all__ = ["Counted", "answer", "count_by_code"]

_MOST_CITED = 4
_MAY_ASK = re.compile(
    r"how (?:many|much|often)|\bwhen\b|number of|\btotal\b|average|channel|date of|多少|几|什么|何时|哪|数量|总数|总量",
    re.IGNORECASE,
)


class _Place(NamedTuple):
    """What is quoted: the snippet of the event that holds the character ``at``."""

    event: Event
    at: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """An answer made by code: ``events`` is how many it rests on, ``places`` the first few of them.

    ``confidence`` is below 1 only for a sum over orders of which some state no amount: the share of those that do.
    """

    answer: str
    events: int
    places: Sequence[_Place]
    confidence: float = 1.0

    def cited(self, snippets: Sequence[Snippet]) -> list[Hit]:
        """The quoted snippets, of all those of the user."""
        wanted = {(place.event.event_id, place.at): place.event for place in self.places}
        found = {
            key: Hit(each, event, 1.0, 1)
            for each in snippets
            for key, event in wanted.items()
            if key[0] == each.event_id and each.start <= key[1] < each.end
        }
        return [found[key] for key in wanted if key in found]


def count_by_code(store: Store, user_id: str, question: str, today: datetime | None = None) -> Counted | None:
    """The answer to a question about the user's events; None when it is about something else, or they do not tell.

    Args:
        store: of the histories.
        user_id: whose events.
        question: one question.
        today: from when "this year" is seen; None: now. A month without a year is the newest within the history.

    Raises:
        UnknownUser: the store holds nothing of the user.
    """
    return answer(question, store.events(user_id), today) if _MAY_ASK.search(question) else None


def answer(question: str, events: Sequence[Event], today: datetime | None = None) -> Counted | None:
    """The same over a user's events, in time order."""
    newest = max((event.epoch for event in events if event.epoch is not None), default=None)
    asked = read(question, _names(events), today or datetime.now(UTC), newest)
    if asked is None:
        return None
    found = [event for event in events if is_kind(event, asked.kind) and _is_by(event, asked)]
    if not found or (asked.period and any(event.epoch is None for event in found)):
        return None
    language = prompt_language([question])
    if asked.what == "channels":
        return _channels(asked, found, language)
    if asked.what in ("first", "last"):
        return _first_or_last(asked, found)
    if asked.what == "times" and asked.kind == "contact":
        return _contacts(asked, found, language)
    if (things := things_in(found, asked.kind)) is None:
        return None
    if asked.what in ("sum", "average"):
        return _money(asked, things, language)
    counted = _within(asked, things)
    text = (
        times_of(len(counted), asked.period, language)
        if asked.what == "times" and asked.kind != "order"
        else count_of(len(counted), asked.kind, asked.period, len(things), language)
    )
    return _counted(text, [thing[0] for thing in counted] or [things[-1][0]], len(counted))


def _names(events: Sequence[Event]) -> dict[str, str]:
    """How somebody may be named in a question: by user id, its last part, or a speaker's name or a part of that."""
    names: dict[str, str] = {}
    for event in events:
        whole = event.user_id.rstrip("/").rpartition("/")[2].replace("_", " ").casefold()
        for name in (event.user_id.casefold(), whole):
            names[name] = "user"
        if event.speaker and event.role in ("user", "other"):
            names[event.speaker.casefold()] = "user" if event.role == "user" else event.speaker
    for name, bearer in list(names.items()):
        for part in name.split():
            if len(part) > 2 and names.setdefault(part, bearer) != bearer:
                names[part] = ""  # of two persons
    return {name: bearer for name, bearer in names.items() if bearer and len(name) > 1 and name not in _COMMON}


_COMMON = frozenset({"user", "customer", "client", "me", "buyer", "用户", "客户", "顾客"})


def _is_by(event: Event, asked: EventQuestion) -> bool:
    """Whose orders, tickets and chats they are is told by the history; who wrote a message, by its speaker."""
    if asked.kind in ("order", "ticket", "chat"):
        return asked.speaker in (None, "user")
    if asked.kind == "contact" or asked.speaker == "user":
        return event.role == "user"
    return asked.speaker is None or asked.speaker in (event.role, event.speaker)


def _within(asked: EventQuestion, things: Sequence[list[Event]]) -> list[list[Event]]:
    period = asked.period
    return [thing for thing in things if period is None or period.start <= (thing[0].epoch or 0.0) < period.end]


def _counted(text: str, events: Sequence[Event], count: int) -> Counted:
    return Counted(text, count, [_Place(event) for event in events[:_MOST_CITED]])


def _channels(asked: EventQuestion, found: Sequence[Event], language: Language) -> Counted | None:
    used = [thing[0] for thing in _within(asked, [[event] for event in found]) if thing[0].channel]
    if not used:
        return None
    counts = Counter(str(event.channel) for event in used).most_common()
    shown = [next(event for event in used if event.channel == name) for name, _ in counts]
    return _counted(channels_of(counts, language), shown, len(used))


def _first_or_last(asked: EventQuestion, found: Sequence[Event]) -> Counted | None:
    single = asked.kind in ("chat", "contact")
    things = [[event] for event in found] if single else things_in(found, asked.kind)
    if things is None or any(event.epoch is None for event in found) or not (within := _within(asked, things)):
        return None
    chosen = within[0 if asked.what == "first" else -1][0]
    return _counted(time_of(str(chosen.timestamp)), [chosen], len(within))


def _contacts(asked: EventQuestion, found: Sequence[Event], language: Language) -> Counted | None:
    if (things := things_in(found, "contact")) is not None:
        counted = _within(asked, things)
        shown = [thing[0] for thing in counted] or [found[-1]]
        return _counted(times_of(len(counted), asked.period, language), shown, len(counted))
    if any(event.timestamp is None for event in found):
        return None
    messages = [thing[0] for thing in _within(asked, [[event] for event in found])]
    if not messages:
        return _counted(times_of(0, asked.period, language), [found[-1]], 0)
    days = len({str(event.timestamp)[:10] for event in messages})
    return _counted(days_of(days, len(messages), asked.period, language), messages, len(messages))


def _money(asked: EventQuestion, things: Sequence[list[Event]], language: Language) -> Counted | None:
    orders = _within(asked, things)
    told = [paid for order in orders if (paid := _last_paid(order)) is not None]
    if orders and not told:
        return None
    spent = totals(_net(paid) for _, paid in told)
    places = [_Place(event, paid.start or 0) for event, paid in told[:_MOST_CITED]]
    share = round(len(told) / len(orders), 4) if orders else 1.0
    if asked.what == "average":
        if len(spent) != 1:
            return None
        mean = Amount(spent[0].value / len(told), spent[0].currency)
        return Counted(average_of(mean, len(told), asked.period, language), len(told), places, share)
    refunded = totals(paid.refunded for _, paid in told if paid.refunded)
    text = sum_of(spent, refunded, len(orders), len(orders) - len(told), asked.period, language)
    return Counted(text, len(orders), places or [_Place(things[-1][0])], share)


def _last_paid(order: Sequence[Event]) -> tuple[Event, Paid] | None:
    """What an order cost, by the newest of its events that tells."""
    return next(((event, paid) for event in reversed(order) if (paid := paid_for(event))), None)


def _net(paid: Paid) -> Amount:
    back = paid.refunded.value if paid.refunded else Decimal()
    return Amount(paid.cost.value - back, paid.cost.currency)
