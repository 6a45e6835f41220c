"""An agent that looks into the example histories with tools, on the embedded models: what it calls, and what it cites.

``python examples/tool_agent.py``, or with a store that has the histories already: ``… --store DIR``.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langsmith import tracing_context

from agent import Limner
from agent.citations import CitedAnswer
from agent.tool_agent import make_agent

HERE = Path(__file__).parent
QUESTIONS = [
    ("sofia", "What was wrong with the bicycle?"),
    ("周立", "他计划去哪个国家旅行？"),
    ("sofia", "What is the name of her dog?"),
]


def main() -> None:
    """Ask the questions one after another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, default=HERE.parent / ".demo")
    store = parser.parse_args().store
    with Limner(store) as limner, tracing_context(enabled=False):
        limner.ingest(HERE / "histories.jsonl")
        for user_id, question in QUESTIONS:
            print(f"\n{user_id}: {question}", flush=True)
            started = time.monotonic()
            agent = make_agent(limner, user_id=user_id)  # it can look at this user only
            state = agent.invoke({"messages": [HumanMessage(question)]})
            show(state["cited_answer"])
            print(f"  {tokens(state['messages'])}, {time.monotonic() - started:.0f} s", flush=True)


def show(found: CitedAnswer) -> None:
    """Print what was called and what was found."""
    for step in found.steps:
        print(f"  called {step['tool']} {step['given']}")
    print(f"  {found.answer or 'the history does not tell'}")
    for source in found.evidence:
        print(f"    [{source.event_id}] {source.timestamp}: “{source.quote[:100]}”")
    if found.unsupported or found.refused:
        print(f"    said, but not supported: {found.unsupported!r}; cited but never returned: {list(found.refused)}")


def tokens(messages: Sequence[AnyMessage]) -> str:
    """What deciding and answering cost; what tools cost is theirs."""
    usage = [each.usage_metadata for each in messages if isinstance(each, AIMessage) and each.usage_metadata]
    read, written = sum(each["input_tokens"] for each in usage), sum(each["output_tokens"] for each in usage)
    cached = sum(each.get("input_token_details", {}).get("cache_read", 0) for each in usage)
    return f"{len(usage)} calls of the model, {read} tokens read ({cached} of them cached), {written} written"


if __name__ == "__main__":
    main()
