"""Says what a profile or an answer may hold of sensitive matters: what is asked for, and what is shown.

What a user stated in so many words may be shown, where the store allows its category; what a model concludes may not,
nor is it kept anywhere. Knows permits, facets and values, not how values are found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from agent.backing import items_of
from agent.documents import Claim, Evidence, Rejected, Withheld
from agent.evidence import joined, prompt_language
from agent.facets import Facet
from agent.sensitive import asked_about, said_about, terms_in
from agent.verify import Accepted, said_leaves
from agent.wording import leaves, said_share, sentences
from retrieval import Hit, named_speakers
from retrieval.permits import Permit

__all__ = ["Allowing", "Roles", "about", "categories_of", "speaks_for_oneself", "unstated", "withheld_reason"]

Roles = Mapping[tuple[str, str], str]
"""Who says a snippet (``user``, ``agent``, …), by the key of evidence."""

_KEPT_OUT: Final = "the value is not kept"


def about(categories: Iterable[str]) -> str:
    """The categories in words, for messages."""
    return " and ".join(categories)


def withheld_reason(categories: Sequence[str]) -> str:
    """Why nothing is told that is about these."""
    return f"about {about(categories)}, which the policy of this store does not allow"


@dataclass(frozen=True, slots=True)
class Allowing:
    """What is allowed; everything that is stated, without a permit."""

    permit: Permit = field(default_factory=Permit)

    def settings(self) -> dict[str, Any]:
        """What a profile depends on, as JSON values; ``sensitive``: what verdicts depend on."""
        allowed = {"allowed": self.permit.sensitive, "inferred": self.permit.inferred}
        return {"sensitive": allowed, "purpose": self.permit.purpose, "basis": self.permit.basis}

    def split(self, facets: Sequence[Facet]) -> tuple[list[Facet], list[Withheld]]:
        """The facets that are asked for, and those that are not."""
        asked = [each for each in facets if self.permit.allows(each.sensitive)]
        reasons = ((each, self._forbidden(each.sensitive)) for each in facets)
        return asked, [Withheld(f.pointer, f.sensitive, withheld_reason(bad)) for f, bad in reasons if bad]

    def settle(self, value: Accepted, roles: Roles) -> Accepted | Rejected:
        """What was accepted, as it may be shown; else why not, without the value."""
        facet, said = value.facet, said_about(value.value)
        if bad := self._forbidden(said):
            return self._refused(facet, withheld_reason(bad))
        categories = _both(facet.sensitive, said)
        if not categories or value.origin == "corrected" or self._may_infer(facet, categories):
            return value
        if facet.kind == "text":
            return self._settled_text(value, roles)
        if facet.sensitive:
            stated = [each for each in value.evidence if roles.get(each.key) == "user" and _states(value, each)]
            if stated:
                return replace(value, origin="stated", evidence=tuple(stated))
        elif _holds_terms(value.value, value.evidence):
            return value
        return self._refused(facet, f"not stated by the user in so many words, and about {about(categories)}")

    def without_forbidden(self, values: Iterable[Accepted]) -> tuple[list[Accepted], list[Rejected]]:
        """The values whose categories are allowed, and the others, without the values: also of what people said."""
        kept: list[Accepted] = []
        refused: list[Rejected] = []
        for each in values:
            bad = self._forbidden(said_about(each.value))
            if bad:
                refused.append(self._refused(each.facet, withheld_reason(bad)))
            else:
                kept.append(each)
        return kept, refused

    def scrub(self, rejected: Rejected, facets: Mapping[str, Facet]) -> Rejected:
        """A rejected draft without what it says, where that is sensitive: to keep it would be to infer it."""
        facet = facets.get(rejected.pointer)
        categories = _both(() if facet is None else facet.sensitive, said_about(rejected.value))
        if rejected.value is None or rejected.corrected is not None or not categories:
            return rejected
        if facet is not None and self._may_infer(facet, categories):
            return rejected
        reason = "not said in the cited words" if rejected.reason.startswith("the number") else rejected.reason
        return Rejected(rejected.pointer, None, f"{reason}; about {about(categories)}: {_KEPT_OUT}")

    def text(self, text: Accepted, claims: Iterable[Claim]) -> Accepted | Rejected:
        """A text that was written from claims, without the sentences about what none of these states."""
        told: set[str] = {each for claim in claims for each in said_about(claim.value)}
        told |= {each for claim in claims for each in claim.sensitive}
        kept = [
            each
            for each in sentences(str(text.value))
            if not self._forbidden(said_about(each)) and told.issuperset(said_about(each))
        ]
        return self._with(text, kept, "says more of sensitive matters than the verified values do")

    def may_quote(self, words: str) -> bool:
        """Whether a user's own words may be shown beside what a model concludes from them."""
        return not self._forbidden(said_about(words))

    def declines(self, question: str) -> Withheld | None:
        """Why a question is not asked of the model; None: it is."""
        return self._withheld(asked_about(question))

    def conceals(self, answer: str) -> Withheld | None:
        """Why an answer is not told, whatever the question was; None: it is."""
        return self._withheld(said_about(answer))

    def mark(self, claims: Iterable[Claim], facets: Sequence[Facet]) -> list[Claim]:
        """The claims, each with the categories of its attribute and of what it says."""
        by_pointer = {each.pointer: each.sensitive for each in facets}

        def of(pointer: str) -> tuple[str, ...]:
            return by_pointer.get(pointer) or by_pointer.get(pointer.rpartition("/")[0]) or ()

        return [replace(each, sensitive=_both(of(each.pointer), said_about(each.value))) for each in claims]

    def _settled_text(self, value: Accepted, roles: Roles) -> Accepted | Rejected:
        """Of a text about the user each sentence stands by itself; a sensitive one has to be the user's own."""
        quotes = [each.quote for each in value.evidence if roles.get(each.key) == "user"]
        kept = [
            each
            for each in sentences(str(value.value))
            if not _both(value.facet.sensitive, said_about(each)) or any(said_share(each, q) == 1.0 for q in quotes)
        ]
        return self._with(value, kept, "not stated by the user in so many words, and sensitive")

    def _with(self, text: Accepted, kept: Sequence[str], reason: str) -> Accepted | Rejected:
        whole = sentences(str(text.value))
        if len(kept) == len(whole):
            return text
        if not kept:
            return self._refused(text.facet, reason)
        return replace(text, value=joined(kept, prompt_language(kept)))

    def _withheld(self, categories: Iterable[str]) -> Withheld | None:
        bad = self._forbidden(categories)
        return Withheld("/answer", tuple(bad), withheld_reason(bad)) if bad else None

    def _forbidden(self, categories: Iterable[str]) -> list[str]:
        return [each for each in categories if not self.permit.allows([each])]

    def _may_infer(self, facet: Facet, categories: Iterable[str]) -> bool:
        return facet.marked and all(each in self.permit.inferred and each in facet.sensitive for each in categories)

    def _refused(self, facet: Facet, reason: str) -> Rejected:
        return Rejected(facet.pointer, None, f"{reason}: {_KEPT_OUT}")


def speaks_for_oneself(hit: Hit, question: str) -> bool:
    """Whether a snippet is the user's own words, or the own words of another speaker whom the question names."""
    speaker = hit.snippet.speaker or hit.event.speaker
    if hit.snippet.role != "other" or not speaker:
        return hit.snippet.role == "user"
    return bool(named_speakers(question, {speaker}))


def unstated(
    question: str, answer: str, quotes: Sequence[str], by_others: Sequence[str] = (), *, yes_or_no: bool
) -> str | None:
    """Why an answer about sensitive matters is not one: none of the user's own words say it; None: they do, or it is
    about something else.

    They say it where they hold the answer; also where they speak of what is asked, and hold whatever makes the answer
    sensitive: the day of a clinic visit follows from "yesterday", an illness from no insulin. Where a question only
    names children ("Where does she go with her kids?"), and the answer does not, ``by_others``, what others say in
    the quotes, counts as well.
    """
    categories = categories_of(question, answer)
    if not categories:
        return None
    if categories == ("children",) and not said_about(answer):
        quotes = [*quotes, *by_others]
    if yes_or_no:
        terms = terms_in(question) or terms_in(question, topics=True)
        said = any(said_share(term, quote) == 1.0 for term in terms for quote in quotes)
    else:
        said = all(any(said_share(item, quote) == 1.0 for quote in quotes) for item in items_of(answer))
        words = " ".join(quotes)
        speaks_of_it = set(asked_about(question)) <= set(asked_about(words))
        said = said or (speaks_of_it and all(said_share(term, words) == 1.0 for term in terms_in(answer)))
    return None if said else f"not stated by the user in so many words, and about {about(categories)}: {_KEPT_OUT}"


def categories_of(question: str, answer: str | None) -> tuple[str, ...]:
    """The categories of sensitive data that a question and its answer are about."""
    return _both(asked_about(question), said_about(answer or ""))


def _both(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def _states(value: Accepted, evidence: Evidence) -> bool:
    """Whether a quote has the value in so many words; what is chosen from a list, by the word that is chosen."""
    facet = value.facet
    if value.value is True:
        said: list[Any] = [facet.label]
    elif facet.kind == "choice":
        said = [value.value]
    else:
        said = list(said_leaves(facet.item, value.value)) or list(leaves(value.value))
    return all(said_share(each, evidence.quote) == 1.0 for each in said)


def _holds_terms(value: Any, evidence: Sequence[Evidence]) -> bool:
    """Whether the words by which a value is sensitive stand in the quotes: the model did not come up with them."""
    quotes = " ".join(each.quote for each in evidence)
    return all(said_share(term, quotes) == 1.0 for each in leaves(value) for term in terms_in(str(each)))
