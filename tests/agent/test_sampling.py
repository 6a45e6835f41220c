from collections import Counter

from agent.sampling import draw

ROWS = [(f"u{at % 3}", "often" if at % 5 else "seldom", at) for at in range(100)]


def drawn(n: int | None, seed: int = 0) -> list[tuple[str, str, int]]:
    return draw(ROWS, n, seed, user=lambda row: row[0], category=lambda row: row[1])


def test_categories_by_their_share_and_users_in_turn() -> None:
    for seed in range(5):
        some = drawn(30, seed)
        assert Counter(category for _, category, _ in some) == {"often": 24, "seldom": 6}
        users = Counter((user, category) for user, category, _ in some)
        assert {count for (_, category), count in users.items() if category == "often"} == {8}
        assert {count for (_, category), count in users.items() if category == "seldom"} == {2}


def test_a_seed_draws_the_same_and_another_one_others() -> None:
    assert drawn(10) == drawn(10) != drawn(10, seed=1)
    assert drawn(10) == sorted(drawn(10), key=lambda row: row[2])
    assert set(drawn(10)) < set(drawn(20))
    assert drawn(None) == drawn(1000) == ROWS
    assert draw([], 3, 0, user=str, category=str) == []
