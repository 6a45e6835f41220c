"""Shows evaluations of answers and profiles, and fitted calibrations, to people, as tables."""

from typing import TYPE_CHECKING, Any

from agent.render_tables import add_row, new_table

if TYPE_CHECKING:
    from rich.console import Console

    from agent.calibration import Calibration
    from agent.eval_variants import Report

__all__ = ["print_calibration", "print_eval_report"]

_INTERVAL = "_ci95"


def print_eval_report(console: "Console", report: "Report") -> None:
    """One row a measure, one column a variant, with 95 % intervals; then the parts of limner's own."""
    things = "questions" if report.kind == "answer" else "users"
    console.print(
        f"{report.n} of {report.of} {things} of {report.data}, seed {report.plan.seed}: {report.model['llm']}"
    )
    if report.plan.without:
        console.print(f"without {', '.join(report.plan.without)}")
    for note in report.notes:
        console.print(note)
    table = new_table()
    table.add_column("measure", no_wrap=True)
    for name in report.variants:
        table.add_column(name, no_wrap=True)
    scores = [each.scores for each in report.variants.values()]
    for name in dict.fromkeys(name for each in scores for name in each if not name.endswith(_INTERVAL)):
        add_row(table, name.replace("_", " "), *(_cell(each, name) for each in scores))
    console.print(table)
    _print_parts(console, report)
    if report.calibration is not None:
        print_calibration(console, report.calibration)


def print_calibration(console: "Console", calibration: "Calibration") -> None:
    """What was fitted, and how good it is beside what the predictions said themselves."""
    console.print(
        f"fitted for {calibration.model} on {calibration.n} {calibration.kind}s of {calibration.users} users"
        f"{', isotonic on top' if calibration.isotonic else ''}; cross-validated by user:"
    )
    table = new_table()
    for name in ("", "ECE", "AUROC", "Brier"):
        table.add_column(name, no_wrap=True)
    for name, quality in (("before", calibration.before), ("after", calibration.cross_validated)):
        add_row(table, name, f"{quality.ece:.3f}", f"{quality.auroc:.3f}", f"{quality.brier:.3f}")
    console.print(table)
    table = new_table()
    for name in ("signal", "transform", "weight", "missing"):
        table.add_column(name, no_wrap=True)
    for each in calibration.features:
        add_row(table, each.signal, each.transform, f"{each.weight:+.2f}", f"{each.missing:+.2f}")
    console.print(table)


def _print_parts(console: "Console", report: "Report") -> None:
    parts = next(iter(report.variants.values())).parts
    if not parts:
        return
    shown = (
        ("questions", "f1", "contained", "citation_precision", "citation_recall", "false_abstention", "auroc")
        if report.kind == "answer"
        else ("gold_values", "shown_values", "right")
    )
    table = new_table()
    table.add_column("category" if report.kind == "answer" else "attribute", overflow="fold")
    for name in shown:
        table.add_column(name.replace("_", " "))
    for part, scores in parts.items():
        add_row(table, part, *(_cell(scores, name) for name in shown))
    console.print(table)


def _cell(scores: dict[str, Any], name: str) -> str:
    value, interval = scores.get(name), scores.get(f"{name}{_INTERVAL}")
    if value is None:
        return "–"
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if interval is None else f"{text} [{interval[0]:.2f}, {interval[1]:.2f}]"
