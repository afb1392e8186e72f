"""The outbox when gateways fail, are slow, or are asked by several workers; what becomes of old words in it."""

import smtplib
import threading
from collections.abc import Callable
from datetime import timedelta
from urllib.error import HTTPError, URLError

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from tinhso.kernel.notices import actions, adapters
from tinhso.kernel.notices.actions import MOST_TRIES, Message, deliver_some, forget_codes, tell, wait_after
from tinhso.kernel.notices.adapters import ChannelDownError, DeliveryError
from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.contacts import Address, Channel

Adapter = Callable[[Notice], None]
HOSTILE = f"a@{'đ' * 60}.vn"


def waiting(channel: Channel = Channel.EMAIL, address: str = "a@example.vn", **values: object) -> Notice:
    return Notice.objects.create(
        channel=channel, address=address, template="report-received", title="Title", text="Words", **values
    )


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Callable[[Adapter], None]:
    """Puts another gateway in the place of every channel's own."""
    return lambda adapter: monkeypatch.setattr(actions, "adapter_for", lambda channel: adapter)


def due_again() -> None:
    Notice.objects.filter(state=Notice.State.WAITING).update(next_try_at=timezone.now())


@pytest.mark.django_db
def test_a_message_that_cannot_be_sent_does_not_stop_those_behind_it(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.vn"
    hostile, behind = waiting(address=HOSTILE), waiting()
    assert deliver_some() == 1
    hostile.refresh_from_db()
    behind.refresh_from_db()
    assert (hostile.state, hostile.tries) == (Notice.State.WAITING, 1)
    assert hostile.next_try_at > timezone.now()
    assert behind.state == Notice.State.SENT
    assert [it.to for it in mail.outbox] == [["a@example.vn"]]


@pytest.mark.django_db
def test_whatever_an_adapter_raises_counts_as_a_try(gateway: Callable[[Adapter], None]) -> None:
    def broken(notice: Notice) -> None:
        raise KeyError(notice.pk)

    gateway(broken)
    notice = waiting()
    assert deliver_some() == 0
    notice.refresh_from_db()
    assert (notice.tries, notice.fault) == (1, "unexpected: KeyError")


@pytest.mark.django_db
def test_a_channel_that_is_down_is_asked_once_a_round_and_holds_up_no_other(
    gateway: Callable[[Adapter], None],
) -> None:
    asked = []

    def no_sms(notice: Notice) -> None:
        asked.append(notice.channel)
        if notice.channel == Channel.SMS:
            raise ChannelDownError("nobody answers")

    gateway(no_sms)
    for _ in range(3):
        waiting(Channel.SMS, "+84912345678")
    letter = waiting()
    assert deliver_some() == 1
    assert asked == [Channel.SMS, Channel.EMAIL]
    letter.refresh_from_db()
    assert letter.state == Notice.State.SENT


@pytest.mark.django_db
def test_messages_outlive_an_outage_of_a_day_and_are_then_given_up(gateway: Callable[[Adapter], None]) -> None:
    def down(notice: Notice) -> None:
        raise ChannelDownError("nobody answers")

    gateway(down)
    notice = waiting()
    waited = timedelta()
    for _ in range(MOST_TRIES - 1):
        deliver_some()
        notice.refresh_from_db()
        assert notice.state == Notice.State.WAITING
        waited += wait_after(notice.tries)
        assert deliver_some() == 0, "tried again before its time"
        due_again()
    assert timedelta(hours=24) < waited < timedelta(hours=25)
    deliver_some()
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == (Notice.State.DEAD, MOST_TRIES)


@pytest.mark.django_db(transaction=True)
def test_while_a_gateway_is_slow_no_transaction_has_a_number(gateway: Callable[[Adapter], None]) -> None:
    numbers = []

    def watched(notice: Notice) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned()::text")
            numbers.append(cursor.fetchone())

    gateway(watched)
    waiting()
    assert deliver_some() == 1
    assert numbers == [(None,)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_send_one_message_twice(gateway: Callable[[Adapter], None]) -> None:
    sent_by_other: list[int] = []

    def other() -> None:
        try:
            sent_by_other.append(deliver_some())
        finally:
            connection.close()

    def slow(notice: Notice) -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(30)

    gateway(slow)
    waiting()
    assert deliver_some() == 1
    assert sent_by_other == [0]


@pytest.mark.django_db
def test_titles_hold_no_line_breaks(catalogue: None) -> None:
    parameters = {"number": "PA-1\r\nBcc: b@example.vn", "unit": "", "due": "", "link": ""}
    [notice] = tell([Message("report-received", Address(Channel.EMAIL, "a@example.vn"), "vi", parameters)])
    assert "PA-1 Bcc:" in notice.title
    assert notice.title.isprintable()


@pytest.mark.django_db
def test_a_sign_in_code_that_expired_is_not_sent(gateway: Callable[[Adapter], None]) -> None:
    gateway(lambda notice: pytest.fail("sent"))
    notice = waiting(Channel.SMS, "+84912345678")
    old = timezone.now() - timedelta(minutes=6)
    Notice.objects.update(template="sign-in-code", made_at=old)
    assert deliver_some() == 0
    notice.refresh_from_db()
    assert notice.state == Notice.State.DEAD


@pytest.mark.django_db
def test_sign_in_codes_are_forgotten_after_a_day() -> None:
    old, fresh, letter = waiting(Channel.SMS), waiting(Channel.SMS), waiting()
    now = timezone.now()
    Notice.objects.exclude(pk=letter.pk).update(template="sign-in-code", state=Notice.State.SENT)
    Notice.objects.exclude(pk=fresh.pk).update(made_at=now - timedelta(hours=25))
    assert forget_codes(now) == 1
    assert forget_codes(now) == 0
    texts = dict(Notice.objects.values_list("pk", "text"))
    assert texts == {old.pk: "", fresh.pk: "Words", letter.pk: "Words"}


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (TimeoutError(), ChannelDownError),
        (smtplib.SMTPServerDisconnected(), ChannelDownError),
        (smtplib.SMTPRecipientsRefused({}), DeliveryError),
        (UnicodeEncodeError("idna", "đ", 0, 1, "label too long"), DeliveryError),
    ],
)
def test_mail_faults_are_told_apart_from_a_mail_server_that_is_down(
    raised: Exception, expected: type[Exception], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise raised

    settings.EMAIL_HOST = "mail.example.vn"
    monkeypatch.setattr(adapters, "send_mail", refuse)
    with pytest.raises(DeliveryError) as caught:
        adapters.send_mail_notice(Notice(address="a@example.vn"))
    assert caught.type is expected


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (URLError("refused"), ChannelDownError),
        (HTTPError("https://sms.example.vn", 503, "busy", None, None), ChannelDownError),  # type: ignore[arg-type]
        (HTTPError("https://sms.example.vn", 422, "no such number", None, None), DeliveryError),  # type: ignore[arg-type]
    ],
)
def test_sms_faults_are_told_apart_from_a_gateway_that_is_down(
    raised: Exception, expected: type[Exception], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise raised

    settings.TINHSO_SMS_URL = "https://sms.example.vn"
    monkeypatch.setattr(adapters, "urlopen", refuse)
    with pytest.raises(DeliveryError) as caught:
        adapters.send_sms(Notice(pk=1, address="+84912345678"))
    assert caught.type is expected


def test_an_address_of_the_gateway_that_is_none_is_a_channel_that_is_down(settings: Settings) -> None:
    settings.TINHSO_SMS_URL = "sms.example.vn"
    with pytest.raises(ChannelDownError):
        adapters.send_sms(Notice(pk=1, address="+84912345678"))
