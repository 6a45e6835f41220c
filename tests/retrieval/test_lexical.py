import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import snowballstemmer

from retrieval.lexical import LexicalIndex, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I was hiking, she hikes", ["hike", "hike"]),
        ("北京大学", ["北京", "京大", "大学"]),
        ("茶", ["茶"]),
        ("订单 #W8855135 已签收", ["订单", "w8855135", "已签", "签收"]),
        ("mail Joe@Example.com!", ["mail", "joe@example.com", "joe", "exampl", "com"]),
        ("iPhone14手机", ["iphone14", "手机"]),
        ("ＡＢＣ１２３", ["abc123"]),
        ("4 Lite, 3.5", ["4", "lite", "3.5", "3", "5"]),
        ("the of", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("Where does Wang work in Shanghai?", 0),
        ("李婷婷的身高", 1),
        ("order W8855135", 2),
        ("wang@example.com", 3),
        ("what about hiking", 4),
    ],
)
def test_the_text_that_shares_rare_terms_is_first(query: str, best: int) -> None:
    texts = [
        "Wang works in Shanghai",
        "李婷婷是我的表妹，身高164cm。",
        "Order #W8855135 is late",
        "wang@example.com is my mail",
        "She hikes a lot",
    ]
    assert LexicalIndex(texts).scores(query).argmax() == best


@pytest.mark.parametrize("texts", [[], [""], ["the", "!!"], ["rose", ""]])
@pytest.mark.parametrize("query", ["", "the", "tulip"])
def test_nothing_in_common_scores_nothing(texts: list[str], query: str) -> None:
    assert LexicalIndex(texts).scores(query).tolist() == [0.0] * len(texts)


def test_threads_that_stem_at_once_get_the_same_terms() -> None:
    words = [f"{one}{two}{end}" for one, two, end in product("bdgkpt", "aeiou", ("lization", "tionally", "fulness"))]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(terms, [word + "s" for word in words] * 4))
    finally:
        sys.setswitchinterval(before)
    stemmer = snowballstemmer.stemmer("english")
    assert found == [[stemmer.stemWord(word + "s")] for word in words] * 4
