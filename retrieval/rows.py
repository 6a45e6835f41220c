"""Makes an event from one row of any file, or says why it cannot.

Does not know file formats: a row is a mapping from column names to values.
"""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

from retrieval.cleaning import clean
from retrieval.columns import match_columns, shown_columns
from retrieval.errors import InputError, shorten
from retrieval.events import Cut, Event, Origin, Role, bare_id
from retrieval.languages import language_of
from retrieval.speakers import role_of
from retrieval.timestamps import parse_timestamp

__all__ = ["MAX_TEXT_CHARS", "LoadedRow", "RowError", "RowKind", "RowReader", "Rows"]

RowKind = Literal["unreadable", "no user", "no text", "empty", "wrong value"]
"""Why a row holds no event, as it is counted; ``empty``: nothing is left of its text when it is clean."""

MAX_TEXT_CHARS: Final = 1_000_000
_MAX_ID_CHARS: Final = 20_000
_MAX_DEPTH: Final = 50


Rows = Iterator[tuple[int, Mapping[str, Any] | str]]
"""What every loader gives: (line, row) or (line, reason why it is none)."""


class RowError(InputError):
    """A row holds no event; ``kind`` says why."""

    def __init__(self, message: str, kind: RowKind) -> None:
        super().__init__(message)
        self.kind = kind


class LoadedRow(dict[str, Any]):
    """A row whose loader knows more than its columns say.

    Args:
        columns: name -> value; the names are those of the fields of an event, all others become metadata.
        role: who speaks, where the name alone does not tell.
        place: where in the file it stands, where a number alone does not tell; for messages.
        fixed: the loader named the columns, so that a mapping of the caller does not concern them.
        raw: the text as it was, where the loader has cut it.
        cuts: how many characters it cut as what.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        *,
        role: Role | None = None,
        place: str | None = None,
        fixed: bool = True,
        raw: str | None = None,
        cuts: Mapping[Cut, int] | None = None,
    ) -> None:
        super().__init__(columns)
        self.role = role
        self.place = place
        self.fixed = fixed
        self.raw = raw
        self.cuts = cuts or {}


class RowReader:
    """Reads rows into events; the columns may differ from row to row.

    Args:
        columns: field -> column, where the usual names do not fit.
        self_names: further names of the user, for the role of a speaker.
        user_id: the user of rows without a column for it; an empty cell in such a column is nobody.
    """

    def __init__(
        self, columns: Mapping[str, str] | None = None, self_names: Collection[str] = (), user_id: str | None = None
    ) -> None:
        wanted = dict(columns or {})
        self._self_names = tuple(self_names)
        self._user_id = None if user_id is None else bare_id(user_id) or None
        self._match = lru_cache(maxsize=256)(lambda names, fixed: match_columns(names, {} if fixed else wanted))

    def event(self, row: Mapping[str, Any], file: str, line: int) -> Event:
        """The event that ``row`` holds. Raises InputError with the reason when it holds none."""
        loaded = row if isinstance(row, LoadedRow) else None
        names = self._match(tuple(row), loaded is not None and loaded.fixed)
        fields = {field: row[name] for field, name in names.items()}
        user_id = _label(fields, names, "user_id") if "user_id" in names else self._user_id
        if user_id is None:
            hint = " or give --user ID" if "user_id" not in names else ""
            raise RowError(f"no user id{_columns_hint(row, names, 'user_id')}{hint}", "no user")
        if loaded is not None and "quoted" in loaded.cuts and not fields.get("text"):
            raise RowError("nothing is left without what it quotes", "empty")
        given = _text(fields, row, names)
        text, cuts = clean(given)
        if not text:
            raise RowError("no text is left after cleaning", "empty")
        raw = given if loaded is None or loaded.raw is None else loaded.raw
        moment = parse_timestamp(fields.get("timestamp"))
        timestamp, epoch = moment if moment else (None, None)
        channel, speaker = _label(fields, names, "channel"), _label(fields, names, "speaker")
        given_id = _label(fields, names, "event_id")
        event_id = given_id or _content_id(user_id, timestamp, channel, speaker, text)
        used = set(names.values())
        stated = row.get("language")
        return Event(
            user_id=user_id,
            event_id=event_id,
            text=text,
            timestamp=timestamp,
            epoch=epoch,
            channel=channel,
            speaker=speaker,
            role=(loaded.role if loaded is not None else None) or role_of(speaker, user_id, self._self_names),
            raw=None if raw == text else _valid(raw),
            metadata={
                _valid(str(name)): _plain(value)
                for name, value in row.items()
                if name not in used and not _missing(value)
            },
            language=(_valid(stated.strip()) if isinstance(stated, str) else "") or language_of(text),
            origin=Origin(file, line, _added(loaded.cuts if loaded is not None else {}, cuts), not given_id),
        )


def _text(fields: Mapping[str, Any], row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    text = fields.get("text")
    if _missing(text):
        raise RowError(f"no text{_columns_hint(row, names, 'text')}", "no text")
    if not isinstance(text, str):
        raise InputError(f"the text in {shorten(names['text'])} is {_kind(text)}, not a string")
    if len(text) > MAX_TEXT_CHARS:
        raise InputError(f"the text has {len(text):,} characters, more than {MAX_TEXT_CHARS:,}", hint="Split it")
    return text


def _added(one: Mapping[Cut, int], other: Mapping[Cut, int]) -> Mapping[Cut, int]:
    return {cut: one.get(cut, 0) + other.get(cut, 0) for cut in (*one, *other)} if one else other


def _label(fields: Mapping[str, Any], names: Mapping[str, str], field: str) -> str | None:
    """A short field (an id, a channel, a speaker) as text; numbers become text, 42.0 as "42"."""
    value = fields.get(field)
    if _missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{field} in {shorten(names[field])} is {_kind(value)}, not a string or a number")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    label = str(value).strip()
    if len(label) > _MAX_ID_CHARS:
        place = f"{field} in {shorten(names[field])}"  # not the label: this long, it is what somebody said
        raise InputError(f"{place} has {len(label):,} characters, more than {_MAX_ID_CHARS:,}")
    if not label.isprintable() and any(char < " " or "\ud800" <= char <= "\udfff" for char in label):
        raise InputError(f"{field} in {shorten(names[field])} holds control characters")
    return label or None


def _columns_hint(row: Mapping[str, Any], names: Mapping[str, str], field: str) -> str:
    if field in names:
        return f" in {shorten(names[field])}"
    return f"; found {shown_columns([str(name) for name in row])}. Name the right one with --map {field}=COLUMN"


def _content_id(*parts: str | None) -> str:
    """An id made of the content, so that loading the same row twice changes nothing; None differs from ""."""
    packed = "".join("-" if part is None else f"{len(part)}:{part}" for part in parts)
    return "h" + hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "an object"
    return f"a {type(value).__name__}"


def _plain(value: Any, depth: int = 0) -> Any:
    """``value`` as JSON can hold it: times as ISO 8601, bytes as hex, NaN and infinity as null, the unknown as text."""
    if isinstance(value, str):
        return _valid(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= _MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {_valid(str(key)): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _valid(text: str) -> str:
    """``text`` without lone surrogates and NUL, which not every database can hold."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
