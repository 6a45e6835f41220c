"""Words a report as Markdown and draws it. Knows rows of scores, not how they were measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["UNFAIR", "draw", "render"]

Row = Mapping[str, Any]

UNFAIR = (
    "For limner: it was developed on users of these very sets, by people who looked at these measures.",
    "For limner, against mem0: mem0's prompts were written for much larger models than this one.",
    "For limner, against mem0 and LangMem: a peer's profile is filled by the plain prompt of limner's floors, which "
    "nobody tuned for its memories; mem0 is asked for ten memories (its default is 20).",
    "For limner: a schema of bare attribute names, asked one by one, is its own way of working.",
    "For mem0: its prompt of 34,000 characters stays in the server's cache from one batch to the next; messages are "
    "added in batches, which divides its cost by their size. Added one by one, as a chat does, it would send that "
    "prompt once a message.",
    "Against mem0: the server keeps one prompt only, so that mem0's is read anew for the next user; a server with more "
    "slots or a larger cache would keep it.",
    "For LangMem: the model does not keep to `tool_choice`, so the benchmark's endpoint makes its tool calls by a JSON "
    "Schema; on plain llama.cpp it gets no profile at all.",
    "For the peers: the labels count only what the kept messages tell, and the attributes are known before ingestion "
    "(LangMem extracts nothing else).",
    "For chroma: where a user has ten messages or fewer, it shows all of them, and its prompts repeat each other, so "
    "that the cache spares it most of the reading.",
    "For full: a sample is short. The whole history of a user would not fit into the context, or cost a multiple.",
    "Against limner: over the endpoint it has no calibration (there is one only for the model in its own process), and "
    "the grammar is llama.cpp's, which lets the model write white space.",
    "Against limner: it drops doubtful values, and recall counts them as missed; floors show whatever is said. What it "
    "calls disputed and shows in the profile counts as shown.",
    "Against the peers: dates stand in the message text, because mem0 takes no timestamps; embeddings over the OpenAI "
    "protocol do not tell queries from passages (the endpoint takes them for passages during ingestion).",
    "Against whoever words values freely: a number is right only as it is labelled (60 for 60岁 is wrong).",
    "For nobody: a label is one annotation; what is true but not labelled counts as hallucinated, for every system.",
)


def render(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    parts = []
    for data in dict.fromkeys(row["data"] for row in report["rows"]):
        rows = [row for row in report["rows"] if row["data"] == data]
        parts += [_title(report, data), _costs(rows), _quality(rows), _faults(rows)]
    parts.append("What is unfair:\n\n" + "\n".join(f"- {each}" for each in UNFAIR))
    parts.append("Versions: " + "; ".join(f"{name} {value}" for name, value in _versions(report)) + ".")
    parts.append(f"Command:\n\n```\n{report['command']}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(report: Mapping[str, Any], data: str) -> str:
    told = report["samples"][data]
    return (
        f"### {data}\n\n{told['users']} user(s), {told['messages']} messages, {told['attributes']} attributes "
        f"({told['unstated']} of them not told by these messages), {told['gold_values']} gold values, "
        f"{told['questions']} questions."
    )


def _costs(rows: Sequence[Row]) -> str:
    first = next((row for row in rows if row["system"] == "limner"), rows[0])
    table = [
        [
            row["system"],
            *(_count(row["until_profile"][name]) for name in ("calls", "prompt_tokens", "new_tokens")),
            _count(row["until_profile"]["completion_tokens"]),
            _count(row["usage"]["ingest"]["prompt_tokens"]),
            _per_question(row, "prompt_tokens"),
            _per_question(row, "new_tokens"),
            *(_ratio(row["seconds"][name], first["seconds"][name]) for name in ("message", "profile", "answer")),
        ]
        for row in rows
    ]
    head = (
        "system | calls | prompt tokens | newly read | written | of the prompt tokens, ingestion | prompt tokens an "
        f"answer | newly read an answer | time a message ÷ {first['system']}'s | a profile | an answer"
    )
    return "From raw messages to a profile, a user:\n\n" + _table(head, table)


def _quality(rows: Sequence[Row]) -> str:
    table = [
        [
            row["system"],
            f"{row['right_values']} / {row['shown_values']} / {row['gold_values']}",
            *(_share(row[name]) for name in ("precision", "recall", "f1")),
            str(row["hallucinated"]),
            _cited(row),
            _share(row["answer_f1"]),
            _pair(row["answer_citation_precision"], row["answer_citation_recall"]),
            f"{row['invalid_profiles']} / {row['lost']} / {_cut_off(row)}",
        ]
        for row in rows
    ]
    head = (
        "system | values right / shown / gold | precision | recall | F1 | hallucinated | citation precision / recall "
        "| F1 of answers | citation precision / recall of answers | invalid profiles / lost / cut off"
    )
    return _table(head, table)


def _faults(rows: Sequence[Row]) -> str:
    told = [f"- {row['system']}: {each}" for row in rows for each in [*row["failed"], *row["faults"]][:6]]
    return "What was lost, and why (the first six of a system):\n\n" + "\n".join(told) if told else ""


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    columns = head.split(" | ")
    lines = [f"| {head} |", "|" + "---|" * len(columns)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _versions(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every package once; where two environments differ, each with its system."""
    found: dict[tuple[str, str], list[str]] = {}
    for system, versions in report["versions"].items():
        for name, value in versions.items():
            found.setdefault((name, value), []).append(system)
    many = {name for name, _ in found if sum(each == name for each, _ in found) > 1}
    return [(f"{name} ({', '.join(who)})" if name in many else name, value) for (name, value), who in found.items()]


def _per_question(row: Row, name: str) -> str:
    value = row["usage"]["answer"][name]
    return "–" if value is None or not row["questions"] else _count(value * row["users"] / row["questions"])


def _cut_off(row: Row) -> str:
    return _count(sum(each["cut_off"] for each in row["usage"].values()))


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _pair(one: float | None, other: float | None) -> str:
    return "n/a" if one is None and other is None else f"{_share(one)} / {_share(other)}"


def _cited(row: Row) -> str:
    """Where a system keeps no sources, what citing the message with most of a value's words would give."""
    own = _pair(row["citation_precision"], row["citation_recall"])
    if own != "n/a" or row["posthoc_recall"] is None:
        return own
    return f"n/a (post hoc {_pair(row['posthoc_precision'], row['posthoc_recall'])})"


def _ratio(value: float | None, of: float | None) -> str:
    """Times are told as ratios: machines and their load differ."""
    return "–" if value is None or not of else f"{value / of:.1f}" if value / of >= 0.05 or not value else "< 0.1"


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Write bars of prompt tokens (of them newly read) beside F1, for every data set."""
    from matplotlib.figure import Figure

    sets = list(dict.fromkeys(row["data"] for row in report["rows"]))
    figure = Figure(figsize=(8, 1.2 + 1.6 * len(sets)), layout="constrained")
    for (left, right), data in zip(figure.subplots(len(sets), 2, squeeze=False), sets, strict=True):
        rows = [row for row in report["rows"] if row["data"] == data][::-1]
        names = [row["system"] for row in rows]
        left.barh(
            names,
            [row["until_profile"]["prompt_tokens"] for row in rows],
            color="#c6d3e3",
            label="prompt tokens",
        )
        new = [row["until_profile"]["new_tokens"] or 0 for row in rows]
        left.barh(names, new, color="#28527a", label="newly read", height=0.4)
        left.set(title=f"{data}: tokens from messages to profile")
        left.legend(fontsize="x-small", loc="lower right")
        right.barh(names, [row["f1"] or 0 for row in rows], color="#3a7d44", label="F1 of values")
        right.set(xlim=(0, 1), title=f"{data}: F1 of values")
    figure.savefig(path)
