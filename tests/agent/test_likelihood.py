"""Probabilities read from tokens as llama.cpp tells them: bytes, merged punctuation, half characters."""

import pytest

from agent.chat import Token
from agent.likelihood import likelihood_of


def token(piece: str | bytes, chance: float = 1.0, **others: float) -> Token:
    own = piece.encode() if isinstance(piece, str) else piece
    return Token(own, chance, ((own, chance), *((text.encode(), p) for text, p in others.items())))


def with_options(piece: str, chance: float, options: dict[str, float]) -> Token:
    return Token(piece.encode(), chance, ((piece.encode(), chance), *((t.encode(), p) for t, p in options.items())))


def test_the_tokens_of_a_list_entry() -> None:
    tokens = [
        with_options("[", 0.6, {"[]": 0.2, "Mark": 0.2}),
        token('{"evidence":1,"value'),
        with_options('":"', 0.8, {'":': 0.1, '": ': 0.1}),
        with_options("Mun", 0.9, {"Ham": 0.06, "M": 0.04}),
        token("ich"),
        with_options('"}', 0.7, {'"},{"': 0.2, " now": 0.1}),
        token("]"),
    ]
    found = likelihood_of(tokens, "value")
    assert found is not None
    # The list is begun with 0.6 / (0.6 + 0.2); the style ('": ') and what follows the value do not count.
    assert found.nothing == pytest.approx(0.25 + 0.75 * 0.1)
    assert found.value == pytest.approx(0.75 * 0.8 * 0.9 * 0.9)
    assert (found.first, found.others, found.tokens) == (0.9, (("Ham", 0.06), ("M", 0.04)), 3)
    assert found.is_expected and found.per_token == pytest.approx(found.value ** (1 / 3))


def test_the_tokens_of_an_object_with_a_number_and_half_characters() -> None:
    tokens = [
        token('{"evidence":'),
        with_options("[", 0.9, {"[],": 0.1}),
        token('2],"value":'),
        with_options("5", 0.3, {"null": 0.7}),
        token("}"),
    ]
    found = likelihood_of(tokens, "value")
    assert found is not None and not found.is_expected
    assert (found.value, found.nothing) == (pytest.approx(0.9 * 0.3), pytest.approx(0.1 + 0.9 * 0.7))
    first, second = "慕".encode()[:2], "慕".encode()[2:]
    halves = [token('[{"evidence":1,"value":"'), token(first, 0.5), token(second, 0.8), token('"}]')]
    chinese = likelihood_of(halves, "value")
    assert chinese is not None and (chinese.value, chinese.tokens) == (pytest.approx(0.4), 3)


def test_the_last_entry_after_others_and_after_thinking() -> None:
    tokens = [
        token('<think>["value":3]'),
        token("</think>"),
        token('\n[{"evidence":1,"value":"A"}'),
        with_options(',{"', 0.5, {"]": 0.5}),
        token('evidence":2,"value":"'),
        with_options("B", 0.6, {"C": 0.4}),
        token('"}]'),
    ]
    found = likelihood_of(tokens, "value", before=1)
    assert found is not None
    assert (found.value, found.nothing) == (pytest.approx(0.3), pytest.approx(0.5))
    assert found.others == (("C", 0.4),)


def test_without_tokens_nothing_is_known_and_other_forms_are_refused() -> None:
    assert likelihood_of([], "value") is None
    with pytest.raises(ValueError, match="answer"):
        likelihood_of([token('[{"value":1}]')], "answer")
