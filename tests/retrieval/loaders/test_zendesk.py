import json
from pathlib import Path
from typing import Any

from tests.retrieval.loaders.loaded import FIXTURES, bad, events, said

TICKETS = FIXTURES / "zendesk_tickets.json"
LENA, PAUL = "lena.fuchs@example.com", "paul@example.com"


def ticket(path: Path, **fields: Any) -> Path:
    path.write_text(json.dumps({"tickets": [{"id": 1, "requester_id": 5, "created_at": "2024-01-01", **fields}]}))
    return path


def test_the_requester_is_the_user_and_staff_are_agents() -> None:
    assert said(TICKETS) == [
        (LENA, "user", "Lena Fuchs", "The lamp I ordered arrived broken."),
        (LENA, "agent", "Sam Okafor", "Third case this week, ask the warehouse."),
        (LENA, "agent", "Sam Okafor", "I am sorry, Lena. A new one leaves today."),
        (LENA, "other", "Paul Fuchs", "Please send it to my office."),
        (LENA, "system", "system", "The ticket was solved by an automation."),
        (PAUL, "user", "Paul Fuchs", "Could I have an invoice for my company?"),
    ]


def test_a_comment_keeps_its_id_time_channel_and_ticket() -> None:
    first, note, *_ = events(TICKETS)
    assert (first.event_id, first.timestamp, first.channel) == ("zendesk-1001", "2024-03-04T08:02:11Z", "web")
    assert first.metadata == {
        "session": "35436",
        "subject": "Lamp arrived broken",
        "status": "solved",
        "tags": ["damage", "lamp"],
    }
    assert note.metadata["private"] is True


def test_one_ticket_a_line_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = FIXTURES / "zendesk_lines.json"
    expected = [
        ("wang.fang@example.com", "user", "王芳", "手机壳的颜色和图片不一样。"),
        ("wang.fang@example.com", "agent", "小李", "您好，可以为您换货。"),
    ]
    lines = tmp_path / "tickets.jsonl"
    lines.write_bytes(path.read_bytes())
    for each in (path, lines):
        assert said(each) == expected
        assert bad(each) == [(2, "ticket 8: no requester_id")]


def test_without_the_people_the_requester_is_a_number_and_whoever_answers_an_agent(tmp_path: Path) -> None:
    path = ticket(
        tmp_path / "t.json",
        email_cc_ids=[7],
        comments=[{"id": n, "author_id": author, "body": "hi"} for n, author in enumerate([5, 6, 7, None])],
    )
    assert [(e.user_id, e.role, e.speaker) for e in events(path)] == [
        ("5", "user", "customer"),
        ("5", "agent", "agent"),
        ("5", "other", "other"),
        ("5", "system", "system"),
    ]


def test_a_comment_without_text_is_named(tmp_path: Path) -> None:
    path = ticket(tmp_path / "t.json", comments=[{"id": 9, "author_id": 5, "body": ""}])
    assert bad(path) == [(1, "ticket 1, comment 9: no text in 'text'")]


def test_a_mapping_for_tables_does_not_concern_tickets() -> None:
    assert len(events(TICKETS, columns={"text": "nowhere", "user_id": "nobody"})) == 6


def test_the_kind_may_be_forced(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"id": 3, "text": "a"}]')
    assert bad(path, format="zendesk") == [(1, "ticket 3: no requester_id")]


def test_footers_are_cut_and_the_raw_form_stays(tmp_path: Path) -> None:
    html = "<p>The lamp broke.</p><p>This e-mail is confidential and intended solely for you.</p>"
    comments = [{"id": 1, "author_id": 5, "html_body": html}, {"id": 2, "author_id": 5, "body": "Sent from my iPhone"}]
    cut, whole = events(ticket(tmp_path / "t.json", comments=comments))
    assert (cut.text, cut.raw) == ("The lamp broke.", html)
    assert cut.origin is not None and set(cut.origin.cuts) == {"html", "footer"}
    assert (whole.text, whole.raw) == ("Sent from my iPhone", None)
