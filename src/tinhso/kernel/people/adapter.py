"""How allauth is fitted in: no sign-up, our words, where to go after signing in, secrets kept encrypted."""

import base64
import logging
import time
from typing import Any, ClassVar

import segno
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tinhso.kernel.people.models import Person

log = logging.getLogger(__name__)

SIGNED_IN_AT = "signed_in_at"
TOO_MANY = "too_many_login_attempts"
"""allauth's name for a refused sign-in after too many failed ones."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by administrators (staff) or by a proven phone number (residents), never by a form."""

    error_messages: ClassVar[dict[str, str | Promise]] = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed. Ask the administrator of your office."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": _("This code is not right. Check it and type it again."),
        "incorrect_password": _("This password is not right."),
        "rate_limited": _("That was too often. Wait a few minutes and try again."),
        "same_as_current": _("The new value is the same as the old one."),
        TOO_MANY: _("Too many failed tries. Wait a few minutes and try again."),
        "username_password_mismatch": _("The user name or the password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account by a form."""
        return False

    def get_login_stages(self) -> list[str]:
        """After the password comes the second factor, where it is set up; mail addresses prove nothing here."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff go to their desk, residents to the first page."""
        person = request.user
        at_desk = isinstance(person, Person) and person.scope.is_staff
        return str(settings.LOGIN_REDIRECT_URL) if at_desk else "/"

    def login(self, request: HttpRequest, user: Person) -> None:
        """Sign in and remember when, so that nobody is asked for the password twice in a row."""
        super().login(request, user)
        request.session[SIGNED_IN_AT] = time.time()

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """As allauth decides, but a sign-in of a moment ago is as good as typing the password again."""
        signed_in_at: float = self.request.session.get(SIGNED_IN_AT, 0)
        if time.time() - signed_in_at < app_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps lie encrypted under the installation's secret key."""

    error_messages: ClassVar[dict[str, str | Promise]] = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": _("Set up the authenticator app first; recovery codes come with it."),
        "incorrect_code": _("This code is not right. Check the clock of your phone and type the code shown now."),
    }

    def get_totp_label(self, user: Person) -> str:
        """What the authenticator app lists the account as."""
        return user.username

    def build_totp_svg(self, url: str) -> str:
        """The QR code as an `svg` element that can stand in a page."""
        drawing: str = segno.make(url, micro=False).svg_inline(omitsize=True, light="#fff")
        return drawing

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; one that no code fits, if it was written under another key."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.error("a second factor was set up under another secret key; its codes cannot be checked")
            return base64.b32encode(Fernet.generate_key()).decode()


def _cipher() -> Fernet:
    digest = salted_hmac("tinhso.people.second-factor", "", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(digest))
