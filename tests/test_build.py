"""A number that came out otherwise takes no book away: the build lists it, and only a strict build fails.

The small book has a claim that fails in a cell that is not shown, a cell that raises, and one that ends its kernel. Its
two chapters wait for one another, so that they end well only when they run at the same time.
"""

import shutil
import subprocess
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

BOOK = Path(__file__).parent.parent / "book"
sys.path.append(str(BOOK / "_ext"))
numbers = import_module("ppo_book.numbers")
running = import_module("ppo_book.running")

HEAD = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A page
"""
WAIT = """
```{{code-cell}} ipython3
from pathlib import Path
from time import sleep
from ppo_teach.claims import show_failed_claims
show_failed_claims()
Path("{0}.here").touch()
for _ in range(100):
    if not Path("{1}.here").exists():
        sleep(0.1)
```

```{{code-cell}} ipython3
assert Path("{1}.here").exists()
print({2})
```
"""
FALSE = """
```{code-cell} ipython3
:tags: [remove-cell]
paid = 70.5
assert paid > 75
```
"""
RAISES = """
```{code-cell} ipython3
:tags: [remove-cell]
[][0]
```

```{code-cell} ipython3
import os
os._exit(1)
```
"""
SEEDS = """
```{code-cell} ipython3
import gymnasium, numpy, random, torch
from ppo_teach.claims import show_failed_claims
show_failed_claims()
env = gymnasium.make("CartPole-v1")

def draws(seed):
    torch.manual_seed(seed)
    return [
        torch.rand(()).item(),
        torch.rand((), generator=torch.Generator().manual_seed(seed)).item(),
        numpy.random.default_rng(seed).random(),
        *env.reset(seed=seed)[0].tolist(),
    ]
print(*draws(0))
print(random.Random(0).random())
```

```{code-cell} ipython3
assert torch.initial_seed() == 0
```
"""
FILES = {
    "_toc.yml": "format: jb-book\nroot: one\nchapters:\n  - file: two\n  - file: prose\n",
    "_config.yml": "title: Small\nonly_build_toc_files: true\n"
    "execute: {execute_notebooks: cache, raise_on_error: true, timeout: 100}\n"
    "sphinx: {local_extensions: {ppo_book: _ext/}}\n",
    "map.yml": "chapters: {one: {}, two: {}, prose: {}}\nmodules_without_chapter: {}\n",
    "one.md": HEAD + WAIT.format("one", "two", 1) + FALSE,
    "two.md": HEAD + WAIT.format("two", "one", 2) + RAISES,
    "prose.md": "# A page without code\n",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository") / "book"
    write_book(folder, FILES)
    build(folder, "--run-only")
    return folder


def write_book(folder: Path, files: dict[str, str]) -> None:
    """These files, those of the small book that every book needs, and what builds it."""
    shutil.copytree(BOOK / "_ext", folder / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BOOK / "build.py", folder)
    for name, text in {"_config.yml": FILES["_config.yml"], "map.yml": FILES["map.yml"], **files}.items():
        (folder / name).write_text(text, encoding="utf-8")


def build(book: Path, *options: str) -> tuple[int, str]:
    """The exit status of a build, and what it printed."""
    done = subprocess.run([sys.executable, book / "build.py", *options], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


LISTED = """
Here it came out otherwise than the chapters say: 3
  one:24: paid > 75
    paid = 70.5
  two:24: IndexError: list index out of range
  two:29: DeadKernelError: Kernel died
"""


def test_a_readers_book_is_built_shows_what_came_out_otherwise_and_lists_it(book: Path):
    status, printed = build(book)
    assert status == 0, printed
    assert LISTED in printed
    page = (book / "_build/html/one.html").read_text(encoding="utf-8")
    assert page.count("Here it came out otherwise") == 1
    assert "70.5" in page
    assert "list index out of range" in (book / "_build/html/two.html").read_text(encoding="utf-8")


def test_a_strict_build_lists_the_same_and_fails_and_what_raised_is_run_again(book: Path):
    status, printed = build(book, "--run-only", "--strict")
    assert status == 1, printed
    assert LISTED in printed
    assert "one (stored)" in printed
    assert "two (stored)" not in printed


def test_a_changed_number_is_named_until_it_is_accepted(book: Path):
    status, printed = build(book, "--only", "one", "--accept-numbers")
    assert "Every number is that of the published book." in printed
    page = book / "one.md"
    page.write_text(page.read_text(encoding="utf-8").replace("print(1)", "print(1 + 2)"), encoding="utf-8")
    status, printed = build(book, "--only", "one")
    assert "one: the cells in lines 19\n" in printed
    page.write_text(
        page.read_text(encoding="utf-8").replace("print(1 + 2)", "print(3 - 2)  # the number of before"),
        encoding="utf-8",
    )
    status, printed = build(book, "--only", "one")
    assert status == 0
    assert "Every number is that of the published book." in printed


def printed_by_the_page(built: Path) -> list[str]:
    """What the one page printed in the newest of the outputs that are kept here."""
    kept = max((built / ".jupyter_cache").rglob("*.ipynb"), key=lambda file: file.stat().st_mtime)
    cells = nbformat.read(kept, as_version=4).cells
    return "".join(output.text for cell in cells for output in cell.outputs if "text" in output).split()


def test_shifted_seeds_are_all_but_those_of_texts_and_the_book_stays_as_it_is(tmp_path: Path):
    book, page = tmp_path / "book", tmp_path / "book" / "drawn.md"
    write_book(book, {"_toc.yml": "format: jb-book\nroot: drawn\n", "drawn.md": HEAD + SEEDS})
    assert build(book, "--run-only")[0] == 0
    status, printed = build(book, "--shift", "3", "--strict")
    assert status == 1
    assert "drawn:26: torch.initial_seed() == 0\n    torch.initial_seed() = 300000" in printed
    assert "numbers.json" not in printed
    assert not (book / "_build/html").exists()
    assert "drawn (stored)" in build(book, "--run-only")[1]

    ours, shifted = (printed_by_the_page(built) for built in (book / "_build", book / "_build/shift-3"))
    assert all(one != other for one, other in zip(ours[:-1], shifted[:-1], strict=True))
    assert ours[-1] == shifted[-1]  # Python's own generator
    page.write_text(page.read_text(encoding="utf-8").replace("draws(0)", "draws(300_000)"), encoding="utf-8")
    build(book, "--run-only")
    assert printed_by_the_page(book / "_build") == shifted


def test_a_chapter_that_does_not_exist_is_an_error_that_names_those_that_do(builder: ModuleType):
    with pytest.raises(SystemExit, match="--only names ppo/three; the chapters with cells are intro, found"):
        builder.run_chapters(["ppo/ppo", "ppo/three"], again=False)


def came_out(*outputs: dict, tags: tuple[str, ...] = ()) -> object:
    """A run of a chapter with one cell."""
    cell = new_code_cell("…", outputs=list(outputs), metadata={"tags": list(tags)})
    return running.Run("one", new_notebook(cells=[cell], metadata={"source_map": [6]}), 1.0, stored=False)


def stream(text: str, name: str = "stdout") -> dict:
    return new_output("stream", name=name, text=text)


def shown(data: dict[str, str], **metadata: object) -> dict:
    return new_output("display_data", data=data, metadata=metadata)


def test_digests_follow_text_results_tables_and_glued_values():
    glued = "application/papermill.record/text/plain"
    kinds = [
        stream,
        lambda text: shown({"text/plain": text}),
        lambda text: shown({"text/markdown": text, "text/plain": "<Markdown object>"}),
        lambda text: shown({glued: text}),
    ]
    for kind in kinds:
        first, second, other = (numbers.numbers(came_out(kind(text))) for text in ("0.5", "0.5", "0.6"))
        assert first == second != other
    assert numbers.numbers(came_out(stream("a\n"), stream("b\n"))) == numbers.numbers(came_out(stream("a\nb\n")))


def test_digests_leave_out_pictures_warnings_failed_claims_and_cells_that_vary():
    picture = shown({"image/png": "iVBO", "text/plain": "<Figure size 640x480 with 1 Axes>"})
    claim = shown({"text/plain": "x > 5"}, ppo_teach_claim={"assertion": "x > 5", "reasons": []})
    error = new_output("error", ename="KeyError", evalue="'x'", traceback=[])
    assert numbers.numbers(came_out(picture, claim, error, stream("careful", "stderr"))) == {}
    assert numbers.numbers(came_out(stream("3.2 seconds"), tags=("varies",))) == {}


def test_a_cell_that_may_raise_is_no_failure():
    error = new_output("error", ename="KeyError", evalue="'x'", traceback=[])
    assert came_out(error, tags=("raises-exception",)).failures() == []
    assert came_out(error).failures() == ["one:7: KeyError: 'x'"]


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`book/build.py`, for a book without published numbers."""
    spec = spec_from_file_location("build", BOOK / "build.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "NUMBERS", tmp_path / "numbers.json")
    return module


@pytest.mark.parametrize("pinned", [True, False])
def test_other_numbers_are_an_error_where_the_kernels_are_pinned_and_the_build_is_strict(
    builder: ModuleType, pinned: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ppo_teach.kernels.pin_kernels", lambda: pinned)
    before, now = came_out(stream("0.5")), came_out(stream("0.6"))
    monkeypatch.setattr(builder, "run_chapters", lambda *_, **__: ([now], []))
    monkeypatch.setattr(builder, "table", lambda *_: "")

    def status(*options: str) -> int:
        monkeypatch.setattr(sys, "argv", ["build.py", "--run-only", *options])
        return builder.main()

    assert status("--strict") == 0  # nothing is published yet
    numbers.accept(builder.NUMBERS, [before], ["one"])
    assert builder.other_numbers([before]) == []
    assert builder.other_numbers([now]) == ["one: the cells in lines 7"]
    assert status() == 0
    assert status("--strict") == int(pinned)


def test_what_a_chapter_printed_before_it_failed_is_not_accepted(tmp_path: Path):
    file = tmp_path / "numbers.json"
    numbers.accept(file, [came_out(stream("0.5"))], ["one"])
    raised = new_output("error", ename="KeyError", evalue="'a'", traceback=[])
    before = file.read_text(encoding="utf-8")
    numbers.accept(file, [came_out(stream("0.7"), raised)], ["one"])
    assert file.read_text(encoding="utf-8") == before


def test_accepting_one_chapter_keeps_the_others_that_are_in_the_book(tmp_path: Path):
    file = tmp_path / "numbers.json"
    file.write_text('{"gone": "1", "one": "2", "other": "3"}', encoding="utf-8")
    numbers.accept(file, [came_out(stream("0.5"))], ["other", "one"])
    kept = numbers.load(file)
    assert list(kept) == ["other", "one"]
    assert kept["other"] == "3"
    assert numbers.differences(kept, [came_out(stream("0.5"))]) == []
