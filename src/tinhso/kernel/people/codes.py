"""One-time codes for signing in by phone: what makes one right. No database and no clock here."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from django.utils.crypto import constant_time_compare, salted_hmac

DIGITS = 6
LIFETIME = timedelta(minutes=5)
MOST_TRIES = 5
WAIT = timedelta(seconds=60)
"""How long to wait before another code is sent to the same phone."""


class Verdict(StrEnum):
    """What became of a typed code."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Challenge:
    """A code on its way to `phone` (E.164), sent at `sent_at` (seconds since 1970).

    The code itself is not kept, only a digest under the installation's secret key: whoever reads the table of
    sessions cannot sign in with it.
    """

    phone: str
    salt: str
    digest: str
    sent_at: float
    tries: int = 0

    def judge(self, typed: str, now: float) -> Verdict:
        """What becomes of a code typed at *now*; spaces and dashes in it do not matter."""
        if now - self.sent_at > LIFETIME.total_seconds():
            return Verdict.EXPIRED
        if self.tries >= MOST_TRIES:
            return Verdict.SPENT
        digits = "".join(sign for sign in typed if sign.isdecimal())
        same = constant_time_compare(_digest(self.phone, self.salt, digits), self.digest)
        return Verdict.RIGHT if same else Verdict.WRONG

    def after_wrong(self) -> "Challenge":
        return replace(self, tries=self.tries + 1)

    @property
    def tries_left(self) -> int:
        return max(0, MOST_TRIES - self.tries)

    def wait(self, now: float) -> int:
        """Seconds until another code may be sent."""
        return max(0, round(self.sent_at + WAIT.total_seconds() - now))


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def challenge(phone: str, code: str, now: float) -> Challenge:
    """What to keep of *code*, sent to *phone* at *now*."""
    salt = secrets.token_hex(8)
    return Challenge(phone, salt, _digest(phone, salt, code), now)


def _digest(phone: str, salt: str, code: str) -> str:
    return salted_hmac("tinhso.people.codes", f"{phone}:{salt}:{code}", algorithm="sha256").hexdigest()
