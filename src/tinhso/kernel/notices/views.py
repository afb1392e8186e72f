"""Pages of messages."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tinhso.kernel.notices import actions, queries
from tinhso.kernel.people.contacts import Channel
from tinhso.kernel.people.models import Person

ON_A_PAGE = 30


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """What lies on one's own desk."""
    assert isinstance(request.user, Person)  # noqa: S101  login_required
    notices = Paginator(queries.on_desk(request.user), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "notices/mine.html", {"notices": notices})


@require_POST
@login_required
def read(request: HttpRequest) -> HttpResponse:
    """Mark everything as read that the page showed or that came before it."""
    assert isinstance(request.user, Person)  # noqa: S101  login_required
    newest = request.POST.get("newest", "")
    if newest.isascii() and newest.isdecimal() and len(newest) < 19:
        actions.mark_read(request.user, int(newest))
    return redirect("notices:mine")


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """The demo's outbox: every message that would have left the house, open to everybody who tries the demo."""
    channel = request.GET.get("channel", "")
    channel = channel if channel in {Channel.SMS, Channel.EMAIL} else ""
    notices = Paginator(queries.outbox(channel), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "notices/outbox.html", {"notices": notices, "channel": channel, "nav": "outbox"})
