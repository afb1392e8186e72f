"""How often one client may do a thing: counts per fixed window, in the cache of this process."""

import re
import time

from django.core.cache import cache

_RATE = re.compile(r"(\d{1,6})/([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_rate(text: str) -> tuple[int, int]:
    """`30/m` as (30, 60 seconds). Raises ValueError."""
    match = _RATE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a rate such as '30/m'")
    return int(match[1]), _SECONDS[match[2]]


def seconds_to_wait(what: str, client: str, rate: str) -> int | None:
    """Count one more time that *client* does *what*; how long to wait when that is too often, else nothing."""
    most, window = parse_rate(rate)
    now = time.time()
    key = f"limit:{what}:{client}:{int(now // window)}"
    cache.add(key, 0, window + 1)
    try:
        count = cache.incr(key)
    except ValueError:  # the window ended between the two calls
        return None
    return int(window - now % window) + 1 if count > most else None
