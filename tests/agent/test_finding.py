"""Which snippets are read for an attribute at all."""

import json
from pathlib import Path

import pytest

from agent.facets import plan_facets
from agent.finding import find
from agent.schema import load_schema
from retrieval import Store
from retrieval.fakes import HashingEmbedder

SAID = {
    "shoe": "我的名牌运动鞋是亚瑟士的Gel-Kayano26。",
    "forum": "我的名字登记在了下周的金融科技精英论坛。",
    "name": "你好，我叫王芳。",
    "boss": "我的上司，他老家是重庆的。",
    "home": "我住在成都这个城市。",
}


@pytest.mark.parametrize(
    ("name", "node", "found"),
    [
        ("name", {"type": "string", "description": "用户本人的姓名"}, {"forum", "name"}),
        ("姓名", {"type": "array", "items": {"type": "string"}}, {"forum", "name"}),
        ("姓名", {"type": "string", "maxLength": 400}, set(SAID)),  # a text is told by the newest messages, too
        ("location", {"type": "string", "description": "用户居住的城市或国家"}, {"shoe", "forum", "name", "home"}),
        ("同事 上司 家乡", {"type": "string"}, {"boss"}),
    ],
)
def test_what_cannot_tell_an_attribute_is_not_read_for_it(
    tmp_path: Path, name: str, node: dict[str, object], found: set[str]
) -> None:
    rows = [{"user_id": "u", "id": each, "speaker": "user", "text": text} for each, text in SAID.items()]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    store = Store(tmp_path / "store", HashingEmbedder())
    store.ingest([tmp_path / "h.jsonl"])
    facets = plan_facets(load_schema({"type": "object", "properties": {name: node}}), "zh")
    ((_, hits),) = find(store, "u", facets, {}, 8)
    assert {hit.event.event_id for hit in hits} == found
