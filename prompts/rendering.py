"""Finds, renders and fingerprints the prompt templates. Knows nothing of models or evidence.

Templates are Jinja files, ``templates/<language>/<name>.j2``. A missing variable or file is an error, never an empty
string, and nothing is HTML-escaped.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jinja2 import Environment

__all__ = [
    "LANGUAGES",
    "Language",
    "PromptError",
    "constant_beginnings",
    "own_words",
    "prompts_version",
    "render",
    "template_names",
]

Language = Literal["en", "zh"]
_FILLED_IN = re.compile(r"\{[{%].*?[}%]\}")
_WORTH_KEEPING = 200  # bytes
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class PromptError(Exception):
    """A template is missing, or a variable of it was not given."""


def _folder(language: str) -> "Traversable":
    return files("prompts") / "templates" / language


@cache
def _environment(language: Language) -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def load(name: str) -> str | None:
        template = _folder(language) / f"{name}.j2"
        return template.read_text(encoding="utf-8") if template.is_file() else None

    # Prompts are plain text: HTML escaping would corrupt quotes and ampersands of the history.
    return Environment(loader=FunctionLoader(load), undefined=StrictUndefined, autoescape=False, trim_blocks=True)


def render(name: str, language: Language, **variables: Any) -> str:
    """Fill in the template ``name`` of ``language``.

    Raises:
        PromptError: there is no such template, or a variable that it needs was not given.
    """
    from jinja2 import TemplateNotFound, UndefinedError

    try:
        return _environment(language).get_template(name).render(**variables).strip()
    except TemplateNotFound as error:
        known = ", ".join(template_names(language))
        raise PromptError(f"no prompt template {name!r} for language {language!r}; there are: {known}") from error
    except UndefinedError as error:
        raise PromptError(f"prompt template {language}/{name}: {error.message}") from error


def template_names(language: Language) -> list[str]:
    """The names of the templates of one language, sorted."""
    return sorted(item.name.removesuffix(".j2") for item in _folder(language).iterdir() if item.name.endswith(".j2"))


@cache
def own_words() -> str:
    """The text of all templates, without what is filled in: what a reply may repeat, but no history says."""
    texts = [
        (_folder(language) / f"{name}.j2").read_text(encoding="utf-8")
        for language in LANGUAGES
        for name in template_names(language)
    ]
    return "\n".join(_FILLED_IN.sub(" ", text) for text in texts)


@cache
def constant_beginnings() -> tuple[str, ...]:
    """What system messages are or begin with before anything is filled in, where that is 200 bytes or more.

    It is the same for every user and question, so that a model may keep what it computed of it.
    """
    texts = [
        (_folder(language) / f"{name}.j2").read_text(encoding="utf-8")
        for language in LANGUAGES
        for name in template_names(language)
        if name.endswith("_system")
    ]
    beginnings = (_FILLED_IN.split(text, maxsplit=1)[0].strip() for text in texts)
    return tuple(each for each in beginnings if len(each.encode()) >= _WORTH_KEEPING)


def _template_bytes() -> Iterator[bytes]:
    for language in LANGUAGES:
        for name in template_names(language):
            yield f"{language}/{name}".encode()
            yield (_folder(language) / f"{name}.j2").read_bytes()


@cache
def prompts_version() -> str:
    """The first 12 hex digits of SHA-256 over all templates; part of every document limner makes."""
    digest = hashlib.sha256()
    for part in _template_bytes():
        digest.update(part)
    return digest.hexdigest()[:12]
