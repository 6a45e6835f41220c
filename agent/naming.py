"""Questions for what something is like, answered with what it is called: "How is my phone?" – "Pixel 7".

The name stands in one message, what it is like in others, by that name: so those are read instead, for the name. Pure
text code for Chinese and English.
"""

import re
from typing import Final

__all__ = ["asks_how", "how_is", "only_names"]

_ASKS_HOW: Final = re.compile(
    r"(?:怎么样|怎样|如何|好不好|好用吗|好吗)[啊呀呢吧]?\s*[？?]?\s*$"
    r"|^how (?:is|are|was|were|good (?:is|was)|(?:do|does|did) \w+ (?:like|find|feel about))\b"
    r"|^what (?:do|does|did) \w+ think (?:of|about)\b|^what (?:is|was|are|were) .+ like\s*\??\s*$",
    re.IGNORECASE,
)
_NAMED: Final = (
    r"(?:是|叫|用的?|在|喜欢|名叫|叫做|\b(?:is|are|was|called|named|have|has|got|bought|use|love|like|likes|loves))"
    r"\s*(?:了|的是|一[\u3400-\u9fff]|the|an?|my|it)?\s*[\"“《]?{name}[\"”》]?[^，,。.;；!！]{{0,4}}(?:[，,。.;；!！]|$)"
)


def asks_how(question: str) -> bool:
    """Whether a question asks what something is like."""
    return _ASKS_HOW.search(question.strip()) is not None


def how_is(name: str, language: str) -> str:
    """The question for what something is like that is called ``name``."""
    return f"{name}怎么样？" if language == "zh" else f"What is {name} like?"


def only_names(answer: str, text: str) -> bool:
    """Whether ``text`` says of something that it is called ``answer``, or is one: "我用的手机是小米11。"."""
    name = r"[\s的]*".join(re.escape(letter) for letter in answer if not letter.isspace())
    return bool(name) and re.search(_NAMED.format(name=name), text, re.IGNORECASE) is not None
