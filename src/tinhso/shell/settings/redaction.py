"""What never stands in a log: secrets in the addresses of pages."""

import logging
import re

_TRACKING = re.compile(r"/t/[^\s/?\"']+")
_QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']+")


def without_secrets(text: str) -> str:
    """*text* with the secret of each tracking link, and whatever follows a `?` in an address, replaced by `…`."""
    return _QUERY.sub(r"\1?…", _TRACKING.sub("/t/…", text))


class DiscreetFormatter(logging.Formatter):
    """Whole lines, tracebacks included, without secrets; a filter would see the message only."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))
