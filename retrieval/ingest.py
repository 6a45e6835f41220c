"""Takes history files into a store, batch by batch, and counts what became of every row.

Each batch is written and indexed before the next one is read: whatever was reported is kept, and a run that was
interrupted is continued by running it again. Knows nothing of databases or vectors.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from retrieval.drafts import Applied, Draft
from retrieval.dropping import Dropped, dropped_by, other_files
from retrieval.errors import InputError
from retrieval.events import Event, bare_id
from retrieval.loaders.database import Query, load_query
from retrieval.loaders.files import by_suffix
from retrieval.loading import BadLine, load_events
from retrieval.personal.policy import Policy
from retrieval.personal.redacting import Redactor
from retrieval.splitting import split_event, windows_of

__all__ = ["BAD_LINES_KEPT", "IngestReport", "OnDropped", "Source", "check", "ingest", "ingest_events"]

BAD_LINES_KEPT = 100
"""So many bad lines are listed in a report; all are counted."""

OnDropped = Callable[[Sequence[Dropped]], None]
"""``listing(dropped)``: what was dropped, cut or marked in one batch."""

_BATCH = 512  # rows or vectors: about five seconds of embedding
_BATCH_CHARS = 8_000_000  # of texts, raw forms and metadata, which are all held until the batch is written
_BAD_LINES_SHOWN = 3


@dataclass(slots=True)
class IngestReport:
    """What became of the rows of some files: ``read`` = added + updated + unchanged + repeated + forgotten +
    expired + ``bad_count``. ``expired`` are too old by a retention rule; ``erased`` events of the store were so, and
    went before the first row was read.

    ``snippets`` counts those of the added and updated events, ``bad`` lists the first hundred bad lines, ``left_out``
    counts the files of other kinds in folders and globs by their suffix. ``reasons`` counts by reason what was dropped,
    cut or marked as a copy (see :class:`Dropped`), and ``chars`` the characters that it had; also of unchanged events.
    ``personal`` counts the places of personal data in all events that were read, by kind; ``policy`` is what was done
    with them, and ``policy_before`` what was done when the events that are there already were loaded.
    """

    files: int = 0
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    forgotten: int = 0
    expired: int = 0
    erased: int = 0
    snippets: int = 0
    bad_count: int = 0
    bad: list[BadLine] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    chars: Counter[str] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)
    policy: Policy = "off"
    policy_before: Policy = "off"

    def note_dropped(self, dropped: Iterable[Dropped]) -> None:
        """Count by reason."""
        for each in dropped:
            self.reasons[each.reason] += 1
            self.chars[each.reason] += each.chars

    def note_bad(self, line: BadLine) -> None:
        """Count a bad line, and list it if there is room."""
        self.bad_count += 1
        if len(self.bad) < BAD_LINES_KEPT:
            self.bad.append(line)

    def note(self, applied: Applied) -> None:
        """Count what became of a batch."""
        self.added += applied.added
        self.updated += applied.updated
        self.unchanged += applied.unchanged
        self.repeated += applied.repeated
        self.forgotten += applied.forgotten
        self.expired += applied.expired
        self.snippets += applied.snippets


@dataclass(frozen=True, slots=True)
class Source:
    """History files, queries, and how to read them; see :func:`retrieval.loading.load_events`."""

    files: Sequence[Path | Query]
    columns: Mapping[str, str] | None = None
    self_names: Collection[str] = ()
    user_id: str | None = None
    format: str | None = None
    others: Sequence[Path] = ()

    def rows(self, file: Path | Query) -> Iterator[Event | BadLine]:
        """The rows of one of the files."""
        options: dict[str, Any] = {"columns": self.columns, "self_names": self.self_names, "user_id": self.user_id}
        if isinstance(file, Query):
            return load_query(file, **options)
        return load_events(file, **options, format=self.format)


def check(source: Source, *, strict: bool) -> None:
    """Look into every file before anything is written; ``strict`` reads them all to the end.

    Raises:
        InputError: a file is missing, of an unknown kind or without the needed columns; with ``strict`` also when
            there is a bad line.
    """
    report = IngestReport()
    for file in source.files:
        rows = source.rows(file)
        for row in rows if strict else islice(rows, 1):
            if strict and isinstance(row, BadLine):
                report.note_bad(row)
    if report.bad_count:
        shown = "; ".join(f"{each.file}:{each.line}: {each.reason}" for each in report.bad[:_BAD_LINES_SHOWN])
        more = f"; and {report.bad_count - _BAD_LINES_SHOWN} more" if report.bad_count > _BAD_LINES_SHOWN else ""
        raise InputError(f"bad lines: {shown}{more}", hint="Nothing was loaded; leave out --strict to load the rest")


def ingest(
    source: Source,
    keep: Callable[[Sequence[Draft]], Applied],
    progress: Callable[[IngestReport], None] | None = None,
    listing: OnDropped | None = None,
    *,
    redactor: Redactor | None = None,
) -> IngestReport:
    """Read all files, split their events and hand them to ``keep`` in batches of about 512 rows or vectors, or of 8
    million characters where these come first.

    Args:
        source: the files.
        keep: writes and indexes a batch; what it returns has happened.
        progress: called after each batch with the report so far (always the same object).
        listing: told after each batch what was dropped, cut or marked in it, before ``progress`` is called.
        redactor: does with personal data what the store's rule says.
    """
    report = IngestReport(left_out=dict(by_suffix(source.others)))
    _list(other_files(source.others), report, listing)
    for file in source.files:
        report.files += 1
        ingest_events(
            source.rows(file), keep, report,
            self_names=source.self_names, progress=progress, listing=listing, redactor=redactor,
        )  # fmt: skip
    return report


def ingest_events(
    rows: Iterable[Event | BadLine],
    keep: Callable[[Sequence[Draft]], Applied],
    report: IngestReport,
    *,
    self_names: Collection[str] = (),
    progress: Callable[[IngestReport], None] | None = None,
    listing: OnDropped | None = None,
    redactor: Redactor | None = None,
) -> None:
    """The same for events that are there already, whatever they come from; ``report`` is continued."""
    if redactor is not None:
        report.policy, report.policy_before = redactor.rule.policy, redactor.before
    for batch in _batches(rows, self_names, redactor):
        for row in batch:
            if isinstance(row, BadLine):
                report.note_bad(row)
        drafts = [row for row in batch if isinstance(row, Draft)]
        applied = keep(drafts)
        report.note(applied)
        report.read += len(batch)
        if redactor is not None:
            report.personal.update(kind for draft in drafts for kind in redactor.found(draft.event))
        events = [row.event if isinstance(row, Draft) else row for row in batch]
        _list(dropped_by(events, applied.fates), report, listing)
        if progress is not None:
            progress(report)


def _list(dropped: Sequence[Dropped], report: IngestReport, listing: OnDropped | None) -> None:
    report.note_dropped(dropped)
    if listing is not None and dropped:
        listing(dropped)


def _batches(
    rows: Iterable[Event | BadLine], self_names: Collection[str], redactor: Redactor | None
) -> Iterator[list[Draft | BadLine]]:
    batch: list[Draft | BadLine] = []
    vectors = chars = 0
    for number, row in enumerate(rows, start=1):
        if isinstance(row, BadLine):
            batch.append(row)
        elif not (user_id := bare_id(row.user_id)):  # readers of files have refused such rows; a program may make one
            batch.append(BadLine("events", number, "no user id", "no user"))
        else:
            named = row if user_id == row.user_id else replace(row, user_id=user_id)
            event, former = (named, ()) if redactor is None else redactor.apply(named)
            snippets = split_event(event, self_names)
            draft = Draft(event, snippets, windows_of(event, snippets), former)
            batch.append(draft)
            vectors += len(draft.snippets) + len(draft.windows)
            chars += _chars_of([event.text, event.raw, event.metadata])
        if max(vectors, len(batch)) >= _BATCH or chars >= _BATCH_CHARS:
            yield batch
            batch, vectors, chars = [], 0, 0
    if batch:
        yield batch


def _chars_of(value: Any) -> int:
    """How many characters a value of JSON holds, names of fields among them."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_chars_of(each) for pair in value.items() for each in pair)
    return sum(map(_chars_of, value)) if isinstance(value, list | tuple) else 0
