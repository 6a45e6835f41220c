"""Measures answers on labelled questions: limner's, those with gold evidence, and those of the floors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.altered import gold_messages
from agent.answer_scores import right_answers, score_answers
from agent.batch import ASK, Request
from agent.eval_variants import Plan, Report, Scored, floors_of, limner_of, make_predictions
from agent.labelled import Question, questions_of
from agent.limner import Limner
from agent.predicting import Document
from agent.sampling import draw

__all__ = ["evaluate_ask"]


def evaluate_ask(limner: Limner, data: Path, plan: Plan, progress: Callable[[int, int | None], None]) -> Report:
    """Answer a sample of the labelled questions in a folder, in every way of the plan, and score the answers.

    Raises:
        InputError: the folder holds no labelled questions.
        UsageError, ModelUnavailable, StoreError: from the predictions; those made so far are kept.
    """
    questions = questions_of(data)
    asked = draw(questions, plan.sample, plan.seed, user=lambda q: q.user_id, category=lambda q: q.category)
    requests = [{"user_id": each.user_id, "question": each.text} for each in asked]
    made = make_predictions(_variants(limner, asked, plan), requests, ASK, plan, progress)
    model = limner.names()
    return Report(
        kind="answer",
        data=str(data),
        n=len(asked),
        of=len(questions),
        plan=plan,
        model={"llm": model.llm, "embedder": model.embedder, "prompts": model.prompts},
        variants={name: _scored(documents, asked) for name, documents in made.items()},
        notes=["gold: for unanswerable questions nothing is found, so that their abstention says nothing"]
        if plan.gold
        else [],
    )


def _variants(limner: Limner, asked: list[Question], plan: Plan) -> dict[str, Callable[[Request], Document]]:
    own = limner_of(limner, plan)
    least = plan.min_confidence
    gold = {each.key: frozenset[str]().union(*each.groups) for each in asked}

    def ceiling(request: Request) -> Document:
        ids = gold[request.user_id, request.text]
        found = gold_messages(own.store, lambda user_id, query: ids)
        answer = limner.varied(store=found, stages=own.stages).ask(request.user_id, request.text, min_confidence=least)
        return answer.as_json()

    def asks(who: Any) -> Callable[[Request], Document]:
        return lambda request: who.ask(request.user_id, request.text).as_json()

    variants: dict[str, Callable[[Request], Document]] = {
        "limner": lambda request: own.ask(request.user_id, request.text, min_confidence=least).as_json()
    }
    if plan.gold:
        variants["gold"] = ceiling
    return variants | {name: asks(each) for name, each in floors_of(limner, plan).items()}


def _scored(documents: list[Document], asked: list[Question]) -> Scored:
    found = {(each["user_id"], each.get("question", "")): each for each in documents}
    groups: dict[str, list[Question]] = {}
    for question in asked:
        groups.setdefault(question.category, []).append(question)
    return Scored(
        scores=score_answers(found, asked) | {"failed": sum("error" in each for each in documents)},
        parts={category: score_answers(found, some) for category, some in sorted(groups.items())},
        trusted=[(document["confidence"], right) for document, right in right_answers(found, asked)],
        documents=documents,
    )
