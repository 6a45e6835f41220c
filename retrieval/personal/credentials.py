"""Finds keys of programs by the form that their makers gave them, and passwords in addresses.

The forms are those that GitHub, AWS, Google, Slack, OpenAI, Alibaba and others document. Knows no words around them.
"""

import re
from collections.abc import Iterator

from retrieval.personal.kinds import Place

__all__ = ["credentials"]

_KEY = re.compile(
    r"(?<![0-9A-Za-z_-])(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{22,}|glpat-[0-9A-Za-z_-]{20,}"
    r"|xox[abeoprs]-[0-9A-Za-z-]{10,}|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}"
    r"|[spr]k_(?:live|test)_[0-9A-Za-z]{16,}|sk-(?:[a-z]+-)*[0-9A-Za-z_-]{20,}"
    r"|hf_[0-9A-Za-z]{30,}|npm_[0-9A-Za-z]{36}|pypi-[0-9A-Za-z_-]{40,}|SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}"
    r"|LTAI[0-9A-Za-z]{12,20}|AKID[0-9A-Za-z]{13,40}"
    r"|eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}"
    r")(?![0-9A-Za-z_-])"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"\bBearer\s+(?P<value>[0-9A-Za-z._~+/-]{20,}=*)", re.IGNORECASE)
_IN_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}+://[^\s/:@]{1,128}:(?P<value>(?!\[)[^\s/@]{3,128})@", re.IGNORECASE
)


def credentials(text: str) -> Iterator[Place]:
    """API keys, tokens, private keys, and passwords in addresses."""
    for pattern in (_PRIVATE_KEY, _KEY):
        for match in pattern.finditer(text):
            yield Place("secret", *match.span())
    for pattern in (_BEARER, _IN_ADDRESS):
        for match in pattern.finditer(text):
            yield Place("secret", *match.span("value"))
