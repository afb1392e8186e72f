"""Forms of signing in and of the account; those of allauth get our words and our look."""

from typing import Any

import phonenumbers
from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from tinhso.kernel.people.adapter import SecondFactorAdapter
from tinhso.kernel.people.codes import DIGITS
from tinhso.kernel.people.contacts import Channel, parse_contact
from tinhso.kernel.people.models import Person

MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
VIETNAM = 84
TOKEN_DAYS = (30, 90, 365)
USED_CODE_SECONDS = 120
"""How long a code of an authenticator app is remembered; longer than it is taken (three steps of 30 seconds)."""


def _code_widget() -> forms.TextInput:
    return forms.TextInput(
        attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
    )


def _password_widget(autocomplete: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"class": "form-control", "autocomplete": autocomplete})


def parse_mobile(text: str) -> str:
    """A Vietnamese mobile number in E.164 form. Raises ValueError.

    Codes go to Vietnamese mobiles only: messages to foreign numbers are what SMS fraud lives on.
    """
    address = parse_contact(text)
    if address.channel is not Channel.SMS:
        raise ValueError("not a phone number")
    number = phonenumbers.parse(address.value)
    is_mobile = phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in MOBILE
    if number.country_code != VIETNAM or not is_mobile:
        raise ValueError("not a Vietnamese mobile number")
    return address.value


class PhoneForm(forms.Form):
    """A resident's phone number."""

    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        widget=forms.TextInput(
            attrs={"class": "form-control", "type": "tel", "autocomplete": "tel", "placeholder": "0912 345 678"}
        ),
    )

    def clean_phone(self) -> str:
        try:
            return parse_mobile(self.cleaned_data["phone"])
        except ValueError as error:
            raise ValidationError(_("This is not a Vietnamese mobile number. Write it like 0912 345 678.")) from error


class CodeForm(forms.Form):
    """The one-time code that a resident received."""

    code = forms.CharField(
        label=ngettext_lazy("Code of %(n)d digit", "Code of %(n)d digits", DIGITS) % {"n": DIGITS},
        max_length=20,
        widget=_code_widget(),
    )


class PasswordSignInForm(account.LoginForm):  # type: ignore[misc]  # allauth has no types
    """A staff member's user name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label, password.label = _("User name"), _("Password")
        login.widget = forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "username", "autocapitalize": "none"}
        )
        password.widget = _password_widget("current-password")
        password.help_text = ""


class PasswordAgainForm(account.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        password = self.fields["password"]
        password.label, password.help_text = _("Password"), ""
        password.widget = _password_widget("current-password")


class ChangePasswordForm(account.ChangePasswordForm):  # type: ignore[misc]
    """Old password, and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, autocomplete in (
            ("oldpassword", _("Current password"), "current-password"),
            ("password1", _("New password"), "new-password"),
            ("password2", _("New password again"), "new-password"),
        ):
            field = self.fields[name]
            field.label, field.help_text = label, ""
            field.widget = _password_widget(autocomplete)
        self.fields["password1"].help_text = _("Long is safe: a few words that only you would put together.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super(account.PasswordVerificationMixin, self).clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two new passwords are not the same."))
        return cleaned


class _OnceForm:
    """A code of the authenticator app is taken once, as RFC 6238 §5.2 demands.

    allauth remembers it for one step of 30 seconds only, while neighbouring steps are taken as well.
    """

    fields: dict[str, forms.Field]
    user: Person

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")
        self.fields["code"].widget = _code_widget()

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        digits = "".join(sign for sign in code if sign.isdecimal())
        if not cache.add(f"people.code.{self.user.pk}.{digits}", True, USED_CODE_SECONDS):
            raise SecondFactorAdapter().validation_error("incorrect_code")
        return code


class SecondFactorForm(_OnceForm, second_factor.AuthenticateForm):  # type: ignore[misc]
    """The second step of a staff member's sign-in."""


class SecondFactorAgainForm(_OnceForm, second_factor.ReauthenticateForm):  # type: ignore[misc]
    """A code once more, before something that matters."""


class SetUpForm(_OnceForm, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new authenticator app, which proves that it was set up."""


class ProfileForm(forms.Form):
    """What a person may change of its account. The names of staff are the administrator's."""

    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language of pages and messages"),
        choices=settings.LANGUAGES,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, data: QueryDict | None, person: Person) -> None:
        super().__init__(data, initial={"name": person.name, "language": person.language})
        self.fields["name"].disabled = person.scope.is_staff


class TokenForm(forms.Form):
    """A new key for a machine client."""

    name = forms.CharField(
        label=_("What it is for"), max_length=100, widget=forms.TextInput(attrs={"class": "form-control"})
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=TOKEN_DAYS[1],
        choices=[(days, ngettext_lazy("%(n)d day", "%(n)d days", days) % {"n": days}) for days in TOKEN_DAYS],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
