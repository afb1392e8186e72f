"""Following a report: by its secret link with everything, by its code with what is public."""

from typing import Any
from uuid import UUID

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tinhso.kernel.cases import actions
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.notifying import tracking_link
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.cases.rules.workflow import RefusedError
from tinhso.kernel.files.rules import UploadRefusedError
from tinhso.kernel.files.views import send
from tinhso.systems.reports import queries
from tinhso.systems.reports.forms import MOST_PHOTOS, store_uploads
from tinhso.systems.reports.presenting import category_of, standing
from tinhso.systems.reports.views.reporting import too_often

RAISER = Actor(holds_secret=True)


def _found(secret: str) -> Case:
    case = queries.report_by_secret(secret)
    if case is None:
        raise Http404
    return case


@require_safe
@never_cache
def track(request: HttpRequest, secret: str) -> HttpResponse:
    """Everything about one's own report, and what one can do now."""
    return _page(request, _found(secret))


def _page(request: HttpRequest, case: Case, status: int = 200, **kept: Any) -> HttpResponse:
    """*kept* is what was typed into a form that was refused, with `errors`."""
    now = timezone.now()
    context = {
        "case": case,
        "tracking": queries.tracking(case, now),
        "category": category_of(case),
        "standing": standing(case, now),
        "solved_answers": (
            ("yes", pgettext("solved", "Yes"), "mood-smile", "solved-yes"),
            ("partly", pgettext("solved", "Partly"), "mood-neutral", "solved-partly"),
            ("no", pgettext("solved", "No"), "mood-sad", "solved-no"),
        ),
        "satisfactions": (
            (5, _("Very satisfied")),
            (4, _("Satisfied")),
            (3, _("So-so")),
            (2, _("Dissatisfied")),
            (1, _("Very dissatisfied")),
        ),
        "most_photos": MOST_PHOTOS,
        "errors": {},
        **kept,
    }
    response = render(request, "reports/track.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@never_cache
def sent(request: HttpRequest, secret: str) -> HttpResponse:
    """What came of a report that was just sent."""
    case = _found(secret)
    link = tracking_link(case)
    picture = segno.make(link, error="m").svg_inline(
        scale=1, border=2, omitsize=True, dark="#14233a", light="#ffffff"
    )
    context = {
        "case": case,
        "category": category_of(case),
        "standing": standing(case, timezone.now()),
        "link": link,
        "qr": mark_safe(picture),  # noqa: S308  segno draws it from our own link
    }
    response = render(request, "reports/sent.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
@never_cache
def reply(request: HttpRequest, secret: str) -> HttpResponse:
    """Answer the office's question, with photos if need be."""
    case = _found(secret)
    text = request.POST.get("reply", "")
    uploads = request.FILES.getlist("photos")[:MOST_PHOTOS]
    if fault := _wait(request):
        return _page(request, case, 429, errors={"reply": fault}, reply=text)
    photos, fault = store_uploads(uploads, None)
    if fault:
        return _page(request, case, 422, errors={"photos": fault}, reply=text)
    try:
        actions.act(case.pk, "reply", {"reply": text}, actor=RAISER, photos=photos)
    except InvalidInputError as error:
        return _page(request, case, 422, errors=error.errors, reply=text)
    except RefusedError:
        return _too_late(request, case)
    messages.success(request, _("Thank you. The office has your answer and goes on."))
    return redirect("reports:track", secret=secret)


@require_POST
@never_cache
def rate(request: HttpRequest, secret: str) -> HttpResponse:
    """Say whether it is solved."""
    case = _found(secret)
    typed = {name: request.POST.get(name, "") for name in ("solved", "satisfaction", "comment")}
    if fault := _wait(request):
        return _page(request, case, 429, errors={"solved": fault}, **typed)
    try:
        rated = actions.rate(
            case.pk,
            actor=RAISER,
            solved=typed["solved"],
            satisfaction=_number(typed["satisfaction"]),
            comment=typed["comment"],
        )
    except InvalidInputError as error:
        return _page(request, case, 422, errors=error.errors, **typed)
    except RefusedError:
        return _too_late(request, case)
    if rated.closed_at is None:
        messages.success(request, _("Thank you. The report is open again, and the office has your comment."))
    else:
        messages.success(request, _("Thank you for telling us."))
    return redirect("reports:track", secret=secret)


def _number(text: str) -> int | None:
    """*text* as a number of the scale; 0, which no scale has, for what is none; nothing for nothing."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else 0


@require_POST
@never_cache
def add_photos(request: HttpRequest, secret: str) -> HttpResponse:
    """Put more photos with an open report."""
    case = _found(secret)
    uploads = request.FILES.getlist("photos")[:MOST_PHOTOS]
    if fault := _wait(request):
        return _page(request, case, 429, errors={"more_photos": fault})
    if not queries.tracking(case).may_add_photos:
        return _too_late(request, case)
    if not uploads:
        return _page(request, case, 422, errors={"more_photos": _("Choose a photo first.")})
    photos, fault = store_uploads(uploads, None)
    try:
        if photos:
            actions.attach(case.pk, photos, actor=RAISER)
    except UploadRefusedError as error:
        fault = str(error.message)
    if fault:
        return _page(request, case, 422, errors={"more_photos": fault})
    messages.success(request, _("The photos are with the report."))
    return redirect("reports:track", secret=secret)


def _wait(request: HttpRequest) -> str:
    wait = too_often(request)
    return _("Too many messages from your address. Try again in %(count)d seconds.") % {"count": wait} if wait else ""


def _too_late(request: HttpRequest, case: Case) -> HttpResponse:
    messages.warning(request, _("The report has moved on meanwhile; see below how it stands now."))
    return redirect("reports:track", secret=case.secret)


@require_safe
def photo(request: HttpRequest, secret: str, key: UUID) -> HttpResponseBase:
    """A photo of one's own report; `?small` gives the small one."""
    found = queries.own_photo(secret, key)
    if found is None:
        raise Http404
    return send(found, small="small" in request.GET)


@require_safe
def public(request: HttpRequest, number: str) -> HttpResponse:
    """What everybody may know of a report: how it stands, with whom, and what the office said."""
    case = queries.report_by_number(number)
    if case is None:
        raise Http404
    context = {
        "case": case,
        "steps": queries.public_steps(case),
        "category": category_of(case),
        "standing": standing(case, timezone.now()),
    }
    response = render(request, "reports/public.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response
