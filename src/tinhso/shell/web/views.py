"""Pages of the shell itself: whether the installation is ready, and what is said when a request goes wrong."""

import logging

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tinhso.kernel.journal import followers

log = logging.getLogger(__name__)
WORKER_SILENCE = 30
"""Seconds that a worker may be silent before it counts as gone; procrastinate's beat every 10 s."""

_migrated = False


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether everything is there that a report needs: 200, or 503 with what is missing."""
    missing = what_is_missing()
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def what_is_missing() -> list[str]:
    """The parts that are not ready, out of `database`, `migrations`, `follower NAME`, `worker`."""
    try:
        connection.ensure_connection()
        if not _is_migrated():
            return ["migrations"]
        gone = {it.name for it in followers.all_followers()} - followers.alive()
        return [f"follower {name}" for name in sorted(gone)] + ([] if _worker_beats() else ["worker"])
    except DatabaseError:
        return ["database"]


def _is_migrated() -> bool:
    """Whether no migration is left to do; a yes is kept, because this process's code brings no new ones."""
    global _migrated  # noqa: PLW0603  one answer a process
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _worker_beats() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => %s))",
            [WORKER_SILENCE],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _problem(status: int, kind: str, title: str) -> HttpResponse:
    """A problem of RFC 9457, for what went wrong before a request reached the API itself."""
    return JsonResponse(
        {"type": f"{settings.TINHSO_PUBLIC_URL}/problems/{kind}", "title": title, "status": status},
        status=status,
        content_type="application/problem+json",
    )


def _refused(request: HttpRequest, status: int, kind: str, title: str, advice: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return _problem(status, kind, title)
    return render(request, "error.html", {"title": title, "advice": advice, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request itself is broken."""
    return _refused(
        request, 400, "bad-request", _("This request could not be read"), _("Go back, load the page again and retry.")
    )


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """403: signed in, but not for this."""
    return _refused(
        request,
        403,
        "forbidden",
        _("This is not open to you"),
        _("Sign in with the account that may see it, or ask your administrator."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form is too old, or cookies are off."""
    return _refused(
        request,
        403,
        "form-expired",
        _("This form is no longer valid"),
        _("Go back, load the page again and send it once more. Cookies must be switched on."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _refused(
        request,
        404,
        "not-found",
        _("There is nothing here"),
        _("Check the address or the code. A link from a message must be copied whole."),
    )


def too_large(request: HttpRequest) -> HttpResponse:
    """413: more than the installation takes at once."""
    return _refused(
        request,
        413,
        "too-large",
        _("This is too much at once"),
        _("At most %(most)d MB fit into one form. Send fewer or smaller photos.")
        % {"most": settings.BODY_LIMIT // 1024 // 1024},
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. The page asks nothing of the database, which may be what failed."""
    title = _("Something went wrong on our side")
    if request.path.startswith("/api/"):
        return _problem(500, "internal", title)
    advice = _("What you sent may not have been saved. Try again in a minute.")
    try:
        page: str = loader.render_to_string("500.html", {"title": title, "advice": advice})
    except Exception:  # the page itself may be what fails, as with assets that were not built
        log.exception("the error page could not be rendered")
        page = f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(advice)}</p>"
    return HttpResponse(page, status=500)
