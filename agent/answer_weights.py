"""Explains an answer by how likely each snippet tells it, and by what would be answered without some of them.

The weights are those that the answer was made with; without a snippet only the reading and the check after it are done
again. Knows the document of an answer and the steps that it tells, nothing of stores.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.documents import AnswerDocument, cite_hits
from agent.evidence import key_of
from agent.explanations import LeftOut, ReadAlone
from agent.reading import Weighed, in_balance
from agent.readings import cuts_of
from agent.rewording import same_wording
from retrieval import Hit, questions_in

if TYPE_CHECKING:
    from agent.ask_graph import AskGraph

__all__ = ["is_compared", "weighed_in", "weights_of", "without_each"]


def is_compared(document: AnswerDocument) -> bool:
    """Whether the answer was made by code from others: of two compared, or of what was to be confirmed."""
    return any(step["step"] in ("compare", "confirm") for step in document.steps)


def weighed_in(document: AnswerDocument, hits: Mapping[str, Hit]) -> list[Weighed]:
    """The snippets that were weighed for an answer, the weightiest first; ``hits`` are those of the user, by id."""
    told = [each for step in document.steps if step["step"] == "weigh" for each in step["tells"].items()]
    return in_balance(_asked(document), [(hits[name], tells) for name, tells in told if name in hits])


def weights_of(document: AnswerDocument, weighed: Sequence[Weighed]) -> dict[str, Any]:
    """What an explanation tells of the weights, under the names of its fields."""
    shown = [each.hit for each in weighed]
    cited = cite_hits(shown)
    best = max((each.tells for each in weighed), default=None)
    signals = document.signals
    return {
        "shown": cited,
        "readings": tuple(ReadAlone(own, (), each.tells, None) for own, each in zip(cited, weighed, strict=True)),
        "per_token": signals.get("draft"),
        "nothing": signals.get("nothing", None if best is None else round(1 - best, 4)),
        "judged": signals.get("judge"),
    }


def without_each(
    graph: "AskGraph", document: AnswerDocument, weighed: Sequence[Weighed], on_step: Callable[[int, int], None]
) -> tuple[LeftOut, ...]:
    """What would be answered without each quoted snippet, and without all of them.

    Raises:
        ModelUnavailable: the model cannot be asked.
    """
    cuts = cuts_of(list(dict.fromkeys(each.key for each in document.evidence)))
    found = []
    for done, (removed, gone) in enumerate(cuts):
        on_step(done, len(cuts))
        answer, nothing = graph.reread(_asked(document), [e for e in weighed if key_of(e.hit) not in gone])
        stays = answer is not None and same_wording(answer, document.answer)
        instead = None if stays else () if answer is None else (answer,)
        names = tuple(sorted(name for _, name in gone))
        found.append(LeftOut(removed, names, None, None, round(nothing, 4), instead))
    on_step(len(cuts), len(cuts))
    return tuple(found)


def _asked(document: AnswerDocument) -> str:
    """The question as it was answered: "Do you remember the recipe?" asks for the recipe."""
    return questions_in(document.question)[0]
