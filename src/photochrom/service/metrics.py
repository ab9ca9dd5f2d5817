"""What a server counts, for Prometheus, and its log. No name and no id of anything that people sent is among it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photochrom.service.problems import CLOSED

if TYPE_CHECKING:
    from photochrom.service.pool import Pool

_log = logging.getLogger(__name__)


class Metrics:
    """The counters of one server; :attr:`registry` is where other parts add theirs.

    Attributes:
        registry: of all of them.
    """

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "photochrom_requests_total", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "photochrom_request_seconds",
            "Time from a request's first byte to the last one of its answer.",
            ["method", "route"],
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120),
            registry=self.registry,
        )
        self._batches = Gauge(
            "photochrom_batch_photographs",
            "Photographs of the batches that are kept.",
            ["state"],
            registry=self.registry,
        )
        self.gauge("photochrom_queue", "Work that waits for a worker.", lambda: pool.waiting)
        self.gauge("photochrom_workers", "Worker processes that are ready or at work.", lambda: pool.alive)
        self.gauge("photochrom_workers_replaced", "Worker processes replaced since the start.", lambda: pool.replaced)

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Add a figure that is asked for whenever somebody reads the metrics."""
        Gauge(name, meaning, registry=self.registry).set_function(value)

    def count_batches(self, counts: Mapping[str, int]) -> None:
        """Note how many photographs of batches there are in each state."""
        for state, count in counts.items():
            self._batches.labels(state).set(count)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)


class Counting:
    """Middleware that counts requests, and writes a line in the log for each when its answer is out.

    By the pattern of their route, never by their address: who knows the id of a photograph may see it, and an address
    may be anything that somebody wants to stand in the log.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), CLOSED

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - start
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.seconds.labels(method, route).observe(seconds)
            _log.info("%s %s: %s, %.0f ms", method, route, status, 1000 * seconds)


_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS"})
