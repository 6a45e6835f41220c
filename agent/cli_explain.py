"""The command ``limner explain``. Knows what people type, nothing of how explanations are found."""

from typing import Any

import click

from agent import options
from agent.options import Door
from agent.terminal import Watch
from agent.work import print_result

__all__ = ["explain"]


@click.command()
@click.argument("user")
@click.argument("pointer", required=False)
@click.option("--question", metavar="TEXT", help="Explain the answer to a question instead of a value of the profile.")
@click.option(
    "--schema",
    "source",
    default="person",
    show_default=True,
    metavar="F",
    help="The schema of the profile: a JSON Schema file, or the name of a built-in one.",
)
@click.option("--of", metavar="JSON|TEXT", help="Explain this disputed or past value, not the one in the profile.")
@options.purpose
@options.store_and_models
@options.as_json
@click.pass_context
def explain(
    context: click.Context,
    /,
    user: str,
    pointer: str | None,
    question: str | None,
    source: str,
    of: str | None,
    **settings: Any,
) -> int:
    """Why a profile says what it says, or an answer: quotes, probabilities, what changes without each snippet.

    POINTER is a place in the profile, such as /location or /interests/0.
    """
    from agent.corrections import read_value
    from agent.render_explanation import print_explanation
    from agent.schema import load_schema

    if (pointer is None) == (question is None):
        raise click.UsageError("give either POINTER or --question", context)
    if pointer is None and of is not None:
        raise click.UsageError("--of goes with POINTER", context)
    schema = load_schema(source)
    meant = None if of is None else read_value(of, schema, pointer or "", of_claim=True)
    door = Door(context.obj, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        if question is not None:
            found = limner.explain_answer(user, question)
        else:
            found = limner.explain(user, pointer or "", schema, of=meant)
    print_result(door, found.as_json, lambda console: print_explanation(console, found))
    return 0
