"""Does with an event what the store's rule says: marks personal data, masks it, or puts pseudonyms in its place.

What was found is noted in the event's metadata, without the words. Knows neither files nor the store.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from retrieval.events import Event
from retrieval.personal.fields import walk
from retrieval.personal.keys import TokenKey
from retrieval.personal.kinds import Kind, Place, label_of
from retrieval.personal.policy import Policy, Rule

__all__ = ["NOTES", "Redacted", "Redactor", "with_redacted"]

NOTES: Final = "limner_personal_data"
"""The entry of an event's metadata that says what was found: kind, field, start, end, and what is sealed."""

_OF_SPEAKERS: Final[frozenset[Kind]] = frozenset(("phone", "email", "id_card", "chat_id"))
_NO_TALK: Final = re.compile(
    r"search|quer|order|review|product|catalog|搜索|检索|查询|订单|下单|评论|评价|商品|浏览", re.IGNORECASE
)
"""Channels in which a name alone is likely that of a product, a brand or a place."""


class Redacted(NamedTuple):
    """An event after the rule; ``former`` is how the same row looked, or would have looked, under another rule."""

    event: Event
    former: tuple[Event, ...] = ()


class Redactor:
    """Applies a rule.

    Args:
        rule: of the store.
        key: for pseudonyms.
        before: the policy of the store until now.
    """

    def __init__(self, rule: Rule, key: TokenKey | None = None, before: Policy = "off") -> None:
        self.rule = rule
        self.before = before
        self._key = key

    def apply(self, event: Event) -> Redacted:
        """The event as it is kept. Of one that is redacted, no raw form is: words hide there in more ways than here."""
        if NOTES in event.metadata:  # they are limner's own: no file may bring any
            event = replace(event, metadata={key: value for key, value in event.metadata.items() if key != NOTES})
        former = () if self.rule.replaces else tuple(with_redacted([event], self.rule)[1:])
        if self.rule.policy == "off":
            return Redacted(event, former)
        from retrieval.personal.finding import find  # a tenth of a second of patterns

        work = _Work(self, event)
        kinds = frozenset(self.rule.kinds)
        answers = event.role == "user" and not _NO_TALK.search(event.channel or "")
        text = work.settle("text", event.text, find(event.text, kinds, answers=answers))
        speaker = event.speaker
        if speaker is not None:
            speaker = work.settle("speaker", speaker, find(speaker, kinds & _OF_SPEAKERS))
        metadata = walk(event.metadata, kinds, work.settle)
        if work.notes:
            metadata[NOTES] = work.notes
        if not self.rule.replaces:
            return Redacted(replace(event, metadata=metadata), former)
        made = replace(event, text=text, speaker=speaker, raw=None, metadata=metadata, event_id=work.event_id)
        return Redacted(made, () if not _changed(event, made) else (event,))

    def found(self, event: Event) -> list[Kind]:
        """The kinds of what was found in an event that was returned, one for each place."""
        return [] if self.rule.policy == "off" else [note["kind"] for note in event.metadata.get(NOTES, ())]

    def keyed_id(self, event: Event) -> str | None:
        """The id of an event whose id is a hash of its words, from which nobody can try which words they were."""
        if event.origin is None or not event.origin.made_id or self.rule.salt is None:
            return None
        digest = hmac.digest(
            bytes.fromhex(self.rule.salt), event.event_id.encode("utf-8", "surrogatepass"), hashlib.sha256
        )
        return f"h{digest.hex()[:24]}"

    def replacement(self, kind: Kind, words: str, text: str) -> str:
        """What stands in place of the words of a text."""
        label = label_of(kind, text)
        return f"[{label}]" if self._key is None else f"[{label}:{self._key.token(kind, words)}]"

    def sealed(self, event: Event, words: str, token: str) -> str | None:
        """What a pseudonym of an event stands for."""
        return None if self._key is None else self._key.seal(words, event.user_id, event.event_id, token)


def with_redacted(events: Iterable[Event], rule: Rule) -> list[Event]:
    """The events, and how a store that ever replaced words may hold them: for looking for them. No key is needed."""
    if rule.salt is None:
        return list(events)
    masking = Redactor(replace(rule, policy="mask"))
    return [form for event in events for form in (event, *_changed(event, masking.apply(event).event))]


def _changed(event: Event, other: Event) -> tuple[Event, ...]:
    return () if (event.event_id, event.text) == (other.event_id, other.text) else (other,)


class _Work:
    """One event: what is done with each of its texts, and what is noted of it."""

    def __init__(self, redactor: Redactor, event: Event) -> None:
        self._redactor = redactor
        own = redactor.keyed_id(event) if redactor.rule.replaces else None
        self.event_id = own or event.event_id
        self._event = replace(event, event_id=self.event_id)
        self.notes: list[dict[str, Any]] = []

    def settle(self, field: str, text: str, places: list[Place]) -> str:
        """The text as it is kept; its places are noted as they are in it."""
        parts: list[str] = []
        length = last = 0
        for kind, start, end in places:
            words = text[start:end]
            stands = self._redactor.replacement(kind, words, text) if self._redactor.rule.replaces else words
            parts += text[last:start], stands
            length += start - last
            note: dict[str, Any] = {"kind": kind, "field": field, "start": length, "end": length + len(stands)}
            if sealed := self._redactor.sealed(self._event, words, stands) if stands != words else None:
                note["sealed"] = sealed
            self.notes.append(note)
            length += len(stands)
            last = end
        return "".join((*parts, text[last:]))
