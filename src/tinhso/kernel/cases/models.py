"""What is stored of case types and cases."""

import secrets
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Fold, Unit

if TYPE_CHECKING:
    from tinhso.kernel.cases.catalogue import CaseType


class TypeVersion(models.Model):
    """A published case type; a trigger keeps it as it is. `definition` holds everything, choices included."""

    type = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    root = models.SlugField(max_length=40)
    # JSON as text: the order of stages, clocks and actions means something, and jsonb does not keep it.
    definition = models.TextField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "version"], name="type_version_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.version}"

    @property
    def parsed(self) -> "CaseType":
        """The definition as a value; parsed once per process, since it never changes."""
        from tinhso.kernel.cases.queries import parsed_type  # noqa: PLC0415  models are below queries

        return parsed_type(self.pk, lambda: self.definition)


class Counter(models.Model):
    """The last number given out in a series, such as the reports of one day."""

    series = models.CharField(max_length=60, primary_key=True)
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.series}: {self.last}"


class StageKind(models.TextChoices):
    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waiting")
    CLOSED = "closed", _("Closed")


def new_secret() -> str:
    """The part of a tracking link that cannot be guessed."""
    return secrets.token_urlsafe(16)


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, scope: Scope) -> "CaseQuerySet":
        """The cases that a person may see: those of the units it looks into, those it raised or filed for others.

        The predicate `rules.parties.sees` decides the same for one case.
        """
        if scope.person is None:
            return self.none()
        mine = Q(raiser_id=scope.person)
        if scope.files_for_others:
            mine |= Q(filed_by_id=scope.person)
        if not scope.seen:
            return self.filter(mine)
        # One array parameter: a province's scope has hundreds of units, and each would be a parameter of its own.
        seen = Value(sorted(scope.seen), output_field=ArrayField(models.BigIntegerField()))
        return self.filter(Q(units__overlap=seen) | mine)

    def open(self) -> "CaseQuerySet":
        return self.filter(closed_at__isnull=True)

    def for_page(self) -> "CaseQuerySet":
        """With all that a list or page shows of a case, in one statement."""
        return self.select_related("lead", "area", "handler", "type_version")


class Case(models.Model):
    """One matter.

    `due_at` is the due date in force of the type's main clock, empty while the clock is paused; `first_due_at` is
    the first one given and never changes. `personal` holds what identifies people and is all that erasure empties.
    `units` are the lead unit, the supporting and the following ones: whoever looks into one of them sees the case.
    """

    number = models.CharField(max_length=40, unique=True)
    secret = models.CharField(max_length=32, unique=True, default=new_secret)
    type_version = models.ForeignKey(TypeVersion, models.PROTECT, related_name="cases")
    type = models.CharField(max_length=40)
    root = models.CharField(max_length=40)
    category = models.CharField(max_length=60, blank=True)
    channel = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    fields = models.JSONField(default=dict)
    personal = models.JSONField(default=dict)
    erased_at = models.DateTimeField(null=True)

    lead = models.ForeignKey(Unit, models.PROTECT, related_name="led_cases")
    supporting = ArrayField(models.BigIntegerField(), default=list)
    following = ArrayField(models.BigIntegerField(), default=list)
    units = ArrayField(models.BigIntegerField())
    area = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    cell = models.BigIntegerField(null=True)
    handler = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="handled_cases")
    raiser = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="raised_cases")
    filed_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="filed_cases")

    stage = models.CharField(max_length=40)
    stage_kind = models.CharField(max_length=8, choices=StageKind)
    version = models.PositiveIntegerField(default=1)
    clocks = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    first_due_at = models.DateTimeField(null=True)
    alarm_at = models.DateTimeField(null=True)
    alarms_done = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=40, blank=True)
    solved = models.CharField(max_length=8, blank=True)
    satisfaction = models.PositiveSmallIntegerField(null=True)
    rated_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="duplicates")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    imported_from = models.CharField(max_length=120, null=True)

    search = models.GeneratedField(
        expression=Fold(F("number"), F("text")),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["lead", "due_at", "id"], condition=Q(closed_at=None), name="case_lead_due"),
            models.Index(fields=["lead", "-opened_at", "-id"], name="case_lead_opened"),
            models.Index(fields=["due_at", "id"], condition=Q(closed_at=None), name="case_due"),
            models.Index(fields=["-opened_at", "-id"], name="case_opened"),
            models.Index(fields=["-closed_at", "-id"], name="case_closed"),
            models.Index(fields=["handler", "due_at", "id"], condition=Q(closed_at=None), name="case_handler"),
            models.Index(fields=["alarm_at"], condition=Q(alarm_at__isnull=False, closed_at=None), name="case_alarm"),
            models.Index(fields=["category", "-opened_at", "-id"], name="case_category"),
            GinIndex(fields=["units"], name="case_units", fastupdate=False),
            GinIndex(fields=["units"], condition=Q(closed_at=None), name="case_units_open", fastupdate=False),
            GinIndex(fields=["supporting"], condition=Q(closed_at=None), name="case_supporting", fastupdate=False),
            GinIndex(OpClass(F("search"), "gin_trgm_ops"), name="case_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage_kind="closed", closed_at__isnull=False)
                | (~Q(stage_kind="closed") & Q(closed_at=None)),
                name="case_closed_has_time",
            ),
            models.UniqueConstraint(
                fields=["imported_from"], condition=Q(imported_from__isnull=False), name="case_imported_once"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_overdue(self) -> bool:
        """Whether the due date in force has passed without a closing, or before it."""
        return self.due_at is not None and self.due_at < (self.closed_at or timezone.now())


class Remark(models.Model):
    """The words that came with an event of a case: an answer, a question, a reason, a comment.

    They stand here and not in the journal because people name people in them; erasure empties the personal ones.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="remarks")
    event_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=40)
    text = models.TextField()
    public = models.BooleanField(default=False)
    personal = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.case_id} {self.name}"
