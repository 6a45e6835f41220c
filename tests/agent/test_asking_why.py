import pytest

from agent.asking_why import asks_why, only_reason


@pytest.mark.parametrize(
    "question",
    [
        "Why did she want to exchange her digital camera?",
        "And why is Linda unhappy with her job?",
        "Can you tell me why I moved?",
        "How come the parcel was late?",
        "What made John leave his IT job?",
        "What is Melanie's reason for getting into running?",
        "For what reason was it returned?",
        "他为什么想换工作？",
        "客户为何要求退款？",
        "退货的原因是什么？",
        "是什么让她改变了主意？",
        "他怎么会迟到？",
    ],
)
def test_a_reason_is_asked_for(question: str) -> None:
    assert asks_why(question)


@pytest.mark.parametrize(
    "question",
    [
        "What did she buy?",
        "When did John leave his IT job?",
        "What does she say about why he left?",
        "Where does she live?",
        "What makeup does she use?",
        "What leader does he admire?",
        "What inspired Caroline's painting for the art show?",
        "怎么样？",
        "她喜欢什么？",
        "他住在哪里？",
        "",
    ],
)
def test_something_else_is_asked_for(question: str) -> None:
    assert not asks_why(question)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("James signed up because he wanted to learn something new.", "he wanted to learn something new."),
        ("Because of the zoom", "the zoom"),
        ("他想换工作是因为感到乏味", "感到乏味"),
        ("由于停泊费太贵", "停泊费太贵"),
        ("the mooring got too expensive", "the mooring got too expensive"),
        ("just because", "just because"),
    ],
)
def test_only_the_reason_is_told(answer: str, reason: str) -> None:
    assert only_reason(answer) == reason
