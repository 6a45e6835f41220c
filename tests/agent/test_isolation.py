"""Nobody reads what is another user's or another tenant's, whatever happens in which order; and all of their own stays.

``LIMNER_ISOLATION=300`` tries so many interleavings of each kind.
"""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.agent.at_once import AtOnce
from tests.agent.doors import Encrypted, InProcess, OverConsole, OverHttp, OverMcp
from tests.agent.interleavings import Door, Interleavings

EXAMPLES = int(os.environ.get("LIMNER_ISOLATION", "3"))
_STEPS = 25
DOORS = pytest.mark.parametrize("door", [InProcess, Encrypted, OverHttp, OverMcp, OverConsole])


@DOORS
def test_one_after_another(door: type[Door]) -> None:
    if door is Encrypted:
        pytest.importorskip("sqlcipher3")
    done: Counter[str] = Counter()
    machine = type(door.__name__, (Interleavings,), {"opened": staticmethod(door), "done": done})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=_STEPS, deadline=None, database=None, derandomize=EXAMPLES < 50,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # to shrink what failed takes minutes
        ),
    )  # fmt: skip
    print(EXAMPLES, "interleavings:", dict(done))


@DOORS
def test_all_at_once(door: type[Door], tmp_path: Path) -> None:
    if door is Encrypted:
        pytest.importorskip("sqlcipher3")
    done: Counter[str] = Counter()
    for seed in range(max(1, EXAMPLES // 3)):
        opened = door(tmp_path / str(seed))  # type: ignore[call-arg]
        try:
            together = AtOnce(opened, seed, _STEPS)
            together.run()
        finally:
            opened.close()
        done.update(together.done)
    print("at once:", dict(done))
