"""The command ``limner``. Knows what people type and what they get back, nothing of how it is found out.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 2 wrong usage, 3 bad input data, 4 model not
available, 5 store busy or damaged, 130 interrupted.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.cli_backup import backup, restore
from agent.cli_consent import consent, policy
from agent.cli_doctor import doctor
from agent.cli_encryption import encryption
from agent.cli_eval import evaluate
from agent.cli_explain import explain
from agent.cli_forgetting import compact, export, forget, receipts, verify_erasure
from agent.cli_keeping import correct, corrections, profile_work, versions
from agent.cli_mcp import mcp
from agent.cli_retention import retention
from agent.cli_revealing import reveal
from agent.cli_serve import keys, serve
from agent.errors import InputError, LimnerError
from agent.options import Door, OpenLimner
from agent.terminal import Watch, say, use_utf8, watch_for_sigterm
from agent.work import INTERRUPTED, Work, perform, print_result

if TYPE_CHECKING:
    from agent.batch import Request
    from agent.documents import AnswerDocument
    from agent.limner import Limner
    from agent.meanwhile import Part
    from retrieval.ingest import IngestReport

__all__ = ["ask", "cli", "ingest", "main", "profile", "reindex", "search", "users"]

_BAD_LINES_SHOWN = 20


def main(arguments: Sequence[str] | None = None, open_limner: OpenLimner | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        arguments: the words after ``limner``; those of the process when None.
        open_limner: makes the Limner, where another one than :class:`agent.limner.Limner` is wanted.
    """
    use_utf8()
    try:
        with watch_for_sigterm():
            # Commands return their exit code, which click hands on in this mode.
            code = cli.main(arguments, prog_name="limner", standalone_mode=False, obj=open_limner or _open_limner)
            return int(code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        say(error.format_message())
        return error.exit_code
    except LimnerError as error:
        say(str(error))
        return error.exit_code
    except click.Abort:
        say("interrupted")
        return INTERRUPTED


def _open_limner(store: Path, **settings: Any) -> "Limner":
    from agent.limner import Limner

    return Limner(store, **settings)


def _show_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"limner {version('limner')}")
        except PackageNotFoundError:
            click.echo("limner, run from its source without having been installed")
        context.exit()


@click.group(cls=options.InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli() -> None:
    """User histories in, profiles and answers out; every statement is footnoted with words the history contains."""


@cli.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Which column holds a field (repeatable).")
@click.option("--self", "self_names", multiple=True, metavar="NAME", help="A name the users go by (repeatable).")
@click.option(
    "--user", "user_id", metavar="ID", help="The user of what names none: chats, mail, tables without a column for it."
)
@click.option("--format", "format_", metavar="NAME", help="What all files are, whatever they are called.")
@click.option("--sql", "url", metavar="URL", help="A database to ask with --query, as SQLAlchemy names it.")
@click.option("--query", metavar="SELECT", help="What to ask the database of --sql.")
@click.option("--strict", is_flag=True, help="Load nothing if there is a bad line.")
@click.option("--force", is_flag=True, help="Load also what was forgotten.")
@click.option(
    "--report",
    "listing",
    type=click.Path(path_type=Path),
    metavar="OUT.jsonl",
    help="List what was dropped, cut or marked as a copy, one a line: where and why, without the words.",
)
@options.personal_data
@options.store
@options.embedder
@options.as_json
@click.pass_obj
def ingest(
    open_limner: OpenLimner,
    /,
    files: tuple[Path, ...],
    pairs: tuple[str, ...],
    self_names: tuple[str, ...],
    user_id: str | None,
    format_: str | None,
    url: str | None,
    query: str | None,
    strict: bool,
    force: bool,
    listing: Path | None,
    policy: str | None,
    kinds: str | None,
    key_file: Path | None,
    **settings: Any,
) -> int:
    """Load history files: tables, tickets, chats, mail; .jsonl, .csv, .xlsx, .json and others.

    FILE may be a folder or a pattern, too, or - for JSON Lines from stdin.
    """
    from agent.listings import ingest_document
    from agent.render_tables import print_report
    from agent.report_file import ReportFile

    door = Door(open_limner, **settings)
    columns = options.columns_of(pairs)
    sources = options.sources_of(files, url, query)
    personal_data = options.personal_data_of(policy, kinds, key_file)
    listed = nullcontext() if listing is None else ReportFile(listing, files)
    kept = 0

    def progress(report: "IngestReport") -> None:
        nonlocal kept
        kept = report.read
        watch.rows(report)

    try:
        with Watch() as watch, door.limner(watch) as limner, listed as lines:
            report = limner.ingest(
                sources,
                columns=columns,
                self_names=self_names,
                user_id=user_id,
                format=format_,
                strict=strict,
                force=force,
                personal_data=personal_data,
                progress=progress,
                listing=None if lines is None else lines.write,
            )
    except KeyboardInterrupt:
        say(f"interrupted; {kept} rows are done. The same command continues")
        return INTERRUPTED
    print_result(door, lambda: ingest_document(report), lambda console: print_report(console, report))
    if report.left_out:
        suffixes = ", ".join(f"{suffix} ({count})" for suffix, count in sorted(report.left_out.items()))
        say(f"files of other kinds were left out: {suffixes}")
    if report.policy != report.policy_before:
        old = f"what was loaded with --personal-data {report.policy_before}"
        say(f"{old} stays so until it is loaded again; then `limner compact` removes the old bytes")
    return _report_bad(report)


def _report_bad(report: "IngestReport") -> int:
    """List bad lines on stderr; the exit code."""
    shown = report.bad[:_BAD_LINES_SHOWN]
    for bad in shown:
        click.echo(f"{bad.file}:{bad.line}: {bad.reason}", err=True)
    if report.bad_count > len(shown):
        click.echo(f"… and {report.bad_count - len(shown)} more", err=True)
    if report.bad_count:
        lines = "1 bad line was" if report.bad_count == 1 else f"{report.bad_count} bad lines were"
        say(f"{lines} left out; the other rows are loaded")
    return InputError.exit_code if report.bad_count else 0


@cli.command()
@options.store
@options.as_json
@click.pass_obj
def users(open_limner: OpenLimner, /, **settings: Any) -> int:
    """Who is in the store."""
    from agent.listings import users_document
    from agent.render_tables import print_users

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.users()
    print_result(door, lambda: users_document(found), lambda console: print_users(console, found))
    return 0


@cli.command()
@click.argument("user", required=False)
@click.argument("query", required=False)
@click.option("-k", type=click.IntRange(min=1), default=10, show_default=True, help="How many results.")
@click.option("--explain", is_flag=True, help="Show which ranker found each result, where.")
@options.batch
@options.store
@options.embedder
@options.reranker
@options.as_json
@click.pass_context
def search(
    context: click.Context,
    /,
    user: str | None,
    query: str | None,
    k: int,
    explain: bool,
    requests: Path | None,
    out: Path | None,
    **settings: Any,
) -> int:
    """Ranked evidence from a user's history."""
    from agent.batch import SEARCH
    from agent.listings import search_document
    from agent.render_tables import print_hits

    work = Work(
        task=SEARCH,
        do=lambda limner, request: (request, limner.search(request.user_id, request.text, k)),
        document=lambda found: search_document(found[0].user_id, found[0].text, found[1], explain=explain),
        show=lambda console, found: print_hits(console, found[1], explain=explain),
    )
    files = options.batch_files(requests, out, {"USER": user, "QUERY": query}, context)
    return perform(Door(context.obj, **settings), work, files, user, query)


@cli.command()
@click.argument("user", required=False)
@click.argument("question", required=False)
@options.batch
@options.jobs
@options.confidence
@options.purpose
@options.store_and_models
@options.as_json
@click.pass_context
def ask(
    context: click.Context,
    /,
    user: str | None,
    question: str | None,
    requests: Path | None,
    out: Path | None,
    min_confidence: float,
    **settings: Any,
) -> int:
    """Answer a question about a user, with footnotes.

    Says so when the history does not tell.
    """
    from agent.batch import ASK
    from agent.render import print_answer
    from agent.render_part import lines_of

    def watched(limner: "Limner", request: "Request", watch: Watch) -> "AnswerDocument":
        """Each of several questions is answered on stderr first, and all of them on stdout in the end."""

        def show(part: "Part") -> None:
            for line in lines_of(part):
                watch.line(line)

        return limner.ask(request.user_id, request.text, min_confidence=min_confidence, on_part=show)

    work = Work(
        task=ASK,
        do=lambda limner, request: limner.ask(request.user_id, request.text, min_confidence=min_confidence),
        document=lambda answer: answer.as_json(),
        show=print_answer,
        watched=watched,
    )
    files = options.batch_files(requests, out, {"USER": user, "QUESTION": question}, context)
    return perform(Door(context.obj, **settings), work, files, user, question)


@cli.command()
@click.argument("user", required=False)
@click.option(
    "--schema",
    "source",
    default="person",
    show_default=True,
    metavar="F",
    help="A JSON Schema file, or the name of a built-in schema.",
)
@click.option("--fresh", is_flag=True, help="Find out everything again, whatever was kept.")
@click.option("--moods", is_flag=True, help="Also the mood of each period, where the schema asks for one.")
@click.option("--diff", is_flag=True, help="Show what changed since the version before, and why.")
@click.option("--version", "number", type=click.IntRange(min=1), metavar="N", help="Read a version as it was made.")
@options.batch
@options.jobs
@options.confidence
@options.purpose
@options.store_and_models
@options.as_json
@click.pass_context
def profile(
    context: click.Context,
    /,
    user: str | None,
    source: str,
    fresh: bool,
    moods: bool,
    diff: bool,
    number: int | None,
    requests: Path | None,
    out: Path | None,
    min_confidence: float,
    **settings: Any,
) -> int:
    """Fill a schema from a user's history, with footnotes.

    Costs nothing when nothing changed; what changed is kept as another version.
    """
    from agent.batch import PROFILE
    from agent.schema import load_schema
    from agent.schema_typos import find_typos

    files = options.batch_files(requests, out, {"USER": user}, context)
    schema = load_schema(source)
    for typo in find_typos(schema.document):
        where = f"at {typo.pointer!r}" if typo.pointer else "at its root"
        say(f"schema {schema.name!r}: nothing reads {typo.keyword!r} {where}. Is {typo.meant!r} meant?")
    task = replace(PROFILE, schema_hash=schema.hash)
    wanted = {"fresh": fresh, "moods": moods, "min_confidence": min_confidence}
    work = profile_work(task, schema, wanted, diff=diff, number=number, many=files is not None)
    return perform(Door(context.obj, **settings), work, files, user, None)


cli.add_command(versions)
cli.add_command(correct)
cli.add_command(corrections)
cli.add_command(explain)
cli.add_command(forget)
cli.add_command(compact)
cli.add_command(receipts)
cli.add_command(verify_erasure)
cli.add_command(export)
cli.add_command(reveal)
cli.add_command(retention)
cli.add_command(policy)
cli.add_command(consent)
cli.add_command(backup)
cli.add_command(restore)
cli.add_command(encryption)


@cli.command()
@options.store
@options.embedder
@options.as_json
@click.pass_obj
def reindex(open_limner: OpenLimner, /, **settings: Any) -> int:
    """Make the index anew from the record: for another embedder, or after damage."""
    door = Door(open_limner, **settings)
    try:
        with Watch() as watch, door.limner(watch) as limner:
            count = limner.reindex(lambda done, total: watch.items(done, total, "snippets"))
            embedder = limner.store.embedder.name
    except KeyboardInterrupt:
        say("interrupted; the old index is still in use. The same command continues")
        return INTERRUPTED
    document = {"vectors": count, "embedder": embedder}
    print_result(door, lambda: document, lambda console: console.print(f"{count} vectors made by {embedder}"))
    return 0


cli.add_command(serve)
cli.add_command(keys)
cli.add_command(mcp)
cli.add_command(evaluate)
cli.add_command(doctor)
