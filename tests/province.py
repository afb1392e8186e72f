"""A province in miniature: people of a commune, of a department and of the centre."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tinhso.kernel.cases.actions import Opening, open_case
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.people.actions import appoint
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import unit

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, 2 March 2026, 09:00 in the province."""
PLACE = {"lat": 11.53, "lon": 106.88}


@dataclass
class Staff:
    """Actors by what they are; `commune` is the office that PLACE belongs to."""

    commune: Unit
    officer: Actor
    leader: Actor
    department: Actor
    operator: Actor
    stranger: Actor


def actor(name: str, code: str, *roles: Role) -> Actor:
    person = Person.objects.create(username=name, name=name.title())
    for role in roles:
        appoint(person, unit(code), role, since=date(2026, 1, 1))
    return Actor(person.scope)


@pytest.fixture
def staff(catalogue: None) -> Staff:
    commune = unit("H19.101")
    return Staff(
        commune,
        officer=actor("officer", "H19.101", Role.OFFICER),
        leader=actor("leader", "H19.101", Role.LEADER),
        department=actor("department", "H19.09", Role.OFFICER, Role.LEADER),
        operator=actor("operator", "H19", Role.OPERATOR),
        stranger=actor("stranger", "H19.102", Role.OFFICER, Role.LEADER),
    )


@pytest.fixture
def report(staff: Staff) -> Callable[..., Case]:
    """Opens a report on Monday morning; keyword arguments change what is typed."""

    def opened(at: datetime = MONDAY, **typed: Any) -> Case:
        values = {"category": "road", "text": "Ổ gà lớn giữa đường", "place": PLACE} | typed
        return open_case(Opening("report", values, "web", at=at))

    return opened
