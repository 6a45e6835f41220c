"""Reads mail (.eml) and mailboxes (.mbox): each mail is what its sender wrote, without what is quoted.

Knows MIME, not what a reply looks like (see ``replies``). Attachments are not read.
"""

import email
import re
from collections.abc import Callable, Iterator
from email import errors as email_errors
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parseaddr
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from retrieval.cleaning import clean
from retrieval.errors import InputError, shorten
from retrieval.events import Cut, Role
from retrieval.loaders.reading import Reading
from retrieval.loaders.replies import latest_reply, without_quotations
from retrieval.rows import LoadedRow, Rows
from retrieval.speakers import role_of

__all__ = ["MAX_MAIL_BYTES", "mail_rows"]

MAX_MAIL_BYTES: Final = 64 * 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024

_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252"}
"""What mail programs really write under a narrower name."""

_ESCAPED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
"""How a mailbox writes a line of a mail that would look like the next mail."""

_BROKEN_TREE: Final = (
    email_errors.NoBoundaryInMultipartDefect,
    email_errors.StartBoundaryNotFoundDefect,
    email_errors.MultipartInvariantViolationDefect,
)
# The parsers of the standard library raise all of these on malformed headers and parts.
_PARSER_ERRORS: Final = (
    email_errors.MessageError,
    AssertionError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


def mail_rows(path: Path, opener: Callable[[], IO[bytes]], reading: Reading, *, box: bool) -> Rows:
    """(number of the mail from 1, row), or (number, reason) for one that is broken or says nothing of its own.

    The sender is the user when the address or the name is the user id or one of the user's names.

    Raises:
        InputError: the user is not given, or a mailbox holds no mail.
    """
    user = reading.required_user(path, "a mailbox" if box else "a mail")
    for number, data in enumerate(_mails(path) if box else _single(opener), 1):
        if len(data) > MAX_MAIL_BYTES:
            yield number, f"the mail is longer than {MAX_MAIL_BYTES:,} bytes"
            continue
        try:
            yield number, _turn(email.message_from_bytes(data, policy=modern), user, reading)
        except _PARSER_ERRORS as error:
            yield number, f"a broken mail, which cannot be parsed ({type(error).__name__})"


def _single(opener: Callable[[], IO[bytes]]) -> Iterator[bytes]:
    with opener() as stream:
        yield stream.read(MAX_MAIL_BYTES + 1)


def _mails(path: Path) -> Iterator[bytes]:
    """The mails of a mailbox, each up to the next line that begins with ``From ``; of one that is too long, the start.

    ``mailbox`` of the standard library would hold it, however long it is.
    """
    with path.open("rb") as box:
        mail: list[bytes] | None = None
        size, at_start = 0, True
        while line := box.readline(_PIECE_BYTES):
            if at_start and line.startswith(b"From "):
                if mail is not None:
                    yield _unpacked(mail)
                mail, size = [], 0
            elif mail is not None and size <= MAX_MAIL_BYTES:
                mail.append(line)
                size += len(line)
            at_start = line.endswith(b"\n")
        if mail is not None:
            yield _unpacked(mail)
        elif box.tell():
            raise InputError(
                f"{str(path)!r} is no mailbox: no line begins a mail with 'From '", hint="Export it as mbox, or as .eml"
            )


def _unpacked(lines: list[bytes]) -> bytes:
    """A mail as it was before it came into the mailbox: without the blank line behind it, and what is escaped."""
    if lines and not lines[-1].rstrip(b"\r\n"):
        lines.pop()
    return _ESCAPED.sub(rb"\1", b"".join(lines))


def _turn(mail: EmailMessage, user: str, reading: Reading) -> LoadedRow | str:
    """The row of a mail, or the reason why it is none."""
    number = _header(mail, "message-id")
    name, address = _sender(mail)
    if not (name or address):
        return "a broken mail: nobody in 'From'"
    body = _body(mail)
    if isinstance(body, str):
        return body
    reply = latest_reply(body.text)
    cuts: dict[Cut, int] = {**reply.cuts, **body.cuts}
    if quoted := body.quoted + reply.cuts.get("quoted", 0):
        cuts["quoted"] = quoted
    date = _value(mail, "date")
    columns = {
        "user_id": user,
        "event_id": number,
        "timestamp": getattr(date, "datetime", None) or (str(date) if date is not None else None),
        "channel": "email",
        "speaker": name or address,
        "text": reply.text,
        "session": _thread(mail) or number,
        "subject": _header(mail, "subject"),
        "from": address,
    }
    place = f"mail {shorten(number)}" if number and " " not in number else None
    return LoadedRow(
        columns, role=_role(name, address, reading), place=place, raw=body.raw if cuts else None, cuts=cuts
    )


def _sender(mail: EmailMessage) -> tuple[str, str]:
    sender = _value(mail, "from")
    addresses = getattr(sender, "addresses", ())
    if addresses:
        return addresses[0].display_name.strip(), addresses[0].addr_spec.strip().lower().strip("<>")
    name, address = parseaddr(str(sender or ""))
    return name, address.lower()


def _role(name: str, address: str, reading: Reading) -> Role:
    role = reading.role_of(name, address)
    if role == "other":
        desk = role_of(address.partition("@")[0], "")  # support@, noreply@
        return desk if desk in ("agent", "system") else "other"
    return role


def _thread(mail: EmailMessage) -> str | None:
    """The id of the mail that began the thread."""
    for name in ("references", "in-reply-to"):
        if ids := (_header(mail, name) or "").split():
            return ids[0]
    return None


def _header(mail: EmailMessage, name: str) -> str | None:
    value = _value(mail, name)
    return " ".join(str(value).split()) or None if value is not None else None


def _value(mail: EmailMessage, name: str) -> Any:
    """The header called ``name``: parsed, or as it stands there when it cannot be parsed; None when there is none."""
    try:
        return mail[name]
    except _PARSER_ERRORS:
        return next((value for key, value in mail.raw_items() if key.lower() == name), None)


class _Body(NamedTuple):
    """The text of a mail as it was, and as plain text; ``quoted`` characters were cut from it, others by ``cuts``."""

    raw: str
    text: str
    quoted: int
    cuts: dict[Cut, int]


def _body(mail: EmailMessage) -> _Body | str:
    """The body of the mail, or the reason why there is none."""
    for each in mail.walk():
        if any(isinstance(defect, _BROKEN_TREE) for defect in each.defects):
            return f"a broken mail: the parts of its {each.get_content_type()} cannot be told apart"
    part = mail.get_body(("plain", "html"))
    if part is None:
        return "the mail has no text, only attachments"
    charset = (part.get_content_charset() or "utf-8").lower()
    data: Any = part.get_payload(decode=True)
    try:
        text = (data or b"").decode(_WIDER.get(charset, charset), "replace")
    except LookupError:
        return f"the mail is in an unknown encoding, {shorten(charset)}"
    if part.get_content_subtype() != "html":
        return _Body(text, text, 0, {})
    own = without_quotations(text)
    cleaned = clean(own)
    quoted = 0 if own == text else len(clean(text).text) - len(cleaned.text)
    return _Body(text, cleaned.text, quoted, cleaned.cuts)
