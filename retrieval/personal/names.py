"""Finds names of persons where the words around them say so: "my name is …", "Mr …", 我叫…, 收件人：…, …先生.

No model is asked, so that a name without such words is not found, except where the same text has it with them. Names of
speakers are no text, and stay.
"""

import re
from collections.abc import Iterator

from retrieval.personal.kinds import Place

__all__ = ["names"]

_SINGLE = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白"
    "江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严武戚莫孔汤尤施柳岑费鲍章云葛岳齐梅庄柯翟阮温欧祝辛管裴左詹路甄向鲁牛殷纪霍凌"
)
_SURNAME = f"(?:欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|长孙|宇文|端木|[{_SINGLE}])"
_NO_GIVEN = "的了是在和与有不也都就说给把被让们吗呢吧啊呀么那这哪很太最你我他她它人个号家先女小师经店电地手身总"
_GIVEN = f"(?![{_NO_GIVEN}])[\u4e00-\u9fff]"
_FULL = f"{_SURNAME}{_GIVEN}(?:{_GIVEN})?"
_BOUND = "(?=[^\u4e00-\u9fff]|$|的|是|在|和|电|手|住|身|今|想|要|来)"
_CHINESE = (
    re.compile(
        "(?:(?<![帮给替])我(?:的名字)?(?:叫做?|是)|名字(?:叫|是)|本人"
        "|(?:姓名|收件人|收货人|收款人|联系人|持卡人|户名|开户名|乘客|客人|患者|签名"
        "|署名|落款|法人|申请人|投保人|经办人|负责人|预订人|预约人|监护人|参保人)"
        f"(?:是|为|叫|:)?) ?(?P<name>{_FULL}){_BOUND}"
    ),
    re.compile(
        f"(?<![帮给替])我(?:的名字)?叫(?P<name>(?![{_NO_GIVEN}过来到外车下上])[\u4e00-\u9fff]{{2,4}})"
        "(?=[,。.;!、 \n]|$)"
    ),
    re.compile(
        f"(?:[妈爸母父公婆夫妻子儿哥姐弟妹事友学邻板]|家人|家属)(?:名字?)?叫(?P<name>{_FULL})(?=[^\u4e00-\u9fff]|$)"
    ),
    re.compile(f"(?:^|[,。;:!、\\s])(?P<name>{_FULL})(?=[\\s,:]{{0,2}}1[3-9]\\d{{9}}(?!\\d)|收(?:[,。;!\\s]|$))"),
    re.compile(f"(?:我姓|免贵姓|姓)(?P<name>{_SURNAME})(?=[,。.;!、 \n]|$)"),
    re.compile(f"(?<![感多谢致])(?P<name>{_SURNAME}(?:{_GIVEN}){{0,2}}?)(?=先生|女士|小姐|太太)"),
)
_NO_NAME = (
    r"(?:on|in|not|the|a|an|and|or|is|was|are|my|your|his|her|their|our|it|its|that|this|what|which|spelled|spelt|wrong|right"
    r"|correct|incorrect|listed|under|also|still|for|to|at|of|with|from|as|same|different|here|there|please|misspelled|number"
    r"|phone|email|ssn|address|account|zip|date|sorry|yes|no|ok|password|customer|sir|madam|team|support|all|everyone|service"
    r"|after|before|has|have|when|because|i|i'm|im|you|we|but|so|if|now|only|just|showing|missing|changed|registered|called|being|very|good|card|order)"
)
_LOOSE = rf"(?!{_NO_NAME}\b)[^\W\d_][\w'’-]*"
_CAPITAL = rf"(?!(?i:{_NO_NAME})\b)[A-Z][\w'’-]+"
_TWO = rf"{_CAPITAL}(?: [A-Z]\.)? (?:(?:van|von|de|der|da|del|bin|al|la|le) )*{_CAPITAL}(?: {_CAPITAL})?"
_ONE = rf"{_CAPITAL}(?: (?:[A-Z]\. )?{_CAPITAL}){{0,2}}"
_NO_PERSON = "".join(
    f"(?<!{each} )"
    for each in (
        "file",
        "user",
        "item",
        "company",
        "product",
        "brand",
        "model",
        "shop",
        "city",
        "firm",
        "state",
        "street",
    )
)
_INTRODUCED = (
    r"(?i:(?<![a-z])(?:my (?:full |first |last |sur)?name(?: is|'s|:|)"
    rf"|(?:^|\n)name|{_NO_PERSON}name(?: is|'s| on the account is| ?:)|recipient ?:|cardholder ?:|passenger ?:))"
)
_ENGLISH = (
    re.compile(rf"{_INTRODUCED} ?(?P<name>{_ONE})"),
    re.compile(
        rf"{_INTRODUCED} (?P<name>(?i:{_LOOSE}(?: {_LOOSE})?))(?=[,.;!?\n]|$| (?:and|my|i|ssn|but|please)\b| \d)"
    ),
    re.compile(rf"{_INTRODUCED} (?P<name>(?i:{_LOOSE}))"),
    re.compile(rf"(?i:\bi am|\bi'm|\bim|\bthis is|\bcall me) (?P<name>{_TWO})(?![\w-])"),
    re.compile(
        rf"(?i:\bi am|\bi'm|\bthis is) (?P<name>{_CAPITAL})"
        r"(?= (?i:here|speaking|calling|again|my (?:ssn|name|phone|number|email))\b)"
    ),
    re.compile(rf"(?:^|[,.!] )(?P<name>{_ONE})(?= here\b)"),
    re.compile(
        rf"(?i:(?:booking|reservation|order|account|table) (?:is )?under (?:the name (?:of )?)?)(?P<name>{_ONE})"
    ),
    re.compile(
        rf"(?i:\b(?:my|his|her|our) (?:husband|wife|son|daughter|brother|sister|mother|father|mom|mum|dad|friend"
        rf"|colleague|boss|roommate|neighbou?r|partner|cousin|uncle|aunt) )(?P<name>{_ONE})"
    ),
    re.compile(rf"\b(?i:mr|mrs|ms|mx|miss|dr|prof)\.? (?P<name>{_ONE})"),
    re.compile(rf"(?:^|\n)(?i:dear|hi|hello) (?P<name>{_ONE})(?=[,!:]?\s*\n|,)"),
    re.compile(
        r"(?:^|\n)(?i:(?:(?:best|kind|warm) )?(?:regards|wishes)|sincerely|yours(?: \w+)?|cheers|thanks"
        rf"|thank you|best),?\n+(?P<name>{_ONE})\s*$"
    ),
)
_MOST_REPEATED = 50  # of more names than that, only the introductions are found: a list of names is no message
_SHORTEST = {True: 2, False: 3}


def names(text: str) -> Iterator[Place]:
    """Names that are introduced as such, and the same names elsewhere in the text."""
    found: set[str] = set()
    for pattern in (*_CHINESE, *_ENGLISH):
        for match in pattern.finditer(text):
            found.add(match["name"])
            yield Place("name", *match.span("name"))
    for name in sorted(found, key=len, reverse=True)[:_MOST_REPEATED]:
        han = "\u4e00" <= name[0] <= "\u9fff"
        if len(name) < _SHORTEST[han] or (not han and not name[0].isupper()):
            continue
        edges = ("", r"(?!\s?:)") if han else (r"(?<!\w)", r"(?!\w|\s?:)")  # before a colon, it is a speaker's
        for match in re.finditer(edges[0] + re.escape(name) + edges[1], text):
            yield Place("name", *match.span())
