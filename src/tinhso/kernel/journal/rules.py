"""Hashing and signing of the record: the Merkle tree of RFC 9162 over canonical events."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LEAF, NODE = b"\x00", b"\x01"
HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def instant(value: datetime) -> str:
    """An instant as the record writes it: UTC, microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(event: Sequence[Any]) -> bytes:
    """The bytes of one event that are hashed: a JSON array of its columns, object keys in order."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def leaf_hash(data: bytes) -> bytes:
    """RFC 9162 §2.1.1: the hash of one leaf."""
    return hashlib.sha256(LEAF + data).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162 §2.1.1: the root over *leaves* (hashes), built level by level."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        paired = [hashlib.sha256(NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def seal_digest(first: int, last: int, count: int, root: bytes, previous: bytes, made_at: datetime) -> bytes:
    """What a seal's signature covers."""
    text = canonical([first, last, count, root.hex(), previous.hex(), instant(made_at)])
    return hashlib.sha256(text).digest()


@dataclass(frozen=True)
class Damage:
    """One place where the record is not what was sealed."""

    event: int | None
    seal: int | None
    what: str

    def __str__(self) -> str:
        where = f"event {self.event}" if self.event is not None else f"seal {self.seal}"
        return f"{where}: {self.what}"


def split_leaves(leaves: bytes) -> Iterator[bytes]:
    """The hashes of a seal one by one."""
    return (leaves[i : i + HASH_BYTES] for i in range(0, len(leaves), HASH_BYTES))


def compare(seal: int, sealed: Iterable[tuple[int, bytes]], found: Iterable[tuple[int, bytes]]) -> list[Damage]:
    """What differs between the (key, leaf hash) pairs that were sealed and those found now."""
    was, now = dict(sealed), dict(found)
    damages = [Damage(key, seal, "is missing") for key in was.keys() - now.keys()]
    damages += [Damage(key, seal, "was added after sealing") for key in now.keys() - was.keys()]
    damages += [Damage(key, seal, "was changed") for key in was.keys() & now.keys() if was[key] != now[key]]
    return sorted(damages, key=lambda damage: damage.event or 0)
