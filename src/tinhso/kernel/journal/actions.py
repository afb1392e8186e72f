"""The only writers of the journal."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from tinhso.kernel.journal import rules
from tinhso.kernel.journal.models import Checkpoint, Event, Seal
from tinhso.kernel.journal.queries import leaves_between

SEALED_AT_ONCE = 20_000
"""Events in one seal at the most: a seal's leaves stay under a megabyte."""
LOCK_PATIENCE = "100ms"


class CommandRepeatedError(Exception):
    """A command with a key that was carried out before; `event` is what came of it."""

    def __init__(self, event: Event) -> None:
        super().__init__(f"carried out before as event {event.pk}")
        self.event = event


@dataclass
class Happening:
    """What is to be recorded. `data` must be JSON and free of personal data."""

    kind: str
    subject_kind: str
    subject_id: int
    occurred_at: datetime
    unit: int | None = None
    actor: int | None = None
    acting_for: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    command_key: str | None = None


def record(happenings: Sequence[Happening]) -> list[Event]:
    """Append to the journal within the caller's transaction; one statement."""
    return Event.objects.bulk_create(
        [
            Event(
                kind=it.kind,
                subject_kind=it.subject_kind,
                subject_id=it.subject_id,
                unit_id=it.unit,
                actor_id=it.actor,
                acting_for_id=it.acting_for,
                occurred_at=it.occurred_at,
                command_key=it.command_key,
                data=it.data,
            )
            for it in happenings
        ]
    )


def digest(text: str) -> str:
    """A keyed digest that stands in the journal for a personal value: it can be checked, not read back."""
    return hmac.new(settings.JOURNAL_DIGEST_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def signing_key() -> Ed25519PrivateKey:
    """The installation's key for seals, made at first use and readable by its owner only."""
    path = Path(settings.TINHSO_HOME) / "keys" / "seal.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        fresh = path.with_name(f".seal.{secrets.token_hex(8)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # whoever links first wins; the others read that key
            os.link(fresh, path)
        fresh.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} is not an Ed25519 key")
    return key


def seal() -> Seal | None:
    """Seal the events that no seal covers yet, up to SEALED_AT_ONCE; nothing when there are none.

    A share lock on the table waits for writers under way, so that no key below the last one can still appear. It
    gives up at once when they take long (an import), and it is gone before anything is hashed.
    """
    key = signing_key()
    last = _last_decided_key()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE journal_seal IN EXCLUSIVE MODE")
        before = Seal.objects.order_by("-id").first()
        first = before.last + 1 if before else 1
        if last is None or last < first:
            return None
        leaves = leaves_between(first, last, SEALED_AT_ONCE)
        last = leaves[-1][0] if len(leaves) == SEALED_AT_ONCE else last
        root = rules.merkle_root([leaf for _, leaf in leaves])
        previous = bytes(before.digest) if before else rules.EMPTY_ROOT
        made_at = timezone.now()
        sealed = rules.seal_digest(first, last, len(leaves), root, previous, made_at)
        return Seal.objects.create(
            first=first,
            last=last,
            events=[event for event, _ in leaves],
            leaves=b"".join(leaf for _, leaf in leaves),
            root=root,
            previous=previous,
            digest=sealed,
            signature=key.sign(sealed),
            made_at=made_at,
        )


def _last_decided_key() -> int | None:
    """The highest key below which no event can still appear; nothing while writers take long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
            cursor.execute("LOCK TABLE journal_event IN SHARE MODE")
            return Event.objects.order_by("-id").values_list("id", flat=True).first()
    except OperationalError:
        return None


def seal_all() -> int:
    """Seal everything that can be sealed now; returns how many seals were made."""
    made = 0
    while seal():
        made += 1
    return made


def after_restore() -> None:
    """Make a restored journal readable in order again.

    Transaction numbers belong to the cluster that wrote them. Everything restored is committed, so all of it
    takes the lowest number and stands in the order of its keys; followers start from nothing and rebuild.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_kept")
        cursor.execute("UPDATE journal_event SET transaction = '3'")
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_kept")
        Checkpoint.objects.all().delete()
