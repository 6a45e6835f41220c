import json
from pathlib import Path

from tests.retrieval.loaders.loaded import FIXTURES, bad, events, said

CONVERSATIONS = FIXTURES / "intercom_conversations.json"
MARIA = "maria@example.com"


def test_contacts_are_users_and_teammates_and_bots_are_agents() -> None:
    assert said(CONVERSATIONS) == [
        (MARIA, "user", "Maria Silva", "Hi, can I change the delivery address?\n\nIt is for my daughter."),
        (MARIA, "agent", "Fin", "Please wait for a teammate."),
        (MARIA, "agent", "Jo", "Good customer."),
        (MARIA, "agent", "Jo", "Sure, where to?"),
        (MARIA, "user", "Maria Silva", "Rua das Flores 5, Porto"),
        (MARIA, "other", "Rui", "I am her flatmate, the bell does not work."),
        ("c-18", "agent", "Jo", "20 % off all lamps!"),
    ]


def test_a_part_keeps_its_id_time_and_conversation() -> None:
    first, *_, note, _, _, _, sale = events(CONVERSATIONS)
    assert (first.event_id, first.timestamp) == ("intercom-147-403918251", "2024-03-04T10:00:00Z")
    assert (first.channel, first.metadata) == ("intercom", {"session": "147"})
    assert note.metadata == {"session": "147", "private": True}
    assert sale.metadata == {"session": "148", "subject": "Spring sale"}


def test_one_conversation_alone_and_one_a_line(tmp_path: Path) -> None:
    conversations = json.loads(CONVERSATIONS.read_text())["conversations"]
    alone, lines = tmp_path / "a.json", tmp_path / "a.jsonl"
    alone.write_text(json.dumps(conversations[0], indent=1))
    lines.write_text("".join(f"{json.dumps(each)}\n" for each in conversations))
    assert events(alone) == events(CONVERSATIONS)[:6]
    assert events(lines) == events(CONVERSATIONS)


def test_a_conversation_without_a_contact_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"type": "conversation", "id": 5, "source": {"body": "x", "author": {"type": "admin", "id": 1}}}')
    assert bad(path) == [(1, "conversation 5: no contact, neither as an author nor in contacts")]


def test_footers_are_cut_and_the_raw_form_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    html = "<p>灯坏了。</p><p>此邮件由系统自动发送，请勿直接回复。</p>"
    source = {"body": html, "author": {"type": "user", "id": "7", "name": "Ana"}}
    path.write_text(json.dumps({"type": "conversation", "id": 5, "source": source}))
    (event,) = events(path)
    assert (event.text, event.raw) == ("灯坏了。", html)
    assert event.origin is not None and set(event.origin.cuts) == {"html", "footer"}
