"""Runs the server: one process, one port, until it is told to stop. Knows sockets, nothing of routes."""

import socket
from pathlib import Path
from typing import Final

from agent.api import ApiSettings, create_app
from agent.errors import UsageError
from agent.limner import Limner
from agent.service import Hosting, ModelQueue, Service
from agent.terminal import say

__all__ = ["run_server"]

_LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")


def run_server(
    limner: Limner,
    store: Path,
    host: str,
    port: int,
    *,
    dev: bool = False,
    waiting: int = 64,
    tenants: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        limner: the models, and the store of the tenant ``default``.
        store: the folder of that store.
        host, port: where to listen; port 0: any that is free.
        dev: no keys; for loopback.
        waiting: so many requests may wait for the model.
        tenants: the folder of the tenants' stores, where there are many.

    Raises:
        UsageError: the address cannot be listened on.
        StoreBusy: another process serves this store.
    """
    import uvicorn

    home = tenants or store
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}"
        with Hosting(home).held(url):
            service = Service(limner, home, tenants=tenants, queue=ModelQueue(waiting, max(1, waiting // 2)))
            app = create_app(service, ApiSettings(dev=dev, hosts=_LOOPBACK_HOSTS if dev else ()))
            say(f"serving at {url} (Ctrl-C stops)")
            if not dev and not service.keys.all():
                say("there are no keys yet: make one with `limner keys add`")
            config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
            uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        hint = "Choose another --host or --port"
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}", hint=hint) from error
    return listener
