"""The commands ``policy`` and ``consent``: what a store allows, and what users allowed.

Knows what people type and what they get back, nothing of what follows from it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from agent import options
from agent.cli_keeping import login_name
from agent.options import Door
from agent.terminal import Watch, say
from agent.work import print_result

if TYPE_CHECKING:
    from agent.limner import Limner
    from agent.options import OpenLimner
    from retrieval.policies import Policy

__all__ = ["consent", "policy"]

_CATEGORIES_HELP: Final = "all, none, or some of: health, genetics, biometrics, religion, politics, union, ethnicity, \
sexuality, children, finances, whereabouts, identity, crime."


@click.group(cls=options.InOrder)
def policy() -> None:
    """What a store allows: purposes, whether consent is needed, and sensitive data. Kept in the store."""


@policy.command("show")
@options.store
@options.as_json
@click.pass_obj
def _show(open_limner: "OpenLimner", /, **settings: Any) -> int:
    """The policy of the store."""
    from agent.render_consent import print_policy

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.store.policy()
    print_result(door, found.as_json, lambda console: print_policy(console, found))
    return 0


@policy.command("set")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    metavar="P",
    help="What histories may be used for (repeatable); the first is meant where none is named. These and no others.",
)
@click.option("--no-purposes", is_flag=True, help="Whatever purpose is named is taken.")
@click.option(
    "--require-consent/--no-require-consent",
    default=None,
    help="Whether profiles and answers need a consent, or another legal basis, of each user.",
)
@click.option("--sensitive", metavar="C,…", help=f"What may be shown where users stated it: {_CATEGORIES_HELP}")
@click.option("--inferred", metavar="C,…", help="What may be inferred, too, where a schema marks it with x-sensitive.")
@options.store
@options.as_json
@click.pass_obj
def _set(
    open_limner: "OpenLimner",
    /,
    purposes: Sequence[str],
    no_purposes: bool,
    require_consent: bool | None,
    sensitive: str | None,
    inferred: str | None,
    **settings: Any,
) -> int:
    """Change the policy, at once; what is not named stays. Makes the store when there is none."""
    from agent.render_consent import print_policy

    if purposes and no_purposes:
        raise click.UsageError("--purpose names purposes, --no-purposes none: leave one of them out")
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        limner.store.make()
        before = limner.store.policy()
        made = _changed(before, () if no_purposes else tuple(purposes) or None, require_consent, sensitive, inferred)
        limner.store.set_policy(made)
    print_result(door, made.as_json, lambda console: print_policy(console, made))
    if made.require_consent and not before.require_consent:
        say("profiles that were made before are not shown any more: they were made for nobody knows which purpose")
    return 0


def _changed(
    before: "Policy",
    purposes: tuple[str, ...] | None,
    require_consent: bool | None,
    sensitive: str | None,
    inferred: str | None,
) -> "Policy":
    from retrieval.policies import CATEGORIES, make_policy

    shown = before.sensitive if sensitive is None else _listed(sensitive)
    guessed = before.inferred if inferred is None else _listed(inferred)
    return make_policy(
        before.purposes if purposes is None else purposes,
        shown,
        CATEGORIES if guessed is None else guessed,
        require_consent=before.require_consent if require_consent is None else require_consent,
    )


def _listed(text: str) -> list[str] | None:
    """The categories that are listed; None: all."""
    words = [each.strip() for each in text.split(",") if each.strip()]
    if words == ["all"]:
        return None
    return [] if words == ["none"] else words


@click.group(cls=options.InOrder)
def consent() -> None:
    """What users allow: grant, withdraw, list. Entries are added to a log, and never changed."""


@consent.command("grant")
@click.argument("user")
@click.option("--purpose", required=True, metavar="P", help="What for: a purpose of the store's policy.")
@click.option(
    "--basis",
    default="consent",
    show_default=True,
    metavar="B",
    help="consent, contract, legal-obligation, vital-interest, public-interest or legitimate-interest.",
)
@click.option("--until", metavar="DATE", help="To which day, itself included.  [default: until it is withdrawn]")
@click.option("--sensitive", default="none", metavar="C,…", help=f"What was allowed by name: {_CATEGORIES_HELP}")
@click.option("--source", metavar="TEXT", help="How the user said so: a form, a call, a contract.")
@click.option("--by", default=None, metavar="NAME", help="Who records it.  [default: the login name]")
@options.store
@options.as_json
@click.pass_obj
def _grant(
    open_limner: "OpenLimner",
    /,
    user: str,
    purpose: str,
    basis: str,
    until: str | None,
    sensitive: str,
    source: str | None,
    by: str | None,
    **settings: Any,
) -> int:
    """Record that a user's history may be used for a purpose; replaces what was said of it before."""
    from agent.render_consent import print_entry
    from retrieval.policies import CATEGORIES

    named = _listed(sensitive)
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        limner.store.make()
        made = limner.store.consents.grant(
            user,
            purpose,
            by=by or login_name(),
            basis=basis,
            until=until,
            sensitive=CATEGORIES if named is None else named,
            source=source,
        )
        _say_if_unknown(limner, user)
    print_result(door, made.as_json, lambda console: print_entry(console, made))
    return 0


@consent.command("withdraw")
@click.argument("user")
@click.option("--purpose", metavar="P", help="What for.")
@click.option("--all", "every", is_flag=True, help="For all purposes.")
@click.option("--source", metavar="TEXT", help="How the user said so.")
@click.option("--by", default=None, metavar="NAME", help="Who records it.  [default: the login name]")
@options.store
@options.as_json
@click.pass_obj
def _withdraw(
    open_limner: "OpenLimner",
    /,
    user: str,
    purpose: str | None,
    every: bool,
    source: str | None,
    by: str | None,
    **settings: Any,
) -> int:
    """Record that it is not allowed any more, whatever it rested on; drops the profiles that were made for it."""
    from agent.render_consent import print_withdrawn

    if (purpose is None) != every:
        raise click.UsageError("give either --purpose or --all")
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        limner.store.make()
        made, dropped = limner.store.consents.withdraw(user, purpose, by=by or login_name(), source=source)
        _say_if_unknown(limner, user)
    document = {**made.as_json(), "profile_versions": dropped}
    print_result(door, lambda: document, lambda console: print_withdrawn(console, made, dropped))
    if dropped:
        say("their bytes leave the files of the store with the next `limner compact`")
    return 0


@consent.command("list")
@click.argument("user")
@options.store
@options.as_json
@click.pass_obj
def _list(open_limner: "OpenLimner", /, user: str, **settings: Any) -> int:
    """What was recorded of a user, in order, and what counts now."""
    from agent.render_consent import consents_document, print_consents

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.store.consents.of(user)
        if not found:
            _say_if_unknown(limner, user)
    print_result(door, lambda: consents_document(user, found), lambda console: print_consents(console, user, found))
    return 0


def _say_if_unknown(limner: "Limner", user: str) -> None:
    """Consents may be recorded before a history is loaded; but an id may also be mistyped."""
    from retrieval import UnknownUser

    try:
        limner.store.browsing.outline(user)
    except UnknownUser:
        say(f"the store has no event of {user!r}: is the id right? `limner users` lists who is there")
