"""Load on a real `t2sql serve`: clients that ask again when they are answered; errors, latency, memory.

    python benches/serve.py MODEL --db sqlite:///shop.db [--clients 16] [--seconds 60] [--slots 2]

Exits with 1 when a request failed or memory grew by more than a tenth after the first quarter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx2

QUESTIONS = (
    "How many customers are there?",
    "How many products have the category light?",
    "What is the highest qty of the orders?",
    "Show the name of customers whose city is Oslo.",
    "List the title of products with unitPrice above 100.",
    "For each city, how many customers are there?",
)


def main() -> int:
    """Measure, and print the figures as JSON; 1 when a request failed or memory grew."""
    parser = argparse.ArgumentParser(description="Load on t2sql serve.")
    parser.add_argument("model")
    parser.add_argument("--db", required=True)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    command = [sys.executable, "-m", "t2sql", "serve", options.model, "--db", options.db, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--slots", str(options.slots)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr is not None
        greeting = process.stderr.readline()
        if not greeting.startswith("listening on "):
            print(greeting + process.stderr.read(), file=sys.stderr)
            return 1
        result = measure(greeting.removeprefix("listening on ").strip(), options.clients, options.seconds)
    finally:
        process.terminate()
        process.wait()
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return int(bool(result["errors"]) or result["memory_growth"] > 0.1)


def measure(address: str, clients: int, seconds: float) -> dict[str, Any]:
    """Latencies, errors and memory of a server under load.

    Args:
        address: The server's URL.
        clients: Threads that ask, each as soon as it is answered.
        seconds: How long they ask.
    """
    latencies: list[float] = []
    errors: list[str] = []
    memory: list[tuple[float, float]] = []
    began = time.monotonic()
    end = began + seconds

    def ask(number: int) -> None:
        with httpx2.Client(base_url=address, timeout=120) as client:
            asked = number
            while time.monotonic() < end:
                body = {"question": QUESTIONS[asked % len(QUESTIONS)], "execute": True}
                asked += 1
                started = time.perf_counter()
                try:
                    answer = client.post("/ask", json=body)
                except httpx2.HTTPError as error:
                    errors.append(repr(error))
                    continue
                latencies.append(time.perf_counter() - started)
                if answer.status_code != 200:
                    errors.append(answer.text[:200])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    with httpx2.Client(base_url=address, timeout=30) as client:
        while time.monotonic() < end:
            memory.append((time.monotonic() - began, resident(client)))
            time.sleep(min(1.0, seconds / 20))
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    latencies.sort()
    settled = [value for at, value in memory if at >= seconds / 4] or [value for _, value in memory]
    return {
        "clients": clients,
        "seconds": round(took, 1),
        "requests": len(latencies),
        "requests_per_second": round(len(latencies) / took, 2),
        "errors": len(errors),
        "first_errors": errors[:3],
        "p50_seconds": quantile(latencies, 0.5),
        "p99_seconds": quantile(latencies, 0.99),
        "longest_seconds": quantile(latencies, 1.0),
        "memory_megabytes": [round(value / 1e6, 1) for _, value in memory[:: max(1, len(memory) // 12)]],
        "memory_growth": round(max(settled) / settled[0] - 1, 4),
    }


def quantile(values: list[float], fraction: float) -> float | None:
    """The value below which a fraction of the sorted values lies; None without any."""
    return round(values[min(len(values) - 1, int(fraction * len(values)))], 3) if values else None


def resident(client: httpx2.Client) -> float:
    """The server's resident memory in bytes, from its own metrics."""
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("process_resident_memory_bytes ")).split()[1])


if __name__ == "__main__":
    sys.exit(main())
