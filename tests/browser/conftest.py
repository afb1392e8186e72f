"""A real chromium against the application; skipped, and said so, where there is none."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import TransactionTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.plugin import DjangoDbBlocker

CHROMIUM = shutil.which("chromium")
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
AXE = settings.PROJECT_FOLDER / "node_modules" / "axe-core" / "axe.min.js"

Visit = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    if CHROMIUM is None:
        pytest.skip("chromium is not there (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as control, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright runs a loop of its own beside the database
        found = control.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def one_database(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> Iterator[None]:
    """Lets the tests of a module share their database, which is emptied after the last of them.

    Emptying it after each, and loading the catalogue again, would take longer than the tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: None)
        yield
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def visit(browser: "Browser", one_database: None, live_server: Any, catalogue: None) -> Iterator[Visit]:
    """Opens a page of a browser of its own: of a width in pixels, in a language, with JavaScript or without.

    Whatever the console calls an error, a breach of the content policy too, fails the test.
    """
    cache.clear()
    complaints: list[str] = []
    with ExitStack() as stack:

        def opened(*, width: int = 1280, language: str = "vi", script: bool = True, **more: Any) -> "Page":
            context = browser.new_context(
                base_url=live_server.url,
                viewport={"width": width, "height": 740},
                java_script_enabled=script,
                locale="en-US",
                **more,
            )
            stack.callback(context.close)
            if language != "vi":
                name = settings.LANGUAGE_COOKIE_NAME
                context.add_cookies([{"name": name, "value": language, "url": live_server.url}])
            page = context.new_page()
            page.on("console", lambda it: complaints.append(it.text) if it.type == "error" else None)
            page.on("pageerror", lambda it: complaints.append(str(it)))
            return page

        yield opened
    # A page that says 404 or 422 on purpose is an error to the console, too.
    assert [it for it in complaints if "Failed to load resource" not in it] == []


def faults(page: "Page") -> list[str]:
    """What axe-core finds serious or worse on this page. The page must allow scripts: axe works in steps."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{it['id']}: {it['nodes'][0]['html']}" for it in found if it["impact"] in {"serious", "critical"}]


def overflows(page: "Page") -> bool:
    """Whether the page is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
