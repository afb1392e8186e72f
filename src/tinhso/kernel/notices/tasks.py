"""Background jobs of the outbox."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tinhso.kernel.notices import actions


@app.task(name="notices.deliver_waiting")
def deliver_waiting() -> None:
    """Send what waits; called when messages are written."""
    actions.deliver_some()


@app.periodic(cron="* * * * *")
@app.task(name="notices.deliver_again", queueing_lock="notices.deliver_again")
def deliver_again(timestamp: int) -> None:
    """Every minute: send again what failed before."""
    actions.deliver_some()


@app.periodic(cron="20 * * * *")
@app.task(name="notices.forget_codes", queueing_lock="notices.forget_codes")
def forget_codes(timestamp: int) -> None:
    """Every hour: empty messages with sign-in codes of the day before."""
    actions.forget_codes(timezone.now())
