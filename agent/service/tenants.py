"""Tenants: each has a store of its own, so that nothing of another one can be found in it.

Knows how stores lie in folders, nothing of keys or protocols.
"""

import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from agent.errors import NoStore, NotFound, UsageError, shorten
from agent.limner import Limner
from retrieval.servers import record_server

__all__ = ["DEFAULT_TENANT", "Tenants", "UnknownTenant", "check_tenant"]

DEFAULT_TENANT: Final = "default"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class UnknownTenant(NotFound):
    """There is no tenant of this name."""


def check_tenant(name: str) -> str:
    """The name, when a tenant can be called so.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{shorten(name)} cannot be the name of a tenant", hint="Use a-z, 0-9, - and _, at most 63 characters"
        )
    return name


class Tenants:
    """The stores of a service: one, of the tenant ``default``, or each folder in ``folder``. Models are shared.

    Args:
        limner: the models, and the store of the tenant ``default``.
        folder: where the tenants' stores are, ``folder/NAME``; None: there is only the tenant ``default``.
        token_keys: where the keys of their pseudonyms are, ``token_keys/NAME.key``, which no tenant shares with another
            one; None: ``$LIMNER_TOKEN_KEY`` is everybody's.

    Raises:
        UsageError: ``$LIMNER_RECORD`` names one database, in which all tenants' histories would lie together.
    """

    def __init__(self, limner: Limner, folder: Path | None = None, token_keys: Path | None = None) -> None:
        if folder is not None and record_server(None) is not None:
            raise UsageError(
                "tenants have stores in folders, and LIMNER_RECORD names one database for all of them",
                hint="Leave LIMNER_RECORD out, or run one server for each tenant, with a database or schema of its own",
            )
        self._limner = limner
        self._folder = folder
        self._token_keys = token_keys
        self._open: dict[str, Limner] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Who there is, sorted."""
        if self._folder is None:
            return [DEFAULT_TENANT]
        if not self._folder.is_dir():
            return []
        return sorted(each.name for each in self._folder.iterdir() if each.is_dir() and _NAME.fullmatch(each.name))

    def limner(self, tenant: str) -> Limner:
        """The tenant's store, with the models; made by its first ingestion.

        Raises:
            UsageError: nobody can be called so.
            UnknownTenant: a service with one store has no other tenant than ``default``.
        """
        if self._folder is None:
            if tenant != DEFAULT_TENANT:
                raise UnknownTenant(f"there is no tenant {shorten(tenant)}", hint="Serve several with --tenants FOLDER")
            return self._limner
        with self._lock:
            if tenant not in self._open:
                folder = self._folder / check_tenant(tenant)
                key = None if self._token_keys is None else self._token_keys / f"{tenant}.key"
                self._open[tenant] = self._limner.over(folder, token_key=key)
            return self._open[tenant]

    def check(self) -> None:
        """Look whether the record of the service's own store can be read; of many tenants, none is looked at.

        Raises:
            StoreError, BackendUnavailable: it cannot.
        """
        if self._folder is None:
            with suppress(NoStore):
                self._limner.store.policy()

    @property
    def model_is_loaded(self) -> bool:
        """Whether the language model is in memory; the tenants share it."""
        return self._limner.model_is_loaded

    @property
    def embedder_is_loaded(self) -> bool:
        """Whether the embedder is in memory; the tenants share it."""
        return self._limner.embedder_is_loaded

    def load_embedder(self) -> None:
        """Load the embedder, and what else the first search needs, before there is one.

        Raises:
            ModelUnavailable: it cannot be.
        """
        self._limner.load_embedder()
        if self._folder is None:
            with suppress(NoStore):
                self._limner.store.prepare()

    def close(self) -> None:
        """Release all stores and the models."""
        with self._lock:
            for each in self._open.values():
                each.store.close()
            self._open.clear()
        self._limner.close()
