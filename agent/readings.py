"""Explains a value that is read out of one snippet at a time: what each snippet says, and what would stand there
without some of them.

A profile reads such values that way (``extracting``), so the replies do not depend on each other: one reply a snippet
tells all probabilities, and for leaving a snippet out no model is asked, only the rules that come after. Knows
attributes and verdicts, not the document of an explanation as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.chat import Chat
from agent.documents import Evidence, Rejected, cite_hits
from agent.drafting import judge_claim
from agent.evidence import key_of
from agent.explanations import Alternative, LeftOut, ReadAlone, Removed
from agent.extracting import Extracted, extract
from agent.facets import Facet
from agent.persons import with_names
from agent.rewording import same_wording, value_key
from agent.verify import Accepted, Drafted, verify
from prompts import Language
from retrieval import Hit

__all__ = ["Attribute", "Key", "Readings", "cuts_of", "read_each"]

Key = tuple[str, str]
"""Names a snippet: the ids of its event and its own."""

_MOST_ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is read for. ``people`` are those whom the user speaks of, with what they are to the user.

    ``left`` are the values that stand at the attribute when these verdicts, and no others, are accepted.
    """

    facet: Facet
    language: Language
    people: Mapping[str, str]
    left: Callable[[Sequence[Accepted]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Readings:
    """What each snippet says by itself, and what is accepted of it."""

    attribute: Attribute
    read: tuple[ReadAlone, ...]
    accepted: tuple[Accepted, ...]

    def best(self, value: Any, without: frozenset[Key] = frozenset()) -> ReadAlone | None:
        """The surest reading of ``value``, of those whose snippets are not left out."""
        key = value_key(value)
        own = [each for each in self._kept(without) if key in map(value_key, each.values)]
        return max(own, key=lambda each: each.sure or each.tells, default=None)

    def of_value(self, value: Any, cited: Sequence[Key]) -> dict[str, Any]:
        """What an explanation tells of a value that rests on the snippets ``cited``, under the names of its fields."""
        best = self.best(value)
        sure = best.sure if best is not None else None
        return {
            "probability": sure,
            "per_token": sure,
            "nothing": None if best is None else round(1 - best.tells, 4),
            "without": tuple(self.without(value, *cut) for cut in cuts_of(cited)),
        }

    def nothing(self) -> float | None:
        """The probability that even the snippet which most seems to tell something tells nothing."""
        return min((round(1 - each.tells, 4) for each in self.read), default=None)

    def alternatives(self, value: Any = None) -> tuple[Alternative, ...]:
        """The other values that were read, surest first."""
        others = {value_key(each): each for reading in self.read for each in reading.values}
        found = []
        for other in others.values():
            best = self.best(other)
            if best is not None and best.sure is not None and not (value is not None and same_wording(other, value)):
                found.append(Alternative(other, best.sure, best.sure))
        return tuple(sorted(found, key=lambda each: -each.probability)[:_MOST_ALTERNATIVES])

    def without(self, value: Any, removed: Removed, gone: frozenset[Key]) -> LeftOut:
        """What would stand there had these snippets not been."""
        held = [each for each in self.accepted if not {e.key for e in each.evidence} <= gone]
        values = self.attribute.left(held)
        stays = any(same_wording(each, value) for each in values)
        best = self.best(value, gone)
        sure = best.sure if best is not None else None if self.is_mute() else 0.0
        names = tuple(sorted(name for _, name in gone))
        if stays:
            instead = None
        elif self.attribute.facet.kind == "list":
            instead = ()
        else:
            instead = tuple(values)
        return LeftOut(removed, names, sure, sure, None, instead)

    def _kept(self, without: frozenset[Key]) -> list[ReadAlone]:
        return [each for each in self.read if each.evidence.key not in without]

    def is_mute(self) -> bool:
        """Whether the model read values and told no probabilities."""
        told = [each.sure for each in self.read if each.values]
        return bool(told) and None in told


def cuts_of(cited: Sequence[Key]) -> list[tuple[Removed, frozenset[Key]]]:
    """What is left out of the snippets ``cited``: each, and all of several."""
    each: list[tuple[Removed, frozenset[Key]]] = [("cited", frozenset({key})) for key in cited]
    return [*each, ("all cited", frozenset(cited))] if len(cited) > 1 else each


def read_each(
    chat: Chat,
    attribute: Attribute,
    hits: Sequence[Hit],
    refused: Sequence[Rejected],
    on_step: Callable[[int, int], None],
) -> Readings:
    """Let the model read each snippet, and check what it reads as a profile does.

    ``refused`` is what the profile has refused of the attribute, for whatever reason: it stays refused.

    Raises:
        ModelUnavailable: the model cannot be asked.
    """
    read: list[ReadAlone] = []
    accepted: list[Accepted] = []
    facet, language = attribute.facet, attribute.language

    def judge(about: Facet, value: Any, evidence: Sequence[Evidence], record: bool) -> float:
        return judge_claim(chat, about, value, evidence, language, record=record)

    label = with_names(facet.label, attribute.people)
    for done, hit in enumerate(hits):
        on_step(done, len(hits))
        found = extract(chat, facet, label, hit, language)
        read.append(_read_alone(found, hit))
        for value in found.values:
            if not _is_refused(value, key_of(hit), refused):
                drafted = Drafted(facet, value, (hit,), tuple(hits), found.probability, found.nothing)
                verdicts = verify(drafted, judge, attribute.people)
                accepted += [each for each in verdicts if isinstance(each, Accepted)]
    on_step(len(hits), len(hits))
    return Readings(attribute, tuple(read), tuple(accepted))


def _read_alone(found: Extracted, hit: Hit) -> ReadAlone:
    tells = 1 - found.nothing
    sure = round(tells * found.probability, 4) if found.values and found.probability is not None else None
    return ReadAlone(cite_hits([hit])[0], found.values, round(tells, 4), sure)


def _is_refused(value: Any, key: Key, refused: Sequence[Rejected]) -> bool:
    return any(value_key(each.value) == value_key(value) and key in {e.key for e in each.evidence} for each in refused)
