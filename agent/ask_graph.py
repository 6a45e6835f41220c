"""The ask graph (LangGraph): whose words → search → weigh each snippet → search further or read the best → verify.

Knows the order of the steps; the rules of retrieval, reading and wording are in modules of their own.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from agent.allowing import Allowing, categories_of, speaks_for_oneself, unstated
from agent.backing import as_said, back, items_of, settles_yes_or_no, unsupported
from agent.chat import Chat
from agent.choosing import Choice, choice_in, chosen, judge_answer
from agent.comparing import comparison_in
from agent.counting import count_by_code
from agent.covering import covers
from agent.dating import dated
from agent.described import described_in
from agent.documents import NO_MODEL, AnswerDocument, Computed, ModelNames, Rejected, cite_hits, signals_of
from agent.errors import UsageError, shorten
from agent.evidence import key_of, prompt_language, take_within
from agent.hops import bridged, compared, confirmed
from agent.looking import look_for, look_in
from agent.meanwhile import Meanwhile
from agent.naming import asks_how, how_is, only_names
from agent.of_others import of_those_asked_about, own_part
from agent.persons import asks_about_others, people_in
from agent.progress import OnStep, Step, ignore
from agent.reading import Reading, Weighed, read, weigh, weightiest, with_their_messages
from agent.restating import bare, only_repeats, shortened
from agent.stages import ALL, Stages
from agent.tag_questions import tagged_in
from agent.talks import Talk, talk_in, topics_of
from agent.told import Told, mute, texts_of, together
from agent.voice import said_part
from agent.whose import said_by_another
from prompts import Language
from retrieval import Hit, Store, asks_for_agent, questions_in

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["MOST_QUESTION_CHARS", "AskGraph"]

MOST_QUESTION_CHARS = 2000

_READ_TOKENS = 900
_MOST_ROUNDS = 2
_TELLS_ENOUGH = 0.5
_SURE_ENOUGH = 0.5
_NOTHING_AT_MOST = 0.12
_NOTHING_WHERE_LIKELY = 0.25  # of a yes from words about what is asked, since no message says it; of a named day
_COVERED = 0.5
_NOTHING_OF_COVERED = 0.17
_COVERED_IN_PART = 0.3


class _State(TypedDict, total=False):
    user_id: str
    question: str
    choice: Choice | None
    talk: Talk | None
    language: Language
    round: int
    found: list[Hit]
    weighed: list[Weighed]
    answer: str | None
    cited: list[Hit]
    confidence: float
    signals: dict[str, float]
    rejected: list[Rejected]
    steps: list[dict[str, Any]]


class AskGraph:
    """Answers questions about one store's users with one model. See :class:`ProfileGraph` for the arguments."""

    def __init__(
        self,
        store: Store,
        chat: Chat,
        names: ModelNames,
        on_step: OnStep = ignore,
        stages: Stages = ALL,
        allowing: Allowing | None = None,
        meanwhile: Meanwhile | None = None,
    ) -> None:
        self._allowing = allowing or Allowing()
        self._meanwhile = meanwhile or Meanwhile()
        self._stages = stages
        self._store = store
        self._chat = chat
        self._names = names
        self._on_step = on_step
        self._graph = self._compile()

    def run(self, user_id: str, question: str, today: datetime | None = None) -> AnswerDocument:
        """The answer in the language of the question; ``answered`` is False when the history does not tell.

        Of several questions in one text (at most three) each is answered by itself, and the answers are put together.
        A comparison of two things is two questions, and code compares. What is asked of the events themselves is
        counted by code, which sees "this year" from ``today`` (None: now). Questions about sensitive matters that are
        not allowed are declined before anything is read; an answer about others is told where the user stated it.

        Raises:
            UsageError: the question is empty or longer than 2,000 characters.
            UnknownUser: the store holds nothing of the user.
            ModelUnavailable: the model failed.
        """
        if not question.strip() or len(question) > MOST_QUESTION_CHARS:
            raise UsageError(
                f"the question {shorten(question)} has {len(question)} characters",
                hint=f"Ask something of 1 to {MOST_QUESTION_CHARS} characters",
            )
        asked = questions_in(question)
        results = self._meanwhile.each(asked, lambda each: self._answer(user_id, each, today))
        told = [each for each in results if each.answer is not None]
        surest = min(told, key=lambda each: each.confidence, default=Told(None))
        total = self._store.snippet_count(user_id)
        computed = tuple(each.computed for each in results if each.computed is not None)
        seen = total if computed else len({key_of(hit) for each in results for hit in each.read})
        return AnswerDocument(
            user_id=user_id,
            question=question,
            answer=together([each.answer or "" for each in told], prompt_language([question])),
            answered=bool(told),
            confidence=surest.confidence,
            evidence=tuple(dict.fromkeys(evidence for each in told for evidence in cite_hits(each.cited))),
            rejected=tuple(rejected for each in results for rejected in each.rejected),
            history={"total": total, "shown": seen, "left_out": total - seen},
            model=self._names if any(each.steps and not each.computed for each in results) else NO_MODEL,
            usage=self._chat.usage,
            unanswered=tuple(each for each, result in zip(asked, results, strict=True) if result.answer is None)
            if len(asked) > 1
            else (),
            signals=surest.signals,
            steps=tuple(step for each in results for step in each.steps),
            computed=computed,
            purpose=self._allowing.permit.purpose,
            basis=self._allowing.permit.basis,
            sensitive=categories_of(question, "; ".join(each.answer or "" for each in told)),
            withheld=tuple(each.withheld for each in results if each.withheld is not None),
        )

    def _answer(self, user_id: str, question: str, today: datetime | None) -> Told:
        if declined := self._allowing.declines(question):
            return Told(None, withheld=declined, rejected=[Rejected("/answer", None, declined.reason)])
        told = self._count(user_id, question, today) or self._tell(user_id, question)
        concealed = self._allowing.conceals(" ".join(str(each) for each in texts_of(told)))
        return told if concealed is None else told.concealed(concealed)

    def _count(self, user_id: str, question: str, today: datetime | None) -> Told | None:
        """What code answers from the events themselves; None for all other questions."""
        if (counted := count_by_code(self._store, user_id, question, today)) is None:
            return None
        computed = Computed(question, counted.answer, counted.events)
        step = {"step": "count", "question": question, "events": counted.events}
        cited = counted.cited(self._store.history(user_id))
        return Told(counted.answer, cited, counted.confidence, steps=[step], computed=computed)

    def _tell(self, user_id: str, question: str) -> Told:
        tell = partial(self._tell, user_id)
        if comparison := comparison_in(question):
            told = compared(question, comparison, tell)
            if told.answer is not None:
                return told
        if (tagged := tagged_in(question)) and (told := confirmed(question, tagged, tell)).answer is not None:
            return told
        if described := described_in(question):
            told = bridged(question, described, tell, partial(self._people, user_id))
            if told.answer is not None:
                return told
        if self._stages.verify and (declined := self._said_by_another(user_id, question)):
            return declined
        state = self._graph.invoke({"user_id": user_id, **_asked(question)})
        return Told(
            state["answer"],
            state["cited"],
            state["confidence"],
            state["signals"],
            state["rejected"],
            state["steps"],
            [each.hit for each in state["weighed"]],
        )

    def _said_by_another(self, user_id: str, question: str) -> Told | None:
        """The question declined, where somebody else than the person asked about said it; else None."""
        rejected = said_by_another(self._store, user_id, question)
        if rejected is None:
            return None
        if self._allowing.conceals(" ".join(each.quote for each in rejected.evidence)):
            rejected = replace(rejected, evidence=())
        step = {"step": "whose", "question": question, "said_by_another": rejected.reason}
        return Told(None, rejected=[rejected], steps=[step])

    def _people(self, user_id: str) -> dict[str, str]:
        return people_in(snippet.text for snippet, _ in self._store.view(user_id).snippets if snippet.role == "user")

    def reread(self, question: str, weighed: Sequence[Weighed]) -> tuple[str | None, float]:
        """What these snippets, weighed before, the weightiest first, say to a question, after verification; and the
        probability that they say nothing.

        Raises:
            ModelUnavailable: the model failed.
        """
        language = prompt_language([question])
        state: _State = {**_asked(question), "language": language, "weighed": [*weighed], "steps": [], "rejected": []}
        read = state | self._read(state)
        told = read | self._verify(read)
        return told["answer"], told.get("signals", {}).get("nothing", 1.0)

    def _compile(self) -> "CompiledStateGraph[Any, Any, Any, Any]":
        from langgraph.graph import END, START, StateGraph

        graph = StateGraph(_State)
        for node in (self._plan, self._search, self._weigh, self._read, self._verify):
            graph.add_node(f"{node.__name__.lstrip('_')}_step", node)
        graph.add_edge(START, "plan_step")
        graph.add_edge("plan_step", "search_step")
        graph.add_edge("search_step", "weigh_step")
        graph.add_conditional_edges("weigh_step", _next_step, {"search": "search_step", "read": "read_step"})
        graph.add_edge("read_step", "verify_step")
        graph.add_edge("verify_step", END)
        return graph.compile()

    def _plan(self, state: _State) -> _State:
        language = prompt_language([state["question"]])
        return {
            "language": language,
            "round": 0,
            "found": [],
            "weighed": [],
            "rejected": [],
            "signals": {},
            "steps": [],
        }

    def _search(self, state: _State) -> _State:
        """The next snippets; of a conversation all that were said in it."""
        self._on_step(Step("retrieve", 0, 1))
        if talk := state.get("talk"):
            looked, round_ = look_in(self._store, state["user_id"], talk), _MOST_ROUNDS
        else:
            seen = {key_of(each.hit) for each in state["weighed"]}
            looked = look_for(self._store, state["user_id"], state["question"], state["round"], seen)
            round_ = state["round"] + 1
        return {"found": looked.hits, "round": round_, "steps": [*state["steps"], looked.step]}

    def _weigh(self, state: _State) -> _State:
        weighed = weigh(
            self._chat,
            state["question"],
            state["found"],
            state["language"],
            first_rank=len(state["weighed"]) + 1,
            on_step=self._on_step,
        )
        best = max((each.tells for each in weighed), default=0.0)
        tells = {each.hit.snippet.snippet_id: round(each.tells, 4) for each in sorted(weighed, key=lambda w: w.rank)}
        step = {"step": "weigh", "snippets": len(weighed), "best": round(best, 4), "tells": tells}
        everything = sorted([*state["weighed"], *weighed], key=lambda each: -each.weight)
        return {"weighed": everything, "steps": [*state["steps"], step]}

    def _read(self, state: _State) -> _State:
        self._on_step(Step("answer", 0, 1))
        chosen = state["weighed"] if state.get("talk") else weightiest(state["weighed"])
        if chosen and self._stages.verify and asks_about_others(state["question"]):
            people = self._people(chosen[0].hit.snippet.user_id)
            chosen = of_those_asked_about(state["question"], chosen, people)
        if asks_for_agent(state["question"]):
            chosen = with_their_messages(chosen, state["weighed"])
        hits = take_within([each.hit for each in chosen], _READ_TOKENS)
        if not hits:
            return {"answer": None, "cited": []}
        self._meanwhile.reading(hits)
        if choice := state.get("choice"):
            return self._choose(state, choice, hits)
        reading = read(self._chat, state["question"], hits, state["language"])
        if (name := reading.text) is not None and (others := _but_naming(state, name)) is not None:
            chosen = weightiest(others) or chosen
            hits = take_within([each.hit for each in chosen], _READ_TOKENS)
            self._meanwhile.reading(hits)
            reading = read(self._chat, how_is(name, state["language"]), hits, state["language"])
        tells = max(each.tells for each in chosen)
        if tells >= _TELLS_ENOUGH and self._stages.verify and _says_nothing(state["question"], reading):
            sentence = read(self._chat, state["question"], hits, state["language"], whole=True)
            reading = reading if _says_nothing(state["question"], sentence) else sentence
        signals = signals_of(tells=tells, nothing=reading.nothing, draft=reading.probability)
        step = {"step": "read", "snippets": [hit.snippet.snippet_id for hit in hits], "answer": reading.text}
        return {"answer": reading.text, "cited": hits, "signals": signals, "steps": [*state["steps"], step]}

    def _choose(self, state: _State, choice: Choice, hits: list[Hit]) -> _State:
        """What of the options the snippets say; no word of it need stand in them, as of a yes."""
        picked = chosen(self._chat, choice, hits, state["language"])
        answer = ("、" if state["language"] == "zh" else ", ").join(each.text for each in picked)
        sure = min((each.sure for each in picked), default=0.0)
        best = state["weighed"][0]
        signals = signals_of(tells=best.tells, judge=sure, told=best.tells, rank=best.rank, cited=len(hits))
        options = {each.text: [round(each.sure, 4), round(each.anyway, 4)] for each in picked}
        step = {"step": "choose", "snippets": [hit.snippet.snippet_id for hit in hits], "options": options}
        return {"answer": answer or None, "cited": hits, "signals": signals, "steps": [*state["steps"], step]}

    def _verify(self, state: _State) -> _State:
        if state.get("choice") and state["answer"] is not None:
            return self._verified(state, state["answer"], state["cited"], state["signals"], None)
        answer, question, shown = state["answer"], state["question"], state["cited"]
        if answer is None:
            return {"cited": [], "confidence": 0.0}
        self._on_step(Step("verify", 0, 1))
        keys = {key_of(hit) for hit in shown}
        told = shortened(question, bare(question, answer))
        own = own_part(question, said_part(question, told, shown), shown) if self._stages.verify else told
        backed = back(own or told, question, [each for each in state["weighed"] if key_of(each.hit) in keys])
        answer, cited = backed.answer, list(backed.hits)
        sure = (
            judge_answer(self._chat, question, answer, cited, state["language"])
            if self._stages.judge and self._stages.verify
            else None
        )
        first = next(each for each in state["weighed"] if key_of(each.hit) == key_of(cited[0]))
        signals = state["signals"] | signals_of(
            share=backed.share,
            judge=sure,
            told=first.tells,
            rank=first.rank,
            cited=len(cited),
            covers=covers(question, cited),
            items=len(items_of(answer)),
        )
        reason = None
        if self._stages.verify:
            reason = unsupported(answer, question, cited, backed.share) if own else "said of another person"
            if reason is None and signals["nothing"] > _most_doubt(question, answer, first, signals["covers"]):
                reason = f"the messages seem not to tell it (P={signals['nothing']:.2f})"
        return self._verified(state, answer, cited, signals, reason)

    def _verified(
        self, state: _State, answer: str, cited: list[Hit], signals: dict[str, float], reason: str | None
    ) -> _State:
        """The answer, unless there is a ``reason`` against it, the judge's doubt, or a sensitive matter guessed at."""
        question, sure = state["question"], signals.get("judge")
        if reason is None and sure is not None and sure < _SURE_ENOUGH and self._stages.verify:
            reason = f"not entailed by the cited evidence (P={sure:.2f})"
        own: list[str] = []
        others: list[str] = []
        for hit in cited:
            (own if speaks_for_oneself(hit, question) else others).append(hit.snippet.text)
        guessed = unstated(question, answer, own, others, yes_or_no=settles_yes_or_no(question, answer))
        if guessed is not None:  # it is kept nowhere
            rejected = [*state["rejected"], Rejected("/answer", None, guessed)]
            nothing: _State = {"answer": None, "cited": [], "confidence": 0.0, "rejected": rejected}
            return {**nothing, "signals": signals, "steps": mute(state["steps"])}
        if reason is not None:
            rejected = [*state["rejected"], Rejected("/answer", answer, reason, cite_hits(cited))]
            return {"answer": None, "cited": [], "confidence": 0.0, "rejected": rejected, "signals": signals}
        confidence = signals.get("judge", signals["told"])
        shaped = answer if state.get("choice") else dated(as_said(answer, cited), cited, state["language"])
        return {"answer": shaped, "cited": cited, "confidence": confidence, "signals": signals}


def _asked(question: str) -> _State:
    """What the steps are asked: of a question that gives options, without their letters, and the options; of one for a
    whole conversation, for its topics, and which one."""
    choice, talk = choice_in(question), talk_in(question)
    if talk is not None:
        return {"question": topics_of(prompt_language([question])), "choice": None, "talk": talk}
    return {"question": question if choice is None else choice.question, "choice": choice, "talk": None}


def _but_naming(state: _State, name: str) -> list[Weighed] | None:
    """Of a question for what something is like, the snippets but those that say only that it is called ``name``; None
    for other questions, and where none says that."""
    if not asks_how(state["question"]):
        return None
    others = [each for each in state["weighed"] if not only_names(name, each.hit.snippet.text)]
    return others if len(others) < len(state["weighed"]) else None


def _most_doubt(question: str, answer: str, first: Weighed, covered: float) -> float:
    """Up to which P(none) an answer is believed: the further, the more its words are about what is asked."""
    if first.of_day or (settles_yes_or_no(question, answer) and covered >= _COVERED):
        return _NOTHING_WHERE_LIKELY
    return _NOTHING_OF_COVERED if covered >= _COVERED_IN_PART else _NOTHING_AT_MOST


def _says_nothing(question: str, reading: Reading) -> bool:
    """Whether nothing was read, or words of the question only."""
    return reading.text is None or only_repeats(question, bare(question, reading.text))


def _next_step(state: _State) -> Literal["search", "read"]:
    """Search further as long as no snippet seems to tell the answer."""
    best = max((each.tells for each in state["weighed"]), default=0.0)
    more = state["round"] < _MOST_ROUNDS and len(state["found"]) > 0
    return "search" if best < _TELLS_ENOUGH and more else "read"
