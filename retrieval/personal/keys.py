"""The key of a store's pseudonyms: makes them, seals what they stand for, and opens it again.

A pseudonym is a keyed hash, the same for the same words throughout a store, and different in another one. The words
themselves are sealed with AES-SIV, which gives the same bytes for the same words, so that loading a file again changes
nothing. The key is the user's; only a check value of it is kept in the store. Knows nothing of events.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from retrieval.errors import StoreError, TokenKeyUnusable, UsageError
from retrieval.hex_keys import check_digits, read_digits
from retrieval.personal.kinds import Kind

__all__ = ["KEY_VARIABLE", "TokenKey", "find_key", "read_key"]

KEY_VARIABLE: Final = "LIMNER_TOKEN_KEY"
_MAKE: Final = "Make one with: openssl rand -hex 32"
_TOKEN_CHARS: Final = 12  # 60 bits: of a million values, two get the same in one of two million stores


class TokenKey:
    """The key of one store's pseudonyms.

    Args:
        key: 64 hex digits.
        store: the identity of the store.
    """

    def __init__(self, key: str, store: str) -> None:
        root = bytes.fromhex(key)
        self._hashing = _derive(root, store, "pseudonyms", 32)
        self._sealing = _derive(root, store, "sealing", 64)
        self.check = _derive(root, store, "check", 8).hex()

    def token(self, kind: Kind, words: str) -> str:
        """The pseudonym of some words: 12 letters and digits; how they are grouped or capitalised does not matter."""
        plain = unicodedata.normalize("NFKC", words).casefold()
        plain = re.sub(r"\s+" if kind in ("name", "address", "secret") else r"[\s().·-]+", "", plain)
        digest = hmac.digest(self._hashing, json.dumps([kind, plain]).encode(), "sha256")
        return base64.b32encode(digest).decode().lower()[:_TOKEN_CHARS]

    def seal(self, words: str, *context: str) -> str:
        """The words as nobody can read them without the key, bound to a context."""
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        sealed = AESSIV(self._sealing).encrypt(words.encode("utf-8"), _bytes(context))
        return base64.b64encode(sealed).decode("ascii")

    def open(self, sealed: str, *context: str) -> str:
        """The words again.

        Raises:
            StoreError: they were sealed with another key or for another context, or were changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        try:
            return AESSIV(self._sealing).decrypt(base64.b64decode(sealed, validate=True), _bytes(context)).decode()
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                "what a pseudonym stands for cannot be opened: it was changed, or sealed with another key",
                hint="Load the history again with the key of the store",
            ) from error


def read_key(path: Path) -> str:
    """The key in a file.

    Raises:
        TokenKeyUnusable: the file cannot be read, or holds no key.
    """
    with _as_ours():
        return read_digits(path, _MAKE)


def find_key(given: str | Path | None) -> str:
    """The key that was given, itself or the file that has it, or that of the environment.

    Raises:
        TokenKeyUnusable: there is none, or it is no key.
    """
    if isinstance(given, Path):
        return read_key(given)
    with _as_ours():
        if given is not None:
            return check_digits(given, "the key of the pseudonyms", _MAKE)
        text = os.environ.get(KEY_VARIABLE, "").strip()
        if not text:
            hint = f"Give --token-key-file F, or set {KEY_VARIABLE}. {_MAKE}"
            raise TokenKeyUnusable("pseudonyms need a key, and there is none", hint=hint)
        return check_digits(text, f"the environment variable {KEY_VARIABLE}", _MAKE)


@contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise TokenKeyUnusable(str(error)) from None


def _derive(root: bytes, store: str, purpose: str, size: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), size, salt=None, info=json.dumps(["limner", purpose, store]).encode()).derive(root)


def _bytes(context: tuple[str, ...]) -> list[bytes]:
    return [hashlib.sha256(each.encode("utf-8", "surrogatepass")).digest() for each in context]
