"""Reads WhatsApp chats as the app exports them (.txt), one message at a time.

Decides from the dates of a file whether day or month stands first. Knows lines (see ``chat_lines``), not events.
"""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from retrieval.errors import InputError, shorten
from retrieval.loaders.chat_dates import Order, Orders, moment_of
from retrieval.loaders.chat_lines import ChatLine, UnknownHalf, hour_of, parse_line
from retrieval.loaders.reading import Reading
from retrieval.rows import MAX_TEXT_CHARS, LoadedRow, Rows

__all__ = ["chat_rows", "looks_like_chat"]

_MEDIA: Final = re.compile(
    r"<[^<>]{1,40}>|\u200e.*|(?:image|video|audio|sticker|GIF|document|Contact card) omitted"
    r"|(?:This message was deleted|You deleted this message)\.?|null"
    r"|(?:您|你)?已?删除(?:了这条|此)消息。?|此消息已删除。?",
    re.IGNORECASE | re.DOTALL,
)
_ATTACHED: Final = re.compile(r"\S.{0,120}\.\w{2,5} \((?:file attached|文件附件|附件)\)\n?")
_EDITED: Final = re.compile(
    r"\s*\u200e?<(?:This message was edited|此消息已编辑|已编辑)>\s*$|\s*\u200e<[^<>]{1,60}>\s*$"
)
_SEVERAL: Final = 5
_NAME_CHARS: Final = 40  # what is longer may be what was said
_LINE_CHARS: Final = 1024 * 1024


class _Message(NamedTuple):
    number: int
    line: ChatLine
    text: str


class _Seen(NamedTuple):
    """What a first reading of the chat shows: the order of its dates, and who speaks."""

    order: Order
    speakers: dict[str, int]


def chat_rows(path: Path, opener: Callable[[], IO[bytes]], reading: Reading) -> Rows:
    """(line, row) for each message; lines of WhatsApp itself, left out media and deleted messages are skipped.

    Raises:
        InputError: the user is not given or does not speak in this chat, the export is in an unknown language, or its
            dates may be read two ways.
    """
    user = reading.required_user(path, "a WhatsApp chat")
    seen = _look(path, opener, reading)
    if seen.speakers and not any(reading.role_of(name) == "user" for name in seen.speakers):
        often = sorted(seen.speakers, key=lambda name: -seen.speakers[name])
        names = ", ".join([name for name in often if len(name) <= _NAME_CHARS][:_SEVERAL])
        raise InputError(
            f"none of the speakers of {str(path)!r} is the user {shorten(user)}; there are {shorten(names, 200)}",
            hint="Say which one it is with --self NAME, or leave the file out",
        )
    session = _title(path)
    for message in _messages(opener):
        text = _said(message)
        if text is None:
            continue
        name = message.line.speaker or ""
        columns = {
            "user_id": user,
            "timestamp": _iso(message.line, seen.order),
            "channel": "whatsapp",
            "speaker": name,
            "text": text,
            "session": session,
        }
        yield message.number, LoadedRow(columns, role=reading.role_of(name))


def looks_like_chat(path: Path) -> bool:
    """Whether the first line that is not blank starts like a WhatsApp message."""
    with path.open("rb") as stream:
        start = stream.read(4096).decode("utf-8", "replace").lstrip("\ufeff\n\r ")
    return parse_line(start.partition("\n")[0]) is not None


def _look(path: Path, opener: Callable[[], IO[bytes]], reading: Reading) -> _Seen:
    """Read the whole chat once, so that nothing is taken from one that cannot be understood."""
    speakers: dict[str, int] = {}
    orders = Orders(path)
    for message in _guarded(path, _messages(opener, path)):
        line = message.line
        try:
            hour = hour_of(line)
        except UnknownHalf as error:
            raise InputError(
                f"{str(path)!r}, line {message.number}: {shorten(str(error))} beside the time is neither AM nor PM in "
                "English or Chinese",
                hint="Export the chat on a phone with a 24-hour clock, or set to English or Chinese",
            ) from error
        orders.note(message.number, line, hour)
        if line.speaker is not None:
            speakers[line.speaker] = speakers.get(line.speaker, 0) + 1
    return _Seen(orders.decide(reading), speakers)


def _messages(opener: Callable[[], IO[bytes]], path: Path | None = None) -> Iterator[_Message]:
    """The messages of a chat, each with the lines that continue it. Raises InputError, when ``path`` is given."""
    number, start, lines, size = 0, 0, [""], 0
    current: ChatLine | None = None
    with opener() as stream, io.TextIOWrapper(stream, "utf-8-sig") as text:
        while raw := text.readline(_LINE_CHARS):
            number += 1
            line = parse_line(raw.rstrip("\r\n"))
            if line is not None:
                if current is not None:
                    yield _Message(start, current, "\n".join(lines))
                current, start, lines, size = line, number, [line.text], 0
            elif current is None and raw.strip() and path is not None:
                _refuse_line(path, number, raw)
            elif size <= MAX_TEXT_CHARS:  # a longer one is refused when it becomes an event
                lines.append(raw.rstrip("\r\n"))
                size += len(raw)
    if current is not None:
        yield _Message(start, current, "\n".join(lines))


def _guarded(path: Path, messages: Iterator[_Message]) -> Iterator[_Message]:
    number = 0
    try:
        for message in messages:
            number = message.number
            yield message
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(path)!r}, after line {number}: not UTF-8", hint="Convert it with: iconv -f ENCODING -t utf-8"
        ) from error


def _refuse_line(path: Path, number: int, raw: str) -> None:
    stamp = re.match(r"[^\w\n]{0,4}[\d٠-٩۰-۹][\d٠-٩۰-۹/.:年月日-]{4,23}", raw)  # a time, and no words
    shown = f" {shorten(stamp[0], 40)}" if stamp else ""
    raise InputError(
        f"{str(path)!r}, line {number}: no message of a WhatsApp chat starts like this{shown}; known are "
        "'31/12/2023, 21:05 - Name: text', '[12/31/23, 9:05:03 PM] Name: text' and '2023/12/31 下午9:05 - 名字: text'",
        hint="Export the chat on a phone set to English or Chinese, or say what the file is with --format",
    )


def _title(path: Path) -> str:
    """Whose chat it is; an iPhone calls the file ``_chat.txt`` and says so in the folder's name."""
    name = path.name.removesuffix(".gz").removesuffix(".txt")
    return re.sub(r"^WhatsApp Chat (?:with|-) ", "", path.absolute().parent.name if name == "_chat" else name)


def _iso(line: ChatLine, order: Order) -> str:
    moment = moment_of(line, order, hour_of(line))
    assert moment is not None, "the first reading saw to it"
    return moment.isoformat(timespec="minutes" if line.second is None else "seconds")


def _said(message: _Message) -> str | None:
    """What a person wrote, or None when nobody wrote anything."""
    if message.line.speaker is None:
        return None
    text = _EDITED.sub("", message.text)
    text = _ATTACHED.sub("", text, count=1) if _ATTACHED.match(text) else text
    return None if not text.strip() or _MEDIA.fullmatch(text.strip()) else text
