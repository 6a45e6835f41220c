"""Believes what the model drafted, for measuring what verification is worth (``limner eval profile --without verify``).

Only what the schema does not allow is refused, since a profile must be valid.
"""

from agent.documents import Rejected, cite_hits, signals_of
from agent.schema import validation_problems
from agent.schema_rules import standard
from agent.verify import Accepted, Drafted

__all__ = ["as_drafted"]


def as_drafted(drafted: Drafted) -> Accepted | Rejected:
    """The value with the snippets that it cites, as sure as its reply was."""
    facet, evidence = drafted.facet, cite_hits(drafted.cited)
    if problems := validation_problems(standard(facet.item), drafted.value):
        reason = f"not what the schema allows: {next(iter(problems.values()))}"
        return Rejected(facet.pointer, drafted.value, reason, evidence)
    sure = 1.0 if drafted.probability is None else round(drafted.probability, 4)
    newest = max(hit.event.epoch or 0.0 for hit in drafted.cited)
    signals = signals_of(draft=drafted.probability)
    return Accepted(facet, drafted.value, "stated", sure, evidence, newest, signals)
