"""What is installed from a wheel: all files of the packages, and a server with its first page, without the checkout."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "retrieval", "prompts")
INSTALLED = """
import sys
target, *words = sys.argv[1:]
import agent, prompts, retrieval
assert all(each.__file__.startswith(target) for each in (agent, prompts, retrieval)), agent.__file__
from agent.cli import main
raise SystemExit(main(words))
"""
"""The command ``limner``, of this folder and no other."""

pytest.importorskip("hatchling", reason="what `make` builds with (locked/build.txt)")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without a network."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (found,) = out.glob("*.whl")
    return found


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    kept = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.split("/")[0] in PACKAGES}
    assert packed == kept
    parts = {path.rpartition(".")[2] for path in packed if path.startswith("agent/console/")}
    assert parts == {"py", "html", "css", "js", "svg"}


def test_an_installed_wheel_serves_the_first_page_and_all_that_it_names(wheel: Path, tmp_path: Path) -> None:
    """From a folder of its own, beside the packages that limner needs."""
    target, home = tmp_path / "installed", tmp_path / "home"
    home.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel],
        check=True,
        capture_output=True,
    )
    words = ["serve", "--dev", "--no-warm", "--port", "0", "--store", "store"]
    environment = {**os.environ, "PYTHONPATH": str(target)}
    server = subprocess.Popen(
        [sys.executable, "-c", INSTALLED, str(target), *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
    )
    try:
        assert server.stderr is not None
        told: list[str] = []
        for line in server.stderr:
            told.append(line)
            if " serving at " in line:
                break
        assert told and " serving at " in told[-1], told
        url = told[-1].split(" serving at ")[1].split()[0].rstrip("/")
        page = read(f"{url}/console")
        assert "<h1>Customers</h1>" in page
        named = set(re.findall(r'(?:href|src)="(/console/[^"]*(?:css|js|svg)[^"]*)"', page))
        assert {re.findall(r"css|js|svg", each)[-1] for each in named} == {"css", "js", "svg"}
        assert all(read(url + each) for each in named)
        assert "<h1>客户</h1>" in read(f"{url}/console", language="zh")
        assert '"customer"' in read(f"{url}/v1/schemas"), "built-in schemas are files, too"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(40)
        server.stderr.close()  # type: ignore[union-attr]


def read(url: str, language: str = "en") -> str:
    """What a browser with this language is sent."""
    asked = urllib.request.Request(url, headers={"Accept-Language": language})
    with urllib.request.urlopen(asked, timeout=30) as reply:
        text: str = reply.read().decode()
    return text
