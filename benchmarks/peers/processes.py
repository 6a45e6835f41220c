"""Starts what runs beside the benchmark and stops it again: the model server, and peers in their own environments."""

import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["PEERS", "PeerFailed", "Worker", "install_peer", "model_server", "worker"]

HERE = Path(__file__).parent
PEERS: Mapping[str, Sequence[str]] = {
    "mem0": ("mem0ai==2.2.1", "chromadb==1.5.9"),
    "langmem": ("langmem==0.0.30", "langchain-openai==1.7.4"),
}
_TELLING = ("mem0ai", "chromadb", "langmem", "trustcall", "langchain-core", "langchain-openai", "openai", "pydantic")


class PeerFailed(Exception):
    """A peer answered with an error, or ended."""


class Worker:
    """A peer's process: one JSON request a line, one reply a line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, operation: str, **given: Any) -> dict[str, Any]:
        """The reply to a request.

        Raises:
            PeerFailed: the peer raised an error, or its process ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"op": operation, **given}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise PeerFailed("the process has ended") from error
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailed(f"the process ended with exit code {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise PeerFailed(reply["error"])
        return reply


def install_peer(name: str, folder: Path) -> dict[str, str]:
    """Make the peer's environment in ``folder`` unless it is there; the versions of what matters."""
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {' '.join(PEERS[name])} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *PEERS[name]], check=True, stdout=sys.stderr)
        (folder / "installed").touch()
    frozen = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    versions = dict(line.split("==", 1) for line in frozen.splitlines() if "==" in line)
    return {each: versions[each] for each in _TELLING if each in versions}


@contextmanager
def model_server(model: Path, context: int, threads: int) -> Iterator[str]:
    """llama.cpp with an empty cache; yields its base URL."""
    command = [sys.executable, str(HERE / "model_server.py"), str(model), str(context), str(threads)]
    with _running(command, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"the model server did not start; try it: {' '.join(command)}")
        yield json.loads(line)["address"] + "/v1"


@contextmanager
def worker(name: str, environment: Path, log: Path) -> Iterator[Worker]:
    """A peer, working; what it and its libraries print goes to ``log``."""
    with log.open("a") as file:
        command = [str(environment / "bin" / "python"), str(HERE / f"worker_{name}.py")]
        with _running(command, stderr=file) as process:
            yield Worker(process)


@contextmanager
def _running(command: Sequence[str], stderr: Any) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True)
    try:
        yield process
    finally:
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
