import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retrieval.cleaning import clean, clean_text

TAGS = [
    "<",
    ">",
    "&",
    "&amp;",
    "&lt;",
    "&nbsp;",
    "<b>",
    "</b>",
    "<br/>",
    "<p>",
    "</p>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
]
INVISIBLE = [
    "\u200b",
    "\u200d",
    "\ufe0f",
    "\ufeff",
    "\u3000",
    "\xa0",
    "\r",
    "\n",
    "\t",
    "\x00",
    "\x1b[0m",
    "\ud83d",
    "\ude00",
    "é",
]
WORDS = [
    "e",
    "\u0301",
    "👩",
    "👧",
    "Ã©",
    "â€™",
    "你好",
    "，",
    "Ａ",
    "`",
    "```",
    "<div class=x>",
    "</div>",
    "<head>",
    "</head>",
    " ",
]
ODD = st.sampled_from([*TAGS, *INVISIBLE, *WORDS])


@pytest.mark.parametrize(
    "text",
    [
        "I <3 you",
        "a < b and c > d",
        "if x <b and c> d",
        "<joe@example.com> wrote: 5 <6, see <https://example.com/a>",
        "use the <b> tag, please",
        "see `<b>x</b>` in the code",
        "```\n<div>kept</div>\n```",
        "http://example.com/?a=1&copy=2&reg=3",
        "Tom & Jerry; AT&T",
        "你好，世界！“引号”……（全角）ＡＢＣ１２３",
        "ﬁne ligature, “curly” ‘quotes’",
        "👨‍👩‍👧 👩🏽‍⚕️ ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "one\ntwo\n\nthree",
        "<think>no HTML</think>",
    ],
)
def test_what_was_typed_stays(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("schÃ¶n, â€œquotedâ€\x9d", "schön, “quoted”"),
        ("cafe\u0301", "café"),
        ("&quot;hi&quot; &lt;3 &amp;amp; more", '"hi" <3 & more'),
        ("a\u200bb\ufeff c\u200dd\u202e", "ab cd"),
        ("x\r\ny\r\n\r\n \r\n\r\nz  w\t\tv\u3000\u3000u ", "x\ny\n\nz w v u"),
        ("\ud83d\ude00 \ud800", "😀 �"),
        ("\x1b[31mred\x1b[0m\x00", "red"),
        ("shown\U000e0041\U000e0042", "shown"),
        ("\u200b \n", ""),
    ],
)
def test_damage_and_invisible_characters_go(raw: str, text: str) -> None:
    assert clean_text(raw) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<p>Hello <b>world</b></p>\n<p>Second&nbsp;one &amp; more</p>", "Hello world\n\nSecond one & more"),
        ("one<br>two<br/>\nthree", "one\ntwo\nthree"),
        ("<div>a</div><div>b</div><ul>\n <li>c</li>\n <li>d</li></ul>", "a\nb\n* c\n* d"),
        ("<table><tr><td>Order</td><td>#12</td></tr><tr><td>Total</td><td>$5</td></tr></table>", "Order #12\nTotal $5"),
        ("<html><head><title>T</title></head><style>p{}</style><script>'</b>'</script><!-- x --><p>hi</p>", "hi"),
        ("<script>never closed, <b>no words</b> lost", "never closed, no words lost"),
        ("<A HREF='http://example.com'>link</A> text", "link text"),
        ("<b>粗体</b>和<font color=red>红色</font>", "粗体和红色"),
        ("Dear <name>,<br>bye", "Dear <name>,\nbye"),
        ("x <!-- never closed, <b>no words</b> lost", "x never closed, no words lost"),
        ("<p>Is AT&amp;T &lt; <joe@example.com>?</p>", "Is AT&T < <joe@example.com>?"),
        ("first line\nsecond <b>line</b>", "first line\nsecond line"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        ("&lt;p&gt;escaped&lt;/p&gt;", "escaped"),
    ],
)
def test_html_becomes_text(raw: str, text: str) -> None:
    assert clean_text(raw) == text


@settings(max_examples=500, deadline=None)
@given(st.text() | st.lists(ODD, max_size=20).map("".join))
@example("&" + "amp;" * 50 + "lt;b&amp;gt;</b>")
def test_cleaning_a_clean_text_changes_nothing(raw: str) -> None:
    text = clean_text(raw)
    assert clean_text(text) == text
    assert text == text.strip()
    assert "\n\n\n" not in text
    text.encode("utf-8")


@pytest.mark.parametrize("piece", ["<", "<!--", "<script>", "<a ", "`<", "&", "&amp;", "<b>", "\u200d", " \n", "`"])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    clean_text(piece * (200_000 // len(piece)) + "</b>")


@pytest.mark.parametrize(
    ("raw", "cuts"),
    [
        ("as it was", {}),
        ("x\r\ny \u3000 z\n\n\n\nw", {}),
        ("cafe\u0301", {}),
        ("schÃ¶n", {"encoding": 1}),
        ("a\u200bb\u202e", {"invisible": 2}),
        ("Tom &amp; Jerry", {"entities": 4}),
        ("<p>Hello <b>you</b></p>", {"html": 14}),
        ("<ul><li>a<li>b</ul>", {"html": 12}),
        ("&lt;p&gt;escaped&lt;/p&gt;", {"entities": 12, "html": 7}),
        ("\u200b<script>x()</script>", {"invisible": 1, "html": 20}),
    ],
)
def test_what_was_cut_is_counted(raw: str, cuts: dict[str, int]) -> None:
    assert clean(raw).cuts == cuts
