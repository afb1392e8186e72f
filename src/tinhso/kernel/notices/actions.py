"""Writers of the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from tinhso.kernel.notices.adapters import DeliveryError, adapter_for
from tinhso.kernel.notices.catalogue import texts
from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.contacts import Address, Channel
from tinhso.kernel.people.models import Person

MOST_TRIES = 6


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
        title=entry.title.in_language(message.language).format(**message.parameters)[:200],
        text=entry.text.in_language(message.language).format(**message.parameters),
        subject_kind=subject_kind,
        subject_id=subject_id,
        state=Notice.State.SENT if on_desk else Notice.State.WAITING,
        sent_at=timezone.now() if on_desk else None,
    )


def deliver_some(most: int = 100) -> int:
    """Hand waiting messages to their channels, each in its own transaction; returns how many were sent.

    A message that fails is tried again at a later call, MOST_TRIES times; then it is given up and stays listed.
    Whoever holds a message's row sends it: several workers never send it twice, short of dying between the
    gateway's answer and the commit.
    """
    sent = 0
    for _ in range(most):
        with transaction.atomic():
            notice = (
                Notice.objects.select_for_update(skip_locked=True)
                .filter(state=Notice.State.WAITING)
                .order_by("tries", "id")
                .first()
            )
            if notice is None:
                break
            notice.tries += 1
            try:
                adapter_for(notice.channel)(notice)
            except DeliveryError as error:
                notice.fault = str(error)[:200]
                if notice.tries >= MOST_TRIES:
                    notice.state = Notice.State.DEAD
                notice.save(update_fields=["tries", "fault", "state"])
                if notice.state == Notice.State.WAITING:
                    break
            else:
                notice.state, notice.sent_at, notice.fault = Notice.State.SENT, timezone.now(), ""
                notice.save(update_fields=["tries", "state", "sent_at", "fault"])
                sent += 1
    return sent


def mark_read(person: Person, newest: int) -> int:
    """Mark what lies on the desk of *person* as read, up to the notice *newest*; returns how many were unread."""
    unread = Notice.objects.filter(person=person, channel=Channel.DESK, pk__lte=newest, read_at=None)
    return unread.update(read_at=timezone.now())
