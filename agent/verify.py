"""Checks drafted values against the words they cite: bounds, speaker, wording by code; the rest by the model as judge.

Knows one value and its snippets at a time; what happens to several values of one attribute is ``resolve``'s.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.asked_for import accepted_manners
from agent.assertion import REASONS, strongest
from agent.documents import Evidence, Origin, Rejected, cite, cite_hits, signals_of
from agent.echo import repeats_question, repeats_template
from agent.evidence import is_about_user, joined, prompt_language
from agent.exchanges import answers_bare
from agent.facets import Facet
from agent.misplaced import is_misplaced
from agent.persons import asked_of_others, asks_about_others, said_of_other
from agent.schema import validation_problems
from agent.schema_rules import JsonSchema, standard
from agent.voice import is_given_up_in, manner_in, without_instructions
from agent.wishes import asks_for_wishes, wishes_in
from agent.wording import (
    is_placeholder,
    leaves,
    missing_numbers,
    quote_span,
    repeats_itself,
    said_share,
    sentences,
    whole_brackets,
)
from retrieval import Hit
from retrieval.personal.kinds import is_mask

__all__ = ["Accepted", "Drafted", "Judge", "said_leaves", "verify"]

Judge = Callable[[Facet, Any, Sequence[Evidence], bool], float]
"""``judge(facet, value, evidence, record)``: the probability that the quotes say the value of the user. ``record``:
they are not the user's own words but a system's record about the user."""

_LITERAL_NEEDS = 0.6
_RECORD_NEEDS = 0.5
_PARAPHRASE_NEEDS = 0.8
_INFERRED_NEEDS = 0.35
_FORMER_NEEDS = 0.35  # the words are literal and the tense is told by code; the judge is asked in the present
_SHARE_NEEDED = 0.5
_NOTHING_ALLOWED = 0.3
_NOTHING_OF_BARE = 0.2  # a bare reply fits many an attribute: what its question asks for, the model is surer of
_MOST_EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Drafted:
    """A value as the model wrote it, with the snippets that it cited; ``pool`` are those that it could have cited.

    ``probability`` is that of the reply it stood in (:class:`agent.chat.Draft`). ``nothing``: that its snippet tells
    nothing, for what was taken out of one alone (:class:`agent.extracting.Extracted`).
    """

    facet: Facet
    value: Any
    cited: tuple[Hit, ...]
    pool: tuple[Hit, ...]
    probability: float | None = None
    nothing: float | None = None

    @property
    def sure(self) -> float | None:
        """How sure the model was when it read the value out of one snippet, 0 to 1; None for other drafts."""
        if self.nothing is None or self.probability is None:
            return None
        return (1 - self.nothing) * self.probability


@dataclass(frozen=True, slots=True)
class Accepted:
    """A value that stands up to its evidence. ``confidence`` is the model's probability, 0 to 1, not calibrated: that
    of the reading, or the judge's; ``signals`` are what a calibration makes a better one from.

    ``former``: the evidence says that it was so and is no longer.
    """

    facet: Facet
    value: Any
    origin: Origin
    confidence: float
    evidence: tuple[Evidence, ...]
    epoch: float
    signals: Mapping[str, float] = field(default_factory=dict)
    former: bool = False


def verify(drafted: Drafted, judge: Judge, others: Collection[str] = ()) -> list[Accepted | Rejected]:
    """What becomes of a drafted value: accepted, or rejected with a reason.

    Nothing when it says "nothing" in words; of a text the sentences that hold are accepted together, and each other one
    is rejected by itself. ``others`` are names of people that the user speaks of.
    """
    facet = drafted.facet
    value = _pruned(facet.item, _tidy(drafted.value))
    if is_placeholder(value) or repeats_question(facet, value):
        return []
    if isinstance(value, str) and is_mask(value, " ".join(hit.snippet.text for hit in drafted.cited)):
        return [Rejected(facet.pointer, value, "masked when the history was loaded", cite_hits(drafted.cited))]
    plain = replace(drafted, cited=without_instructions(drafted.cited), pool=without_instructions(drafted.pool))
    if drafted.cited and not plain.cited:
        return [
            Rejected(facet.pointer, value, "an instruction to the program, not a statement", cite_hits(drafted.cited))
        ]
    drafted = plain
    allowed = [hit for hit in drafted.cited if is_about_user(hit)]
    if facet.kind == "text" and allowed and isinstance(value, str):
        return _text(replace(drafted, cited=tuple(allowed)), value, judge)
    verdict = _value(drafted, value, allowed, judge, others)
    return [verdict, *_withdrawals(verdict, drafted, others)] if isinstance(verdict, Accepted) else [verdict]


def _text(drafted: Drafted, text: str, judge: Judge) -> list[Accepted | Rejected]:
    facet, hits = drafted.facet, drafted.cited
    words = " ".join(hit.snippet.text for hit in hits)
    kept: list[Accepted] = []
    refused: list[Accepted | Rejected] = []
    for sentence in sentences(text):
        missing = missing_numbers(sentence, words)
        copied = repeats_template(sentence)
        if missing or copied or repeats_itself(sentence):
            reason = "words of the prompt" if copied else "repeats itself"
            reason = f"the number {missing[0]} is not in the cited words" if missing else reason
            refused.append(Rejected(facet.pointer, sentence, reason, cite_hits(hits)))
            continue
        verdict = _judged(drafted, sentence, hits, "inferred", _INFERRED_NEEDS, judge)
        if isinstance(verdict, Accepted):
            kept.append(verdict)
        else:
            refused.append(verdict)
    if not kept:
        return refused
    whole = joined((each.value for each in kept), prompt_language([text]))
    if problems := validation_problems(standard(facet.item), whole):
        return [*refused, Rejected(facet.pointer, whole, _unlike_schema(problems), cite_hits(hits))]
    return [replace(min(kept, key=lambda each: each.confidence), value=whole), *refused]


def _value(
    drafted: Drafted, value: Any, allowed: Sequence[Hit], judge: Judge, others: Collection[str]
) -> Accepted | Rejected:
    facet = drafted.facet

    def reject(reason: str) -> Rejected:
        return Rejected(facet.pointer, value, reason, cite_hits(drafted.cited))

    if problems := validation_problems(standard(facet.item), value):
        return reject(_unlike_schema(problems))
    if not allowed:
        return reject("said by someone else about themselves, not about the user")
    record = all(hit.snippet.role != "user" for hit in allowed)
    doubt = _NOTHING_OF_BARE if any(map(answers_bare, allowed)) else _NOTHING_ALLOWED
    if drafted.nothing is not None and drafted.nothing > (_RECORD_NEEDS if record else doubt):
        return reject(f"the words seem not to tell it (P={drafted.nothing:.2f} that they tell nothing)")
    drafted = replace(drafted, cited=tuple(allowed))
    accepts = accepted_manners(facet.words)
    if facet.kind == "choice":
        chosen = facet.label if value is True else value
        hits = [hit for hit in allowed if manner_in(chosen, hit, facet) in accepts]
        if not hits:
            return reject(REASONS[strongest(manner_in(chosen, hit, facet) for hit in allowed)])
        return _judged(drafted, value, hits, "inferred", _INFERRED_NEEDS, judge)
    hits, share = _supporting(value, drafted)
    if missing := missing_numbers(value, " ".join(hit.snippet.text for hit in hits)):
        return reject(f"the number {missing[0]} is not in the cited words")
    hits = [hit for hit in hits if not is_misplaced(value, hit.snippet.text, facet.words)]
    if not asks_about_others(facet.words):
        hits = [hit for hit in hits if not said_of_other(value, hit.snippet.text, others)]
    if not hits:
        return reject("said of another person")
    hits = [hit for hit in hits if not asked_of_others(value, hit.snippet.text) or _is_wish(facet, value, hit)]
    if not hits:
        return reject("asked, not said")
    best = strongest(manner_in(value, hit, facet) for hit in hits)
    manner = "said" if best in accepts else best
    if manner not in ("said", "former"):
        return reject(REASONS[manner])
    hits = [hit for hit in hits if manner_in(value, hit, facet) in (accepts if manner == "said" else {manner})]
    if share < _SHARE_NEEDED:
        return reject(f"the cited words do not say it (they hold {share:.0%} of it)")
    if manner == "former":
        verdict = _judged(drafted, value, hits, "stated", _FORMER_NEEDS, judge, literal=share == 1.0)
        return replace(verdict, former=True) if isinstance(verdict, Accepted) else verdict
    needed = _LITERAL_NEEDS if share == 1.0 else _PARAPHRASE_NEEDS
    return _judged(drafted, value, hits, "stated", needed, judge, literal=share == 1.0)


def _is_wish(facet: Facet, value: Any, hit: Hit) -> bool:
    """Whether a question asks for the thing itself: "could you cancel the order?", of what the user wants."""
    return asks_for_wishes(facet.label) and value in wishes_in(hit.snippet.text)


def _withdrawals(said: Accepted, drafted: Drafted, others: Collection[str]) -> list[Accepted]:
    """Snippets of the pool in which the user gives up or flatly denies, not earlier, what was accepted."""
    facet, value = said.facet, said.value
    if facet.kind == "choice" or said.former or "former" in accepted_manners(facet.words):
        return []
    cited = {each.snippet_id for each in said.evidence}
    return [
        replace(said, evidence=(_cite(hit, value),), epoch=hit.event.epoch or 0.0, former=True)
        for hit in drafted.pool
        if hit.snippet.role == "user" and hit.snippet.snippet_id not in cited
        and (hit.event.epoch or 0.0) >= said.epoch and _share(facet.item, value, hit) == 1.0
        and is_given_up_in(value, hit) and not said_of_other(value, hit.snippet.text, others)
    ]  # fmt: skip


def _unlike_schema(problems: Mapping[str, str]) -> str:
    return f"not what the schema allows: {next(iter(problems.values()))}"


def _tidy(value: Any) -> Any:
    """Strings without outer white space, and placeholders inside of objects as null."""
    if isinstance(value, str):
        return whole_brackets(value.strip())
    if isinstance(value, dict):
        return {k: None if is_placeholder(v) else _tidy(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_tidy(v) for v in value if not is_placeholder(v)]
    return value


def _pruned(node: JsonSchema, value: Any) -> Any:
    """``value`` without the nulls that its schema does not allow (drafting fills optional keys with null)."""
    if isinstance(value, dict) and "properties" in node:
        children = {name: node["properties"].get(name, {}) for name in value}
        return {k: _pruned(children[k], v) for k, v in value.items() if v is not None or children[k].get("nullable")}
    if isinstance(value, list) and "items" in node:
        return [_pruned(node["items"], each) for each in value]
    return value


def _share(item: JsonSchema, value: Any, hit: Hit) -> float:
    shares = [said_share(leaf, hit.snippet.text) for leaf in said_leaves(item, value)]
    return sum(shares) / len(shares) if shares else 1.0


def said_leaves(node: JsonSchema, value: Any) -> Iterator[Any]:
    """The scalars that the words must hold: not what is chosen from a few (an enum, a boolean), which is inferred."""
    if "enum" in node or "const" in node or isinstance(value, bool):
        return
    if isinstance(value, dict):
        for name, child in value.items():
            yield from said_leaves(node.get("properties", {}).get(name, {}), child)
    elif isinstance(value, list):
        for child in value:
            yield from said_leaves(node.get("items", {}), child)
    elif value is not None:
        yield value


def _supporting(value: Any, drafted: Drafted) -> tuple[list[Hit], float]:
    """The snippets that say the value, cited ones first, and how much of it they say.

    A small model often copies the right words and gives the wrong number; where a snippet that it was shown for this
    attribute says the value literally and plainly, and no cited one does, that one is the evidence.
    """
    item, accepts = drafted.facet.item, accepted_manners(drafted.facet.words)
    shares = [(hit, _share(item, value, hit)) for hit in drafted.cited]
    pool = drafted.pool if drafted.nothing is None else ()  # what was read alone says what it says, or nothing does
    others = [hit for hit in pool if hit not in drafted.cited and is_about_user(hit)]
    cited = [hit for hit, share in shares if share == 1.0]
    plain = [hit for hit in cited if manner_in(value, hit, drafted.facet) in accepts] or [
        hit for hit in others if _share(item, value, hit) == 1.0 and manner_in(value, hit, drafted.facet) in accepts
    ]
    if literal := plain or cited:
        return literal[:_MOST_EVIDENCE], 1.0
    best = max(share for _, share in shares)
    return [hit for hit, share in shares if share == best][:1], best


def _judged(
    drafted: Drafted,
    value: Any,
    hits: Sequence[Hit],
    origin: Origin,
    needed: float,
    judge: Judge,
    *,
    literal: bool = False,
) -> Accepted | Rejected:
    """By the model's probability; a value that was read out of a snippet alone, in its words, needs no second look."""
    evidence = tuple(_cite(hit, value) for hit in hits)
    record = all(hit.snippet.role != "user" for hit in hits)
    judged = None
    if literal and drafted.sure is not None:
        sure = drafted.sure
    else:
        sure = judged = judge(drafted.facet, value, evidence, record)
    needed = min(needed, _RECORD_NEEDS) if record else needed
    if sure < needed:
        return Rejected(drafted.facet.pointer, value, f"not entailed by the cited evidence (P={sure:.2f})", evidence)
    if origin == "stated" and record:
        origin = "reported"
    newest = max(hit.event.epoch or 0.0 for hit in hits)
    signals = signals_of(judge=judged, draft=drafted.probability, nothing=drafted.nothing)
    return Accepted(drafted.facet, value, origin, round(sure, 4), evidence, newest, signals)


def _cite(hit: Hit, value: Any) -> Evidence:
    start, end = quote_span(hit.snippet.text, list(leaves(value)))
    return cite(hit.snippet, hit.event, hit.snippet.start + start, hit.snippet.start + end)
