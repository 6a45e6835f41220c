"""What an operator chooses about the HTTP API. Plain data."""

from dataclasses import dataclass

__all__ = ["ApiSettings"]


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the server treats its clients.

    Attributes:
        dev: requests need no key and may do everything in the tenant ``default``; for loopback addresses only.
        hosts: the host names that requests may name; () for any. Keeps web pages from reaching a server on loopback
            under a name of their own (DNS rebinding).
        origins: the origins whose pages may call the API (CORS); none by default.
        max_body: most bytes of a request, but for uploads of events.
        max_upload: most bytes of an upload of events.
        rate: requests that a key may make, in the words of the package ``limits``.
    """

    dev: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    max_body: int = 1_000_000
    max_upload: int = 2_000_000_000
    rate: str = "600/minute"
