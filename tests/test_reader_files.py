"""Exercises done in a file or a notebook, with `ppo-teach start` and `ppo-teach check`. Module: exercises."""

import ast
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jaxtyping
import pytest
from all_exercises import ALL, RIDDLES

from ppo_teach import __main__ as command
from ppo_teach.exercises import check_file, grading
from ppo_teach.exercises.beginnings import beginning, start_file

BOOK = Path(__file__).parent.parent / "book"
RIGHT = """\
def value_loss(values, returns, mask):
    errors = (returns[mask].detach() - values[mask]) ** 2
    return errors.mean() / 2
"""
WRONG = RIGHT.replace(" / 2", "")


# The methods of exercises that are classes; functions have their variants.
METHODS = {
    "ReplyEnv.reset": "self.reply = []; return self.prompt + self.reply, {}",
    "ReplyEnv.step": "self.reply.append(token); over = token == self.eos or len(self.reply) == self.max_tokens; "
    "return self.prompt + self.reply, self.reward(self.reply) if over else 0.0, over, False, {}",
    "AdaptiveKL.update": "e = episodes * min(max(kl / self.target - 1, -0.2), 0.2); "
    "return AdaptiveKL(self.coef * (1 + e / self.horizon), self.target, self.horizon)",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    """Neither the time limit, which would follow every line, nor the run-time checks of shapes."""
    monkeypatch.setattr(grading, "within", lambda _seconds, act: act())
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def cells_to_copy() -> dict[str, str]:
    """The cell of every graded exercise as it stands on its page, by the exercise's name."""
    found = {}
    for page in sorted(BOOK.glob("*/*.md")):
        text = page.read_text(encoding="utf-8")
        for exercise in re.findall(r"^`{3,}\{exercise-start\}$(.*?)^`{3,}\{exercise-end\}$", text, re.M | re.S):
            for cell in re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", exercise, re.M | re.S):
                if names := re.findall(r'^check\("(\w+)"', cell, re.M):
                    found[names[0]] = re.sub(r"\A(:.*\n)*\n*", "", cell)
    return found


CELLS = cells_to_copy()


def filled_in(name: str, cell: str) -> str:
    """The cell with a right body where it leaves three dots."""
    if name in RIDDLES:
        return re.sub(r"\{.*\}", str(dict(RIDDLES[name].runs)), cell, count=1)
    lines = cell.splitlines()
    for function in (node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.FunctionDef)):
        last = function.body[-1]
        if isinstance(last, ast.Expr) and last.value.value is ...:
            body = METHODS.get(f"{name}.{function.name}") or call_of_a_variant(name, function.args)
            lines[last.lineno - 1] = " " * last.col_offset + body
    return "\n".join(lines)


def call_of_a_variant(name: str, arguments: ast.arguments) -> str:
    given = [it.arg for it in arguments.args] + [f"{it.arg}={it.arg}" for it in arguments.kwonlyargs]
    variant = f"EXERCISES[{name!r}].variants[0]"
    return f"from all_exercises import EXERCISES; return {variant}({', '.join(given)})"


def test_every_graded_exercise_has_a_cell_to_copy():
    assert set(CELLS) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_cell_copied_from_its_page_into_a_file_is_checked(name: str, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(CELLS[name], encoding="utf-8")
    assert [(report.exercise, report.verdict) for report in check_file(file)] == [(name, "not attempted")]
    file.write_text(filled_in(name, CELLS[name]), encoding="utf-8")
    (report,) = check_file(file)
    assert (report.exercise, report.verdict) == (name, "passed"), report


@pytest.mark.parametrize("name", ALL)
def test_a_file_to_begin_in_runs_by_itself_and_is_checked(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    file = start_file(name, tmp_path)
    assert file == tmp_path / f"{name}.py"
    assert f"{name}.py" not in {f"{module}.py" for module in sys.stdlib_module_names}  # it would hide that module
    (report,) = check_file(file)
    assert (report.exercise, report.verdict) == (name, "not attempted")
    assert capsys.readouterr().out == ""
    runpy.run_path(str(file), run_name="__main__")
    assert capsys.readouterr().out == f"{report}\n"
    file.write_text(filled_in(name, beginning(ALL[name])), encoding="utf-8")
    assert check_file(file)[0].passed


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path):
    (tmp_path / "gae.py").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match=r"name must .*; there is a file .*gae.py already"):
        start_file("gae", tmp_path)
    assert (tmp_path / "gae.py").read_text(encoding="utf-8") == "mine"
    with pytest.raises(ValueError, match=r"got 'gea'. Did you mean 'gae'\?"):
        start_file("gea", tmp_path)


def test_a_line_that_checks_adds_no_report_and_may_name_the_exercise_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    file = tmp_path / "mine.py"
    own = RIGHT.replace("value_loss", "my_loss")
    file.write_text(f'{own}print(check("value_loss", my_loss))\n', encoding="utf-8")
    (report,) = check_file(file)
    assert (report.exercise, report.passed) == ("value_loss", True)
    assert "the report follows" in capsys.readouterr().out
    file.write_text(f'{RIGHT}\n\ncheck("value_loss", value_loss)\nassert value_loss.__doc__ is None', encoding="utf-8")
    assert [report.passed for report in check_file(file)] == [True]
    file.write_text(f'{own}\ncheck("value_los", my_loss)\n', encoding="utf-8")
    (report,) = check_file(file)
    assert "Line 5 raised ValueError" in report.message
    assert "Did you mean 'value_loss'?" in report.message


def test_a_module_beside_the_file_can_be_imported_and_is_read_anew(tmp_path: Path):
    for folder, half in (("first", 2), ("second", 1)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "helper.py").write_text(f"half = {half}\n", encoding="utf-8")
        file = tmp_path / folder / "mine.py"
        file.write_text(f"from helper import half\n{RIGHT.replace('/ 2', '/ half')}", encoding="utf-8")
    before = list(sys.path)
    assert [check_file(tmp_path / folder / "mine.py")[0].passed for folder in ("first", "second")] == [True, False]
    assert sys.path == before
    assert "helper" not in sys.modules


def test_a_module_beside_the_file_can_be_imported_by_a_function(tmp_path: Path):
    (tmp_path / "helper.py").write_text("half = 2\n", encoding="utf-8")
    file = tmp_path / "mine.py"
    file.write_text(RIGHT.replace("    return", "    import helper\n    return"), encoding="utf-8")
    assert check_file(file)[0].passed


def notebook(path: Path, *codes: str | list[str]) -> Path:
    """A notebook with these code cells, behind one of text."""
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# Mine ✓"]}
    kind = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    content = {"cells": [text, *({**kind, "source": code} for code in codes)], "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_code_cells_of_a_notebook_are_checked(tmp_path: Path):
    magics = ["%matplotlib inline\n", "!pip list\n", "remainder = (7\n", "% 4)"]
    timed = "%%time\nnothing here is Python"
    checked = 'from ppo_teach.exercises import check\ncheck("value_loss", value_loss)'
    later = "from ppo_teach.values import value_loss\nassert remainder == 3"
    file = notebook(
        tmp_path / "mine.ipynb", "import helper", "remainder = (7\n% 4)", magics[:2], timed, RIGHT, checked, later
    )
    (tmp_path / "helper.py").touch()
    assert [(report.exercise, report.passed) for report in check_file(file)] == [("value_loss", True)]


def test_an_error_in_a_notebook_is_told_with_its_cell(tmp_path: Path):
    (report,) = check_file(notebook(tmp_path / "mine.ipynb", RIGHT, "x = 1\nx / 0"))
    assert "Line 2 of code cell 2 raised ZeroDivisionError" in report.message
    (report,) = check_file(notebook(tmp_path / "mine.ipynb", "x = 1", "y = = 2"))
    assert "invalid syntax (code cell 2 of mine.ipynb, line 1)" in report.message
    (report,) = check_file(notebook(tmp_path / "mine.ipynb", RIGHT.replace("mean()", "mean(7)")))
    assert "line 3, `return errors.mean(7) / 2` raised IndexError" in report.message


@pytest.mark.parametrize("content", ["{}", "[]", "not a notebook", '{"worksheets": []}'])
def test_a_file_that_is_no_notebook_gets_a_report(content: str, tmp_path: Path):
    file = tmp_path / "mine.ipynb"
    file.write_text(content, encoding="utf-8")
    (report,) = check_file(file)
    assert report.headline == "this file cannot be run"
    assert "mine.ipynb must be a notebook" in report.message or "JSONDecodeError" in report.message


def test_what_is_neither_a_python_file_nor_a_notebook_is_refused(tmp_path: Path):
    file = tmp_path / "mine.md"
    file.touch()
    with pytest.raises(ValueError, match=r"path must end in .py or .ipynb; got .*mine.md"):
        check_file(file)


def test_a_misspelt_function_is_told_what_may_be_meant(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text("def gea(): ...\n\ndef helper(): ...\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"it has none, and 'gea'. Did you mean 'gae'\?$"):
        check_file(file)
    file.write_text(f"{RIGHT}\ndef value_los(): ...\ndef td_residual(): ...\ndef logprobs(): ...\n", encoding="utf-8")
    right, misspelt = check_file(file)
    assert right.passed
    assert str(misspelt) == "○ td_residual — no exercise has this name\n  Did you mean `td_residuals`?"


# The command


@pytest.fixture
def ppo_teach(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[[str], tuple[object, str]]:
    """Gives a command and returns its exit status and what it printed."""

    def give(line: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["ppo-teach", *shlex.split(line)])
        try:
            command.main()
        except SystemExit as stop:
            return stop.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    return give


def test_hints_are_shown_one_more_at_a_time(ppo_teach: Callable, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(WRONG, encoding="utf-8")
    first, second, third = (ppo_teach(f"check {file} {option}")[1] for option in ("", "--hint 2", "--hint 3"))
    assert [printed.count("Hint ") for printed in (first, second, third)] == [1, 2, 3]
    assert first.endswith("\nFor the next hint, add --hint 2.\n")
    assert second.endswith("\nFor the next hint, add --hint 3.\n")
    assert "For the next hint" not in third
    file.write_text(RIGHT, encoding="utf-8")
    assert ppo_teach(f"check {file}") == (0, "✓ value_loss — right\n  7 cases and 3 laws, gradients included.\n")


def test_a_file_is_begun_and_checked_by_command(ppo_teach: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert ppo_teach("start gae") == (0, "gae.py is yours to fill in. Then: ppo-teach check gae.py\n")
    status, printed = ppo_teach("check gae.py")
    assert (status, printed.splitlines()[0]) == (1, "○ gae — not attempted yet")
    assert ppo_teach("start gae")[0] == (
        "ppo-teach: name must be an exercise that is not started yet; there is a file gae.py already"
    )
    assert "Did you mean 'gae'?" in ppo_teach("start gea")[0]


def process(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`ppo-teach` in a process of its own."""
    line = f"{shlex.quote(sys.executable)} -m ppo_teach {line}"
    return subprocess.run(shlex.split(line), capture_output=True, env=os.environ | environment, check=False)


@pytest.mark.parametrize(("encoding", "told"), [("gbk", "+ value_loss — right"), ("cp1252", "x value_loss — this")])
def test_what_an_encoding_lacks_is_written_in_plain_letters(encoding: str, told: str, tmp_path: Path):
    (tmp_path / "mine.py").write_text(RIGHT if "right" in told else WRONG, encoding="utf-8")
    done = process(f"check {tmp_path}/mine.py", PYTHONIOENCODING=encoding)
    assert done.returncode == (0 if "right" in told else 1), done.stderr
    assert told in done.stdout.decode(encoding)


def test_help_is_written_where_an_encoding_lacks_its_letters():
    done = process("--help", PYTHONIOENCODING="gbk")
    assert done.returncode == 0, done.stderr
    assert "* check" in done.stdout.decode("gbk")


@pytest.mark.skipif(os.name == "nt", reason="a pipe that nobody reads is another error there")
@pytest.mark.parametrize("line", ["check {folder}/mine.py", "start gae", "--help"])
def test_where_nobody_reads_on_a_command_ends_without_a_word(line: str, tmp_path: Path):
    (tmp_path / "mine.py").write_text(WRONG, encoding="utf-8")
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "ppo_teach", *shlex.split(line.format(folder=tmp_path))]
    packages = os.pathsep.join(filter(None, [str(BOOK.parent), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": packages}
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, env=environment, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_plain_letters_stand_for_what_an_encoding_lacks():
    spelt = [command.plain(character) for character in "✓✗γΛÂ−½²≤€"]
    assert spelt == ["+", "x", "gamma", "lambda", "A", "-", "1/2", "2", "<=", "?"]


def test_checking_needs_no_language_model(tmp_path: Path):
    (tmp_path / "mine.py").write_text(
        "import sys\nloaded = set(sys.modules)\nprint(*loaded)\n" + RIGHT, encoding="utf-8"
    )
    done = process(f"check {tmp_path}/mine.py")
    assert done.returncode == 0
    assert set(done.stdout.decode().split()) & {"transformers", "sphinx", "matplotlib", "gymnasium"} == set()
