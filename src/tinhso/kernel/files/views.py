"""Handing out the bytes of an attachment; whoever calls this has checked the right to see its subject."""

from django.http import FileResponse, Http404, HttpResponseBase

from tinhso.kernel.files.actions import path_of
from tinhso.kernel.files.models import Attachment


def send(attachment: Attachment, *, small: bool = False) -> HttpResponseBase:
    """The file, as what it was made into; a document is downloaded, never shown inside the site."""
    digest = attachment.small_digest if small and attachment.small_digest else attachment.digest
    try:
        file = path_of(digest).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    document = attachment.medium == Attachment.Medium.DOCUMENT
    response = FileResponse(
        file,
        content_type=attachment.medium,
        as_attachment=document,
        filename=attachment.name or f"{attachment.pk}.{'pdf' if document else 'jpg'}",
    )
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
