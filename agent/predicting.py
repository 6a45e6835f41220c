"""Makes the predictions of an evaluation, one a line, resumable as batches are; and reads them again.

Every line tells in ``eval`` how it was made; a file that was made otherwise is not continued.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.batch import Request, Task, run_batch
from agent.errors import InputError, UsageError
from retrieval.private_folders import PrivateFolder

__all__ = ["Document", "beside", "predict", "read_predictions"]

Document = dict[str, Any]


def predict(
    requests: Sequence[Mapping[str, str]],
    out: Path | None,
    task: Task,
    answer: Callable[[Request], Document],
    settings: Mapping[str, Any],
    progress: Callable[[int, int | None], None],
) -> list[Document]:
    """The documents that ``answer`` makes of the requests, in their order; failed ones hold an ``error``.

    Args:
        requests: ``user_id`` and ``question`` (or nothing more) of each.
        out: where they are kept; an interrupted run continues there. None: nowhere.
        settings: what makes two runs the same but for the requests.

    Raises:
        UsageError: ``out`` holds something else; other errors as :func:`agent.batch.run_batch`.
    """
    with PrivateFolder() as folder:
        asked, found = folder / "requests.jsonl", out or folder / "predictions.jsonl"
        asked.write_text("".join(f"{json.dumps(each)}\n" for each in requests), "utf-8")
        _check_settings(found, settings)
        run_batch(asked, found, task, lambda request: answer(request) | {"eval": dict(settings)}, progress)
        return read_predictions(found)


def beside(out: Path, variant: str) -> Path:
    """Where the predictions of another variant go: ``P.jsonl`` becomes ``P.variant.jsonl``."""
    return out.with_name(f"{out.stem}.{variant}{out.suffix}")


def read_predictions(path: Path) -> list[Document]:
    """The lines of a file of predictions.

    Raises:
        InputError: it cannot be read, or a line is no JSON object with a ``user_id``.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"predictions {str(path)!r} cannot be read: {getattr(error, 'strerror', error)}") from error
    documents = []
    for number, line in enumerate(lines, start=1):
        try:
            document = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not JSON") from error
        if document is not None:
            if not isinstance(document, dict) or "user_id" not in document:
                hint = "Give a file that limner ask, limner profile or limner eval wrote with --out"
                raise InputError(f"{path}:{number}: not a prediction", hint=hint)
            documents.append(document)
    return documents


def _check_settings(out: Path, settings: Mapping[str, Any]) -> None:
    """Refuse to continue what was made otherwise."""
    if not out.is_file():
        return
    with out.open("rb") as file:
        line = file.readline()
    if not line.endswith(b"\n"):
        return
    try:
        made = json.loads(line).get("eval")
    except (ValueError, AttributeError, RecursionError):
        made = None
    if made is not None and made != dict(settings):
        changed = ", ".join(name for name, value in settings.items() if made.get(name) != value)
        raise UsageError(
            f"{str(out)!r} was made with other settings ({changed})",
            hint="Give another --out, or delete this one to start anew",
        )
