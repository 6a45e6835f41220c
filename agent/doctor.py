"""Checks the whole installation: versions, weights, embedder, language model, store, room, telemetry.

Knows what to look at, not how it is shown. Makes no store, repairs nothing.
"""

import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from agent.checks import Check, failed
from agent.errors import LimnerError, ModelUnavailable, StoreError, UsageError
from agent.model_checks import check_model
from agent.progress import OnStep, Step
from retrieval.weights import LLM, cache_dir, locate, sha256_of

if TYPE_CHECKING:
    from agent.limner import Limner

__all__ = ["PACKAGES", "examine"]

PACKAGES = (
    "langchain", "langchain-core", "langchain-openai", "langchain-ollama", "langgraph", "openai", "chromadb",
    "sentence-transformers", "torch", "transformers", "xllamacpp", "pydantic", "sqlalchemy",
    "sqlcipher3",
)  # fmt: skip
_SHOWN = ("limner", "python", "langchain", "chromadb", "torch")
_LOW_DISK = 2 << 30
_LOW_MEMORY = 2 << 30


def examine(limner: "Limner", *, llm: str, embedder: str, on_step: OnStep) -> list[Check]:
    """All checks, in order; one that cannot be made is a failed one."""
    parts: list[Callable[[], list[Check]]] = [
        lambda: [_versions()],
        lambda: [_weights(on_step)] if llm == "embedded" else [],
        lambda: [_embedder(limner, embedder)],
        lambda: check_model(limner.chat(), limner.model_name),
        lambda: [_store(limner), _encryption(limner)],
        lambda: [_disk(limner.store.path), _memory(), _telemetry()],
    ]
    found: list[Check] = []
    for done, part in enumerate(parts):
        on_step(Step("checks", done, len(parts)))
        found += part()
    on_step(Step("checks", len(parts), len(parts)))
    return found


def _versions() -> Check:
    found = {"python": platform.python_version()}
    for name in ("limner", *PACKAGES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    shown = ", ".join(
        f"{name} {found[name]}" for name in ("limner", "python", "langchain", "chromadb", "torch") if name in found
    )
    return Check("versions", "ok", f"{shown} ({platform.system()} {platform.machine()})", details=found)


def _weights(on_step: OnStep) -> Check:
    """Those of the embedded language model, every byte of them."""
    name, path = "weights", cache_dir() / LLM.name
    try:
        if not path.exists():
            for part in LLM.parts:
                locate(part)
            return Check(name, "ok", f"{len(LLM.parts)} packages are there; put together and checked at first use")
        found = sha256_of(path, lambda done, total: on_step(Step("hash MB", done // 1_000_000, total // 1_000_000)))
    except LimnerError as error:
        return failed(name, error)
    except OSError as error:
        return Check(
            name,
            "failed",
            f"{str(path)!r} cannot be read: {error.strerror}",
            "Delete it",
            exit_code=ModelUnavailable.exit_code,
        )
    if found != LLM.sha256:
        message = f"{str(path)!r} was altered: it has SHA-256 {found}, expected {LLM.sha256}"
        return failed(name, ModelUnavailable(message, hint="Delete that file; it is put together again"))
    return Check(name, "ok", f"{LLM.name}: SHA-256 as pinned", details={"path": str(path), "sha256": found})


def _embedder(limner: "Limner", spec: str) -> Check:
    started = time.monotonic()
    try:
        embedder = limner.store.embedder
        shape = embedder.embed_queries(["Oslo"]).shape
    except LimnerError as error:
        return failed("embedder", error)
    details = {"embedder": embedder.name, "dimension": embedder.dimension, "spec": spec}
    seen = f"{embedder.name}: {shape[1]} dimensions, loaded in {time.monotonic() - started:.1f} s"
    return Check("embedder", "ok", seen, details=details)


def _store(limner: "Limner") -> Check:
    name = "store"
    try:
        health = limner.store.health()
    except UsageError as error:
        return replace(failed(name, error), status="ok", exit_code=0)  # there is none yet
    except LimnerError as error:
        found = failed(name, error)
        return found if found.remedy else replace(found, remedy="Make the index anew: limner reindex")
    seen = f"version {health.version}, {health.vectors} vectors in the index of {health.wanted} that the record wants"
    told = Check(name, "ok", seen, details=asdict(health))
    try:
        mine = limner.store.embedder.name
    except ModelUnavailable:  # which has a check of its own
        return told
    if health.embedder not in (None, mine):
        seen = f"made with the embedder {health.embedder!r}, not with {mine!r}"
        remedy = "Give the same --embedder, or make the index anew: limner reindex"
        return replace(told, status="failed", seen=seen, remedy=remedy, exit_code=StoreError.exit_code)
    if not health.agrees:
        return replace(told, status="warning", remedy="The next search or ingest repairs it; or run: limner reindex")
    return told


def _encryption(limner: "Limner") -> Check:
    """Whether the files are encrypted, whatever key was given, and whether limner could read them."""
    from retrieval.files import ENCRYPTED, RECORD
    from retrieval.sqlite_files import has_sqlcipher

    is_on, there = (limner.store.path / ENCRYPTED).exists(), has_sqlcipher()
    details = {"encrypted": is_on, "sqlcipher": there}
    if is_on and not there:
        remedy = "Install it with: pip install 'limner[encryption]'"
        return Check("encryption", "failed", "the store is encrypted, sqlcipher3 is not installed", remedy, details, 4)
    plain = "not encrypted" if (limner.store.path / RECORD).exists() else "not there"
    seen = f"the store is {'encrypted' if is_on else plain}; SQLCipher is {'' if there else 'not '}installed"
    return Check("encryption", "ok", seen, details=details)


def _disk(store: Path) -> Check:
    free = {str(place): shutil.disk_usage(_existing(place)).free for place in dict.fromkeys((store, cache_dir()))}
    least = min(free.values())
    seen = "; ".join(f"{size / 2**30:.1f} GiB free for {place}" for place, size in free.items())
    if least < _LOW_DISK:
        remedy = "Free some space, or set LIMNER_CACHE and --store to folders on another disk"
        return Check("disk", "warning", seen, remedy, {"free": free})
    return Check("disk", "ok", seen, details={"free": free})


def _existing(path: Path) -> Path:
    path = path.expanduser().absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def _memory() -> Check:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return Check("memory", "warning", "this system does not tell", "See that 2 GiB are free for the models")
    seen, details = f"{free / 2**30:.1f} GiB available", {"available": free}
    if free < _LOW_MEMORY:
        return Check("memory", "warning", seen, "The embedded models take about 2 GiB: close other programs", details)
    return Check("memory", "ok", seen, details=details)


def _telemetry() -> Check:
    from retrieval.index import chroma_settings

    off = {
        "chroma": not chroma_settings().anonymized_telemetry,
        "huggingface": os.environ.get("HF_HUB_DISABLE_TELEMETRY", "1").upper() not in ("0", "FALSE", "NO", "OFF"),
        "langsmith": True,  # every call of a model is made with tracing off, whatever the environment says
    }
    on = [name for name, is_off in off.items() if not is_off]
    if on:
        return Check("telemetry", "warning", f"on: {', '.join(on)}", "Unset HF_HUB_DISABLE_TELEMETRY", off)
    return Check("telemetry", "ok", "off: Chroma, Hugging Face, LangSmith", details=off)
