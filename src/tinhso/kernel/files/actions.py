"""Writers of attachments."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tinhso.kernel.files import rules
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.people.models import Person

MOST_AT_ONCE = 10
LONGEST_NAME = 120
UNCLAIMED_KEPT = timedelta(hours=24)
"""How long an upload waits for the command that takes it."""
REMOVED_AT_ONCE = 200

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(digest, 0)) FROM unnest(%s::text[]) AS digest"


def path_of(digest: str) -> Path:
    """Where the bytes with this digest lie."""
    return Path(settings.TINHSO_HOME) / "files" / digest[:2] / digest[2:4] / digest


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _lock(digests: Iterable[str]) -> None:
    """Keep others from storing or removing these bytes until the transaction ends.

    Equal bytes lie in one file: without this, the file could be removed between the moment it is found there by
    an upload and the moment that the upload's row can be seen.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(set(digests))])  # in order, so that two never wait for each other


def _keep(digest: str, data: bytes) -> None:
    """Write bytes under their digest, on the disk before this returns; what is there already is left."""
    path = path_of(digest)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{digest}.{os.getpid()}.{id(data)}")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@transaction.atomic
def _stored(attachment: Attachment, *contents: bytes) -> Attachment:
    found = {_digest(data): data for data in contents}
    _lock(found)
    for digest, data in found.items():
        _keep(digest, data)
    attachment.save(force_insert=True)
    return attachment


def store_photo(data: bytes, *, by: Person | None = None) -> Attachment:
    """Keep a photo, made safe. Raises UploadRefusedError."""
    photo = rules.safe_photo(data)
    attachment = Attachment(
        medium=Attachment.Medium.PHOTO,
        digest=_digest(photo.data),
        small_digest=_digest(photo.small),
        size=len(photo.data),
        width=photo.width,
        height=photo.height,
        made_by=by,
    )
    return _stored(attachment, photo.data, photo.small)


def store_upload(data: bytes, name: str = "", *, by: Person | None = None) -> Attachment:
    """Keep a photo or a PDF, whichever the bytes are. Raises UploadRefusedError."""
    if not data.startswith(b"%PDF-"):
        return store_photo(data, by=by)
    rules.check_document(data)
    shown = "".join(sign for sign in name if sign.isprintable() and sign not in '/\\"')[:LONGEST_NAME]
    attachment = Attachment(
        medium=Attachment.Medium.DOCUMENT, digest=_digest(data), size=len(data), name=shown, made_by=by
    )
    return _stored(attachment, data)


def remove_unclaimed(at: datetime) -> int:
    """Remove uploads that no command took within UNCLAIMED_KEPT before *at*, row and file; returns how many rows.

    A file stays as long as another row names it.
    """
    removed = 0
    while batch := _remove_some(at - UNCLAIMED_KEPT):
        removed += batch
    return removed


@transaction.atomic
def _remove_some(before: datetime) -> int:
    old = Attachment.objects.filter(subject_id__isnull=True, made_at__lt=before)
    rows = old.values_list("pk", "digest", "small_digest")[:REMOVED_AT_ONCE]
    found = {pk: {large, small} - {""} for pk, large, small in rows}
    if not found:
        return 0
    digests = set().union(*found.values())
    _lock(digests)
    removed, _ = old.filter(pk__in=found).delete()  # less those that were taken a moment ago
    named = Attachment.objects.filter(Q(digest__in=digests) | Q(small_digest__in=digests))
    kept = {it for pair in named.values_list("digest", "small_digest") for it in pair}
    for digest in digests - kept:
        path_of(digest).unlink(missing_ok=True)
    return removed


def attach_to(
    files: Sequence[UUID], subject_kind: str, subject_id: int, event_id: int | None, *, public: bool
) -> None:
    """Give uploaded files to their subject; one statement.

    Raises UploadRefusedError when one is not there, or belongs to another subject already.
    """
    if len(files) > MOST_AT_ONCE:
        raise rules.UploadRefusedError(_("At most %(most)d files fit. Leave some out.") % {"most": MOST_AT_ONCE})
    taken = Attachment.objects.filter(pk__in=files, subject_id__isnull=True).update(
        subject_kind=subject_kind, subject_id=subject_id, event_id=event_id, public=public
    )
    if taken != len(set(files)):
        raise rules.UploadRefusedError(_("A photo is no longer there. Add it again."))
