import threading
from pathlib import Path

import pytest

from retrieval.errors import StoreBusy, StoreError
from retrieval.locks import StoreLock


def test_a_thread_takes_it_again_and_others_do_not(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "lock", 0.1)
    outcomes: list[object] = []

    def other() -> None:
        with lock.if_free() as free:
            outcomes.append(free)
        try:
            with lock.held():
                outcomes.append("held")
        except StoreBusy as error:
            outcomes.append(str(error))

    with lock.held(), lock.held(), lock.if_free() as free:
        assert free
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert outcomes[0] is False
    assert "'lock' is held by another process" in str(outcomes[1])
    other()
    assert outcomes[2:] == [True, "held"]


def test_a_lock_file_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StoreError, match="lock' cannot be locked"), StoreLock(tmp_path / "lock", 0.1).held():
        pass
