"""What is stored of attachments; the bytes lie under `TINHSO_HOME/files`, named by their digest."""

import uuid

from django.db import models

from tinhso.kernel.people.models import Person


class Attachment(models.Model):
    """One file. It has no subject until the command that it was uploaded for takes it.

    Photos are stored decoded and encoded anew, upright, without metadata, with a small version beside them.
    """

    class Medium(models.TextChoices):
        PHOTO = "image/jpeg", "JPEG"
        DOCUMENT = "application/pdf", "PDF"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    medium = models.CharField(max_length=40, choices=Medium)
    digest = models.CharField(max_length=64)
    small_digest = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    name = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.BigIntegerField(null=True)
    event_id = models.BigIntegerField(null=True)
    public = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="attachment_subject")]

    def __str__(self) -> str:
        return str(self.id)
