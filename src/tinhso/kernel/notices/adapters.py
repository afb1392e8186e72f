"""Channels: how a message leaves the house. In the demo nothing leaves; the outbox page shows it."""

import json
from collections.abc import Callable
from http.client import HTTPException
from smtplib import SMTPDataError, SMTPRecipientsRefused
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.mail import send_mail

from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.contacts import Channel

GATEWAY_SECONDS = 10
REFUSALS = frozenset({400, 410, 413, 422})
"""HTTP answers that speak of one message; after any other fault the next message would fare no better."""


class DeliveryError(Exception):
    """The channel did not take the message; it is tried again later."""


class ChannelDownError(DeliveryError):
    """The channel takes no message at all at the moment."""


def send_mail_notice(notice: Notice) -> None:
    """By SMTP. Raises DeliveryError, ChannelDownError."""
    if not settings.EMAIL_HOST:
        raise ChannelDownError("no mail server is configured (TINHSO_SMTP_HOST)")
    try:
        send_mail(notice.title, notice.text, settings.DEFAULT_FROM_EMAIL, [notice.address])
    except (SMTPRecipientsRefused, SMTPDataError, ValueError) as error:
        raise DeliveryError(f"the mail server did not take it: {type(error).__name__}") from error
    except OSError as error:
        raise ChannelDownError(f"the mail server cannot be used: {type(error).__name__}") from error


def send_sms(notice: Notice) -> None:
    """By the SMS gateway: a POST of `{"to", "text", "id"}`; any 2xx answer is an acceptance.

    Raises DeliveryError, ChannelDownError.
    """
    if not settings.TINHSO_SMS_URL:
        raise ChannelDownError("no SMS gateway is configured (TINHSO_SMS_URL)")
    body = json.dumps({"to": notice.address, "text": notice.text, "id": notice.pk}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(notice.pk)}
    try:
        request = Request(settings.TINHSO_SMS_URL, body, headers)  # noqa: S310  the operator sets the address
        with urlopen(request, timeout=GATEWAY_SECONDS):  # noqa: S310
            pass
    except HTTPError as error:
        error.close()
        fault = DeliveryError if error.code in REFUSALS else ChannelDownError
        raise fault(f"the SMS gateway did not take it: it answered {error.code}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise ChannelDownError(f"the SMS gateway cannot be used: {type(error).__name__}") from error


def keep_in_outbox(notice: Notice) -> None:
    """The demo's channel: the message stays on the outbox page."""


_ADAPTERS: dict[str, Callable[[Notice], None]] = {
    Channel.EMAIL: send_mail_notice,
    Channel.SMS: send_sms,
}


def adapter_for(channel: str) -> Callable[[Notice], None]:
    """What sends messages of *channel* in this installation."""
    return keep_in_outbox if settings.TINHSO_DEMO else _ADAPTERS[channel]
