"""A scripted model that tells the probabilities of its replies, and the histories that it reads, for explanations."""

import json
import re
from collections.abc import Mapping
from typing import Any

from agent.fakes import Reply
from tests.agent.one_by_one import alone

TEXT = {"type": ["string", "null"]}
SCHEMA = {
    "title": "small",
    "type": "object",
    "properties": {
        "city": {**TEXT, "description": "city where the user lives", "x-description-zh": "用户居住的城市"},
        "mood": {"enum": ["low", "high", None]},
        "age": {"type": ["integer", "null"]},
        "hobbies": {"type": "array", "items": {"type": "string"}},
        "phone": TEXT,
        "event_count": {"type": ["integer", "null"], "x-compute": "event_count"},
        "summary": {"type": ["string", "null"], "maxLength": 240, "x-from-claims": True},
    },
}
_ROWS = [
    ("u", "e0", "2024-02-28", "agent", "Where do you live, please?"),
    ("u", "e1", "2024-03-01", "user", "Thanks for asking. I live in Munich now. It is nice here."),
    ("u", "e2", "2024-03-02", "user", "My order is late, I am angry, 30 years old. I like hiking and chess."),
    ("u", "e3", "2024-03-03", "user", "Munich is cold this week."),
    ("张三", "c0", "2024-03-01", "agent", "请问您住在哪里？"),
    ("张三", "c1", "2024-03-02", "user", "我现在住在慕尼黑。"),
    ("张三", "c2", "2024-03-03", "user", "快递还没有到。"),
]
_KEYS = ("user_id", "event_id", "timestamp", "speaker", "text")
HISTORY = [dict(zip(_KEYS, row, strict=True)) for row in _ROWS]


def label_of(user: str) -> str:
    return (re.search(r"^(?:Attribute: |属性：)([\w ]+)", user) or ["", "question"])[1].strip()


def number_of(system: str, words: str) -> int | None:
    found = re.search(rf"^\[(\d+)\] .*{words}", system, re.MULTILINE)
    return int(found[1]) if found else None


def entries(*pairs: tuple[int | None, Any]) -> str:
    told = [{"evidence": number, "value": value} for number, value in pairs if number is not None]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def chosen(number: int, value: Any, key: str = "value") -> str:
    return json.dumps({"evidence": [number], key: value}, ensure_ascii=False, separators=(",", ":"))


def script(system: str, user: str, schema: Mapping[str, Any] | None) -> Reply:
    """Reads the city where it is said, guesses where it is not; each with the probability of a real model."""
    asked = alone(system, user) if schema is None else None
    if asked is not None:
        return _alone(asked.label, asked.line)
    if user.endswith(("Answer:", "答案：")) and schema is None:
        answer, none = ("慕尼黑", "无") if "住" in user else ("Munich", "none")
        knows = ("live?" in user or "住在哪里？" in user) and re.search("live in M|住在慕", user)
        return [{answer: 0.9, none: 0.1}] if knows else [{none: 0.9, answer: 0.1}]
    if schema is None:
        return 0.9 if "live" in user or "住" in user or "angry" in user or "like" in user else 0.7
    label = "summary" if "Write about" in user else label_of(user)
    if label == "mood":
        angry = number_of(system, "angry")
        empty = '{"evidence":[],"value":null}'
        if angry is None:
            return {empty: 0.6, chosen(1, "high"): 0.1, chosen(1, "low"): 0.3}
        return {chosen(angry, "high"): 0.7, chosen(angry, "low"): 0.2, empty: 0.1}
    if label == "age":
        number = number_of(system, "angry")
        if number is None:
            return {"[]": 0.9, entries((1, 7)): 0.08, entries((1, 30)): 0.02}
        return {entries((number, 30)): 0.8, entries((number, 40)): 0.15, "[]": 0.05}
    return '{"evidence":[1,2],"value":"The user is in Munich: hiking."}'


def _alone(label: str, line: str) -> list[Mapping[str, float]]:
    """What one snippet tells of an attribute, a whole reply a token."""
    match label:
        case "city" if "live in M" in line:
            return [{"Munich": 0.8, "Hamburg": 0.15, "none": 0.05}]
        case "city" if "住在慕" in line:
            return [{"慕尼黑": 0.8, "无": 0.2}]
        case "city" if "Munich is cold" in line:
            return [{"none": 0.7, "Munich": 0.3}]
        case "hobbies" if "hiking" in line:
            return [{"hiking, chess": 0.8, "none": 0.2}]
        case "phone" if "order" in line:
            return [{"late": 0.55, "none": 0.45}]
    return [{"无" if re.search("[一-鿿]", line) else "none": 1.0}]
