"""Tells by its name which attribute of a schema code can compute from the events: counts of orders, money spent, dates.

Only names that cannot mean anything else are taken, in English and Chinese; a schema may also say so itself
(``x-compute``). Knows words, not events.
"""

import re
from typing import Final, Literal, get_args

from agent.schema_rules import JsonSchema

__all__ = ["COMPUTED", "Rule", "asks_for_more", "rule_for"]

Rule = Literal[
    "language", "event_count", "first_seen", "last_seen", "channels",
    "order_count", "ticket_count", "first_order", "last_order", "total_spent", "total_ordered", "average_order",
    "products",
]  # fmt: skip
COMPUTED: Final[tuple[Rule, ...]] = get_args(Rule)
"""What ``x-compute`` may ask for."""

_DATE = r"(?: ?(?:date|day|time|at|on))?"
_COUNTS = r"(?:{0} counts?|(?:n|num|nr|no|total|number of|count of|total number of) {0})"
_NAMES: Final[tuple[tuple[Rule, str, str], ...]] = (
    ("order_count", _COUNTS.format("(?:orders?|purchases?)"), "(?:订单|下单|购买)(?:总?数量?|总数|次数)"),
    ("ticket_count", _COUNTS.format("(?:support )?tickets?"), "工单(?:总?数量?|总数)"),
    (
        "first_order",
        rf"(?:first (?:order|purchase){_DATE}|date of (?:the )?first (?:order|purchase))",
        "(?:首|第一)次(?:下单|购买)(?:日期|时间)?",
    ),
    (
        "last_order",
        rf"(?:(?:last|latest|most recent) (?:order|purchase){_DATE}|date of (?:the )?last (?:order|purchase))",
        "(?:最近一?次|最后一?次|上次)(?:下单|购买)(?:日期|时间)?",
    ),
    (
        "total_spent",
        r"(?:(?:total|lifetime|overall) (?:amount )?(?:spent|spend|spending)|amount spent|money spent)",
        "(?:总|累计)消费(?:金?额)?|消费总额",
    ),
    (
        "total_ordered",
        r"total (?:item|items|order|orders|purchase|purchases) (?:value|amount|price)|(?:order|orders|purchase)s? total"
        r"(?: (?:value|amount))?",
        "订单总(?:金?额|价)|商品总(?:金?额|价)",
    ),
    (
        "average_order",
        r"(?:average|avg|mean) (?:order|purchase|basket)(?: (?:value|amount|price))?|aov",
        "(?:平均|每单)(?:订单)?金额|客单价",
    ),
)  # fmt: skip
_PRODUCTS: Final = re.compile(
    r"(?:(?:purchased|bought|ordered) )?(?:products?|items?)(?: (?:bought|purchased|ordered))?"
    r"|purchases|purchase history|(?:已?购买?过?|买过)的?(?:商品|产品|东西)|购买(?:记录|历史)|商品"
)
_BOUGHT: Final = re.compile(r"\b(?:bought|buys?|purchased?|ordered|orders)\b|购买|买过|订购|下单")
_OWNED: Final = re.compile(r"\b(?:owns?|owned|uses?|used|wants?|likes?|interested)\b|拥有|使用|喜欢|想要")


def rule_for(label: str, description: str, node: JsonSchema) -> Rule | None:
    """The rule by which code computes an attribute, by its name; None where the model has to be asked.

    ``node`` is its inlined schema. What a text, a choice or an object is called tells nothing; of a list only what was
    bought is computed, not what is only owned or wished for ("products that the user likes").
    """
    name = " ".join(label.casefold().split())
    if node.get("type") == "array":
        plain = node.get("items", {}).get("type", "string") == "string" and "enum" not in node.get("items", {})
        told = _PRODUCTS.fullmatch(name) and (not asks_for_more(description) or _BOUGHT.search(description))
        return "products" if plain and told else None
    if node.get("type", "string") not in ("string", "integer", "number") or "enum" in node or "const" in node:
        return None
    return next((rule for rule, *forms in _NAMES if re.fullmatch("|".join(forms), name)), None)


def asks_for_more(description: str) -> bool:
    """Whether more is asked for than orders tell: "products that the user owns or bought"."""
    return _OWNED.search(description) is not None
