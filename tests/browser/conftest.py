"""The built book in headless Chromium. Needs `make book` first, and Chromium."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SITE = Path(__file__).parents[2] / "book" / "_build" / "html"
LISTING = "code/ppo_teach/advantages.html"
INSIDE = ("file:", "data:", "blob:", "http://127.0.0.1:")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]


def pages() -> list[str]:
    """The chapters, the search page, and one listing of source for all of them."""
    found = sorted(file.relative_to(SITE).as_posix() for file in SITE.rglob("*.html"))
    made = ("_static/", "code/", "index.html", "genindex.html")
    return [*[page for page in found if not page.startswith(made)], LISTING]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", pages(), scope="session")  # all tests of one page, then those of the next


@dataclass
class Reading:
    """A page that is open, with what the browser complained of while it loaded."""

    page: Page
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def site() -> Path:
    assert (SITE / "intro.html").exists(), "the book is not built: make book"
    return SITE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    programs = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    program = next(filter(None, programs), None)
    assert program, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def load(browser: Browser, address: str, *, theme: str, width: int) -> Reading:
    """The page, once its mathematics is set, its fonts are there and nothing moves: a colour may fade into another."""
    viewport = {"width": width, "height": 900}
    context = browser.new_context(viewport=viewport, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(120_000)  # milliseconds, for a machine that has other things to do
    reading = Reading(page)
    page.on("request", lambda request: request.url.startswith(INSIDE) or reading.outside.append(request.url))
    page.on("requestfailed", lambda request: reading.complaints.append(f"{request.url}: {request.failure}"))
    page.on("pageerror", lambda error: reading.complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and reading.complaints.append(line.text))
    page.goto(address)
    page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready; }")
    page.evaluate("() => Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    return reading


@pytest.fixture(scope="session")
def look(browser: Browser, site: Path) -> Callable:
    """Opens a page of the book to look at; tests share it, so they leave it as it is.

    When the next page is looked at the one before it is closed: open pages go on using the processor.
    """
    opened: dict[tuple[str, str, int], Reading] = {}

    def looking(name: str, *, theme: str = "light", width: int = 1280) -> Reading:
        for key in [key for key in opened if key[0] != name]:
            opened.pop(key).page.context.close()
        key = (name, theme, width)
        if key not in opened:
            opened[key] = load(browser, (site / name).as_uri(), theme=theme, width=width)
        return opened[key]

    return looking


@pytest.fixture
def use(browser: Browser, site: Path) -> Callable:
    """Opens a page, by its name or its address, to do things with; nobody else sees it."""

    @contextmanager
    def using(name: str, *, theme: str = "light", width: int = 1280) -> Iterator[Reading]:
        path, _, query = name.partition("?")
        address = name if "://" in name else (site / path).as_uri() + (query and f"?{query}")
        reading = load(browser, address, theme=theme, width=width)
        yield reading
        reading.page.context.close()

    return using
