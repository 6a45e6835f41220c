"""What commands do to a store beside ``limner serve``, and how a backup that was made meanwhile is judged.

No client asks anything while the store is restored or given another key, since only then it is known what must hold.
"""

import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.kills.deeds import Backup, Compact, Deed, Reindex, Rekey, Restore, key_in
from benchmarks.kills.forking import Tell, run
from benchmarks.kills.states import State, look, open_limner
from retrieval import StoreBusy
from retrieval.encryption import StoreKey

__all__ = ["Copy", "choose", "kill_later"]

Kept = list[tuple[Path, State, StoreKey | None]]


def kill_later(process: int, seconds: float) -> None:
    """Send SIGKILL to a child of this process after a while, and to no other that gets its number meanwhile."""
    handle = os.pidfd_open(process)
    if os.fork() == 0:
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os._exit(0)
    os.close(handle)


class _Refused(Deed):
    """A deed that the store may refuse while a server has it open."""

    def __init__(self, deed: Deed) -> None:
        super().__init__(deed.store)
        self._deed = deed

    @property
    def name(self) -> str:
        return self._deed.name

    def do(self, tell: Tell) -> None:
        try:
            self._deed.do(tell)
        except StoreBusy:
            tell("refused")

    def after(self, before: State) -> State:
        return self._deed.after(before)

    def judge(self, before: State, seen: State, told: list[Any]) -> Any:
        return self._deed.judge(before, seen, told)


def choose(
    chance: random.Random, store: Path, state: State, gone: set[tuple[str, str]], backups: Kept, number: int
) -> Deed:
    """What is done beside the server next; a backup that comes about is added to ``backups``."""
    deeds: list[Deed] = [Compact(store), Reindex(store), Rekey(store, chance.randrange(2))]
    kept = [each for each in backups[-3:] if each[0].exists() and (each[2] is None or key_in(store) is not None)]
    for file, holds, key in kept:
        deeds += [Restore(store, file, holds, set(gone), key)] * 2
    if not kept:
        backup = Backup(store, store.parent / f"beside-{number}")
        backups.append((backup.out, state, backup.key))
        return _Refused(backup)
    return _Refused(chance.choice(deeds))


class Copy:
    """A backup by another process, some seconds after the server has been asked for the first time."""

    def __init__(self, store: Path, out: Path, seconds: float) -> None:
        self._store, self._out = store, out
        self._child = os.fork()
        if self._child == 0:
            code = 1
            try:
                time.sleep(seconds)
                with open_limner(store) as limner:
                    limner.backup(out)
                code = 0
            except StoreBusy:
                code = 3
            finally:
                os._exit(code)

    def judge(self, before: State, after: State) -> str:
        """Restored elsewhere, it holds what was there all the time and nothing that never was; "whole" or "refused"."""
        code = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        assert code in (0, 3), f"the backup beside the server ended with {code}"
        if code == 3:
            return "refused"
        folder = self._out.with_name("restored")
        shutil.rmtree(folder, ignore_errors=True)
        key = key_in(self._store)

        def restore(tell: Tell) -> None:
            with open_limner(folder, key=key) as limner:
                limner.restore(self._out)

        run(restore)
        found = look(folder, {}, 0)
        for user in {*before.events, *after.events, *found.events}:
            was, held, became = (each.events.get(user, {}) for each in (before, found, after))
            assert held.items() <= (was | became).items(), f"{user}: the backup holds what never was"
            assert (was.items() & became.items()) <= held.items(), f"{user}: the backup lacks what was there"
        shutil.rmtree(folder)
        self._out.unlink()
        return "whole"
