"""Runs the server: one process, one port, until it is told to stop. Knows sockets, nothing of routes."""

import gc
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, NamedTuple

from agent.api import ApiSettings, create_app
from agent.errors import LimnerError, UsageError, WrongKey
from agent.limner import Limner
from agent.service import Hosting, ModelQueue, Service
from agent.service.upkeep import Upkeep
from agent.terminal import say
from retrieval.servers import index_server

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Config

__all__ = ["Serving", "run_server"]

_LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
_ORIGIN: Final = re.compile(r"(?i:[a-z][a-z0-9+.-]*)://[^/?#\s]+")
_FIRST: Final = ("sqlalchemy.dialects.sqlite", "jsonschema", "bm25s")
_BLAS_THREADS: Final = "OPENBLAS_NUM_THREADS"
_BACKLOG: Final = 1024
_GRACE_SECONDS: Final = 10
_KEEP_ALIVE_SECONDS: Final = 75  # longer than clients keep a connection that they do not use
_SWITCH_SECONDS: Final = 0.0001
_WARM_AFTER_SECONDS: Final = 2.0  # the first page comes first


class Serving(NamedTuple):
    """How to serve.

    Attributes:
        host, port: where to listen; port 0: any that is free.
        dev: no keys; for loopback.
        waiting: so many requests may wait for the model.
        tenants: the folder of the tenants' stores, where there are many.
        hosts: the names that requests may use for the server; any, when there are none.
        origins: whose pages may call the API.
        rate: requests that a key may make; None: the default.
        warm: load the embedder at once, beside the first requests.
        token_keys: the folder of the keys of the tenants' pseudonyms.
    """

    host: str
    port: int
    dev: bool = False
    waiting: int = 64
    tenants: Path | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    rate: str | None = None
    warm: bool = True
    token_keys: Path | None = None


def run_server(limner: Limner, store: Path, serving: Serving) -> None:
    """Serve until SIGINT or SIGTERM; running requests then have ten seconds to end.

    Args:
        limner: the models, and the store of the tenant ``default``.
        store: the folder of that store.
        serving: how.

    Raises:
        UsageError: the address cannot be listened on, or the rate is none.
        StoreBusy: another process serves this store.
        WrongKey: the key does not open the store.
        StoreError: the file of its keys and schemas is of a newer limner, or damaged.
    """
    import uvicorn

    _import_first()
    home = serving.tenants or store
    with _listening(serving.host, serving.port) as listener:
        shown = f"[{serving.host}]" if ":" in serving.host else serving.host
        url = f"http://{shown}:{listener.getsockname()[1]}"
        with Hosting(home, tenants=serving.tenants is not None).held(url):
            queue = ModelQueue(serving.waiting, max(1, serving.waiting // 2))
            service = Service(limner, home, tenants=serving.tenants, queue=queue, token_keys=serving.token_keys)
            if serving.tenants is None:
                _check_key(limner)
            try:
                app = create_app(service, _settings(serving))
            except ValueError as error:
                raise UsageError(f"{serving.rate!r} is no rate", hint="For example: 600/minute") from error
            has_keys = bool(service.keys.all())  # whoever starts it on a book of a newer limner learns it at once
            say(f"serving at {url} (Ctrl-C stops)")
            if not serving.dev and not has_keys:
                say("there are no keys yet: make one with `limner keys add`")
            upkeep = Upkeep(service)
            upkeep.start()
            if serving.warm:
                later = threading.Timer(_WARM_AFTER_SECONDS, _warm, (service, app))
                later.daemon = True
                later.start()
            config = uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
            try:
                _run(config, listener)
            finally:
                upkeep.stop()
                gc.unfreeze()


def _check_key(limner: Limner) -> None:
    """Whoever starts a server with a wrong key learns it at once; what else is wrong with a store, requests say."""
    try:
        limner.store.rules()
    except WrongKey:
        raise
    except LimnerError:
        pass


def _import_first() -> None:
    """Import what the first requests need before there are threads.

    Two threads that import numpy at once may each see it half made; it imports its parts in circles.
    """
    with _one_thread_for_numpy():
        import_module("numpy")
    for name in (*_FIRST, *(["chromadb"] if index_server(None) else [])):  # else another process needs it
        import_module(name)


@contextmanager
def _one_thread_for_numpy() -> Iterator[None]:
    """numpy multiplies with as many threads as are set here when it is imported; other processes keep all of theirs.

    OpenBLAS's threads wait for each other without sleeping: where others want the processors, multiplying the vectors
    of one user took 170 ms.
    """
    if _BLAS_THREADS in os.environ:
        yield
        return
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_BLAS_THREADS]


def _run(config: "Config", listener: socket.socket) -> None:
    """Run until a signal comes, and return: uvicorn would raise the signal again, so that the process died of it."""
    import uvicorn

    class Quiet(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            with _on_signals(self.handle_exit):
                yield

    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)  # reading must not wait 5 ms for each turn while a history is loaded
    try:
        Quiet(config).run(sockets=[listener])
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _on_signals(stop: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _settings(serving: Serving) -> ApiSettings:
    hosts = serving.hosts or (_LOOPBACK_HOSTS if serving.dev else ())
    for origin in serving.origins:
        if not _ORIGIN.fullmatch(origin):
            raise UsageError(f"--origin {origin!r} is no origin", hint="For example: https://app.example.com")
    chosen = ApiSettings(dev=serving.dev, hosts=hosts, origins=serving.origins)
    return chosen if serving.rate is None else replace(chosen, rate=serving.rate)


def _warm(service: Service, app: "FastAPI") -> None:
    """Load what the first requests would wait for; what is wrong with it, they will say."""
    try:
        _build_routes(app)
        service.tenants.load_embedder()
    except LimnerError as error:
        say(str(error))
    finally:
        # What is in memory now stays: to look through it for garbage stops everything for half a second each time.
        gc.freeze()


def _build_routes(app: "FastAPI") -> None:
    """FastAPI builds what answers an address when it is first looked for, in half a second."""
    nowhere = {"type": "http", "method": "GET", "path": "/-", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(nowhere)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # whoever comes before the server is up waits
    except OSError as error:
        listener.close()
        hint = "Choose another --host or --port"
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}", hint=hint) from error
    return listener
