"""Measures what a value rests on: its probability, its strongest alternatives, and what happens without each snippet.

Leave-one-out as in ContextCite (Cohen-Wang et al. 2024, https://arxiv.org/abs/2409.00729), which removes sources and
compares the log-probability of the same reply; made cheap as in AttriBoT (Liu et al. 2024,
https://arxiv.org/abs/2411.15102): the key-value cache is shared by leaving the last snippets out first; snippets that
cannot matter by a cheap proxy (they share no words with the value and are not cited) are left out together, as one
group, which is halved when it matters. Knows nothing of documents or stores.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.deciding import Decided
from agent.errors import ModelReplyError
from agent.evidence import key_of
from agent.explanations import Alternative, LeftOut, Removed
from agent.inquiries import FacetInquiry, Noted, beginning_with
from agent.likelihood import Likelihood, likelihood_of
from agent.schema_rules import JsonSchema
from agent.wording import leaves, normalise, said_share
from retrieval import Hit

__all__ = ["MOST_ABLATIONS", "Before", "Measured", "Task", "guess", "measure"]

MOST_ABLATIONS = 8
_MOST_ALTERNATIVES = 3
_LEAST_CHANCE = 0.005
_LEAST_PER_TOKEN = 0.1  # what a grammar forces out of a beginning that leads nowhere is no alternative
_SIMILAR = 0.5
_MATTERS = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured. ``value`` is None where the model tells no probabilities: then only ``without`` holds what it
    writes without the cited snippets."""

    value: Likelihood | None
    alternatives: tuple[Alternative, ...]
    without: tuple[LeftOut, ...]


class Before(NamedTuple):
    """A value that the same reply holds before, and the keys of the snippets that it cites."""

    value: Any
    cited: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Task:
    """What is measured: a value, the keys of the snippets that are its evidence, and what the reply holds before it."""

    inquiry: FacetInquiry
    value: Any
    cited: frozenset[tuple[str, str]]
    before: tuple[Before, ...] = ()


class _Cut(NamedTuple):
    removed: Removed
    positions: frozenset[int]


def measure(task: Task, hits: Sequence[Hit], on_step: Callable[[int, int], None]) -> Measured:
    """Measure a value over ``hits``, in the order shown.

    At most ``MOST_ABLATIONS`` times something is left out; a value that falls away is answered by one free reply.

    Raises:
        ModelUnavailable: the model cannot be asked.
    """
    cuts = _cuts(task, hits)
    on_step(0, len(cuts) + 1)
    read = _read(task, hits, {"const": task.value})
    whole = read[1] if read else None
    alternatives = _alternatives(task, whole, hits) if whole else ()
    if whole is None:
        cuts = [cut for cut in cuts if cut.removed != "similar"]
    without: list[LeftOut] = []
    while cuts and len(without) < MOST_ABLATIONS:
        on_step(len(without) + 1, len(without) + len(cuts) + 1)
        cut = cuts.pop(0)
        without.append(_left_out(task, hits, cut, blind=whole is None))
        if whole and len(cuts) + len(without) + 2 <= MOST_ABLATIONS and _matters(whole, without[-1]):
            cuts = sorted([*cuts, *_halves(cut)], key=_order)
    on_step(len(without) + 1, len(without) + 1)
    return Measured(whole, alternatives, tuple(without))


def guess(inquiry: FacetInquiry, hits: Sequence[Hit]) -> tuple[Alternative, float] | None:
    """What the model would write if it had to, and the probability of nothing; None where it tells none."""
    read = _read(Task(inquiry, None, frozenset()), hits, inquiry.form)
    if read is None:
        return None
    value, found = read
    return Alternative(value, *_numbers(found)), found.nothing


def _cuts(task: Task, hits: Sequence[Hit]) -> list[_Cut]:
    """What is left out, the last snippets first: so each prompt begins like the one before it for as long as it can."""
    own = [n for n, hit in enumerate(hits) if key_of(hit) in task.cited]
    likeness = {n: _likeness(task.value, hit) for n, hit in enumerate(hits) if n not in own}
    room = MOST_ABLATIONS - 1 - len(own) - (len(own) > 1)
    similar = sorted((n for n in likeness if likeness[n] >= _SIMILAR), key=lambda n: -likeness[n])[: max(0, room)]
    rest = frozenset(likeness) - frozenset(similar)
    cuts = [_Cut("cited", frozenset({n})) for n in own[: MOST_ABLATIONS - 2]]
    cuts += [_Cut("similar", frozenset({n})) for n in similar]
    cuts += [_Cut("all cited", frozenset(own))] if len(own) > 1 else []
    cuts += [_Cut("others", rest)] if rest else []
    return sorted(cuts, key=_order)


def _order(cut: _Cut) -> tuple[int, int]:
    return -min(cut.positions), len(cut.positions)


def _halves(cut: _Cut) -> list[_Cut]:
    """A group that matters is halved, as in AttriBoT's hierarchical attribution, while there is room."""
    if cut.removed not in ("others", "some others") or len(cut.positions) < 2:
        return []
    places = sorted(cut.positions)
    middle = len(places) // 2
    return [_Cut("some others", frozenset(half)) for half in (places[:middle], places[middle:])]


def _matters(whole: Likelihood, left_out: LeftOut) -> bool:
    return left_out.instead is not None or abs((left_out.per_token or 0.0) - whole.per_token) >= _MATTERS


def _likeness(value: Any, hit: Hit) -> float:
    return max((said_share(leaf, hit.snippet.text) for leaf in leaves(value)), default=0.0)


def _left_out(task: Task, hits: Sequence[Hit], cut: _Cut, *, blind: bool) -> LeftOut:
    names = tuple(hits[position].snippet.snippet_id for position in sorted(cut.positions))
    left = [hit for position, hit in enumerate(hits) if position not in cut.positions]
    if not left:
        return LeftOut(cut.removed, names, 0.0, 0.0, 1.0, ())
    read = None if blind else _read(task, left, {"const": task.value})
    if read is None:
        return LeftOut(cut.removed, names, None, None, None, _instead(task, left))
    found = read[1]
    # A choice that is likeliest may still be too weak to be shown.
    stays = found.is_expected and task.inquiry.decided(left) is None
    instead = None if stays else _instead(task, left)
    return LeftOut(cut.removed, names, *_numbers(found), round(found.nothing, 4), instead)


def _instead(task: Task, left: Sequence[Hit]) -> tuple[Any, ...] | None:
    """What the model writes of itself; None when the value is among it all the same."""
    try:
        written = task.inquiry.free(left)
    except ModelReplyError:
        return ()
    different = {normalise(str(each)): each for each in reversed(written)}  # a small model repeats itself
    return None if normalise(str(task.value)) in different else tuple(reversed(different.values()))


def _read(task: Task, hits: Sequence[Hit], form: JsonSchema) -> tuple[Any, Likelihood] | None:
    """A value of ``form`` that the model writes in the place of the task's, and how likely it is.

    None where the model tells no probabilities, or enforces no schema.
    """
    decided = task.inquiry.decided(hits)
    if decided is not None:
        value = form.get("const", decided.chances[0][0])
        return value, _as_likelihood(decided, value)
    numbers = {key_of(hit): number for number, hit in enumerate(hits, start=1)}
    noted = [Noted(each.value, tuple(numbers[key] for key in each.cited if key in numbers)) for each in task.before]
    noted = [each for each in noted if each.numbers]
    own = sorted(numbers[key] for key in task.cited if key in numbers)  # when none is left, any may be cited
    try:
        draft = task.inquiry.read(hits, form, own or range(1, len(hits) + 1), noted)
    except ModelReplyError:
        return None
    reply = draft.value
    found = likelihood_of(draft.tokens, task.inquiry.key, len(reply) - 1 if isinstance(reply, list) else 0)
    entry = reply[-1] if isinstance(reply, list) else reply
    return None if found is None else (entry[task.inquiry.key], found)


def _as_likelihood(decided: Decided, value: Any) -> Likelihood:
    chance = decided.chance_of(value)
    others = tuple((str(option), other) for option, other in decided.chances if not _same(option, value))
    return Likelihood(chance, decided.nothing, chance, others, 1)


def _alternatives(task: Task, whole: Likelihood, hits: Sequence[Hit]) -> tuple[Alternative, ...]:
    """The likeliest other values: other beginnings, each completed under a grammar, or the other choices."""
    decided = task.inquiry.decided(hits)
    if decided is not None:
        others = [each for each in decided.chances if not _same(each[0], task.value)]
        return tuple(Alternative(option, chance, chance) for option, chance in others[:_MOST_ALTERNATIVES])
    found: list[Alternative] = []
    for form in _other_forms(task, whole)[:_MOST_ALTERNATIVES]:
        read = _read(task, hits, form)
        known = [task.value, *(each.value for each in found)]
        if read is None or read[1].per_token < _LEAST_PER_TOKEN or any(_same(read[0], each) for each in known):
            continue
        found.append(Alternative(read[0], *_numbers(read[1])))
    return tuple(sorted(found, key=lambda each: -each.probability))


def _other_forms(task: Task, whole: Likelihood) -> list[JsonSchema]:
    form = task.inquiry.form
    if "enum" in form or form.get("type") == "boolean":
        choices = form.get("enum", [True, False])
        return [{"const": each} for each in choices if each is not None and not _same(each, task.value)]
    said = normalise(str(task.value))
    beginnings: dict[str, None] = {}
    for text, chance in whole.others:
        plain = normalise(text)
        if chance >= _LEAST_CHANCE and plain and not said.startswith(plain) and not plain.startswith(said):
            beginnings[text.strip()] = None
    forms = [beginning_with(form, each) for each in beginnings]
    return [each for each in forms if each is not None]


def _numbers(found: Likelihood) -> tuple[float, float]:
    return round(found.value, 4), round(found.per_token, 4)


def _same(one: Any, other: Any) -> bool:
    return normalise(str(one)) == normalise(str(other))
