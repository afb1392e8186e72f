"""One-time codes: right once, for five minutes, with few tries."""

import re

import pytest
from django.core.exceptions import ValidationError

from tinhso.kernel.people.codes import LIFETIME, MOST_TRIES, WAIT, Verdict, challenge, new_code
from tinhso.kernel.people.forms import PhoneForm, parse_mobile

PHONE = "+84912345678"
SENT = 1_700_000_000.0


def test_the_code_that_was_sent_is_right_however_it_is_spaced() -> None:
    kept = challenge(PHONE, "012345", SENT)
    assert kept.judge("012345", SENT + 1) is Verdict.RIGHT
    assert kept.judge(" 012 345 ", SENT + 1) is Verdict.RIGHT
    assert kept.judge("12345", SENT + 1) is Verdict.WRONG
    assert kept.judge("", SENT + 1) is Verdict.WRONG


def test_a_code_ends_after_five_minutes() -> None:
    kept = challenge(PHONE, "012345", SENT)
    last = SENT + LIFETIME.total_seconds()
    assert kept.judge("012345", last) is Verdict.RIGHT
    assert kept.judge("012345", last + 1) is Verdict.EXPIRED


def test_after_the_last_try_even_the_right_code_is_refused() -> None:
    kept = challenge(PHONE, "012345", SENT)
    for left in reversed(range(MOST_TRIES)):
        assert kept.judge("999999", SENT) is Verdict.WRONG
        kept = kept.after_wrong()
        assert kept.tries_left == left
    assert kept.judge("012345", SENT) is Verdict.SPENT


def test_the_code_cannot_be_read_from_what_is_kept_nor_used_for_another_phone() -> None:
    kept = challenge(PHONE, "012345", SENT)
    assert "012345" not in repr(kept)
    assert challenge(PHONE, "012345", SENT).digest != kept.digest
    other = challenge("+84987654321", "012345", SENT)
    assert type(kept)("+84987654321", kept.salt, kept.digest, SENT).judge("012345", SENT) is Verdict.WRONG
    assert other.judge("012345", SENT) is Verdict.RIGHT


def test_another_code_has_to_wait_a_minute() -> None:
    kept = challenge(PHONE, "012345", SENT)
    assert kept.wait(SENT) == WAIT.total_seconds()
    assert kept.wait(SENT + WAIT.total_seconds()) == 0
    assert kept.wait(SENT + 10_000) == 0


def test_codes_are_six_digits_and_differ() -> None:
    codes = {new_code() for _ in range(50)}
    assert all(re.fullmatch(r"\d{6}", code) for code in codes)
    assert len(codes) > 40


@pytest.mark.parametrize("typed", ["0912345678", "0912 345 678", "+84 912 345 678", "84912345678", "091.234.5678"])
def test_mobile_numbers_are_taken_as_people_write_them(typed: str) -> None:
    assert parse_mobile(typed) == PHONE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "0271 3879 999",  # a landline
        "+1 212 555 0123",  # another country: messages there cost money
        "an@example.vn",
        "091234567",
        "0912345678901",
        "+" * 40,
        "0912345678\x00; drop",
    ],
)
def test_what_is_no_vietnamese_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises((ValueError, ValidationError)):
        parse_mobile(typed)
    assert not PhoneForm({"phone": typed}).is_valid()
