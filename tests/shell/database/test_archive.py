"""An archive is believed only when every part of it is as its manifest says."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tinhso.shell.database import archive
from tinhso.shell.database.errors import OperatorError

EMPTY = archive.Manifest(version="0.1.0", postgres=18, made_at="2026-01-01T00:00:00Z", tables={"t": 3}, parts={})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """An archive of a small installation."""
    home = tmp_path / "from"
    for name, content in {
        "files/ab/cd/abcd": b"photo" * 1000,
        "files/ab/cd/.abcd.7": b"being written",
        "keys/secret_key": b"secret",
        "logs/web.log": b"not in it",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    (home / "files" / "link").symlink_to("/etc/passwd")
    dump = tmp_path / "dump"
    dump.write_bytes(b"PGDMP")
    archive.write(tmp_path / "it.tar.gz", dump, home, EMPTY)
    return tmp_path / "it.tar.gz"


def rewrite(path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> None:
    """Change the entries of an archive."""
    with tarfile.open(path) as tar:
        entries = [(entry, file.read()) for entry in tar if (file := tar.extractfile(entry))]
    change(entries)
    with tarfile.open(path, "w:gz") as tar:
        for entry, content in entries:
            entry.size = len(content) if entry.isreg() else 0
            tar.addfile(entry, io.BytesIO(content))


def insert(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Callable[..., None]:
    """A change that puts an entry first."""

    def change(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        entries.insert(0, (entry, b"x" if kind == tarfile.REGTYPE else b""))

    return change


def unpack(path: Path, beside: Path) -> dict[str, bytes]:
    with archive.unpacked(path, beside) as (folder, _):
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_comes_back_as_it_was_written(written: Path, tmp_path: Path) -> None:
    with archive.unpacked(written, tmp_path) as (folder, manifest):
        assert (manifest.version, manifest.tables) == ("0.1.0", {"t": 3})
        assert sorted(manifest.parts) == ["database.dump", "files/ab/cd/abcd", "keys/secret_key"]
        assert (folder / "files/ab/cd/abcd").read_bytes() == b"photo" * 1000
    assert not folder.exists()


def test_is_readable_by_its_owner_alone(written: Path) -> None:
    assert written.stat().st_mode & 0o777 == 0o600


def test_leaves_nothing_under_its_name_when_it_cannot_be_finished(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archive.write(tmp_path / "it.tar.gz", tmp_path / "no-dump", tmp_path, EMPTY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        insert("../outside"),
        insert("files/../../outside"),
        insert("/etc/outside"),
        insert("files/.hidden"),
        insert("postgres/PG_VERSION"),
        insert("files/link", tarfile.SYMTYPE, "/etc/passwd"),
        insert("files/link", tarfile.LNKTYPE, "database.dump"),
        insert("files/device", tarfile.CHRTYPE),
        insert("files/ab/cd/abcd"),
    ],
    ids=["up", "up-inside", "absolute", "hidden", "folder", "symlink", "hardlink", "device", "twice"],
)
def test_refuses_what_no_archive_of_ours_holds(
    written: Path, tmp_path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]
) -> None:
    rewrite(written, change)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(OperatorError, match="is not an archive of an installation"):
        unpack(written, tmp_path)
    assert set(tmp_path.rglob("*")) == before


def test_refuses_a_part_that_was_changed(written: Path, tmp_path: Path) -> None:
    def change(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        entries[1] = (entries[1][0], b"Photo" + entries[1][1][5:])

    rewrite(written, change)
    with pytest.raises(OperatorError, match="files/ab/cd/abcd is not as its manifest says"):
        unpack(written, tmp_path)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_refuses_when_a_part_is_missing(written: Path, tmp_path: Path, missing: int) -> None:
    rewrite(written, lambda entries: entries.pop(missing) and None)
    with pytest.raises(OperatorError, match="is not as its manifest says"):
        unpack(written, tmp_path)


def test_refuses_one_without_manifest_or_with_more_after_it(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    rewrite(written, lambda entries: entries.pop() and None)
    with pytest.raises(OperatorError, match="has no manifest"):
        unpack(written, tmp_path)
    written.write_bytes(whole)
    rewrite(written, lambda entries: entries.append((tarfile.TarInfo("files/late"), b"x")))
    with pytest.raises(OperatorError, match="'files/late' in it"):
        unpack(written, tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_refuses_one_that_was_cut_off(written: Path, tmp_path: Path, kept: float) -> None:
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(OperatorError, match=r"is damaged|has no manifest"):
        unpack(written, tmp_path)


def test_refuses_a_later_format_and_a_manifest_of_another_shape(tmp_path: Path) -> None:
    for text, reason in [
        (json.dumps({**asdict(EMPTY), "format": archive.FORMAT + 1, "version": "9.0"}), "a later version .9.0."),
        ("[]", "cannot be read"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            entry = tarfile.TarInfo("manifest.json")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
        (tmp_path / "it.tar.gz").write_bytes(gzip.compress(packed.getvalue()))
        with pytest.raises(OperatorError, match=reason):
            unpack(tmp_path / "it.tar.gz", tmp_path)
