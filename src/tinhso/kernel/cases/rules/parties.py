"""Who may do what with a case: phrases such as `officer of lead` and the predicates that they stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tinhso.kernel.people.rules import NOBODY, Role, Scope


class Where(StrEnum):
    """In which unit the role must be held, seen from the case."""

    OF_LEAD = "of lead"
    OVER_LEAD = "over lead"
    OF_SUPPORTING = "of supporting"


@dataclass(frozen=True)
class Party:
    """Whoever holds `role` in a unit that stands so to the case; without a role, whoever raised it."""

    role: Role | None
    where: Where | None = None

    def __str__(self) -> str:
        return f"{self.role} {self.where}" if self.role else "raiser"


_PHRASE = re.compile(rf"({'|'.join(Role)}) ({'|'.join(Where)})")


def parse_party(phrase: str) -> Party:
    """Read `raiser` or `ROLE of lead|over lead|of supporting`. Raises ValueError."""
    if phrase == "raiser":
        return Party(None)
    match = _PHRASE.fullmatch(phrase)
    if not match:
        raise ValueError(
            f"{phrase!r} names no party: 'raiser', or one of {', '.join(Role)} followed by one of {', '.join(Where)}"
        )
    return Party(Role(match[1]), Where(match[2]))


@dataclass(frozen=True)
class Standing:
    """What of a case decides who may see it and act on it."""

    lead: int
    above_lead: frozenset[int]
    supporting: frozenset[int]
    units: frozenset[int]
    raiser: int | None = None
    filed_by: int | None = None


@dataclass(frozen=True)
class Actor:
    """Whoever acts: a person with a scope, a resident known only by the tracking link (`holds_secret`), or the
    installation itself, which carries out what the type says (`system`)."""

    scope: Scope = NOBODY
    holds_secret: bool = False
    system: bool = False

    @property
    def person(self) -> int | None:
        return self.scope.person

    def raised(self, case: Standing) -> bool:
        """Whether the actor is, or files for, whoever raised the case."""
        return self.holds_secret or is_raiser(self.scope, case)


def sees(scope: Scope, case: Standing) -> bool:
    """Whether a person may see a case. `CaseQuerySet.visible_to` is the same for lists."""
    if scope.person is None:
        return False
    return bool(scope.seen & case.units) or is_raiser(scope, case)


def is_raiser(scope: Scope, case: Standing) -> bool:
    """Whether a person raised a case, or filed it for somebody and still may."""
    if scope.person is None:
        return False
    return scope.person == case.raiser or (scope.files_for_others and scope.person == case.filed_by)


def is_one_of(actor: Actor, parties: Sequence[Party], case: Standing) -> bool:
    """Whether *actor* is one of *parties* to *case*."""
    return actor.system or any(_is(actor, party, case) for party in parties)


def _is(actor: Actor, party: Party, case: Standing) -> bool:
    if party.role is None:
        return actor.raised(case)
    # An office also acts on what its whole predecessors left open.
    held = frozenset().union(*({post.unit} | post.line for post in actor.scope.posts if post.role == party.role))
    if party.where is Where.OF_LEAD:
        return case.lead in held
    if party.where is Where.OVER_LEAD:
        return bool(held & case.above_lead)
    return bool(held & case.supporting)


SYSTEM = Actor(system=True)
