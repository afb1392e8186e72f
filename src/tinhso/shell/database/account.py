"""The account under which the embedded PostgreSQL runs.

PostgreSQL refuses to run as root. A root shell (a container, a test machine) therefore hands it to an account
without rights, through setpriv(1) of util-linux, which also ties its life to that of its parent.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tinhso.shell.database.errors import OperatorError

_UNPRIVILEGED = ("postgres", "nobody")  # by preference; the first comes with Debian's postgresql-common


@dataclass(frozen=True)
class Account:
    """Who owns the data and runs the server. `switch` says that we are root and must become it."""

    uid: int
    gid: int
    switch: bool

    def take(self, path: Path) -> None:
        """Give *path* to this account; nothing to do unless we are root."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def prefix(self, reaches: list[Path]) -> list[str]:
        """The start of a command line that runs a program as this account.

        Where the account may not walk to one of the paths it *reaches* (a checkout below /root, say), it is
        lent the one capability to read past folder permissions, so that no folder of the system needs
        opening. Raises OperatorError when the system does not allow that either.
        """
        plain = [_setpriv(), *self._identity()]
        if not self.switch or self._walks(plain, reaches):
            return plain
        lent = [
            _setpriv(),
            "--securebits=+no_setuid_fixup",
            *self._identity(),
            "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search",
        ]
        if self._walks(lent, reaches):
            return lent
        name = pwd.getpwuid(self.uid).pw_name
        raise OperatorError(f"the account {name} cannot reach {reaches[0]}: move it, or run as an ordinary user")

    def _identity(self) -> list[str]:
        if not self.switch:
            return []
        return [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]

    @staticmethod
    def _walks(prefix: list[str], reaches: list[Path]) -> bool:
        """Whether every path can be entered or run under *prefix*, asked of the kernel itself."""
        asked = ([*prefix, "--", "test", "-x", str(path)] for path in reaches)
        return all(
            subprocess.run(question, check=False, capture_output=True, cwd="/").returncode == 0 for question in asked
        )


def account_for(data: Path) -> Account:
    """The account for the data folder *data*: the owner that it has, or the one that a new one shall have.

    Raises OperatorError when it belongs to somebody else and we are not root.
    """
    me = os.geteuid()
    owner = data.stat() if data.exists() else None
    if me != 0:
        if owner and owner.st_uid != me:
            raise OperatorError(f"{data} belongs to another account: run as that one, or as root")
        return Account(me, os.getegid(), switch=False)
    if owner and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, switch=True)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise OperatorError("PostgreSQL does not run as root, and there is no account postgres or nobody to run it")


def _setpriv() -> str:
    found = shutil.which("setpriv")
    if not found:
        raise OperatorError("setpriv is missing: install util-linux 2.33 or later")
    return found
