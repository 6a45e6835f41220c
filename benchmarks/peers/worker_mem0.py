"""Runs mem0 in its own environment: one JSON request a line on stdin, one JSON reply a line on stdout.

Needs mem0ai and chromadb, nothing of limner.
"""

import logging
import os
import sys

from serving import Faults, as_chat, serve


class Mem0:
    def __init__(self) -> None:
        self.memory = None
        self.faults = Faults(logging.ERROR)  # errors that it swallows

    def open(self, folder, endpoint, dimension, user, **_):
        os.environ.update(MEM0_TELEMETRY="False", ANONYMIZED_TELEMETRY="False", MEM0_DIR=folder)
        from mem0 import Memory

        client = {"api_key": "none", "openai_base_url": endpoint}
        self.user = user
        self.memory = Memory.from_config(
            {
                "vector_store": {
                    "provider": "chroma",
                    "config": {"collection_name": "peers", "path": os.path.join(folder, "chroma")},
                },
                "llm": {
                    "provider": "openai",
                    "config": {"model": "local", "temperature": 0, "max_tokens": 1024, **client},
                },
                "embedder": {
                    "provider": "openai",
                    "config": {"model": "local", "embedding_dims": dimension, **client},
                },
                "history_db_path": os.path.join(folder, "history.db"),
            }
        )
        return {}

    def add(self, messages):
        """A batch of messages; how many memories came of it, and what mem0 swallowed."""
        self.faults.said.clear()
        told = as_chat(messages)
        stored = self.memory.add(told, user_id=self.user)["results"]
        return {"stored": [each["memory"] for each in stored], "faults": list(self.faults.said)}

    def search(self, query, k):
        found = self.memory.search(query, top_k=k, filters={"user_id": self.user})["results"]
        return {"found": [{"id": each["id"], "text": each["memory"]} for each in found]}


if __name__ == "__main__":
    sys.exit(serve(Mem0()))
