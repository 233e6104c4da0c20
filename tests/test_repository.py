"""What README and the repository's own files promise. No chapter: it is about the repository itself."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    """The version that constraints.txt gives to each package."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def requirements() -> list[Requirement]:
    """Everything that pyproject.toml asks for, its extras included."""
    lines = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
    return [requirement for requirement in map(Requirement, lines) if requirement.name != PROJECT["name"]]


def tracked_files() -> list[Path]:
    """The files in git that are still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert ROOT / "pyproject.toml" in files
    return files


def commands() -> list[str]:
    """The lines of README's shell blocks that call make or ppo-teach, without their comments."""
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    parts = [part.strip() for block in blocks for line in block.splitlines() for part in line.split("#")[0].split("&&")]
    return [part for part in parts if part.startswith(("make ", "ppo-teach "))]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_the_tested_versions_are_ones_that_pyproject_allows(requirement: Requirement):
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_constraints_hold_on_every_platform():
    # Versions such as 2.13.0+cpu and CUDA's packages exist for one platform only.
    assert [version for version in pins().values() if "+" in version] == []
    assert [name for name in pins() if name.startswith(("nvidia-", "cuda-", "triton"))] == []
    assert canonicalize_name(PROJECT["name"]) not in pins()


def test_constraints_hold_on_the_oldest_python():
    # Otherwise pip stops with a message that does not speak of Python. What is not installed here is not asked.
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    found = {canonicalize_name(each.name): each for each in distributions()}
    asked = {name: found[name].metadata.get("Requires-Python") for name in pins() if name in found}
    assert len(asked) > 50
    assert [name for name, python in asked.items() if python and not SpecifierSet(python).contains(oldest)] == []


def test_conda_installs_what_pyproject_lists_in_the_tested_versions():
    # Conda brings Python alone. Pip reads every package from pyproject.toml, all extras, so there is no second list.
    (python,) = [line for line in CONDA if str(line).startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    (pip,) = [line["pip"] for line in CONDA if isinstance(line, dict)]
    assert pip == ["-c constraints.txt", f"-e .[{','.join(EXTRAS)}]"]


def test_readme_installs_every_extra_in_the_tested_versions():
    assert f"pip install -c constraints.txt -e '.[{','.join(EXTRAS)}]'" in README


def test_readme_names_make_targets_that_exist():
    named = {target for line in commands() if line.startswith("make ") for target in shlex.split(line)[1:]}
    assert {"book", "test", "lab"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.fixture
def help_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[[list[str]], str]:
    """What `ppo-teach … --help` prints. For a subcommand that does not exist it is the help of the one above."""

    def printed(words: list[str]) -> str:
        module, function = PROJECT["scripts"]["ppo-teach"].split(":")
        monkeypatch.setattr(sys, "argv", ["ppo-teach", *words, "--help"])
        with pytest.raises(SystemExit) as stop:
            getattr(import_module(module), function)()
        assert stop.value.code in (0, None)
        return capsys.readouterr().out

    return printed


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("ppo-teach ")])
def test_readme_names_commands_that_exist(line: str, help_of: Callable[[list[str]], str]):
    (subcommands,) = re.findall(r"^ppo-teach((?: [a-z]+(?![\w./]))*)", line)
    printed = help_of(subcommands.split())
    assert re.match(rf"usage: ppo-teach{subcommands} \[", printed)
    assert set(re.findall(r"--[\w.-]+", line)) <= set(re.findall(r"--[\w.-]+", printed))


def test_readme_names_options_of_training_that_exist(help_of: Callable[[list[str]], str]):
    named = set(re.findall(r"`(--[\w.-]+)", README))
    assert {"--device", "--model"} <= named
    assert named <= set(re.findall(r"--[\w.-]+", help_of(["train", "translation"])))


def test_every_layer_is_in_the_reading_order_of_the_package():
    # Its lines look like "    masks           which positions are real" or "    plots, tasks, exercises, cli".
    listed = re.findall(r"^    (\w+(?:, \w+)*)", import_module("ppo_teach").__doc__, re.MULTILINE)
    order = [name for line in listed for name in line.split(", ")]
    (layers,) = [c["layers"] for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    assert ["checks", "claims", "kernels", *order] == [layer for layer in reversed(layers) if not layer.startswith("(")]


def test_every_module_of_mathematics_must_have_all_its_branches_tested():
    group = import_module("ppo_teach").__doc__.split("Mathematics")[1].split("Text and models")[0]
    (held,) = re.findall(r"^MATHEMATICS := (.*)$", MAKEFILE, re.MULTILINE)
    assert held.split() == re.findall(r"^    (\w+) ", group, re.MULTILINE)


def test_what_is_made_is_not_in_git():
    made = re.compile(
        r"^runs/|(^|/)(_build|node_modules|__pycache__)/|\.(ipynb|pyc|pt|safetensors|whl|log)$|\.min\.js$"
    )
    names = [path.relative_to(ROOT).as_posix() for path in tracked_files()]
    assert [name for name in names if made.search(name)] == []


def test_no_file_is_large():
    assert [path.name for path in tracked_files() if path.stat().st_size > 1024 * 1024] == []


def test_no_file_names_a_path_of_one_machine():
    private = re.compile(rf"(?<![\w.~])/({'|'.join(['work', 'tmp', 'home', 'root', 'Users'])})/\w")
    texts = {path: path.read_bytes().decode(errors="ignore") for path in tracked_files()}
    assert [str(path.relative_to(ROOT)) for path, text in texts.items() if private.search(text)] == []


def test_changelog_has_a_place_for_what_comes_next():
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_citation_names_the_current_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == PROJECT["version"]


def without_encoding(file: Path) -> Iterator[str]:
    """The places in a Python file that read or write text in whatever encoding the machine prefers."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {keyword.arg for keyword in node.keywords}
        binary = any(isinstance(it, ast.Constant) and "b" in str(it.value) for it in node.args)
        opens = name in ("open", "fdopen") and not binary
        # What a test's process prints is read as that process wrote it: in the encoding of the machine.
        pipes = name in ("run", "check_output", "Popen") and "text" in given and file.parts[len(ROOT.parts)] != "tests"
        paths = (name == "read_text" and not node.args) or name == "write_text"
        if (opens or pipes or paths) and "encoding" not in given:
            yield f"{file.relative_to(ROOT)}:{node.lineno}"


def test_text_is_read_and_written_in_an_encoding_that_is_named():
    folders = ("ppo_teach", "experiments", "benchmarks", "book", "tests")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py") if "_build" not in file.parts]
    assert [place for file in files for place in without_encoding(file)] == []


def test_adam_takes_its_square_root_by_itself():
    # The root that torch asks of a library begins with an approximation, and each maker's processor has its own.
    texts = {path: path.read_text(encoding="utf-8") for path in tracked_files() if path.suffix in (".py", ".md")}
    calls = [
        (path.relative_to(ROOT).as_posix(), call)
        for path, text in texts.items()
        for call in re.findall(r"optim\.Adam(?:W|)(?:\((?:[^()]|\([^()]*\))*\)|\W.*)", text)
        if path.parts[-2] != "benchmarks"
    ]
    assert len(calls) > 5
    assert [(path, call) for path, call in calls if "fused=True" not in call] == []


PLACEHOLDERS = ("slug", "idea", "function.py", "NAME", "CHAPTER")


def test_what_contributors_are_told_to_touch_is_there():
    told = re.findall(r"`((?:book|ppo_teach|tests|experiments)/[\w/.-]+|pyproject\.toml)`", CONTRIBUTING)
    real = [path for path in told if not any(word in path for word in PLACEHOLDERS)]
    assert len(real) > 10
    assert [path for path in real if not (ROOT / path).exists()] == []


def test_a_chapter_with_a_module_and_an_exercise_takes_twelve_files():
    table = CONTRIBUTING.split("twelve files")[1].split("\n## ")[0]
    assert len(re.findall(r"^\| `", table, re.MULTILINE)) == 12
