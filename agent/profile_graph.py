"""The profile graph (LangGraph): plan → retrieve → draft → verify → correct → summarise → resolve → validate.

One bounded repair leads from the end back to draft.

Knows the order of the steps and what is handed on; each step's rules are in modules of their own.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from agent.allowing import Allowing
from agent.chat import Chat
from agent.computing import compute
from agent.confidence import AS_IT_IS, Confidence
from agent.documents import Evidence, ModelNames, Mood, ProfileDocument, Rejected, Withheld
from agent.drafting import draft_all, judge_claim
from agent.errors import ModelReplyError, ProfileInvalid
from agent.evidence import Pack, history_language, in_time_order, key_of
from agent.expansion import LONG_HISTORY, examples_for
from agent.facets import Facet, plan_facets
from agent.finding import SNIPPETS_A_FACET, Found, find, pack
from agent.moods import mood_facets, moods_of, with_telling_quotes
from agent.persons import people_in
from agent.progress import OnStep, Step, ignore
from agent.resolve import Resolved, resolve
from agent.rivals import told_of_others
from agent.rulings import Rulings
from agent.schema import ProfileSchema, validation_problems
from agent.stages import ALL, Stages
from agent.summarising import facts_of, summarise
from agent.unverified import as_drafted
from agent.verify import Accepted, Drafted, verify
from agent.versions import Earlier
from prompts import Language
from retrieval import Hit, Snippet, Store
from retrieval.timestamps import utc_text

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["ProfileGraph", "Shown"]

_MOST_REPAIRS = 1


class _State(TypedDict, total=False):
    user_id: str
    schema: ProfileSchema
    earlier: Earlier
    rulings: Rulings
    language: Language
    people: dict[str, str]
    is_long: bool
    examples: Mapping[str, tuple[str, ...]]
    facets: list[Facet]
    withheld: list[Withheld]
    roles: dict[tuple[str, str], str]
    todo: list[Facet]
    packs: list[Pack]
    drafted: list[Drafted]
    accepted: list[Accepted]
    rejected: list[Rejected]
    settled: list[Accepted]
    overruled: list[Rejected]
    moods: list[Mood]
    present: set[tuple[str, str]]
    shown: set[tuple[str, str]]
    resolved: Resolved
    problems: dict[str, str]
    repairs: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model is shown about one attribute: snippets in time order, and what else it is asked with.

    ``people`` are those whom the user speaks of, with what they are to the user.
    """

    facet: Facet
    hits: tuple[Hit, ...]
    language: Language
    people: Mapping[str, str]


class ProfileGraph:
    """Makes profiles of one store's users with one model.

    Args:
        store: the histories.
        chat: the model, with its count of tokens.
        names: what goes into the document's ``model``.
        on_step: told about progress.
        confidence: what makes confidences of signals, and the lowest one that is shown.
        stages: those that are run.
        allowing: what may be asked for, and shown, of sensitive matters.
        moods: whether the moods of periods are read; else those stay that were read before and still hold.
    """

    def __init__(
        self,
        store: Store,
        chat: Chat,
        names: ModelNames,
        on_step: OnStep = ignore,
        confidence: Confidence = AS_IT_IS,
        stages: Stages = ALL,
        allowing: Allowing | None = None,
        *,
        moods: bool = False,
    ) -> None:
        self._allowing = allowing or Allowing()
        self._wants_moods = moods
        self._stages = stages
        self._confidence = confidence
        self._store = store
        self._chat = chat
        self._names = names
        self._on_step = on_step
        self._graph = self._compile()

    def run(self, user_id: str, schema: ProfileSchema, earlier: Earlier | None = None) -> ProfileDocument:
        """The profile of one user; ``earlier``: what is known before the model is asked.

        Raises:
            UnknownUser: the store holds nothing of the user.
            ProfileInvalid: the schema requires values that the history does not hold.
            ModelReplyError, ModelUnavailable: the model failed.
        """
        state = self._graph.invoke({"user_id": user_id, "schema": schema, "earlier": earlier or Earlier()})
        resolved: Resolved = state["resolved"]
        claims = self._allowing.mark(state["rulings"].attribute(resolved.claims), state["facets"])
        total, shown = self._store.snippet_count(user_id), len(state["shown"])
        return ProfileDocument(
            user_id=user_id,
            schema={"name": schema.name, "hash": schema.hash},
            profile=resolved.profile,
            claims=tuple(claims),
            unknown=(*resolved.unknown, *(each.pointer for each in state["withheld"])),
            rejected=_once((*state["overruled"], *state["rulings"].without(state["rejected"]), *resolved.rejected)),
            history={"total": total, "shown": shown, "left_out": total - shown},
            model=self._names,
            usage=self._chat.usage,
            generated_at=utc_text(),
            purpose=self._allowing.permit.purpose,
            basis=self._allowing.permit.basis,
            withheld=tuple(state["withheld"]),
            moods=tuple(state["moods"]),
        )

    def shown(self, user_id: str, schema: ProfileSchema, pointer: str) -> Shown:
        """What the model is shown about one attribute when it is asked alone."""
        state: _State = {"user_id": user_id, "schema": schema, "earlier": Earlier()}
        state |= self._plan(state)
        facet = next(each for each in state["facets"] if each.pointer == pointer)
        packs = self._packs(state, self._find(state, [facet]))
        hits = in_time_order(packs[0].hits) if packs else []
        return Shown(facet, tuple(hits), state["language"], state["people"])

    def _compile(self) -> "CompiledStateGraph[Any, Any, Any, Any]":
        from langgraph.graph import END, START, StateGraph

        graph = StateGraph(_State)
        for node in (
            self._plan,
            self._retrieve,
            self._draft,
            self._verify,
            self._correct,
            self._summarise,
            self._resolve,
            self._validate,
            self._repair,
        ):
            graph.add_node(node.__name__.lstrip("_"), node)
        steps = [START, "plan", "retrieve", "draft", "verify", "correct", "summarise", "resolve", "validate"]
        for before, after in itertools.pairwise(steps):
            graph.add_edge(before, after)
        graph.add_conditional_edges("validate", _next_step, {"repair": "repair", "done": END})
        graph.add_edge("repair", "draft")
        return graph.compile()

    def _plan(self, state: _State) -> _State:
        history = self._store.history(state["user_id"])
        own = [s.text for s in history if s.role == "user"]
        language = history_language(history)
        facets, withheld = self._allowing.split(plan_facets(state["schema"], language))
        roles: dict[tuple[str, str], str] = {(s.event_id, s.snippet_id): s.role for s in history}
        computed, refused = self._settled(self._computed(state["user_id"], history, facets), roles)
        known = {each.facet.pointer for each in computed if not each.facet.is_more}
        rulings = Rulings(state["earlier"].corrections, facets, state["earlier"].stands)
        todo = [f for f in facets if _is_drafted(f) and f.pointer not in known]
        is_long = len(own) >= LONG_HISTORY
        return {
            "rulings": rulings, "present": set(roles), "roles": roles, "withheld": withheld,
            "language": language, "people": people_in(own),
            "facets": facets, "todo": todo, "is_long": is_long,
            "examples": examples_for(self._chat, self._names.llm, todo, language, self._on_step) if is_long else {},
            "accepted": computed, "rejected": refused, "shown": set(), "repairs": 0,
        }  # fmt: skip

    def _settled(
        self, values: Sequence[Accepted], roles: Mapping[tuple[str, str], str]
    ) -> tuple[list[Accepted], list[Rejected]]:
        """The values that may be shown, and why others may not."""
        verdicts = [self._allowing.settle(each, roles) for each in values]
        refused = [each for each in verdicts if isinstance(each, Rejected)]
        return [each for each in verdicts if isinstance(each, Accepted)], refused

    def _computed(self, user_id: str, snippets: Sequence[Snippet], facets: Sequence[Facet]) -> list[Accepted]:
        wanted = [f for f in facets if f.compute is not None]
        if not wanted:
            return []
        events = {event.event_id: event for event in self._store.events(user_id)}
        history = [(snippet, events[snippet.event_id]) for snippet in snippets]
        return [value for facet in wanted for value in compute(facet, history)]

    def _retrieve(self, state: _State) -> _State:
        """Find what may tell; what was found out before from the same snippets is taken over."""
        found = self._find(state, state["todo"])
        known = state["earlier"].kept.recall(found, SNIPPETS_A_FACET, state["people"], state["language"])
        return {
            "packs": self._packs(state, [each for each in found if each[0].pointer not in known]),
            "accepted": state["accepted"] + [each for verdicts in known.values() for each in verdicts.accepted],
            "rejected": state["rejected"] + [each for verdicts in known.values() for each in verdicts.rejected],
            "shown": state["present"] & {key for verdicts in known.values() for key in verdicts.shown},
        }

    def _find(self, state: _State, facets: Sequence[Facet], k: int = SNIPPETS_A_FACET) -> Found:
        who, people, examples = state["user_id"], state["people"], state["examples"]
        return find(self._store, who, facets, people, k, self._on_step, examples)

    def _packs(self, state: _State, found: Found, k: int = SNIPPETS_A_FACET) -> list[Pack]:
        return pack(found, k, of_lists=2 * k if state["is_long"] else k)

    def _draft(self, state: _State) -> _State:
        packs, thorough = state["packs"], state["repairs"] > 0
        drafts = draft_all(self._chat, packs, state["people"], state["language"], self._on_step, thorough=thorough)
        state["earlier"].kept.show(drafts.shown)
        shown = state["shown"] | {key_of(hit) for pack in drafts.shown for hit in pack.hits}
        drafted = with_telling_quotes(self._store, state["user_id"], drafts.drafted)
        return {"drafted": drafted, "rejected": [*state["rejected"], *drafts.failed], "shown": shown}

    def _verify(self, state: _State) -> _State:
        accepted, rejected = list[Accepted](), list[Rejected]()

        judged: dict[tuple[str, str, tuple[str, ...]], float] = {}

        def judge(facet: Facet, value: Any, evidence: Sequence[Evidence], record: bool) -> float:
            if not self._stages.judge:
                return 1.0
            same = facet.pointer, repr(value), tuple(each.quote for each in evidence)
            if same not in judged:
                judged[same] = judge_claim(self._chat, facet, value, evidence, state["language"], record=record)
            return judged[same]

        others = told_of_others(state["drafted"]) if self._stages.verify else {}
        rejected += others.values()
        for done, each in enumerate(state["drafted"]):
            self._on_step(Step("verify", done, len(state["drafted"])))
            if done in others:
                continue
            for verdict in verify(each, judge, state["people"]) if self._stages.verify else [as_drafted(each)]:
                if isinstance(verdict, Accepted):
                    accepted.append(verdict)
                else:
                    rejected.append(verdict)
        self._on_step(Step("verify", len(state["drafted"]), len(state["drafted"])))
        by_pointer = {each.pointer: each for each in state["facets"]}
        settled, refused = self._settled(accepted, state["roles"])
        accepted = [*state["accepted"], *settled]
        rejected = [*state["rejected"], *(self._allowing.scrub(each, by_pointer) for each in rejected), *refused]
        state["earlier"].kept.note(accepted, rejected)  # what must not be inferred is not kept either
        return {"accepted": accepted, "rejected": rejected}

    def _correct(self, state: _State) -> _State:
        """Let people have the last word."""
        settled, overruled = state["rulings"].apply(state["accepted"])
        settled, refused = self._allowing.without_forbidden(settled)
        return {"settled": settled, "overruled": [*overruled, *refused]}

    def _summarise(self, state: _State) -> _State:
        settled, overruled = list(state["settled"]), list(state["overruled"])
        for facet in (f for f in state["facets"] if f.from_claims and not state["rulings"].settles(f)):
            text = self._written(facet, settled, state)
            if isinstance(text, Accepted):
                text = state["rulings"].refusal(text) or text
            if isinstance(text, Accepted):
                settled.append(text)
            elif text is not None:
                overruled.append(text)
        return {"settled": settled, "overruled": overruled, "moods": self._moods(state)}

    def _written(self, facet: Facet, accepted: Sequence[Accepted], state: _State) -> Accepted | Rejected | None:
        claims = resolve(state["schema"].inlined, state["facets"], accepted).claims

        def write() -> Accepted | Rejected | None:
            try:
                text = summarise(self._chat, facet, claims, state["facets"], state["language"])
            except ModelReplyError as error:
                return Rejected(facet.pointer, None, str(error))
            if isinstance(text, Accepted):
                return self._allowing.text(text, self._allowing.mark(claims, state["facets"]))
            return None if text is None else self._allowing.scrub(text, {})

        facts = [fact for fact, _ in facts_of(claims, state["facets"])]
        return state["earlier"].kept.text(facet, facts, state["language"], write)

    def _moods(self, state: _State) -> list[Mood]:
        """The moods of periods, by the first attribute that tells a mood."""
        kept, facets = state["earlier"].kept, mood_facets(state["facets"])
        if not facets or not (self._wants_moods or kept.has_moods):
            return []

        def recall(
            about: str, hits: Sequence[Hit], read: Callable[[], Mapping[str, float]]
        ) -> Mapping[str, float] | None:
            return kept.mood(about, hits, read if self._wants_moods else None)

        who, language, may_quote = state["user_id"], state["language"], self._allowing.may_quote
        return moods_of(self._store, who, facets[0], self._chat, language, recall, may_quote, self._on_step)

    def _resolve(self, state: _State) -> _State:
        resolved = partial(resolve, state["schema"].inlined, state["facets"])
        return {"resolved": self._confidence.settle_profile(state["settled"], resolved)}

    def _validate(self, state: _State) -> _State:
        resolved = state["resolved"]
        problems = dict.fromkeys(resolved.missing, "required, but the history does not tell it")
        problems |= {each.pointer: each.reason for each in state["withheld"] if each.pointer in problems}
        problems = problems or validation_problems(state["schema"].document, resolved.profile)
        if problems and state["repairs"] >= _MOST_REPAIRS:
            names = ", ".join(repr(p) for p in sorted(problems)[:5])
            raise ProfileInvalid(
                f"no profile of this user is valid under the schema {state['schema'].name!r}: {names} "
                f"({next(iter(problems.values()))})",
                problems=problems,
                hint='Let these be null ("type": ["string", "null"]) or take them out of "required"',
            )
        return {"problems": problems}

    def _repair(self, state: _State) -> _State:
        """Look again, with twice the snippets, for what the schema misses or refuses."""
        bad = tuple(state["problems"])
        todo = [f for f in state["facets"] if _is_drafted(f) and _touches(f.pointer, bad)]
        again = {f.pointer for f in todo}
        k = 2 * SNIPPETS_A_FACET
        packs = self._packs(state, self._find(state, todo, k), k) if todo else []
        kept = [a for a in state["accepted"] if a.facet.pointer not in again]
        refused = [r for r in state["rejected"] if r.pointer not in again]
        return {
            "packs": packs, "todo": todo, "accepted": kept, "rejected": refused, "drafted": [],
            "repairs": state["repairs"] + 1,
        }  # fmt: skip


def _is_drafted(facet: Facet) -> bool:
    """Whether the model is asked, as long as code did not tell."""
    return (facet.compute is None or facet.by_name) and not facet.from_claims


def _next_step(state: _State) -> str:
    return "repair" if state["problems"] else "done"


def _once(rejected: Sequence[Rejected]) -> tuple[Rejected, ...]:
    """Each rejected value once, for its first reason: a small model repeats itself."""
    return tuple({(each.pointer, repr(each.value)): each for each in reversed(rejected)}.values())[::-1]


def _touches(pointer: str, places: Sequence[str]) -> bool:
    """Whether a facet stands at, above or below one of the places."""
    return any(f"{place}/".startswith(f"{pointer}/") or pointer.startswith(f"{place}/") for place in places)
