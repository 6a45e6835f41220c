"""What a killed process leaves behind is deleted by the next one; what is in use, or somebody else's, never."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from retrieval.private_folders import PrivateFolder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such locks")

_LIVE = """
import socket, sys, time
from pathlib import Path
from retrieval.private_folders import PrivateFolder

held = PrivateFolder(Path(sys.argv[1]))
(held.path / "states").mkdir()
(held.path / "states" / "link").symlink_to(sys.argv[1])
listening = socket.socket(socket.AF_UNIX)
listening.bind(str(held.path / "llama.sock"))
listening.listen()
print(held.path, flush=True)
time.sleep(60)
"""


class Living:
    """A process with such a folder, until it is killed."""

    def __init__(self, parent: Path) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _LIVE, parent], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None and select.select([self._process.stdout], [], [], 30)[0]
        self.folder = Path(self._process.stdout.readline().strip())

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=30)


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Living]:
    living = Living(tmp_path)
    yield living
    living.kill()


def test_what_a_killed_process_left_goes_with_the_next_start(living: Living, tmp_path: Path) -> None:
    with PrivateFolder(tmp_path):
        assert (living.folder / "llama.sock").is_socket(), "it is alive"
    living.kill()
    assert living.folder.exists()
    with PrivateFolder(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine] and mine.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_let_go_is_deleted_and_others_of_the_process_are_not(tmp_path: Path) -> None:
    first = PrivateFolder(tmp_path)
    (first.path / "a").write_text("words")
    second = PrivateFolder(tmp_path)
    assert (first.path / "a").exists()
    path = second.path
    del second
    assert not path.exists() and first.path.exists()
    first.close()
    first.close()
    assert list(tmp_path.iterdir()) == []


def test_what_may_be_somebody_elses_stays(tmp_path: Path) -> None:
    elsewhere, others = tmp_path / "elsewhere", tmp_path / "others"
    for path in (elsewhere, others, left := tmp_path / "limner-private-open", tmp_path / "limner-other"):
        path.mkdir(mode=0o700)
        (path / "file").touch()
    left.chmod(0o755)
    (tmp_path / "limner-private-link").symlink_to(elsewhere)
    (tmp_path / "limner-private-file").touch()
    (tmp_path / "limner-private-empty").mkdir(mode=0o700)  # about to be locked
    if os.geteuid() == 0:
        os.chown(others.rename(tmp_path / "limner-private-others"), 65534, 65534)
    before = sorted(tmp_path.rglob("*"))
    PrivateFolder(tmp_path).close()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_child_that_was_forked_neither_deletes_nor_frees_it(tmp_path: Path) -> None:
    held = PrivateFolder(tmp_path)
    (held.path / "a").touch()
    child = os.fork()
    if not child:
        held.close()
        os._exit(0)
    os.waitpid(child, 0)
    PrivateFolder(tmp_path).close()
    assert held.path.exists()
    held.close()


_LOAD = """
import sys
from pathlib import Path
from agent.errors import ModelUnavailable
from agent.llama_server import LlamaServer

try:
    LlamaServer(Path(sys.argv[1]), n_ctx=512)
except ModelUnavailable:
    print("refused")
"""


def test_loading_a_model_deletes_what_a_killed_process_left_of_one(living: Living, tmp_path: Path) -> None:
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    living.kill()
    (bad := tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", _LOAD, bad], env=environment, capture_output=True, check=True)
    assert run.stdout == b"refused\n" and list(tmp_path.iterdir()) == [bad]
