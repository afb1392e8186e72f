"""Writers of accounts, roles and keys."""

import secrets
from datetime import date, datetime

from django.utils import timezone

from tinhso.kernel.people.models import Membership, Person, Token
from tinhso.kernel.people.queries import token_digest
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.models import Unit


def appoint(person: Person, unit: Unit, role: Role, *, since: date | None = None) -> Membership:
    """Give *person* a *role* in *unit* from *since* (today) on; a role held already is left as it is."""
    day = since or timezone.localdate()
    held = Membership.objects.as_of(day).filter(person=person, unit=unit, role=role.value).first()
    return held or Membership.objects.create(person=person, unit=unit, role=role.value, valid_from=day)


def issue_token(person: Person, name: str, *, expires_at: datetime | None = None) -> str:
    """Make a key for a machine client that acts as *person*; it is shown this once."""
    token = secrets.token_urlsafe(32)
    Token.objects.create(person=person, name=name, digest=token_digest(token), expires_at=expires_at)
    return token
