"""Cuts events into snippets: turns of a transcript, sentences merged to a readable length.

Knows Chinese and English sentence ends; never alters a character: ``snippet.text == event.text[start:end]``.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

from retrieval.events import Event, Snippet
from retrieval.transcripts import Turn, turns_of

__all__ = ["UNITS", "split_event", "split_text", "windows_of"]

UNITS = 240
"""About how long a snippet is at most: a letter counts 1, a wide (Chinese) character 2."""

_WINDOW = 5  # snippets
_WINDOW_STEP = 3

_WIDE = re.compile(
    r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\U0001f300-\U0003ffff]+"
)
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LINE = re.compile(r"[^\n]+")
_CLAUSE_END = re.compile(r"[，、；：—…]+[”’」』）》】]*|[,;:](?=\s)\s*|[—–](?=\s)\s*")
_SENTENCE_END = re.compile(r"[。！？!?…]+[”’」』）》】\"')]*\s*|\.[\"')]*\s+")
_INSIDE = re.compile(r"[.?!:][!-~]")  # "db.Column", "example.com": no sentence ends here
_LIST_MARK = re.compile(r"\W*(?:\d{1,3}|[A-Za-z]|[一二三四五六七八九十]{1,3})?\W*")
"""A list mark ("1.", "- ", "（二）") or bare punctuation: no snippet of its own, it goes with what follows."""
_SPACE = re.compile(r"\s+")
_MIN_CUT = 0.4  # a forced cut falls in the last 60 % of the room there is


def split_event(event: Event, self_names: Collection[str] = ()) -> list[Snippet]:
    """The snippets of ``event``, in order; their ids are ``{event_id}#0``, ``#1`` and so on.

    When the text is a transcript ("Name: words" on every line) each line is split by itself, its snippets carry the
    name and the role of the line, and the first one includes the ``Name:`` prefix. ``self_names`` are further names of
    the user.
    """
    turns = turns_of(event, self_names) or [Turn(0, len(event.text), event.speaker, event.role)]
    spans = (
        (turn.start + start, turn.start + end, turn)
        for turn in turns
        for start, end in split_text(event.text[turn.start : turn.end])
    )
    return [
        Snippet.cut(event, ordinal, start, end, turn.speaker, turn.role)
        for ordinal, (start, end, turn) in enumerate(spans)
    ]


def windows_of(event: Event, snippets: Sequence[Snippet]) -> list[Snippet]:
    """Spans over five snippets each, every third one starting a new one; their ids are ``{event_id}@0`` and so on.

    They are what a long event is found by, since a single turn has lost what its conversation is about; what is shown
    and cited are the snippets. An event of one or two snippets has none.
    """
    if len(snippets) < _WINDOW_STEP:
        return []
    starts = range(0, max(1, len(snippets) - (_WINDOW - _WINDOW_STEP)), _WINDOW_STEP)
    spans = [(snippets[at].start, snippets[min(at + _WINDOW, len(snippets)) - 1].end) for at in starts]
    return [
        Snippet.cut(event, ordinal, start, end, None, event.role, wide=True)
        for ordinal, (start, end) in enumerate(spans)
    ]


def split_text(text: str) -> list[tuple[int, int]]:
    """Spans of ``text``, in characters: ordered, apart, stripped of white space, together holding all other characters.

    Sentences are merged up to about ``UNITS``, rather within a paragraph than across; a longer sentence is cut at a
    clause mark, else at a space, else between two characters. A text up to ``UNITS`` is one span.
    """
    stripped = _stripped(text, 0, len(text))
    if stripped is None:
        return []
    if stripped[1] - stripped[0] <= UNITS and _units(text[stripped[0] : stripped[1]]) <= UNITS:
        return [stripped]
    pieces = [piece for sentence in _sentences(text) for piece in _cut(text, *sentence)]
    return _merged(text, pieces)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Stripped sentence spans; a sentence never goes over the end of a line."""
    import sentencex

    language = "zh" if 4 * len(_HAN.findall(text)) > len(text) else "en"
    for line in _LINE.finditer(text):
        start = line.start()
        for end in _ends(line[0], sentencex.segment(language, line[0])):
            span = _stripped(text, start, line.start() + end)
            if span and (end == len(line[0]) or not _LIST_MARK.fullmatch(text, *span)):
                yield span
                start = span[1]


def _ends(line: str, sentences: list[str]) -> list[int]:
    """Where the sentences of a line end; should they not add up to the line, plain sentence marks do instead."""
    if "".join(sentences) == line:
        ends = list(accumulate(len(sentence) for sentence in sentences))
    else:
        ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    return [end for end in ends if end < len(line) and not _INSIDE.match(line, end - 1)] + [len(line)]


def _merged(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    held = 0  # units of the last span
    for start, end in pieces:
        if spans:
            first, last = spans[-1]
            joined = held + _units(text[last:end])
            new_paragraph = held >= UNITS / 3 and text.find("\n\n", last, start) >= 0
            if (joined <= UNITS and not new_paragraph) or (
                joined <= UNITS + UNITS // 4
                and (_LIST_MARK.fullmatch(text, start, end) or _LIST_MARK.fullmatch(text, first, last))
            ):
                spans[-1], held = (first, end), joined
                continue
        spans.append((start, end))
        held = _units(text[start:end])
    return spans


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cuts one sentence into spans of at most about ``UNITS``."""
    while (reach := _reach(text, start, end)) < end:
        cut = _cut_point(text, start, reach)
        if span := _stripped(text, start, cut):
            yield span
        start = cut
    if span := _stripped(text, start, end):
        yield span


def _cut_point(text: str, start: int, reach: int) -> int:
    """The best place to cut ``text[start:reach]``: after a clause mark, else after a space, else between characters."""
    earliest = start + max(1, int((reach - start) * _MIN_CUT))
    for mark in (_CLAUSE_END, _SPACE):
        ends = [match.end() for match in mark.finditer(text, start, reach) if match.end() >= earliest]
        if ends:
            return ends[-1]
    cut = reach
    while cut > earliest and not _may_cut(text, cut):
        cut -= 1
    return cut if cut > earliest else reach


def _may_cut(text: str, cut: int) -> bool:
    """Whether the character at ``cut`` starts something new: not a mark on, or joined to, the one before it."""
    after, before = text[cut], text[cut - 1]
    joined = "\u200d" in (after, before) or "\ufe00" <= after <= "\ufe0f" or "\U0001f3fb" <= after <= "\U0001f3ff"
    word = after.isalnum() and before.isalnum() and after.isascii() and before.isascii()
    return not (joined or word or unicodedata.combining(after) or after in "，。！？、；：,.!?;:”’」』）》】)")


def _reach(text: str, start: int, end: int) -> int:
    """The furthest end of a span from ``start`` that holds no more than ``UNITS``."""
    reach = min(end, start + UNITS)
    while _units(text[start:reach]) > UNITS:
        reach -= max(1, (_units(text[start:reach]) - UNITS) // 2)
    return reach


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(map(len, _WIDE.findall(text)))


def _stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end = start + len(part.strip())
    return (start, end) if start < end else None
