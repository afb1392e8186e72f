"""Limits on how often one client may call."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from tinhso.kernel.people.limits import seconds_to_wait
from tinhso.shell.api.problems import too_many

View = Callable[..., HttpResponseBase]


def limited(view: View) -> View:
    """Refuse a client that calls more often than `TINHSO_API_RATE`, with 429 and Retry-After."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wait = seconds_to_wait("api", request.META.get("REMOTE_ADDR", ""), settings.TINHSO_API_RATE)
        return too_many(wait) if wait else view(request, *args, **kwargs)

    return checked
