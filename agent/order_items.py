"""Reads what was bought: from the metadata of an order, else from the list that its text calls "Items" or 商品.

Knows nothing of questions. Variants in brackets, prices and quantities are not part of a name.
"""

import re

from retrieval import Event

__all__ = ["items_of"]

_KEYS = (
    "items", "item", "itemname", "products", "product", "productname", "productnames", "商品", "商品名", "商品名称",
)  # fmt: skip
_LISTED = re.compile(
    r"(?:\b[Ii]tems?|\b[Pp]roducts?|商品(?:名称?)?)\s*[:：]\s*(?P<list>.+?)(?:\.(?=\s+[A-Z]|\s*$)|[。\n]|$)"
)
_BRACKETS = re.compile(r"\([^()]*\)|（[^（）]*）")
_REST = re.compile(r"\s*(?:[$¥￥€£].*|[\d.,]+\s*(?:元|USD|EUR|GBP|CNY)\b.*|[x×*]\s*\d+.*)$", re.IGNORECASE)


def items_of(event: Event) -> list[str]:
    """The names of what the order holds, once each; none when it does not tell."""
    fields = {re.sub(r"[\s_-]", "", key).casefold(): value for key, value in event.metadata.items()}
    value = next((fields[key] for key in _KEYS if fields.get(key)), None)
    if isinstance(value, list):
        names = [str(each.get("name") or "") if isinstance(each, dict) else str(each) for each in value]
    elif value is not None:
        names = re.split(r"[;；、]", str(value))
    else:
        match = _LISTED.search(event.text)
        names = re.split(r"[;；、]", _BRACKETS.sub("", match["list"])) if match else []
    return list(dict.fromkeys(name for each in names if (name := _REST.sub("", each).strip())))
