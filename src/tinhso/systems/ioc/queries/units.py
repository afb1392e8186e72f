"""Which units' figures a person can look at; from memory."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from django.conf import settings

from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import Directory, directory
from tinhso.kernel.units.rules import fold

MOST_FOUND = 30


class UnknownOfficeError(LookupError):
    """No office has this code."""


@lru_cache(maxsize=1)
def _identities(known: Directory) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    for it in sorted(known.by_key.values(), key=lambda it: it.valid_from):
        found[it.code].append(it)
    return dict(found)


def address_of(unit: Unit) -> str:
    """How an address names *unit*: its code, and for an earlier identity of the same code its first day too."""
    same = _identities(directory()).get(unit.code, [unit])
    return unit.code if same[-1].pk == unit.pk else f"{unit.code}@{unit.valid_from}"


def unit_at(address: str) -> Unit:
    """The inverse of `address_of`. Raises UnknownOfficeError."""
    code, _, day = address.partition("@")
    same = [it for it in _identities(directory()).get(code, ()) if day in {"", str(it.valid_from)}]
    if not same:
        raise UnknownOfficeError(address)
    return same[-1]


def top_unit() -> Unit:
    """The office on top of the installation. Raises UnknownOfficeError before its units are loaded."""
    return unit_at(settings.TINHSO_ROOT_UNIT)


def is_offered(unit: Unit, scope: Scope) -> bool:
    """Whether somebody with *scope* may look at the figures of *unit*: the top's everybody on the staff may."""
    return unit.pk in scope.seen or unit.pk == top_unit().pk


def home_unit(scope: Scope) -> Unit:
    """Where the board starts: on top for whoever looks into it, else in the person's own unit."""
    top, known = top_unit(), directory().by_key
    if top.pk in scope.seen:
        return top
    own = [known[post.unit] for post in scope.posts if post.unit in scope.seen and post.unit in known]
    return min(own, key=lambda it: (len(it.path), it.sort_key), default=top)


def offered(scope: Scope, words: str, near: Unit, today: date) -> Sequence[Unit]:
    """Up to MOST_FOUND units that *scope* can choose and whose names hold all of *words*, diacritics or not.

    Those in force on *today* come first. Without words: the units above *near*, itself, and those right under it.
    """
    known = directory().by_key
    units = [known[key] for key in scope.seen | {top_unit().pk} if key in known]
    wanted = fold(words).split()
    if wanted:
        found = [it for it in units if all(word in it.search or word in it.code.lower() for word in wanted)]
    else:
        found = [it for it in units if it.pk in near.path or near.pk in {it.parent_id, it.pk}]
    return sorted(found, key=lambda it: _order(it, today))[:MOST_FOUND]


def _order(unit: Unit, today: date) -> tuple[bool, int, str, str]:
    return bool(unit.valid_to and unit.valid_to < today), len(unit.path), unit.sort_key, unit.code


def offices_under(tops: Sequence[int]) -> list[int]:
    """Keys of the offices *tops* and of all under them; from memory."""
    wanted = set(tops)
    return [it.pk for it in directory().by_key.values() if not wanted.isdisjoint(it.path)]
