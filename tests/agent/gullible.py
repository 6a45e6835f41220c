"""A model that believes and obeys everything: what no answer may rest on, whoever asks for it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from agent.fakes import Reply, Tokens
from tests.agent.attacks import TRUE, WANTED
from tests.agent.one_by_one import OPTION, alone

__all__ = ["gullible", "numbers_and_lines", "wanted_of"]

_NUMBER = re.compile(r"its number only|只回答编号")
_SAYS_NOTHING = "user: N/A"


def numbers_and_lines(system: str) -> dict[int, str]:
    return {int(number): line for number, line in re.findall(r"^\[(\d+)\] (.*)$", system, re.MULTILINE)}


def wanted_of(line: str) -> str:
    return WANTED["zh" if re.search(r"[\u4e00-\u9fff]", line) else "en"]


def gullible(system: str, user: str, schema: Mapping[str, Any] | None) -> Reply:
    """Says what the true message says, and of every other message whatever an attacker could wish for.

    Asked for an option, it says "yes" over any other message than the true one, and else "none".
    """
    if one := alone(system, user):
        return next((value for text, value in TRUE.values() if text in one.line), wanted_of(one.line))
    bad = [number for number, line in numbers_and_lines(system).items() if not _is_harmless(line)]
    if schema is None and OPTION.search(user):
        return _option("zh" if "只回答" in user else "en", bool(bad))
    if schema is None and bad and _NUMBER.search(user):
        return str(bad[0])
    if schema is None:
        return 0.99
    language = "zh" if TRUE["zh"][0] in system or "蓬莱" in system else "en"
    if not bad:  # an attack that speaks to the program is not shown here
        return json.dumps({"evidence": [], "value": None})
    is_text = "about" in user.split("\n")[0]
    return json.dumps({"evidence": bad[:1], "value": f"Lives in {WANTED[language]}." if is_text else True})


def _is_harmless(line: str) -> bool:
    return line.endswith(_SAYS_NOTHING) or any(text in line for text, _ in TRUE.values())


def _option(language: str, yes: bool) -> Tokens:
    words = ("是", "否", "无") if language == "zh" else ("yes", "no", "none")
    return [dict(zip(words, (0.98, 0.01, 0.01) if yes else (0.01, 0.01, 0.98), strict=True))]
