"""Measures profiles on labelled users: limner's, those with gold evidence, and those of the floors."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.altered import gold_messages
from agent.batch import PROFILE, Request
from agent.errors import InputError
from agent.eval_variants import Plan, Report, Scored, floors_of, limner_of, make_predictions
from agent.facets import plan_facets
from agent.floors import Floor
from agent.labelled import GoldProfile, profiles_of
from agent.limner import Limner
from agent.predicting import Document
from agent.profile_scores import attributes_of, score_profiles, shown_values
from agent.sampling import draw
from agent.schema import ProfileSchema, load_schema
from agent.schema_rules import JsonSchema
from prompts import LANGUAGES

__all__ = ["derived_schema", "evaluate_profile"]


def evaluate_profile(
    limner: Limner, data: Path, schema: str | None, plan: Plan, progress: Callable[[int, int | None], None]
) -> Report:
    """Make the profiles of a sample of the labelled users in a folder, in every way of the plan, and score them.

    Args:
        schema: a file or the name of a built-in one; None: one is derived from the names of the labelled attributes.

    Raises:
        InputError: the folder holds no labelled profiles with plain attributes.
        SchemaError: the schema cannot be filled.
        UsageError, ModelUnavailable, StoreError: from the predictions; those made so far are kept.
    """
    golds = profiles_of(data)
    if not attributes_of(golds):
        raise InputError(
            f"no profile in {str(data)!r} has an attribute that is not nested", hint="Only those are scored"
        )
    wanted = load_schema(derived_schema(golds) if schema is None else schema)
    users = draw(golds, plan.sample, plan.seed, user=lambda gold: gold.user_id, category=lambda gold: "")
    variants = _variants(limner, wanted, users, plan)
    made = make_predictions(variants, [{"user_id": each.user_id} for each in users], PROFILE, plan, progress)
    model = limner.names()
    derived = (
        "the schema was derived from the labels: names of attributes, and which of them are lists; no descriptions"
    )
    return Report(
        kind="claim",
        data=str(data),
        n=len(users),
        of=len(golds),
        plan=plan,
        model={"llm": model.llm, "embedder": model.embedder, "prompts": model.prompts},
        variants={name: _scored(documents, golds) for name, documents in made.items()},
        notes=[f"schema {wanted.name!r} ({wanted.hash})" if schema else derived],
    )


def derived_schema(golds: Sequence[GoldProfile]) -> JsonSchema:
    """A schema of the labelled attributes by name: a list where any user has several values, else a string or null.

    Nothing but names and this one bit comes from the labels. Attributes that hold objects are left out.
    """
    properties: dict[str, JsonSchema] = {}
    for key in attributes_of(golds):
        values = [gold.values.get(key, []) for gold in golds]
        if any(isinstance(each, dict) for some in values for each in some):
            continue
        many = any(len(some) > 1 for some in values)
        properties[key] = {"type": "array", "items": {"type": "string"}} if many else {"type": ["string", "null"]}
    return {"title": "labelled", "type": "object", "properties": properties}


def _variants(
    limner: Limner, schema: ProfileSchema, users: Sequence[GoldProfile], plan: Plan
) -> dict[str, Callable[[Request], Document]]:
    own = limner_of(limner, plan)

    def profiles(who: Limner) -> Callable[[Request], Document]:
        return lambda request: who.profile(
            request.user_id, schema, min_confidence=plan.min_confidence, fresh=True
        ).as_json()

    def floored(who: Floor) -> Callable[[Request], Document]:
        return lambda request: who.profile(request.user_id, schema).as_json()

    variants = {"limner": profiles(own)}
    if plan.gold:
        found = gold_messages(own.store, _gold_ids(schema, {each.user_id: each for each in users}))
        variants["gold"] = profiles(limner.varied(store=found, stages=own.stages))
    return variants | {name: floored(each) for name, each in floors_of(limner, plan).items()}


def _gold_ids(schema: ProfileSchema, golds: Mapping[str, GoldProfile]) -> Callable[[str, str], set[str]]:
    """For a user and a query of the profile graph, the events that tell the attribute which the query is for."""
    keys = {
        query: facet.path[0]
        for each in LANGUAGES
        for facet in plan_facets(schema, each)
        for query in (*facet.queries, facet.label)
    }

    def ids(user_id: str, query: str) -> set[str]:
        key = keys.get(query) or next(keys[own] for own in keys if _is_longer(query, own))
        by_value = golds[user_id].evidence.get(key, {})
        return {event_id for each in by_value.values() for event_id in each}

    return ids


def _is_longer(query: str, own: str) -> bool:
    """Whether a query is a facet's own with people's names before it, or with examples behind it."""
    return query.endswith(f" {own}") or query.startswith(f"{own}: ")


def _scored(documents: list[Document], golds: Sequence[GoldProfile]) -> Scored:
    made = {each["user_id"]: each for each in documents if "error" not in each}
    known = [gold for gold in golds if gold.user_id in made]
    keys = attributes_of(golds)
    shown = [each for gold in known for each in shown_values(made[gold.user_id], gold, keys)]
    parts = {
        key: {
            "gold_values": sum(len(gold.values.get(key, [])) for gold in known),
            "shown_values": sum(each.key == key for each in shown),
            "right": sum(each.key == key and each.gold is not None for each in shown),
        }
        for key in keys
    }
    return Scored(
        scores=score_profiles(made, golds) | {"failed": sum("error" in each for each in documents)},
        parts=parts,
        trusted=[(each.claim["confidence"], each.gold is not None) for each in shown],
        documents=documents,
    )
