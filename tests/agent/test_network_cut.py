"""Nothing is sent anywhere: the whole job is done without network, and nothing even tries to reach one."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
UNSHARE = ["unshare", "--net"]


@cache
def can_unshare() -> bool:
    """Whether a process may get a network namespace of its own, in which there is no network at all."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def run(job: str, folder: Path) -> dict[str, Any]:
    command = [*(UNSHARE if can_unshare() else []), sys.executable, "-m", "tests.agent.without_network", job]
    done = subprocess.run([*command, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def check_nothing_was_tried(found: dict[str, Any]) -> None:
    assert found["attempts"] == []
    if can_unshare():  # else these are those of all programs of this machine
        assert set(found["kernel"].values()) == {0}, found["kernel"]


def test_the_main_job_tries_to_reach_nothing(tmp_path: Path) -> None:
    found = run("fakes", tmp_path)
    assert found["results"] == [0] * 14
    check_nothing_was_tried(found)


def test_engines_with_models_in_folders_try_to_reach_nothing(tmp_path: Path) -> None:
    pytest.importorskip("llguidance")
    found = run("engines", tmp_path)
    assert found["results"] == [3, 1 + 1]
    check_nothing_was_tried(found)


@pytest.mark.model
def test_the_embedded_models_try_to_reach_nothing(tmp_path: Path) -> None:
    found = run("embedded", tmp_path)
    assert found["results"] == [0] * 3
    check_nothing_was_tried(found)


def test_a_server_tries_to_reach_nothing_but_its_clients(tmp_path: Path) -> None:
    """The loopback is up; whatever goes elsewhere has no route, which the kernel counts, and no name is looked up."""
    if not can_unshare() or shutil.which("ip") is None:
        pytest.skip("no network namespace can be made here")
    found = run("served", tmp_path)
    assert found["results"] == [201, 201, 201, "Munich", 200, 200, 201, 0]
    assert found["kernel"]["Ip:OutNoRoutes"] == 0 and found["kernel"]["Udp:OutDatagrams"] == 0, found["kernel"]


def test_attempts_are_noticed(tmp_path: Path) -> None:
    found = run("nothing_but_attempts", tmp_path)
    assert [each.partition(" ")[0] for each in found["attempts"]] == ["socket.getaddrinfo"] * 2
    if can_unshare():
        found = run("past_the_hook", tmp_path)
        assert found["results"] == [-1] and found["attempts"] == []
        assert found["kernel"]["Ip:OutNoRoutes"] > 0, found["kernel"]
