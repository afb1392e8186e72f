"""What is looked at before anything is started: the disk and the port."""

import errno
import os
import shutil
import socket
from pathlib import Path

from tinhso.shell.database.errors import OperatorError

LEAST_FREE = 512 * 1024 * 1024  # bytes; a new database takes 80 MB, its log of changes up to 2 GB under load


def disk_complaint(free: int, folder: Path) -> str | None:
    """One line when *free* bytes are too few to work with, else None."""
    if free >= LEAST_FREE:
        return None
    mebibyte = 1024 * 1024
    return (
        f"the disk of {folder} is nearly full: {free // mebibyte} MB are free and "
        f"{LEAST_FREE // mebibyte} MB are needed; make room or set TINHSO_HOME"
    )


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk of *folder*, which need not exist yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_disk(folder: Path) -> None:
    """Raises OperatorError when the disk of *folder* is nearly full."""
    complaint = disk_complaint(free_bytes(folder), folder)
    if complaint:
        raise OperatorError(complaint)


def require_port(address: str, port: int) -> None:
    """Raises OperatorError when nothing could listen at *address* and *port*.

    Asked without SO_REUSEPORT, by which the web server would share the port with whoever has it.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = f"port {port} is taken by another program"
            else:
                reason = f"port {port} of {address} cannot be used ({os.strerror(error.errno or 0)})"
            raise OperatorError(f"{reason}: choose another with TINHSO_PORT") from error
