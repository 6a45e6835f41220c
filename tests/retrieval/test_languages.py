import pytest

from retrieval.languages import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order? It should have come on Monday.", "en"),
        ("WHERE IS MY ORDER?", "en"),
        ("Ich wohne jetzt in München.", "de"),
        ("Je suis végétarien", "fr"),
        ("我妈妈今年58岁", "zh"),
        ("請問什麼時候發貨？", "zh"),
        ("東京本社で会議があります", "ja"),
        ("주문은 언제 도착하나요?", "ko"),
        ("订单号A-1234什么时候发货", "zh"),
        ("iPhone 15坏了", "zh"),
        ("我用Kindle看Harry Potter", "zh"),
        ("我最喜欢「美の物语」这个牌子", "zh"),
        ("What do you know about 张三 and his shop?", "en"),
    ],
)
def test_the_language_that_most_of_a_message_is_in(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "42 !!", "👍", "ok", "anna@example.com", "https://example.com/where/is/my/order"])
def test_too_little_to_tell(text: str) -> None:
    assert language_of(text) is None


def test_a_long_text_takes_no_time() -> None:
    assert language_of("a nice long letter " * 50_000) == "en"
