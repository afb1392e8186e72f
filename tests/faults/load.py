"""Clients that report and act while the installation is being killed, and remember what they were promised.

A client sends a request again, with the same Idempotency-Key, until it is answered: as the API asks of it.
"""

import http.client
import json
import queue
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 10.0
"""Seconds for one answer; a server that was killed in the middle of it never gives one."""
BREATH = 0.05
GIVES_UP = 0.1
"""The share of reports whose client goes away after a failure and never asks again."""


@dataclass
class Load:
    """Threads at work on one installation. `opened` maps keys to the codes that were answered."""

    port: int
    token: str
    opened: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    acted: set[tuple[str, str]] = field(default_factory=set)
    """(code, action) that were answered with 200."""
    failures: int = 0
    wrong: list[str] = field(default_factory=list)
    """Answers that no healthy or dying server may give."""
    stopping: threading.Event = field(default_factory=threading.Event)
    _codes: "queue.Queue[str]" = field(default_factory=queue.Queue)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def promises(self) -> int:
        """How many writes were acknowledged."""
        return len(self.opened) + len(self.acted)

    def start(self, openers: int, actors: int) -> None:
        """Begin; every thread has a connection of its own."""
        for place in range(openers + actors):
            work = self._open if place < openers else self._act
            self._threads.append(threading.Thread(target=work, args=(random.Random(place),)))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing new, bring to its end what was begun."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads), "a client still waits for its answer"

    def _open(self, chance: random.Random) -> None:
        client = _Client(self.port)
        while not self.stopping.is_set():
            key = str(uuid.uuid4())
            body = {
                "category": chance.choice(["road", "light", "rubbish", "water"]),
                "text": f"Ổ gà trước nhà số {chance.randrange(900)}",
                "lat": 11.4 + 0.3 * chance.random(),
                "lon": 106.7 + 0.3 * chance.random(),
            }
            if chance.random() < 0.3:
                body["contact"] = "0912345678"
            answer = self._ask(client, "/api/v1/reports", {"Idempotency-Key": key}, body, 201, chance)
            if answer is None:
                self.given_up.add(key)
            else:
                self.opened[key] = answer["code"]
                self._codes.put(answer["code"])

    def _act(self, chance: random.Random) -> None:
        client = _Client(self.port)
        headers = {"Authorization": f"Bearer {self.token}"}
        steps = (("accept", {}), ("close", {"outcome": "solved", "answer": "Đã xử lý xong."}))
        while not self.stopping.is_set():
            try:
                code = self._codes.get(timeout=0.2)
            except queue.Empty:
                continue
            for action, inputs in steps:
                path = f"/api/v1/cases/{code}/actions/{action}"
                own = headers | {"Idempotency-Key": str(uuid.uuid4())}
                if self._ask(client, path, own, {"inputs": inputs}, 200, None) is not None:
                    self.acted.add((code, action))

    def _ask(
        self,
        client: "_Client",
        path: str,
        headers: dict[str, str],
        body: dict[str, Any],
        wanted: int,
        chance: random.Random | None,
    ) -> dict[str, Any] | None:
        """The answer, after as many tries as it takes; nothing when the client gives up."""
        deadline = time.monotonic() + 6 * PATIENCE
        while True:
            status, text = client.post(path, headers, body)
            if status == wanted:
                answer: dict[str, Any] = json.loads(text)
                return answer
            if status is not None and status < 500:
                self.wrong.append(f"{path}: {status} {text[:300]}")
                return None
            self.failures += 1
            if chance is not None and chance.random() < GIVES_UP:
                return None
            if time.monotonic() > deadline:
                self.wrong.append(f"{path}: no answer in a minute, last {status} {text[:300]}")
                return None
            time.sleep(BREATH)


class _Client:
    """One connection that is made anew after every failure."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> tuple[int | None, str]:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._connection.request("POST", path, json.dumps(body), headers | {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            if self._connection:
                self._connection.close()
            self._connection = None
            return None, repr(error)
