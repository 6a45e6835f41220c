"""What is fuzzed: each target takes bytes, does with them what limner would, and checks what comes out.

A target raises whatever limner would let escape; only limner's own errors are caught, and checked. ``hurry`` fails what
takes longer than two seconds of the processor.
"""

import atexit
import gzip
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from benchmarks.fuzz import more_targets, seeds
from benchmarks.fuzz.checking import Leaks, check_error, check_event, check_reason, check_spans
from retrieval.cleaning import clean, clean_text
from retrieval.errors import InputError, LimnerError
from retrieval.events import Event
from retrieval.loading import load_events
from retrieval.timestamps import parse_timestamp

__all__ = ["MAX_BYTES", "SECONDS", "TARGETS", "Target", "TooSlow", "hurry"]

MAX_BYTES: Final = 10_000
SECONDS: Final = 2.0
_SCRATCH: Final = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
_NOW: Final = datetime(2024, 6, 15, tzinfo=UTC)
_SELF: Final = ("Anna", "安娜", "Ana Gómez")


class TooSlow(AssertionError):
    """An input took longer than it may."""


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed.

    Attributes:
        name: of the target.
        run: takes an input.
        seeds: what to begin with.
        is_json: the inputs are JSON, and are changed as such, too.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    is_json: bool = False
    words: tuple[str, ...] = field(default=())


@contextmanager
def hurry(seconds: float = SECONDS) -> Iterator[None]:
    """Raises TooSlow when what is done inside takes longer, by the processor's clock."""
    started = time.process_time()
    yield
    took = time.process_time() - started
    if took > seconds:
        raise TooSlow(f"took {took:.1f} s")


class Loader:
    """Loads a file of a format, under each of the options; checks events, bad lines and errors."""

    def __init__(self, name: str, made: Callable[[], list[bytes]], *options: dict[str, Any], window: int = 14) -> None:
        self.name, self.made, self.options, self.window = name, made, options or ({},), window
        folder = tempfile.mkdtemp(prefix="limner-fuzz-", dir=_SCRATCH)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._path = Path(folder, name)
        self._leaks: Leaks | None = None

    def __call__(self, data: bytes) -> None:
        """Load these bytes."""
        leaks = self._learn() if self._leaks is None else self._leaks
        self._path.write_bytes(data)
        for options in self.options:
            self._load(options, leaks)

    def _load(self, options: dict[str, Any], leaks: Leaks) -> None:
        try:
            for each in load_events(self._path, **{"self_names": _SELF, "user_id": "u1", **options}):
                check_event(each, leaks)
        except LimnerError as error:
            check_error(error, leaks)

    def _learn(self) -> Leaks:
        """What is said in the seeds, which no message may quote."""
        events: list[Event] = []
        for data in self.made():
            self._path.write_bytes(data)
            for options in self.options:
                try:
                    rows = list(load_events(self._path, **{"self_names": _SELF, "user_id": "u1", **options}))
                except LimnerError:
                    continue
                events += [row for row in rows if isinstance(row, Event)]
        shown = [str(part) for each in events for part in (each.user_id, each.event_id, each.speaker, each.timestamp,
                 *each.metadata.values())]  # fmt: skip
        self._leaks = Leaks([each.text for each in events], shown, self.window)
        return self._leaks


class Sheets:
    """A workbook of which one part is the input, so that its check sums are right."""

    PARTS: Final = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml")

    def __init__(self) -> None:
        self._load = Loader("shop.xlsx", lambda: seeds.fixtures(".xlsx"), {})

    @property
    def parts(self) -> dict[str, bytes]:
        """The files in the fixture."""
        with zipfile.ZipFile(io.BytesIO(seeds.fixtures(".xlsx")[0])) as book:
            return {name: book.read(name) for name in book.namelist()}

    def seeds(self) -> list[bytes]:
        """Each part, behind the number of it."""
        parts = self.parts
        return [bytes([at]) + parts[name] for at, name in enumerate(self.PARTS) if name in parts]

    def __call__(self, data: bytes) -> None:
        """Load the fixture with one part replaced."""
        out, parts = io.BytesIO(), self.parts
        parts[self.PARTS[data[0] % len(self.PARTS)] if data else self.PARTS[0]] = data[1:]
        with zipfile.ZipFile(out, "w") as book:
            for name, content in parts.items():
                book.writestr(name, content)
        self._load(out.getvalue())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _clean(data: bytes) -> None:
    cleaned = clean(_text(data))
    assert clean(cleaned.text).text == cleaned.text, "cleaning a clean text changes it"
    cleaned.text.encode("utf-8")
    assert all(count >= 0 for count in cleaned.cuts.values())


def _reply(data: bytes) -> None:
    from retrieval.loaders.footers import trim
    from retrieval.loaders.replies import latest_reply, without_quotations

    text = _text(data)
    latest_reply(text)
    latest_reply(clean_text(without_quotations(text)))
    trim(text)


def _split(data: bytes) -> None:
    text = clean_text(_text(data))
    check_spans(text)
    if text:
        check_event(Event("u1", "e1", text, speaker="Anna"), Leaks())


def _time(data: bytes) -> None:
    text = _text(data)
    try:
        found = parse_timestamp(text)
    except InputError as error:
        check_reason(str(error), Leaks())
        return
    assert found is None or parse_timestamp(found.text) == found, "a time does not read back as itself"


def _said_times(data: bytes) -> None:
    from agent.asked_times import take_period
    from agent.periods import said_since, said_until
    from retrieval.focus import anchor_in, named_periods, periods_in
    from retrieval.queries import parts_of, questions_in
    from retrieval.reldates import relative_dates

    text = clean_text(_text(data))
    for timestamp in ("2024-02-29T10:00:00Z", "1970-01-01", "2200-12-31"):
        for each in relative_dates(text, timestamp):
            assert text[each.start : each.end] == each.phrase and each.resolved
        said_since(text, timestamp)
        said_until(text, timestamp)
    for period in periods_in(text, _NOW):
        assert period.start < period.end
    named_periods(text, _NOW)
    take_period(text.lower(), _NOW, 1.7e9)
    anchor_in(text)
    parts_of(text)
    questions_in(text)


@lru_cache(maxsize=1)
def _masking() -> Any:
    from retrieval.personal.kinds import KINDS
    from retrieval.personal.policy import Rule
    from retrieval.personal.redacting import Redactor

    return Redactor(Rule(policy="mask", kinds=KINDS, salt="00" * 16))


def _personal(data: bytes) -> None:
    from retrieval.personal.finding import find

    text = clean_text(_text(data))
    last = 0
    for place in find(text):
        assert last <= place.start < place.end <= len(text), "places overlap or are out of order"
        last = place.end
    if text:
        made = _masking().apply(Event("u1", "e1", text, speaker=text[:40], metadata={"note": text, "n": [1e15, text]}))
        for note in made.event.metadata.get("limner_personal_data", ()):
            assert note["field"] != "text" or made.event.text[note["start"] : note["end"]].startswith("[")


def _schema(data: bytes) -> None:
    from jsonschema import Draft202012Validator

    from agent.errors import SchemaError
    from agent.facets import draft_schema, example_of, plan_facets
    from agent.schema import load_schema, validation_problems

    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        schema = load_schema(document if isinstance(document, dict) else {"const": document})
        for language in ("en", "zh"):
            for facet in plan_facets(schema, language):
                Draft202012Validator.check_schema(draft_schema(facet, [1, 2, 3]))
                example_of(facet)
                assert facet.pointer
    except SchemaError as error:
        check_reason(str(error), Leaks())
        return
    for value in ({}, {name: None for name in document["properties"]}):
        validation_problems(document, value)


@lru_cache(maxsize=1)
def _targets() -> dict[str, Target]:
    def loader(name: str, file: str, made: Callable[[], list[bytes]], *options: dict[str, Any], words: str = "",
               is_json: bool = False, window: int = 14) -> Target:  # fmt: skip
        return Target(name, Loader(file, made, *options, window=window), made, is_json, tuple(words.split()))

    def one(name: str) -> Callable[[], list[bytes]]:
        return lambda: seeds.fixtures(name)

    sheets = Sheets()
    columns = "user_id id timestamp channel speaker text 用户编号 时间 内容"
    made = [
        loader("jsonl", "rows.jsonl", seeds.rows_as_jsonl, {}, {"user_id": None}, is_json=True, words=columns),
        loader("csv", "rows.csv", seeds.rows_as_csv, {}, {"user_id": None}, words=columns),
        loader("parquet", "rows.parquet", seeds.rows_as_parquet),
        loader("excel", "shop.xlsx", one(".xlsx")),
        Target("excel_parts", sheets, sheets.seeds),
        loader("zendesk", "z.json", one("zendesk_tickets.json"), {}, {"format": "zendesk"}, is_json=True),
        loader("intercom", "i.json", one("intercom_conversations.json"), {}, {"format": "intercom"}, is_json=True),
        loader("chatgpt", "c.json", lambda: seeds.fixtures("/conversations.json", "conversations.json")[:1],
               {}, {"format": "chatgpt"}, is_json=True),
        loader("assistant", "a.json", one("assistant.json"), {}, {"format": "assistant"}, is_json=True),
        loader("whatsapp", "chat.txt", one(".txt"), {"user_id": "Anna"}, {"format": "whatsapp-dmy"},
               window=41),  # names of speakers are shown
        loader("eml", "mail.eml", one(".eml"), words="Content-Type: multipart/mixed boundary= charset= base64"),
        loader("mbox", "Mail.mbox", one(".mbox"), words="From From: Date: Subject: References:"),
        Target("cleaner", _clean, seeds.texts, words=("&amp;", "<div>", "</div>", "<br>", "&#x", "\u200d", "<!--")),
        Target("reply", _reply, lambda: [*seeds.texts(), *seeds.fixtures(".eml", ".mbox")],
               words=("<blockquote", "wrote:", "写道：", "From:", "-- ", "Sent from my")),
        Target("splitter", _split, seeds.texts, words=("。", "！", "Anna: ", "\n\n", "1. ")),
        Target("time", _time, seeds.times, words=("年", "月", "T", "Z", "+08:00", "Mon, ")),
        Target("said_times", _said_times, lambda: [*seeds.times(), *seeds.texts()],
               words=("years ago", "last ", "since ", "until ", "个月前", "上周", "in ", "between ", " and ")),
        Target("personal", _personal, seeds.texts, words=("password:", "身份证", "IBAN ", "card ", "@", "+49", "号")),
        Target("schema", _schema, seeds.schemas, is_json=True, words=("$ref", "#/$defs/", "anyOf", "type", "enum")),
        loader("gzip", "rows.jsonl.gz", lambda: [gzip.compress(each, mtime=0) for each in seeds.rows_as_jsonl()]),
        Target("sql_query", more_targets.sql_query, lambda: more_targets.QUERIES, words=("SELECT ", " AS text")),
        Target("sql_address", more_targets.sql_address, lambda: more_targets.ADDRESSES, words=("://", "@", "?", "%00")),
        Target("backup", more_targets.backup, more_targets.backup_seeds),
        Target("grammar", more_targets.grammar, seeds.schemas, is_json=True, words=("pattern", "enum", "type")),
    ]  # fmt: skip
    return {each.name: each for each in made}


TARGETS: Final = _targets
"""``TARGETS()``: all targets by name."""
