"""Keeps what a model computed of the constant beginnings of prompts, so that a new process need not read them again.

Only beginnings that were named beforehand, which hold no word of a history, are ever written to a file.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.errors import LimnerError

if TYPE_CHECKING:
    from agent.llama_server import LlamaServer

__all__ = ["PromptStates"]

_LOG = logging.getLogger(__name__)
_MARK: Final = "@@@@"
_MOST_FILES: Final = 24  # 1 to 15 MB each


class PromptStates:
    """The states after some beginnings of system messages, for one loaded model; a state is a file in ``folder``.

    Args:
        server: the model.
        model: what tells it from all others: states of one are not for another.
        folder: is made when there is none.
        beginnings: constant texts that system messages begin with, or are. Without a system message a prompt begins
            with what the model's chat template says itself, which is kept as well.
    """

    def __init__(self, server: "LlamaServer", model: str, folder: Path, beginnings: Sequence[str]) -> None:
        self._server = server
        self._model = model
        self._folder = folder
        self._beginnings = sorted(beginnings, key=len, reverse=True)
        self._ready: set[str] = set()

    def make_ready(self, system: str) -> int:
        """Have the beginning of a system message ("": there is none) read, when it is the first one with it.

        Returns the tokens read for that.
        Nobody else may ask the model meanwhile. What cannot be kept is read again in the next process: no error.
        """
        beginning = next((each for each in self._beginnings if system.startswith(each)), None) if system else ""
        if beginning is None or beginning in self._ready:
            return 0
        try:
            return self._read(beginning, is_whole=system == beginning)
        except (LimnerError, OSError) as error:
            _LOG.warning("The beginning of a prompt could not be kept: %s", type(error).__name__)
            return 0
        finally:
            self._ready.add(beginning)

    def _read(self, beginning: str, *, is_whole: bool) -> int:
        parts = {"system": beginning, "user": _MARK} if is_whole else {"system": beginning + _MARK, "user": ""}
        messages = [{"role": role, "content": text} for role, text in parts.items() if text or role == "user"]
        prompt = self._server.rendered(messages).partition(_MARK)[0]
        file = self._folder / f"{self._name(prompt)}.state"
        if self._ready:
            self._server.read("\n")  # llama.cpp puts what it holds into its own cache, when something else comes
        if file.is_file():
            try:
                self._server.restore(file)
                os.utime(file)
            except (LimnerError, OSError):
                file.unlink(missing_ok=True)
            else:
                return 0
        tokens, anew = self._server.read(prompt)
        self._save(file, tokens)
        return anew

    def _name(self, prompt: str) -> str:
        return hashlib.sha256("\0".join([self._server.engine, self._model, prompt]).encode()).hexdigest()[:32]

    def _save(self, file: Path, tokens: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = file.with_suffix(f".{os.getpid()}")
        try:
            if self._server.save(new) == tokens:  # else something else was read in between: it is not kept
                new.replace(file)
        finally:
            new.unlink(missing_ok=True)
        kept = sorted(self._folder.glob("*.state"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in kept[_MOST_FILES:]:
            old.unlink(missing_ok=True)
