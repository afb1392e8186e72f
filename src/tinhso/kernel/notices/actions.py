"""Writers of the outbox."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Case, QuerySet, Value, When
from django.utils import timezone

from tinhso.kernel.notices.adapters import ChannelDownError, DeliveryError, adapter_for
from tinhso.kernel.notices.catalogue import texts
from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.codes import LIFETIME
from tinhso.kernel.people.contacts import Address, Channel
from tinhso.kernel.people.models import Person

log = logging.getLogger(__name__)

MOST_TRIES = 14
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
"""Waits double from the first to the longest: MOST_TRIES of them last a little more than 24 hours."""
LOCK_SPACE = 7403
"""First half of the advisory locks on messages under way; the second is made of the message's key."""
SIGN_IN_CODE = "sign-in-code"
CODES_KEPT = timedelta(days=1)

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Message:
    """What is to be told to whom: a text of the catalogue with its parameters."""

    template: str
    to: Address
    language: str = "vi"
    parameters: Mapping[str, str] = field(default_factory=dict)
    subject: tuple[str, int] | None = None
    person: int | None = None


def tell(messages: Sequence[Message]) -> list[Notice]:
    """Put messages into the outbox within the caller's transaction; they are sent once it is committed.

    Two statements, whatever their number; none for no messages.
    """
    notices = Notice.objects.bulk_create([_notice(message) for message in messages])
    if any(it.channel != Channel.DESK for it in notices):
        from tinhso.kernel.notices.tasks import deliver_waiting  # noqa: PLC0415  tasks call actions

        deliver_waiting.defer()
    return notices


def _notice(message: Message) -> Notice:
    entry = texts()[message.template]
    subject_kind, subject_id = message.subject or ("", None)
    on_desk = message.to.channel is Channel.DESK
    return Notice(
        channel=message.to.channel.value,
        address=message.to.value,
        person_id=message.person,
        template=message.template,
        language=message.language,
        title=_CONTROLS.sub(" ", entry.title.in_language(message.language).format(**message.parameters))[:200],
        text=entry.text.in_language(message.language).format(**message.parameters),
        subject_kind=subject_kind,
        subject_id=subject_id,
        state=Notice.State.SENT if on_desk else Notice.State.WAITING,
        sent_at=timezone.now() if on_desk else None,
    )


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many failed tries (1 or more)."""
    return min(FIRST_WAIT * (1 << min(tries - 1, 16)), LONGEST_WAIT)


def deliver_some(most: int = 100) -> int:
    """Hand waiting messages whose time has come to their channels, up to *most* of each; returns how many were sent.

    A message that fails is tried again after `wait_after`, MOST_TRIES times in all; then it is given up and stays
    listed. A channel that is down is left alone for this round, without harm to the others. Whoever holds a
    message's lock sends it: several workers never send it twice, short of dying between the gateway's answer and
    the commit.
    """
    return sum(_deliver_by(channel, most) for channel in (Channel.SMS, Channel.EMAIL))


def _deliver_by(channel: Channel, most: int) -> int:
    sent = 0
    for key in list(_due(channel).order_by("next_try_at", "id").values_list("pk", flat=True)[:most]):
        try:
            sent += _deliver(key, channel)
        except ChannelDownError as error:
            log.warning("%s is down: %s", channel.value, error)
            break
    return sent


def _due(channel: Channel) -> QuerySet[Notice]:
    return Notice.objects.filter(channel=channel, state=Notice.State.WAITING, next_try_at__lte=timezone.now())


def _deliver(key: int, channel: Channel) -> bool:
    """Send one message if it still waits and nobody else is at it. Raises ChannelDownError, the failure noted.

    The lock is advisory because a row lock would give this transaction a number, and followers of the journal
    read no further than the oldest numbered transaction: a slow gateway would hold up every figure.
    """
    down = None
    with transaction.atomic():
        if not _claimed(key):
            return False
        notice = _due(channel).filter(pk=key).first()
        if notice is None:
            return False
        if notice.template == SIGN_IN_CODE and timezone.now() - notice.made_at > LIFETIME:
            notice.state, notice.fault = Notice.State.DEAD, "the code expired before it could be sent"
            notice.save(update_fields=["state", "fault"])
            return False
        try:
            adapter_for(channel)(notice)
        except ChannelDownError as error:
            _note_failure(notice, str(error))
            down = error
        except DeliveryError as error:
            _note_failure(notice, str(error))
        except Exception as error:  # whatever it is, one message must not stop those behind it
            log.exception("message %d could not be handed over", key)
            _note_failure(notice, f"unexpected: {type(error).__name__}")
        else:
            notice.tries += 1
            notice.state, notice.sent_at, notice.fault = Notice.State.SENT, timezone.now(), ""
            notice.save(update_fields=["tries", "state", "sent_at", "fault"])
            return True
    if down:
        raise down
    return False


def _claimed(key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_SPACE, key % 2**31])
        row = cursor.fetchone()
    return bool(row and row[0])


def _note_failure(notice: Notice, fault: str) -> None:
    notice.tries += 1
    notice.fault = fault[:200]
    notice.next_try_at = timezone.now() + wait_after(notice.tries)
    if notice.tries >= MOST_TRIES:
        notice.state = Notice.State.DEAD
    notice.save(update_fields=["tries", "fault", "next_try_at", "state"])


_ENDED = Case(When(state=Notice.State.WAITING, then=Value(Notice.State.DEAD.value)), default="state")
"""What was emptied is not sent any more."""


def forget_about(subject_kind: str, subject_id: int) -> int:
    """Empty address and words of the messages about a subject that were to leave the house; returns how many.

    That they were sent, when and by which channel stays. Notices on the desks of staff stay as they are.
    """
    leaving = Notice.objects.filter(subject_kind=subject_kind, subject_id=subject_id).exclude(channel=Channel.DESK)
    return leaving.exclude(address="").update(address="", title="", text="", state=_ENDED)


def forget_codes(at: datetime) -> int:
    """Empty the words of messages with sign-in codes that are older than CODES_KEPT at *at*; returns how many."""
    old = Notice.objects.filter(template=SIGN_IN_CODE, made_at__lt=at - CODES_KEPT).exclude(text="")
    return old.update(text="", state=_ENDED)


def mark_read(person: Person, newest: int) -> int:
    """Mark what lies on the desk of *person* as read, up to the notice *newest*; returns how many were unread."""
    unread = Notice.objects.filter(person=person, channel=Channel.DESK, pk__lte=newest, read_at=None)
    return unread.update(read_at=timezone.now())
