"""Writers of attachments."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from tinhso.kernel.files import rules
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.people.models import Person

MOST_AT_ONCE = 10
LONGEST_NAME = 120


def path_of(digest: str) -> Path:
    """Where the bytes with this digest lie."""
    return Path(settings.TINHSO_HOME) / "files" / digest[:2] / digest[2:4] / digest


def _keep(data: bytes) -> str:
    """Write bytes under their digest, on the disk before this returns; what is there already is left."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest)
    if path.exists():
        return digest
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
    return digest


def store_photo(data: bytes, *, by: Person | None = None) -> Attachment:
    """Keep a photo, made safe. Raises UploadRefusedError."""
    photo = rules.safe_photo(data)
    return Attachment.objects.create(
        medium=Attachment.Medium.PHOTO,
        digest=_keep(photo.data),
        small_digest=_keep(photo.small),
        size=len(photo.data),
        width=photo.width,
        height=photo.height,
        made_by=by,
    )


def store_upload(data: bytes, name: str = "", *, by: Person | None = None) -> Attachment:
    """Keep a photo or a PDF, whichever the bytes are. Raises UploadRefusedError."""
    if not data.startswith(b"%PDF-"):
        return store_photo(data, by=by)
    rules.check_document(data)
    shown = "".join(sign for sign in name if sign.isprintable() and sign not in '/\\"')[:LONGEST_NAME]
    return Attachment.objects.create(
        medium=Attachment.Medium.DOCUMENT, digest=_keep(data), size=len(data), name=shown, made_by=by
    )


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
