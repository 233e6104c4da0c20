"""Chapters, modules, exercises, equations and tests lead to one another."""

import ast
import pkgutil
import re
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from all_exercises import ALL

from ppo_teach.exercises.contents import CHAPTERS

ROOT = Path(__file__).parent.parent
BOOK = ROOT / "book"
sys.path.append(str(BOOK / "_ext"))
chapter_map = import_module("ppo_book.chapter_map")
pace = import_module("ppo_book.pace")

MAP = chapter_map.load()
TOC = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
WRITTEN = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
MODULES = {
    ".".join(file.relative_to(ROOT / "ppo_teach").with_suffix("").parts).removesuffix(".__init__"): file
    for file in (ROOT / "ppo_teach").glob("**/*.py")
    if file != ROOT / "ppo_teach" / "__init__.py"
}
EXERCISE_PACKAGES = {f"exercises.{chapter.slug.split('/')[-1].replace('-', '_')}": chapter.slug for chapter in CHAPTERS}


def packages(module: str) -> set[str]:
    """The module and the packages it lies in: exercises.advantages.gae, exercises.advantages, exercises."""
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_names_its_chapter_or_there_is_a_reason_why_it_has_none(module: str):
    docstring = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8"))) or ""
    named = re.findall(r"book/([\w/-]+)\.md", docstring)
    assert set(named) <= set(WRITTEN)
    if chapters := {EXERCISE_PACKAGES[package] for package in packages(module) & set(EXERCISE_PACKAGES)}:
        assert set(named) <= chapters, f"{module} lies with the exercises of {chapters} and names {named}"
        assert named or module not in EXERCISE_PACKAGES, f"{module} must name the chapter that sets its exercises"
    elif module in MAP.modules_without_chapter:
        assert not named, f"{module} names the chapter {named}, and map.yml a reason why it has none"
    elif not any(package in MAP.modules_without_chapter for package in packages(module)):
        assert named, f"the docstring of {module} names no chapter, and map.yml no reason for that"


def test_every_reason_for_no_chapter_is_of_a_module():
    assert [module for module in MAP.modules_without_chapter if module not in MODULES] == []


def test_chapters_stand_in_the_order_of_the_book():
    for listed in ([*MAP.chapters], [chapter.slug for chapter in CHAPTERS]):
        assert listed == [slug for slug in WRITTEN if slug in listed]


@pytest.mark.parametrize("name", ALL)
def test_an_exercise_is_set_by_its_chapter(name: str):
    chapter = ALL[name].chapter
    page = (BOOK / f"{chapter.slug}.md").read_text(encoding="utf-8")
    assert re.search(r"^# (.*)$", page, re.MULTILINE)[1] == chapter.title
    assert f'check("{name}"' in page


@pytest.mark.parametrize("page", WRITTEN[1:])  # the intro tries one of a later chapter
def test_an_exercise_of_a_page_is_listed_with_its_chapter(page: str):
    set_here = set(re.findall(r'^check\("([^"]+)"', (BOOK / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert set_here == {name for chapter in CHAPTERS if chapter.slug == page for name in chapter.exercises}


EQUATIONS = {label: names for chapter in MAP.chapters.values() for label, names in chapter.equations.items()}


@pytest.mark.parametrize("label", EQUATIONS)
def test_an_equation_is_a_function_that_a_test_uses(label: str):
    assert callable(pkgutil.resolve_name(EQUATIONS[label].function))
    (_, function, _), (path, test, line) = chapter_map.places(EQUATIONS[label])
    assert test.split(".")[-1].startswith("test_")
    (body,) = [
        node
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.lineno == line
    ]
    used = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(body) if isinstance(node, ast.Attribute)}
    assert function.split(".")[-1] in used


def test_a_source_stands_once_and_what_is_cited_is_there():
    # The build warns of it too, when all chapters have run: twenty minutes later.
    keys = re.findall(r"^@\w+\{([^,]+),", (BOOK / "references.bib").read_text(encoding="utf-8"), re.M)
    assert [key for key, times in Counter(keys).items() if times > 1] == []
    pages = [(BOOK / f"{slug}.md").read_text(encoding="utf-8") for slug in WRITTEN]
    cited = {
        key.strip()
        for page in pages
        for found in re.findall(r"\{cite(?::\w)?\}`([^`]+)`", page)
        for key in found.split(",")
    }
    assert cited - set(keys) == set()


def test_no_label_is_given_twice():
    label = re.compile(r"^:label: (\S+)$|^ *name: (fig-\S+)$|^\((\S+)\)=$", re.M)
    pages = [(BOOK / f"{slug}.md").read_text(encoding="utf-8") for slug in WRITTEN]
    times = Counter("".join(found) for page in pages for found in label.findall(page))
    assert [name for name in times if times[name] > 1] == []


@pytest.mark.parametrize("slug", WRITTEN)
def test_a_chapter_with_code_opens_as_a_notebook(slug: str):
    page = (BOOK / f"{slug}.md").read_text(encoding="utf-8")
    if "{code-cell}" in page:
        head = yaml.safe_load(page.split("---\n")[1])
        assert head["jupytext"]["text_representation"]["format_name"] == "myst"
        assert head["kernelspec"]["name"] == "python3"


def test_a_name_that_does_not_exist_is_an_error_that_names_it():
    with pytest.raises(LookupError, match=r"advantages\.py: defines no gea"):
        chapter_map.places(chapter_map.Equation("ppo_teach.advantages.gea", "tests/test_book.py::test_no_label"))
    with pytest.raises(LookupError, match=r"test_book\.py: defines no test_nothing"):
        chapter_map.places(chapter_map.Equation("ppo_teach.advantages.gae", "tests/test_book.py::test_nothing"))
    with pytest.raises(LookupError, match=r"ppo_teach\.nowhere\.gae: no module"):
        chapter_map.places(chapter_map.Equation("ppo_teach.nowhere.gae", "tests/test_book.py::test_nothing"))


@pytest.mark.parametrize("page", WRITTEN)
def test_a_page_pins_its_kernels_before_anything_can_be_computed(page: str):
    cells = re.findall(
        r"^```\{code-cell\}.*?^```$", (BOOK / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    if cells:
        statements = [line for line in cells[0].splitlines() if re.match(r"(from|import|[a-z_]+\()", line)]
        assert [line.split("  #")[0] for line in statements[:4]] == [
            "from ppo_teach.claims import show_failed_claims",
            "from ppo_teach.kernels import pin_kernels",
            "pin_kernels()",
            "show_failed_claims()",
        ]


PAGE = """---
kernelspec: {name: python3}
---
# Four words of title
Two words, and $x + y$ counts as one, {term}`word` as two.

```{code-cell} ipython3
one = 1

two = 2
```

```{code-cell} ipython3
:tags: [hide-input]
hidden = 3
```

```{code-cell} ipython3
---
tags: [hide-input]
mystnb:
  figure:
    caption: "A picture"
---
hidden = 4
```

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: "Another"
---
shown = 5
```

:::{literalinclude} ../ppo_teach/advantages.py
:pyobject: gae
:::

```{admonition} Predict
:class: predict
Which one is it?
```

````{exercise-start}
:label: ex-none
````
Nobody counts this.
````{exercise-end}
````

:::{dropdown} Nor this
Folded away.

```{math}
z = 1
```
:::

## Optional: more
Three words here.

```{math}
x = y
```

## After it
Last.
"""


def test_a_page_is_counted_by_hand():
    main, optional = pace.pace(PAGE)
    assert (main.words, main.lines, main.stops) == (4 + 11 + 4 + 2 + 1, 3 + 15, 3)  # two figures, one question
    assert (optional.words, optional.lines, optional.stops) == (2 + 3, 0, 1)  # a formula
    assert main.minutes == pytest.approx(22 / 200 + 18 / 15 + 3 * 0.75)
    assert [pace.rounded(minutes) for minutes in (22.4, 22.6, 28.0)] == [20, 25, 30]
    assert pace.stated("*25 minutes\nto read, half a minute to run*") == 25
    assert pace.stated(PAGE) is None


@pytest.mark.parametrize("slug", WRITTEN)
def test_the_minutes_that_a_page_names_are_the_counted_ones(slug: str):
    text = (BOOK / f"{slug}.md").read_text(encoding="utf-8")
    main, _ = pace.pace(text)
    assert pace.stated(text) in (None, pace.rounded(main.minutes))


@pytest.mark.parametrize("slug", WRITTEN)
def test_no_sentence_counts_what_no_cell_runs_and_no_record_holds(slug: str):
    # "Of four other fives one did": such numbers were typed. Other seeds are a matter for `--shift`.
    number = "one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty"
    counted = rf"\b({number}) (other|further) (fives|eights|ones|clerks|seeds|sets|judges)\b"
    text = (BOOK / f"{slug}.md").read_text(encoding="utf-8")
    assert [found[0] for found in re.finditer(counted, text)] == []
