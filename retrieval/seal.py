"""The secret key of a store: makes hashes that nobody without it can guess an id from, and signs receipts.

The key is 32 random bytes in a file of its own beside the record, which only its owner may read, or, where the record
is on a server or encrypted, among the record's settings. Knows nothing of what is hashed or signed.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from retrieval.errors import StoreError

__all__ = ["SEAL_SETTING", "KeyFile", "KeyPlace", "KeySetting", "Seal", "Settings"]

_ALGORITHM: Final = "HMAC-SHA256"
SEAL_SETTING: Final = "erasure_key"
"""The setting that holds the key, where it is in no file."""


class Settings(Protocol):
    """Where values are kept with a store; a :class:`retrieval.record.Record`."""

    def setting(self, key: str) -> str | None:
        """A value, or None."""

    def keep_settings(self, **values: str) -> None:
        """Set values."""


class KeyPlace(Protocol):
    """Where the key is."""

    def read(self) -> str | None:
        """The key in hex digits; None: there is none."""

    def make(self, key: str) -> None:
        """Keep a new key. The caller holds the writer lock."""


class KeyFile:
    """The key in the file ``path``, mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """The key."""
        try:
            return self._path.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"the key {str(self._path)!r} cannot be read", hint="Restore it from a backup") from error

    def make(self, key: str) -> None:
        """Keep a new key; a killed process leaves all of it or none."""
        new = self._path.with_name(f"{self._path.name}-new")
        try:
            new.unlink(missing_ok=True)
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(file, f"{key}\n".encode("ascii"))
                os.fsync(file)
            finally:
                os.close(file)
            new.rename(self._path)
        except OSError as error:
            said = error.strerror or error
            raise StoreError(f"the key {str(self._path)!r} cannot be written: {said}", hint="Check the disk") from error


class KeySetting:
    """The key among the settings of a record, so that all machines that share the record have it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self) -> str | None:
        """The key."""
        return self._settings.setting(SEAL_SETTING)

    def make(self, key: str) -> None:
        """Keep a new key."""
        self._settings.keep_settings(**{SEAL_SETTING: key})


class Seal:
    """Keyed hashes and signatures of one store. The key is read, or made, when it is first needed."""

    def __init__(self, place: KeyPlace) -> None:
        self._place = place
        self._key: bytes | None = None
        self._threads = threading.Lock()

    def make(self, *, lost: bool) -> None:
        """Make the key unless there is one. The caller holds the writer lock.

        Args:
            lost: there must have been one, since something was forgotten already.
        """
        if self._read() is None:
            if lost:
                raise self._missing()
            self._place.make(secrets.token_hex(32))

    def mark(self, *parts: object) -> str:
        """64 hex digits over the parts; which part a character belongs to matters.

        Raises:
            StoreError: there is no key.
        """
        return self._digest(json.dumps(parts).encode())

    def signed(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with its signature; one that it had does not count."""
        bare = {key: value for key, value in document.items() if key != "signature"}
        value = self._digest(_canonical(bare))
        return {**bare, "signature": {"algorithm": _ALGORITHM, "key": self._name(), "value": value}}

    def is_signed(self, document: Mapping[str, Any]) -> bool:
        """Whether the document has a signature by this store, and says what it said when it was signed."""
        signature = document.get("signature")
        if not isinstance(signature, Mapping) or not isinstance(signature.get("value"), str):
            return False
        return hmac.compare_digest(
            self.signed(document)["signature"]["value"].encode(), signature["value"].encode("utf-8", "replace")
        )

    def _name(self) -> str:
        """Says which key it is, not what it is."""
        return hashlib.sha256(b"limner key " + self._known()).hexdigest()[:16]

    def _digest(self, data: bytes) -> str:
        return hmac.digest(self._known(), data, "sha256").hex()

    def _known(self) -> bytes:
        found = self._read()
        if found is None:
            raise self._missing()
        return found

    def _read(self) -> bytes | None:
        with self._threads:
            if self._key is None and (text := self._place.read()) is not None:
                try:
                    self._key = bytes.fromhex(text)
                except ValueError as error:
                    raise StoreError("the store's key is damaged", hint="Restore it from a backup") from error
            return self._key

    def _missing(self) -> StoreError:
        return StoreError(
            "the key of the store is missing, without which it does not know what was forgotten",
            hint="Restore the file 'erasure.key' from a backup of the store",
        )


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
