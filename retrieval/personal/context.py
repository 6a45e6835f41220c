"""What stands before a number: a word that says what it is ("order number", 运单号), so that it is nothing else.

Knows words, no numbers.
"""

import re
from typing import Final

__all__ = ["bare", "folded", "is_other_number", "linked"]

_LOOK_BACK = 40

_OTHER = re.compile(
    r"(?:(?<![a-z])(?:ids?|orders?|tracking|shipment|parcel|package|waybill|invoice|receipt|ticket|case|claim|policy|booking"
    r"|reservation|confirmation|reference|refs?|transaction|txn|trace|batch|lot|sku|products?|items?|articles?|parts?"
    r"|models?|serial|s/n|imei|version|build|isbn|issn|ean|upc|gtin|barcode|asin|coupon|voucher|gift card|flight|train"
    r"|zip|postal code|total|amount|price|usd|eur|rmb|cny|po|rma|user ?id|event ?id|timestamp)"
    r"|订单|单号|运单|快递|物流|包裹|流水|交易|编号|货号|款号|型号|批号|批次|序列号|发票|工单|案件|保单|合同|凭证|条码|条形码"
    r"|商品|产品|货品|库存|优惠券|券码|兑换码|取件码|取餐码|预订|预约|航班|车次|邮编|金额|价格|总价|共计|合计|会员号|学号|工号)"
    r"(?:[\s#:=()\[\]\"'*./-]|(?:numbers?|nos?|nrs?|num|ids?|codes?|is|was|are|and|号码?|单号?|编号|码|是|为|叫|和|及)(?![a-z]))*$",
    re.IGNORECASE,
)
_CURRENCY = re.compile(r"(?:[$€£¥￥]|(?<![a-z])(?:rs|usd|eur|rmb|cny)\.?)\s*$", re.IGNORECASE)
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}


def folded(text: str) -> str:
    """The text with half-width letters, digits and marks in place of full-width ones; of the same length."""
    return text if text.isascii() else text.translate(_WIDE)


def bare(number: str) -> str:
    """A number without what groups it."""
    return re.sub(r"[\s.·()-]", "", number)


def is_other_number(text: str, start: int) -> bool:
    """Whether what stands before ``start`` says that a number is that of an order, a product, a price or the like."""
    before = text[max(0, start - _LOOK_BACK) : start]
    return _OTHER.search(before) is not None or _CURRENCY.search(before) is not None


def linked(words: str, value: str, *, loose: bool = True) -> re.Pattern[str]:
    """A pattern for a value after a word that names it: "ssn 4595", "my SSN is: 4595", 身份证号是…; group ``value``.

    Args:
        words: alternatives of a regular expression.
        value: a regular expression.
        loose: the value may follow after a space alone; else a mark, or "is", has to stand between.
    """
    mark = r"(?:\s*(?:[:=#]|->|'s(?![a-z])|(?<![a-z])(?:is|are|was|being)(?![a-z])|号是|是|为|叫)\s*)"
    own = r"(?:\s*(?:numbers?|nos?\.?|nrs?\.?|num|ids?|code|digits|号码|账号|帐号|号|码))?"
    between = rf"{own}{mark}{{1,2}}" if not loose else rf"{own}(?:{mark}{{1,2}}|\s+|(?<=[\u4e00-\u9fff]))"
    return re.compile(rf"(?<![a-z])(?:{words}){between}[\"'“‘「【(]?(?P<value>{value})", re.IGNORECASE)
