"""Channels: how a message leaves the house. In the demo nothing leaves; the outbox page shows it."""

import json
from collections.abc import Callable
from urllib.error import URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.mail import send_mail

from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.contacts import Channel

GATEWAY_SECONDS = 10


class DeliveryError(Exception):
    """The channel did not take the message; it is tried again."""


def send_mail_notice(notice: Notice) -> None:
    """By SMTP. Raises DeliveryError."""
    if not settings.EMAIL_HOST:
        raise DeliveryError("no mail server is configured (TINHSO_SMTP_HOST)")
    try:
        send_mail(notice.title, notice.text, settings.DEFAULT_FROM_EMAIL, [notice.address])
    except OSError as error:
        raise DeliveryError(f"the mail server did not take it: {type(error).__name__}") from error


def send_sms(notice: Notice) -> None:
    """By the SMS gateway: a POST of `{"to", "text", "id"}`; any 2xx answer is an acceptance. Raises DeliveryError."""
    if not settings.TINHSO_SMS_URL:
        raise DeliveryError("no SMS gateway is configured (TINHSO_SMS_URL)")
    body = json.dumps({"to": notice.address, "text": notice.text, "id": notice.pk}).encode()
    request = Request(  # noqa: S310  the operator sets the address
        settings.TINHSO_SMS_URL, body, {"Content-Type": "application/json", "Idempotency-Key": str(notice.pk)}
    )
    try:
        with urlopen(request, timeout=GATEWAY_SECONDS):  # noqa: S310
            pass
    except (URLError, OSError) as error:
        raise DeliveryError(f"the SMS gateway did not take it: {type(error).__name__}") from error


def keep_in_outbox(notice: Notice) -> None:
    """The demo's channel: the message stays on the outbox page."""


_ADAPTERS: dict[str, Callable[[Notice], None]] = {
    Channel.EMAIL: send_mail_notice,
    Channel.SMS: send_sms,
}


def adapter_for(channel: str) -> Callable[[Notice], None]:
    """What sends messages of *channel* in this installation."""
    return keep_in_outbox if settings.TINHSO_DEMO else _ADAPTERS[channel]
