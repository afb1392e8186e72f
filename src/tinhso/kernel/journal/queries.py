"""Reads of the journal."""

import json
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from tinhso.kernel.journal import rules
from tinhso.kernel.journal.models import Event, Seal

_COLUMNS = "id, kind, subject_kind, subject_id, unit_id, actor_id, acting_for_id, occurred_at, recorded_at, data"


def _leaf(row: tuple[Any, ...]) -> tuple[int, bytes]:
    *plain, occurred_at, recorded_at, data = row
    event = [
        *plain,
        rules.instant(occurred_at),
        rules.instant(recorded_at),
        json.loads(data) if isinstance(data, str) else data,
    ]
    return int(row[0]), rules.leaf_hash(rules.canonical(event))


def leaves_between(first: int, last: int, most: int | None = None) -> list[tuple[int, bytes]]:
    """(key, leaf hash) of the events with keys from *first* to *last*, in order, *most* of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM journal_event WHERE id BETWEEN %s AND %s ORDER BY id LIMIT %s",  # noqa: S608
            [first, last, most],
        )
        return [_leaf(row) for row in cursor.fetchall()]


def damages(public_key: Ed25519PublicKey) -> Iterator[rules.Damage]:
    """Every place where the journal is not what its seals say, seal by seal."""
    previous, expected = rules.EMPTY_ROOT, 1
    for seal in Seal.objects.order_by("id").iterator(chunk_size=20):
        leaves = list(rules.split_leaves(bytes(seal.leaves)))
        root = rules.merkle_root(leaves)
        sealed = rules.seal_digest(seal.first, seal.last, len(leaves), root, bytes(seal.previous), seal.made_at)
        if seal.first != expected:
            yield rules.Damage(None, seal.pk, f"events {expected} to {seal.first - 1} are under no seal")
        if bytes(seal.previous) != previous:
            yield rules.Damage(None, seal.pk, "is not chained to the seal before it")
        if root != bytes(seal.root) or sealed != bytes(seal.digest):
            yield rules.Damage(None, seal.pk, "does not add up to its own root")
        else:
            try:
                public_key.verify(bytes(seal.signature), sealed)
            except InvalidSignature:
                yield rules.Damage(None, seal.pk, "has a wrong signature")
        yield from rules.compare(
            seal.pk, zip(seal.events, leaves, strict=False), leaves_between(seal.first, seal.last)
        )
        previous, expected = bytes(seal.digest), seal.last + 1


def unsealed_count() -> int:
    """How many events no seal covers yet."""
    last = Seal.objects.order_by("-id").values_list("last", flat=True).first() or 0
    return Event.objects.filter(id__gt=last).count()
