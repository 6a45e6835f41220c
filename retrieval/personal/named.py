"""Finds what is called by its name: "ssn 4595", "password: …", "account number is …", 微信号：…, 护照号….

Knows words, no checksums: whoever says what a number is, is believed, also when it is mistyped.
"""

import re
from collections.abc import Iterator
from typing import Final

from retrieval.personal.context import linked
from retrieval.personal.kinds import Kind, Place

__all__ = ["named"]

_DIGITS = r"\d(?:[ -]?\d){{{0},{1}}}(?![0-9A-Za-z])"
_LAST = r"(?:(?:the )?last (?:four|4)(?: digits?)?(?: of (?:my|the|your))? )?"

_NUMBERS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("id_card", linked(r"居民身份证|身份证|证件|id card|identity card", r"(?:\d{17}[\dXx]|\d{15})(?![0-9A-Za-z])")),
    ("ssn", linked(rf"{_LAST}(?:ssn|social security|social)|社会保障号|社安号", _DIGITS.format(3, 8))),
    (
        "passport",
        linked(
            r"passport|护照|港澳通行证|通行证|台胞证|回乡证",
            r"(?=(?:[A-Za-z]{0,2}\d){4})[A-Za-z0-9]{6,10}(?![0-9A-Za-z])",
        ),
    ),
    (
        "card",
        linked(
            r"(?:credit|debit|bank|payment)[ -]?card|(?<!gift )(?<!gift-)card|visa|mastercard"
            r"|银行卡|信用卡|储蓄卡|借记卡|(?<!会员)(?<!礼品)(?<!购物)(?<!电话)卡",
            _DIGITS.format(11, 18),
        ),
    ),
    (
        "card",
        linked(
            r"(?:credit|debit|bank) card|(?<!gift )card (?:number|no\.?|num)"
            r"|card ending(?: in| with)?|(?:银行|信用|储蓄)卡(?:尾号)?|(?<!手机)(?<!号码)尾号",
            _DIGITS.format(3, 18),
        ),
    ),
    (
        "account",
        linked(
            r"(?:bank |savings |checking |current )?(?:account|acct|acc|a/c|ac)(?= ?(?:number|no\b|num|#|:))"
            r"|(?:bank|savings|checking) account|银行账号|银行帐号|账户|开户账号|对公账号|收款账号|转账到",
            _DIGITS.format(3, 20),
        ),
    ),
    ("account", linked(r"account|acct|a/c", _DIGITS.format(7, 20))),
    ("account", linked(r"账号|帐号", _DIGITS.format(8, 20), loose=False)),
    ("account", linked(r"支付宝|alipay", r"[\w.+-]{3,}@[\w.-]+|\d{6,15}", loose=False)),
    ("chat_id", linked(r"qq|扣扣|企鹅", r"[1-9]\d{4,11}(?![0-9A-Za-z@])")),
    (
        "chat_id",
        linked(r"微信|薇信|v信|加v|vx|wechat|weixin|line id|telegram", r"@?[A-Za-z][\w-]{5,19}(?![\w@])", loose=False),
    ),
    (
        "chat_id",
        linked(
            r"微信|薇信|v信|加v|vx|wechat|weixin", r"(?=[A-Za-z_-]*\d)[A-Za-z][\w-]{5,19}(?![\w@])|1[3-9]\d{9}(?!\d)"
        ),
    ),
)
_PASSWORDS: Final = (
    # The value has a digit or an unusual mark in it: "the password is wrong" tells none.
    linked(
        r"passwords?|passwd|pwd|pw|passcode|passphrase|密码(?:我?设的?|我?改成了?|应该)?|口令"
        r"|api[ _-]?key|access[ _-]?(?:key|token)"
        r"|secret(?:[ _-]?key)?|密钥",
        r"(?=\S*[\d!@#$%^&*])(?!\[)[^\s,，。;；、\"'”’」】)\u4e00-\u9fff]{4,128}",
    ),
    # After a colon, any word is one.
    re.compile(
        r"(?<![a-z])(?:passwords?|passwd|pwd|pw|passcode|密码|口令)\s*[:=]\s*[\"'“]?"
        r"(?P<value>(?!\[)[^\s,，。;；、\"'”\u4e00-\u9fff]{4,128})",
        re.IGNORECASE,
    ),
    linked(
        r"pin|otp|cvv2?|cvc2?|security code|verification code|one[- ]time (?:code|password)|2fa code"
        r"|验证码|校验码|安全码|动态码|取款密码|支付密码",
        r"\d{3,8}(?![0-9A-Za-z年月日元个])",
    ),
)
_CODE_FIRST = re.compile(
    r"(?<![0-9A-Za-z])(?P<value>\d{4,8})\s*(?:is your|\(?(?:是您的|为您的)).{0,20}?(?:code|验证码|校验码|动态码)",
    re.IGNORECASE,
)


def named(text: str) -> Iterator[Place]:
    """Everything that is called by its name, in the order of certainty; places may overlap."""
    for kind, pattern in _NUMBERS:
        for match in pattern.finditer(text):
            yield Place(kind, *match.span("value"))
    for pattern in (*_PASSWORDS, _CODE_FIRST):
        for match in pattern.finditer(text):
            start, end = match.span("value")
            yield Place("secret", start, start + len(text[start:end].rstrip(".!?:")))
