"""Draws evaluation reports with matplotlib. Knows reports, not how they were measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.scoring import binned, mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agent.evaluation import RetrievalReport

__all__ = ["check_plot", "draw_recall", "draw_reliability"]


def check_plot(path: Path) -> None:
    """Refuse a plot that could not be written, before hours are spent on measuring.

    Raises:
        UsageError: matplotlib is not installed, the folder is not there, or the kind of file is unknown.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise UsageError("--plot needs matplotlib", hint="Install it: pip install 'limner[plots]'") from error
    kinds = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix.lstrip(".") not in kinds:
        raise UsageError(f"--plot {str(path)!r}: {path.suffix!r} is no picture", hint=f"Known are {', '.join(kinds)}")
    if not path.parent.is_dir():
        raise UsageError(f"--plot {str(path)!r}: there is no folder {str(path.parent)!r}")


def draw_recall(report: "RetrievalReport", ks: Sequence[int], path: Path) -> None:
    """Write recall against k, one line a method, with bars for the 95 % intervals.

    Raises:
        UsageError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for method, values in report.methods.items():
        recalls = [values[f"recall@{k}"] for k in ks]
        bounds = [report.intervals[method][f"recall@{k}"] for k in ks]
        below = [max(0.0, r - low) for r, (low, _) in zip(recalls, bounds, strict=True)]
        above = [max(0.0, high - r) for r, (_, high) in zip(recalls, bounds, strict=True)]
        axes.errorbar(ks, recalls, yerr=[below, above], label=method, marker="o", capsize=3)
    axes.set(xlabel="k (events)", ylabel="recall", ylim=(0, 1), xticks=list(ks))
    axes.set_title(f"{report.questions} questions of {report.data}")
    if report.methods:
        axes.legend()
    _save(figure, path)


def draw_reliability(trusted: Mapping[str, Sequence[tuple[float, bool]]], data: str, path: Path) -> None:
    """Write a reliability diagram: how many are right against how sure they are, in ten bins, for each variant.

    The area of a point says how many statements are in its bin; on the diagonal, confidences are true.

    Raises:
        UsageError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle="dotted")
    for name, pairs in trusted.items():
        bins = [each for each in binned([sure for sure, _ in pairs], [right for _, right in pairs]) if each]
        sure = [mean(confidence for confidence, _ in each) for each in bins]
        right = [mean(is_right for _, is_right in each) for each in bins]
        (line,) = axes.plot(sure, right, label=f"{name} ({len(pairs)})")
        axes.scatter(sure, right, [300 * len(each) / len(pairs) for each in bins], color=line.get_color())
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1), title=data)
    axes.legend()
    _save(figure, path)


def _save(figure: "Figure", path: Path) -> None:
    try:
        figure.savefig(path)
    except OSError as error:
        raise UsageError(f"--plot {str(path)!r} cannot be written: {error.strerror or error}") from error
