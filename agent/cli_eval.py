"""The commands ``limner eval``: measuring on labelled data, and fitting calibrations. Knows options, not measures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agent import options
from agent.errors import LimnerError, UsageError
from agent.options import Door, OpenLimner
from agent.terminal import Watch, console_of_stdout, say
from agent.work import INTERRUPTED, print_json, print_result

if TYPE_CHECKING:
    from agent.eval_variants import Plan, Report
    from agent.limner import Limner

__all__ = ["evaluate", "evaluate_ask", "evaluate_profile", "evaluate_retrieval", "fit_calibration"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("eval", cls=options.InOrder)
def evaluate() -> None:
    """Measure limner on labelled data, and fit confidences to it."""


@evaluate.command("retrieval")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--k", "cutoffs", default="1,5,10,20", show_default=True, metavar="K,K...", help="Cut-offs, in events.")
@click.option("--self", "self_names", multiple=True, metavar="NAME", help="A name the users go by (repeatable).")
@click.option("--plot", type=click.Path(path_type=Path), metavar="F.svg", help="Draw recall against k, too.")
@options.store
@options.embedder
@options.reranker
@options.as_json
@click.pass_obj
def evaluate_retrieval(
    open_limner: OpenLimner,
    /,
    data: Path,
    cutoffs: str,
    self_names: tuple[str, ...],
    plot: Path | None,
    **settings: Any,
) -> int:
    """Recall of the evidence of labelled questions, beside vectors alone and BM25 alone.

    DATA is a folder with histories.jsonl and qa.jsonl. The histories are loaded into the store, unless they are there.
    """
    from agent.evaluation import evaluate_retrieval as measure
    from agent.labelled import histories_of, questions_of
    from agent.plotting import check_plot, draw_recall
    from agent.render_tables import print_retrieval_report

    ks = options.numbers_of("--k", cutoffs)
    questions = questions_of(data)
    if plot is not None:
        check_plot(plot)
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        limner.ingest(histories_of(data), self_names=self_names, progress=watch.rows)
        report = measure(limner.store, questions, ks, data=str(data), progress=watch.items)
    if plot is not None:
        draw_recall(report, ks, plot)
    print_result(door, report.as_json, lambda console: print_retrieval_report(console, report))
    return 0


def _measuring(command: _Command) -> _Command:
    """Adds the options that measuring answers and measuring profiles share."""
    file, names = click.Path(path_type=Path), click.Choice
    floors, stages = names(["none", "retrieval", "long", "both"]), names(["judge", "verify", "snippets"])
    added: list[Callable[[Any], Any]] = [
        click.argument("data", type=file),
        click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Take so many, not all."),
        click.option("--seed", type=int, default=0, show_default=True, help="Which ones."),
        click.option("--out", type=file, metavar="OUT.jsonl", help="Keep the predictions; a run continues there."),
        click.option("--floor", type=floors, default="none", show_default=True, help="Compare with one plain prompt."),
        click.option("--without", multiple=True, type=stages, help="Leave out a stage (repeatable)."),
        click.option("--gold", is_flag=True, help="Compare with limner given exactly the gold messages."),
        click.option("--fit", type=file, metavar="F.json", help="Fit a calibration on the predictions."),
        click.option("--plot", type=file, metavar="F.svg", help="Draw a reliability diagram."),
        click.option("--self", "self_names", multiple=True, metavar="NAME", help="A name users go by (repeatable)."),
        options.confidence,
        options.store,
        options.llm,
        options.embedder,
        options.reranker,
        options.as_json,
        click.pass_obj,
    ]
    for each in reversed(added):
        command = each(command)
    return command


@evaluate.command("ask")
@_measuring
def evaluate_ask(open_limner: OpenLimner, /, **given: Any) -> int:
    """Right, cited, declined and calibrated answers to labelled questions.

    DATA is a folder with histories.jsonl and qa.jsonl. The histories are loaded into the store, unless they are there.
    """
    from agent.eval_ask import evaluate_ask as measure

    return _measure(open_limner, lambda limner, data, plan, watch: measure(limner, data, plan, watch.items), given)


@evaluate.command("profile")
@click.option("--schema", metavar="F", help="A JSON Schema file; without, one is derived from the labelled attributes.")
@_measuring
def evaluate_profile(open_limner: OpenLimner, /, schema: str | None, **given: Any) -> int:
    """Right, invented, outdated and cited values of profiles of labelled users.

    DATA is a folder with histories.jsonl and profiles.jsonl. The histories are loaded into the store, unless they are
    there.
    """
    from agent.eval_profile import evaluate_profile as measure

    def measured(limner: "Limner", data: Path, plan: "Plan", watch: Watch) -> "Report":
        return measure(limner, data, schema, plan, watch.items)

    return _measure(open_limner, measured, given)


def _measure(
    open_limner: OpenLimner, measure: "Callable[[Limner, Path, Plan, Watch], Report]", given: dict[str, Any]
) -> int:
    from agent.eval_fit import fit_predictions, save
    from agent.eval_variants import FLOORS_BY_CHOICE, Plan
    from agent.fitting import check_fitting
    from agent.labelled import histories_of
    from agent.plotting import check_plot, draw_reliability
    from agent.render_eval import print_eval_report

    data, self_names, plot, fitted = (given.pop(name) for name in ("data", "self_names", "plot", "fit"))
    kept = ("sample", "seed", "out", "without", "gold", "min_confidence")
    plan = Plan(floors=FLOORS_BY_CHOICE[given.pop("floor")], **{name: given.pop(name) for name in kept})
    history = histories_of(data)
    if plot is not None:
        check_plot(plot)
    if fitted is not None:
        check_fitting(fitted)
    door = Door(open_limner, **given)
    try:
        with Watch() as watch, door.limner(watch, steps=False) as limner:
            limner.ingest(history, self_names=self_names, progress=watch.rows)
            report = measure(limner, data, plan, watch)
    except (KeyboardInterrupt, LimnerError) as error:
        if plan.out is not None and plan.out.is_file():
            say(f"stopped; the predictions so far are in {str(plan.out)!r}. The same command continues")
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        raise
    if plot is not None:
        draw_reliability({name: each.trusted for name, each in report.variants.items()}, report.data, plot)
    if fitted is not None:
        report.calibration = fit_predictions([(report.variants["limner"].documents, data)])
        save(report.calibration, fitted)
    print_result(door, report.as_json, lambda console: print_eval_report(console, report))
    return 0


@evaluate.command("fit")
@click.argument("target", metavar="F.json", type=click.Path(path_type=Path))
@click.argument("pairs", nargs=-1, required=True, metavar="PREDICTIONS=DATA...")
@click.option(
    "--onto",
    type=click.Path(path_type=Path),
    metavar="OLD.json",
    help="Keep its weights, and fit only how steeply it rises: for few predictions.",
)
@options.as_json
def fit_calibration(target: Path, pairs: tuple[str, ...], onto: Path | None, as_json: bool) -> int:
    """Fit one calibration on the predictions of several data sets.

    PREDICTIONS=DATA: what --out of limner eval wrote, and the folder with the labels.
    """
    from agent.calibration import load
    from agent.eval_fit import fit_predictions, save
    from agent.fitting import check_fitting
    from agent.predicting import read_predictions
    from agent.render_eval import print_calibration

    check_fitting(target)
    given = [(Path(predictions), Path(data)) for predictions, _, data in (pair.partition("=") for pair in pairs)]
    if bad := [pair for pair in pairs if not all(pair.partition("="))]:
        raise UsageError(f"{bad[0]!r} is not PREDICTIONS=DATA", hint="For example: answers.jsonl=data/locomo")
    base = load(onto) if onto else None
    calibration = fit_predictions([(read_predictions(predictions), data) for predictions, data in given], base)
    save(calibration, target)
    if as_json:
        print_json(calibration.model_dump(mode="json"))
    else:
        print_calibration(console_of_stdout(), calibration)
    return 0
