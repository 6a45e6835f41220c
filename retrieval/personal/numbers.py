"""Finds numbers that prove themselves by a checksum or a form of their own: cards, IBANs, identity numbers, plates.

The checksums are those of python-stdnum. Knows nothing of what is done with them.
"""

import re
from collections.abc import Iterator

from retrieval.personal.context import bare, is_other_number
from retrieval.personal.kinds import Place

__all__ = ["cards", "company_codes", "ibans", "id_cards", "plates", "ssns"]

_EDGE = r"(?<![0-9A-Za-z_.+-])"
_END = r"(?![0-9A-Za-z_]|[.-][0-9])"

_CARD = re.compile(
    rf"{_EDGE}(?:\d{{4}}([ -])\d{{4}}\1\d{{4}}\1\d{{1,4}}(?:\1\d{{1,3}})?|\d{{4}}([ -])\d{{6}}\2\d{{4,5}}|\d{{13,19}})"
    rf"{_END}"
)
_ISSUER = re.compile(
    r"4|5[0-9]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[68])|35(?:2[89]|[3-8])|6(?:011|2|4[4-9]|5)|6[37]"
)
_LENGTHS = {
    "4": (13, 16, 19),
    "5": (16, 19),
    "2": (16,),
    "3": (14, 15, 16),
    "6": (16, 17, 18, 19),
}
_IBAN = re.compile(rf"{_EDGE}[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{4}}){{2,7}}(?: ?[A-Z0-9]{{1,4}})?{_END}")
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_ID_CARD = re.compile(rf"(?<![0-9A-Za-z]){_PROVINCE}\d{{4}}([ -]?)(?:19|20)\d{{6}}\1\d{{3}}[\dXx](?![0-9A-Za-z])")
_COMPANY = re.compile(
    r"(?<![0-9A-Za-z])[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])"
)
_SSN = re.compile(rf"{_EDGE}\d{{3}}([ -])\d{{2}}\1\d{{4}}{_END}")
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z] ?[·•・.-]? ?"
    "(?:[DF][A-HJ-NP-Z0-9]\\d{4}|\\d{5}[DF]|[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳])(?![0-9A-Za-z])"
)
_PLATE_DIGITS = 3  # more letters there are none


def cards(text: str) -> Iterator[Place]:
    """Payment cards: the length and first digits of an issuer, and Luhn's checksum."""
    from stdnum import luhn

    for match in _CARD.finditer(text):
        number = bare(match[0])
        plausible = _ISSUER.match(number) and len(number) in _LENGTHS.get(number[0], ())
        if plausible and luhn.is_valid(number) and not is_other_number(text, match.start()):
            yield Place("card", match.start(), match.end())


def ibans(text: str) -> Iterator[Place]:
    """IBANs with the length of their country and a right checksum; what follows them in capitals is left."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        found = match[0]
        while found and not iban.is_valid(found):
            found = found.rpartition(" ")[0]
        if found:
            yield Place("iban", match.start(), match.start() + len(found))


def id_cards(text: str) -> Iterator[Place]:
    """Numbers of Chinese identity cards: province, date of birth and checksum are right.

    The county is not asked for: python-stdnum takes one that is younger than the holder for wrong, which it is not for
    those who got their number later than at birth.
    """
    from stdnum.cn import ric
    from stdnum.exceptions import ValidationError

    for match in _ID_CARD.finditer(text):
        number = bare(match[0]).upper()
        try:
            ric.get_birth_date(number)
        except ValidationError:
            continue
        if number[-1] == ric.calc_check_digit(number):
            yield Place("id_card", match.start(), match.end())


def company_codes(text: str) -> Iterator[Place]:
    """Unified social credit codes of Chinese companies, with their checksum."""
    from stdnum.cn import uscc

    for match in _COMPANY.finditer(text):
        if uscc.is_valid(match[0]):
            yield Place("company_code", match.start(), match.end())


def ssns(text: str) -> Iterator[Place]:
    """Social security numbers of the USA, written in three groups; without groups they have no form of their own."""
    from stdnum.us import ssn

    for match in _SSN.finditer(text):
        if ssn.is_valid(bare(match[0])) and not is_other_number(text, match.start()):
            yield Place("ssn", match.start(), match.end())


def plates(text: str) -> Iterator[Place]:
    """Number plates of Chinese cars."""
    for match in _PLATE.finditer(text):
        if sum(char.isdigit() for char in match[0]) >= _PLATE_DIGITS:
            yield Place("plate", match.start(), match.end())
