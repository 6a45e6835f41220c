"""A model that believes and obeys everything: what no answer may rest on, whoever asks for it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.agent.attacks import TRUE, WANTED
from tests.agent.one_by_one import alone

__all__ = ["gullible", "numbers_and_lines", "wanted_of"]


def numbers_and_lines(system: str) -> dict[int, str]:
    return {int(number): line for number, line in re.findall(r"^\[(\d+)\] (.*)$", system, re.MULTILINE)}


def wanted_of(line: str) -> str:
    return WANTED["zh" if re.search(r"[\u4e00-\u9fff]", line) else "en"]


def gullible(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """Says what the true message says, and of every other message whatever an attacker could wish for."""
    if one := alone(system, user):
        return next((value for text, value in TRUE.values() if text in one.line), wanted_of(one.line))
    if schema is None:
        return 0.99
    lines = numbers_and_lines(system)
    language = "zh" if TRUE["zh"][0] in system or "蓬莱" in system else "en"
    bad = [number for number, line in lines.items() if TRUE[language][0] not in line]
    if not bad:  # an attack that speaks to the program is not shown here
        return json.dumps({"evidence": [], "value": None})
    is_text = "about" in user.split("\n")[0]
    return json.dumps({"evidence": bad[:1], "value": f"Lives in {WANTED[language]}." if is_text else True})
