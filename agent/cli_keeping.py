"""The commands for what is kept of profiles: ``versions``, ``correct``, ``corrections``, and earlier profiles.

Knows what people type and what they get back, nothing of how it is found out.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.errors import UsageError
from agent.options import Door
from agent.terminal import Watch, say
from agent.work import Work, print_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.batch import Request, Task
    from agent.corrections import Action
    from agent.documents import ProfileDocument
    from agent.limner import Limner
    from agent.options import OpenLimner
    from agent.schema import ProfileSchema
    from agent.versions import Changes

__all__ = ["correct", "corrections", "login_name", "profile_work", "versions"]


def profile_work(
    task: "Task",
    schema: "ProfileSchema",
    wanted: "Mapping[str, Any]",
    *,
    diff: bool,
    number: int | None,
    many: bool,
) -> Work[Any]:
    """What ``limner profile`` does: make a profile or read version ``number``, and tell what changed with it.

    ``wanted``: what :meth:`agent.limner.Limner.profile` is given.

    Raises:
        click.UsageError: options that exclude each other.
    """
    from agent.render import print_profile
    from agent.render_keeping import print_changes

    for name in ("fresh", "moods"):
        if wanted[name] and number is not None:
            raise click.UsageError(f"--{name} makes a profile, --version reads one: leave one of them out")
    if many and (diff or number is not None):
        raise click.UsageError("--diff and --version are for a single user: leave them out with --batch")

    def do(limner: "Limner", request: "Request") -> "ProfileDocument":
        if number is not None:
            return limner.version(request.user_id, number, schema)
        return limner.profile(request.user_id, schema, **wanted)

    def do_and_compare(limner: "Limner", request: "Request") -> "tuple[ProfileDocument, Changes]":
        document = do(limner, request)
        assert document.version is not None, "it was just kept"
        return document, limner.changes(request.user_id, document.version, schema)

    if not diff:
        return Work(task, do, lambda document: document.as_json(), print_profile)
    return Work(
        task,
        do_and_compare,
        lambda both: {**both[0].as_json(), **both[1].as_json()},
        lambda console, both: print_changes(console, *both),
    )


@click.command()
@click.argument("user")
@click.option("--schema", "source", default=None, metavar="F", help="Only those of this schema: a file or a name.")
@options.purpose
@options.store
@options.as_json
@click.pass_obj
def versions(open_limner: "OpenLimner", /, user: str, source: str | None, **settings: Any) -> int:
    """The versions of a user's profiles; read one with: limner profile USER --version N."""
    from agent.listings import versions_document
    from agent.render_keeping import print_versions

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.versions(user, source)
    print_result(door, lambda: versions_document(user, found), lambda console: print_versions(console, found))
    return 0


@click.command()
@click.argument("user")
@click.argument("pointer")
@click.option("--confirm", is_flag=True, help="The value is right, and stays.")
@click.option("--value", default=None, metavar="JSON|TEXT", help="The right value; null: there is none.")
@click.option("--forbid", is_flag=True, help="The value is wrong, and never comes back.")
@click.option("--of", default=None, metavar="JSON|TEXT", help="A disputed or past value, not the one in the profile.")
@click.option("--by", default=None, metavar="NAME", help="Who says so.  [default: the login name]")
@click.option("--note", default=None, metavar="TEXT", help="Why.")
@click.option(
    "--schema",
    "source",
    default="person",
    show_default=True,
    metavar="F",
    help="The schema of the profile: a file or a name.",
)
@options.purpose
@options.store
@options.as_json
@click.pass_obj
def correct(
    open_limner: "OpenLimner",
    /,
    user: str,
    pointer: str,
    confirm: bool,
    value: str | None,
    forbid: bool,
    of: str | None,
    by: str | None,
    note: str | None,
    source: str,
    **settings: Any,
) -> int:
    """Confirm, correct or forbid a value of a user's profile.

    POINTER is the place in the profile, for example /city or /interests/0; /interests/- is one more entry.
    """
    from agent.corrections import read_value
    from agent.render_keeping import print_correction
    from agent.schema import load_schema

    given: dict[Action, bool] = {"confirm": confirm, "correct": value is not None, "forbid": forbid}
    chosen = [action for action, wanted in given.items() if wanted]
    if len(chosen) != 1:
        raise click.UsageError("give one of --confirm, --value and --forbid")
    schema = load_schema(source)
    right = None if value is None else read_value(value, schema, pointer)
    meant = None if of is None else read_value(of, schema, pointer, of_claim=True)
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        by = by or login_name()
        made = limner.correct(user, pointer, chosen[0], right, of=meant, by=by, note=note, schema=schema)
    print_result(door, made.as_json, lambda console: print_correction(console, made))
    return 0


@click.command()
@click.argument("user", required=False)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="F.jsonl", help="Write them as training data, one a line."
)
@options.purpose
@options.store
@options.as_json
@click.pass_obj
def corrections(open_limner: "OpenLimner", /, user: str | None, out: Path | None, **settings: Any) -> int:
    """What people said of profiles: of one user's, or of all."""
    from agent.corrections import training_line
    from agent.render_keeping import print_corrections

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.corrections(user)
        filtered = user is None and limner.store.policy().require_consent
    lines = [training_line(each) for each in found]
    if out is not None:
        _write(out, lines)
    if out is None or door.as_json:
        written = {} if out is None else {"out": str(out)}
        print_result(door, lambda: {"corrections": lines, **written}, lambda console: print_corrections(console, found))
    if out is not None:
        say(f"{len(lines)} corrections in {str(out)!r}")
    if filtered:
        say("the corrections of users without a consent or another legal basis for the purpose are left out")
    return 0


def login_name() -> str:
    """Who runs this process.

    Raises:
        UsageError: the system does not tell.
    """
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError, ImportError) as error:
        raise UsageError("who makes the correction is not known", hint="Give --by NAME") from error


def _write(out: Path, lines: list[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    try:
        with out.open("xb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except FileExistsError as error:
        raise UsageError(f"--out {str(out)!r} exists", hint="Name another file, or delete this one") from error
    except OSError as error:
        said = error.strerror or error
        raise UsageError(f"--out {str(out)!r} cannot be written: {said}", hint="Name another file") from error
