"""Pages of signing in and of the account."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.mixins import NextRedirectMixin
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import DeactivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic.edit import FormView

from tinhso.kernel.people import actions
from tinhso.kernel.people.adapter import TOO_MANY
from tinhso.kernel.people.codes import LIFETIME, Challenge, Verdict
from tinhso.kernel.people.forms import CodeForm, PhoneForm, ProfileForm, TokenForm
from tinhso.kernel.people.middleware import HAS_SECOND_FACTOR
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role

CHALLENGE = "sign_in_code"
RESIDENT_SESSION = timedelta(days=30)
MAY_HAVE_TOKENS = (Role.INTEGRATOR, Role.ADMINISTRATOR)

View = Callable[..., HttpResponse]


def _language() -> str:
    return (get_language() or settings.LANGUAGE_CODE)[:2]


def _person(request: HttpRequest) -> Person:
    """Who is signed in; for views behind `login_required`."""
    assert isinstance(request.user, Person)  # noqa: S101
    return request.user


def with_password(view: View) -> View:
    """Only for accounts with a password; those of residents have none, nor a second factor to it."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _person(request).has_usable_password():
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


class SignIn(LoginView):  # type: ignore[misc]  # allauth has no types
    """The one sign-in page: residents ask for a code by phone, staff give user name and password."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "phone" in request.POST:
            return self._send_code(PhoneForm(request.POST))
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        status = HTTPStatus.TOO_MANY_REQUESTS if form.has_error("__all__", TOO_MANY) else HTTPStatus.OK
        return self.render_to_response(self.get_context_data(form=form), status=status)  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("phone_form", PhoneForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def _send_code(self, form: PhoneForm) -> HttpResponse:
        status = HTTPStatus.OK
        if form.is_valid():
            if _send(self.request, form.cleaned_data["phone"]):
                return HttpResponseRedirect(self.passthrough_next_url(reverse("account_code")))
            form.add_error("phone", _too_often())
            status = HTTPStatus.TOO_MANY_REQUESTS
        context = self.get_context_data(form=self.get_form_class()(request=self.request), phone_form=form)
        return self.render_to_response(context, status=status)  # type: ignore[no-any-return]


def _send(request: HttpRequest, phone: str) -> bool:
    """Send a code to *phone*, known or not, and keep its challenge in the session; False if that is too often."""
    if not ratelimit.consume(request, action="sign_in_code", key=phone):
        return False
    request.session[CHALLENGE] = asdict(actions.send_code(phone, _language()))
    return True


def _too_often() -> str:
    return _("Too many codes were asked for. Try again later, or send your report without signing in.")


@method_decorator(never_cache, name="dispatch")
class EnterCode(NextRedirectMixin, FormView):  # type: ignore[misc, type-arg]
    """A resident types the code that came by SMS; the right one signs in, whether the phone was known or not.

    Why not allauth's own sign-in by code: it makes unknown phones sign up on a page of its own, keeps codes in
    clear in the session, counts tries for each session only, and holds one wait for all residents.
    """

    form_class = CodeForm
    template_name = "account/enter_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        kept = request.session.get(CHALLENGE)
        if request.user.is_authenticated or not kept:
            return redirect(self.passthrough_next_url(reverse("account_login")))
        self.challenge = Challenge(**kept)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "again" in request.POST:
            return self._send_again()
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "phone": self.challenge.phone,
            "minutes": int(LIFETIME.total_seconds() // 60),
            "wait": self.challenge.wait(time.time()),
        }

    def form_valid(self, form: CodeForm) -> HttpResponse:
        # The session counts tries for this code; the limit also holds many requests sent at the same moment.
        if not ratelimit.consume(self.request, action="sign_in_guess", key=self.challenge.phone):
            form.add_error("code", _("Too many wrong codes for this number. Try again later."))
            return self._again(form, HTTPStatus.TOO_MANY_REQUESTS)
        verdict = self.challenge.judge(form.cleaned_data["code"], time.time())
        if verdict is Verdict.RIGHT:
            return self._sign_in()
        if verdict is Verdict.WRONG:
            self.challenge = self.challenge.after_wrong()
            self.request.session[CHALLENGE] = asdict(self.challenge)
            if not self.challenge.tries_left:
                verdict = Verdict.SPENT
        form.add_error("code", self._what_is_wrong(verdict))
        return self._again(form, HTTPStatus.OK)

    def _what_is_wrong(self, verdict: Verdict) -> str:
        if verdict is Verdict.EXPIRED:
            return _("This code is too old. Ask for a new one.")
        if verdict is Verdict.SPENT:
            return _("Too many wrong codes. Ask for a new one.")
        left = self.challenge.tries_left
        return ngettext(
            "This code is not right. You can try %(n)d more time.",
            "This code is not right. You can try %(n)d more times.",
            left,
        ) % {"n": left}

    def _again(self, form: CodeForm, status: HTTPStatus) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def _send_again(self) -> HttpResponse:
        wait = self.challenge.wait(time.time())
        if wait:
            waiting = ngettext("Wait %(n)d more second.", "Wait %(n)d more seconds.", wait)
            messages.warning(self.request, waiting % {"n": wait})
        elif _send(self.request, self.challenge.phone):
            messages.success(self.request, _("A new code is on its way. The old one is no longer taken."))
        else:
            messages.error(self.request, _too_often())
        return redirect(self.passthrough_next_url(reverse("account_code")))

    def _sign_in(self) -> HttpResponse:
        del self.request.session[CHALLENGE]
        person = actions.person_of_phone(self.challenge.phone, _language())
        if person.scope.is_staff:  # an SMS must not stand in for password and second factor
            messages.error(self.request, _("This is the number of a staff account: sign in with your password."))
            return redirect("account_login")
        response: HttpResponse = perform_login(self.request, person, redirect_url=self.get_next_url())
        self.request.session.set_expiry(int(RESIDENT_SESSION.total_seconds()))
        return response


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The person's own account: name, language, second factor, and the ways from here."""
    person = _person(request)
    form = ProfileForm(request.POST or None, person)
    if form.is_valid():
        language = form.cleaned_data["language"]
        actions.describe(person, name=form.cleaned_data["name"], language=language)
        messages.success(request, _("Saved."))
        response = redirect("account_home")
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax", secure=settings.SECURE_COOKIES)
        return response
    context = {
        "form": form,
        "person": person,
        "has_second_factor": is_mfa_enabled(person, [Authenticator.Type.TOTP]),
        "may_have_tokens": person.scope.has(*MAY_HAVE_TOKENS),
        "posts": person.memberships.as_of(timezone.localdate()).select_related("unit"),
    }
    return render(request, "account/home.html", context)


def _may_have_tokens(view: View) -> View:
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _person(request).scope.has(*MAY_HAVE_TOKENS):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@_may_have_tokens
@never_cache
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Keys of machine clients: list them, make one, which is shown in the answer and never again."""
    person = _person(request)
    form = TokenForm(request.POST or None)
    fresh = ""
    if form.is_valid():
        until = timezone.now() + timedelta(days=form.cleaned_data["days"])
        fresh = actions.issue_token(person, form.cleaned_data["name"], expires_at=until)
        form = TokenForm()
    context = {"form": form, "fresh": fresh, "tokens": person.tokens.order_by("-pk"), "now": timezone.now()}
    return render(request, "account/tokens.html", context)


@_may_have_tokens
@require_POST
def revoke_token(request: HttpRequest, key: int) -> HttpResponse:
    """End one key of one's own."""
    if not actions.revoke_token(_person(request), key):
        raise Http404
    messages.success(request, _("The key no longer works."))
    return redirect("account_tokens")


class TurnOff(DeactivateTOTPView):  # type: ignore[misc]
    """Take the second factor off; staff have to set up another before they go on."""

    def form_valid(self, form: Form) -> HttpResponse:
        self.request.session.pop(HAS_SECOND_FACTOR, None)
        response: HttpResponse = super().form_valid(form)
        return response
