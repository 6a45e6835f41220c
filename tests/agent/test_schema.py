import json
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agent.errors import SchemaError
from agent.facets import example_of, plan_facets
from agent.schema import built_in_schemas, load_schema, validation_problems
from agent.schema_rules import resolve_pointer, standard
from agent.schema_typos import find_typos


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def refused(schema: Any) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        load_schema(schema)
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("not", {}),
        ("if", {}),
        ("patternProperties", {}),
        ("prefixItems", [{}]),
        ("contains", {}),
        ("minProperties", 1),
        ("dependentRequired", {}),
        ("unevaluatedProperties", False),
        ("propertyNames", {}),
        ("$dynamicRef", "#x"),
    ],
)
def test_an_unsupported_keyword_is_named_with_its_pointer(keyword: str, value: Any) -> None:
    error = refused(obj(**{"a/b": obj(c={keyword: value})}))
    assert error.keyword == keyword
    assert error.pointer == f"/properties/a~1b/properties/c/{keyword}"
    assert keyword in str(error) and error.pointer in str(error)


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    assert list(load_schema(obj(**{"not": {"type": "string"}, "if": True})).inlined["properties"]) == ["not", "if"]


@pytest.mark.parametrize(
    "schema",
    [
        {**obj(a={"$ref": "#/$defs/n"}), "$defs": {"n": obj(next={"$ref": "#/$defs/n"})}},
        {**obj(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}},
        obj(a={"$ref": "#"}),
    ],
)
def test_a_recursive_reference_is_refused(schema: dict[str, Any]) -> None:
    error = refused(schema)
    assert error.keyword == "$ref" and "recursive" in str(error)


@pytest.mark.parametrize("target", ["https://example.com/s.json", "#/$defs/none", "other.json#/a"])
def test_a_reference_to_nothing_or_elsewhere_is_refused(target: str) -> None:
    assert refused(obj(a={"$ref": target})).pointer == "/properties/a/$ref"


def test_a_percent_encoded_reference() -> None:
    schema = load_schema({**obj(a={"$ref": "#/$defs/a%20city"}), "$defs": {"a city": {"type": "string"}}})
    assert schema.inlined["properties"] == {"a": {"type": "string"}}


def test_references_are_inlined_where_they_stand_twice() -> None:
    city = {"type": "string", "maxLength": 30}
    schema = load_schema(
        {**obj(home={"$ref": "#/$defs/c"}, work={"$ref": "#/$defs/c", "title": "W"}), "$defs": {"c": city}}
    )
    assert schema.inlined["properties"] == {"home": city, "work": {**city, "title": "W"}}


@pytest.mark.parametrize(
    "schema",
    [
        obj(a={"type": "text"}),
        obj(a={"enum": "x"}),
        {"type": "object", "properties": []},
        obj(a=3),
        obj(a={"type": "string", "minLength": -1}),
        {**obj(a={}), "required": "a"},
    ],
)
def test_what_is_no_json_schema_is_refused(schema: dict[str, Any]) -> None:
    assert "not valid JSON Schema" in str(refused(schema))


@pytest.mark.parametrize("schema", [{"type": "array", "items": {}}, {"type": "object"}, {}, {"type": "string"}])
def test_the_root_must_be_an_object_with_properties(schema: dict[str, Any]) -> None:
    assert "root" in str(refused(schema))


@pytest.mark.parametrize(
    ("leaf", "keyword"),
    [
        (False, None),
        ({"type": "string", "pattern": "(?=a)b"}, "pattern"),
        ({"type": "string", "pattern": "("}, "pattern"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "additionalProperties"),
        ({"anyOf": [obj(a={}), {"type": "string"}]}, "anyOf"),
        ({"oneOf": [{"type": "array"}, {"type": "string"}]}, "oneOf"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "allOf"),
    ],
)
def test_a_leaf_that_cannot_be_filled_is_refused(leaf: Any, keyword: str | None) -> None:
    error = refused(obj(a=leaf))
    assert error.keyword == keyword
    assert error.pointer.startswith("/properties/a")


def test_an_unknown_dialect_is_refused() -> None:
    assert refused({**obj(a={}), "$schema": "http://json-schema.org/draft-04/schema#"}).keyword == "$schema"


@pytest.mark.parametrize(
    "leaf",
    [
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"type": "string"}]},
        {"anyOf": [{"type": "string"}, {"const": None}]},
    ],
)
def test_every_nullable_union_means_the_same(leaf: dict[str, Any]) -> None:
    inlined = load_schema(obj(a=leaf)).inlined
    assert inlined["properties"]["a"] == {"type": "string", "nullable": True}
    for value in (None, "x"):
        assert validation_problems(standard(inlined), {"a": value}) == {}
    assert validation_problems(standard(inlined), {"a": 1})


def test_a_nullable_enum_and_a_union_of_scalars() -> None:
    properties = load_schema(
        obj(a={"enum": ["x", None]}, b={"anyOf": [{"type": "integer"}, {"type": "string"}]}, c={"type": "null"})
    ).inlined["properties"]
    assert properties["a"] == {"enum": ["x"], "nullable": True}
    assert properties["b"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert properties["c"]["nullable"] is True


def test_all_of_is_merged_and_types_are_completed() -> None:
    parts = [{**obj(a={}), "required": ["a"]}, {"properties": {"b": {"items": {}}}, "required": ["b"]}]
    inlined = load_schema(obj(both={"allOf": parts})).inlined["properties"]["both"]
    assert inlined["type"] == "object" and inlined["required"] == ["a", "b"]
    assert inlined["properties"]["b"]["type"] == "array"


class Job(BaseModel):
    title: str
    years: int | None = None


class Worker(BaseModel):
    name: str | None = None
    job: Job | None = None
    skills: list[str] = []


def test_a_pydantic_model_is_a_schema() -> None:
    schema = load_schema(Worker)
    assert schema.name == "Worker" and load_schema(schema) is schema
    assert [f.pointer for f in plan_facets(schema, "en")] == ["/name", "/job/title", "/job/years", "/skills"]


class Tree(BaseModel):
    children: list["Tree"]


def test_a_recursive_pydantic_model_is_refused() -> None:
    assert refused(Tree).keyword == "$ref"


def test_500_properties_are_500_facets() -> None:
    schema = load_schema(obj(**{f"p{i}": {"type": "string"} for i in range(500)}))
    assert len(plan_facets(schema, "zh")) == 500


def test_the_built_in_schemas_load() -> None:
    assert built_in_schemas() == ["customer", "person"]
    for name in built_in_schemas():
        assert load_schema(name).name == name
        assert plan_facets(load_schema(name), "en")


def test_a_file_is_read_and_hashed_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text("\ufeff" + json.dumps(obj(a={}), indent=3), encoding="utf-8")
    schema = load_schema(str(path))
    assert schema.name == "mine" and schema.hash == load_schema(obj(a={})).hash and len(schema.hash) == 12


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe\xfa", b"[" * 100_000])
def test_a_file_that_is_no_schema(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert "bad" in str(refused(path))


def test_a_file_that_is_not_there_names_the_built_in_ones(tmp_path: Path) -> None:
    assert "person" in str(refused(tmp_path / "none.json").hint)
    assert refused(tmp_path).hint


def test_problems_have_pointers_and_no_values() -> None:
    document = {**obj(n={"type": "integer"}, d={"type": "string", "format": "date"}), "required": ["n", "x/y"]}
    problems = validation_problems(document, {"n": "SECRET", "d": "SECRET"})
    assert set(problems) == {"/n", "/d", "/x~1y"}
    assert "SECRET" not in str(problems)


def test_pointers_go_through_lists_and_escapes() -> None:
    assert resolve_pointer({"a/b": [{"~": 7}]}, "/a~1b/0/~0") == 7
    for pointer in ("/x", "/a~1b/5", "/a~1b/x"):
        with pytest.raises(KeyError):
            resolve_pointer({"a/b": [1]}, pointer)


def nested(levels: int, wrap: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = wrap(schema)
    return obj(a=schema)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: obj(a=inner),
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"allOf": [inner]},
        lambda inner: {"anyOf": [inner, {"type": "null"}]},
        lambda inner: {"default": inner},
    ],
)
@pytest.mark.parametrize("levels", [100, 100_000])
def test_a_schema_that_is_nested_too_deeply_is_refused(wrap: Any, levels: int) -> None:
    assert "more than 64 levels deep" in str(refused(nested(levels, wrap)))


def test_thirty_levels_are_no_problem() -> None:
    assert len(plan_facets(load_schema(nested(30, lambda inner: obj(a=inner))), "en")) == 1


def doubling(levels: int) -> dict[str, Any]:
    """A small schema that stands for two to the power of so many values once its references are written out."""
    last = {f"d{levels}": {"type": "string"}}
    both = {f"d{n}": obj(**{key: {"$ref": f"#/$defs/d{n + 1}"} for key in "xy"}) for n in range(levels)}
    return {**obj(a={"$ref": "#/$defs/d0"}), "$defs": both | last}


def test_references_that_grow_without_bounds_are_refused_at_once() -> None:
    assert len(plan_facets(load_schema(doubling(8)), "en")) == 2**8
    assert "more than 10,000 values" in str(refused(doubling(30)))
    chain = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(5000)} | {"d5000": {"type": "string"}}
    assert "64 levels" in str(refused({**obj(a={"$ref": "#/$defs/d0"}), "$defs": chain}))


@pytest.mark.parametrize(
    "schema",
    [
        obj(**{"a\ud800": {"type": "string"}}),
        {**obj(a={"type": "string"}), "title": "\udcff"},
        obj(a={"type": "string", "pattern": "\ud800"}),
    ],
)
def test_what_is_no_unicode_text_is_refused(schema: dict[str, Any]) -> None:
    str(refused(schema)).encode("utf-8")


@pytest.mark.parametrize("values", [[], [None]])
def test_an_enum_without_a_value_is_refused(values: list[None]) -> None:
    assert refused(obj(a={"enum": values})).keyword == "enum"


def test_a_pattern_that_would_match_for_years_is_given_up() -> None:
    schema = obj(a={"type": "string", "pattern": "^(a|aa)+$"})
    load_schema(schema)
    started = time.monotonic()
    assert list(validation_problems(schema, {"a": "a" * 200 + "!"})) == ["/a"]
    assert time.monotonic() - started < 10
    assert validation_problems(schema, {"a": "aaa"}) == {} and validation_problems(schema, {"a": "b"})


def test_a_pattern_that_repeats_too_often_is_refused() -> None:
    for pattern in ("(?:(?:(?:a{60}){60}){60}){60}", "a" * 3000):
        assert refused(obj(a={"type": "string", "pattern": pattern})).keyword == "pattern"


@pytest.mark.parametrize("kinds", [["object", "string"], ["array", "integer", "null"], ["object", "array"]])
def test_objects_or_lists_among_other_types_are_refused(kinds: list[str]) -> None:
    assert refused(obj(a={"type": "array", "items": {"type": kinds}})).pointer == "/properties/a/items/type"


def test_a_list_of_one_type_is_that_type() -> None:
    schema = load_schema(
        obj(a={"type": "array", "items": {"type": ["object"], "properties": {"b": {"type": "string"}}}})
    )
    assert example_of(plan_facets(schema, "en")[0]) == '{"b":"..."}'


@pytest.mark.parametrize("queries", [True, 5, "where", ["where", None], {"a": 1}])
def test_queries_must_be_texts(queries: Any) -> None:
    with pytest.raises(SchemaError, match="'x-queries' at '/properties/a/x-queries' is no list of texts"):
        plan_facets(load_schema(obj(a={"type": "string", "x-queries": queries})), "en")


def test_what_is_required_and_not_described_is_refused_at_once() -> None:
    error = refused({**obj(city={}, job={}), "required": ["ctiy"]})
    assert error.pointer == "/required" and "'ctiy'" in str(error) and "city, job" in str(error)
    inner = {**obj(street={}), "required": ["street", "zip"]}
    assert refused(obj(homes={"type": "array", "items": inner})).pointer == "/properties/homes/items/required"
    load_schema({"type": "object", "allOf": [{"required": ["a"]}, obj(a={})]})


def test_slips_in_keywords_are_found() -> None:
    schema = {
        **obj(**{"a/b": {"x-comput": "language"}, "tags": {"type": "array", "items": {"maxlength": 3}}}),
        "$defs": {"x": {"anyOf": [{"desciption": "x"}]}},
        "titel": "t",
    }
    found = {typo.keyword: (typo.pointer, typo.meant) for typo in find_typos(schema)}
    assert found.pop("titel", ("", "title")) == ("", "title")
    assert found == {
        "x-comput": ("/properties/a~1b", "x-compute"),
        "maxlength": ("/properties/tags/items", "maxLength"),
        "desciption": ("/$defs/x/anyOf/0", "description"),
    }


def test_keywords_of_other_programs_are_no_slips() -> None:
    others = ("example", "nullable", "x-order", "enumNames", "markdownDescription", "errorMessage", "id", "x-ui-widget")
    assert find_typos(obj(a=dict.fromkeys(others), desciption={})) == []
    for name in built_in_schemas():
        assert find_typos(load_schema(name).document) == []
