"""Questions that are answered by asking simpler ones: a comparison, what is described instead of named, and what is
said to be confirmed.

Knows how the results go together, not how a question is answered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from agent.backing import says_yes
from agent.comparing import Comparison
from agent.described import Described, names_in
from agent.evidence import key_of, prompt_language
from agent.persons import as_introduced
from agent.tag_questions import Tagged
from agent.told import Told, together

__all__ = ["Tell", "bridged", "compared", "confirmed"]

Tell = Callable[[str], Told]
"""Answers one question."""

_MOST_NAMES: Final = 2


def compared(question: str, comparison: Comparison, tell: Tell) -> Told:
    """Both things asked about, and compared by code; no answer where they cannot be."""
    first, second = (tell(each) for each in comparison.questions)
    told = first.answer, second.answer
    outcome = comparison.decide((told[0] or "", told[1] or ""))
    step = {"step": "compare", "question": question, "told": dict(zip(comparison.things, told, strict=True))}
    answer = None if outcome is None else comparison.answer(outcome)
    return _of_several(answer, (first, second), (first, second), step)


def bridged(question: str, described: Described, tell: Tell, people_of: Callable[[], Mapping[str, str]]) -> Told:
    """The described one's name asked for, and then what is asked of that name: of two, where two are so described.

    Of two, it is told by name, unless it is the same of both. Cited is what tells the answer, and then what tells the
    name. ``people_of`` tells whom the user introduced, with what each is to the user, since a message may say "my boss"
    and the next one the name.
    """
    who = tell(described.who)
    if not (names := names_in(who.answer)[:_MOST_NAMES]):
        return Told(None)
    people = people_of()
    asked = {name: tell(described.about(as_introduced(name, people))) for name in names}
    found = {name: told for name, told in asked.items() if told.answer is not None}
    if not found:
        return Told(None)
    language = prompt_language([question])
    colon = "：" if language == "zh" else ": "
    answers = list(dict.fromkeys(told.answer or "" for told in found.values()))
    if len(answers) > 1 or len(found) < len(asked):
        answers = [f"{name}{colon}{told.answer}" for name, told in found.items()]
    step = {"step": "bridge", "question": question, "told": {name: told.answer for name, told in asked.items()}}
    return _of_several(together(answers, language), (*found.values(), who), (who, *asked.values()), step)


def confirmed(question: str, tagged: Tagged, tell: Tell) -> Told:
    """Whether what was said is so, by asking plainly; no answer where that is not answered with yes or no."""
    told = tell(tagged.plain)
    yes = says_yes(told.answer or "")
    answer = None if yes is None else tagged.settled(yes, chinese=prompt_language([question]) == "zh")
    step = {"step": "confirm", "question": question, "asked": tagged.plain, "told": told.answer}
    return replace(told, answer=answer, steps=[*told.steps, step])


def _of_several(answer: str | None, used: Sequence[Told], asked: Sequence[Told], step: dict[str, Any]) -> Told:
    """An answer that rests on several, as sure as the least sure of them."""
    weakest = min(used, key=lambda each: each.confidence)
    return Told(
        answer,
        list({key_of(hit): hit for each in used for hit in each.cited}.values()),
        weakest.confidence,
        weakest.signals,
        [],
        [*(taken for each in asked for taken in each.steps), step],
        [hit for each in asked for hit in each.read],
    )
