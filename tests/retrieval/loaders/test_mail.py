from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.loaders.replies import latest_reply
from tests.retrieval.loaders.loaded import FIXTURES, bad, events, said

ANA = "ana@example.com"
REPLY = FIXTURES / "reply.eml"
BOX = FIXTURES / "Mail.mbox"


def test_a_mail_is_what_its_sender_wrote() -> None:
    (event,) = events(REPLY, user_id="u", self_names=["ana gómez"])
    assert event.text == "The lamp still flickers. I’d like my money back."
    assert event.raw is not None and "> does the lamp work now?" in event.raw
    assert event.origin is not None and event.origin.cuts == {"quoted": 113, "signature": 19}
    assert (event.user_id, event.speaker, event.role) == ("u", "Ana Gómez", "user")
    assert (event.event_id, event.timestamp, event.channel) == ("<m2@example.com>", "2024-03-04T09:15:00Z", "email")
    assert event.metadata == {"session": "<m0@example.com>", "subject": "Re: Your order A-17", "from": ANA}


def test_the_user_is_known_by_the_address_too_and_a_desk_is_an_agent() -> None:
    assert said(BOX, user_id=ANA) == [
        (ANA, "user", "Ana Gómez", "The lamp still flickers. I’d like my money back."),
        (ANA, "agent", "support@acme.example", "您好，已经为您退款，镕金灯具。"),
        (ANA, "user", "Ana", "From now on I write in plain text. My number is 5."),
    ]
    assert [each.metadata["session"] for each in events(BOX, user_id=ANA)][:2] == ["<m0@example.com>"] * 2
    assert {role for _, role, _, _ in said(BOX, user_id="u")} == {"other", "agent"}


def test_a_broken_mime_tree_is_a_bad_line() -> None:
    assert bad(BOX, user_id=ANA) == [
        (3, "a broken mail: the parts of its multipart/mixed cannot be told apart"),
        (4, "mail '<m5@example.com>': nothing is left without what it quotes"),
    ]


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (b"From: a@b.c\n\nhi", None),
        (b"\n\nhi", "nobody in 'From'"),
        (b"From: a@b.c\nDate: yesterday\n\nhi", "unknown time format 'yesterday'"),
        (b"From: a@b.c\nContent-Type: text/plain; charset=klingon\n\nhi", "an unknown encoding, 'klingon'"),
        (b"From: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\nhi", "cannot be told apart"),
        (b"From: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi", None),
        (b"From: a@b.c\nContent-Type: image/png\nContent-Disposition: attachment\n\nhi", "only attachments"),
        (b"From: a@b.c\nContent-Type: text/plain; charset=utf-8\n\n\xff\xfe", None),
        (b"From: a@b.c\nContent-Type: =?;;\nSubject: =?x?=?=\nTo: <<>>,,@\n\nhi", None),
        (b"From: a@b.c\nMessage-ID: <[\n\nhi", None),
        (b"", "nobody in 'From'"),
    ],
)
def test_odd_mails_are_read_or_told(tmp_path: Path, mail: bytes, reason: str | None) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail)
    found = bad(path, user_id="u")
    if reason is None:
        assert found == [] and len(events(path, user_id="u")) == 1
    else:
        assert len(found) == 1 and reason in found[0][1]


def test_nested_parts_without_end_are_told(tmp_path: Path) -> None:
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    path = tmp_path / "a.eml"
    path.write_bytes(b"From: a@b.c\n" + parts)
    assert len(bad(path, user_id="u")) == 1


def test_a_mailbox_must_hold_mail_and_have_a_user(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_text("Subject: hi\n\nhello\n")
    with pytest.raises(InputError, match=r"a\.mbox' is no mailbox: no line begins a mail with 'From '"):
        events(path, user_id="u")
    for each in (BOX, REPLY):
        with pytest.raises(InputError, match=r"which has no user ids\. Say whose it is with --user ID"):
            events(each)


@pytest.mark.parametrize(
    "html",
    [
        "<p>It broke.</p><blockquote type=cite><p>Does it work?</p></blockquote><p>On Monday.</p>",
        '<div>It broke.</div><div class="gmail_quote"><div class="gmail_attr">On Mon, Mar 4, 2024 S wrote:<br></div>'
        '<blockquote class="gmail_quote">Does it<blockquote>x</blockquote></blockquote></div>On Monday.',
        '<?xml version="1.0" encoding="utf-8"?><html>It broke.<BLOCKQUOTE>a</BLOCKQUOTE><p>On Monday.</p></html>',
    ],
)
def test_what_html_marks_as_quoted_is_cut(tmp_path: Path, html: str) -> None:
    path = tmp_path / "a.eml"
    path.write_text(f"From: a@b.c\nContent-Type: text/html; charset=utf-8\n\n{html}\n")
    assert [text.split() for _, _, _, text in said(path, user_id="u")] == [["It", "broke.", "On", "Monday."]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fine.\n\nAm 04.03.2024 um 09:00 schrieb Support <s@x.de>:\n> Geht es?", "Fine."),
        ("Ok.\n\nOn Mon, Mar 4, 2024 at 9:00 AM\nSupport <s@x.com> wrote:\n\nhi", "Ok."),
        (
            "Fine\n\n________________________________\nFrom: S <s@x.com>\nSent: Monday\nTo: A\nSubject: Re: x\n\nold",
            "Fine",
        ),
        ("灯坏了\n\n在 2024年3月4日星期一，客服 <s@x.com> 写道：\n> 您好", "灯坏了"),
        ("灯坏了\n\n------------------ 原始邮件 ------------------\n发件人: 客服\n主题: 灯\n\n您好", "灯坏了"),
        ("灯坏了\n\n发件人：客服\n发送时间：2024年3月4日 9:00\n收件人：Anna\n主题：灯\n\n您好", "灯坏了"),
        ("坏了\n\n发自我的iPhone", "坏了"),
        ("> Is it broken?\n\nYes.\n\n> Since when?\n\nMonday.", "Yes.\n\n\nMonday."),
        ("I need:\n- one\n- two\n\n-- \nAna\nAcme Ltd.", "I need:\n- one\n- two"),
        ("Hello,\nit broke.\n\nThanks, Ana Gómez", "Hello,\nit broke."),
    ],
)
def test_quotations_and_signatures_are_cut(text: str, expected: str) -> None:
    assert latest_reply(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "Hello\nThanks, it works now, but the lamp is broken and I want it replaced.",
        "On Tuesday you wrote:\nthat I must pay. I will not.",
        "A trip, please.\nFrom: Paris\nTo: Rome\nDate: 5 May",
        "Thanks, Ana",
        "谢谢，但是我还没有收到。",
    ],
)
def test_the_senders_own_words_stay(text: str) -> None:
    assert latest_reply(text).text == text


def test_the_raw_form_stays_where_something_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    html = "<p>It broke.</p><p>Sent from my iPhone</p><blockquote>Does it work?</blockquote>"
    path.write_text(f"From: a@b.c\nContent-Type: text/html; charset=utf-8\n\n{html}\n")
    (event,) = events(path, user_id="u")
    assert (event.text, event.raw) == ("It broke.", f"{html}\n")
    assert event.origin is not None and set(event.origin.cuts) == {"quoted", "footer", "html"}

    path.write_text("From: a@b.c\n\nIt broke.\n")
    (event,) = events(path, user_id="u")
    assert (event.text, event.raw) == ("It broke.", None)
    assert event.origin is not None and event.origin.cuts == {}
