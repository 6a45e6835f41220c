"""Small disks for tests: full ones, read-only ones. Only root may mount them."""

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["FULL", "Disk", "fill"]

FULL = r"the disk is full|No space left on device"


class Disk:
    """A disk of its own, of any size, in memory."""

    def __init__(self, folder: Path, size: str) -> None:
        self.folder = folder
        folder.mkdir()
        self._mount(f"size={size}")

    def resize(self, size: str) -> None:
        self._mount(f"remount,size={size}")

    def read_only(self, yes: bool) -> None:
        self._mount("remount,ro" if yes else "remount,rw")

    def gone(self) -> None:
        subprocess.run(["umount", self.folder], check=True)

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user may not mount a disk")


def fill(disk: Disk, left: int = 0) -> Path:
    """Leave so many bytes free."""
    filler = disk.folder / "filler"
    filler.write_bytes(bytes(max(shutil.disk_usage(disk.folder).free - left, 0)))
    return filler
