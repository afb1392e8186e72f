"""Phone numbers and mail addresses as people type them."""

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


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
    """A Vietnamese (or international, with +) phone number or a mail address. Raises ValueError."""
    text = text.strip()
    if "@" in text:
        try:
            validate_email(text)
        except ValidationError as error:
            raise ValueError("not a mail address") from error
        return Address(Channel.EMAIL, text.lower())
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a phone number") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("not a phone number")
    return Address(Channel.SMS, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
