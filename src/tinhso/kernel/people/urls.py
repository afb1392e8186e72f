"""Addresses of signing in and of the account.

allauth's own list is left aside: it also has sign-up, mail addresses and password resets by mail, which nobody
needs here. Its names are kept, because its code refers to them.
"""

from allauth.account import views as allauth
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path
from django.views.generic import RedirectView

from tinhso.kernel.people import views
from tinhso.kernel.people.views import with_password

urlpatterns = [
    path("", views.account, name="account_home"),
    path("login/", views.SignIn.as_view(), name="account_login"),
    path("login/code/", views.EnterCode.as_view(), name="account_code"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("reauthenticate/", with_password(allauth.reauthenticate), name="account_reauthenticate"),
    path("password/change/", with_password(allauth.password_change), name="account_change_password"),
    path("tokens/", views.tokens, name="account_tokens"),
    path("tokens/<int:key>/revoke/", views.revoke_token, name="account_revoke_token"),
    path("2fa/", RedirectView.as_view(pattern_name="account_home"), name="mfa_index"),
    path("2fa/authenticate/", second_factor.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", with_password(second_factor.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", with_password(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", with_password(views.TurnOff.as_view()), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", with_password(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        with_password(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
]
