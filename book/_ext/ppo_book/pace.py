"""How long a page takes to read: 200 words a minute, 15 lines of code, and three quarters of a minute for each stop.

A stop is a formula on a line of its own, a figure, or a question to answer before going on. Its share is fitted to the
minutes that somebody new to the subject needed for ten chapters; words and code alone told half to two thirds of them.

What a reader sees on the way is counted: not exercises, not solutions, not what is folded or hidden. Sections headed
"Optional: …" are counted by themselves. A function of the package that is shown counts as 15 lines.
"""

import re
from dataclasses import dataclass
from pathlib import Path

WORDS_A_MINUTE, LINES_A_MINUTE = 200, 15
LINES_OF_A_FUNCTION = 15
MINUTES_A_STOP = 0.75

HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
ASIDE = re.compile(r"(?ms)^`{3,}\{(exercise|solution)-start\}.*?^`{3,}\{\1-end\}\n`{3,}")
FENCE = re.compile(r"([`:]{3,})(?:\{([\w:-]+)\})?(.*)")
YAML = re.compile(r"(?ms)^(```\{code-cell\}[^\n]*\n)---\n(.*?)^---\n")  # a cell's head, if it is not a list of options
OPTION = re.compile(r":[\w-]+:")
HIDING = re.compile(r":(?:tags|class):.*(?:hide-|remove-|dropdown)")
MARKUP = re.compile(r"\{[\w:]+\}|\$[^$]*\$")  # a role, or a formula: it counts as a word
WORD = re.compile(r"[A-Za-zÀ-ÿ一-鿿][\w’'-]*")
STATED = re.compile(r"(\d+)\s+minutes\s+to\s+read")

CODE = {"code-cell", "code", "literalinclude"}
PICTURES = {"math", "diagram", "mermaid", "figure"}
FOLDED = {"dropdown", "toggle"}


@dataclass
class Pace:
    """What there is to read."""

    words: int = 0
    lines: int = 0
    stops: int = 0

    @property
    def minutes(self) -> float:
        return self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE + self.stops * MINUTES_A_STOP


@dataclass
class Block:
    """What stands between two fences: a directive, or code."""

    fence: str
    kind: str
    hidden: bool


def options(cell: re.Match) -> str:
    """The beginning of a cell whose head is YAML, with what counts of it as options: captions are no lines of code."""
    figure, tags = re.search(r"(?m)^ *figure:", cell[2]), re.search(r"(?m)^tags: (.*)$", cell[2])
    return cell[1] + ":figure:\n" * bool(figure) + (f":tags: {tags[1]}\n" if tags else "")


def pace(text: str) -> tuple[Pace, Pace]:
    """Of a page: its main line, and its optional sections."""
    text = YAML.sub(options, ASIDE.sub("", HEAD.sub("", text)))
    main, optional = Pace(), Pace()
    blocks: list[Block] = []
    level = 0  # of the heading of the optional section that we are in; 0 when in none
    for line in map(str.strip, text.split("\n")):
        fence = FENCE.fullmatch(line)
        if fence and blocks and line == blocks[-1].fence:
            blocks.pop()
            continue
        if fence and (fence[2] or line.startswith("`")):
            kind = fence[2] or "code"
            blocks.append(Block(fence[1], kind, kind in FOLDED or any(block.hidden for block in blocks)))
            (optional if level else main).stops += not blocks[-1].hidden and (kind == "math" or fence[3] == " Predict")
            continue
        if not blocks and (heading := re.match(r"(#+) (.*)", line)):
            if heading[2].startswith("Optional"):
                level = len(heading[1])
            elif len(heading[1]) <= level:
                level = 0
        here = optional if level else main
        kinds = {block.kind for block in blocks}
        if blocks and OPTION.match(line):
            here.stops += line == ":figure:"
            blocks[-1].hidden |= bool(HIDING.match(line))
            shown = line.startswith(":pyobject:") and not blocks[-1].hidden
            here.lines += LINES_OF_A_FUNCTION * shown
        elif blocks and blocks[-1].hidden:
            continue
        elif kinds & CODE:
            here.lines += bool(line)
        elif not kinds & PICTURES:
            here.words += len(WORD.findall(MARKUP.sub("x", line)))
    return main, optional


def stated(text: str) -> int | None:
    """The minutes that a page names; None where it names none."""
    found = STATED.search(text)
    return int(found[1]) if found else None


def rounded(minutes: float) -> int:
    """To the nearest five."""
    return 5 * round(minutes / 5)


def table(book: Path, chapters: list[str]) -> str:
    """A line for each chapter, and for its optional sections where it has any."""
    rows = [f"{'words':>6} {'lines':>6} {'stops':>6} {'minutes':>8} {'stated':>7}"]
    for chapter in chapters:
        text = (book / f"{chapter}.md").read_text(encoding="utf-8")
        main, optional = pace(text)
        says = stated(text)
        rows.append(f"{main.words:6} {main.lines:6} {main.stops:6} {main.minutes:8.1f} {says or '':>7}  {chapter}")
        if optional.minutes:
            counted = f"{optional.words:6} {optional.lines:6} {optional.stops:6} {optional.minutes:8.1f}"
            rows.append(f"{counted} {'':>7}    its optional sections")
    return "\n".join(rows)
