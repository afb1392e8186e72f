"""Reads of people."""

import hashlib

from django.db import connection
from django.utils import timezone

from tinhso.kernel.people.models import Person, Token
from tinhso.kernel.people.rules import SEE_BELOW, SEE_OWN, Post, Role, Scope

_SCOPE = """
SELECT m.role, u.id, u.path, u.lineage,
       CASE WHEN m.role = ANY(%(below)s)
            THEN ARRAY(SELECT s.id FROM units_unit s WHERE s.path && u.lineage)
            WHEN m.role = ANY(%(own)s) THEN u.lineage
            ELSE '{}' END
FROM people_membership m JOIN units_unit u ON u.id = m.unit_id
WHERE m.person_id = %(person)s AND m.valid_from <= %(today)s
  AND (m.valid_to IS NULL OR m.valid_to >= %(today)s)
"""


def scope_of(person: int) -> Scope:
    """The scope of the person with key *person* today; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SCOPE,
            {
                "person": person,
                "today": timezone.localdate(),
                "below": [role.value for role in SEE_BELOW],
                "own": [role.value for role in SEE_OWN],
            },
        )
        posts = [
            Post(Role(role), unit, frozenset(path), frozenset(seen), frozenset(line))
            for role, unit, path, line, seen in cursor.fetchall()
        ]
    return Scope.of(person, posts)


def token_digest(token: str) -> bytes:
    """What is kept of a machine client's key: tokens are long and random, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def person_of_token(token: str) -> Person | None:
    """Whoever *token* acts as, or nobody when it is unknown, expired, or its person is not active; one statement."""
    found = Token.objects.select_related("person").filter(digest=token_digest(token)).first()
    if not found or not found.person.is_active:
        return None
    if found.expires_at and found.expires_at <= timezone.now():
        return None
    return found.person
