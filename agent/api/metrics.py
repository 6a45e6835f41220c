"""What is measured, for Prometheus: requests by route, the model's queue, jobs and tokens. No label names a user.

Knows counts and times, not what requests were about.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.service import Service

__all__ = ["CONTENT_TYPE", "Measured", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("limner_http_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "limner_http_request_seconds",
            "Time until an answer was complete.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_OfService(service))

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)


class _OfService(Collector):
    """What the service knows itself, read when it is asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        queue, models = self._service.queue, self._service.tenants
        gauges: tuple[tuple[str, str, Callable[[], float]], ...] = (
            ("limner_queue_depth", "Jobs that wait for the language model.", lambda: queue.depth),
            ("limner_model_busy", "Whether the language model is at work.", lambda: queue.is_busy),
            ("limner_model_loaded", "Whether the language model is in memory.", lambda: models.model_is_loaded),
            ("limner_embedder_loaded", "Whether the embedder is in memory.", lambda: models.embedder_is_loaded),
        )
        for name, meaning, value in gauges:
            yield GaugeMetricFamily(name, meaning, value())
        jobs = CounterMetricFamily("limner_jobs", "Jobs that ended.", labels=("kind", "state"))
        for (kind, state), count in sorted(queue.totals.jobs.items()):
            jobs.add_metric((kind, state), count)
        yield jobs
        read, written = queue.totals.tokens_read, queue.totals.tokens_written
        yield CounterMetricFamily("limner_tokens_read", "Tokens of prompts, cached ones included.", read)
        yield CounterMetricFamily("limner_tokens_written", "Tokens that the model wrote.", written)


class Measured:
    """Middleware: counts every request under the template of its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", None) or "none"
            self._metrics.note(scope["method"], route, status, time.perf_counter() - started)
