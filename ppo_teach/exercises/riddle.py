"""The shape of a riddle: runs whose curves are shown, and of each the reader is to name the defect.

The one kind of exercise whose answer is no function. A wrong name is answered with what the curves would show if it
were right. That is a fact about the name, so it gives nothing away about the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ppo_teach.exercises.contents import EXERCISES, Chapter
from ppo_teach.exercises.report import NOT_ATTEMPTED, PASSED, WRONG, Report
from ppo_teach.exercises.wording import listed

OPEN = (..., None, "")  # what stands in the stub, or is left of it


@dataclass(frozen=True)
class Defect:
    """What can be wrong with a run.

    words    the defect, as a sentence
    shows    the curves that it draws; each of the other runs has a curve that says otherwise
    """

    words: str
    shows: str


@dataclass(frozen=True)
class Riddle:
    """Runs to be told apart by their curves.

    defects   those to choose from, by name
    runs      the name of each run's defect
    clues     for each run three hints, rising: a question, a direction, nearly the answer
    """

    name: str
    title: str
    section: str
    minutes: int
    difficulty: int
    goal: str
    defects: Mapping[str, Defect]
    runs: Mapping[str, str]
    clues: Mapping[str, tuple[str, str, str]]

    @property
    def chapter(self) -> Chapter:
        return EXERCISES.chapter_of(self.name)

    @property
    def stub(self) -> str:
        """The code to start from."""
        blanks = ", ".join(f'"{run}": ...' for run in self.runs)
        return f"{self.name} = {{{blanks}}}"

    @property
    def see(self) -> str:
        """Where to read on."""
        return f"{self.chapter.title}, “{self.section}”"


def solve(riddle: Riddle, answers: object) -> Report:
    """How the reader's answers fare: a dict from run to name of a defect. The first wrong one is reported."""
    if not isinstance(answers, Mapping):
        return _unreadable(riddle, f"It is a {type(answers).__name__}", "it is no dictionary")
    if strangers := [run for run in answers if run not in riddle.runs]:
        return _unreadable(riddle, f"There is no run {strangers[0]!r}", "it names a run that is not there")
    named = {run: answers[run] for run in riddle.runs if not any(answers.get(run) is blank for blank in OPEN)}
    if not named:
        difficulty = "●" * riddle.difficulty + "○" * (5 - riddle.difficulty)
        heading = f"{riddle.title} · {riddle.minutes} minutes · {difficulty}"
        return _report(riddle, NOT_ATTEMPTED, "not attempted yet", f"{heading}\n{riddle.goal}")
    for run, defect in named.items():
        if not isinstance(defect, str) or defect not in riddle.defects:
            guess = get_close_matches(str(defect), riddle.defects, n=1)
            meant = f" Did you mean {guess[0]!r}?" if guess else f" The names are {', '.join(riddle.defects)}."
            message = f"For run {run} you answer {defect!r}, which is none of the names.{meant}"
            return _report(riddle, WRONG, f"run {run} has no such defect", message, "it is none of the names")
        if defect != riddle.runs[run]:
            return _refuted(riddle, run, defect)
    if still := [run for run in riddle.runs if run not in named]:
        message = f"Still open: {listed(still)}."
        return Report(riddle.name, NOT_ATTEMPTED, "right so far", message, None, riddle.clues[still[0]], riddle.see)
    return Report(riddle.name, PASSED, "right", "\n".join(f"{run}: {_shown(riddle, run)}" for run in riddle.runs))


def _refuted(riddle: Riddle, run: str, defect: str) -> Report:
    """What the curves would show if the reader were right, and do not."""
    it = riddle.defects[defect]
    message = f"You say that in run {run} {it.words}. Then {it.shows}. Look at run {run} again: it is not so."
    diagnosis = f"run {run} taken for {defect}"
    return Report(riddle.name, WRONG, f"run {run} is something else", message, diagnosis, riddle.clues[run], riddle.see)


def _shown(riddle: Riddle, run: str) -> str:
    it = riddle.defects[riddle.runs[run]]
    return f"{it.words}, so {it.shows}."


def _unreadable(riddle: Riddle, why: str, diagnosis: str) -> Report:
    example = ", ".join(f"{run!r}: ..." for run in riddle.runs)
    message = f"{why}. Hand in a dictionary: {{{example}}}, with a name for each."
    return _report(riddle, WRONG, diagnosis, message, diagnosis)


def _report(riddle: Riddle, verdict: str, headline: str, message: str, diagnosis: str | None = None) -> Report:
    return Report(riddle.name, verdict, headline, message, diagnosis, (), riddle.see)
