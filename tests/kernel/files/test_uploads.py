"""Hostile and broken uploads; what is kept of a photo."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from tinhso.kernel.files import actions, rules
from tinhso.kernel.files.rules import UploadRefusedError, safe_photo


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAABoAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5j"
    "bHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBp"
    "eGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAACJtZGF0AAAAFigBrxmA70mlv//jCV/5kfv87rWmPm4="
)
"""A green picture of 64 by 48 pixels, as a phone's camera keeps it."""


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo_taken_at_home() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Phone"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (11.0, 32.0, 5.0)
    return encoded(Image.new("RGB", (400, 300), "red"), exif=exif)


def png_bomb(side: int) -> bytes:
    """A PNG of a few hundred kilobytes that unpacks to *side* × *side* pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packed = zlib.compress(b"\0" * (side + 1) * 64, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_a_photo_is_turned_upright_and_loses_where_it_was_taken() -> None:
    data = photo_taken_at_home()
    assert Image.open(io.BytesIO(data)).getexif()
    kept = safe_photo(data)
    again = Image.open(io.BytesIO(kept.data))
    assert (again.width, again.height) == (300, 400)
    assert not again.getexif()
    assert b"Exif" not in kept.data
    assert b"Phone" not in kept.data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_formats_of_phones_are_taken(kind: str) -> None:
    kept = safe_photo(encoded(Image.new("RGB", (3000, 1500), "blue"), kind))
    assert (kept.width, kept.height) == (2048, 1024)
    assert max(Image.open(io.BytesIO(kept.small)).size) == 480


def test_the_format_of_newer_phones_is_taken() -> None:
    kept = safe_photo(HEIC)
    assert (kept.width, kept.height) == (64, 48)
    red, green, blue = Image.open(io.BytesIO(kept.data)).getpixel((30, 20))  # type: ignore[misc]
    assert green > 100 > red + blue


def test_what_was_see_through_becomes_white() -> None:
    kept = safe_photo(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"))
    pixel = Image.open(io.BytesIO(kept.data)).getpixel((4, 4))
    assert pixel == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"x" * (30 * 1024 * 1024), "15 MB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a photo"),
        (b"GIF89a" + b"\0" * 40, "not a photo"),
        (b"MZ" + b"\0" * 400, "not a photo"),
        (b"%PDF-1.7 not a photo", "not a photo"),
        (photo_taken_at_home()[:300], "not a photo"),
        (png_bomb(60_000), "too many pixels"),
    ],
    ids=["empty", "30 MB", "svg with a script", "gif", "program", "pdf", "cut off", "bomb"],
)
def test_what_is_no_sound_photo_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UploadRefusedError, match=said):
        safe_photo(data)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=400), st.integers(0, 300))
def test_a_photo_with_bytes_thrown_in_is_taken_or_refused_but_never_breaks(noise: bytes, place: int) -> None:
    data = photo_taken_at_home()
    try:
        safe_photo(data[:place] + noise + data[place + len(noise) :])
    except UploadRefusedError as refused:
        assert str(refused.message)


@pytest.mark.django_db
def test_the_same_bytes_are_kept_once_and_documents_stay_as_they_are() -> None:
    first, second = actions.store_photo(photo_taken_at_home()), actions.store_photo(photo_taken_at_home())
    assert first.digest == second.digest
    assert actions.path_of(first.digest).stat().st_size == first.size
    document = actions.store_upload(b"%PDF-1.7\n...", "../../etc/giấy\n.pdf")
    assert actions.path_of(document.digest).read_bytes() == b"%PDF-1.7\n..."
    assert "/" not in document.name
    assert Path(document.name).name == document.name


@pytest.mark.django_db
def test_a_file_goes_to_one_subject_only() -> None:
    kept = actions.store_photo(photo_taken_at_home())
    actions.attach_to([kept.pk], "case", 1, None, public=False)
    with pytest.raises(UploadRefusedError):
        actions.attach_to([kept.pk], "case", 2, None, public=False)


@pytest.mark.django_db
def test_a_document_is_downloaded_and_never_shown_inside_the_site() -> None:
    from tinhso.kernel.files.views import send

    response = send(actions.store_upload(b"%PDF-1.7\n<script>", "a.pdf"))
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert rules.MOST_BYTES < 30 * 1024 * 1024
