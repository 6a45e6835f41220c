"""Finds postal addresses by rules: Chinese ones by 省市区路号, English ones by a house number before a street.

A city alone is no address. That of a public place looks like that of a person; rules cannot tell them apart.
"""

import re
from collections.abc import Iterator

from retrieval.personal.kinds import Place

__all__ = ["addresses"]

_H = "[\u4e00-\u9fff]"
_NUMBER = r"(?:\d+|[一二三四五六七八九十百零〇]+|[A-Za-z])"
_PROVINCE = (
    "(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西"
    "|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)?"
)
_UNITS = rf"(?:{_NUMBER}(?:号院|号楼|号|弄|栋|幢|座|单元|室|层|楼|户|门)(?![码线]) ?(?:之[一二三\d])?[- ]?)"
_ROOM = r"(?:\d{2,5}室?(?!\d|[年月日元个天小分]))"
_FIRST = rf"(?:{_NUMBER}(?:号院|号楼|号|弄)(?![码线]) ?(?:之[一二三\d])?[- ]?)"
_ROAD = rf"{_H}{{1,10}}?(?:路|街|大道|(?<![知味频报通])道|巷|胡同|里弄)(?:[东南西北中]段?|{_NUMBER}段)?"
_ESTATE = (
    rf"{_H}{{2,10}}?(?:小区|花园|公寓|家园|苑|新村|嘉园|豪庭|大厦|大楼|中心|广场|宿舍|大院|产业园|园区"
    "|[一二三四五六七八九十]区|村)"
)
_HEAD = (
    rf"(?:{_PROVINCE} ?)?(?:{_H}{{1,8}}?(?:自治州|地区|市) ?)?(?:{_H}{{1,8}}?(?:新区|区|县|旗) ?)?"
    rf"(?:{_H}{{1,8}}?(?:街道|镇|乡) ?)?"
)
_CHINESE = re.compile(
    rf"{_HEAD}(?:{_ROAD} ?{_FIRST}{_UNITS}*(?:{_ESTATE} ?{_UNITS}*)?{_ROOM}?"
    rf"|{_ESTATE} ?{_UNITS}{{2,}}{_ROOM}?|{_ESTATE} ?{_UNITS}{_ROOM})"
)
_CUE = re.compile(
    r"^.*(?:住址|地址|住在|住|家在|搬到|搬去|寄到|寄往|寄给|送到|送往|送去|发到|发往|改到|改成|改为|位于|还有|就在|在|是|到|去"
    r"|往|给|从|至|即|为)(?=..)"
)
_CALLED_CHINESE = re.compile(
    r"(?:地址|住址|收货地|家庭住址)(?:是|为|:|改成|改为|改到|在)\s*(?P<value>(?=[^。;!?\n]*(?:\d|号|室|村|栋))[^,。;!?\n]{6,60})"
)
_STOP = (
    r"(?:the|a|an|of|on|in|to|and|or|is|are|was|for|from|at|my|your|his|her|its|days?|hours?|minutes?|mins?|miles?|km"
    r"|meters?|metres?|feet|times?|more|people|other|this|that|down|along|off|weeks?|months?|years?|i|we|you|it|with|by"
    r"|am|pm|percent|blocks?|steps?|ways?|items?|star|pieces?)"
)
_WORD = rf"(?!{_STOP}\b)[A-Za-z0-9][\w'’.-]*"
_STRONG = r"(?:street|avenue|ave|road|rd|boulevard|blvd|lane|ln|parkway|pkwy|highway|hwy)"
_WEAK = r"(?:St|Dr|Drive|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Circle|Cir|Trail|Crescent|Close|Row|Loop)"
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])"
)
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_ZIP = r"\d{5}(?:-\d{4})?"
_TOWN = rf"(?:,? (?:[A-Za-z][\w'.-]*,? ){{1,4}}?(?:{_STATE},? ?{_ZIP}|{_POSTCODE}|{_ZIP})(?!\d))"
_FLAT = r"(?:,? ?(?:apt|apartment|suite|ste|unit|flat|floor|#)\.? ?#?\w{1,6}(?: [A-Z]\b)?)"
_BEGIN = r"(?<![\w.,#$€£-])\d{1,5}[A-Za-z]?(?:-\d{1,4})? (?:[NSEW]\.? )?"
_ENGLISH = (
    re.compile(rf"{_BEGIN}(?:{_WORD} ){{1,4}}?{_STRONG}\b\.?(?: [NS]?[EW]\b)?{_FLAT}?{_TOWN}?", re.IGNORECASE),
    re.compile(rf"{_BEGIN}(?:(?!{_STOP}\b)[A-Z0-9][\w'’.-]* ){{1,4}}?{_WEAK}\b\.?(?i:{_FLAT})?(?i:{_TOWN})?"),
    re.compile(rf"{_BEGIN}(?:{_WORD} ){{1,4}}?{_WEAK}\b\.?{_FLAT}?{_TOWN}", re.IGNORECASE),
    re.compile(r"(?<!\w)P\.? ?O\.? Box \d{1,8}(?!\d)", re.IGNORECASE),
)
_CALLED_ENGLISH = re.compile(
    r"(?<![a-z-])(?:home|shipping|delivery|billing|mailing|street|postal|new)? ?address(?: is(?: now)?| to)?:? "
    r"(?:no\.? ?)?"
    r"(?P<value>\d{1,5}[a-z]? [^\n;:@]{4,80}?)(?=[.;\n]|,? (?:and|my|but|please|contact|phone|thanks|instead)\b|$)",
    re.IGNORECASE,
)


def addresses(text: str) -> Iterator[Place]:
    """Postal addresses with a number of a house, an estate's building or a box in them."""
    for match in _CALLED_CHINESE.finditer(text):
        yield Place("address", *match.span("value"))
    for match in _CHINESE.finditer(text):
        cue = _CUE.match(match[0])
        yield Place("address", match.start() + (cue.end() if cue else 0), match.end())
    if any(char.isdigit() for char in text):
        for pattern in _ENGLISH:
            for match in pattern.finditer(text):
                yield Place("address", match.start(), match.start() + len(match[0].rstrip(".")))
        for match in _CALLED_ENGLISH.finditer(text):
            yield Place("address", *match.span("value"))
