"""Offices and areas. An identity is (code, valid_from): codes are used again after a reform."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Fold(models.Func):
    """SQL: texts, with a space between them, without case and diacritics."""

    function = "tinhso_fold"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


class Kind(models.TextChoices):
    """What a unit is. The first three are areas, the others offices."""

    PROVINCE = "province", _("Province")
    DISTRICT = "district", _("District")
    COMMUNE = "commune", _("Commune")
    MINISTRY = "ministry", _("Ministry")
    COMMITTEE = "committee", _("People's Committee")
    DEPARTMENT = "department", _("Department")
    CENTRE = "centre", _("Centre")
    DESK = "desk", _("Desk")
    AGENCY = "agency", _("Agency")
    OPERATOR = "operator", _("Operator")
    LOG = "log", _("From an imported log")


AREA_KINDS = (Kind.PROVINCE, Kind.DISTRICT, Kind.COMMUNE)


class UnitQuerySet(models.QuerySet["Unit"]):
    def as_of(self, day: date) -> "UnitQuerySet":
        """Units in force on *day*."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day), valid_from__lte=day)

    def areas(self) -> "UnitQuerySet":
        return self.filter(kind__in=AREA_KINDS)

    def offices(self) -> "UnitQuerySet":
        return self.exclude(kind__in=AREA_KINDS)

    def below(self, unit: "Unit", *, lineage: bool = False) -> "UnitQuerySet":
        """*unit* and all under it; with *lineage* also its whole predecessors and all under them."""
        return self.filter(path__overlap=unit.lineage if lineage else [unit.pk])


class Unit(models.Model):
    """An office or an area, from `valid_from` to `valid_to` (its last day, empty while in force).

    `path` holds the keys of the units above it and its own; `lineage` its own key and those of every unit that
    passed wholly into it. Both are worked out when units are loaded.
    """

    code = models.CharField(max_length=32)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    area = models.ForeignKey("self", models.PROTECT, null=True, related_name="offices")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    path = ArrayField(models.BigIntegerField(), default=list)
    lineage = ArrayField(models.BigIntegerField(), default=list)
    sort_key = models.CharField(max_length=250, db_collation="C")
    search = models.GeneratedField(expression=Fold(F("name")), output_field=models.TextField(), db_persist=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "code"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="unit_identity"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="unit_dates_in_order",
            ),
        ]
        indexes = [
            GinIndex(fields=["path"], name="unit_path"),
            models.Index(fields=["parent", "sort_key"], name="unit_children"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name in the language of the page."""
        return (self.name_en if (get_language() or "").startswith("en") else "") or self.name

    @property
    def is_area(self) -> bool:
        return self.kind in AREA_KINDS


class Alias(models.Model):
    """Another code of a unit, such as the right-to-left form `000.00.00.H10`."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="aliases")
    code = models.CharField(max_length=32, unique=True)

    def __str__(self) -> str:
        return self.code


class Succession(models.Model):
    """*new* took over from *old* on a day: wholly, or a part of it (`share`, empty where it is unknown)."""

    class Way(models.TextChoices):
        WHOLE = "whole", _("wholly")
        PARTIAL = "partial", _("in part")

    old = models.ForeignKey(Unit, models.CASCADE, related_name="successors")
    new = models.ForeignKey(Unit, models.CASCADE, related_name="predecessors")
    day = models.DateField()
    way = models.CharField(max_length=8, choices=Way)
    share = models.FloatField(null=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["old", "new", "day"], name="succession_once")]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"
