"""Reads the pages of a file that SQLCipher wrote, decrypted, in use or free, to look for what was erased.

It reads the bytes by itself, so that what it finds does not depend on what the database says of them. Knows SQLCipher's
format 4 with a raw key, which limner writes: AES-256-CBC, with 16 bytes of initialisation and 64 of HMAC at the end of
each page.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from retrieval.encryption import StoreKey
from retrieval.errors import StoreError

__all__ = ["unsealed"]

_PAGE: Final = 4096
_IV, _HMAC, _SALT = 16, 64, 16
_LOG_HEADER, _FRAME_HEADER = 32, 24
_HEADER: Final = bytes([0x10, 0x00])
_TELLING: Final = bytes([_IV + _HMAC, 64, 32, 32])


def unsealed(path: Path, key: StoreKey) -> Iterator[bytes]:
    """The decrypted pages of a database or of its write-ahead log, in the order of the file.

    Raises:
        StoreError: this is not what SQLCipher writes with this key.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        yield from _log(stream, key) if path.name.endswith("-wal") else _database(path, stream, key)


def _database(path: Path, stream: IO[bytes], key: StoreKey) -> Iterator[bytes]:
    number = 0
    while len(page := stream.read(_PAGE)) == _PAGE:
        number += 1
        plain = _opened(page, key, is_first=number == 1)
        if number == 1 and (plain[0:2] != _HEADER or plain[4:8] != _TELLING):
            raise StoreError(
                f"the pages of {str(path)!r} cannot be read", hint="They were written by another version of SQLCipher"
            )
        yield plain


def _log(stream: IO[bytes], key: StoreKey) -> Iterator[bytes]:
    stream.read(_LOG_HEADER)
    while len(header := stream.read(_FRAME_HEADER)) == _FRAME_HEADER:
        page = stream.read(_PAGE)
        if len(page) == _PAGE:
            yield _opened(page, key, is_first=int.from_bytes(header[:4], "big") == 1)


def _opened(page: bytes, key: StoreKey, *, is_first: bool) -> bytes:
    """What is in a page; that the first page begins with the salt, which is not encrypted, is left out."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    end = _PAGE - _IV - _HMAC
    opener = Cipher(AES(bytes.fromhex(key.digits())), CBC(page[end : end + _IV])).decryptor()
    return opener.update(page[_SALT if is_first else 0 : end]) + opener.finalize()
