"""Signing in with a password."""

from allauth.account.auth_backends import AuthenticationBackend


class ScopedBackend(AuthenticationBackend):
    """allauth's backend: staff by user name and password, residents by phone."""
