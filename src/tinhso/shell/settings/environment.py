"""Where an installation lives and which database it uses, read from the environment."""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_CHECKOUT = Path(__file__).resolve().parents[4]
LONGEST_SOCKET_FOLDER = 80  # a socket's whole path may have 107 bytes on Linux


def project_folder() -> Path:
    """The checkout that this code runs from, or the current folder for an installed wheel."""
    return _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()


def home_folder() -> Path:
    """The data folder of the installation (`TINHSO_HOME`, default `var/` of the project)."""
    return Path(os.environ.get("TINHSO_HOME") or project_folder() / "var").absolute()


def catalog_folder() -> Path:
    """The folder of YAML that the province edits (`TINHSO_CATALOG`)."""
    return Path(os.environ.get("TINHSO_CATALOG") or project_folder() / "catalog").absolute()


def socket_folder(home: Path) -> Path:
    """Where the embedded PostgreSQL of *home* puts its socket: in *home* where the path is short enough."""
    inside = home / "run"
    if len(str(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    return Path(tempfile.gettempdir()) / f"tinhso-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class DatabaseAddress:
    """How to reach PostgreSQL. `host` that starts with `/` is a socket folder."""

    host: str
    port: str
    user: str
    password: str
    name: str
    options: dict[str, str]

    @property
    def conninfo(self) -> dict[str, str]:
        """Keyword arguments of `psycopg.connect`; parts that are not given are left out."""
        parts = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.name,
        }
        return {key: value for key, value in parts.items() if value} | self.options


def database_address() -> DatabaseAddress:
    """The database of `DATABASE_URL`, else the embedded one of this installation.

    Raises ValueError when `DATABASE_URL` is not a `postgresql://` address.
    """
    url = os.environ.get("DATABASE_URL")
    if not url:
        return DatabaseAddress(str(socket_folder(home_folder())), "5432", "tinhso", "", "tinhso", {})
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    options = dict(parse_qsl(parts.query))
    return DatabaseAddress(
        host=options.pop("host", "") or unquote(parts.hostname or ""),
        port=str(parts.port or options.pop("port", "")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        name=unquote(parts.path.lstrip("/")),
        options=options,
    )


def flag(name: str, *, default: bool = False) -> bool:
    """A yes-or-no setting; raises ValueError for anything but 1/0, true/false, yes/no."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no"}:
        return False
    raise ValueError(f"{name} must be 1 or 0, not {value!r}")


def number(name: str, default: int, most: int = 65_535) -> int:
    """A setting that is a whole number from 0 to *most*; raises ValueError, which names the setting."""
    value = os.environ.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) <= most):
        raise ValueError(f"{name} must be a whole number up to {most}, not {value!r}")
    return int(value)


def secret(name: str, home: Path) -> str:
    """The secret of `TINHSO_<NAME>`, else one made once and kept readable by its owner only under *home*."""
    given = os.environ.get(f"TINHSO_{name.upper()}")
    if given:
        return given
    kept = home / "keys" / name
    try:
        return kept.read_text().strip()
    except FileNotFoundError:
        pass
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = kept.with_name(f".{name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(fresh, kept)  # whoever links first wins; the others read what it wrote
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return kept.read_text().strip()
