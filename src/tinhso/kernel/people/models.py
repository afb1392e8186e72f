"""Accounts and their roles in units."""

from datetime import date
from functools import cached_property
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tinhso.kernel.people.rules import Role, Scope
from tinhso.kernel.units.models import Unit


class Person(AbstractUser):
    """A resident or a member of staff. `name` is shown to colleagues, never to the public."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=16, null=True, blank=True, unique=True)
    phone_verified = models.BooleanField(default=False)
    language = models.CharField(max_length=2, default="vi")
    units: "models.ManyToManyField[Unit, Membership]" = models.ManyToManyField(Unit, through="Membership")

    objects: ClassVar[UserManager[Self]] = UserManager()

    def __str__(self) -> str:
        return self.name or self.username

    @cached_property
    def scope(self) -> Scope:
        """What this person may look into and act in today; one statement, then kept for the request."""
        from tinhso.kernel.people.queries import scope_of  # noqa: PLC0415  models are below queries

        return scope_of(self.pk)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def as_of(self, day: date) -> "MembershipQuerySet":
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day), valid_from__lte=day)


class Membership(models.Model):
    """A role of a person in a unit, from `valid_from` to `valid_to` (the last day)."""

    ROLES = (
        (Role.OFFICER.value, _("Officer")),
        (Role.LEADER.value, _("Leader")),
        (Role.OPERATOR.value, _("Centre operator")),
        (Role.CLERK.value, _("One-stop clerk")),
        (Role.HELPER.value, _("Community digital helper")),
        (Role.FOCAL.value, _("Focal point")),
        (Role.ANALYST.value, _("Security analyst")),
        (Role.AUDITOR.value, _("Auditor")),
        (Role.INTEGRATOR.value, _("Integrator")),
        (Role.ADMINISTRATOR.value, _("Administrator")),
    )

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=ROLES)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "unit", "role", "valid_from"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.role} @ {self.unit}"


class Token(models.Model):
    """A key of a machine client. Only its digest is kept; it acts as `person`."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
