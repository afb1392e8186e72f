"""The pictures of the README and the guides: `python tools/screenshots.py`, or `make screenshots`.

Starts a demo of its own on a free port and takes every picture from it with chromium; `--url` and `--home` take them
from a demo that is running. The pictures go to docs/images, each below `LARGEST` bytes.
"""

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

if TYPE_CHECKING:
    from playwright._impl._api_structures import SetCookieParam

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
LARGEST = 200_000
"""Bytes of one picture."""
READY_LIMIT = 300.0  # seconds that a demo may take to its first page
MAP_LIMIT = 20_000.0  # milliseconds in which a map has been drawn
RESIDENT = "0900000001"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",  # maps are drawn without a graphics card
    "--enable-unsafe-swiftshader",
]


@dataclass(frozen=True)
class Screen:
    """A window: its size, and how many dots of the picture stand for one of its."""

    width: int
    height: int
    scale: float


PHONE, DESKTOP, TALL = Screen(360, 740, 1.5), Screen(1280, 800, 1), Screen(1280, 1060, 1)


@dataclass(frozen=True)
class Shot:
    """One picture: `go` brings a page of `who` (nobody where empty) to what is to be seen."""

    name: str
    screen: Screen
    language: str
    go: Callable[[Page], None]
    who: str = ""


def _open(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(path)

    return go


def _filled_report(page: Page) -> None:
    """The form of a report with a photo, a category and a commune."""
    page.goto("/reports/new?category=road")
    page.set_input_files("#photo-files", {"name": "road.jpg", "mimeType": "image/jpeg", "buffer": _picture()})
    page.locator("#text-field").fill("Ổ gà rộng gần một mét trước cổng chợ, tối qua có người ngã xe.")
    page.select_option("#commune", "26041", force=True)
    page.wait_for_timeout(600)  # the photo is made smaller first
    page.evaluate("scrollTo(0, 0)")


def _sent_report(page: Page) -> None:
    """What a resident gets for it."""
    _filled_report(page)
    page.locator("[data-send]").click()
    page.wait_for_url(re.compile(r"/t/[\w-]+/sent"))


def _picture() -> bytes:
    """A photo of the demo."""
    from tinhso.shell.cli.pictures import picture  # noqa: PLC0415  only where one is needed

    return picture("road", "screenshot")


def _own_report(words: str) -> Callable[[Page], None]:
    """The tracking page of the resident's report that holds *words*."""

    def go(page: Page) -> None:
        page.goto("/reports/mine")
        page.get_by_text(words).first.click()

    return go


def _case(words: str, query: str = "tab=all") -> Callable[[Page], None]:
    """The case that holds *words*, from the inbox."""

    def go(page: Page) -> None:
        page.goto(f"/desk/?{query}&q={words}")
        page.locator(".desk-open").first.click()
        page.wait_for_selector("[data-case]")

    return go


def _with_map(path: str) -> Callable[[Page], None]:
    """A page whose map has been drawn."""

    def go(page: Page) -> None:
        page.goto(path)
        page.wait_for_selector("[data-map] canvas", timeout=MAP_LIMIT)
        page.wait_for_timeout(2_500)

    return go


BOARD, PAST = "/ioc/?period=30-days", "/ioc/?period=binh-phuoc-2020"
SHOTS = [
    Shot("home-phone-vi", PHONE, "vi", _open("/")),
    Shot("report-phone-vi", PHONE, "vi", _filled_report),
    Shot("report-phone-en", PHONE, "en", _filled_report),
    Shot("sent-phone-vi", PHONE, "vi", _sent_report),
    Shot("question-phone-vi", PHONE, "vi", _own_report("Nhà đang xây"), RESIDENT),
    Shot("closed-phone-vi", PHONE, "vi", _own_report("Cây me già"), RESIDENT),
    Shot("closed-phone-en", PHONE, "en", _own_report("Cây me già"), RESIDENT),
    Shot("home-desktop-en", DESKTOP, "en", _open("/")),
    Shot("inbox-desktop-vi", DESKTOP, "vi", _open("/desk/?tab=unit"), "officer"),
    Shot("inbox-desktop-en", DESKTOP, "en", _open("/desk/?tab=unit"), "officer"),
    Shot("inbox-phone-vi", PHONE, "vi", _open("/desk/?tab=unit"), "officer"),
    Shot("case-desktop-vi", DESKTOP, "vi", _case("hem+114"), "officer"),
    Shot("case-desktop-en", DESKTOP, "en", _case("hem+114"), "officer"),
    Shot("case-phone-vi", PHONE, "vi", _case("hem+114"), "officer"),
    Shot("dispatch-desktop-vi", DESKTOP, "vi", _open("/desk/"), "operator"),
    Shot("board-desktop-vi", TALL, "vi", _with_map(BOARD), "operator"),
    Shot("board-desktop-en", TALL, "en", _with_map(BOARD), "operator"),
    Shot("board-phone-vi", PHONE, "vi", _open(BOARD), "operator"),
    Shot("past-desktop-vi", TALL, "vi", _with_map(PAST), "operator"),
    Shot("past-desktop-en", TALL, "en", _with_map(PAST), "operator"),
    Shot("map-desktop-vi", DESKTOP, "vi", _with_map("/ioc/map/?period=30-days"), "operator"),
]


@click.command()
@click.option("--url", help="A demo that is running; else one is started for the pictures.")
@click.option(
    "--home", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The TINHSO_HOME of that demo."
)
@click.option("--only", default="", help="Names of pictures, comma-separated.")
def main(url: str | None, home: Path | None, only: str) -> None:
    """Take the pictures."""
    if (url is None) != (home is None):
        raise click.UsageError("--url and --home go together")
    wanted = set(filter(None, only.split(",")))
    if unknown := wanted - {shot.name for shot in SHOTS}:
        raise click.UsageError(f"there is no picture {', '.join(sorted(unknown))}")
    with _demo(url, home) as (address, passwords):
        _take([shot for shot in SHOTS if not wanted or shot.name in wanted], address, passwords)


@contextmanager
def _demo(url: str | None, home: Path | None) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The address of a demo and what its accounts sign in with."""
    if url and home:
        yield url.rstrip("/"), _passwords(home)
        return
    with tempfile.TemporaryDirectory(prefix="tinhso-screenshots-") as folder:
        home, port = Path(folder), _free_port()
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TINHSO_") and name != "DATABASE_URL"
        } | {"TINHSO_HOME": str(home), "TINHSO_PORT": str(port)}
        command = [sys.executable, "-m", "tinhso.shell.cli", "demo"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process)
            yield address, _passwords(home)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310  our own address
                return
        except OSError:
            time.sleep(0.5)
    raise click.ClickException("the demo did not start")


def _passwords(home: Path) -> dict[str, str]:
    """User name → password, from the list that a demo keeps of its accounts."""
    rows = [re.split(r" {3,}", line) for line in (home / "demo").read_text().splitlines()]
    return {row[1]: row[2] for row in rows}


def _take(shots: list[Shot], address: str, passwords: Mapping[str, str]) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise click.ClickException("chromium is not there (Debian: apt-get install chromium)")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as control:
        browser = control.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        cookies = {who: _signed_in(browser, address, who, passwords) for who in {it.who for it in shots} - {""}}
        for shot in shots:
            data = _small(_picture_of(browser, address, shot, cookies.get(shot.who, [])))
            (IMAGES / f"{shot.name}.png").write_bytes(data)
            click.echo(f"{shot.name}: {len(data) / 1000:.0f} kB")
        browser.close()


def _window(browser: Browser, address: str, screen: Screen) -> BrowserContext:
    return browser.new_context(
        base_url=address,
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.scale,
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        reduced_motion="reduce",
    )


def _signed_in(browser: Browser, address: str, who: str, passwords: Mapping[str, str]) -> "list[SetCookieParam]":
    """The cookies of *who* after signing in: staff by password, the resident by the code in the demo's outbox."""
    with _window(browser, address, DESKTOP) as context:
        page = context.new_page()
        page.goto("/accounts/login/")
        if who == RESIDENT:
            page.locator("[name=phone]").fill(who)
            page.locator("form:has([name=phone]) button").first.click()
            page.wait_for_url("**/login/code/**")
            outbox = context.new_page()
            outbox.goto("/outbox/")
            code = re.search(r"\b\d{6}\b", outbox.locator("main").inner_text())
            assert code, "no code in the outbox"  # noqa: S101
            page.locator("[name=code]").fill(code[0])
            page.locator("form:has([name=code]) button").first.click()
        else:
            page.locator("[name=login]").fill(who)
            page.locator("[name=password]").fill(passwords[who])
            page.locator("form:has([name=password]) button").first.click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        return [{"name": it["name"], "value": it["value"], "url": address} for it in context.cookies()]


def _picture_of(browser: Browser, address: str, shot: Shot, cookies: "list[SetCookieParam]") -> bytes:
    with _window(browser, address, shot.screen) as context:
        context.add_cookies([*cookies, {"name": "tinhso_language", "value": shot.language, "url": address}])
        page = context.new_page()
        shot.go(page)
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(400)
        return page.screenshot()


def _small(png: bytes) -> bytes:
    """The picture with as many colours as fit into `LARGEST` bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32):
        out = io.BytesIO()
        image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() <= LARGEST:
            return out.getvalue()
    raise click.ClickException(f"a picture does not fit into {LARGEST} bytes")


if __name__ == "__main__":
    main()
