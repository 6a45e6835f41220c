"""A thin client of the HTTP API: what a program says to a limner server, in Python. Knows addresses and errors."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar
from urllib.parse import quote

import httpx

from .documents import (
    AnswerDocument,
    BeingRead,
    ChangesDocument,
    ConsentEntry,
    Consents,
    Correction,
    Entry,
    EventDocument,
    Explanation,
    Export,
    Genuine,
    HitDocument,
    IngestDocument,
    JobDocument,
    KeyInfo,
    Part,
    PolicyDocument,
    Preview,
    ProfileDocument,
    Receipt,
    SchemaCheck,
    SchemaDocument,
    SchemaEntry,
    SearchDocument,
    StoredEvent,
    User,
    VersionEntry,
)

__all__ = ["LimnerClient", "OnProgress", "ProblemError"]

OnProgress = Callable[[JobDocument], None]
"""Called with the job as it is; see "Events" in docs/http-api.md."""

_T = TypeVar("_T")
_Tell = Callable[[Any], None]

_STREAM: Final = "text/event-stream"
_NOTHING: Final[Mapping[str, str]] = {}
_NO_LIMIT: Final = httpx.Timeout(10.0, read=None)


class ProblemError(Exception):
    """The server answered with a problem (RFC 9457).

    Attributes:
        name: what the problem's type is called, such as ``unknown-user``.
        status: of HTTP.
        document: all of it.
        retry_after: when to try again, in seconds, where the server says so.
    """

    def __init__(self, document: Mapping[str, Any], retry_after: float | None = None) -> None:
        super().__init__(str(document.get("detail") or document.get("title") or "the server refused"))
        self.name = str(document.get("type", "")).rpartition("/")[2]
        self.status = int(document.get("status", 0))
        self.document = dict(document)
        self.retry_after = retry_after


class LimnerClient:
    """A connection to a server; close it, or use it as a context manager.

    Args:
        url: the server's address, such as ``http://127.0.0.1:8321``.
        key: an API key; none for a server with ``--dev``.
        purpose: what the requests are for, where the tenant's policy lists several purposes; None: its first one.
        http: a client of httpx to use instead of an own one, for proxies, certificates or tests.

    Raises:
        ProblemError: from every method, when the server answers with a problem.
        httpx.HTTPError: from every method, when it does not answer.
    """

    def __init__(
        self, url: str, key: str | None = None, *, purpose: str | None = None, http: httpx.Client | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        if purpose is not None:
            self._headers["Limner-Purpose"] = purpose
        self._http = http or httpx.Client(timeout=30.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def me(self) -> KeyInfo:
        """What the key is good for."""
        return self._json(KeyInfo, "GET", "me")

    def users(self, matching: str = "") -> Iterator[User]:
        """Who is in the store, sorted by id."""
        yield from self._pages(User, "users", "users", q=matching)

    def user(self, user_id: str) -> User:
        """How much the store holds of a user."""
        return self._json(User, "GET", "users", user_id)

    def add_event(self, user_id: str, event: Mapping[str, Any], *, idempotency_key: str | None = None) -> StoredEvent:
        """Add one event; what became of it, with its ``event_id``."""
        return self._json(
            StoredEvent, "POST", "users", user_id, "events", json=dict(event), headers=_named(idempotency_key)
        )

    def upload(
        self,
        events: Path | str | Iterable[Mapping[str, Any]],
        on_progress: Callable[[dict[str, int]], None] | None = None,
        **query: Any,
    ) -> IngestDocument:
        """Load a JSON Lines file, or events, however many; what became of them. The same again adds nothing.

        Args:
            events: a file, or the events.
            on_progress: told the counts after each batch.
            query: ``user``: whose lines without one are; ``map``: ``["text=body", …]``; ``force``.
        """
        content = _file(Path(events)) if isinstance(events, Path | str) else _lines(events)
        headers = {"Content-Type": "application/x-ndjson"}
        return self._work(IngestDocument, ["events"], on_progress, content=content, headers=headers, params=query)

    def events(self, user_id: str, **query: Any) -> Iterator[EventDocument]:
        """A user's events in time order; ``since``, ``until``, ``channel``, ``speaker``, ``role``, ``order``."""
        yield from self._pages(EventDocument, "events", "users", user_id, "events", **query)

    def event(self, user_id: str, event_id: str) -> EventDocument:
        """One event."""
        return self._json(EventDocument, "GET", "users", user_id, "events", event_id)

    def search(self, user_id: str, query: str, k: int = 10) -> list[HitDocument]:
        """The snippets of the user that matter most for the query, best first."""
        found = self._json(SearchDocument, "GET", "users", user_id, "search", params={"q": query, "k": k})
        return found["hits"]

    def ask(
        self,
        user_id: str,
        question: str,
        on_progress: OnProgress | None = None,
        *,
        min_confidence: float = 0.0,
        on_reading: Callable[[BeingRead], None] | None = None,
        on_part: Callable[[Part], None] | None = None,
    ) -> AnswerDocument:
        """The answer document; ``answer`` is None when the history does not tell.

        Args:
            user_id, question, min_confidence: what is asked.
            on_progress: told how far it is.
            on_reading: told the quotes that the answer is being read from; they are no answer.
            on_part: told the answer to each of several questions, as soon as it is verified.
        """
        asked = {"question": question, "min_confidence": min_confidence}
        return self._work(
            AnswerDocument, ["users", user_id, "ask"], on_progress, json=asked, reading=on_reading, part=on_part
        )

    def build_profile(self, user_id: str, schema: str = "person", **wanted: Any) -> JobDocument:
        """Let a profile be made; the job. ``fresh``, ``min_confidence``, ``moods``; see :meth:`wait`."""
        return self._json(JobDocument, "POST", "users", user_id, "profiles", json={"schema": schema, **wanted})

    def wait(self, job_id: str, on_progress: OnProgress | None = None) -> dict[str, Any]:
        """The result of a job, when it is done."""
        return self._events(dict, "GET", ["jobs", job_id, "events"], on_progress)

    def make_profile(
        self, user_id: str, schema: str = "person", on_progress: OnProgress | None = None, **wanted: Any
    ) -> ProfileDocument:
        """The user's profile as of now: let it be made, and wait for it."""
        job = self.build_profile(user_id, schema, **wanted)
        return self._events(ProfileDocument, "GET", ["jobs", job["job_id"], "events"], on_progress)

    def profile(self, user_id: str, schema: str = "person", version: int | None = None) -> ProfileDocument:
        """The latest version of a profile, or a version as it was made; no model is asked."""
        which = [] if version is None else ["versions", str(version)]
        return self._json(ProfileDocument, "GET", "users", user_id, "profiles", schema, *which)

    def versions(self, user_id: str) -> list[VersionEntry]:
        """The versions of the user's profiles, oldest first."""
        return list(self._pages(VersionEntry, "versions", "users", user_id, "profiles"))

    def changes(self, user_id: str, version: int, schema: str = "person") -> ChangesDocument:
        """A version, with what changed since the one before, and why."""
        return self._json(
            ChangesDocument, "GET", "users", user_id, "profiles", schema, "versions", str(version), "changes"
        )

    def explain(
        self,
        user_id: str,
        pointer: str,
        schema: str = "person",
        on_progress: OnProgress | None = None,
        *,
        of: Any = None,
    ) -> Explanation:
        """Why the profile has what it has at a pointer, or why the disputed or past value ``of`` is there."""
        what = {"pointer": pointer, "schema": schema, "of": of}
        return self._work(Explanation, ["users", user_id, "explanations"], on_progress, json=what)

    def correct(
        self,
        user_id: str,
        pointer: str,
        action: Literal["confirm", "correct", "forbid"],
        value: Any = None,
        *,
        of: Any = None,
        by: str | None = None,
        note: str | None = None,
        schema: str = "person",
        idempotency_key: str | None = None,
    ) -> Correction:
        """Confirm, correct or forbid a value, or the disputed or past one ``of``, from the next profile on."""
        said = {
            "pointer": pointer, "action": action, "value": value, "of": of, "by": by, "note": note, "schema": schema,
        }  # fmt: skip
        return self._json(
            Correction, "POST", "users", user_id, "corrections", json=said, headers=_named(idempotency_key)
        )

    def corrections(self, user_id: str) -> list[dict[str, Any]]:
        """What people said of the user's profiles, in order."""
        return list(self._pages(dict, "corrections", "users", user_id, "corrections"))

    def policy(self) -> PolicyDocument:
        """What the tenant allows to be made of its histories."""
        return self._json(PolicyDocument, "GET", "policy")

    def set_policy(self, **allowed: Any) -> PolicyDocument:
        """Replace all of it, at once; ``purposes``, ``require_consent``, ``sensitive``, ``inferred``."""
        return self._json(PolicyDocument, "PUT", "policy", json=allowed)

    def grant(self, user_id: str, purpose: str, *, idempotency_key: str | None = None, **terms: Any) -> ConsentEntry:
        """Record a consent or another legal basis; ``basis``, ``until``, ``sensitive``, ``source``, ``by``."""
        said = {"purpose": purpose, **terms}
        return self._json(
            ConsentEntry, "POST", "users", user_id, "consents", json=said, headers=_named(idempotency_key)
        )

    def withdraw(
        self, user_id: str, purpose: str | None = None, *, idempotency_key: str | None = None, **terms: Any
    ) -> ConsentEntry:
        """Record that it is not allowed any more, for a purpose or for all; ``source``, ``by``."""
        said = {"action": "withdraw", "purpose": purpose, **terms}
        return self._json(
            ConsentEntry, "POST", "users", user_id, "consents", json=said, headers=_named(idempotency_key)
        )

    def consents(self, user_id: str) -> Consents:
        """What was recorded of a user, all of it, and what counts now."""
        path = "users", user_id, "consents"
        found = self._json(Consents, "GET", *path)
        if found["next"] is not None:
            found["consents"] += self._pages(Entry, "consents", *path, after=found["next"])
        return {**found, "next": None}

    def jobs(self, **query: Any) -> list[JobDocument]:
        """The jobs that are remembered; ``user``, ``state``."""
        return list(self._pages(JobDocument, "jobs", "jobs", **query))

    def job(self, job_id: str) -> JobDocument:
        """A job, with its result when it is done."""
        return self._json(JobDocument, "GET", "jobs", job_id)

    def cancel(self, job_id: str) -> None:
        """Stop a job."""
        self._answer("DELETE", ["jobs", job_id])

    def schemas(self) -> list[SchemaEntry]:
        """The schemas that can be used."""
        return list(self._pages(SchemaEntry, "schemas", "schemas"))

    def schema(self, name: str) -> SchemaDocument:
        """A schema: ``name``, ``hash``, ``built_in``, and the JSON Schema as ``document``."""
        return self._json(SchemaDocument, "GET", "schemas", name)

    def check_schema(self, schema: str | Mapping[str, Any], profile: Mapping[str, Any] | None = None) -> SchemaCheck:
        """Whether limner can fill a schema, or the one of a name, and whether a profile satisfies it: ``valid``,
        ``errors``. Nothing is kept."""
        what = {"schema": schema if isinstance(schema, str) else dict(schema)}
        return self._json(
            SchemaCheck, "POST", "schema-checks", json={**what, "profile": None if profile is None else dict(profile)}
        )

    def remove_schema(self, name: str) -> None:
        """Take a registered schema away; profiles that were made with it are kept."""
        self._answer("DELETE", ["schemas", name])

    def register(self, name: str, schema: Mapping[str, Any]) -> SchemaDocument:
        """Register a JSON Schema under a name, or replace it."""
        return self._json(SchemaDocument, "PUT", "schemas", name, json=dict(schema))

    def forget(self, user_id: str, *, idempotency_key: str | None = None, **scope: Any) -> Receipt:
        """Erase a user, or ``events``, ``since``, ``until``, ``channel``; ``defer``. The receipt."""
        path = "users", user_id, "erasures"
        return self._json(Receipt, "POST", *path, json=scope, headers=_named(idempotency_key))

    def preview(self, user_id: str, **scope: Any) -> Preview:
        """How much :meth:`forget` would erase; nothing is erased."""
        return self._json(Preview, "POST", "users", user_id, "erasures", json={**scope, "dry_run": True})

    def receipts(self, user_id: str | None = None) -> list[Receipt]:
        """The receipts of erasures: all, or those of one user."""
        path = ["erasures"] if user_id is None else ["users", user_id, "erasures"]
        return list(self._pages(Receipt, "receipts", *path))

    def check_receipt(self, receipt: Mapping[str, Any]) -> bool:
        """Whether the server's store signed a receipt as it is."""
        return self._json(Genuine, "POST", "receipt-checks", json=dict(receipt))["genuine"]

    def compact(self, *, idempotency_key: str | None = None) -> list[Receipt]:
        """Remove the bytes of what was erased and deferred; the receipts that are completed by it. Waits for it."""
        done = self._answer("POST", ["compactions"], headers=_named(idempotency_key), timeout=_NO_LIMIT)
        return list(done.json()["completed"])

    def export(self, user_id: str) -> Export:
        """Everything that the store holds about a user."""
        return self._json(Export, "GET", "users", user_id, "export")

    def _pages(self, kind: type[_T], items: str, *path: str, **query: Any) -> Iterator[_T]:
        params = {name: value for name, value in query.items() if value not in (None, "")}
        while True:
            page: dict[str, Any] = self._json(dict, "GET", *path, params=params)
            yield from page[items]
            if page["next"] is None:
                return
            params["after"] = page["next"]

    def _work(
        self,
        kind: type[_T],
        path: list[str],
        on_progress: _Tell | None,
        *,
        reading: _Tell | None = None,
        part: _Tell | None = None,
        **request: Any,
    ) -> _T:
        if on_progress or reading or part:
            return self._events(kind, "POST", path, on_progress, reading=reading, part=part, **request)
        done: _T = self._answer("POST", path, timeout=_NO_LIMIT, **request).json()
        return done

    def _events(
        self,
        kind: type[_T],
        method: str,
        path: list[str],
        on_progress: _Tell | None,
        headers: Mapping[str, str] = _NOTHING,
        *,
        reading: _Tell | None = None,
        part: _Tell | None = None,
        **request: Any,
    ) -> _T:
        told = {"progress": on_progress, "reading": reading, "part": part}
        wanted = {**self._headers, **headers, "Accept": _STREAM}
        address = self._address(path)
        with self._http.stream(method, address, headers=wanted, timeout=_NO_LIMIT, **request) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for name, document in _told(answer.iter_lines()):
                if (tell := told.get(name)) is not None:
                    tell(document)
                if name == "done":
                    done: _T = document
                    return done
                if name == "problem":
                    raise ProblemError(document)
        raise httpx.RemoteProtocolError("the server stopped before the work was done")

    def _json(self, kind: type[_T], method: str, *path: str, **request: Any) -> _T:
        """The document of an answer, which is of this kind."""
        found: _T = self._answer(method, list(path), **request).json()
        return found

    def _answer(
        self, method: str, path: list[str], headers: Mapping[str, str] = _NOTHING, **request: Any
    ) -> httpx.Response:
        answer = self._http.request(method, self._address(path), headers={**self._headers, **headers}, **request)
        if answer.is_error:
            raise _problem(answer)
        return answer

    def _address(self, path: list[str]) -> str:
        return f"{self._url}/v1/{'/'.join(map(_segment, path))}"


def _segment(text: str) -> str:
    """An id as a part of a path: dots alone would be taken for steps between folders."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _named(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}


def _problem(answer: httpx.Response) -> ProblemError:
    try:
        document = answer.json()
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    told = answer.headers.get("retry-after", "")
    return ProblemError({"status": answer.status_code, **document}, float(told) if told.isdecimal() else None)


def _told(lines: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The server's events: name and document."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _lines(events: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    return (json.dumps(dict(event)).encode() + b"\n" for event in events)
