"""Background jobs of cases."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tinhso.kernel.cases import actions


@app.periodic(cron="* * * * *")
@app.task(name="cases.escalate", queueing_lock="cases.escalate")
def escalate(timestamp: int) -> None:
    """Every minute: carry out the steps of escalation that have come due."""
    actions.escalate_due(timezone.now())
