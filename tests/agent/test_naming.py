import pytest

from agent.naming import asks_how, only_names


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("我用的这个手机怎么样啊？", True),
        ("那家店的服务如何", True),
        ("他怎么样才能退款？", False),
        ("How is my phone?", True),
        ("What does she think of the desk?", True),
        ("What is the new flat like?", True),
        ("What would she like?", False),
        ("How much did she pay?", False),
    ],
)
def test_questions_for_what_something_is_like(question: str, asks: bool) -> None:
    assert asks_how(question) is asks


@pytest.mark.parametrize(
    ("answer", "text", "names"),
    [
        ("小米11", "我用的手机是小米11。", True),
        ("松下空气净化器", "我挺喜欢松下的空气净化器。", True),
        ("阳光小区", "我住的那个小区叫阳光小区。", True),
        ("小米11", "小米11真心让我惊艳，性能强。", False),
        ("性能出色", "我觉得它性能出色。", False),
        ("Pixel 7", "My phone is a Pixel 7.", True),
        ("Pixel 7", "The Pixel 7 is fast.", False),
        ("fast", "It takes fast pictures.", False),
    ],
)
def test_a_name_is_told_from_what_something_is_like(answer: str, text: str, names: bool) -> None:
    assert only_names(answer, text) is names
