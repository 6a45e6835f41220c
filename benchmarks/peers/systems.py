"""The systems that are compared, each behind the same three steps: ingest messages, make a profile, answer a question.

All but limner show a model what they found in the prompts of limner's floors (agent/floors.py). What a system finds is
its own. Documents are limner's, as JSON; where a system keeps no sources, what they cite are memories, not messages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol, cast

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from agent import Limner
from agent.chat import Chat
from agent.documents import ModelNames
from agent.errors import LimnerError
from agent.floors import Find, Floor
from agent.labelled import as_list
from agent.schema import load_schema
from benchmarks.peers.meter import Meter
from benchmarks.peers.processes import PeerFailed, Worker, worker
from benchmarks.peers.sample import Sample
from retrieval import Event, Store
from retrieval.embedders import Embedder

__all__ = ["FAILURES", "SYSTEMS", "Bench", "Metered", "System", "opened"]

SYSTEMS: Mapping[str, bool] = {"limner": True, "chroma": True, "full": True, "langmem": False, "mem0": False}
"""By name, whether a system keeps which messages its values are from."""

_NEAREST = 10
Document = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What all systems are given: the endpoint, the context length, the embedder, and room on the disk."""

    endpoint: str
    context: int
    embedder: Embedder
    meter: Meter
    batch: int
    folder: Path
    environments: Path

    def model(self) -> ChatOpenAI:
        return _Endpoint(
            model="local",
            base_url=self.endpoint,
            api_key=SecretStr("none"),
            temperature=0,
            timeout=3600,
            max_retries=0,
            n_ctx=self.context,
        )


class _Endpoint(ChatOpenAI):
    n_ctx: int = 0


class Metered:
    """limner's embedder, counted where the peers' requests for embeddings are."""

    def __init__(self, meter: Meter, embedder: Embedder) -> None:
        self._meter, self.name, self.dimension = meter, embedder.name, embedder.dimension

    def embed_passages(self, texts: list[str]) -> Any:
        return self._meter.counted(texts, False)

    def embed_queries(self, texts: list[str]) -> Any:
        return self._meter.counted(texts, True)


@dataclass
class Faults:
    """What went wrong without ending the run: batches whose content is lost, and what was said about it."""

    lost: int = 0
    said: list[str] = field(default_factory=list)

    def add(self, what: str) -> None:
        self.lost += 1
        self.said.append(what)


class System(Protocol):
    faults: Faults

    def ingest(self, events: Sequence[Event], step: Callable[[int], None]) -> None: ...

    def profile(self) -> Document: ...

    def ask(self, question: str) -> Document: ...


@contextmanager
def opened(name: str, bench: Bench, sample: Sample) -> Iterator[System]:
    """The system of that name, empty."""
    if name == "limner":
        with Limner(bench.folder / "store", llm=bench.model(), embedder=bench.embedder) as limner:
            yield _Limner(limner, sample)
    elif name in ("mem0", "langmem"):
        with worker(name, bench.environments / name, bench.folder / "log.txt") as process:
            yield (_Mem0 if name == "mem0" else _LangMem)(process, bench, sample)
    else:
        yield (_Chroma if name == "chroma" else _Full)(bench, sample)


class _Limner:
    def __init__(self, limner: Limner, sample: Sample) -> None:
        self._limner, self._sample, self.faults = limner, sample, Faults()

    def ingest(self, events: Sequence[Event], step: Callable[[int], None]) -> None:
        self._limner.ingest_events(events)

    def profile(self) -> Document:
        return self._limner.profile(self._sample.user_id, self._sample.schema, fresh=True).as_json()

    def ask(self, question: str) -> Document:
        return self._limner.ask(self._sample.user_id, question).as_json()


class _Prompted:
    """What is found by ``_find``, in one prompt an attribute (or, ``at_once``, one for all) and a question."""

    at_once = False

    def __init__(self, bench: Bench, sample: Sample) -> None:
        self._bench, self._sample, self.faults = bench, sample, Faults()
        names = ModelNames("local", bench.embedder.name, "floor")
        store = cast(Store, SimpleNamespace(history=self._texts, events=lambda user_id: list(sample.messages)))
        find = cast(Find, lambda user_id, query: self._find(query))
        self._floor = Floor(find, store, lambda: Chat(bench.model()), names, self.at_once)

    def ingest(self, events: Sequence[Event], step: Callable[[int], None]) -> None: ...

    def profile(self) -> Document:
        document = self._floor.profile(self._sample.user_id, load_schema(self._sample.schema)).as_json()
        for each in document["rejected"]:
            self.faults.add(f"{each['pointer']}: {each['reason']}")
        return document

    def ask(self, question: str) -> Document:
        return self._floor.ask(self._sample.user_id, question).as_json()

    def _find(self, query: str) -> Sequence[Event]:
        raise NotImplementedError

    def _texts(self, user_id: str, limit: int | None = None) -> Sequence[Event]:
        return self._sample.messages[-limit:] if limit else self._sample.messages


class _Full(_Prompted):
    """The newest messages, as many as fit into the context."""

    at_once = True

    def _find(self, query: str) -> Sequence[Event]:
        return self._sample.messages[::-1]


class _Chroma(_Prompted):
    """The ten messages with the nearest vectors, as in agent/floors.py; embedded when they are ingested."""

    def ingest(self, events: Sequence[Event], step: Callable[[int], None]) -> None:
        import chromadb

        from retrieval.index import chroma_settings

        self._collection = chromadb.EphemeralClient(chroma_settings()).create_collection(
            f"peers-{self._sample.name}", embedding_function=None
        )
        vectors = self._bench.embedder.embed_passages([event.text for event in events])
        self._collection.add([event.event_id for event in events], embeddings=vectors)

    def _find(self, query: str) -> Sequence[Event]:
        events = {event.event_id: event for event in self._sample.messages}
        vectors = self._bench.embedder.embed_queries([query])
        count = min(_NEAREST, len(events))
        found = self._collection.query(query_embeddings=vectors, n_results=count, include=[])
        return [events[each] for each in found["ids"][0]]


class _Peer(_Prompted):
    def __init__(self, process: Worker, bench: Bench, sample: Sample) -> None:
        super().__init__(bench, sample)
        self._process, self._stored = process, 0
        properties = sample.schema["properties"]
        self._process.ask(
            "open",
            folder=str(bench.folder),
            endpoint=bench.endpoint,
            dimension=bench.embedder.dimension,
            user=sample.user_id,
            attributes=[{"name": key, "many": each["type"] == "array"} for key, each in properties.items()],
        )

    def ingest(self, events: Sequence[Event], step: Callable[[int], None]) -> None:
        for start in range(0, len(events), self._bench.batch):
            part = events[start : start + self._bench.batch]
            told = [{"date": (each.timestamp or "")[:16].replace("T", " "), "text": each.text} for each in part]
            where = f"messages {start + 1} to {start + len(part)}"
            try:
                reply = self._process.ask("add", messages=told)
            except PeerFailed as error:
                self.faults.add(f"{where}: {error}")
            else:
                self._stored += bool(reply["stored"])
                if reply["faults"] or not reply["stored"]:
                    self.faults.add(f"{where}: {'; '.join(reply['faults']) or 'nothing was stored'}")
            step(start + len(part))

    def ask(self, question: str) -> Document:
        return super().ask(question) if self._stored else {"user_id": self._sample.user_id, "answer": None}

    def _events(self, texts: Sequence[str]) -> list[Event]:
        """What is shown; a prompt without any message would not be what the floors' prompts are made for."""
        return [Event(self._sample.user_id, f"memory{at}", text) for at, text in enumerate(texts or ["(no memories)"])]


class _Mem0(_Peer):
    """The ten memories that mem0 finds; where it stored nothing, no model is asked to make something of it."""

    def profile(self) -> Document:
        return super().profile() if self._stored else {"user_id": self._sample.user_id, "profile": {}, "claims": []}

    def _find(self, query: str) -> Sequence[Event]:
        try:
            found = self._process.ask("search", query=query, k=_NEAREST)["found"]
        except PeerFailed as error:
            self.faults.add(f"search: {error}")
            return []
        return self._events([each["text"] for each in found])


class _LangMem(_Peer):
    """The profile is what LangMem keeps; questions are answered from it."""

    def profile(self) -> Document:
        claims = [
            {"pointer": f"/{key}", "value": value, "status": "current", "evidence": []}
            for key, values in self._values().items()
            for value in as_list(values)
            if value not in (None, "")
        ]
        return {"user_id": self._sample.user_id, "profile": self._values(), "claims": claims}

    def _find(self, query: str) -> Sequence[Event]:
        shown = {key: as_list(value) for key, value in self._values().items() if value not in (None, "", [])}
        return self._events([f"{key}: {', '.join(map(str, values))}" for key, values in shown.items()])

    def _values(self) -> dict[str, Any]:
        try:
            return dict(self._process.ask("profile")["values"])
        except PeerFailed as error:
            self.faults.add(f"profile: {error}")
            return {}


FAILURES = (LimnerError, PeerFailed)
