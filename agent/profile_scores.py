"""Scores profiles against true ones: right, missed, invented and outdated values, and what is cited for them.

Knows profile documents as JSON and labels; not how profiles are made.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.answer_scores import cited_ids, usage_of
from agent.intervals import measured, plain, trust
from agent.labelled import GoldProfile, as_list
from agent.scoring import mean, same

__all__ = ["Shown", "attributes_of", "score_profiles", "shown_values"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that a profile shows as current for a labelled attribute, and the claim it stands in.

    ``gold`` is the true value that it matches, None when there is none; ``outdated``: it was true once.
    """

    user_id: str
    key: str
    value: Any
    claim: Mapping[str, Any]
    gold: Any
    outdated: bool


def attributes_of(golds: Sequence[GoldProfile]) -> list[str]:
    """The attributes that any user has, in the order in which they first stand there."""
    return list(dict.fromkeys(key for gold in golds for key in gold.values))


def score_profiles(predictions: Mapping[str, Mapping[str, Any]], golds: Sequence[GoldProfile]) -> dict[str, Any]:
    """The measures by name, over all values of the users who have a prediction; intervals under ``…_ci95``.

    Precision is over the values shown as current, recall over the true ones. What a user never stated has no true
    value: whatever is shown for it is invented. Citations are scored for right values with gold evidence. Confidences
    are those of the claims, right when the value is.
    """
    keys = attributes_of(golds)
    known = [gold for gold in golds if gold.user_id in predictions]
    shown = [each for gold in known for each in shown_values(predictions[gold.user_id], gold, keys)]
    found = [hit for gold in known for hit in _found(gold, shown, keys)]
    precision, recall = mean(each.gold is not None for each in shown), mean(found)
    cited = [pair for gold in known for pair in _cited(gold, shown)]
    sure = [(each.claim["confidence"], each.gold is not None) for each in shown if "confidence" in each.claim]
    return {
        "users": len(known),
        "gold_values": len(found),
        "shown_values": len(shown),
        **measured("precision", [each.gold is not None for each in shown]),
        **measured("recall", found),
        "f1": plain(2 * precision * recall / (precision + recall)) if precision + recall else 0.0,
        **measured("invented_rate", [each.gold is None and not each.outdated for each in shown]),
        **measured("outdated_rate", [each.outdated for each in shown]),
        **measured("citation_precision", [mean(each in wanted for each in ids) for ids, wanted in cited if ids]),
        **measured("citation_recall", [len(wanted & set(ids)) / len(wanted) for ids, wanted in cited]),
        **trust([confidence for confidence, _ in sure], [right for _, right in sure]),
        **usage_of([predictions[gold.user_id] for gold in known]),
    }


def shown_values(document: Mapping[str, Any], gold: GoldProfile, keys: Sequence[str]) -> list[Shown]:
    """The values that a profile shows as current for ``keys``, by attribute."""
    by_key: dict[str, list[Shown]] = defaultdict(list)
    for claim in document.get("claims") or []:
        key = str(claim["pointer"]).strip("/").split("/")[0]
        if claim.get("status", "current") == "current" and key in keys:
            by_key[key] += [_shown(gold, key, value, claim) for value in as_list(claim["value"])]
    return [each for key in keys for each in by_key[key]]


def _shown(gold: GoldProfile, key: str, value: Any, claim: Mapping[str, Any]) -> Shown:
    match = next((each for each in gold.values.get(key, []) if same(value, each)), None)
    outdated = match is None and any(same(value, each) for each in gold.outdated.get(key, []))
    return Shown(gold.user_id, key, value, claim, match, outdated)


def _found(gold: GoldProfile, shown: Sequence[Shown], keys: Sequence[str]) -> Iterator[bool]:
    """Whether each true value is shown."""
    for key in keys:
        said = [each.value for each in shown if (each.user_id, each.key) == (gold.user_id, key)]
        for value in gold.values.get(key, []):
            yield any(same(each, value) for each in said)


def _cited(gold: GoldProfile, shown: Sequence[Shown]) -> Iterator[tuple[list[str], set[str]]]:
    """What is cited for each right value, and what should be."""
    for each in shown:
        wanted = gold.evidence.get(each.key, {}).get(each.gold) if each.user_id == gold.user_id else None
        if wanted:
            yield cited_ids(each.claim), set(wanted)
