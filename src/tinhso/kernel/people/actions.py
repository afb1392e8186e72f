"""Writers of accounts, roles and keys."""

import secrets
import time
from datetime import date, datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from tinhso.kernel.people.codes import Challenge, challenge, new_code
from tinhso.kernel.people.models import Membership, Person, Token
from tinhso.kernel.people.queries import token_digest
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.models import Unit

FIRST_PASSWORD_BYTES = 12
"""Randomness of a password that the installation gives out: 96 bits."""


def appoint(person: Person, unit: Unit, role: Role, *, since: date | None = None) -> Membership:
    """Give *person* a *role* in *unit* from *since* (today) on; a role held already is left as it is."""
    day = since or timezone.localdate()
    held = Membership.objects.as_of(day).filter(person=person, unit=unit, role=role.value).first()
    return held or Membership.objects.create(person=person, unit=unit, role=role.value, valid_from=day)


def hire(username: str, name: str) -> tuple[Person, str]:
    """A new staff account and its first password, which is shown this once. Raises ValueError for a name taken."""
    if Person.objects.filter(username=username).exists():
        raise ValueError(f"the user name {username} is taken")
    password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
    return Person.objects.create_user(username, password=password, name=name), password


def dismiss(person: Person, unit: Unit, role: Role, *, last: date | None = None) -> bool:
    """End *person*'s *role* in *unit* with the day *last* (today); False when it is not held."""
    day = last or timezone.localdate()
    held = Membership.objects.as_of(day).filter(person=person, unit=unit, role=role.value)
    return bool(held.update(valid_to=day))


def renew_password(person: Person) -> str:
    """A new password for *person*, shown this once; sessions under the old one end."""
    password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
    person.set_password(password)
    person.save(update_fields=["password"])
    return password


def forget_second_factor(person: Person) -> bool:
    """Remove *person*'s authenticator and recovery codes, so that a new one can be set up; False without one."""
    gone, _ = Authenticator.objects.filter(user=person).delete()
    return bool(gone)


def set_active(person: Person, *, active: bool) -> None:
    """Open or close an account; a closed one signs in nowhere and its machine clients' keys do nothing."""
    person.is_active = active
    person.save(update_fields=["is_active"])


def describe(person: Person, *, name: str, language: str) -> None:
    """Change what a person says of itself: the name that colleagues see and the language of messages."""
    person.name, person.language = name, language
    person.save(update_fields=["name", "language"])


def send_code(phone: str, language: str) -> Challenge:
    """Send a one-time code to *phone* (E.164) and return what its answer is judged by.

    How it is sent is the business of `settings.SIGN_IN_CODE_SENDER`: messages are above people in the house.
    """
    code = new_code()
    with transaction.atomic():
        import_string(settings.SIGN_IN_CODE_SENDER)(phone, code, language)
    return challenge(phone, code, time.time())


def person_of_phone(phone: str, language: str) -> Person:
    """The account of whoever proved to hold *phone* (E.164), made now if there is none."""
    person, fresh = Person.objects.get_or_create(
        phone=phone,
        defaults={
            "username": secrets.token_hex(10),
            "password": make_password(None),
            "phone_verified": True,
            "language": language,
        },
    )
    if not fresh and not person.phone_verified:
        person.phone_verified = True
        person.save(update_fields=["phone_verified"])
    return person


def issue_token(person: Person, name: str, *, expires_at: datetime | None = None) -> str:
    """Make a key for a machine client that acts as *person*; it is shown this once."""
    token = secrets.token_urlsafe(32)
    Token.objects.create(person=person, name=name, digest=token_digest(token), expires_at=expires_at)
    return token


def revoke_token(person: Person, key: int) -> bool:
    """End the machine client's key number *key* of *person*; False when there is none."""
    ended, _ = Token.objects.filter(pk=key, person=person).delete()
    return bool(ended)
