"""Answers by code what a question asks of the events themselves: counts, first and last times, sums, channels.

No model is loaded or asked. What the record cannot tell for certain (no event of that kind at all, events without the
times that the question needs) is left to the model.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.count_wording import channels_of, count_of, days_of, time_of, times_of
from agent.counted import Counted, counted
from agent.event_kinds import is_kind, things_in
from agent.event_questions import EventQuestion, read
from agent.evidence import prompt_language
from agent.order_counting import money, most_ordered
from prompts import Language
from retrieval import Event, Store

__all__ = ["answer", "count_by_code"]

_MAY_ASK = re.compile(  # spares the others reading all events
    r"how (?:many|much|often)|\bwhen\b|number of|\btotal\b|average|channel|date of|\bmost\b"
    r"|多少|几|什么|何时|哪|数量|总数|总量",
    re.IGNORECASE,
)


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
        return money(asked, _within(asked, things), things[-1][0], language)
    if asked.what == "items":
        return most_ordered(asked, _within(asked, things), language)
    within = _within(asked, things)
    text = (
        times_of(len(within), asked.period, language)
        if asked.what == "times" and asked.kind != "order"
        else count_of(len(within), asked.kind, asked.period, len(things), language)
    )
    return counted(text, [thing[0] for thing in within] or [things[-1][0]], len(within))


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
    speaker = asked.speaker or ("user" if asked.kind == "contact" else None)
    return speaker is None or speaker in (event.role, event.speaker)


def _within(asked: EventQuestion, things: Sequence[list[Event]]) -> list[list[Event]]:
    period = asked.period
    return [thing for thing in things if period is None or period.start <= (thing[0].epoch or 0.0) < period.end]


def _channels(asked: EventQuestion, found: Sequence[Event], language: Language) -> Counted | None:
    used = [thing[0] for thing in _within(asked, [[event] for event in found]) if thing[0].channel]
    if not used:
        return None
    counts = Counter(str(event.channel) for event in used).most_common()
    shown = [next(event for event in used if event.channel == name) for name, _ in counts]
    return counted(channels_of(counts, language), shown, len(used))


def _first_or_last(asked: EventQuestion, found: Sequence[Event]) -> Counted | None:
    single = asked.kind in ("chat", "contact")
    things = [[event] for event in found] if single else things_in(found, asked.kind)
    if things is None or any(event.epoch is None for event in found) or not (within := _within(asked, things)):
        return None
    chosen = within[0 if asked.what == "first" else -1][0]
    return counted(time_of(str(chosen.timestamp)), [chosen], len(within))


def _contacts(asked: EventQuestion, found: Sequence[Event], language: Language) -> Counted | None:
    if (things := things_in(found, "contact")) is not None:
        within = _within(asked, things)
        shown = [thing[0] for thing in within] or [found[-1]]
        return counted(times_of(len(within), asked.period, language), shown, len(within))
    if any(event.timestamp is None for event in found) or things_in(found, "message") is None:
        return None
    messages = [thing[0] for thing in _within(asked, [[event] for event in found])]
    if not messages:
        return counted(times_of(0, asked.period, language), [found[-1]], 0)
    days = len({str(event.timestamp)[:10] for event in messages})
    return counted(days_of(days, len(messages), asked.period, language), messages, len(messages))
