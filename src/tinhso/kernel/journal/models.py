"""The journal's tables. Triggers of the first migration refuse UPDATE, DELETE and TRUNCATE of events and seals."""

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    _IntegerField = models.Field[int, int]
else:
    _IntegerField = models.Field


class TransactionIdField(_IntegerField):
    """PostgreSQL's `xid8`: the 64-bit number of the writing transaction, which is never used again."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, *_: object) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value)


class Event(models.Model):
    """One thing that happened. It holds no personal data: texts of people are kept with their case.

    The transaction number stands before the key so that it is drawn first: a key is never older than the
    transaction that holds it.
    """

    transaction = TransactionIdField(db_default=Func(function="pg_current_xact_id"), editable=False)
    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    # Plain keys, no foreign keys: the record outlives what it speaks of.
    unit_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    acting_for_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    command_key = models.CharField(max_length=64, null=True, editable=False)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["command_key"], condition=Q(command_key__isnull=False), name="event_command_once"
            )
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="event_subject"),
            models.Index(fields=["transaction", "id"], name="event_order"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.kind} {self.subject_kind}:{self.subject_id}"


class Seal(models.Model):
    """A signed promise about a range of events: their leaf hashes, the Merkle root, and the seal before.

    `first` and `last` bound the range of event keys, `events` lists the keys in it and `leaves` their 32-byte
    hashes one after the other, so that a changed, missing or added row can be named.
    """

    id = models.BigAutoField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField(unique=True)
    events = ArrayField(models.BigIntegerField())
    leaves = models.BinaryField()
    root = models.BinaryField()
    previous = models.BinaryField()
    digest = models.BinaryField()
    signature = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"


class Checkpoint(models.Model):
    """How far a follower has read: the transaction and key of the last event that it applied."""

    follower = models.CharField(max_length=40, primary_key=True)
    transaction = TransactionIdField(default=0)
    event_id = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.follower
