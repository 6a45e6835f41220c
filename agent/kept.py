"""What was found out about each attribute before, so that it is not asked again while what it rests on is the same.

Knows verdicts and what they depended on, not how one comes to them.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from agent.documents import Evidence, Rejected
from agent.evidence import Pack, key_of, line_of
from agent.facets import Facet
from agent.persons import with_names
from agent.plain import plain_of, restored
from agent.verify import Accepted
from prompts import Language
from retrieval import Hit

__all__ = ["Kept", "Stands", "Verdicts", "digest_of"]

Stands = Callable[[Evidence], bool]
"""Whether a history still holds these words, said by the same speaker at the same time."""


def digest_of(*parts: object) -> str:
    """32 hex digits over JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(slots=True)
class Verdicts:
    """What was accepted and rejected for an attribute, and what it depended on.

    Attributes:
        key: a hash of how the attribute is defined.
        seen: hashes of the snippets that were found for it, far beyond those that it was shown.
        names: the names of other people that were known.
        shown: the snippets that it was shown, as pairs of event id and snippet id.
    """

    key: str
    seen: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    shown: list[tuple[str, str]] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON types; which facet it is about is known from elsewhere."""
        return {
            "key": self.key,
            "seen": sorted(self.seen),
            "names": sorted(self.names),
            "shown": self.shown,
            "accepted": [plain_of(each, {"facet"}) for each in self.accepted],
            "rejected": [plain_of(each) for each in self.rejected],
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any], facet: Facet) -> Self:
        """What ``as_json`` made of the verdicts on ``facet``."""
        return cls(
            plain["key"],
            set(plain["seen"]),
            set(plain["names"]),
            [(event_id, snippet_id) for event_id, snippet_id in plain["shown"]],
            [restored(Accepted, {**each, "facet": facet}) for each in plain["accepted"]],
            [restored(Rejected, each) for each in plain["rejected"]],
        )


class Kept:
    """The verdicts of one user's profile under one schema: those of an earlier run, and those of this one.

    Args:
        maker: what made the verdicts besides the snippets: model, prompts, rules. Others' verdicts count for nothing.
        earlier: what ``private`` gave in the earlier run.
        stands: a verdict is used again only when all the words that it cites still stand.
    """

    def __init__(self, maker: str = "", earlier: Mapping[str, Any] | None = None, stands: Stands | None = None) -> None:
        earlier = earlier or {}
        known = stands is not None and earlier.get("maker") == maker
        self._maker = maker
        self._stands = stands or (lambda evidence: False)
        self._earlier: Mapping[str, Any] = earlier.get("facets", {}) if known else {}
        self._earlier_texts: Mapping[str, Any] = earlier.get("texts", {}) if known else {}
        self._earlier_moods: Mapping[str, Any] = earlier.get("moods", {}) if known else {}
        self._moods: dict[str, Mapping[str, float]] = {}
        self._now: dict[str, Verdicts] = {}
        self._texts: dict[str, Verdicts] = {}

    def recall(
        self, found: Sequence[tuple[Facet, Sequence[Hit]]], k: int, people: Mapping[str, str], language: Language
    ) -> dict[str, Verdicts]:
        """The earlier verdicts on those facets to which nothing new would be shown, by pointer.

        That is: among the first ``k`` snippets that are found there is none, and in them no name of another person,
        that was not known then. Snippets that were known and that only rank higher now are nothing new: ranks shift a
        little with every event.

        Args:
            found: snippets for each facet, best first, many more than ``k``.
            k: so many of them would be shown.
            people: those whom the user speaks of, with what they are to the user.
            language: that of the prompts.
        """
        recalled = {}
        for facet, hits in found:
            key = digest_of(asdict(facet), language, with_names(facet.label, people))
            known = self._recalled(facet, self._earlier, key)
            if known is not None and _is_nothing_new(hits[:k], people, known):
                recalled[facet.pointer] = known
            else:
                self._now[facet.pointer] = Verdicts(key, {_hash(hit) for hit in hits}, set(people))
        self._now |= recalled
        return recalled

    def _recalled(self, facet: Facet, earlier: Mapping[str, Any], key: str) -> Verdicts | None:
        plain = earlier.get(facet.pointer)
        if plain is None or plain["key"] != key:
            return None
        known = Verdicts.of(plain, facet)
        verdicts: list[Accepted | Rejected] = [*known.accepted, *known.rejected]
        cited = [evidence for each in verdicts for evidence in each.evidence]
        return known if all(self._stands(evidence) for evidence in cited) else None

    def show(self, packs: Iterable[Pack]) -> None:
        """Note which snippets facets are shown."""
        for pack in packs:
            for facet in (each for each in pack.facets if each.pointer in self._now):
                self._now[facet.pointer].shown = [key_of(hit) for hit in pack.hits]
                self._now[facet.pointer].seen.update(_hash(hit) for hit in pack.hits)

    def note(self, accepted: Iterable[Accepted], rejected: Iterable[Rejected]) -> None:
        """Note all that was accepted and rejected in this run, before people's corrections."""
        for verdicts in self._now.values():
            verdicts.accepted, verdicts.rejected = [], []
        for each in accepted:
            if each.facet.pointer in self._now:
                self._now[each.facet.pointer].accepted.append(each)
        for refused in rejected:
            if refused.pointer in self._now:
                self._now[refused.pointer].rejected.append(refused)

    def text(
        self, facet: Facet, facts: Sequence[str], language: Language, write: Callable[[], Accepted | Rejected | None]
    ) -> Accepted | Rejected | None:
        """The text that was written for a facet from the same facts before, else what ``write`` writes now."""
        key = digest_of(asdict(facet), language, sorted(facts))
        verdicts = self._recalled(facet, self._earlier_texts, key)
        if verdicts is None:
            written, verdicts = write(), Verdicts(key)
            if isinstance(written, Accepted):
                verdicts.accepted.append(written)
            elif written is not None:
                verdicts.rejected.append(written)
        self._texts[facet.pointer] = verdicts
        both: list[Accepted | Rejected] = [*verdicts.accepted, *verdicts.rejected]
        return both[0] if both else None

    @property
    def has_moods(self) -> bool:
        """Whether moods were read before."""
        return bool(self._earlier_moods)

    def mood(
        self, about: str, hits: Sequence[Hit], read: Callable[[], Mapping[str, float]] | None
    ) -> Mapping[str, float] | None:
        """What was read from the same snippets before, else what ``read`` reads now; None where nothing is to be read.

        Kept are probabilities and a hash of what they were read from, no words.
        """
        key = digest_of(about, [_hash(hit) for hit in hits])
        found: Mapping[str, float] | None = self._earlier_moods.get(key)
        if found is None and read is not None:
            found = read()
        if found is not None:
            self._moods[key] = found
        return found

    def private(self) -> dict[str, Any]:
        """This run's verdicts as JSON types, for ``earlier`` of the next run."""
        return {
            "maker": self._maker,
            "facets": {pointer: verdicts.as_json() for pointer, verdicts in self._now.items()},
            "texts": {pointer: verdicts.as_json() for pointer, verdicts in self._texts.items()},
            "moods": dict(self._moods),
        }


def _is_nothing_new(hits: Iterable[Hit], others: Collection[str], known: Verdicts) -> bool:
    return all(
        _hash(hit) in known.seen and known.names.issuperset(name for name in others if name in hit.snippet.text)
        for hit in hits
    )


def _hash(hit: Hit) -> str:
    """What a snippet is to the model, in short."""
    return digest_of(*key_of(hit), hit.snippet.role, line_of(hit))[:12]
