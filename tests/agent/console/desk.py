"""A store with histories and profiles for tests of the console, and a server of it. No model is loaded.

The profiles are written by hand where a test is about how they look, and made by the scripted model where it is about
what happens.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from agent import Limner
from agent.api import ApiSettings, create_app
from agent.chat import Usage
from agent.documents import Claim, ClaimRef, Evidence, ModelNames, ProfileDocument, Rejected
from agent.fakes import ScriptedChat
from agent.kept import digest_of
from agent.schema import ProfileSchema, load_schema
from agent.service import Service
from retrieval import Event, HashingEmbedder
from retrieval.keeping import VersionNote
from tests.agent.scripted import SCHEMA, answer

MAYA = [
    ("m1", "2026-01-10T09:00:00Z", "user", "Hi, I'm Maya Chen and I live in Hamburg."),
    ("m2", "2026-01-10T09:01:00Z", "agent", "Welcome Maya! How can I help?"),
    ("m3", "2026-03-02T10:00:00Z", "user", "I love the new headphones, thank you so much!"),
    ("m4", "2026-08-20T16:30:00Z", "user", "I moved to Munich last week. My kettle arrived broken and I am angry."),
    ("m5", "2026-08-20T16:31:00Z", "agent", "I am sorry to hear that. Do you want a refund?"),
    ("m6", "2026-08-20T16:35:00Z", "user", "Yes, I want to cancel my subscription and get my money back."),
]
MODEL = ModelNames("scripted", "hashing", "prompts")


def cite(user_id: str, event: Event, quote: str) -> Evidence:
    """Evidence for words of an event."""
    start = event.text.index(quote)
    assert event.user_id == user_id
    return Evidence(
        event.event_id,
        f"{event.event_id}#0",
        start,
        start + len(quote),
        quote,
        event.timestamp,
        event.speaker,
        event.channel,
    )


class Desk:
    """A store that is filled by hand."""

    def __init__(self, folder: Path, script: Callable[..., Any] = answer) -> None:
        self.folder = folder
        self.limner = Limner(folder / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder())
        self.service = Service(self.limner, folder)
        self.service.schemas.register("default", "small", SCHEMA)

    def load(self, user_id: str, rows: Sequence[tuple[str, str | None, Any, str]], **more: Any) -> None:
        """Load events: id, time, role and text of each."""
        told = {"channel": "chat", **more}
        self.limner.ingest_events(
            Event(user_id, each, text, timestamp=when, speaker=told.get("speaker", role), role=role,
                  channel=told["channel"], metadata=told.get("metadata", {}), epoch=epoch_of(when))
            for each, when, role, text in rows
        )  # fmt: skip

    def keep(self, document: ProfileDocument, number: int = 1) -> None:
        """Keep a profile that was written by hand, as the next version."""
        store = self.limner.store
        schema = self.schema(document.schema["name"])
        newest = store.keeping.mark(document.user_id).newest
        made_with = {"corrections": digest_of([])}
        private = {"made_with": made_with, "newest": newest, "until": newest, "since": None, "changes": []}
        private |= {"verdicts": {"maker": "", "facets": {}}}
        note = VersionNote(document.user_id, schema.name, schema.hash, 0, document.generated_at)
        store.keeping.save(note, f"by hand {number}", document.as_json(), private)

    def schema(self, name: str) -> ProfileSchema:
        """A schema that is built in or registered."""
        return self.service.schemas.get("default", name)

    def profile(
        self, user_id: str, profile: Mapping[str, Any], claims: Sequence[Claim], **more: Any
    ) -> ProfileDocument:
        """A profile as a document."""
        given: dict[str, Any] = {
            "schema": {"name": "customer", "hash": load_schema("customer").hash},
            "unknown": (),
            "rejected": (),
            "generated_at": "2026-09-01T12:00:00Z",
            **more,
        }
        return ProfileDocument(
            user_id=user_id,
            profile=dict(profile),
            claims=tuple(claims),
            history={"total": 6, "shown": 6, "left_out": 0},
            model=MODEL,
            usage=Usage(),
            **given,
        )

    def maya(self) -> None:
        """A customer who moved, is angry and wants to leave; two versions of her profile."""
        self.load("maya", MAYA)
        events = {each.event_id: each for each in self.limner.store.events("maya")}
        glad = self._claim(events, "/sentiment", "positive", "m3", "I love the new headphones", 0.9, "2026-03-02")
        past = Claim(**{**fields(glad), "status": "superseded", "valid_to": "2026-08-20"})
        home = self._claim(events, "/location", "Hamburg", "m1", "I live in Hamburg", 0.93, "2026-01-10")
        name = self._claim(events, "/name", "Maya Chen", "m1", "I'm Maya Chen", 0.98, "2026-01-10")
        before = {"name": "Maya Chen", "location": "Hamburg", "sentiment": "positive"}
        first = self.profile("maya", before, [name, home, glad], generated_at="2026-03-05T12:00:00Z")
        self.keep(first, 1)
        moved = self._claim(events, "/location", "Munich", "m4", "I moved to Munich last week", 0.95, "2026-08-13")
        old = Claim(
            **{
                **fields(home),
                "status": "superseded",
                "valid_to": "2026-08-13",
                "superseded_by": ClaimRef("/location", "Munich"),
            }
        )
        issue = {"issue": "broken kettle", "status": "open"}
        claims = [
            name, moved, old, past,
            self._claim(events, "/recent_issues/0", issue, "m4", "My kettle arrived broken", 0.91, "2026-08-20"),
            self._claim(events, "/sentiment", "negative", "m4", "I am angry", 0.88, "2026-08-20", origin="inferred"),
            self._claim(events, "/intents/0", "cancel the subscription", "m6", "I want to cancel", 0.84),
            self._claim(events, "/summary", "Maya Chen from Munich has a broken kettle and wants to leave.", "m4",
                        "My kettle arrived broken", 0.8, origin="inferred"),
        ]  # fmt: skip
        after = {
            "name": "Maya Chen", "location": "Munich", "recent_issues": [issue], "sentiment": "negative",
            "intents": ["cancel the subscription"], "churn_risk": None, "occupation": None,
            "summary": "Maya Chen from Munich has a broken kettle and wants to leave.",
        }  # fmt: skip
        refused = Rejected(
            "/occupation", "nurse", "asked, not said", (cite("maya", events["m5"], "Do you want a refund?"),)
        )
        self.keep(self.profile("maya", after, claims, unknown=("/occupation", "/churn_risk"), rejected=(refused,)), 2)

    def _claim(
        self,
        events: Mapping[str, Event],
        pointer: str,
        value: Any,
        event_id: str,
        quote: str,
        sure: float,
        since: str | None = None,
        origin: Any = "stated",
    ) -> Claim:
        event = events[event_id]
        return Claim(pointer, value, "current", origin, sure, since, None, (cite(event.user_id, event, quote),))


def fields(claim: Claim) -> dict[str, Any]:
    """The fields of a claim."""
    return {name: getattr(claim, name) for name in Claim.__dataclass_fields__}


def epoch_of(when: str | None) -> float | None:
    """Seconds since 1970."""
    from retrieval.timestamps import parse_timestamp

    found = parse_timestamp(when)
    return None if found is None else found.epoch


@contextmanager
def served(service: Service, *, dev: bool = True) -> Iterator[str]:
    """A real server of the application on a free port; yields its address."""
    app = create_app(service, ApiSettings(dev=dev, hosts=("127.0.0.1", "localhost")))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    try:
        yield f"http://localhost:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
