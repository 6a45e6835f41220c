"""The key of an encrypted store: where it is found, how it is made, and how a file tells with which key it was written.

A key is 32 random bytes, as 64 hex digits in a file or in the environment; there are no passphrases. It never stands in
a message, nor in what Python prints of an object. Knows nothing of databases.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from retrieval.errors import UsageError
from retrieval.hex_keys import check_digits, read_digits

__all__ = ["FILE_VARIABLE", "HOW", "KEY_VARIABLE", "StoreKey", "find_store_key", "make_key_file", "read_store_key"]

KEY_VARIABLE: Final = "LIMNER_KEY"
FILE_VARIABLE: Final = "LIMNER_KEY_FILE"
HOW: Final = f"Give --key-file F, or set {FILE_VARIABLE} or {KEY_VARIABLE}"
"""How a key is given."""

_MAKE: Final = "Make one with: limner encryption new-key FILE"
_MARK: Final = b"limner"


class StoreKey:
    """A key.

    Args:
        digits: 64 hex digits.

    Attributes:
        name: eight hex digits that tell it from other keys, and nothing of what it is.
    """

    __slots__ = ("_digits", "name")

    def __init__(self, digits: str) -> None:
        self._digits = digits
        self.name = hashlib.sha256(b"limner store key " + bytes.fromhex(digits)).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"<StoreKey {self.name}>"

    def __reduce__(self) -> str:
        raise TypeError("a key is not written anywhere")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoreKey) and secrets.compare_digest(self._digits, other._digits)

    def __hash__(self) -> int:
        return hash(self.name)

    def digits(self) -> str:
        """The 64 hex digits."""
        return self._digits

    def salt(self) -> bytes:
        """Sixteen bytes for the beginning of a new file, of which six are random: they say that limner wrote it, and
        with which key."""
        return _MARK + bytes.fromhex(self.name) + secrets.token_bytes(6)

    @staticmethod
    def named_by(salt: bytes) -> str | None:
        """The name of the key of a file that begins with these bytes; None: limner did not write it."""
        return salt[6:10].hex() if len(salt) == 16 and salt.startswith(_MARK) else None


def find_store_key(given: "str | StoreKey | None") -> StoreKey | None:
    """The key that was given, or that of the environment; None: there is none.

    Raises:
        UsageError: it is no key, its file cannot be read, or the environment has two.
    """
    if isinstance(given, StoreKey):
        return given
    if given is not None:
        return StoreKey(check_digits(given.strip(), "the store's key", _MAKE))
    text, file = os.environ.get(KEY_VARIABLE, "").strip(), os.environ.get(FILE_VARIABLE, "").strip()
    if text and file:
        raise UsageError(f"both {KEY_VARIABLE} and {FILE_VARIABLE} are set", hint="Unset one of them")
    if file:
        return read_store_key(Path(file))
    if not text:
        return None
    return StoreKey(check_digits(text, f"the environment variable {KEY_VARIABLE}", _MAKE))


def read_store_key(path: Path) -> StoreKey:
    """The key in a file.

    Raises:
        UsageError: the file cannot be read, or holds no key.
    """
    return StoreKey(read_digits(path, _MAKE))


def make_key_file(path: Path) -> StoreKey:
    """Write a new key to a new file, which only its owner may read.

    Raises:
        UsageError: the file is there already (a key that is overwritten is lost, and with it whatever it opens), or
            cannot be written there.
    """
    digits = secrets.token_hex(32)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(f"the file {str(path)!r} is there already", hint="Name a new one") from error
    except OSError as error:
        said = error.strerror or error
        raise UsageError(f"the key {str(path)!r} cannot be written: {said}", hint="Name another file") from error
    with open(file, "w", encoding="ascii") as stream:
        stream.write(f"{digits}\n")
        stream.flush()
        os.fsync(stream.fileno())
    return StoreKey(digits)
