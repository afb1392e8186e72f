"""The home page, a new report, and finding one again."""

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tinhso.kernel.cases.actions import Opening, open_case
from tinhso.kernel.cases.actions.opening import command_key
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.queries import current_version
from tinhso.kernel.cases.rules.inputs import InvalidInputError, check_opening
from tinhso.kernel.cases.rules.numbers import luhn
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.files.rules import UploadRefusedError
from tinhso.kernel.files.views import send
from tinhso.kernel.journal.actions import CommandRepeatedError
from tinhso.kernel.journal.models import Event
from tinhso.kernel.people.limits import seconds_to_wait
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.systems.reports import queries
from tinhso.systems.reports.forms import (
    LONGEST_TEXT,
    MOST_PHOTOS,
    NoTicketError,
    ReportForm,
    photo_of_ticket,
)
from tinhso.systems.reports.places import commune_groups
from tinhso.systems.reports.presenting import category_of, public_figures, standing

ON_A_PAGE = 20
_LINK = re.compile(r"/t/([A-Za-z0-9_-]{16,32})")
_NUMBER = re.compile(r"(?:PA)?-?(\d{6})-?(\d{5,8})")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a resident begins."""
    return _home(request)


def _home(request: HttpRequest, status: int = 200, **kept: str) -> HttpResponse:
    context = {"figures": public_figures(queries.last_days()), "days": queries.SHOWN_DAYS, **kept}
    return render(request, "reports/home.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """The form of a report, and what becomes of it."""
    if request.method != "POST":
        return _form_page(request, ReportForm(category=request.GET.get("category", "")))
    form = ReportForm.of(request.POST)
    key = command_key("web-report", form.token)
    before = _sent_before(form, key)
    if before:
        return redirect("reports:sent", secret=before.secret)
    wait = too_often(request)
    if wait:
        return _form_page(request, form, wait=wait)
    person = request.user if isinstance(request.user, Person) else None
    form.take(request.FILES.getlist("photos"), person)
    case = _open(request, form, person)
    return redirect("reports:sent", secret=case.secret) if case else _form_page(request, form)


def too_often(request: HttpRequest) -> int | None:
    """Seconds that this address has to wait, counted together with its reports by API."""
    return seconds_to_wait("report", request.META.get("REMOTE_ADDR", ""), settings.TINHSO_REPORT_RATE)


def _sent_before(form: ReportForm, key: str) -> Case | None:
    """The report that this very form opened before. A form with other content gets a token of its own: somebody
    went back in the browser and wrote a second report."""
    event = Event.objects.filter(command_key=key).first()
    if event is None:
        return None
    if event.data.get("request") == form.digest:
        return Case.objects.only("secret").filter(pk=event.subject_id).first()
    form.renew()
    return None


def _open(request: HttpRequest, form: ReportForm, person: Person | None) -> Case | None:
    """The new case, or nothing when the form has faults; they are all in the form then."""
    if form.errors:  # of the photos; the other fields are checked all the same
        form.refuse(_faults(form))
        return None
    helps = person is not None and person.scope.has(Role.HELPER)
    opening = Opening(
        type=queries.TYPE,
        typed=form.typed,
        channel="web",
        raiser=None if helps else person,
        filed_by=person if helps else None,
        photos=form.keys,
        language=request.LANGUAGE_CODE,
        command_key=command_key("web-report", form.token),
        request_digest=form.digest,
    )
    try:
        return open_case(opening)
    except InvalidInputError as error:
        form.refuse(error.errors)
    except UploadRefusedError as error:
        form.photos = []  # another report has taken them
        form.refuse({"photos": error.message})
    except CommandRepeatedError as repeated:  # the same form at the same moment
        return Case.objects.only("secret").get(pk=repeated.event.subject_id)
    return None


def _faults(form: ReportForm) -> dict[str, Any]:
    try:
        check_opening(current_version(queries.TYPE).parsed, form.typed)
    except InvalidInputError as error:
        return error.errors
    return {}


def _form_page(request: HttpRequest, form: ReportForm, *, wait: int | None = None) -> HttpResponse:
    context = {
        "form": form,
        "categories": current_version(queries.TYPE).parsed.categories.values(),
        "communes": commune_groups(),
        "most_photos": MOST_PHOTOS,
        "photos_left": MOST_PHOTOS - len(form.photos),
        "longest_text": LONGEST_TEXT,
        "wait": wait,
        "tiles": settings.TINHSO_TILES,
    }
    status = 429 if wait else 422 if form.errors else 200
    response = render(request, "reports/new.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """From a code, or a whole tracking link, to its page."""
    asked = request.GET.get("code", "").strip()
    link = _LINK.search(asked)
    if link:
        return redirect("reports:track", secret=link[1])
    match = _NUMBER.fullmatch(asked.upper().replace(" ", ""))
    number = f"PA-{match[1]}-{match[2]}" if match else ""
    if number and queries.report_by_number(number):
        return redirect("reports:public", number=number)
    if not asked:
        fault = _("Type the code of your report.")
    elif number and luhn(number[:-1]) != number[-1]:
        fault = _("A digit of this code is wrong. Compare it with your message once more.")
    else:
        fault = _("No report has this code. It looks like PA-261123-00012.")
    return _home(request, 404 if asked else 422, asked=asked[:200], fault=fault)


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """The reports of a signed-in resident, and those that a helper filed for others."""
    assert isinstance(request.user, Person)  # noqa: S101  login_required
    page_of = Paginator(queries.reports_of(request.user), ON_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    rows = [(case, category_of(case), standing(case, now)) for case in page_of]
    return render(request, "reports/mine.html", {"rows": rows, "list": page_of})


@require_safe
def upload(request: HttpRequest, ticket: str) -> HttpResponseBase:
    """The small picture of a photo that waits in a form; whoever holds its ticket uploaded it."""
    try:
        key = photo_of_ticket(ticket)
    except NoTicketError as error:
        raise Http404 from error
    return send(get_object_or_404(Attachment, pk=key), small=True)
