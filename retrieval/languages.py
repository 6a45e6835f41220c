"""Tells in which language a message is written: by its script where that decides, else by py3langid.

One language a message, the one that most of it is in. Knows nothing of events.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

__all__ = ["language_of"]

_CLASSIFIED: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "hu", "ro", "hr", "sv", "da", "no", "fi", "et", "lv",
    "lt", "ru", "uk", "bg", "sr", "el", "tr", "ar", "fa", "he", "hi", "bn", "ta", "th", "vi", "id", "zh", "ja", "ko",
)  # fmt: skip
"""What the classifier may answer: of its 139 languages many are taken for English in a message of three words."""

_SURE: Final = 0.5
_LOOKED_AT: Final = 300  # characters

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA: Final = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
_HANGUL: Final = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_EAST_ASIAN: Final = re.compile(f"(?:{_HAN.pattern}|{_KANA.pattern}|{_HANGUL.pattern})+")
_NO_WORD: Final = re.compile(r"\S*[\d@/\\_]\S*")
_WORD: Final = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language of ``text``; None where there are no letters, or too few to tell ("ok")."""
    text = text[:_LOOKED_AT]
    if text.isascii():
        return _classified(_NO_WORD.sub(" ", text))
    han, kana, hangul = (len(each.findall(text)) for each in (_HAN, _KANA, _HANGUL))
    other = _NO_WORD.sub(" ", _EAST_ASIAN.sub(" ", text))
    if han + kana + hangul <= len(_WORD.findall(other)) and (language := _classified(other)):  # a character for a word
        return language
    if not han + kana + hangul:
        return None
    if hangul > han + kana:
        return "ko"
    return "ja" if 6 * kana >= han + kana else "zh"


def _classified(text: str) -> str | None:
    if not _WORD.search(text):
        return None
    language, probability = _classifier()(text)
    return language if probability >= _SURE else None


@lru_cache(maxsize=1)
def _classifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_CLASSIFIED)
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify
