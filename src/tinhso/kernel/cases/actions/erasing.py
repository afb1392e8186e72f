"""Erasure: what identifies people goes when the time that the type states for it is over."""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Q

from tinhso.kernel.cases.actions.writing import writing
from tinhso.kernel.cases.models import Case, Remark, TypeVersion
from tinhso.kernel.cases.rules.parties import SYSTEM
from tinhso.kernel.notices.actions import forget_about
from tinhso.kernel.worktime.rules import parse_plain_time

AT_ONCE = 500

log = logging.getLogger(__name__)

_UNERASED = Q(erased_at=None) | Q(erased_at__lt=F("closed_at"))
"""A case that was reopened after its erasure is erased again."""


def erase_due(at: datetime) -> int:
    """Erase every case whose retention, counted from its closing, is over by *at*; returns how many.

    The version of the type that the case was opened under says how long. Each case is a transaction of its own.
    A case that cannot be erased is logged and left to the next call.
    """
    return sum(_erased_or_logged(key, at) for key in _due(at))


def _due(at: datetime) -> Iterator[int]:
    for version in TypeVersion.objects.order_by("pk"):
        retention = version.parsed.retention
        if retention is None:
            continue
        closed = Case.objects.filter(
            _UNERASED, type_version=version, closed_at__lte=at - parse_plain_time(retention.personal)
        ).order_by("pk")
        last = 0
        while keys := list(closed.filter(pk__gt=last).values_list("pk", flat=True)[:AT_ONCE]):
            yield from keys
            last = keys[-1]


def _erased_or_logged(key: int, at: datetime) -> bool:
    try:
        return _erase(key, at)
    except Exception:  # one case must not keep the others from being erased
        log.exception("case %d could not be erased", key)
        return False


def _erase(key: int, at: datetime) -> bool:
    with writing(key, SYSTEM, at=at) as change:
        case, retention = change.case, change.type.retention
        if case.closed_at is None or retention is None or case.closed_at > at - parse_plain_time(retention.personal):
            return False  # reopened meanwhile
        if case.erased_at is not None and case.erased_at >= case.closed_at:
            return False  # somebody was faster
        remarks = Remark.objects.filter(case=case, personal=True).exclude(text="").update(text="")
        notices = forget_about("case", case.pk)
        change.set(personal={}, erased_at=at)
        change.happened("case.erased", {"remarks": remarks, "notices": notices})
    return True
