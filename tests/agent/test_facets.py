import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.errors import SchemaError
from agent.facets import Facet, draft_schema, example_of, plan_facets
from agent.schema import load_schema


def facets(language: Any = "en", **properties: Any) -> list[Facet]:
    return plan_facets(load_schema({"type": "object", "properties": properties}), language)


def accepts(facet: Facet, reply: Any, shown: int = 2) -> bool:
    schema = draft_schema(facet, list(range(1, shown + 1)))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(reply)


def test_kinds() -> None:
    found = facets(
        v={"type": "string"},
        n={"type": "integer"},
        many={"type": "array", "items": {"type": "string"}},
        e={"enum": ["a"]},
        c={"const": 1},
        b={"type": "boolean"},
        t={"type": "string", "maxLength": 300},
    )
    assert [f.kind for f in found] == ["value", "value", "list", "choice", "choice", "choice", "text"]


def test_nested_objects_are_walked_and_pointers_escaped() -> None:
    found = facets(home={"type": "object", "properties": {"zip/code": {}, "cityName": {}}})
    assert [f.pointer for f in found] == ["/home/zip~1code", "/home/cityName"]
    assert found[1].label == "home city name"


def test_descriptions_and_queries_follow_the_language() -> None:
    node = {
        "type": "string",
        "description": "home",
        "x-description-zh": "住处",
        "x-queries": ["I live"],
        "x-queries-zh": ["我住"],
    }
    (english,), (chinese,) = facets("en", favorite_city=node), facets("zh", favorite_city=node)
    assert english.queries == ("I live", "favorite city: home")
    assert chinese.queries == ("我住", "favorite city: 住处")
    assert facets(plain={})[0].queries == ("plain",)


def test_list_bounds_are_kept_and_limited() -> None:
    small, large = facets(
        a={"type": "array", "items": {}, "minItems": 2, "maxItems": 3}, b={"type": "array", "maxItems": 99}
    )
    assert (small.least, small.most, large.least, large.most) == (2, 3, 0, 8)


def test_compute_is_checked() -> None:
    assert facets(a={"type": "integer", "x-compute": "event_count"})[0].compute == "event_count"
    with pytest.raises(SchemaError, match="x-compute") as caught:
        facets(a={"x-compute": "age"})
    assert caught.value.pointer == "/properties/a/x-compute"


def test_a_reply_cites_only_what_is_shown() -> None:
    (value,) = facets(a={"type": "string"})
    assert accepts(value, [{"evidence": 2, "value": "x"}]) and accepts(value, [])
    assert accepts(value, [{"evidence": 1, "value": None}])
    assert not accepts(value, [{"evidence": 3, "value": "x"}])
    assert not accepts(value, [{"evidence": 1, "value": "x" * 61}])
    assert not accepts(value, [{"value": "x"}])


def test_choices_and_texts_cite_several() -> None:
    choice, text = facets(c={"enum": ["a", "b", None]}, t={"type": "string", "maxLength": 200})
    assert accepts(choice, {"evidence": [1, 2], "value": "a"}) and not accepts(choice, {"evidence": [1], "value": "z"})
    assert accepts(text, {"evidence": [1], "value": "x" * 200}) and not accepts(
        text, {"evidence": [1], "value": "x" * 201}
    )


def test_objects_lists_unions_and_patterns_in_a_draft() -> None:
    item = {
        "type": "object",
        "properties": {
            "issue": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "at": {"type": "string", "format": "date"},
            "code": {"type": "string", "pattern": "^[A-Z]+$"},
            "site": {"type": "string", "format": "uri"},
            "n": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
        "required": ["issue"],
    }
    (facet,) = facets(a={"type": "array", "items": item})
    entry = {"issue": "late", "tags": None, "at": None, "code": "AB", "site": None, "n": 3}
    assert accepts(facet, [{"evidence": 1, "value": entry}])
    assert not accepts(facet, [{"evidence": 1, "value": {**entry, "issue": None}}])
    assert not accepts(facet, [{"evidence": 1, "value": {**entry, "code": "ab"}}])
    assert not accepts(facet, [{"evidence": 1, "value": {**entry, "more": 1}}])
    assert example_of(facet).startswith('{"issue":"..."')


def test_examples_hold_no_real_value() -> None:
    shown = facets(s={"type": "string"}, n={"type": "integer"}, e={"enum": ["低"]}, t={"type": ["integer", "string"]})
    assert [example_of(f) for f in shown] == ['"..."', "...", json.dumps("低", ensure_ascii=False), "..."]
