"""Fits a calibration on predictions and the labels that belong to them, and says how good it is."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.answer_scores import right_answers
from agent.calibration import Calibration, Kind
from agent.errors import InputError, UsageError, shorten
from agent.fitting import Statement, fit, steepened
from agent.labelled import profiles_of, questions_of
from agent.predicting import Document
from agent.profile_scores import attributes_of, shown_values

__all__ = ["fit_predictions", "kind_of", "save"]


def fit_predictions(pairs: Sequence[tuple[Sequence[Document], Path]], onto: Calibration | None = None) -> Calibration:
    """The calibration for the model that made the predictions, from all of them together.

    Args:
        pairs: predictions, and the folder with the labels of the questions or users they are about.
        onto: an earlier calibration whose weights stay; only how steep it is, is fitted.

    Raises:
        InputError: there is too little to fit on, or no labels.
        UsageError: predictions of answers and of profiles, or of two models or versions of prompts, are mixed; or
            ``onto`` is for another model or kind.
    """
    documents = [each for some, _ in pairs for each in some if "error" not in each]
    kind = kind_of(documents)
    models = sorted({(each["model"]["llm"], each["model"]["prompts"]) for each in documents})
    if len(models) > 1:
        both = " and ".join(f"{llm} with prompts {prompts}" for llm, prompts in models[:2])
        raise UsageError(
            f"the predictions were made by {both}", hint="A calibration belongs to one model and its prompts"
        )
    statements = [each for some, data in pairs for each in _statements(kind, some, data)]
    names = [data.name for _, data in pairs]
    if onto is None:
        return fit(statements, kind, *models[0], names)
    if (onto.kind, onto.model) != (kind, models[0][0]):
        raise UsageError(
            f"the calibration given is for {onto.kind}s of {shorten(onto.model)}, the predictions are {kind}s of "
            f"{shorten(models[0][0])}",
            hint="A calibration belongs to one model, and to answers or claims",
        )
    return steepened(onto, statements, names).model_copy(update={"prompts": models[0][1]})


def kind_of(documents: Sequence[Mapping[str, Any]]) -> Kind:
    """Whether predictions are answers or profiles.

    Raises:
        InputError: there is none.
        UsageError: there are both.
    """
    kinds: set[Kind] = {"claim" if "claims" in each else "answer" for each in documents}
    if not kinds:
        raise InputError("there are no predictions to fit on")
    if len(kinds) > 1:
        raise UsageError("some predictions are answers, others are profiles", hint="Fit one calibration for each")
    return kinds.pop()


def save(calibration: Calibration, path: Path) -> None:
    """Write a calibration as JSON.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        path.write_text(calibration.model_dump_json(indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"calibration {str(path)!r} cannot be written: {error.strerror or error}") from error


def _statements(kind: Kind, documents: Sequence[Document], data: Path) -> Iterator[Statement]:
    if kind == "answer":
        found = {(each["user_id"], each.get("question", "")): each for each in documents}
        questions = [question for question in questions_of(data) if question.key in found]
        for document, right in right_answers(found, questions):
            yield Statement(document["user_id"], document.get("signals", {}), document["confidence"], right)
        return
    golds = profiles_of(data)
    made = {each["user_id"]: each for each in documents if "error" not in each}
    for gold in (each for each in golds if each.user_id in made):
        for shown in shown_values(made[gold.user_id], gold, attributes_of(golds)):
            claim = shown.claim
            yield Statement(gold.user_id, claim.get("signals", {}), claim["confidence"], shown.gold is not None)
