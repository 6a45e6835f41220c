"""Reads how a user felt in each period of a history: one short call a period, of which one token is written.

The periods are those of the calendar, at most six, so that a new message leaves the earlier ones as they are.
Knows what is read and asked, not when it is wanted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

from agent.chat import Chat
from agent.documents import Mood, cite_hits
from agent.evidence import alternating, best_of, in_time_order, key_of, take_within
from agent.facets import Facet
from agent.inert import as_quoted
from agent.progress import OnStep, Step
from agent.verify import Drafted
from agent.voice import without_instructions
from prompts import Language, render
from retrieval import Hit, Role, Store

__all__ = ["MOST_PERIODS", "ReadMood", "is_good_or_bad", "mood_facets", "moods_of", "periods_of", "with_telling_quotes"]

MOST_PERIODS: Final = 6

ReadMood = Callable[[str, Sequence[Hit], Callable[[], Mapping[str, float]]], Mapping[str, float] | None]
"""``recall(about, hits, read)``: the probabilities that were read from the same snippets before, else what ``read``
reads now, or None when nothing is to be read."""

_WORDS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("positive", "neutral", "negative"),
    "zh": ("积极", "中性", "消极"),
}
_BAD: Final = (
    "I am angry and disappointed, this is terrible.",
    "我很生气，太失望了，太差了。",
    "I am sad, tired and worried.",
)
_GOOD: Final = ("I am very happy, this is wonderful, I love it!", "我非常开心，太棒了，我很喜欢！")
_OWN: Final[tuple[Role, ...]] = ("user",)
_SNIPPETS: Final = 3
_TOKENS: Final = 160
_SEARCHED: Final = 200
_DAYS: Final = (1, 2, 3, 7, 14)
_MONTHS: Final = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


_Ranks = Mapping[tuple[str, str], int]


class _Period(NamedTuple):
    """A part of a history: the user's own snippets in it, in time order."""

    hits: tuple[Hit, ...]

    @property
    def since(self) -> str:
        return (self.hits[0].event.timestamp or "")[:10]

    @property
    def until(self) -> str:
        return (self.hits[-1].event.timestamp or "")[:10]


def mood_facets(facets: Iterable[Facet]) -> list[Facet]:
    """Those that choose among moods: their words are among them positive and negative, or 积极 and 消极."""
    return [each for each in facets if _scale(each) is not None]


def _scale(facet: Facet) -> tuple[str, ...] | None:
    """The schema's words for positive, neutral and negative; None where it does not choose among moods."""
    words = set(facet.item.get("enum", ())) if facet.kind == "choice" else set()
    return next((each for each in _WORDS.values() if {each[0], each[2]} <= words), None)


def is_good_or_bad(facet: Facet, value: object) -> bool:
    """Whether a value is a mood that is not in between."""
    scale = _scale(facet)
    return scale is not None and value in (scale[0], scale[2])


def periods_of(own: Sequence[Hit]) -> list[_Period]:
    """The user's own dated snippets by days, weeks, months or more: the shortest of which there are at most six."""
    dated = [hit for hit in in_time_order(own) if hit.event.epoch is not None and hit.event.timestamp]
    if not dated:
        return []
    for key in _keys():
        found: dict[int, list[Hit]] = {}
        for hit in dated:
            found.setdefault(key(datetime.fromtimestamp(hit.event.epoch or 0.0, UTC)), []).append(hit)
        if max(found) - min(found) < MOST_PERIODS:
            break
    return [_Period(tuple(hits)) for hits in found.values()]


def _keys() -> Iterable[Callable[[datetime], int]]:
    """Numbers of periods, from days on."""
    for days in _DAYS:
        yield lambda moment, days=days: (moment.toordinal() - 1) // days  # type: ignore[misc]
    for months in _MONTHS:
        yield lambda moment, months=months: (moment.year * 12 + moment.month - 1) // months  # type: ignore[misc]


def moods_of(
    store: Store,
    user_id: str,
    facet: Facet,
    chat: Chat,
    language: Language,
    recall: ReadMood,
    may_quote: Callable[[str], bool],
    on_step: OnStep,
) -> list[Mood]:
    """The moods of the periods in which the user wrote, in time order; those without the ones that are not read.

    Args:
        store, user_id: whose history.
        facet: the attribute that tells the mood; see :func:`mood_facets`.
        chat: the model.
        language: that of the prompts.
        recall: what was read before.
        may_quote: whether words may be shown.
        on_step: told about progress.
    """
    scale = _scale(facet)
    assert scale is not None, "it is one of mood_facets"
    events = {each.event_id: each for each in store.events(user_id)}
    snippets = [each for each in store.history(user_id) if each.role == "user"]
    own = [hit for each in snippets if may_quote((hit := Hit(each, events[each.event_id], 0.0, 0)).snippet.text)]
    ranks = _telling(store, user_id)
    periods, found = periods_of(without_instructions(own)), list[Mood]()
    for number, period in enumerate(periods):
        on_step(Step("mood", number, len(periods)))
        read = _most_telling(period.hits, ranks)

        def ask(period: _Period = period, read: Sequence[Hit] = read) -> Mapping[str, float]:
            quotes = [as_quoted(hit.snippet.text) for hit in read]
            prompt = render("mood", language, since=period.since, until=period.until, quotes=quotes)
            return chat.choose("", prompt, _WORDS[language])

        chances = recall(f"{facet.pointer} {language}", read, ask)
        if chances:
            word, chance = max(chances.items(), key=lambda each: each[1])
            value = scale[_WORDS[language].index(word)]
            found.append(Mood(facet.pointer, period.since, period.until, value, round(chance, 4), cite_hits(read)))
    on_step(Step("mood", len(periods), len(periods)))
    return found


def with_telling_quotes(store: Store, user_id: str, drafted: Iterable[Drafted]) -> list[Drafted]:
    """Moods, drafted from several snippets, with the user's own one among these that sounds most like the mood.

    A small model hardly knows which snippet its choice rests on; a search does. Other values, and moods between good
    and bad, stay as they are.
    """
    done, ranks = list[Drafted](), list[_Ranks]()
    for each in drafted:
        own = in_time_order(hit for hit in each.pool if hit.snippet.role == "user")
        if own and is_good_or_bad(each.facet, each.value):
            bad, good = ranks = ranks or _telling(store, user_id)
            is_good = each.value in (words[0] for words in _WORDS.values())
            nearest = partial(_sounds_good if is_good else _sounds_bad, bad, good)
            done.append(replace(each, cited=(min(own[::-1], key=nearest),)))
        else:
            done.append(each)
    return done


def _sounds_good(bad: _Ranks, good: _Ranks, hit: Hit) -> tuple[bool, int]:
    """Less is better: thanks are near to both moods, but nearer to the good one."""
    far = good.get(key_of(hit), len(good))
    return far >= bad.get(key_of(hit), len(bad)), far


def _sounds_bad(bad: _Ranks, good: _Ranks, hit: Hit) -> int:
    """Less is better: a complaint is near to a bad mood, and far from a good one."""
    return bad.get(key_of(hit), len(bad)) - good.get(key_of(hit), len(good))


def _telling(store: Store, user_id: str) -> list[_Ranks]:
    """How much snippets sound like a bad mood, and like a good one: the place of each, the first one most."""
    rankings = store.search_many(user_id, [*_BAD, *_GOOD], _SEARCHED, _OWN)
    bad, good = rankings[: len(_BAD)], rankings[len(_BAD) :]
    return [{key_of(hit): n for n, hit in enumerate(best_of(each, _SEARCHED))} for each in (bad, good)]


def _most_telling(hits: Sequence[Hit], ranks: Sequence[_Ranks]) -> list[Hit]:
    """The few snippets of a period that a mood is read from, in time order: of bad and good moods in turn those found
    first, else the newest."""
    newest_first = hits[::-1]
    turns = [sorted(newest_first, key=lambda hit: each.get(key_of(hit), len(each))) for each in ranks]
    return in_time_order(take_within(alternating(*turns)[:_SNIPPETS], _TOKENS))
