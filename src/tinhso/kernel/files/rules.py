"""Which uploads are taken, and what becomes of them. Photos are decoded and encoded anew: nothing that was not a
picture survives, neither scripts nor the place where it was taken."""

import io
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pi_heif
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOST_BYTES = 15 * 1024 * 1024
MOST_PIXELS = 50_000_000
"""More than any phone's camera makes; a small file that unpacks to more is an attack."""
LONGEST_SIDE, SMALL_SIDE = 2048, 480
JPEG_QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

Image.init()  # all of Pillow's own formats, before one is asked for by name
pi_heif.register_heif_opener()


class UploadRefusedError(Exception):
    """A file that is not taken; the message says what to do."""

    def __init__(self, message: "str | _StrPromise") -> None:
        super().__init__(str(message))
        self.message = message


@dataclass(frozen=True)
class Photo:
    """A photo made safe: JPEG bytes, upright, without metadata, and a small version."""

    data: bytes
    small: bytes
    width: int
    height: int


def _encoded(image: Image.Image, side: int) -> tuple[bytes, tuple[int, int]]:
    smaller = image.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    smaller.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return out.getvalue(), smaller.size


def safe_photo(data: bytes) -> Photo:
    """*data* as a safe photo. Raises UploadRefusedError for anything that is no picture, or too large a one."""
    check_size(len(data))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                image.load()
                upright = ImageOps.exif_transpose(image)
                flat = _on_white(upright)
    except Image.DecompressionBombError as error:
        raise UploadRefusedError(
            _("This picture has too many pixels. Take it again at a lower resolution.")
        ) from error
    except (UnidentifiedImageError, OSError, ValueError, TypeError, SyntaxError, EOFError, struct.error) as error:
        raise UploadRefusedError(
            _("This file is not a photo that can be read. Send a JPEG, PNG, WebP or HEIC picture.")
        ) from error
    large, size = _encoded(flat, LONGEST_SIDE)
    small, _small_size = _encoded(flat, SMALL_SIDE)
    return Photo(large, small, *size)


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, so that what was see-through does not turn black; a new image carries no metadata."""
    rgba = image.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def check_size(size: int) -> None:
    """Raises UploadRefusedError for an empty file and for one of more than MOST_BYTES."""
    if size == 0:
        raise UploadRefusedError(_("This file is empty. Choose another one."))
    if size > MOST_BYTES:
        raise UploadRefusedError(
            _("This file is larger than %(most)d MB. Send a smaller one.") % {"most": MOST_BYTES // 1024 // 1024}
        )


def check_document(data: bytes) -> None:
    """Raises UploadRefusedError unless *data* is a PDF."""
    check_size(len(data))
    if not data.startswith(b"%PDF-"):
        raise UploadRefusedError(_("This file is neither a photo nor a PDF. Send one of these."))
