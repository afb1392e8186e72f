"""Background jobs of the outbox."""

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
