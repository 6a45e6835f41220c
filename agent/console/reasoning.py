"""An explanation in topics for its page: the words that the command line uses, with footnotes.

Knows the document of an explanation, nothing of how it was measured.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.console.footnotes import Mark, Notes
from agent.console.portrait import label_of, reason_in
from agent.console.texts import Texts
from agent.documents import Evidence
from agent.explanation_words import CHINESE, ENGLISH, effect_of, is_by_word, likelihoods_of, standing_of
from agent.explanations import Explanation, LeftOut, ReadAlone
from agent.footnotes import excerpt
from agent.render import name_of

__all__ = ["Bar", "Reasoning", "Topic", "reasoning_of"]

_LEAST_SHOWN = 0.2
_AROUND = 60


class Bar(NamedTuple):
    """A line of a topic: words, a probability where there is one, and footnotes."""

    text: str
    chance: float | None
    marks: tuple[Mark, ...]


class Topic(NamedTuple):
    """A heading with its lines."""

    heading: str
    bars: tuple[Bar, ...]


class Reasoning(NamedTuple):
    """What a page shows of an explanation; ``value`` is None where nothing is known."""

    label: str
    value: str | None
    origin: str
    topics: tuple[Topic, ...]
    notes: Notes


def reasoning_of(found: Explanation, texts: Texts) -> Reasoning:
    """The topics of an explanation that have something to say."""
    words = CHINESE if texts.language == "zh" else ENGLISH
    notes = Notes(found.user_id)
    notes.cite(quote.evidence for quote in found.quotes)
    made = (_claims, _likelihoods, _readings, _judge, _without, _others, _rejected, _searched)
    topics = tuple(Topic(heading, tuple(bars)) for make in made for heading, bars in make(found, words, texts, notes))
    label = label_of(re.sub(r"/\d+$", "", found.subject), texts)
    return Reasoning(
        label, None if found.value is None else _worded(found.value), _origin(found, words, texts), topics, notes
    )


_Made = Iterator[tuple[str, list[Bar]]]


def _origin(found: Explanation, words: dict[str, str], texts: Texts) -> str:
    if found.computed is not None:
        rule = words.get(found.computed.rule, found.computed.rule)
        return words["rule"].format(events=found.computed.events, rule=rule)
    if found.value is None:
        return words["no value"]
    sure = "" if found.confidence is None else texts.percent(found.confidence)
    told = words[found.kind].format(origin=words.get(found.origin or "", found.origin), confidence=sure)
    return told + standing_of(found, words, texts.date)


def _claims(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    if found.rests_on:
        yield (
            words["rests on claims"],
            [
                Bar(
                    f"{label_of(each.pointer, texts)}: {_worded(each.value)}",
                    each.confidence,
                    notes.cite(each.evidence),
                )
                for each in found.rests_on
            ],
        )


def _likelihoods(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    if found.note is not None:
        yield words["no probabilities"], []
    for heading, chances in likelihoods_of(found, words, _worded):
        yield heading, [Bar(text, chance, ()) for text, chance in chances]


def _readings(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    if not found.readings:
        return
    cited = {quote.evidence.snippet_id for quote in found.quotes}

    def is_shown(each: ReadAlone) -> bool:
        return bool(each.values) or each.evidence.snippet_id in cited or (found.is_prose and each.tells >= _LEAST_SHOWN)

    told = sorted((each for each in found.readings if is_shown(each)), key=lambda each: -_sure(each))
    rest = [each.tells for each in found.readings if not is_shown(each)]
    bars = [
        Bar(texts.listed(list(each.values)) or excerpt(each.evidence.quote), _sure(each), notes.cite([each.evidence]))
        for each in told
    ]
    if rest:
        bars.append(Bar(words["told nothing"].format(count=len(rest)), max(rest), ()))
    yield words["each weighed" if found.is_prose else "each alone"], bars


def _sure(each: ReadAlone) -> float:
    return each.tells if each.sure is None else each.sure


def _judge(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    if found.judged is None:
        return
    bars = [
        Bar(words["judge without"].format(number=number, yes=texts.percent(each.judge_without)), each.judge_without, ())
        for number, each in enumerate(found.quotes, start=1)
        if each.judge_without is not None
    ]
    yield words["judge"].format(yes=texts.percent(found.judged)), bars


def _without(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    order = {"cited": 0, "all cited": 1, "similar": 2, "others": 3, "some others": 4}
    if found.without:
        ordered = sorted(found.without, key=lambda each: order[each.removed])
        yield (
            words["without"],
            [
                Bar(
                    words["about"].format(
                        what=_removed(each, found, words), told=effect_of(each, found, words, texts.percent, _worded)
                    ),
                    each.per_token if is_by_word(found) else each.probability,
                    notes.cite(_left_out(each, found)[:3]),
                )
                for each in ordered
            ],
        )


def _left_out(each: LeftOut, found: Explanation) -> list[Evidence]:
    cited = [quote.evidence for quote in found.quotes if quote.evidence.snippet_id in each.snippets]
    return cited or [evidence for evidence in found.shown if evidence.snippet_id in each.snippets]


def _removed(each: LeftOut, found: Explanation, words: dict[str, str]) -> str:
    numbers = [str(n) for n, q in enumerate(found.quotes, start=1) if q.evidence.snippet_id in each.snippets]
    quotes = [evidence.quote for evidence in found.shown if evidence.snippet_id in each.snippets]
    one = " one" if "others" in each.removed and len(each.snippets) == 1 else ""
    text = excerpt(quotes[0], limit=_AROUND) if quotes else ""
    return words[each.removed + one].format(numbers=", ".join(numbers), count=len(each.snippets), text=text)


def _others(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    for claim in found.others:
        until = words["until"].format(date=texts.date(claim.valid_to)) if claim.valid_to else ""
        first = excerpt(claim.evidence[0].quote) if claim.evidence else "–"
        yield (
            words[claim.status].format(value=_worded(claim.value), until=until, quote=f"“{first}”"),
            [Bar("", None, marks)] if (marks := notes.cite(claim.evidence[:3])) else [],
        )


def _rejected(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    if found.rejected:
        bars = []
        for each in found.rejected:
            reason = reason_in(texts, each.reason)
            told = reason if each.value is None else words["about"].format(what=_worded(each.value), told=reason)
            bars.append(Bar(told, None, notes.cite(each.evidence)))
        yield words["rejected"], bars


def _searched(found: Explanation, words: dict[str, str], texts: Texts, notes: Notes) -> _Made:
    if found.value is None and found.queries:
        queries = [_query(each, found.subject, texts) for each in found.queries]
        yield words["searched"].format(queries=words["comma"].join(queries)), []
        yield words["read"].format(count=len(found.shown)) if found.shown else words["read none"], []


def _query(query: str, subject: str, texts: Texts) -> str:
    """What was searched; an attribute's own name at its beginning is that of the page."""
    name = f"{name_of(subject)}: "
    return f"{label_of(subject, texts)}{texts('colon')}{query.removeprefix(name)}" if query.startswith(name) else query


def _worded(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_worded(child)}" for key, child in value.items() if child is not None)
    if isinstance(value, list | tuple):
        return ", ".join(_worded(child) for child in value)
    return str(value)
