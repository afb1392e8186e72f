"""Case numbers: a pattern such as `PA-{yymmdd}-{seq:4}{check}`, and its check digit."""

import re
from datetime import date

_PART = re.compile(r"\{(yymmdd|yyyy|yy|seq:\d|check)\}")


def check_pattern(pattern: str) -> str:
    """*pattern* itself when it is sound. Raises ValueError."""
    parts = _PART.findall(pattern)
    if re.search(r"[{}]", _PART.sub("", pattern)):
        raise ValueError("a number is made of {yymmdd}, {yyyy}, {yy}, {seq:N}, {check} and plain signs")
    if sum(part.startswith("seq") for part in parts) != 1:
        raise ValueError("a number needs exactly one {seq:N}")
    if "check" in parts and not pattern.endswith("{check}"):
        raise ValueError("{check} stands at the end")
    return pattern


def series(pattern: str, day: date) -> str:
    """The name of the series in which numbers of *day* are counted."""
    return _PART.sub(lambda match: _filled(match[1], day, "*"), pattern)


def number(pattern: str, day: date, sequence: int) -> str:
    """The number of the *sequence*-th case of the series of *day*."""

    def part(match: re.Match[str]) -> str:
        width = int(match[1][4:]) if match[1].startswith("seq") else 0
        return _filled(match[1], day, str(sequence).zfill(width))

    text = _PART.sub(part, pattern)
    return text + luhn(text) if pattern.endswith("{check}") else text


def _filled(part: str, day: date, sequence: str) -> str:
    if part.startswith("seq"):
        return sequence
    return {"yymmdd": f"{day:%y%m%d}", "yyyy": f"{day:%Y}", "yy": f"{day:%y}", "check": ""}[part]


def luhn(text: str) -> str:
    """The check digit of ISO/IEC 7812 over the digits of *text*: a mistyped digit or two swapped ones show."""
    total = 0
    for place, digit in enumerate(int(sign) for sign in reversed(text) if sign.isdigit()):
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
