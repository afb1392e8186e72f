"""Every error of the machine interface as a problem of RFC 9457, with a `type` that stays the same."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tinhso.kernel.cases.actions.writing import ConflictError, HiddenError
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.workflow import RefusedError
from tinhso.kernel.files.rules import UploadRefusedError
from tinhso.kernel.units.queries import UnknownUnitError
from tinhso.systems.reports.api import KeyReusedError, TooOftenError

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int, kind: str, title: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    """One problem; *more* are its extension members."""
    body = {"type": f"{settings.TINHSO_PUBLIC_URL}/problems/{kind}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return HttpResponse(
        json.dumps(body | more, ensure_ascii=True),
        status=status,
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def too_many(wait: int) -> HttpResponse:
    """429: wait so many seconds."""
    return problem(
        429,
        "too-many-requests",
        _("Too many requests"),
        _("Try again in %(seconds)d seconds.") % {"seconds": wait},
        {"Retry-After": str(wait)},
    )


def register(api: NinjaAPI) -> None:
    """Give every exception that an operation raises its problem."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(404, "not-found", _("There is nothing here"))


def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # A place begins with the part of the request and the parameter of our function; clients know neither.
    faults = [
        {"field": ".".join(str(step) for step in it["loc"][2:] or it["loc"][1:]), "detail": it["msg"]}
        for it in error.errors
    ]
    return problem(422, "invalid-input", _("Something in the request cannot be taken"), errors=faults)


def _invalid(request: HttpRequest, error: InvalidInputError) -> HttpResponse:
    faults = [{"field": name, "detail": str(reason)} for name, reason in error.errors.items()]
    return problem(422, "invalid-input", _("Something in the request cannot be taken"), errors=faults)


def _upload(request: HttpRequest, error: UploadRefusedError) -> HttpResponse:
    return problem(422, "upload-refused", _("The file is not taken"), str(error.message))


def _refused(request: HttpRequest, error: RefusedError) -> HttpResponse:
    return problem(
        409, f"refused/{error.reason.value}", _("This cannot be done with the case now"), reason=error.reason.value
    )


def _conflict(request: HttpRequest, error: ConflictError) -> HttpResponse:
    return problem(
        409,
        "conflict",
        _("The case was changed meanwhile"),
        _("Read the case again and decide anew."),
        version=error.case.version,
        seen_version=error.seen_version,
    )


def _reused(request: HttpRequest, error: KeyReusedError) -> HttpResponse:
    return problem(
        422,
        "idempotency-key-reused",
        _("This Idempotency-Key belongs to another request"),
        _("Use a fresh key for a request with other content."),
    )


def _too_often(request: HttpRequest, error: TooOftenError) -> HttpResponse:
    return too_many(error.wait)


def _unauthorised(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        401,
        "unauthorised",
        _("A token is needed"),
        _("Send a valid token as 'Authorization: Bearer …'."),
        {"WWW-Authenticate": 'Bearer realm="tinhso"'},
    )


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "bad-request", str(error))


def _unknown_unit(request: HttpRequest, error: UnknownUnitError) -> HttpResponse:
    return problem(
        422,
        "invalid-input",
        _("Something in the request cannot be taken"),
        errors=[{"field": "unit", "detail": _("No unit has this code.")}],
    )


_HANDLERS: dict[type[Exception], Any] = {
    Http404: _not_found,
    HiddenError: _not_found,
    ValidationError: _validation,
    InvalidInputError: _invalid,
    UploadRefusedError: _upload,
    RefusedError: _refused,
    ConflictError: _conflict,
    KeyReusedError: _reused,
    TooOftenError: _too_often,
    AuthenticationError: _unauthorised,
    HttpError: _http,
    UnknownUnitError: _unknown_unit,
}
