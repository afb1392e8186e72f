"""Reads of messages."""

from django.db.models import QuerySet

from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.contacts import Channel
from tinhso.kernel.people.models import Person


def on_desk(person: Person) -> QuerySet[Notice]:
    """What was put on the desk of *person*, the newest first."""
    return Notice.objects.filter(person=person, channel=Channel.DESK).order_by("-id")


def unread_count(person: Person) -> int:
    """How many notices on the desk of *person* are unread; one statement."""
    return on_desk(person).filter(read_at=None).count()


def outbox(channel: str = "") -> QuerySet[Notice]:
    """Every message that leaves the house, the newest first; of one *channel* if it is given."""
    leaving = Notice.objects.exclude(channel=Channel.DESK).order_by("-id")
    return leaving.filter(channel=channel) if channel else leaving
