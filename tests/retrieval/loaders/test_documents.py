from collections.abc import Iterator

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from retrieval.errors import UsageError
from retrieval.events import Event
from retrieval.loaders.documents import events_of_documents
from retrieval.loading import BadLine
from retrieval.store import Store


class Letters(BaseLoader):
    """Two letters and an empty page, as a loader of LangChain gives them."""

    def lazy_load(self) -> Iterator[Document]:
        yield Document("I like tea", metadata={"source": "a.pdf", "page": 1, "date": "2024-03-04"}, id="d1")
        yield Document("I like rum", metadata={"customer": "v", "speaker": "agent"})
        yield Document("", metadata={"source": "b.pdf"})


def test_documents_become_events() -> None:
    tea, rum, empty = events_of_documents(Letters(), user_id="u")
    assert isinstance(tea, Event) and isinstance(rum, Event)
    assert (tea.user_id, tea.event_id, tea.text, tea.timestamp, tea.role) == (
        "u",
        "d1",
        "I like tea",
        "2024-03-04",
        "user",
    )
    assert tea.channel is None and tea.metadata == {"document": "a.pdf", "page": 1}
    assert (rum.user_id, rum.role) == ("v", "agent")
    assert empty == BadLine("Letters", 3, "no text in 'page_content'", "no text")


def test_metadata_may_be_mapped_and_documents_given_as_they_are() -> None:
    documents = [Document("a", metadata={"source": "mail", "who": "w"})]
    (event,) = events_of_documents(documents, columns={"user_id": "who", "channel": "source"})
    assert isinstance(event, Event)
    assert (event.user_id, event.channel, event.metadata) == ("w", "mail", {})
    with pytest.raises(UsageError, match="'txt' is not a field"):
        events_of_documents(documents, columns={"txt": "a"})


def test_a_store_takes_them_in(store: Store) -> None:
    report = store.ingest_events(events_of_documents(Letters(), user_id="u"))
    assert (report.read, report.added, report.bad_count) == (3, 2, 1)
    assert [user.user_id for user in store.users()] == ["u", "v"]
    assert store.ingest_events(events_of_documents(Letters(), user_id="u")).unchanged == 2
