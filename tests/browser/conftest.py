"""The built book in headless Chromium. Needs `make book` first, and Chromium."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SITE = Path(__file__).parents[2] / "book" / "_build" / "html"
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
QUIET += "--disable-component-update --disable-sync"
INSIDE = ("file:", "data:", "blob:", "http://127.0.0.1:")


def pages() -> list[str]:
    """The chapters, the search page, and one listing of source for all of them."""
    found = sorted(file.relative_to(SITE).as_posix() for file in SITE.rglob("*.html"))
    made = ("_static/", "code/", "index.html", "genindex.html")
    return [*[page for page in found if not page.startswith(made)], "code/ppo_teach/advantages.html"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", pages())


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
        browser = playwright.chromium.launch(executable_path=program, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def read(browser: Browser, site: Path) -> Callable:
    """Opens a page of the book, by its name or its address, and waits until its mathematics is set."""

    @contextmanager
    def reading(name: str, *, theme: str = "light", width: int = 1280) -> Iterator[Reading]:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        page = context.new_page()
        reading = Reading(page)
        page.set_default_timeout(10_000)
        page.on("request", lambda request: request.url.startswith(INSIDE) or reading.outside.append(request.url))
        page.on("requestfailed", lambda request: reading.complaints.append(f"{request.url}: {request.failure}"))
        page.on("pageerror", lambda error: reading.complaints.append(str(error)))
        page.on("console", lambda line: line.type == "error" and reading.complaints.append(line.text))
        path, _, query = name.partition("?")
        page.goto(name if "://" in name else (site / path).as_uri() + (query and f"?{query}"))
        page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready; }")
        yield reading
        context.close()

    return reading
