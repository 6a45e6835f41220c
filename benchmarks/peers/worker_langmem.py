"""Runs LangMem in its own environment: one JSON request a line on stdin, one JSON reply a line on stdout.

Needs langmem and langchain-openai, nothing of limner. A profile as its documentation has it: a Pydantic schema, inserts
off, and every batch of messages updates what is there.
"""

import json
import logging
import os
import sys

REPLIES = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what libraries print is no reply


class Faults(logging.Handler):
    """Keeps what trustcall only logs: patches that it could not apply."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("extraction") or record.name.startswith("trustcall"):
            self.said.append(record.getMessage()[:200])


class LangMem:
    def __init__(self) -> None:
        self.faults = Faults()
        logging.getLogger().addHandler(self.faults)

    def open(self, endpoint, attributes, **_):
        os.environ.update(LANGSMITH_TRACING="false", LANGCHAIN_TRACING_V2="false")
        from langchain_openai import ChatOpenAI
        from langmem import create_memory_manager
        from pydantic import Field, create_model

        self.names = {each["name"].replace(" ", "_"): each["name"] for each in attributes}
        fields = {
            each["name"].replace(" ", "_"): (
                (list[str], Field(default_factory=list, description=each["name"]))
                if each["many"]
                else (str | None, Field(default=None, description=each["name"]))
            )
            for each in attributes
        }
        profile = create_model("UserProfile", __doc__="What is known about the user.", **fields)
        model = ChatOpenAI(
            model="local",
            base_url=endpoint,
            api_key="none",
            temperature=0,
            max_tokens=1024,
            timeout=3600,
            max_retries=0,
        )
        self.manager = create_memory_manager(
            model, schemas=[profile], instructions="Extract user profile information", enable_inserts=False
        )
        self.existing = None
        return {}

    def add(self, messages):
        told = [{"role": "user", "content": f"[{each['date']}] {each['text']}"} for each in messages]
        self.faults.said.clear()
        before = self.profile()["values"]
        given = {"messages": told} | ({"existing": self.existing} if self.existing else {})
        made = self.manager.invoke(given)
        if made:
            self.existing = made
        return {"stored": len(made), "changed": self.profile()["values"] != before, "faults": list(self.faults.said)}

    def profile(self):
        if not getattr(self, "existing", None):
            return {"values": {}}
        content = self.existing[0].content
        told = content.model_dump() if hasattr(content, "model_dump") else dict(content)
        return {"values": {self.names.get(key, key): value for key, value in told.items()}}


def main(peer) -> int:
    for line in sys.stdin:
        request = json.loads(line)
        operation = request.pop("op")
        try:
            reply = getattr(peer, operation)(**request)
        except Exception as error:  # whatever a peer raises is a result of the benchmark
            reply = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        REPLIES.write(json.dumps(reply, ensure_ascii=False) + "\n")
        REPLIES.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(LangMem()))
