"""The archive of a whole installation: one tar.gz with database, files, keys and a manifest.

The manifest comes last and lists every other part with its size and SHA-256. Reading unpacks into a folder of
its own and believes nothing before the manifest has confirmed it; the installation is untouched until then.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, BinaryIO

from tinhso.shell.database.errors import OperatorError

FORMAT = 1
DATABASE = "database.dump"  # by pg_dump in its custom format
FOLDERS = ("files", "keys")  # of TINHSO_HOME, as they are
_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 512 * 1024 * 1024  # bytes; about three million files
_SAFE_NAME = re.compile(r"database\.dump|manifest\.json|(files|keys)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_KEPT_FREE = 256 * 1024 * 1024  # bytes left on the disk while unpacking
_COMPRESSION = 1  # the dump and photos are compressed already


@dataclass(frozen=True)
class Part:
    """One file of the archive."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive holds; `tables` counts the rows of each table when it was written."""

    version: str
    postgres: int
    made_at: str
    tables: dict[str, int]
    parts: dict[str, Part]
    format: int = FORMAT


class _Counting(io.RawIOBase):
    """Reads a file of a known size through, and knows its digest afterwards."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the file."""
        data = self._source.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data

    @property
    def part(self) -> Part:
        """What was read, for the manifest."""
        return Part(self.size, self.digest.hexdigest())


def write(archive: Path, dump: Path, home: Path, manifest: Manifest) -> Manifest:
    """Write the archive; returns the manifest with its parts filled in.

    It is written under another name, flushed to the disk and renamed, so that a half-written one never bears
    the name. It holds keys and personal data: only its owner may read it.
    """
    unfinished = archive.with_name(f".{archive.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    parts: dict[str, Part] = {}
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with (
                gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_COMPRESSION, filename="") as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                for name, path in [(DATABASE, dump), *_contents(home)]:
                    parts[name] = _add(tar, name, path)
                done = Manifest(**{**vars(manifest), "parts": parts})
                text = json.dumps(asdict(done), indent=1).encode()
                tar.addfile(_entry(_MANIFEST, len(text)), io.BytesIO(text))
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.replace(archive)
    finally:
        unfinished.unlink(missing_ok=True)
    return done


def _contents(home: Path) -> Iterator[tuple[str, Path]]:
    """The files of the folders that belong into an archive; names that begin with a dot are being written."""
    for folder in FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            name = path.relative_to(home).as_posix()
            if path.is_file() and not path.is_symlink() and _SAFE_NAME.fullmatch(name):
                yield name, path


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    return entry


def _add(tar: tarfile.TarFile, name: str, path: Path) -> Part:
    with path.open("rb") as file:
        counting = _Counting(file)
        tar.addfile(_entry(name, os.fstat(file.fileno()).st_size), counting)
        return counting.part


@contextmanager
def unpacked(archive: Path, beside: Path) -> Iterator[tuple[Path, Manifest]]:
    """A folder with the archive's parts, each confirmed by the manifest; removed after the block.

    The folder lies in *beside*, on the same disk as the place where the parts go. Raises OperatorError for an
    archive that is damaged, incomplete, or holds anything else than an archive of ours does.
    """
    with tempfile.TemporaryDirectory(prefix="restore-", dir=beside) as scratch:
        folder = Path(scratch)
        try:
            manifest = _unpack(archive, folder)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OperatorError(f"{archive} is damaged: {error}") from error
        yield folder, manifest


def _unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack and confirm; see `unpacked`."""
    found: dict[str, Part] = {}
    manifest: Manifest | None = None
    with tarfile.open(archive, "r|gz") as tar:
        for entry in tar:
            plain = entry.isreg() and not entry.issparse() and _SAFE_NAME.fullmatch(entry.name)
            if manifest or not plain or entry.name in found:
                raise OperatorError(f"{archive} is not an archive of an installation: {entry.name!r} in it")
            source = tar.extractfile(entry)
            assert source is not None  # noqa: S101 - a regular file has content
            if entry.name == _MANIFEST:
                manifest = _read_manifest(archive, source, entry.size)
                continue
            if entry.size > shutil.disk_usage(folder).free - _KEPT_FREE:
                raise OperatorError(f"the disk of {folder} has no room for {archive}")
            found[entry.name] = _keep(source, folder / entry.name)
    if manifest is None:
        raise OperatorError(f"{archive} is incomplete: it has no manifest")
    if found != manifest.parts or DATABASE not in found:
        wrong = sorted(set(found.items()) ^ set(manifest.parts.items()), key=lambda item: item[0])
        raise OperatorError(f"{archive} is damaged: {wrong[0][0] if wrong else DATABASE} is not as its manifest says")
    return manifest


def _keep(source: IO[bytes], target: Path) -> Part:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    counting = _Counting(source)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(counting, file, 1024 * 1024)
        _to_disk(file)
    return counting.part


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _read_manifest(archive: Path, source: IO[bytes], size: int) -> Manifest:
    """The manifest; raises OperatorError for one that is not ours or of a later version."""
    try:
        if size > _LARGEST_MANIFEST:
            raise ValueError(f"{size} bytes")
        read = json.loads(source.read())
        if read["format"] > FORMAT:
            raise OperatorError(f"{archive} was written by a later version ({read['version']}): install that one")
        return Manifest(**{**read, "parts": {name: Part(**part) for name, part in read["parts"].items()}})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise OperatorError(f"{archive} has a manifest that cannot be read: {error}") from error
