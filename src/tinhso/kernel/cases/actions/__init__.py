"""The only writers of cases: one function for each thing that can happen."""

from tinhso.kernel.cases.actions.acting import act, rate
from tinhso.kernel.cases.actions.escalating import escalate_due
from tinhso.kernel.cases.actions.handling import (
    assign,
    attach,
    comment,
    merge,
    push_up,
    redate,
    redate_open,
    take,
)
from tinhso.kernel.cases.actions.opening import Opening, open_case
from tinhso.kernel.cases.actions.publishing import publish

__all__ = [
    "Opening",
    "act",
    "assign",
    "attach",
    "comment",
    "escalate_due",
    "merge",
    "open_case",
    "publish",
    "push_up",
    "rate",
    "redate",
    "redate_open",
    "take",
]
