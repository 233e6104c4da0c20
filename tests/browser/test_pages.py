"""Every page as readers meet it: offline, in light and dark, on a telephone, with a keyboard or a screen reader."""

import json
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

# What axe finds in the theme and in the bibliography, neither of which is ours: the rule, and what it is found on.
# 1. The search button is called "Search" and shows a keyboard shortcut besides.
# 2. The title above the table of contents stands outside any landmark.
# 3. sphinxcontrib-bibtex gives its list roles that docutils asks for and ARIA has withdrawn.
ALLOWED = {
    "label-content-name-mismatch": "search-button",
    "region": "sidebar-primary-item",
    "aria-deprecated-role": "doc-biblio",
    "list": "citation",
}

OVERFLOW = """() => [...document.querySelectorAll("body *")].filter(element => {
    const right = element.getBoundingClientRect().right + scrollX;
    for (let box = element.parentElement; box; box = box.parentElement)
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX) && box !== document.body
            && box !== document.documentElement) return false;
    return right > innerWidth + 1 && getComputedStyle(element).visibility !== "hidden";
}).map(element => element.outerHTML.slice(0, 120))"""


def test_a_page_asks_for_nothing_outside_and_complains_of_nothing(name: str, read: Callable):
    with read(name) as reading:
        assert reading.outside == []
        assert reading.complaints == []


def test_the_same_over_a_server(read: Callable, site: Path):
    handler = partial(QuietHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with read(f"http://127.0.0.1:{server.server_port}/intro.html") as reading:
            assert reading.page.locator("h1").count() >= 1
            assert reading.outside == []
            assert reading.complaints == []
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


def test_mathematics_is_set_without_errors(name: str, read: Callable):
    with read(name) as reading:
        page = reading.page
        written, rendered = page.locator(".math").count(), page.locator(".math mjx-container").count()
        assert rendered >= written
        assert page.locator("mjx-merror").all_inner_texts() == []


def test_notation_is_full_of_mathematics(read: Callable):
    with read("notation.html") as reading:
        assert reading.page.locator("mjx-container mjx-assistive-mml").count() > 20


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_are_there_and_diagrams_once(name: str, theme: str, read: Callable):
    with read(name, theme=theme) as reading:
        page = reading.page
        missing = "images => images.filter(image => !image.naturalWidth).map(image => image.src)"
        assert page.locator("img").evaluate_all(missing) == []
        for diagram in page.locator("figure.diagram").all():
            assert [image.is_visible() for image in diagram.locator("img").all()] == [theme == "light", theme == "dark"]


def test_the_loop_of_ppo_is_a_diagram_on_the_first_page(read: Callable):
    with read("intro.html") as reading:
        assert reading.page.locator("figure.diagram img").first.is_visible()


def test_nothing_is_wider_than_a_telephone(name: str, read: Callable):
    with read(name, width=390) as reading:
        assert reading.page.evaluate(OVERFLOW) == []
        assert reading.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_read_it(name: str, theme: str, read: Callable):
    with read(name, theme=theme) as reading:
        reading.page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        violations = Axe().run(reading.page).response["violations"]
    found = [(rule["id"], node["html"], node["failureSummary"]) for rule in violations for node in rule["nodes"]]
    assert [node for node in found if ALLOWED.get(node[0], "\0") not in node[1]] == []


def test_dark_is_dark_and_light_is_light(read: Callable):
    brightness = """() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce(
        (sum, channel) => sum + Number(channel) / 3, 0)"""
    with read("intro.html", theme="light") as light, read("intro.html", theme="dark") as dark:
        assert light.page.evaluate(brightness) > 240
        assert dark.page.evaluate(brightness) < 40


def test_search_finds_a_word_of_a_chapter(read: Callable):
    with read("search.html?q=residual") as reading:
        results = reading.page.locator("#search-results li a")
        results.first.wait_for()
        assert any("advantages.html" in result.get_attribute("href") for result in results.all())


def test_search_opens_from_the_keyboard_and_there_is_one_box(read: Callable):
    with read("intro.html") as reading:
        page = reading.page
        page.keyboard.press("Control+k")
        assert page.locator("input[type=search]:visible").count() == 1
        page.keyboard.type("residual")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=residual")


def test_what_opens_opens_from_the_keyboard(name: str, read: Callable):
    with read(name) as reading:
        page = reading.page
        for details in page.locator(".bd-article details").all():
            if details.evaluate("details => details.parentElement.closest('details')") is None:
                details.locator("> summary").focus()
                page.keyboard.press("Enter")
                assert details.get_attribute("open") is not None
        for solution in page.locator(".bd-article .admonition.toggle").all():
            inside = solution.locator("section")
            assert not inside.is_visible()
            solution.locator("button.toggle-button").focus()
            page.keyboard.press("Enter")
            inside.wait_for(state="visible")


def test_every_chapter_with_code_offers_its_notebook_without_outputs(name: str, read: Callable, site: Path):
    with read(name) as reading:
        page = reading.page
        has_code = page.locator("div.cell").count() > 0
        links = page.locator("a[href$='.ipynb']")
        assert (links.count() > 0) == has_code
        for link in links.all():
            target = (site / name).parent / link.get_attribute("href")
            cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
            code = [cell for cell in cells if cell["cell_type"] == "code"]
            assert code
            assert [cell["outputs"] for cell in code if cell["outputs"]] == []


def test_the_index_leads_from_an_equation_to_its_function_and_its_test(read: Callable):
    with read("notation.html") as reading:
        page = reading.page
        line = page.locator(".equation-index tbody tr:has(td:nth-child(3))").first
        for link in line.locator("a").all():
            target = link.evaluate("link => link.href")
            with read(target) as other:
                assert other.page.locator(":target").count() == 1
                assert other.complaints == []
