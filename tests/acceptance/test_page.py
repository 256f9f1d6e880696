"""The page, in a real browser: it shows what goes on, and asks nobody else for anything.

Needs Chromium, as Debian packages it. Where there is none the tests are left out, but not on CI.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from rtkq import store
from rtkq.recall.rank import WEIGHTS
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon, daemon, project, start
from tests.integration.serve.test_hook import spawn

__all__ = ["daemon", "project", "start"]

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    _CHROMIUM is None and "CI" not in os.environ, reason="there is no Chromium"
)
_SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LONGEST_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=_SWITCHES)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page, which fails the test when a script on it does."""
    opened = browser.new_page()
    opened.set_default_timeout(_LONGEST_MS)
    expect.set_options(timeout=_LONGEST_MS)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if is_error(said) else None)
    yield opened
    opened.close()
    assert errors == []


def is_error(said: ConsoleMessage) -> bool:
    """Return whether the browser complains; a daemon that ended is no fault of the page."""
    return said.type == "error" and "net::ERR_" not in said.text


def look(page: Page, daemon: Daemon, **size: int) -> None:
    """Open the page and wait until it shows projects and a picture."""
    page.set_viewport_size({"width": 1200, "height": 900, **size})
    page.goto(f"http://127.0.0.1:{daemon.port}/")
    expect(page.locator("#projects tbody tr")).not_to_have_count(0)
    expect(page.locator("#picture rect")).not_to_have_count(0)


def test_page_shows_what_happens_while_it_is_open(
    page: Page, daemon: Daemon, project: Checkout
) -> None:
    """A spawn appears by itself, with the files that its context named."""
    look(page, daemon)
    expect(page.locator("#no-last")).to_be_visible()

    daemon.post("/v1/hook/claude-code", **spawn(project.root, "refresh the session"))

    expect(page.locator("#spawns")).to_have_text("1")
    expect(page.locator("#injection")).to_have_text("100 %")
    expect(page.locator("#last li")).to_contain_text("src/session.py")
    expect(page.locator("#minutes rect.given")).to_have_count(1)


def test_states_are_told_in_words(page: Page, daemon: Daemon, project: Checkout) -> None:
    """No watcher runs here, so the page says that it is not working, and why."""
    look(page, daemon)

    expect(page.locator("#verdict")).to_contain_text("watcher and workers not running")
    expect(page.locator("#projects .state")).to_have_text("fresh")


def test_task_is_asked_by_keyboard_alone(page: Page, daemon: Daemon, project: Checkout) -> None:
    """A slash leads to the search box; the answer says why each file was chosen."""
    look(page, daemon)

    page.keyboard.press("/")
    page.keyboard.type("refresh the session store")
    page.keyboard.press("Enter")

    first = page.locator("#answer > ol > li").first
    expect(first.locator(".head .path")).to_have_text("src/session.py")
    expect(first.locator("ul.why")).to_contain_text("its words fit")
    expect(first.locator(".symbols")).to_contain_text("SessionStore.refresh")


def test_page_has_words_for_every_signal(page: Page, daemon: Daemon, project: Checkout) -> None:
    """Nobody should have to know what recall calls its reasons."""
    look(page, daemon)

    script = page.request.get(f"http://127.0.0.1:{daemon.port}/page/page.js").text()

    assert [signal for signal in WEIGHTS if f"  {signal}: [" not in script] == []


def test_folders_of_the_picture_can_be_reached_and_read(
    page: Page, daemon: Daemon, project: Checkout
) -> None:
    """Each is a stop of the tab key that tells its size and who imports it."""
    look(page, daemon)

    page.locator("#task").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")

    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "files" in label


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1200])
def test_page_fits_its_window(
    page: Page, daemon: Daemon, project: Checkout, width: int, scheme: str
) -> None:
    """Nothing is wider than the screen, and text is told from its ground."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    look(page, daemon, width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert contrast(page) >= 4.5


def contrast(page: Page) -> float:
    """Return the contrast of the page's text with its ground.

    Source:
        WCAG 2.2, relative luminance and contrast ratio.
    """
    style = "getComputedStyle(document.body)"
    colours = [page.evaluate(f"{style}.{name}") for name in ("color", "backgroundColor")]
    light, dark = sorted(map(luminance, colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as ``rgb(1, 2, 3)``."""
    parts = [int(part) / 255 for part in colour[4:-1].split(",")]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_page_asks_nobody_but_its_own_daemon(page: Page, daemon: Daemon, project: Checkout) -> None:
    """It works without a network."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    look(page, daemon)

    assert {"/".join(url.split("/")[:3]) for url in asked} == {f"http://127.0.0.1:{daemon.port}"}


def test_names_from_a_repository_are_text(page: Page, daemon: Daemon, project: Checkout) -> None:
    """A file that is named like a piece of a page stays a name."""
    project.write('src/&lt;img src=x&gt;" onclick=alert(1).py', "def refresh_session(): pass\n")
    daemon.post("/v1/refresh", project_root=project.root)
    look(page, daemon)

    page.fill("#task", "refresh_session")
    page.keyboard.press("Enter")

    expect(page.locator("#answer")).to_contain_text('&lt;img src=x&gt;" onclick')
    expect(page.locator("#answer img")).to_have_count(0)


def test_folders_and_spawns_of_any_name_are_text(
    page: Page, daemon: Daemon, project: Checkout, home: str, tmp_path: Path
) -> None:
    """A folder may be called like a script, and an agent may call its subagents so."""
    hostile = Checkout(tmp_path / '<img src=x onerror=document.title="owned">')
    hostile.write("src/session.py", "def refresh_session(): pass\n")
    store.register(home, hostile.root)
    daemon.post("/v1/refresh", project_root=hostile.root)
    document = spawn(hostile.root, "refresh the session", "<b>bold</b>")
    daemon.post("/v1/hook/claude-code", **document)
    look(page, daemon)

    expect(page.locator("#projects")).to_contain_text("<img src=x onerror=")
    expect(page.locator("#last li")).to_contain_text("<b>bold</b>")
    expect(page.locator("#projects img, #last b, #last img, #picture img")).to_have_count(0)
    expect(page).not_to_have_title("owned")


def test_page_lives_through_a_new_start_of_the_daemon(
    page: Page, daemon: Daemon, project: Checkout
) -> None:
    """What happens after it is shown without loading the page again."""
    look(page, daemon)

    daemon.process.send_signal(signal.SIGHUP)
    daemon._read_where()
    daemon.post("/v1/hook/claude-code", **spawn(project.root, "refresh the session"))

    expect(page.locator("#spawns")).to_have_text("1")
