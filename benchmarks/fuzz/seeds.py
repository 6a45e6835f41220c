"""What the fuzzing of each target begins with: the fixtures of the tests, and small files in every other format."""

import io
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

__all__ = ["FIXTURES", "fixtures", "rows_as_csv", "rows_as_jsonl", "rows_as_parquet", "schemas", "texts", "times"]

ROOT: Final = Path(__file__).parents[2]
FIXTURES: Final = ROOT / "tests" / "retrieval" / "loaders" / "fixtures"

_ROWS: Final[list[dict[str, Any]]] = [
    {"user_id": "u1", "id": "e1", "timestamp": "2024-03-01T10:00:00Z", "channel": "chat", "speaker": "Anna",
     "text": "I moved from Hamburg to Munich last month; it’s lovely here &amp; quiet."},
    {"user_id": 42, "id": 7, "timestamp": 1709287200, "channel": None, "speaker": "客服",
     "text": "您好，您的订单昨天已经发货，预计下周三到达慕尼黑。"},
    {"user_id": "u1", "id": "e3", "timestamp": "2024年3月4日 09:30", "channel": "mail", "speaker": "bot",
     "text": "<p>Hello<br>Anna: my card is 4111 1111 1111 1111</p>\n\nTom: call +49 89 1234567",
     "tags": ["a", {"b": 1.5}]},
]  # fmt: skip
_TEXTS: Final = (
    "Anna: I live in Hamburg.\nTom: since when?\nAnna: since last year, and my number is +49 171 1234567.",
    "客户：我住在北京市朝阳区建国路88号，身份证号11010519491231002X，手机13800138000。\n客服：好的，请稍等。",
    "Dear team, my IBAN is DE89370400440532013000, card 4111 1111 1111 1111, SSN 123-45-6789. password: hunter2!",
    "<div>Order <b>#12345</b> &amp; more<br/>thanks &nbsp;&lt;joe@example.com&gt;</div>",
    "It’s naÃ¯ve â€” ftfy should mend this… 👩‍👩‍👧‍👦 \u200bzero\u200dwidth e\u0301 \ufeff",
    "1. First item\n2. Second item\n\n- See https://a.com/a?b=c e.g. on p. 3 ! ? ... 车牌京A12345 微信号：wx_abc123",
    "我爸爸张伟三天前去了上海，下周二回来。The day before yesterday we met in 3 weeks from 2023-05-01 to June 2024.",
)  # fmt: skip
_TIMES: Final = (
    "2024-03-04", "2024-03-04T09:30:00+08:00", "2024/03/04 09:30", "2024年3月4日 09:30", "1709287200", "1709287200000",
    "Mon, 04 Mar 2024 09:30:00 +0000", "20240304", "2024-03-04T09:30:00.123456Z", "2024-W10-1", "03/04/2024",
    "between march 2023 and 5 may 2024", "in the last 30 days", "最近三个月", "去年三月份以来", "since 2023-05",
    "before I moved to Munich, two weeks ago", "上上周三", "大前天晚上9点", "in 999 weeks", "999年前", "999 years ago",
)  # fmt: skip


def fixtures(*suffixes: str) -> list[bytes]:
    """The fixtures whose names end so."""
    return [path.read_bytes() for path in sorted(FIXTURES.iterdir()) if path.name.endswith(suffixes)]


def rows_as_jsonl() -> list[bytes]:
    """JSON Lines: rows of our own, and some of the examples."""
    lines = (ROOT / "examples" / "histories.jsonl").read_bytes().splitlines(keepends=True)
    return [_lines(_ROWS), *(b"".join(lines[at : at + 4]) for at in (0, 120, 240, 360))]


def rows_as_csv() -> list[bytes]:
    """Tables with commas, tabs and semicolons, in UTF-8, UTF-16 and GB18030."""
    plain = [["user_id", "id", "timestamp", "speaker", "text"],
             *([str(row[name]) for name in ("user_id", "id", "timestamp", "speaker")]
               + ['"' + row["text"].replace('"', '""') + '"'] for row in _ROWS)]  # fmt: skip
    chinese = (
        "用户编号,时间,内容\n张三,2024-03-01,我上周搬到了慕尼黑，这里的人都很好。\n李四,,订单还没有到，我要退货。\n"
    )
    made = ["\n".join(sign.join(row) for row in plain) + "\n" for sign in ",\t;"]
    return [*(each.encode() for each in made), made[0].encode("utf-16"), chinese.encode("gb18030"), chinese.encode()]


@lru_cache(maxsize=1)
def rows_as_parquet() -> list[bytes]:
    """One Parquet file, as small as it gets."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("user_id", "id", "timestamp", "speaker", "text")
    columns = {name: [None if row.get(name) is None else str(row[name]) for row in _ROWS] for name in names}
    made = []
    for compression in ("none", "snappy"):
        out = io.BytesIO()
        pq.write_table(pa.table({**columns, "amount": [1.5, None, 2.0]}), out, compression=compression,
                       store_schema=False)  # fmt: skip
        made.append(out.getvalue())
    return made


def texts() -> list[bytes]:
    """What people say, in English and Chinese, clean and not."""
    said = [json.loads(line)["text"] for line in rows_as_jsonl()[1].decode().splitlines()]
    return [each.encode() for each in (*_TEXTS, *said)]


def times() -> list[bytes]:
    """Times as they stand in files, in messages and in questions."""
    return [each.encode() for each in _TIMES]


def schemas() -> list[bytes]:
    """The built-in schemas, and one with everything that is allowed and something that is not."""
    folder = ROOT / "agent" / "schemas"
    own = {
        "title": "all", "type": "object", "required": ["a"], "additionalProperties": False,
        "$defs": {"s": {"type": ["string", "null"], "maxLength": 200, "pattern": "^[a-z]+$"}},
        "properties": {
            "a": {"$ref": "#/$defs/s"}, "b": {"enum": ["x", "y", None]}, "c": {"type": "integer", "minimum": 0},
            "d": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "e": {"type": "array", "items": {"type": "object",
            "properties": {"f": {"const": 1}, "g": {"type": "string", "format": "date"}}}, "maxItems": 3},
            "h": {"allOf": [{"type": "boolean"}], "description": "d", "x-queries": ["q"], "x-description-zh": "中"},
            "n": {"type": "integer", "x-compute": "event_count"}, "t": {"type": "string", "maxLength": 300,
            "x-from-claims": True}, "i/~": {"not": {}},
        },
    }  # fmt: skip
    fine = {**own, "properties": {key: value for key, value in own["properties"].items() if key != "i/~"}}  # type: ignore[attr-defined]
    built = [path.read_bytes() for path in sorted(folder.glob("*.json"))]
    return [*built, json.dumps(own).encode(), json.dumps(fine).encode()]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
