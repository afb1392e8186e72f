"""The form of a new report: what was typed is kept, word by word, until it is taken."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _

from tinhso.kernel.files.actions import store_photo
from tinhso.kernel.files.rules import UploadRefusedError, check_size
from tinhso.kernel.journal.actions import digest
from tinhso.kernel.people.models import Person

MOST_PHOTOS = 5
LONGEST_TEXT = 4_000
KEPT_SECONDS = 24 * 60 * 60
"""How long an uploaded photo can be claimed by the form that it was uploaded with."""
_SALT = "reports.photo"
_TOKEN = re.compile(r"[0-9a-f]{32}")


class NoTicketError(ValueError):
    """This is no ticket of ours, or too old a one."""


def ticket(key: UUID) -> str:
    """What a form carries for a photo: only the form that uploaded it can claim it."""
    return signing.dumps(key.hex, salt=_SALT)


def photo_of_ticket(text: str) -> UUID:
    """The photo of a ticket. Raises NoTicketError."""
    try:
        return UUID(signing.loads(text, salt=_SALT, max_age=KEPT_SECONDS))
    except (signing.BadSignature, ValueError) as error:
        raise NoTicketError from error


@dataclass
class ReportForm:
    """What stands in the form. `token` tells a form that is sent twice from two forms; `photos` are tickets."""

    token: str = field(default_factory=lambda: secrets.token_hex(16))
    category: str = ""
    text: str = ""
    latitude: str = ""
    longitude: str = ""
    commune: str = ""
    contact: str = ""
    photos: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, post: QueryDict) -> "ReportForm":
        """As it was sent; photos that were taken out, and tickets that are not ours, are left out."""
        token = post.get("token", "")
        dropped = set(post.getlist("drop"))
        form = cls(
            category=post.get("category", ""),
            text=post.get("text", ""),
            latitude=post.get("lat", ""),
            longitude=post.get("lon", ""),
            commune=post.get("commune", ""),
            contact=post.get("contact", ""),
        )
        if _TOKEN.fullmatch(token):
            form.token = token
        for kept in dict.fromkeys(post.getlist("kept")):
            try:
                photo_of_ticket(kept)
            except NoTicketError:
                continue
            if kept not in dropped:
                form.photos.append(kept)
        return form

    def take(self, uploads: Sequence[UploadedFile], by: Person | None) -> None:
        """Store new photos at once, so that a mistake elsewhere in the form does not lose them."""
        fitting = MOST_PHOTOS - len(self.photos)
        if len(uploads) > fitting:
            self.errors["photos"] = _("At most %(most)d photos fit. The others were left out.") % {
                "most": MOST_PHOTOS
            }
        kept, fault = store_uploads(uploads[: max(0, fitting)], by)
        self.photos += [ticket(key) for key in kept]
        if fault:
            self.errors["photos"] = fault

    @property
    def keys(self) -> list[UUID]:
        """The photos' own keys."""
        return [photo_of_ticket(it) for it in self.photos]

    @property
    def typed(self) -> dict[str, Any]:
        """The fields as the case type knows them."""
        place = {"lat": self.latitude, "lon": self.longitude, "commune": self.commune}
        return {
            "category": self.category,
            "text": self.text,
            "place": place if any(it.strip() for it in place.values()) else None,
            "contact": self.contact,
        }

    @property
    def digest(self) -> str:
        """What identifies the content, keyed: the same form sent twice has the same one, its photos aside."""
        parts = (self.category, self.text, self.latitude, self.longitude, self.commune, self.contact)
        return digest("\n\0".join(parts).encode(errors="replace").decode())

    def refuse(self, errors: Mapping[str, object]) -> None:
        """Put reasons beside their fields."""
        self.errors |= {name: str(reason) for name, reason in errors.items()}

    def renew(self) -> None:
        """A form of its own, where its token was used for another report before."""
        self.token = secrets.token_hex(16)


def store_uploads(uploads: Sequence[UploadedFile], by: Person | None) -> tuple[list[UUID], str]:
    """Keep what is a photo; returns the keys, and why something was not taken (empty when all was)."""
    kept, fault = [], ""
    for upload in uploads:
        try:
            check_size(upload.size or 0)
            kept.append(store_photo(upload.read(), by=by).pk)
        except UploadRefusedError as error:
            fault = f"{upload.name}: {error.message}"
    return kept, fault
