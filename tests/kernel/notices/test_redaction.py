"""Logs hold no secrets of tracking links."""

import logging
from typing import Any

import pytest
from django.conf import settings

from tinhso.shell.settings.redaction import DiscreetFormatter, without_secrets

SECRET = "kqX0_9-fEgpXNUPf3AqGNg"


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        (f"Not Found: /t/{SECRET}", "Not Found: /t/…"),
        (f"Forbidden: /t/{SECRET}/photos/1", "Forbidden: /t/…/photos/1"),
        (f"https://tinhso.example.vn/t/{SECRET} is gone", "https://tinhso.example.vn/t/… is gone"),
        ("Bad Request: /reports?contact=0912345678&x=1", "Bad Request: /reports?…"),
        ("Is it done? yes", "Is it done? yes"),
        ("Not Found: /desk/reports", "Not Found: /desk/reports"),
    ],
)
def test_secrets_and_queries_of_addresses_are_left_out(line: str, logged: str) -> None:
    assert without_secrets(line) == logged


def test_every_handler_of_the_log_leaves_them_out_of_tracebacks_too() -> None:
    laid_down: dict[str, Any] = settings.LOGGING
    used = {laid_down["formatters"][it["formatter"]]["()"] for it in laid_down["handlers"].values()}
    assert used == {f"{DiscreetFormatter.__module__}.{DiscreetFormatter.__qualname__}"}
    fault = ValueError(f"no page /t/{SECRET}")
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 1, "Error: %s", (f"/t/{SECRET}",), (ValueError, fault, None)
    )
    line = DiscreetFormatter("%(message)s").format(record)
    assert SECRET not in line
    assert line.count("/t/…") == 2
