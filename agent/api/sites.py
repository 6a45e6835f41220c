"""Tells whether a page of another site makes a request, as far as its browser says so. Knows headers only."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from agent.api.problems import Problem

__all__ = ["check_site", "is_foreign"]

_OWN: Final = ("same-origin", "none")


def is_foreign(headers: Headers, allowed: Collection[str] = ()) -> bool:
    """Whether a page of another origin than the server's makes the request; those ``allowed`` do not count.

    What the browser says itself (``Sec-Fetch-Site``) counts, and no page can change it. Where it says nothing, as older
    ones do, and all of them over plain HTTP to other hosts, the page's ``Origin`` has to name the ``Host``. Programs
    that are no browsers send neither.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin in allowed:
        return False
    if site is not None:
        return site not in _OWN
    return origin is not None and urlsplit(origin).netloc.casefold() != headers.get("host", "").casefold()


def check_site(headers: Headers, allowed: Collection[str] = ()) -> None:
    """Refuse the requests of other sites' pages.

    Raises:
        Problem: 403.
    """
    if is_foreign(headers, allowed):
        raise Problem(403, "cross-site", "a page of another site made this request, which is not allowed here")
