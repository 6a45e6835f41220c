import numpy as np
import pytest

from retrieval.lexical import LexicalIndex
from retrieval.ranking import Part, Ranked, UserView, rank


def view(
    *rows: tuple[list[float], str],
    before: list[int] | None = None,
    event: list[int] | None = None,
    windows: list[list[float]] | None = None,
    around: list[list[int]] | None = None,
    common: list[float] | None = None,
    group: list[int] | None = None,
) -> UserView:
    """``rows`` are (vector, text)."""
    count = len(rows)
    return UserView(
        np.array([vector for vector, _ in rows], dtype=np.float32),
        np.array(before or [-1] * count),
        np.array(event or list(range(count))),
        LexicalIndex([text for _, text in rows]),
        np.array(windows or np.zeros((0, 2)), dtype=np.float32),
        np.array(around or [[-1]] * count),
        np.array(common or [0.0] * count, dtype=np.float32),
        None if group is None else np.array(group),
    )


def part(vector: list[float], *wordings: str) -> Part:
    return Part(wordings, np.array([vector] * len(wordings), dtype=np.float32))


def search(
    about: UserView, *parts: Part, k: int = 10, allowed: list[bool] | None = None, own: list[bool] | None = None
) -> list[Ranked]:
    everything = [True] * len(about.event)
    return rank(about, parts, k, np.array(allowed or everything), own=None if own is None else np.array(own))


def test_what_both_rankers_find_is_first_and_scores_one() -> None:
    found = search(view(([0.8, 0.6], "tulip"), ([0, 1], "white rose"), ([1, 0], "rose")), part([1, 0], "rose"))
    assert [each.position for each in found] == [2, 1, 0]
    assert found[0].score == pytest.approx(1.0) and 0 < found[2].score < found[1].score < 1
    assert [(f.ranker, f.query, f.rank) for f in found[1].found] == [("dense", "rose", 3), ("lexical", "rose", 2)]
    assert [f.ranker for f in found[2].found] == ["dense"] and found[0].found[0].score == pytest.approx(1.0)


def test_each_part_of_a_question_has_its_best_snippet_on_top() -> None:
    rows = [([1.0, 0.0], "rose")] * 5 + [([0.0, 1.0], "tulip")]
    found = search(view(*rows), part([1, 0], "rose"), part([0, 1], "tulip"), k=2)
    assert {each.position for each in found} == {0, 5}


def test_the_turn_before_counts() -> None:
    rows = [([1.0, 0.0], "which flower"), ([0.0, 1.0], "yes"), ([0.0, 1.0], "yes")]
    found = search(view(*rows, before=[-1, -1, 0]), part([1, 0], "x"))
    assert [each.position for each in found] == [0, 2, 1]


def test_one_event_does_not_crowd_out_the_others() -> None:
    rows = [([1.0, 0.0], "rose")] * 3 + [([0.9, 0.1], "rose x")]
    found = search(view(*rows, event=[0, 0, 0, 1]), part([1, 0], "rose"), k=2)
    assert [each.position for each in found] == [0, 3]


def test_of_a_group_only_the_best_is_ranked_and_the_others_are_named() -> None:
    rows = [([1.0, 0.0], "rose")] * 600 + [([0.9, 0.1], "rose"), ([0.0, 1.0], "tulip")]
    about = view(*rows, group=[0] * 599 + [1, 2, 2])
    found = search(about, part([1, 0], "rose"), k=3)
    assert [each.position for each in found] == [0, 599, 600]
    assert found[0].also == tuple(range(1, 599)) and found[1].also == () and found[2].also == (601,)
    (only,) = search(about, part([1, 0], "rose"), allowed=[each > 600 for each in range(602)])
    assert (only.position, only.also) == (601, ())


def test_only_what_is_allowed_is_ranked() -> None:
    rows = [([1.0, 0.0], "rose"), ([0.0, 1.0], "rose")]
    found = search(view(*rows), part([1, 0], "rose"), allowed=[False, True])
    assert [each.position for each in found] == [1] and found[0].found[0].rank == 1


def test_those_of_the_person_asked_about_are_ranked_among_themselves_too() -> None:
    rows = [([1.0, 0.0], "rose")] * 8 + [([0.9, 0.1], "a white rose"), ([0.0, 1.0], "tulip")]
    about = view(*rows)
    assert next(each.position for each in search(about, part([1, 0], "rose"))) == 0
    first, second, *others = search(about, part([1, 0], "rose"), own=[False] * 8 + [True, True])
    assert (first.position, first.score) == (8, pytest.approx(1.0))
    assert (second.position, second.score) == (0, pytest.approx(0.9)) and len(others) == 8
    assert [(f.ranker, f.rank) for f in first.found] == [("dense", 9), ("lexical", 9)]


def test_a_window_ranks_no_snippet_outside_it_among_ones_own() -> None:
    rows = [([0.6, 0.8], "x"), ([1.0, 0.0], "y"), ([0.0, 1.0], "z")]
    about = view(*rows, windows=[[0.8, 0.6]], around=[[0], [-1], [-1]])
    found = search(about, part([1, 0], "y"), own=[True, True, False])
    assert [each.position for each in found] == [1, 0, 2]
    assert [[f.ranker for f in each.found] for each in found] == [["dense", "lexical"], ["dense", "window"], ["dense"]]


def test_a_snippet_is_found_by_the_windows_around_it() -> None:
    rows = [([0.0, 1.0], "x")] * 3
    found = search(view(*rows, windows=[[0, 1], [1, 0]], around=[[0, -1], [0, 1], [1, -1]]), part([1, 0], "y"))
    assert [each.position for each in found] == [1, 2, 0]
    assert [[(f.ranker, f.rank) for f in each.found] for each in found] == [
        [("dense", 2), ("window", 1)], [("dense", 3), ("window", 1)], [("dense", 1), ("window", 2)]
    ]  # fmt: skip


def test_a_snippet_in_no_window_has_no_vote_of_windows() -> None:
    rows = [([1.0, 0.0], "y"), ([0.0, 1.0], "x")]
    first, second = search(view(*rows, windows=[[0, 1]], around=[[-1], [0]]), part([1, 0], "y"))
    assert (first.position, first.score) == (0, pytest.approx(1.0))
    assert [f.ranker for f in first.found] == ["dense", "lexical"]
    assert [f.ranker for f in second.found] == ["dense", "window"]
