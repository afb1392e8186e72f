"""Escalation: the steps that a type lays down for cases that come near or pass their due date."""

import logging
from datetime import datetime

from tinhso.kernel.cases.actions.handling import unit_above
from tinhso.kernel.cases.actions.routing import hand_up
from tinhso.kernel.cases.actions.writing import writing
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.notifying import desk_messages
from tinhso.kernel.cases.rules import workflow
from tinhso.kernel.cases.rules.parties import SYSTEM
from tinhso.kernel.people.rules import Role

log = logging.getLogger(__name__)
AT_ONCE = 500


def escalate_due(at: datetime) -> int:
    """Carry out the next step of every open case whose alarm has come by *at*; returns how many steps."""
    due = Case.objects.open().filter(alarm_at__lte=at).order_by("alarm_at").values_list("pk", flat=True)
    return sum(_tried(key, at) for key in list(due[:AT_ONCE]))


def _tried(key: int, at: datetime) -> bool:
    try:
        return _escalate(key, at)
    except Exception:
        # One case that cannot be escalated must not hold up all those behind it.
        log.exception("case %d could not be escalated", key)
        return False


def _escalate(key: int, at: datetime) -> bool:
    with writing(key, SYSTEM, at=at) as change:
        case = change.case
        if case.alarm_at is None or case.alarm_at > at or case.alarms_done >= len(change.type.escalation):
            return False  # somebody was faster
        step = change.type.escalation[case.alarms_done]
        data: dict[str, object] = {"step": case.alarms_done, "at": step.at, "after": step.after}
        change.set(alarms_done=case.alarms_done + 1)
        if step.do == "push-up":
            target = unit_above(change)
            data |= hand_up(change, target) if target else {"nowhere": True}
        elif step.tell:
            unit = case.lead_id if step.tell == "leader of lead" else case.lead.parent_id
            overdue = case.due_at is not None and case.due_at <= at
            template = "escalation-overdue" if overdue else "escalation-warning"
            change.messages += desk_messages(case, template, unit, Role.LEADER)
            data |= {"told_unit": unit, "told": len(change.messages)}
        main = change.clocks().get(change.type.main_clock or "")
        change.set(alarm_at=workflow.next_alarm(change.type, main, change.calendar, case.alarms_done))
        change.happened("case.escalated", data)
    return True
