"""Reads what an order cost: from its metadata, else from the one amount, or the labelled total, in its text.

Numbers and symbols are read by price-parser. Amounts of different currencies are never added up.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from retrieval import Event

__all__ = ["Amount", "Paid", "paid_for", "shown_amounts", "totals"]

_TOTAL_KEYS = (
    "total", "ordertotal", "totalamount", "totalprice", "grandtotal", "amount", "orderamount", "paidamount", "price",
    "总额", "总价", "总金额", "订单金额", "订单总额", "实付", "实付金额", "实付款", "支付金额", "金额", "合计",
)  # fmt: skip
_CURRENCY_KEYS = ("currency", "currencycode", "货币", "币种")
_SAME = {
    "￥": "¥", "CN¥": "¥", "CNY": "¥", "RMB": "¥", "元": "¥", "块": "¥", "块钱": "¥", "人民币": "¥", "USD": "$",
    "US$": "$", "美元": "$", "dollars": "$", "EUR": "€", "欧元": "€", "GBP": "£", "英镑": "£",
}  # fmt: skip
_SYMBOL = r"(?:[A-Z]{0,3}[$¥￥£€₽₩₹]|(?:USD|EUR|GBP|CNY|RMB|JPY|CHF|CAD|AUD|HKD)\b|人民币)"
_WORD = r"(?:元|块钱?|美元|欧元|英镑|(?:USD|EUR|GBP|CNY|RMB|JPY|CHF|CAD|AUD|HKD|dollars)\b|[€£])"
_NUMBER = r"\d[\d.,]*\d|\d"
_MONEY = re.compile(rf"(?P<before>{_SYMBOL})\s?(?:{_NUMBER})|(?<![\w.,])(?:{_NUMBER})\s?(?P<after>{_WORD})")
_REFUND = re.compile(r"(?:\brefund(?:ed)?|退款|退回|已退)[^\d;；。\n]{0,12}$", re.IGNORECASE)
_PAYMENT = re.compile(
    r"(?:\b(?:grand |order )?total(?: (?:paid|amount|price))?|\bpayments?|\bpaid|\bamount (?:paid|due)|\bcharged"
    r"|实付款?|合计|总计|总额|总价|共计|订单金额|支付(?:金额|了)?|付款)[^\d;；。\n]{0,12}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """So much money; ``currency`` is a symbol or code, "" where none is told."""

    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Paid:
    """What an order cost, and what of it was given back; ``start`` is where its text says so, None: the metadata do."""

    cost: Amount
    refunded: Amount | None = None
    start: int | None = None


def paid_for(event: Event) -> Paid | None:
    """What the order cost; None when it does not tell, or tells several amounts of which none is its total."""
    return _in_metadata(event) or _in_text(event.text)


def totals(amounts: Iterable[Amount]) -> list[Amount]:
    """The sum for each currency, largest first."""
    sums: dict[str, Decimal] = {}
    for each in amounts:
        sums[each.currency] = sums.get(each.currency, Decimal()) + each.value
    return sorted((Amount(value, currency) for currency, value in sums.items()), key=lambda each: -each.value)


def shown_amounts(amounts: Iterable[Amount], joined: str) -> str:
    """ "$1,299.50 and €5.00"."""
    return joined.join(_shown(each) for each in amounts)


def _shown(amount: Amount) -> str:
    number = f"{amount.value:,.2f}"
    return f"{number} {amount.currency}" if amount.currency.isalpha() else f"{amount.currency}{number}"


def _in_metadata(event: Event) -> Paid | None:
    fields = {re.sub(r"[\s_-]", "", key).casefold(): value for key, value in event.metadata.items()}
    value = next((fields[key] for key in _TOTAL_KEYS if fields.get(key) not in (None, "")), None)
    if value is None or isinstance(value, bool):
        return None
    currency = next((str(fields[key]) for key in _CURRENCY_KEYS if fields.get(key)), "")
    amount = _read(str(value), currency)
    return Paid(amount) if amount else None


def _in_text(text: str) -> Paid | None:
    paid: list[tuple[Amount, int]] = []
    returned: list[Amount] = []
    others: list[tuple[Amount, int]] = []
    for amount, start in _amounts_in(text):
        before = text[max(0, start - 40) : start]
        if _REFUND.search(before):
            returned.append(amount)
        else:
            (paid if _PAYMENT.search(before) else others).append((amount, start))
    told = paid or (others if len(others) == 1 else [])
    if not told or len({amount.currency for amount in [*(each for each, _ in told), *returned]}) > 1:
        return None
    refunded = totals(returned)
    return Paid(totals(amount for amount, _ in told)[0], refunded[0] if refunded else None, told[0][1])


def _amounts_in(text: str) -> Iterator[tuple[Amount, int]]:
    for match in _MONEY.finditer(text):
        if amount := _read(match.group(), match["before"] or match["after"]):
            yield amount, match.start()


def _read(text: str, currency: str) -> Amount | None:
    from price_parser import Price

    read = Price.fromstring(text)
    if read.amount is None:
        return None
    symbol = currency or read.currency or ""
    negative = text.strip().startswith("-")
    return Amount(-read.amount if negative else read.amount, _SAME.get(symbol, symbol))
