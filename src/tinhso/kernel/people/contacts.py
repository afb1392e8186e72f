"""Phone numbers and mail addresses as people type them."""

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST_MAIL = 254
"""Signs in a mail address (RFC 5321 §4.5.3.1.3, less the angle brackets)."""


class Channel(StrEnum):
    """A way to reach somebody."""

    SMS = "sms"
    EMAIL = "email"
    DESK = "desk"


@dataclass(frozen=True)
class Address:
    """Where a message goes: a phone number in E.164 form, a mail address, or a colleague's desk (a person's key)."""

    channel: Channel
    value: str


def parse_contact(text: str) -> Address:
    """A Vietnamese (or international, with +) phone number or a mail address. Raises ValueError.

    The domain of a mail address comes back as mail servers know it (RFC 3490), as in `xn--…`.
    """
    text = text.strip()
    if "@" in text:
        return Address(Channel.EMAIL, _mail_address(text))
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a phone number") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("not a phone number")
    return Address(Channel.SMS, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _mail_address(text: str) -> str:
    try:
        validate_email(text)
        name, _, domain = text.rpartition("@")
        address = f"{name}@{domain.encode('idna').decode()}".lower()
    except (ValidationError, UnicodeError) as error:
        raise ValueError("not a mail address") from error
    if len(address) > LONGEST_MAIL:
        raise ValueError("the mail address is too long")
    return address
