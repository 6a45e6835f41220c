"""The options that commands share, and what they mean. Knows nothing of what the commands do."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import click

from agent.errors import UsageError, shorten
from agent.terminal import Watch, say

if TYPE_CHECKING:
    from agent.limner import Limner
    from agent.progress import OnStep
    from retrieval import PersonalData, Query
    from retrieval.embedder_process import EmbedderProcess
    from retrieval.encryption import StoreKey
    from retrieval.index_process import IndexProcess

__all__ = [
    "SERVED",
    "BatchFiles",
    "Door",
    "InOrder",
    "OpenLimner",
    "as_json",
    "batch",
    "batch_files",
    "calibration",
    "columns_of",
    "confidence",
    "defer",
    "embedder",
    "given_key",
    "jobs",
    "llm",
    "numbers_of",
    "personal_data",
    "personal_data_of",
    "purpose",
    "reranker",
    "sources_of",
    "store",
    "store_and_models",
    "store_folder",
    "store_key",
    "token_key",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_KEY_FILE = "agent.options.key_file"

SERVED = "serve.json"
"""The file in the folder of a store that a server made; see :mod:`agent.service.hosting`."""


class OpenLimner(Protocol):
    """Makes a Limner; programs and tests may give one of their own to ``main``."""

    def __call__(
        self,
        store: Path,
        *,
        llm: str,
        llm_base_url: str | None,
        embedder: str,
        reranker: str | None,
        calibrations: Sequence[Path],
        on_step: "OnStep",
        on_load: Callable[[str, int, int], None],
        key: "StoreKey | None" = None,
        index_process: "IndexProcess | None" = None,
        embedder_process: "EmbedderProcess | None" = None,
    ) -> "Limner":
        """The same arguments as :class:`agent.limner.Limner`."""


class InOrder(click.Group):
    """Lists commands in the order in which they are used, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which the commands were added."""
        return list(self.commands)


@dataclass(frozen=True, slots=True)
class Door:
    """How a command reaches the store and the models, and whether its result is for people or programs."""

    open_limner: OpenLimner
    store: Path
    as_json: bool
    llm: str = "embedded"
    llm_base_url: str | None = None
    embedder: str = "embedded"
    reranker: str | None = None
    calibrations: Sequence[Path] = ()
    jobs: int = 1
    purpose: str | None = None

    def limner(
        self,
        watch: Watch,
        *,
        steps: bool = True,
        alone: bool = False,
        index_process: "IndexProcess | None" = None,
        embedder_process: "EmbedderProcess | None" = None,
    ) -> "Limner":
        """Open the store, and say so when a server has it open, too.

        Args:
            watch: shows progress.
            steps: show those of a single piece of work.
            alone: whoever calls looks for other servers itself.
            index_process: what keeps the index open; None: this process does.
            embedder_process: what has the embedder in memory; None: this process has.
        """
        from agent.progress import ignore

        if not alone:
            _say_who_serves(self.store)
        given: dict[str, Any] = {
            "key": given_key(),
            "index_process": index_process,
            "embedder_process": embedder_process,
        }
        limner = self.open_limner(
            self.store,
            llm=self.llm,
            llm_base_url=self.llm_base_url,
            embedder=self.embedder,
            reranker=self.reranker,
            calibrations=self.calibrations,
            on_step=watch.step if steps else ignore,
            on_load=watch.load,
            **{name: value for name, value in given.items() if value is not None},
        )
        return limner if self.purpose is None else limner.for_purpose(self.purpose)


def _say_who_serves(store: Path) -> None:
    if any((folder / SERVED).is_file() for folder in (store, store.parent)):  # the parent: of many tenants
        from agent.service.hosting import server_of

        found = server_of(store)
        if found is not None:
            say(f"the store is served at {found.url} by process {found.pid}; this command works beside it")


class BatchFiles(NamedTuple):
    """Where the requests of a batch are, and where the results go."""

    requests: Path
    out: Path


def store(command: _Command) -> _Command:
    """Adds ``--store`` and ``--key-file``; :class:`Door` finds the latter by itself."""
    return store_folder(store_key(command))


def store_key(command: _Command) -> _Command:
    """Adds ``--key-file``."""
    return click.option(
        "--key-file",
        "store_key_file",
        type=click.Path(path_type=Path),
        default=None,
        envvar="LIMNER_KEY_FILE",
        show_envvar=True,
        metavar="F",
        expose_value=False,
        callback=lambda context, parameter, value: context.meta.__setitem__(_KEY_FILE, value),
        help="The key of an encrypted store, 64 hex digits; or LIMNER_KEY has it.",
    )(command)


def given_key() -> "StoreKey | None":
    """The key that the running command was given, or that the environment has.

    Raises:
        UsageError: the file cannot be read, or something else than a key was given.
    """
    from retrieval.encryption import find_store_key, read_store_key

    context = click.get_current_context(silent=True)
    file = None if context is None else context.meta.get(_KEY_FILE)
    return find_store_key(None) if file is None else read_store_key(file)


def store_folder(command: _Command) -> _Command:
    """Adds ``--store``."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path),
        default=Path(".limner"),
        show_default=True,
        envvar="LIMNER_STORE",
        show_envvar=True,
        metavar="DIR",
        help="The folder with the histories; LIMNER_RECORD and LIMNER_INDEX put them on servers.",
    )(command)


def as_json(command: _Command) -> _Command:
    """Adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")(command)


def embedder(command: _Command) -> _Command:
    """Adds ``--embedder``."""
    return click.option(
        "--embedder",
        default="embedded",
        show_default=True,
        envvar="LIMNER_EMBEDDER",
        show_envvar=True,
        metavar="MODEL",
        help="A sentence-transformers model or folder; the same one as when the history was loaded.",
    )(command)


def purpose(command: _Command) -> _Command:
    """Adds ``--purpose``."""
    return click.option(
        "--purpose",
        default=None,
        envvar="LIMNER_PURPOSE",
        show_envvar=True,
        metavar="P",
        help="What it is for: a purpose of the store's policy (docs/privacy.md).  [default: its first one]",
    )(command)


def reranker(command: _Command) -> _Command:
    """Adds ``--reranker``."""
    return click.option(
        "--reranker",
        default=None,
        envvar="LIMNER_RERANKER",
        show_envvar=True,
        metavar="MODEL",
        help="A sentence-transformers cross-encoder, name or folder, that orders what is found anew.",
    )(command)


def llm(command: _Command) -> _Command:
    """Adds ``--llm`` and ``--llm-base-url``."""
    model = click.option(
        "--llm",
        default="embedded",
        show_default=True,
        envvar="LIMNER_LLM",
        show_envvar=True,
        metavar="MODEL",
        help="embedded, gguf:PATH, transformers:NAME_OR_DIR, openai:MODEL with --llm-base-url, ollama:MODEL, …",
    )
    address = click.option(
        "--llm-base-url",
        default=None,
        envvar="LIMNER_LLM_BASE_URL",
        show_envvar=True,
        metavar="URL",
        help="Where the server of the language model answers.",
    )
    return model(address(command))


def store_and_models(command: _Command) -> _Command:
    """Adds what every command takes that asks a language model about a history."""
    return store(llm(embedder(reranker(command))))


def defer(command: _Command) -> _Command:
    """Adds ``--defer``."""
    return click.option(
        "--defer",
        is_flag=True,
        envvar="LIMNER_DEFER",
        show_envvar=True,
        help="Leave the bytes to the next `limner compact`, which removes those of many erasures at once.",
    )(command)


def calibration(command: _Command) -> _Command:
    """Adds ``--calibration``."""
    return click.option(
        "--calibration",
        "calibrations",
        multiple=True,
        type=click.Path(path_type=Path),
        envvar="LIMNER_CALIBRATION",
        show_envvar=True,
        metavar="F",
        help="What makes confidences true for this model, of limner eval --fit (repeatable).",
    )(command)


def confidence(command: _Command) -> _Command:
    """Adds ``--min-confidence`` and ``--calibration``."""
    least = click.option(
        "--min-confidence",
        type=click.FloatRange(0, 1),
        default=0.0,
        metavar="X",
        help="Leave out what is less sure than this, 0 to 1.",
    )
    return least(calibration(command))


def personal_data(command: _Command) -> _Command:
    """Adds ``--personal-data``, ``--personal-data-kinds`` and ``--token-key-file``."""
    policy = click.option(
        "--personal-data",
        "policy",
        type=click.Choice(["off", "mark", "mask", "tokenise"]),
        default=None,
        envvar="LIMNER_PERSONAL_DATA",
        show_envvar=True,
        help="Phone numbers, names, passwords …: leave, note, or replace by labels or pseudonyms; the store keeps it.",
    )
    kinds = click.option(
        "--personal-data-kinds",
        "kinds",
        default=None,
        envvar="LIMNER_PERSONAL_DATA_KINDS",
        show_envvar=True,
        metavar="KIND,…",
        help="Only these kinds, or all (docs/personal-data.md); the store keeps it.",
    )
    return policy(kinds(token_key(command)))


def token_key(command: _Command) -> _Command:
    """Adds ``--token-key-file``."""
    return click.option(
        "--token-key-file",
        "key_file",
        type=click.Path(path_type=Path),
        default=None,
        envvar="LIMNER_TOKEN_KEY_FILE",
        show_envvar=True,
        metavar="F",
        help="The key of pseudonyms, 64 hex digits; or LIMNER_TOKEN_KEY has it.",
    )(command)


def personal_data_of(policy: str | None, kinds: str | None, key_file: Path | None) -> "PersonalData":
    """What these options ask for."""
    from retrieval import PersonalData
    from retrieval.personal.keys import read_key

    chosen = None if kinds is None else [each for each in kinds.split(",") if each.strip()]
    return PersonalData(policy, chosen, None if key_file is None else read_key(key_file))


def batch(command: _Command) -> _Command:
    """Adds ``--batch`` and ``--out``."""
    requests = click.option(
        "--batch",
        "requests",
        type=click.Path(path_type=Path),
        metavar="IN.jsonl",
        help="Answer the requests of a file, one JSON object a line.",
    )
    out = click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="OUT.jsonl",
        help="The results of --batch, one a line; an interrupted run continues.",
    )
    return requests(out(command))


def jobs(command: _Command) -> _Command:
    """Adds ``--jobs``."""
    return click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        metavar="N",
        help="With --batch: ask a model server for so many at a time.",
    )(command)


def batch_files(
    requests: Path | None, out: Path | None, arguments: Mapping[str, str | None], context: click.Context
) -> BatchFiles | None:
    """The files of a batch, or None for a single request with all its arguments.

    Raises:
        click.UsageError: something is missing, or there is too much.
    """
    given = [name for name, value in arguments.items() if value is not None]
    missing = [name for name, value in arguments.items() if value is None]
    if requests is None and out is None:
        if missing:
            raise click.UsageError(f"missing {' and '.join(missing)} (or --batch and --out)", context)
        return None
    if requests is None or out is None:
        lacking, there = ("--batch", "--out") if requests is None else ("--out", "--batch")
        raise click.UsageError(f"{there} needs {lacking} too", context)
    if given:
        raise click.UsageError(f"with --batch, {' and '.join(given)} stand in the file: leave them out here", context)
    return BatchFiles(requests, out)


def columns_of(pairs: Collection[str]) -> dict[str, str]:
    """The mapping field -> column that ``--map FIELD=COLUMN`` options give.

    Raises:
        UsageError: one is no pair, names no field (or has it on the wrong side), or a field is named twice.
    """
    from retrieval.columns import FIELDS

    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not (field and equals and column):
            raise UsageError(f"--map {shorten(pair)} is not FIELD=COLUMN", hint="For example: --map text=body")
        if field not in FIELDS:
            hint = f"Fields are: {', '.join(FIELDS)}"
            hint = f"Turn it round: --map {column}={field}" if column in FIELDS else hint
            raise UsageError(f"--map {shorten(pair)}: {shorten(field)} is not a field", hint=hint)
        if columns.setdefault(field, column) != column:
            both = f"{shorten(columns[field])} and {shorten(column)}"
            raise UsageError(f"--map gives {field!r} two columns: {both}", hint="Give one")
    return columns


def sources_of(files: Sequence[Path], url: str | None, query: str | None) -> "list[Path | Query]":
    """The files, and the query of ``--sql`` and ``--query``.

    Raises:
        click.UsageError: there is neither, or one of the two options without the other.
    """
    from retrieval import Query

    if (url is None) != (query is None):
        there, lacking = ("--query", "--sql") if url is None else ("--sql", "--query")
        raise click.UsageError(f"{there} needs {lacking} too")
    if url is None or query is None:
        if not files:
            raise click.UsageError("Missing argument 'FILE...' (or --sql and --query)")
        return list(files)
    return [*files, Query(url, query)]


def numbers_of(option: str, text: str) -> list[int]:
    """The positive whole numbers of a list like ``1,5,10``, ascending.

    Raises:
        UsageError: something else stands there.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= 1000 for part in parts):
        raise UsageError(f"{option} {shorten(text)} is no list of numbers from 1 to 1000", hint="For example: 1,5,10")
    return sorted({int(part) for part in parts})
