"""Takes out of explanations what a model would have guessed about sensitive matters, and what may not be told of them.

An explanation shows what a model makes of single snippets and of what is left without them: conclusions, one by one.
Knows documents, not how they are made.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from agent.allowing import Allowing, about
from agent.errors import UsageError
from agent.sensitive import asked_about, said_about
from agent.wording import said_share

if TYPE_CHECKING:
    from agent.documents import ProfileDocument
    from agent.explanations import Explanation

__all__ = ["check_is_told", "without_guesses"]

_NOTE: Final = "about {categories}: what the model would make of single snippets is not shown"


def check_is_told(document: "ProfileDocument", pointer: str) -> None:
    """Refuse to explain what was not asked for.

    Raises:
        UsageError: the store's policy withholds the attribute at the pointer.
    """
    for each in document.withheld:
        if pointer == each.pointer or pointer.startswith(f"{each.pointer}/"):
            raise UsageError(
                f"{pointer!r} is not told: it is {each.reason}", hint="`limner policy show` shows the policy"
            )


def without_guesses(found: "Explanation", allowing: Allowing) -> "Explanation":
    """The explanation with the user's words and the value, and without whatever else a model would say of it.

    Of other matters, single guesses that are sensitive are left out.
    """
    categories = tuple(dict.fromkeys([*found.sensitive, *asked_about(found.subject), *said_about(found.value)]))
    others = tuple(each for each in found.others if allowing.permit.allows(each.sensitive))
    basis = tuple(each for each in found.rests_on if allowing.permit.allows(each.sensitive))
    found = replace(found, others=others, rests_on=basis)
    if categories:
        note = _NOTE.format(categories=about(categories))
        return replace(found, alternatives=(), readings=(), without=(), shown=(), sensitive=categories, note=note)
    return replace(
        found,
        alternatives=tuple(each for each in found.alternatives if not said_about(each.value)),
        readings=tuple(each for each in found.readings if not _guessed(each.values, each.evidence.quote)),
        without=tuple(each for each in found.without if not said_about(list(each.instead or ()))),
    )


def _guessed(values: Sequence[Any], quote: str) -> bool:
    return any(said_about(each) and said_share(each, quote) < 1.0 for each in values)
