"""Requests over loopback, their times, and the processor time that the server's processes spend on them."""

import http.client
import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

WARMED = 24
"""So many connections reach every process of the web server, short of a bad joke of chance."""


@dataclass(frozen=True)
class Request:
    """One HTTP request; `body` goes as JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True)
class Loaded:
    """What a number of requests took: seconds of each, of all, and of the processors."""

    times: list[float]
    seconds: float
    cpu: dict[str, float]

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time a request, all processes together."""
        return 1_000 * sum(self.cpu.values()) / len(self.times)

    @property
    def split(self) -> str:
        """Whose processor time it is, in words."""
        return ", ".join(f"{name} {1_000 * spent / len(self.times):.1f}" for name, spent in self.cpu.items())

    @property
    def slowest(self) -> str:
        """The time that one request in twenty exceeds, in words."""
        return f"p95 {self.percentile(0.95):.1f}"

    def percentile(self, share: float) -> float:
        """Milliseconds under which *share* of the requests stayed."""
        return percentile([1_000 * it for it in self.times], share)

    def details(self) -> dict[str, Any]:
        """For the JSON."""
        return {
            "requests": len(self.times),
            "per_second": round(self.per_second, 1),
            "p50_ms": round(self.percentile(0.5), 2),
            "p95_ms": round(self.percentile(0.95), 2),
            "cpu_ms": {name: round(1_000 * spent / len(self.times), 3) for name, spent in self.cpu.items()},
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that *share* of *values* do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def cpu_seconds(top: psutil.Process) -> float:
    """Processor seconds of a process, all below it, and those below it that have ended."""
    spent = 0.0
    for process in [top, *top.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:  # ended just now; its parent has counted it
            continue
        spent += sum(times[:4])  # user and system, own and of children that ended
    return spent


def run(
    port: int,
    requests: Sequence[Request],
    servers: dict[str, psutil.Process],
    *,
    threads: int = 1,
    expected: int = 200,
) -> Loaded:
    """Send *requests* from so many threads, each on one connection; raises RuntimeError for another answer."""
    times: list[float] = []
    faults: list[str] = []
    before = {name: cpu_seconds(process) for name, process in servers.items()}
    began = time.perf_counter()

    def client(mine: Sequence[Request]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for request in mine:
            started = time.perf_counter()
            status, text = send(connection, request)
            times.append(time.perf_counter() - started)
            if status != expected:
                faults.append(f"{request.path}: {status} {text[:300]}")
                return

    _together([lambda part=requests[i::threads]: client(part) for i in range(threads)])  # type: ignore[misc]
    seconds = time.perf_counter() - began
    if faults:
        raise RuntimeError(faults[0])
    return Loaded(times, seconds, {name: cpu_seconds(it) - before[name] for name, it in servers.items()})


def warm(port: int, requests: Sequence[Request], *, expected: int = 200) -> None:
    """Send each on a connection of its own, so that every process of the web server has answered some before."""
    for request in requests:
        run(port, [request], {}, expected=expected)


def send(connection: http.client.HTTPConnection, request: Request) -> tuple[int, str]:
    """One request; its status and body."""
    body = None if request.body is None else json.dumps(request.body)
    headers = request.headers | ({"Content-Type": "application/json"} if body else {})
    connection.request(request.method, request.path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def _together(tasks: Sequence[Callable[[], None]]) -> None:
    workers = [threading.Thread(target=task) for task in tasks]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
