"""Measures what a value rests on: its probability, its strongest alternatives, and what happens without each snippet.

Leave-one-out as in ContextCite (Cohen-Wang et al. 2024, https://arxiv.org/abs/2409.00729), which removes sources and
compares the log-probability of the same reply; made cheap as in AttriBoT (Liu et al. 2024, https://arxiv.org/abs/2411.15102):
the key-value cache is shared by leaving the last snippets out first; snippets that cannot matter by a cheap proxy (they
share no words with the value and are not cited) are left out together, as one group. Knows nothing of documents or stores.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.errors import ModelReplyError
from agent.evidence import key_of
from agent.explanations import Alternative, LeftOut, Removed
from agent.inquiries import Inquiry, beginning_with
from agent.likelihood import Likelihood, likelihood_of
from agent.wording import leaves, normalise, said_share
from retrieval import Hit

__all__ = ["MOST_ABLATIONS", "Measured", "guess", "measure"]

MOST_ABLATIONS = 8
_MOST_ALTERNATIVES = 3
_LEAST_CHANCE = 0.005
_SIMILAR = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured. ``value`` is None where the model tells no probabilities: then only ``without`` holds what it
    writes without the cited snippets."""

    value: Likelihood | None
    alternatives: tuple[Alternative, ...]
    without: tuple[LeftOut, ...]


class _Cut(NamedTuple):
    removed: Removed
    positions: frozenset[int]


def measure(
    inquiry: Inquiry,
    value: Any,
    hits: Sequence[Hit],
    cited: Collection[tuple[str, str]],
    on_step: Callable[[int, int], None],
) -> Measured:
    """Measure ``value`` over ``hits`` (in the order shown), of which those with the keys ``cited`` are its evidence.

    At most ``MOST_ABLATIONS`` times something is left out; a value that falls away is answered by one free reply.

    Raises:
        ModelUnavailable: the model cannot be asked.
    """
    cuts = _cuts(value, hits, cited)
    on_step(0, len(cuts) + 1)
    whole = _likelihood(inquiry, value, hits, cited)
    alternatives = _alternatives(inquiry, value, whole, hits, cited) if whole else ()
    if whole is None:
        cuts = [cut for cut in cuts if cut.removed != "similar"]
    without = []
    for done, cut in enumerate(cuts, start=1):
        on_step(done, len(cuts) + 1)
        left = [hit for position, hit in enumerate(hits) if position not in cut.positions]
        without.append(_left_out(inquiry, value, hits, left, cut, cited, blind=whole is None))
    on_step(len(cuts) + 1, len(cuts) + 1)
    return Measured(whole, alternatives, tuple(without))


def guess(inquiry: Inquiry, hits: Sequence[Hit]) -> tuple[Alternative, float] | None:
    """What the model would write if it had to write something, and the probability of nothing; None where it cannot say."""
    try:
        draft = inquiry.read(hits, inquiry.form, range(1, len(hits) + 1))
    except ModelReplyError:
        return None
    found = likelihood_of(draft.tokens, inquiry.key)
    return (
        None if found is None else (Alternative(_value_of(draft.value, inquiry.key), *_numbers(found)), found.nothing)
    )


def _cuts(value: Any, hits: Sequence[Hit], cited: Collection[tuple[str, str]]) -> list[_Cut]:
    """What is left out, the last snippets first: so each prompt begins like the one before it for as long as it can."""
    own = [n for n, hit in enumerate(hits) if key_of(hit) in cited]
    likeness = {n: _likeness(value, hit) for n, hit in enumerate(hits) if n not in own}
    room = MOST_ABLATIONS - 1 - len(own) - (len(own) > 1)
    similar = sorted((n for n in likeness if likeness[n] >= _SIMILAR), key=lambda n: -likeness[n])[: max(0, room)]
    rest = frozenset(likeness) - frozenset(similar)
    cuts = [_Cut("cited", frozenset({n})) for n in own[: MOST_ABLATIONS - 2]]
    cuts += [_Cut("similar", frozenset({n})) for n in similar]
    cuts += [_Cut("all cited", frozenset(own))] if len(own) > 1 else []
    cuts += [_Cut("others", rest)] if rest else []
    return sorted(cuts, key=lambda cut: (-min(cut.positions), len(cut.positions)))


def _likeness(value: Any, hit: Hit) -> float:
    return max((said_share(leaf, hit.snippet.text) for leaf in leaves(value)), default=0.0)


def _left_out(
    inquiry: Inquiry,
    value: Any,
    hits: Sequence[Hit],
    left: Sequence[Hit],
    cut: _Cut,
    cited: Collection[tuple[str, str]],
    *,
    blind: bool,
) -> LeftOut:
    names = tuple(hits[position].snippet.snippet_id for position in sorted(cut.positions))
    if not left:
        return LeftOut(cut.removed, names, 0.0, 0.0, 1.0, ())
    found = None if blind else _likelihood(inquiry, value, left, cited)
    numbers = (None, None, None) if found is None else (*_numbers(found), round(found.nothing, 4))
    instead = None if found is not None and found.is_expected else _instead(inquiry, value, left)
    return LeftOut(cut.removed, names, *numbers, instead)


def _instead(inquiry: Inquiry, value: Any, left: Sequence[Hit]) -> tuple[Any, ...] | None:
    """What the model writes of itself; None when the value is among it all the same."""
    try:
        written = inquiry.free(left)
    except ModelReplyError:
        return ()
    return None if any(_same(each, value) for each in written) else tuple(written)


def _likelihood(
    inquiry: Inquiry, value: Any, hits: Sequence[Hit], cited: Collection[tuple[str, str]]
) -> Likelihood | None:
    try:
        draft = inquiry.read(hits, {"const": value}, _numbers_of(hits, cited))
    except ModelReplyError:  # a server that enforces no schema
        return None
    return likelihood_of(draft.tokens, inquiry.key)


def _numbers_of(hits: Sequence[Hit], cited: Collection[tuple[str, str]]) -> Sequence[int]:
    """The numbers of the cited snippets in the prompt; when none is left, any may be cited."""
    own = [number for number, hit in enumerate(hits, start=1) if key_of(hit) in cited]
    return own or range(1, len(hits) + 1)


def _alternatives(
    inquiry: Inquiry, value: Any, whole: Likelihood, hits: Sequence[Hit], cited: Collection[tuple[str, str]]
) -> tuple[Alternative, ...]:
    """The likeliest other values: other beginnings, each completed under a grammar, or the other choices."""
    found: list[Alternative] = []
    for form in _other_forms(inquiry, value, whole)[:_MOST_ALTERNATIVES]:
        try:
            draft = inquiry.read(hits, form, _numbers_of(hits, cited))
        except ModelReplyError:
            continue
        other, likelihood = _value_of(draft.value, inquiry.key), likelihood_of(draft.tokens, inquiry.key)
        known = [value, *(each.value for each in found)]
        if likelihood is not None and not any(_same(other, each) for each in known):
            found.append(Alternative(other, *_numbers(likelihood)))
    return tuple(sorted(found, key=lambda each: -each.probability))


def _other_forms(inquiry: Inquiry, value: Any, whole: Likelihood) -> list[dict[str, Any]]:
    form = inquiry.form
    if "enum" in form or form.get("type") == "boolean":
        choices = form.get("enum", [True, False])
        return [{"const": each} for each in choices if each is not None and not _same(each, value)]
    said = normalise(str(value))
    beginnings: list[str] = []
    for text, chance in whole.others:
        bare = text.strip()
        plain = normalise(bare)
        if chance < _LEAST_CHANCE or not plain or said.startswith(plain) or plain.startswith(said):
            continue
        if bare not in beginnings:
            beginnings.append(bare)
    forms = [beginning_with(form, each) for each in beginnings]
    return [each for each in forms if each is not None]


def _value_of(reply: Any, key: str) -> Any:
    return (reply[0] if isinstance(reply, list) else reply)[key]


def _numbers(found: Likelihood) -> tuple[float, float]:
    return round(found.value, 4), round(found.per_token, 4)


def _same(one: Any, other: Any) -> bool:
    return normalise(str(one)) == normalise(str(other))
