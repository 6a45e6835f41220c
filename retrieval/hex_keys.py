"""Reads keys of 32 bytes that are written as 64 hex digits. Knows not what they are for, and never quotes one."""

import re
from pathlib import Path
from typing import Final

from retrieval.errors import UsageError

__all__ = ["check_digits", "read_digits"]

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")


def read_digits(path: Path, hint: str) -> str:
    """The key in a file.

    Args:
        path: the file.
        hint: what messages say of how a key is made.

    Raises:
        UsageError: the file cannot be read, or holds no key.
    """
    try:
        text = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        # the error of decoding holds the file's bytes, which may be a key with one wrong letter
        raise UsageError(f"the key file {str(path)!r} cannot be read: {said}", hint=hint) from None
    return check_digits(text, f"the key file {str(path)!r}", hint)


def check_digits(text: str, place: str, hint: str) -> str:
    """A key in lower case; ``place`` is where it stands, for messages.

    Raises:
        UsageError: it is none.
    """
    if not _HEX.fullmatch(text):
        raise UsageError(f"{place} holds {len(text)} characters that are not 64 hex digits", hint=hint)
    return text.lower()
