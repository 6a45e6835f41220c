"""Runs LangMem in its own environment: one JSON request a line on stdin, one JSON reply a line on stdout.

Needs langmem and langchain-openai, nothing of limner. A profile as its documentation has it: a Pydantic schema, inserts
off, and every batch of messages updates what is there.
"""

import logging
import os
import sys

from serving import Faults, as_chat, serve


class LangMem:
    def __init__(self) -> None:
        self.faults = Faults(logging.WARNING, "extraction", "trustcall")  # patches that it could not apply

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
        told = as_chat(messages)
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


if __name__ == "__main__":
    sys.exit(serve(LangMem()))
