import json
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import InputError
from tests.retrieval.loaders.loaded import FIXTURES, bad, events, said

CHATGPT = FIXTURES / "conversations.json"
ASSISTANT = FIXTURES / "assistant.json"


def test_of_a_chatgpt_conversation_the_branch_shown_last_is_read() -> None:
    assert said(CHATGPT, user_id="u") == [
        ("u", "user", "user", "I want to learn Spanish before I move to Madrid in May."),
        ("u", "agent", "assistant", "Five months are enough for A2."),
        ("u", "user", "user", "Here is my timetable."),
    ]
    first = events(CHATGPT, user_id="u")[0]
    assert (first.event_id, first.timestamp, first.channel) == ("u1b", "2024-01-01T10:01:40.500Z", "chatgpt")
    assert first.metadata == {"session": "6592f0a0-1111", "subject": "Spanish course"}


def conversation(path: Path, **fields: Any) -> Path:
    path.write_text(json.dumps([{**json.loads(CHATGPT.read_text())[0], **fields}]))
    return path


def test_without_a_current_node_the_newest_message_ends_the_branch(tmp_path: Path) -> None:
    assert len(events(conversation(tmp_path / "c.json", current_node=None), user_id="u")) == 3
    assert len(events(conversation(tmp_path / "c.json", current_node="a1"), user_id="u")) == 2


def test_a_circle_in_the_tree_ends(tmp_path: Path) -> None:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["hi"]}}
    nodes = {"a": {"message": message, "parent": "b"}, "b": {"message": message, "parent": "a"}, "c": None}
    assert len(events(conversation(tmp_path / "c.json", mapping=nodes, current_node="a"), user_id="u")) == 2
    assert events(conversation(tmp_path / "c.json", mapping=nodes, current_node="c"), user_id="u") == []


def test_lists_of_messages() -> None:
    assert said(ASSISTANT, user_id="u") == [
        ("u", "user", "user", "I am a vegetarian, what can I cook?"),
        ("u", "agent", "assistant", "How about dal?"),
        ("u", "user", "user", "我在杭州工作。"),
        ("u", "agent", "assistant", "好的。"),
    ]
    assert [each.metadata.get("session") for each in events(ASSISTANT, user_id="u")] == ["c-1", "c-1", "c-2", "c-2"]
    assert bad(ASSISTANT, user_id="u") == [
        (2, "conversation c-2, message 4: the role 'narrator' is neither user nor assistant")
    ]


def test_a_conversation_may_name_its_user(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps({"user_id": "v", "messages": [{"role": "user", "content": "hi"}]}))
    assert said(path) == said(path, user_id="u") == [("v", "user", "user", "hi")]


def test_a_bare_list_of_messages_is_an_array_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]')
    assert said(path, user_id="u") == [("u", "user", "user", "hi"), ("u", "agent", "assistant", "hello")]


@pytest.mark.parametrize("path", [CHATGPT, ASSISTANT])
def test_one_must_say_whose_it_is(path: Path) -> None:
    with pytest.raises(
        InputError, match=rf"{path.name}' is .*, which has no user ids\. Say whose it is with --user ID"
    ):
        events(path)
