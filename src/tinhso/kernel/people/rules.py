"""Who may see what: a person's scope, worked out from roles in units. No database here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a person is in a unit."""

    OFFICER = "officer"
    LEADER = "leader"
    OPERATOR = "operator"
    CLERK = "clerk"
    HELPER = "helper"
    FOCAL = "focal"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    INTEGRATOR = "integrator"
    ADMINISTRATOR = "administrator"


SEE_BELOW = frozenset({Role.LEADER, Role.OPERATOR, Role.AUDITOR, Role.FOCAL, Role.INTEGRATOR})
"""Roles that see the matters of their unit and of every unit under it."""
SEE_OWN = frozenset({Role.OFFICER, Role.CLERK})
"""Roles that see the matters of their own unit alone."""


@dataclass(frozen=True)
class Post:
    """One role in one unit, by keys.

    `above` are the unit and those over it, `seen` those it may look into, `line` the unit and its whole predecessors:
    whoever works for an office also handles what those left behind.
    """

    role: Role
    unit: int
    above: frozenset[int]
    seen: frozenset[int]
    line: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Scope:
    """All that one person may look into and act in."""

    person: int | None = None
    posts: tuple[Post, ...] = ()
    seen: frozenset[int] = field(default=frozenset())

    @classmethod
    def of(cls, person: int, posts: Iterable[Post]) -> "Scope":
        posts = tuple(posts)
        return cls(person, posts, frozenset().union(*(post.seen for post in posts)))

    @property
    def is_staff(self) -> bool:
        """Whether the person works for an office in any role but helper."""
        return any(post.role is not Role.HELPER for post in self.posts)

    @property
    def files_for_others(self) -> bool:
        """Whether what the person filed for residents is still its business: a helper's ends with the role."""
        return bool(self.posts)

    def has(self, *roles: Role) -> bool:
        """Whether the person holds one of *roles* anywhere."""
        return any(post.role in roles for post in self.posts)

    def units_as(self, *roles: Role) -> list[int]:
        """Keys of the units in which the person holds one of *roles*."""
        return sorted({post.unit for post in self.posts if post.role in roles})


NOBODY = Scope()
