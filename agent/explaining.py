"""Explains a value of a profile, or an answer: gathers what is known of it, has it measured, and makes the document.

Knows documents and stores; how probabilities are measured is ``measuring``'s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.answer_weights import is_compared, weighed_in, weights_of, without_each
from agent.chat import Chat
from agent.documents import AnswerDocument, Claim, Evidence, ModelNames, ProfileDocument, cite_hits
from agent.errors import InputError, UsageError, shorten
from agent.evidence import in_time_order, key_of
from agent.explanations import Computation, Explanation, Quote, Turn
from agent.extracting import is_extracted
from agent.facets import Facet
from agent.inquiries import FacetInquiry
from agent.measuring import Before, Measured, Task, guess, measure
from agent.places import basis_of, check_pointer, claim_at, claim_of, drafted_before
from agent.progress import OnStep, Step, ignore
from agent.readings import Attribute, read_each
from agent.resolve import resolve
from agent.schema import ProfileSchema
from agent.verify import Accepted
from retrieval import Event, Hit, Store, questions_in
from retrieval.views import session_of

if TYPE_CHECKING:
    from agent.profile_graph import Shown

__all__ = ["Explainer", "check_question"]

_SURROUNDINGS = 240  # characters on each side of a quote
_NO_PROBABILITIES = (
    "the model tells no probabilities of given replies: shown is only what it writes when snippets are left out"
)


def check_question(question: str) -> None:
    """Refuse several questions in one text: each has an explanation of its own.

    Raises:
        UsageError: there are several.
    """
    asked = questions_in(question)
    if len(asked) > 1:
        raise UsageError(f"{shorten(question)} holds {len(asked)} questions", hint="Let them be explained one by one")


class Explainer:
    """Explains what one model made of one store's histories.

    Args:
        store: the histories.
        chat: the model; its count of tokens is that of the explanation.
        names: what goes into the document's ``model``.
        on_step: told about progress.
    """

    def __init__(self, store: Store, chat: Chat, names: ModelNames, on_step: OnStep = ignore) -> None:
        self._store = store
        self._chat = chat
        self._names = names
        self._on_step = on_step

    def claim(self, document: ProfileDocument, schema: ProfileSchema, pointer: str, of: Any = None) -> Explanation:
        """Why the profile has what it has at ``pointer``, or nothing; of a disputed or past value, why it is there.

        Args:
            of: the value that is meant, where it is not the one in the profile.

        Raises:
            UsageError: several values stand there, or none can; the message names the pointers that there are.
            InputError: ``of`` is no value there.
            ModelUnavailable: the model failed.
        """
        from agent.profile_graph import ProfileGraph

        facet = check_pointer(schema, pointer)
        claim = claim_at(document, facet, pointer) if of is None else _claim_of(document, facet, pointer, of)
        place = facet.pointer if claim is None else claim.pointer
        about = self._blank(document.user_id, place, document.usage)
        about = replace(
            about,
            others=tuple(c for c in document.claims if c is not claim and c.pointer == place),
            rejected=tuple(r for r in document.rejected if r.pointer in (place, facet.pointer)),
            is_prose=facet.kind == "text",
            sensitive=facet.sensitive if claim is None else claim.sensitive,
        )
        if claim is not None:
            about = self._of_claim(about, claim)
        if facet.compute is not None and (claim.origin == "computed" if claim is not None else not facet.by_name):
            return replace(about, kind="computed", computed=self._computation(document.user_id, facet))
        if claim is not None and facet.from_claims:
            return replace(about, kind="summary", rests_on=basis_of(claim, document.claims))
        if facet.from_claims or (claim is not None and not claim.evidence):
            return replace(about, kind="given" if claim is not None else "unknown")
        if about.sensitive:  # whatever else the model would say of it is a guess (see ``concealing``)
            return about
        graph = ProfileGraph(self._store, self._chat, self._names, self._on_step)
        shown = graph.shown(document.user_id, schema, facet.pointer)
        about = replace(about, queries=shown.facet.queries)
        if is_extracted(shown.facet):
            return self._read_alone(about, schema, shown)
        before = drafted_before(claim, document.claims, shown.hits, facet) if claim is not None else ()
        return self._measured(about, FacetInquiry(self._chat, shown.facet, shown.language), shown.hits, before)

    def answer(self, document: AnswerDocument) -> Explanation:
        """Why the answer is what it is, or why there is none.

        Raises:
            ModelUnavailable: the model failed.
        """
        from agent.ask_graph import AskGraph

        question, told = document.question, document.answer is not None
        about = replace(
            self._blank(document.user_id, question, document.usage),
            kind="answer" if told else "unanswered",
            value=document.answer,
            confidence=document.confidence if told else None,
            quotes=self._quotes(document.user_id, document.evidence),
            rejected=document.rejected,
            queries=(question,),
            is_prose=True,
            sensitive=document.sensitive,
        )
        if document.sensitive or document.withheld or document.computed or is_compared(document):
            return about
        weighed = weighed_in(document, self._hits(document.user_id))
        about = replace(about, **weights_of(document, weighed))
        graph = AskGraph(self._store, self._chat, self._names, self._on_step)
        return replace(about, without=without_each(graph, document, weighed, self._count)) if told else about

    def _hits(self, user_id: str) -> dict[str, Hit]:
        events = {event.event_id: event for event in self._store.events(user_id)}
        return {s.snippet_id: Hit(s, events[s.event_id], 0.0, 0) for s in self._store.history(user_id)}

    def _read_alone(self, about: Explanation, schema: ProfileSchema, shown: "Shown") -> Explanation:
        """With what each snippet says by itself, and what would stand there without those that are quoted."""

        is_past = about.status == "superseded"

        def left(accepted: Sequence[Accepted]) -> list[Any]:
            claims = resolve(schema.inlined, [shown.facet], accepted).claims
            return [each.value for each in claims if is_past or each.status != "superseded"]

        hits = self._with_evidence(about, shown.hits)
        attribute = Attribute(shown.facet, shown.language, shown.people, left)
        found = read_each(self._chat, attribute, hits, about.rejected, self._count)
        about = replace(
            about, shown=cite_hits(hits), readings=found.read, alternatives=found.alternatives(about.value),
            nothing=found.nothing(), note=_NO_PROBABILITIES if found.is_mute() else None,
        )  # fmt: skip
        if about.value is None:
            return about
        return replace(about, **found.of_value(about.value, [quote.evidence.key for quote in about.quotes]))

    def _count(self, done: int, total: int) -> None:
        self._on_step(Step("explain", done, total))

    def _blank(self, user_id: str, subject: str, made_with: Any) -> Explanation:
        return Explanation(
            user_id=user_id, subject=subject, kind="unknown", value=None, origin=None, confidence=None,
            valid_from=None, valid_to=None, quotes=(), is_prose=False, probability=None, per_token=None, nothing=None,
            alternatives=(), judged=None, without=(), computed=None, rests_on=(), others=(), rejected=(), queries=(),
            shown=(), note=None, model=self._names, usage=self._chat.usage, made_with=made_with,
        )  # fmt: skip

    def _of_claim(self, about: Explanation, claim: Claim) -> Explanation:
        return replace(
            about,
            kind="drafted",
            value=claim.value,
            origin=claim.origin,
            confidence=claim.confidence,
            valid_from=claim.valid_from,
            valid_to=claim.valid_to,
            status=claim.status,
            quotes=self._quotes(about.user_id, claim.evidence),
            judged=claim.signals.get("judge"),
        )

    def _measured(
        self, about: Explanation, inquiry: FacetInquiry, shown: Sequence[Hit], before: tuple[Before, ...] = ()
    ) -> Explanation:
        """With probabilities: of the value over what was shown and its evidence, or of nothing where there is none."""
        hits = self._with_evidence(about, shown)
        about = replace(about, shown=cite_hits(hits))
        if about.value is None:
            return self._why_nothing(about, inquiry, hits)
        cited = frozenset(quote.evidence.key for quote in about.quotes)
        found: Measured = measure(Task(inquiry, about.value, cited, before), hits, self._count)
        about = replace(about, alternatives=found.alternatives, without=found.without)
        if found.value is None:
            about = replace(about, note=_NO_PROBABILITIES)
        else:
            about = replace(
                about,
                probability=round(found.value.value, 4),
                per_token=round(found.value.per_token, 4),
                nothing=round(found.value.nothing, 4),
            )
        return self._judged(about, inquiry, {key_of(hit): hit for hit in hits}) if cited else about

    def _why_nothing(self, about: Explanation, inquiry: FacetInquiry, hits: Sequence[Hit]) -> Explanation:
        if not hits:
            return about
        self._on_step(Step("explain", 0, 1))
        best = guess(inquiry, hits)
        if best is None:
            return replace(about, note=_NO_PROBABILITIES)
        return replace(about, alternatives=(best[0],), nothing=round(best[1], 4))

    def _judged(self, about: Explanation, inquiry: FacetInquiry, by_key: dict[tuple[str, str], Hit]) -> Explanation:
        """With the judge's word on all quotes together, and without each of several."""

        def judge(quotes: Sequence[Quote]) -> float:
            evidence = [quote.evidence for quote in quotes]
            hits = [by_key[each.key] for each in evidence]
            return round(inquiry.judge(about.value, evidence, hits), 4)

        quotes = about.quotes
        if len(quotes) > 1:
            quotes = tuple(
                replace(quote, judge_without=judge([q for q in quotes if q is not quote])) for quote in quotes
            )
        return replace(about, judged=judge(about.quotes), quotes=quotes)

    def _with_evidence(self, about: Explanation, shown: Sequence[Hit]) -> list[Hit]:
        """What was shown and the evidence, in the order of a prompt: the evidence may have been found another way."""
        there = {key_of(hit) for hit in shown}
        keys = {quote.evidence.key for quote in about.quotes} - there
        if not keys:
            return list(shown)
        snippets = {(s.event_id, s.snippet_id): s for s in self._store.history(about.user_id)}
        added = [Hit(snippets[key], self._store.event(about.user_id, key[0]), 0.0, 0) for key in keys]
        return in_time_order([*shown, *added])

    def _quotes(self, user_id: str, evidence: Iterable[Evidence]) -> tuple[Quote, ...]:
        events = self._store.events(user_id)
        places = {event.event_id: place for place, event in enumerate(events)}
        return tuple(_quote(each, events, places[each.event_id]) for each in evidence)

    def _computation(self, user_id: str, facet: Facet) -> Computation:
        return Computation(str(facet.compute), len(self._store.events(user_id)))


def _claim_of(document: ProfileDocument, facet: Facet, pointer: str, value: Any) -> Claim:
    found = claim_of(document, facet, pointer, value)
    if found is None:
        raise InputError(
            f"{shorten(value)} is no value of {pointer!r} in the profile", hint="Give the value of one of its claims"
        )
    return found


def _quote(evidence: Evidence, events: Sequence[Event], place: int) -> Quote:
    event = events[place]
    talk = (event.channel, session_of(event))
    before = next((e for e in reversed(events[:place]) if (e.channel, session_of(e)) == talk), None)
    turn = None if before is None else Turn(before.event_id, before.timestamp, before.speaker, before.text)
    return Quote(
        evidence,
        event.text[max(0, evidence.start - _SURROUNDINGS) : evidence.start],
        event.text[evidence.end : evidence.end + _SURROUNDINGS],
        turn,
    )
