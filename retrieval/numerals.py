"""Numbers below a hundred as people write them in words, English and Chinese: one table for all who read them."""

import re
from typing import Final

__all__ = ["NUMERALS_EN", "NUMERALS_ZH", "NUMERAL_EN", "NUMERAL_ZH"]

_SMALL_EN: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS_EN: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_DIGITS_ZH: Final = "一二三四五六七八九"

NUMERALS_EN: Final = {
    **{word: number for number, word in enumerate(_SMALL_EN.split())},
    **{word: 10 * tens for tens, word in enumerate(_TENS_EN.split(), start=2)},
    **{
        f"{word}{gap}{unit}": 10 * tens + number
        for tens, word in enumerate(_TENS_EN.split(), start=2)
        for number, unit in enumerate(_SMALL_EN.split()[1:10], start=1)
        for gap in "- "
    },
}
"""English words for 0 to 99, lower case; from 21 on with a hyphen and with a space."""
NUMERALS_ZH: Final = {
    "两": 2,
    **{digit: number for number, digit in enumerate(_DIGITS_ZH, start=1)},
    **{
        f"{ten}十{digit}": 10 * tens + number
        for tens, ten in enumerate(("", *_DIGITS_ZH[1:]), start=1)
        for number, digit in enumerate(("", *_DIGITS_ZH))
    },
}
"""Chinese words for 1 to 99, 两 among them."""
_WORDS_EN: Final = "|".join(sorted(map(re.escape, NUMERALS_EN), key=len, reverse=True))
NUMERAL_EN: Final = rf"(?<![\w-])(?<!hundred )(?<!hundred and )(?<!thousand )(?:{_WORDS_EN})"
"""A regular expression for the whole of an English one, not for the end of a larger number."""
NUMERAL_ZH: Final = (
    r"(?<![一二三四五六七八九十百千万零])(?:[二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
)
"""A regular expression for the whole of a Chinese one, not for the end of a larger number."""
