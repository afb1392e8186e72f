"""Background jobs of cases."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions.erasing import erase_due


@app.periodic(cron="* * * * *")
@app.task(name="cases.escalate", queueing_lock="cases.escalate")
def escalate(timestamp: int) -> None:
    """Every minute: carry out the steps of escalation that have come due."""
    actions.escalate_due(timezone.now())


@app.periodic(cron="30 19 * * *")  # UTC: at night in the province
@app.task(name="cases.erase", queueing_lock="cases.erase")
def erase(timestamp: int) -> None:
    """Every night: empty what identifies people in cases whose retention is over."""
    erase_due(timezone.now())
