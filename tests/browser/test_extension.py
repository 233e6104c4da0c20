"""The promises of book/_ext/ppo_book, on a book of two pages: what it refuses, and what it forgets."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

EXTENSION = Path(__file__).parents[2] / "book" / "_ext"

CONFIGURATION = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent / "_ext"))
extensions = ["myst_nb", "ppo_book"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
root_doc = "intro"
exclude_patterns = ["_build"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
html_theme = "basic"
"""

MAP = """
chapters:
  intro:
    equations:
      eq-double: {function: ppo_teach.small.double, test: "tests/test_small.py::test_twice"}
  index-page: {}
modules_without_chapter: {}
"""

INTRO = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A small book

```{math}
:label: eq-double
y = 2x
```

See {eq}`eq-double`.

```{diagram} One box leads to another.
flowchart TD
    a --> b
```

```{code-cell} ipython3
print(open("../ppo_teach/small.py").read().split()[-1])
```

```{toctree}
index-page
```
"""

INDEX = """# Index

```{equation-index}
```
"""


def found(folder: Path, *, book_map: str = MAP, intro: str = INTRO) -> Path:
    """A repository in `folder` with one function, its test, its map, and a book."""
    files = {
        "ppo_teach/small.py": "def double(x):\n    return 2 * x\n",
        "tests/test_small.py": "from ppo_teach.small import double\n\n\ndef test_twice():\n    assert double(3) == 6\n",
        "book/conf.py": CONFIGURATION,
        "book/map.yml": book_map,
        "book/intro.md": intro,
        "book/index-page.md": INDEX,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copytree(EXTENSION, folder / "book" / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def build(repository: Path) -> tuple[int, str]:
    """The exit status of a build in which warnings are errors, and what it printed."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", "book", "book/_build/html"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    return done.returncode, re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def executions(repository: Path) -> dict:
    return json.loads((repository / "book/_build/execution.json").read_text(encoding="utf-8"))


def output(repository: Path) -> str:
    """What the only cell of the book printed: the last word of the package."""
    page = (repository / "book/_build/html/intro.html").read_text(encoding="utf-8")
    printed = re.search(r"output stream.*?<pre>(.*?)</pre>", page, re.DOTALL)[1]
    return re.sub(r"<[^>]*>", "", printed).strip()


def test_the_index_links_and_outputs_are_forgotten_when_the_package_changes(tmp_path: Path):
    repository = found(tmp_path)
    assert build(repository)[0] == 0
    assert output(repository) == "x"
    first = executions(repository)
    page = (repository / "book/_build/html/index-page.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(code/[^"]+)"', page)
    assert links == ["code/ppo_teach/small.html#line-1", "code/tests/test_small.html#line-4"]
    for path, _, line in (link.partition("#") for link in links):
        assert f'id="{line}"' in (repository / "book/_build/html" / path).read_text(encoding="utf-8")

    change(repository / "book/intro.md", "See", "Look at")
    assert build(repository)[0] == 0
    assert executions(repository)["intro"]["seconds"] == first["intro"]["seconds"]

    change(repository / "ppo_teach/small.py", "return 2 * x", "return x + x  # twice")
    assert build(repository)[0] == 0
    assert output(repository) == "twice"


def test_a_failing_cell_fails_the_build_with_its_error(tmp_path: Path):
    status, printed = build(found(tmp_path, intro=INTRO.replace("print(", "1 / 0; print(")))
    assert status != 0
    assert "ZeroDivisionError" in printed


FAULTS = {
    ":label: eq-double": (":label: eq-triple", "equation eq-triple names no function and no test"),
    "See ": (
        "See [this](nowhere.md) <a href='#away'>and</a> <img src='_static/file.png' alt='_images/a.png'> "
        "<script src='https://example.org/a.js'></script> ",
        "nowhere.md",
        "links to #away, but there is no such anchor",
        "image _static/file.png has no alt text that says what it shows",
        "asks for https://example.org/a.js, outside the book",
    ),
    "a --> b\n```": (
        "a --\n```\n\n```{diagram} A bold box.\na[<b>bold</b>]\n```\n\n```{diagram}\nflowchart TD\n```",
        "cannot read this diagram",
        "<b> would be printed as it stands",
        "1 argument(s) required",
    ),
}
FAULTY_MAP = """      eq-halve: {function: ppo_teach.small.halve, test: "tests/test_small.py::test_twice"}
      eq-untested: {function: ppo_teach.small.double, test: "tests/test_small.py::test_half"}
"""


def test_the_build_fails_and_names_every_fault(tmp_path: Path):
    intro = INTRO
    for right, (wrong, *_) in FAULTS.items():
        assert right in intro
        intro = intro.replace(right, wrong)
    book_map = MAP.replace("  index-page:", f"{FAULTY_MAP}  index-page:")
    status, printed = build(found(tmp_path, intro=intro, book_map=book_map))
    complaints = [complaint for _, *complaints in FAULTS.values() for complaint in complaints]
    complaints += [
        "map.yml: intro has no equation labelled eq-double",
        "map.yml, eq-halve: ppo_teach/small.py: defines no halve",
        "map.yml, eq-untested: tests/test_small.py: defines no test_half",
    ]
    assert status != 0
    assert [complaint for complaint in complaints if complaint not in printed] == []
