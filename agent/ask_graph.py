"""The ask graph (LangGraph): question → retrieve → answer with evidence or null → verify.

Knows the order of the steps; the rules of retrieval and wording are in modules of their own.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from agent.chat import Chat
from agent.documents import AnswerDocument, ModelNames, Rejected, cite_hits
from agent.errors import UsageError, shorten
from agent.evidence import in_time_order, key_of, line_of, numbered, prompt_language, take_within
from agent.progress import OnStep, Step, ignore
from agent.wording import is_placeholder, missing_numbers, normalise, said_share
from prompts import Language, render
from retrieval import Hit, Store, questions_in

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["MOST_QUESTION_CHARS", "AskGraph"]

MOST_QUESTION_CHARS = 2000

_SNIPPETS = 10
_PROMPT_TOKENS = 1600
_ANSWER_CHARS = 200
_ANSWER_TOKENS = 160
_MOST_EVIDENCE = 4
_SURE_ENOUGH = 0.6
_ADDED_SHARE_NEEDED = 0.3


class _State(TypedDict, total=False):
    user_id: str
    question: str
    language: Language
    hits: list[Hit]
    answer: str | None
    cited: list[Hit]
    confidence: float
    rejected: list[Rejected]


class AskGraph:
    """Answers questions about one store's users with one model. See :class:`ProfileGraph` for the arguments."""

    def __init__(self, store: Store, chat: Chat, names: ModelNames, on_step: OnStep = ignore) -> None:
        self._store = store
        self._chat = chat
        self._names = names
        self._on_step = on_step
        self._graph = self._compile()

    def run(self, user_id: str, question: str) -> AnswerDocument:
        """The answer in the language of the question; ``answered`` is False when the history does not tell.

        Of several questions in one text (at most three) each is answered by itself, and the answers are put together.

        Raises:
            UsageError: the question is empty or longer than 2,000 characters.
            UnknownUser: the store holds nothing of the user.
            ModelReplyError, ModelUnavailable: the model failed.
        """
        if not question.strip() or len(question) > MOST_QUESTION_CHARS:
            raise UsageError(
                f"the question {shorten(question)} has {len(question)} characters",
                hint=f"Ask something of 1 to {MOST_QUESTION_CHARS} characters",
            )
        asked = questions_in(question)
        states = [self._graph.invoke({"user_id": user_id, "question": each}) for each in asked]
        told = [state for state in states if state["answer"] is not None]
        cited = dict.fromkeys(evidence for state in told for evidence in cite_hits(state["cited"]))
        read = {key_of(hit) for state in states for hit in state["hits"]}
        total = self._store.snippet_count(user_id)
        return AnswerDocument(
            user_id=user_id,
            question=question,
            answer=_together([state["answer"] for state in told], prompt_language([question])),
            answered=bool(told),
            confidence=min((state["confidence"] for state in told), default=0.0),
            evidence=tuple(cited),
            rejected=tuple(each for state in states for each in state["rejected"]),
            history={"total": total, "shown": len(read), "left_out": total - len(read)},
            model=self._names,
            usage=self._chat.usage,
            unanswered=tuple(each for each, state in zip(asked, states, strict=True) if state["answer"] is None)
            if len(asked) > 1
            else (),
        )

    def shown(self, user_id: str, question: str) -> list[Hit]:
        """What the model is shown for one question, in its order."""
        return self._retrieve({"user_id": user_id, "question": question})["hits"]

    def _compile(self) -> "CompiledStateGraph[Any, Any, Any, Any]":
        from langgraph.graph import END, START, StateGraph

        graph = StateGraph(_State)
        for node in (self._plan, self._retrieve, self._answer, self._verify):
            graph.add_node(f"{node.__name__.lstrip('_')}_step", node)
        steps = [START, "plan_step", "retrieve_step", "answer_step", "verify_step", END]
        for before, after in itertools.pairwise(steps):
            graph.add_edge(before, after)
        return graph.compile()

    def _plan(self, state: _State) -> _State:
        question = state["question"]
        return {"language": prompt_language([question]), "rejected": []}

    def _retrieve(self, state: _State) -> _State:
        self._on_step(Step("retrieve", 0, 1))
        hits = take_within(self._store.search(state["user_id"], state["question"], _SNIPPETS), _PROMPT_TOKENS)
        return {"hits": in_time_order(hits)}

    def _answer(self, state: _State) -> _State:
        self._on_step(Step("answer", 0, 1))
        hits, question = state["hits"], state["question"]
        if not hits:
            return {"answer": None, "cited": [], "confidence": 0.0}
        system = render("ask_system", state["language"], snippets=numbered(hits))
        reply = self._chat.draft(
            system,
            render("ask", state["language"], question=question),
            _reply_schema(len(hits)),
            max_tokens=_ANSWER_TOKENS,
        ).value
        answer = reply["answer"]
        if is_placeholder(answer) or not reply["evidence"]:
            return {"answer": None, "cited": [], "confidence": 0.0}
        return {
            "answer": answer.strip(),
            "cited": _telling([hits[n - 1] for n in dict.fromkeys(reply["evidence"])], answer),
        }

    def _verify(self, state: _State) -> _State:
        answer, cited = state["answer"], state["cited"]
        if answer is None:
            return {"confidence": 0.0}
        self._on_step(Step("verify", 0, 1))
        quotes = "\n".join(line_of(hit) for hit in cited)
        reason = _unsupported_number(answer, state["question"], cited) or _unsaid(answer, state["question"], quotes)
        question = render("ask_judge", state["language"], quotes=quotes, question=state["question"], answer=answer)
        sure = 0.0 if reason else self._chat.probability_of_yes("", question)
        if sure >= _SURE_ENOUGH:
            return {"confidence": round(sure, 4)}
        reason = reason or f"not entailed by the cited evidence (P={sure:.2f})"
        rejected = [*state["rejected"], Rejected("/answer", answer, reason, cite_hits(cited))]
        return {"answer": None, "confidence": 0.0, "rejected": rejected}


def _together(answers: Sequence[str], language: Language) -> str | None:
    ends = "。；;." if len(answers) > 1 else ""
    return ("；" if language == "zh" else "; ").join(answer.rstrip(ends) for answer in answers) or None


def _reply_schema(count: int) -> dict[str, Any]:
    numbers = {"enum": list(range(1, count + 1))}
    return {
        "type": "object",
        "properties": {
            "evidence": {"type": "array", "items": numbers, "minItems": 0, "maxItems": min(_MOST_EVIDENCE, count)},
            "answer": {"anyOf": [{"type": "string", "minLength": 1, "maxLength": _ANSWER_CHARS}, {"type": "null"}]},
        },
        "required": ["evidence", "answer"],
        "additionalProperties": False,
    }


def _unsupported_number(answer: str, question: str, cited: Sequence[Hit]) -> str | None:
    """Why the answer is refused when it holds a number that neither the cited words, their dates nor the question hold.

    A count of the things that an answer lists is the model's own work and is let through up to 31 (days, too).
    """
    words = " ".join([question, *(f"{hit.event.timestamp or ''} {line_of(hit)}" for hit in cited)])
    missing = [n for n in missing_numbers(answer, words) if not (n.isdigit() and int(n) <= 31)]
    return f"the number {missing[0]} is not in the cited words" if missing else None


def _telling(cited: Sequence[Hit], answer: str) -> list[Hit]:
    """The cited snippets that hold about as much of the answer's words as the best one; a small model cites more."""
    shares = [said_share(answer, hit.snippet.text) for hit in cited]
    return [hit for hit, share in zip(cited, shares, strict=True) if share >= 0.6 * max(shares)]


def _unsaid(answer: str, question: str, quotes: str) -> str | None:
    """Why the answer is refused when what it adds to the question is not in the cited words."""
    asked = set(normalise(question).split())
    added = " ".join(word for word in normalise(answer).split() if word not in asked)
    share = said_share(added, quotes) if added else 1.0
    return None if share >= _ADDED_SHARE_NEEDED else "the cited words do not say it"
