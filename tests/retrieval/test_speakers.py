import pytest

from retrieval.speakers import role_of, same_name


@pytest.mark.parametrize(
    ("speaker", "role"),
    [
        (None, "user"),
        ("", "user"),
        (" ", "user"),
        ("Customer", "user"),
        ("用户", "user"),
        ("我", "user"),
        ("Jennifer Moran", "user"),
        ("jennifer_moran", "user"),
        ("JENNIFER-MORAN", "user"),
        ("data/Jennifer_Moran", "user"),
        ("Jenny", "user"),
        ("assistant", "agent"),
        ("human_agent", "agent"),
        ("客服", "agent"),
        ("AI助手", "agent"),
        ("system", "system"),
        ("订单", "system"),
        ("Samuel Mills", "other"),
        ("Jennifer", "other"),
        ("张三", "other"),
    ],
)
def test_the_role_of_a_speaker(speaker: str | None, role: str) -> None:
    assert role_of(speaker, "data/Jennifer_Moran", ["jenny"]) == role


def test_the_users_own_name_goes_before_a_role_word() -> None:
    assert role_of("Bot", "shop/bot", []) == "user"


def test_a_trailing_slash_of_the_user_id_is_no_name() -> None:
    assert role_of("Anna", "team/anna/", []) == "user"


def test_names_are_the_same_whatever_joins_their_words() -> None:
    assert same_name("Jennifer Moran", "jennifer_moran")
    assert not same_name("Jennifer", None)
