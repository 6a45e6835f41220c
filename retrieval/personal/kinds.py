"""The kinds of personal data, and what stands in their place. Knows nothing of how they are found."""

import re
from collections.abc import Collection
from typing import Final, Literal, NamedTuple, get_args

from retrieval.errors import UsageError, shorten

__all__ = ["KINDS", "Kind", "Place", "check_kinds", "is_mask", "label_of"]

Kind = Literal[
    "name",
    "phone",
    "email",
    "address",
    "card",
    "iban",
    "account",
    "passport",
    "ssn",
    "id_card",
    "company_code",
    "plate",
    "chat_id",
    "secret",
]
"""``card``: payment cards, 银行卡; ``account``: bank accounts that are called so; ``ssn``: of the USA;
``id_card``: 居民身份证; ``company_code``: 统一社会信用代码; ``plate``: 车牌; ``chat_id``: 微信, QQ;
``secret``: passwords, PINs, one-time codes, API keys."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_CHINESE: Final[dict[Kind, str]] = {
    "name": "姓名",
    "phone": "电话号码",
    "email": "邮箱",
    "address": "地址",
    "card": "银行卡号",
    "iban": "国际银行账号",
    "account": "账号",
    "passport": "护照号",
    "ssn": "社会保障号",
    "id_card": "身份证号",
    "company_code": "统一社会信用代码",
    "plate": "车牌号",
    "chat_id": "社交账号",
    "secret": "密码",
}
_LABELS: Final = frozenset((*_CHINESE.values(), *(kind.upper() for kind in KINDS)))
_HAN = re.compile("[\u3400-\u9fff]")


class Place(NamedTuple):
    """Where in a text something of a kind stands: ``text[start:end]``."""

    kind: Kind
    start: int
    end: int


def label_of(kind: Kind, text: str) -> str:
    """What a kind is called in the language of the text: ``PHONE``, or 电话号码 where there is any Chinese in it."""
    return _CHINESE[kind] if _HAN.search(text) else kind.upper()


def is_mask(value: str, words: str) -> bool:
    """Whether a value taken from words is but the label that stands there in place of what was masked: ``[PHONE]``."""
    label = value.strip("[] ")
    return f"[{label}]" in words and label in _LABELS


def check_kinds(kinds: Collection[str]) -> tuple[Kind, ...]:
    """The kinds of these names, in the order of ``KINDS``; ``all`` is all of them.

    Raises:
        UsageError: there is none, or one is unknown.
    """
    wanted = {each.strip().lower().replace("-", "_") for each in kinds}
    unknown = sorted(wanted - {*KINDS, "all"})
    if unknown or not wanted:
        said = f"{shorten(unknown[0])} is no kind of personal data" if unknown else "no kind of personal data is named"
        raise UsageError(said, hint=f"Kinds are: {', '.join(KINDS)}, all")
    return KINDS if "all" in wanted else tuple(kind for kind in KINDS if kind in wanted)
