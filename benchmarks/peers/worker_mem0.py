"""Runs mem0 in its own environment: one JSON request a line on stdin, one JSON reply a line on stdout.

Needs mem0ai and chromadb, nothing of limner.
"""

import json
import logging
import os
import sys

REPLIES = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what libraries print is no reply


class Faults(logging.Handler):
    """Keeps what mem0 only logs: errors that it swallows."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage()[:200])


class Mem0:
    def __init__(self) -> None:
        self.memory = None
        self.faults = Faults()
        logging.getLogger().addHandler(self.faults)

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
        told = [{"role": "user", "content": f"[{each['date']}] {each['text']}"} for each in messages]
        stored = self.memory.add(told, user_id=self.user)["results"]
        return {"stored": [each["memory"] for each in stored], "faults": list(self.faults.said)}

    def search(self, query, k):
        found = self.memory.search(query, top_k=k, filters={"user_id": self.user})["results"]
        return {"found": [{"id": each["id"], "text": each["memory"]} for each in found]}


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
    sys.exit(main(Mem0()))
