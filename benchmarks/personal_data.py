"""How much personal data is found, and how often something else is taken for it: precision and recall by kind.

    python benchmarks/personal_data.py --multidogo DIR --memdaily DIR --plain FILE.jsonl [FILE.jsonl ...]

The labelled sets of tests/retrieval/personal are always measured. ``--multidogo`` is a folder with
``turn_labels.jsonl`` of MultiDoGO, ``--memdaily`` one with ``histories.jsonl`` and ``profiles.jsonl`` of MemDaily (see
docs/personal-data.md), ``--plain`` JSON lines whose ``text`` is not labelled: what is found there is counted per
thousand messages. ``--show`` prints every miss and every false alarm.
"""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from retrieval.personal.finding import find
from retrieval.personal.kinds import KINDS, Place

SETS = Path(__file__).parents[1] / "tests" / "retrieval" / "personal"
SLOTS = {
    "name": "name",
    "ssn": "ssn",
    "phone_number": "phone",
    "email_address": "email",
    "address": "address",
    "card_number": "card",
    "account_number": "account",
    "target_account_number": "account",
    "password": "secret",
}
RELATIONS = {"姓名": "name", "联系电话": "phone", "邮箱地址": "email"}
WORDS = {
    "name": r"name|名字|姓名",
    "phone": r"phone|mobile|contact|call|cell|电话|手机|号码",
    "email": r"mail|邮箱",
    "address": r"address|street|\b(?:st|ave|road|lane)\b|地址|路|号",
    "card": r"card|visa|卡",
    "account": r"account|\bac\b|账",
    "ssn": r"ssn|social",
    "secret": r"password|\bpin\b|密码|验证码",
}
"""What names each kind, for the column ``named``: recall where the message says what it holds."""
_MARK = re.compile(r"\{(\w+):(.*?)\}", re.DOTALL)


class Labelled(NamedTuple):
    """A text and the places of personal data in it."""

    text: str
    places: list[Place]


def read_labelled(path: Path) -> list[Labelled]:
    """The messages of a file in which ``{kind:words}`` marks what must be found; ``\\n`` is a line break."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [_labelled(line.replace("\\n", "\n")) for line in lines]


def _labelled(line: str) -> Labelled:
    text, last, places = "", 0, []
    for match in _MARK.finditer(line):
        text += line[last : match.start()]
        kind = next(each for each in KINDS if each == match[1])
        places.append(Place(kind, len(text), len(text) + len(match[2])))
        text += match[2]
        last = match.end()
    return Labelled(text + line[last:], places)


def read_multidogo(path: Path) -> Iterator[Labelled]:
    """The turns of MultiDoGO; a slot's value is looked for in its turn, the first place counts."""
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        places = []
        for slot, kind in SLOTS.items():
            for value in row["slots"].get(slot, ()):
                start = row["text"].find(value)
                if start >= 0 and len(value) > 2:
                    places.append(Place(next(each for each in KINDS if each == kind), start, start + len(value)))
        yield Labelled(row["text"], places)


def read_memdaily(folder: Path) -> Iterator[Labelled]:
    """The messages of MemDaily; wherever one says a name, number or address of the user's gold profile is a place."""
    values: dict[str, dict[str, str]] = {}
    for line in (folder / "profiles.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        own = values.setdefault(row["user_id"], {})
        for person in row["attributes"]["relations"].values():
            own.update({person[each]: kind for each, kind in RELATIONS.items() if isinstance(person.get(each), str)})
    for line in (folder / "histories.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        places = []
        for value, kind in values.get(row["user_id"], {}).items():
            starts = [match.start() for match in re.finditer(re.escape(value), row["text"])]
            places += [Place(next(each for each in KINDS if each == kind), at, at + len(value)) for at in starts]
        yield Labelled(row["text"], places)


class Score:
    """Counts of one set. A labelled place is found when every letter and digit of it is in places of its kind."""

    def __init__(self) -> None:
        self.labelled: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.named: Counter[str] = Counter()
        self.named_found: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.misses: list[tuple[str, str, str]] = []
        self.alarms: list[tuple[str, str, str]] = []

    def add(self, each: Labelled) -> None:
        """Look for personal data in a text, and count."""
        places = find(each.text, answers=True)
        for gold in each.places:
            self.labelled[gold.kind] += 1
            own = _covered(each.text, gold, [place for place in places if place.kind == gold.kind])
            self.found[gold.kind] += own
            if re.search(WORDS.get(gold.kind, ""), each.text, re.IGNORECASE):
                self.named[gold.kind] += 1
                self.named_found[gold.kind] += own
            if not own:
                self.misses.append((gold.kind, each.text[gold.start : gold.end], each.text))
        for place in places:
            self.said[place.kind] += 1
            if any(
                place.start < gold.end and gold.start < place.end and place.kind == gold.kind for gold in each.places
            ):
                self.right[place.kind] += 1
            else:
                self.alarms.append((place.kind, each.text[place.start : place.end], each.text))

    def print(self, name: str, show: bool) -> None:
        """A table, and the misses and false alarms."""
        print(f"\n{name}\n{'kind':<14}{'labelled':>9}{'recall':>8}{'named':>7}{'said':>7}{'precision':>11}")
        for kind in [each for each in KINDS if self.labelled[each] or self.said[each]]:
            self._row(kind, *(each[kind] for each in self._counts()))
        self._row("all", *(each.total() for each in self._counts()))
        if show:
            for title, found in (("missed", self.misses), ("false alarm", self.alarms)):
                for kind, words, text in found:
                    print(f"  {title} {kind}: {words!r} in {text[:160]!r}")

    def _counts(self) -> tuple[Counter[str], ...]:
        return self.labelled, self.found, self.named, self.named_found, self.said, self.right

    def _row(self, name: str, labelled: int, found: int, named: int, named_found: int, said: int, right: int) -> None:
        def share(part: int, of: int) -> str:
            return f"{part / of:.2f}" if of else "-"

        recall, of_named = share(found, labelled), share(named_found, named)
        print(f"{name:<14}{labelled:>9}{recall:>8}{of_named:>7}{said:>7}{share(right, said):>11}")


def _covered(text: str, gold: Place, places: Iterable[Place]) -> bool:
    held = {index for place in places for index in range(place.start, place.end)}
    return all(index in held or not text[index].isalnum() for index in range(gold.start, gold.end))


def measure_plain(path: Path, show: bool) -> None:
    """Count what is found in messages that are not labelled."""
    texts = [json.loads(line)["text"] or "" for line in path.read_text("utf-8").splitlines()]
    found: Counter[str] = Counter()
    began = time.perf_counter()
    listed = [(place, text) for text in texts for place in find(text, answers=True)]
    seconds = time.perf_counter() - began
    found.update(place.kind for place, _ in listed)
    shares = ", ".join(f"{kind} {1000 * count / len(texts):.1f}" for kind, count in found.most_common())
    each, length = 1000 * seconds / len(texts), sum(map(len, texts)) / len(texts)
    print(f"\n{path.parent.name}/{path.name}: {len(texts)} messages of {length:.0f} characters, {each:.2f} ms each")
    print(f"  found per 1,000: {shares}")
    if show:
        for place, text in listed:
            around = text[max(0, place.start - 30) : place.end + 20]
            print(f"  {place.kind}: {text[place.start : place.end]!r} in {around!r}")


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--multidogo", type=Path)
    parser.add_argument("--memdaily", type=Path)
    parser.add_argument("--plain", type=Path, nargs="*", default=[])
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    sets: list[tuple[str, Iterable[Labelled]]] = [
        (f"{path.relative_to(SETS)} (made up)", read_labelled(path)) for path in sorted(SETS.rglob("*.txt"))
    ]
    if given.multidogo:
        sets.append(("MultiDoGO", read_multidogo(given.multidogo / "turn_labels.jsonl")))
    if given.memdaily:
        sets.append(("MemDaily", read_memdaily(given.memdaily)))
    for name, messages in sets:
        score = Score()
        for each in messages:
            score.add(each)
        score.print(name, given.show)
    for path in given.plain:
        measure_plain(path, given.show)


if __name__ == "__main__":
    main()
