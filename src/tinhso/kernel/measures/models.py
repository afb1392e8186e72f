"""What the measures follower keeps; all of it can be rebuilt from the journal."""

from django.db import models
from django.db.models import Q


class Fact(models.Model):
    """One case as the figures see it, folded from its events."""

    case_id = models.BigIntegerField(primary_key=True)
    last_event = models.BigIntegerField()
    unit_id = models.BigIntegerField()
    type = models.CharField(max_length=40)
    root = models.CharField(max_length=40)
    category = models.CharField(max_length=60)
    channel = models.CharField(max_length=20)
    electronic = models.BooleanField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    answered_after = models.IntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_after = models.IntegerField(null=True)
    on_time = models.BooleanField(null=True)
    first_closed_at = models.DateTimeField(null=True)
    reopened_at = models.DateTimeField(null=True)
    rated_at = models.DateTimeField(null=True)
    satisfied = models.BooleanField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["unit_id", "opened_at"],
                include=["answered_after", "root", "type"],
                name="fact_opened",
            ),
            models.Index(
                fields=["unit_id", "closed_at"],
                include=["closed_after", "root", "type"],
                condition=Q(closed_at__isnull=False),
                name="fact_closed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.case_id)


class Tally(models.Model):
    """Counts of one day, for one unit *with all under it*, one type, category and channel.

    `resolved` counts, on the day a case was opened, that it is now closed; `ended` and `reopened`, on the day of
    its first closing, that it was closed and that it was reopened; the others stand on the day they happened.
    """

    unit_id = models.BigIntegerField()
    root = models.CharField(max_length=40)
    type = models.CharField(max_length=40)
    day = models.DateField()
    category = models.CharField(max_length=60)
    channel = models.CharField(max_length=20)
    opened = models.IntegerField(default=0)
    electronic = models.IntegerField(default=0)
    resolved = models.IntegerField(default=0)
    closed = models.IntegerField(default=0)
    on_time = models.IntegerField(default=0)
    ended = models.IntegerField(default=0)
    reopened = models.IntegerField(default=0)
    rated = models.IntegerField(default=0)
    satisfied = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit_id", "root", "day", "type", "category", "channel"],
                include=[
                    "opened",
                    "electronic",
                    "resolved",
                    "closed",
                    "on_time",
                    "ended",
                    "reopened",
                    "rated",
                    "satisfied",
                ],
                name="tally_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.type} {self.day}"


class Spell(models.Model):
    """A time in which a case was open under one unit with one due date; `until` is empty while it lasts."""

    case_id = models.BigIntegerField(db_index=True)
    unit_id = models.BigIntegerField()
    root = models.CharField(max_length=40)
    type = models.CharField(max_length=40)
    category = models.CharField(max_length=60)
    channel = models.CharField(max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["unit_id"],
                include=["due_at", "root", "type", "category", "channel"],
                condition=Q(until=None),
                name="spell_now",
            ),
            models.Index(fields=["unit_id", "since", "until"], name="spell_time"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.since}"
