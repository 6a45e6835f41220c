import pytest

from retrieval.telling import mostly_asks


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Any plans for the weekend?", True),
        ("Ben: Fine! Have you found a new hobby lately?", True),
        ("你最近怎么样？", True),
        ("I play the violin. You?", False),
        ("I live in Rome.", False),
        ("我住在罗马。你呢？", False),
        ("Why: because I like tea", False),
        ("", False),
    ],
)
def test_what_mostly_asks(text: str, asks: bool) -> None:
    assert mostly_asks(text) is asks
