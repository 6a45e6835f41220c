"""An index on a Chroma server: a collection that is called after the store and the number of its indexes so far.

Knows nothing of texts or of embedders, and of the record only its identity and which collection is in use.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Final

from retrieval.buckets import CONFIGURATION, OneCollection
from retrieval.errors import BackendUnavailable, shorten
from retrieval.index import ChromaIndex, IndexDamaged, chroma_settings
from retrieval.record import Record
from retrieval.servers import ChromaAddress

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.fastapi import FastAPI
    from chromadb.types import Collection as Model

__all__ = ["IndexServer", "ServerIndex"]

_NUMBER: Final = "collection"
_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 120.0
_PAGE: Final = 100
_HINT: Final = (
    "Check that a Chroma server (1.0 or newer) runs there, and the address and password in LIMNER_INDEX; "
    "then call again"
)

_LEFTOVER: Final = (
    "Chroma server: its write-ahead log and the folders of deleted collections still hold the vectors; the operator "
    "stops it, runs `chroma vacuum`, and deletes the folders that its table `segments` does not name, and backups"
)


class ServerIndex(ChromaIndex):
    """An open collection of the server ``name``. What others write is seen at once."""

    def __init__(self, name: str, collection: "Collection", batch: int) -> None:
        super().__init__(OneCollection(collection), batch)
        self._name = name

    def close(self) -> None:
        """The connection stays with :class:`IndexServer`."""

    def _translated(self) -> AbstractContextManager[None]:
        return _translated(self._name)


class IndexServer:
    """The place of an index on a Chroma server.

    Collections are called ``limner-STORE-NUMBER``: the store's identity is kept in its record, and so is the number of
    the collection in use. The next number is the one being built.

    Args:
        address: of the server.
        record: of the store.
    """

    def __init__(self, address: ChromaAddress, record: Record) -> None:
        self._address = address
        self._record = record
        self._api: FastAPI | None = None
        self._threads = threading.Lock()
        self.leftover: str | None = _LEFTOVER
        self.name = str(address)

    def open(self) -> ServerIndex:
        """The collection in use."""
        return self._collection(self._number())

    def wipe(self) -> None:
        """Delete the collection in use."""
        self._delete(self._called(self._number()))

    def made_by(self) -> Mapping[str, str] | None:
        """What the collection says of itself."""
        return self._made_by(self._number())

    def beside(self, made_by: Mapping[str, str]) -> ServerIndex:
        """The collection with the next number."""
        number = self._number() + 1
        if self._made_by(number) != made_by:
            self._delete(self._called(number))
        return self._collection(number, made_by)

    def discard_beside(self) -> None:
        """Delete the collection with the next number."""
        self._delete(self._called(self._number() + 1))

    def swap(self) -> Mapping[str, str]:
        """The record's note is what swaps."""
        return {_NUMBER: str(self._number() + 1)}

    def tidy(self) -> None:
        """Delete the collections with lower numbers."""
        start, used, offset = self._called(None), self._number(), 0
        while True:
            with _translated(self.name):
                found = [each.name for each in self._connected().list_collections(_PAGE, offset)]
            old = [each for each in found if each.startswith(start) and int(each.removeprefix(start)) < used]
            for each in old:
                self._delete(each)
            if len(found) < _PAGE:
                return
            offset += _PAGE - len(old)

    def prune(self) -> bool:
        """Chroma keeps what it deletes."""
        return False

    def guarded(self) -> AbstractContextManager[None]:
        """The server takes care of its files."""
        return nullcontext()

    def frozen(self) -> AbstractContextManager[None]:
        """The server takes care of its files."""
        return nullcontext()

    def close(self) -> None:
        """Close the connections."""
        with self._threads:
            if self._api is not None:
                self._api._session.close()
            self._api = None

    def _number(self) -> int:
        return int(self._record.setting(_NUMBER) or 1)

    def _called(self, number: int | None) -> str:
        return f"limner-{self._record.identity()}-{number or ''}"

    def _made_by(self, number: int) -> Mapping[str, str] | None:
        from chromadb.errors import NotFoundError

        with _translated(self.name), suppress(NotFoundError):
            found = self._connected().get_collection(self._called(number)).metadata
            return None if found is None else {key: str(value) for key, value in found.items()}
        return None

    def _collection(self, number: int, made_by: Mapping[str, str] | None = None) -> ServerIndex:
        from chromadb import Collection

        with _translated(self.name):
            api = self._connected()
            model: Model = api.get_or_create_collection(
                self._called(number), configuration=CONFIGURATION, metadata=dict(made_by) if made_by else None
            )
            collection = Collection(client=api, model=model, embedding_function=None)
            return ServerIndex(self.name, collection, api.get_max_batch_size())

    def _delete(self, name: str) -> None:
        from chromadb.errors import NotFoundError

        with _translated(self.name), suppress(NotFoundError):
            self._connected().delete_collection(name)

    def _connected(self) -> "FastAPI":
        with self._threads:
            if self._api is None:
                self._api = _connect(self._address)
            return self._api


def _connect(address: ChromaAddress) -> "FastAPI":
    """The part of Chroma's HttpClient that speaks to the server.

    The whole client waits for ever, from its first request on, and keeps every connection in a process-wide table
    (chromadb 1.5.9).
    """
    from chromadb.api.fastapi import FastAPI
    from chromadb.config import System
    from httpx import Timeout

    settings = chroma_settings(
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host=address.host,
        chroma_server_http_port=address.port,
        chroma_server_ssl_enabled=address.tls,
        **_credentials(address),
    )
    api = System(settings).instance(FastAPI)
    api._session.timeout = Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with _translated(str(address)):
            if api.get_max_batch_size() <= 0:
                raise BackendUnavailable(f"{str(address)!r} does not answer like a Chroma server", hint=_HINT)
    except BaseException:
        api._session.close()
        raise
    return api


def _credentials(address: ChromaAddress) -> Mapping[str, str]:
    if not address.secret:
        return {}
    kind = "basic_authn.BasicAuthClientProvider" if address.user else "token_authn.TokenAuthClientProvider"
    return {
        "chroma_client_auth_provider": f"chromadb.auth.{kind}",
        "chroma_client_auth_credentials": f"{address.user}:{address.secret}" if address.user else address.secret,
    }


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Raises our errors for Chroma's; ``name`` is the server's."""
    import httpx
    from chromadb.errors import ChromaError, InvalidArgumentError, InvalidDimensionException, NotFoundError

    try:
        yield
    except (NotFoundError, InvalidArgumentError, InvalidDimensionException) as error:
        raise IndexDamaged(f"the Chroma server {name!r} cannot use the index: {shorten(str(error), 200)}") from error
    except ChromaError as error:
        hint = "See the server's log; when its data is damaged, `limner reindex` makes the index anew"
        if "disk is full" in str(error):
            hint = "Free some space on the server's disk, then call again: nothing that was reported is lost"
        raise BackendUnavailable(f"the Chroma server {name!r} fails: {shorten(str(error), 200)}", hint=hint) from error
    except httpx.TransportError as error:
        said = str(error) or type(error).__name__
        raise BackendUnavailable(f"the Chroma server {name!r} does not answer: {said}", hint=_HINT) from error
    except ValueError as error:
        raise BackendUnavailable(f"{name!r} does not answer like a Chroma server", hint=_HINT) from error
    except Exception as error:  # chromadb raises a plain one for any refusal that is not in its own form
        refusal = error.__context__
        if type(error) is not Exception or not isinstance(refusal, httpx.HTTPStatusError):
            raise
        status = refusal.response.status_code
        raise BackendUnavailable(f"the Chroma server {name!r} refuses with status {status}", hint=_HINT) from None
