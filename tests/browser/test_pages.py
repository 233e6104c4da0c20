"""Every page as readers meet it: offline, in light and dark, on a telephone, with a keyboard or a screen reader."""

import json
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

SOURCE = Path(__file__).parents[2] / "ppo_teach" / "advantages.py"
LISTING = "code/ppo_teach/advantages.html"

# What axe finds in other people's work: the rule, and what must stand in the element that it is found on.
ALLOWED = {
    "label-content-name-mismatch": "search-button",  # the theme: it says "Search", and shows a shortcut besides
    "region": "sidebar-primary-item",  # the theme: the title above the table of contents is in no landmark
    "aria-allowed-role": "doc-biblioentry",  # the bibliography: docutils gives its entries …
    "aria-deprecated-role": "doc-biblioentry",  # … a role that has been withdrawn
    "aria-required-children": "citation-list",
}
# Opens whatever can be opened, and leaves of formulas and of coloured code the text: the inside of a formula is
# MathJax's, and the listing of a source file has all colours of code. With them axe takes ten times as long. A formula
# can be reached with the keyboard, so a wide one can be scrolled; its text must stay so.
PREPARE = """() => {
    document.querySelectorAll("details").forEach(details => details.open = true);
    document.querySelectorAll(".bd-article:not(:has(.listing)) pre .line").forEach(code => code.textContent += "");
    document.querySelectorAll("mjx-container").forEach(formula => {
        const text = document.createElement("span");
        text.textContent = formula.textContent;
        text.tabIndex = formula.tabIndex;
        formula.replaceWith(text);
    });
}"""

# What has been opened fades in, and is pale meanwhile.
SETTLED = "() => Promise.allSettled(document.getAnimations().map(animation => animation.finished))"

# Whatever ends right of the screen, unless it lies in a box that scrolls.
OVERFLOW = """() => [...document.querySelectorAll("body *")].filter(element => {
    for (let box = element.parentElement; box !== document.body; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== "visible") return false;
    return element.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(element).visibility === "visible";
}).map(element => element.outerHTML.slice(0, 120))"""
# Code that must be scrolled to be read, what is not open included.
CUT_OFF = """() => {
    const closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach(details => details.open = true);
    const code = [...document.querySelectorAll("pre:has(.line)")].filter(code => !code.closest(".cell_output"));
    const wide = code.filter(code => code.scrollWidth > code.clientWidth + 1);
    closed.forEach(details => details.open = false);
    return wide.map(code => code.textContent.slice(0, 120));
}"""
# What a reader gets who selects the first listing of a page, what he gets from its button, and what it holds.
COPIED = """() => {
    document.querySelectorAll("details").forEach(details => details.open = true);
    const code = document.querySelector(".highlight-default pre, .listing pre");
    getSelection().selectAllChildren(code);
    const texts = [code.textContent, getSelection().toString()];
    document.addEventListener("copy", () => texts.push(document.activeElement.value));
    code.parentElement.querySelector("button.copybtn").click();
    return texts.map(text => text.trimEnd());
}"""
BRIGHTNESS = """() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce(
    (sum, channel) => sum + Number(channel) / 3, 0)"""
MISSING = "images => images.filter(image => !image.naturalWidth).map(image => image.src)"


def test_a_page_asks_for_nothing_outside_and_complains_of_nothing(name: str, look: Callable):
    assert look(name).outside == []
    assert look(name).complaints == []


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


def test_the_same_over_a_server(use: Callable, site: Path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with use(f"http://127.0.0.1:{server.server_port}/intro.html") as reading:
            assert reading.page.locator("h1:visible").count() == 1
            assert reading.outside == []
            assert reading.complaints == []
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_mathematics_is_set_without_errors(name: str, look: Callable):
    page = look(name).page
    assert page.locator(".math:not(:has(mjx-container))").all_inner_texts() == []
    assert page.locator("mjx-merror").all_inner_texts() == []


def test_mathematics_is_there_for_screen_readers(look: Callable):
    assert look("notation.html").page.locator("mjx-container mjx-assistive-mml").count() > 20


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_are_there_and_each_diagram_once(name: str, theme: str, look: Callable):
    page = look(name, theme=theme).page
    assert page.locator("img").evaluate_all(MISSING) == []
    for diagram in page.locator("figure.diagram").all():
        assert [image.is_visible() for image in diagram.locator("img").all()] == [theme == "light", theme == "dark"]


def test_the_first_page_shows_the_loop_of_ppo(look: Callable):
    assert look("intro.html").page.locator("figure.diagram img:visible").count() == 1


def test_nothing_is_wider_than_a_telephone(name: str, look: Callable):
    page = look(name, width=390).page
    assert page.evaluate(OVERFLOW) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_no_line_of_code_is_cut_off(name: str, width: int, look: Callable):
    assert look(name, width=width).page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("where", ["applications/generation.html", LISTING])
def test_what_is_copied_has_the_line_breaks_of_the_code(where: str, use: Callable):
    with use(where, width=390) as reading:
        code, *copied = reading.page.evaluate(COPIED)
    assert len(code.splitlines()) > 5
    assert copied == [code, code]


def test_a_listing_is_its_file_to_the_letter(look: Callable):
    listed = look(LISTING).page.locator(".listing pre").text_content()
    assert listed.rstrip() == SOURCE.read_text(encoding="utf-8").rstrip()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_read_it(name: str, theme: str, use: Callable):
    with use(name, theme=theme) as reading:
        reading.page.evaluate(PREPARE)
        reading.page.evaluate(SETTLED)
        rules = {"runOnly": ["color-contrast"]} if theme == "dark" else {}  # in the dark only the colours differ
        violations = Axe().run(reading.page, None, rules).response["violations"]
    found = [(rule["id"], node["html"], node["failureSummary"]) for rule in violations for node in rule["nodes"]]
    assert [node for node in found if node[0] not in ALLOWED or ALLOWED[node[0]] not in node[1]] == []


def test_dark_is_dark_and_light_is_light(look: Callable):
    assert look("intro.html", theme="light").page.evaluate(BRIGHTNESS) > 240
    assert look("intro.html", theme="dark").page.evaluate(BRIGHTNESS) < 40


def test_search_finds_a_word_of_a_chapter(use: Callable):
    with use("search.html?q=residual") as reading:
        results = reading.page.locator("#search-results li a")
        results.first.wait_for()
        assert any("advantages.html" in result.get_attribute("href") for result in results.all())


def test_search_opens_from_the_keyboard_and_there_is_one_box(use: Callable):
    with use("intro.html") as reading:
        page = reading.page
        page.keyboard.press("Control+k")
        assert page.locator("input[type=search]:visible").count() == 1
        page.keyboard.type("residual")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=residual")


def test_what_opens_opens_from_the_keyboard(name: str, use: Callable):
    with use(name) as reading:
        page = reading.page
        for solution in page.locator(".bd-article .admonition.toggle").all():
            inside = solution.locator("> section")
            assert not inside.is_visible()
            solution.locator("button.toggle-button").focus()
            page.keyboard.press("Enter")
            inside.wait_for(state="visible")
        for details in page.locator(".bd-article details").all():
            details.locator("> summary").focus()
            page.keyboard.press("Enter")
            assert details.get_attribute("open") is not None


def test_a_page_with_code_offers_its_notebook_without_outputs(name: str, look: Callable, site: Path):
    page = look(name).page
    links = page.locator("a[href$='.ipynb']").all()
    assert bool(links) == bool(page.locator("div.cell").count())
    for link in links:
        target = (site / name).parent / link.get_attribute("href")
        cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
        outputs = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
        assert outputs
        assert outputs == [[]] * len(outputs)


def test_the_index_leads_from_an_equation_to_its_function_and_its_test(look: Callable, use: Callable):
    links = look("notation.html").page.locator(".equation-index tbody tr:has(td:nth-child(3))").first.locator("a")
    targets = links.evaluate_all("links => links.map(link => link.href)")
    assert len(targets) == 3
    for target in targets:
        with use(target) as reading:
            assert reading.page.locator(":target").count() == 1
