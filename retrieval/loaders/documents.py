"""Makes events from the documents of any LangChain document loader.

Knows only that a document has a text and metadata; imports nothing of LangChain.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from retrieval.columns import check_columns, match_columns
from retrieval.events import Event
from retrieval.loading import BadLine, events_of
from retrieval.rows import RowReader, Rows

__all__ = ["Document", "DocumentLoader", "events_of_documents"]


class Document(Protocol):
    """What is needed of a ``langchain_core.documents.Document``."""

    page_content: str
    metadata: dict[Any, Any]


class DocumentLoader(Protocol):
    """What is needed of a ``langchain_core.document_loaders.BaseLoader``."""

    def lazy_load(self) -> Iterator[Any]:
        """The documents, one by one."""


def events_of_documents(
    documents: DocumentLoader | Iterable[Document],
    *,
    user_id: str | None = None,
    columns: Mapping[str, str] | None = None,
    self_names: Collection[str] = (),
) -> Iterator[Event | BadLine]:
    """An event or a bad line for each document, for ``Store.ingest_events``.

    The text is the document's; user id, time and speaker are looked for in its metadata, under the usual names or those
    in ``columns``. The ``source`` of a document is kept as metadata called ``document``; it is not a channel.

    Args:
        documents: a loader, whose ``lazy_load`` is used, or documents.
        user_id: the user of documents whose metadata names none.
        columns: field of an event -> key of the metadata.
        self_names: further names under which the user speaks.

    Raises:
        UsageError: at once, when ``columns`` names an unknown field.
    """
    check_columns(columns)
    wanted = {**(columns or {}), "text": _TEXT}
    found = documents.lazy_load() if hasattr(documents, "lazy_load") else documents
    return events_of(type(documents).__name__, _rows(found, wanted), RowReader(wanted, self_names, user_id))


_TEXT = "page_content"


def _rows(documents: Iterable[Document], columns: Mapping[str, str]) -> Rows:
    """(number from 1, row) for each document."""
    for number, document in enumerate(documents, 1):
        row = {str(name): value for name, value in document.metadata.items()}
        if "source" in row and columns.get("channel") != "source":
            row["document"] = row.pop("source")
        own_id = getattr(document, "id", None)
        if own_id is not None and "event_id" not in match_columns(row, columns):
            row["event_id"] = own_id
        yield number, {**row, _TEXT: document.page_content}
