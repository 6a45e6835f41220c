"""The command ``limner doctor``. Knows what people type and what they get back, nothing of what is checked."""

from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.options import Door
from agent.terminal import Watch
from agent.work import print_result

if TYPE_CHECKING:
    from agent.options import OpenLimner

__all__ = ["doctor"]


@click.command()
@options.store
@options.llm
@options.embedder
@options.as_json
@click.pass_obj
def doctor(open_limner: "OpenLimner", /, **settings: Any) -> int:
    """Check everything: versions, models, endpoint, store, disk; and what to do about it."""
    from agent.checks import exit_code_of
    from agent.doctor import examine
    from agent.render_doctor import print_checks

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        checks = examine(limner, llm=door.llm, embedder=door.embedder, on_step=watch.step)
    code = exit_code_of(checks)
    document = {"ok": code == 0, "checks": [check.as_json() for check in checks]}
    print_result(door, lambda: document, lambda console: print_checks(console, checks))
    return code
