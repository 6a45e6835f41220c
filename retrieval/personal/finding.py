"""Finds all personal data in a text: asks every recogniser, and settles which of two that overlap is right.

Knows which recogniser goes before which, not how any of them works.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from retrieval.personal import addresses, contacts, credentials, known_names, names, numbers
from retrieval.personal.context import folded
from retrieval.personal.kinds import KINDS, Kind, Place
from retrieval.personal.named import named

__all__ = ["find"]

_RECOGNISERS: Final[tuple[Callable[[str], Iterable[Place]], ...]] = (
    credentials.credentials,
    contacts.emails,
    numbers.id_cards,
    numbers.company_codes,
    numbers.ibans,
    named,
    numbers.cards,
    numbers.ssns,
    numbers.plates,
    contacts.phones,
    addresses.addresses,
    names.names,
    known_names.introductions,
)
"""Of two that overlap, the earlier one is right; of one, the longer."""


def find(text: str, kinds: Collection[Kind] = KINDS, *, answers: bool = False) -> list[Place]:
    """The places of these kinds in a text, in order; none overlaps another.

    All kinds are looked for, whichever are wanted, so that leaving one out does not make another of it. ``answers``:
    the text is what somebody says in a talk, where a name may be all of a message.
    """
    plain = folded(text)
    taken: list[Place] = []
    occupied = bytearray(len(plain))
    for recognise in (*_RECOGNISERS, *([known_names.answers] if answers else ())):
        for place in sorted(recognise(plain), key=lambda each: each.start - each.end):
            if place.start < place.end and not any(occupied[place.start : place.end]):
                taken.append(place)
                occupied[place.start : place.end] = b"\1" * (place.end - place.start)
    return sorted((each for each in taken if each.kind in kinds), key=lambda each: each.start)
