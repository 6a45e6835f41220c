"""The profile schemas that a tenant may use: the built-in ones and those that were registered."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from agent.errors import NotFound, UsageError, shorten
from agent.facets import plan_facets
from agent.schema import ProfileSchema, built_in_schemas, load_schema
from agent.service.book import Book
from prompts import Language
from retrieval.timestamps import utc_text

__all__ = ["Schemas", "fillable", "named"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class Schemas:
    """Schemas by name, of each tenant its own."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def names(self, tenant: str) -> list[str]:
        """All names that the tenant may use, sorted."""
        rows = self._book.read("SELECT name FROM schemas WHERE tenant = ?", (tenant,))
        return sorted({*built_in_schemas(), *(name for (name,) in rows)})

    def get(self, tenant: str, name: str) -> ProfileSchema:
        """A schema by its name.

        Raises:
            NotFound: there is none.
        """
        rows = self._book.read("SELECT document FROM schemas WHERE tenant = ? AND name = ?", (tenant, name))
        if rows:
            return named(json.loads(rows[0][0]), name)
        if name in built_in_schemas():
            return load_schema(name)
        raise NotFound(
            f"there is no schema {shorten(name)}", hint=f"There are: {', '.join(self.names(tenant))}; or register it"
        )

    def register(self, tenant: str, name: str, document: Mapping[str, Any]) -> ProfileSchema:
        """Keep a schema under a name; one that is there is replaced, its profiles are kept.

        Raises:
            UsageError: the name is a built-in one, or none.
            SchemaError: limner cannot fill the schema.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"{shorten(name)} cannot be the name of a schema", hint="Use letters, digits, - _ and .")
        if name in built_in_schemas():
            raise UsageError(f"{name!r} is a built-in schema", hint="Register yours under another name")
        checked = fillable(document, name)
        text = json.dumps(document)
        self._book.write("INSERT OR REPLACE INTO schemas VALUES (?, ?, ?, ?)", (tenant, name, text, utc_text()))
        return checked

    def remove(self, tenant: str, name: str) -> None:
        """Take a registered schema away; profiles that were made with it are kept.

        Raises:
            NotFound: no such schema was registered.
        """
        if not self._book.write("DELETE FROM schemas WHERE tenant = ? AND name = ?", (tenant, name)):
            raise NotFound(f"no schema {shorten(name)} was registered", hint="Built-in schemas stay")


def fillable(document: Mapping[str, Any], name: str) -> ProfileSchema:
    """The same, when limner can use its annotations, too (``x-compute`` and the like).

    Raises:
        SchemaError: limner cannot.
    """
    schema = named(document, name)
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        plan_facets(schema, language)
    return schema


def named(document: Mapping[str, Any], name: str) -> ProfileSchema:
    """The schema of a document, called ``name`` whatever its title is.

    Raises:
        SchemaError: limner cannot fill it.
    """
    return replace(load_schema(dict(document)), name=name)
