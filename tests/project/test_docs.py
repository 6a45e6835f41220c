"""The documentation agrees with the program: commands and options, links, files, and what the environment may hold."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agent.cli import cli

ROOT = Path(__file__).resolve().parents[2]
NAMED = ("README.md", "CONTRIBUTING.md", "examples/README.md", "benchmarks/questions/README.md")
PAGES = [*(ROOT / name for name in NAMED), *sorted(ROOT.glob("docs/*.md"))]
TEXTS = {page: page.read_text("utf-8") for page in PAGES}
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S+ )?(?:\S*/)?limner (.*)")
SOURCES = [*ROOT.glob("agent/**/*.py"), *ROOT.glob("retrieval/**/*.py")]
VARIABLE = re.compile(r"LIMNER_[A-Z_]+")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def commands(parent: click.Command = cli) -> Iterator[click.Command]:
    """All commands that do something."""
    if isinstance(parent, click.Group):
        for child in parent.commands.values():
            yield from commands(child)
    else:
        yield parent


def lines_of(page: Path) -> Iterator[list[str]]:
    """The words after ``limner`` of each command line on a page, without what explains it."""
    blocks = "\n".join(FENCED.findall(TEXTS[page])).splitlines()
    for line in [*blocks, *re.findall(r"`([^`\n]+)`", FENCED.sub("", TEXTS[page]))]:
        if found := COMMAND.match(line.strip()):
            yield shlex.split(re.split(r"\s{2,}|\s#|;|\s\|\s", found[1])[0])


def wrong_in(words: list[str]) -> str | None:
    """What is wrong with a command line: the command, an option of it, or one of a closed set of values."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        names, words = words[0].split("|"), words[1:]
        if lacking := [name for name in names if name not in command.commands]:
            return None if lacking == ["--help"] else f"no command {lacking[0]!r}"
        command = command.commands[names[0]]
    options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for place, word in enumerate(words):
        for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*", word):
            if name not in options and not isinstance(command, click.Group):
                return f"no option {name!r}"
            kind = getattr(options.get(name), "type", None)
            given = words[place + 1] if place + 1 < len(words) else ""
            if given and isinstance(kind, click.Choice) and not {*given.split("|")} <= {*map(str, kind.choices)}:
                return f"{given!r} for {name!r}"
    return None


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("ingest FILE... --personal-data off|mark|mask", None),
        ("retention set DAYS --channel C", None),
        ("ask sofia Where? --jbos 4", "no option '--jbos'"),
        ("asks sofia", "no command 'asks'"),
        ("retention sets 4", "no command 'sets'"),
        ("eval retrieval|asks DATA", "no command 'asks'"),
        ("keys add --scope reads", "'reads' for '--scope'"),
    ],
)
def test_wrong_command_lines_are_seen(line: str, wrong: str | None) -> None:
    assert wrong_in(line.split()) == wrong


def test_command_lines_in_the_documentation_are_right() -> None:
    found = [(page.name, " ".join(words), wrong_in(words)) for page in PAGES for words in lines_of(page)]
    assert len(found) > 150
    assert [each for each in found if each[2]] == []


def test_every_option_is_documented() -> None:
    """An option that several commands share has to be named once."""
    options = {name for each in commands() for option in each.params for name in option.opts if name.startswith("--")}
    documented = {name for text in TEXTS.values() for name in re.findall(r"(?<![\w-])--[a-z][\w-]*", text)}
    assert options - documented == set()


def test_every_command_is_in_the_readme() -> None:
    readme = TEXTS[ROOT / "README.md"]
    assert [name for name in cli.commands if not re.search(rf"limner {name}\b", readme)] == []


def test_variables_are_those_of_the_program() -> None:
    read = {name for source in SOURCES for name in VARIABLE.findall(source.read_text("utf-8"))}
    told = {name for text in TEXTS.values() for name in VARIABLE.findall(text)}
    assert told - read == {"LIMNER_FORGETTING", "LIMNER_FUZZ", "LIMNER_ISOLATION"}, "of tests"
    assert read - told == set()


@pages
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", TEXTS[page])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            dead.append(target)
    assert dead == []


def anchors_of(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pages
def test_files_that_are_named_are_there(page: Path) -> None:
    top = "tests|agent|retrieval|prompts|benchmarks|examples|docs|locked"
    named = set(re.findall(rf"`((?:{top})/[\w./-]+)`", TEXTS[page])) - {"retrieval/migrations/vN_what.py"}
    assert [each for each in named if not (ROOT / each).exists() and not (ROOT / f"{each}.py").exists()] == []
    tests = set(re.findall(r"`(test_\w+\.py)`", TEXTS[page]))
    assert [each for each in tests if not any(ROOT.glob(f"tests/**/{each}"))] == []
