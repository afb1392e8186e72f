"""Background jobs of attachments."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tinhso.kernel.files import actions


@app.periodic(cron="40 * * * *")
@app.task(name="files.remove_unclaimed", queueing_lock="files.remove_unclaimed")
def remove_unclaimed(timestamp: int) -> None:
    """Every hour: remove uploads that were never sent with anything."""
    actions.remove_unclaimed(timezone.now())
