"""Addresses of databases and what their drivers say, as messages may show them: without passwords.

Knows nothing of what is in a database.
"""

from typing import TYPE_CHECKING

from retrieval.errors import shorten

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["reason_of", "shown"]


def shown(url: "URL") -> str:
    """The address without the password; options are left out, since they may hold one, too."""
    return url.set(query={}).render_as_string(hide_password=True)


def reason_of(error: Exception, url: "URL") -> str:
    """The first line of what the driver says, without the password. The further lines may hold values of rows."""
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0] or type(error).__name__
    secrets = [str(url.password)] if url.password else []
    secrets += [str(value) for key, value in url.query.items() if "pass" in key.lower() or "pwd" in key.lower()]
    for secret in secrets:
        said = said.replace(secret, "***")
    return shorten(said, 200)
