import pytest
from langchain_core.runnables import RunnableLambda

from retrieval.chains import UserRetriever, history_tool
from retrieval.history import UnknownUser
from retrieval.store import Store
from tests.conftest import WriteRows


@pytest.fixture
def retriever(store: Store, write_rows: WriteRows) -> UserRetriever:
    rows = [
        {"user_id": "u", "id": "a", "timestamp": "2024-03-01", "channel": "mail", "text": "Hi! I live in Munich."},
        {"user_id": "u", "id": "b", "text": "My order is late."},
        {"user_id": "v", "id": "c", "text": "I live in Berlin."},
    ]
    store.ingest([write_rows(*rows)])
    return UserRetriever(store=store, user_id="u", k=1)


def test_a_chain_reads_one_users_snippets(retriever: UserRetriever) -> None:
    chain = retriever | RunnableLambda(lambda documents: [each.page_content for each in documents])
    assert chain.invoke("live in Berlin") == ["Hi! I live in Munich."]
    (found,) = retriever.invoke("live")
    score = found.metadata.pop("score")
    assert 0 < score <= 1 and found.id == "a#0"
    assert found.metadata == {
        "user_id": "u", "event_id": "a", "snippet_id": "a#0", "start": 0, "end": 21, "timestamp": "2024-03-01",
        "speaker": None, "role": "user", "channel": "mail", "language": None,
    }  # fmt: skip


def test_an_agent_has_a_tool(retriever: UserRetriever) -> None:
    tool = history_tool(retriever)
    assert tool.name == "search_user_history" and "exact words" in tool.description
    assert tool.invoke({"query": "where do I live"}) == "Hi! I live in Munich."


def test_an_unknown_user_and_no_k_are_refused(retriever: UserRetriever) -> None:
    with pytest.raises(UnknownUser):
        UserRetriever(store=retriever.store, user_id="nobody").invoke("x")
    with pytest.raises(ValueError, match="k"):
        UserRetriever(store=retriever.store, user_id="u", k=0)
