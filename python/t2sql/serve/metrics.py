"""What the server counts, in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from t2sql.generate import Generation

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one server; it has a registry of its own, so that two in one process do not mix.

    Attributes:
        requests: Requests by route and status.
        seconds: How long requests took, by route.
        in_flight: Requests that wait or run.
        busy: Answers that are being computed.
        tokens: Tokens by kind: prompt, cached, answer.
    """

    def __init__(self) -> None:
        """Make the counters, all at zero."""
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "t2sql_requests", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "t2sql_request_seconds", "Seconds of a request.", ["route"], buckets=_SECONDS, registry=registry
        )
        self.in_flight = Gauge("t2sql_requests_in_flight", "Requests that wait or run.", registry=registry)
        self.busy = Gauge("t2sql_slots_busy", "Answers that are being computed.", registry=registry)
        self.tokens = Counter(
            "t2sql_tokens", "Tokens by kind: prompt, cached, answer.", ["kind"], registry=registry
        )

    def watch_model(self, process_id: Callable[[], int]) -> None:
        """Report the memory and time of the process that holds the model, too.

        Args:
            process_id: Its number, asked each time.
        """
        ProcessCollector(namespace="t2sql_model", pid=process_id, registry=self.registry)

    def count(self, generation: Generation) -> None:
        """Count the tokens of one generation."""
        self.tokens.labels("prompt").inc(generation.prompt_tokens)
        self.tokens.labels("cached").inc(generation.cached_tokens)
        self.tokens.labels("answer").inc(generation.tokens)

    def text(self) -> bytes:
        """All of them as Prometheus reads them."""
        return generate_latest(self.registry)
