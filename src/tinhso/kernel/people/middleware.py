"""Staff work only behind a second factor."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tinhso.kernel.people.models import Person

HAS_SECOND_FACTOR = "has_second_factor"
"""Set in the session once the second factor was seen, to save a statement on every page; gone with it."""


class SecondFactor:
    """A member of staff without an authenticator app sees the page on which it is set up, and no other.

    Accounts of the demo are free of it: they sign in with a password that the page itself shows.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._is_missing(request):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return self.get_response(request)

    def _is_missing(self, request: HttpRequest) -> bool:
        # Without a session cookie nobody is signed in; not looking keeps the page free of "Vary: Cookie".
        if settings.TINHSO_DEMO or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return False
        person = request.user
        if not isinstance(person, Person) or not person.scope.is_staff:
            return False
        if request.session.get(HAS_SECOND_FACTOR) or request.path.startswith(_open_pages()):
            return False
        if not is_mfa_enabled(person, [Authenticator.Type.TOTP]):
            return True
        request.session[HAS_SECOND_FACTOR] = True
        return False


def _open_pages() -> tuple[str, ...]:
    return reverse("account_home"), reverse("language"), settings.STATIC_URL, "/api/"
