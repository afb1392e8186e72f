"""Background jobs of the journal."""

from procrastinate.contrib.django import app

from tinhso.kernel.journal import actions


@app.periodic(cron="* * * * * */10")
@app.task(name="journal.seal", queueing_lock="journal.seal")
def seal(timestamp: int) -> None:
    """Every ten seconds: seal what was recorded since."""
    actions.seal_all()
