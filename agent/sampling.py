"""Draws a sample of labelled rows that stands for all of them: each category by its share, its users in turn."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["draw"]

_Row = TypeVar("_Row")


def draw(
    rows: Sequence[_Row], n: int | None, seed: int, *, user: Callable[[_Row], str], category: Callable[[_Row], str]
) -> list[_Row]:
    """``n`` of the rows, in their order; all of them when there are no more, or ``n`` is None.

    Within a category the users take turns, in an order drawn with ``seed``, as are the rows of each. The categories are
    then spread evenly over each other, and the first ``n`` rows taken (systematic sampling).
    """
    chance = random.Random(seed)
    groups: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[category(row)].append(at)
    places: list[tuple[float, float, int]] = []
    for _, members in sorted(groups.items()):
        chance.shuffle(members)
        order = _in_turn(members, lambda at: user(rows[at]))
        places += [((rank + 0.5) / len(order), chance.random(), at) for rank, at in enumerate(order)]
    return [rows[at] for at in sorted(at for _, _, at in sorted(places)[:n])]


def _in_turn(members: Sequence[int], user: Callable[[int], str]) -> list[int]:
    """The first of each user, then the second of each, and so on."""
    seen: dict[str, int] = defaultdict(int)
    turns: list[tuple[int, int]] = []
    for position, at in enumerate(members):
        turns.append((seen[user(at)], position))
        seen[user(at)] += 1
    return [members[position] for _, position in sorted(turns)]
