"""The outbox: every message to a person, from the moment it is decided to its arrival or its end."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tinhso.kernel.people.models import Person


class Notice(models.Model):
    """One message to one address. `title` and `text` are what is sent, already in the receiver's language."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")

    channel = models.CharField(max_length=8)
    address = models.CharField(max_length=254)
    person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="notices")
    template = models.CharField(max_length=40)
    language = models.CharField(max_length=2)
    title = models.CharField(max_length=200)
    text = models.TextField()
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    fault = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["channel", "next_try_at", "id"], condition=Q(state="waiting"), name="notice_due"),
            models.Index(fields=["person", "-id"], name="notice_person"),
            models.Index(fields=["subject_kind", "subject_id"], name="notice_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.template}"
