"""What an experiment is: methods beside each other, with the same task and the same seeds.

A script is its question, the first line of its docstring, and EXPERIMENT. How experiments are run and recorded stands
in `recording.py`: no script imports that, so it may change, and no record is out of date for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from operator import call
from statistics import fmean
from typing import Any, Generic, Literal, TypeVar

Result = dict[str, Any]  # numbers by name; under "curves" lists of them
T = TypeVar("T")  # what all methods are given
M = TypeVar("M")  # what says how a method differs from the others


@dataclass(frozen=True, eq=False, kw_only=True)
class Experiment(Generic[T, M]):
    """Every method, given the same task and a seed, makes a result.

    task        makes what the methods are given, once in a process: a task, or for control its settings
    short       the same for a moment: does it run at all?
    methods     by name
    columns     the numbers that the table shows
    run         a result from a method, the task and a seed; unless told, the method is called with both
    settings    what was chosen, for the record; unless told, the task's settings
    signatures  which variant of a metric its number is, for the record
    rows        what has a row of the table: each method, or each number
    """

    task: Callable[[], T]
    short: Callable[[T], T]
    methods: Mapping[str, M]
    columns: Sequence[str]
    run: Callable[[M, T, int], Result] = call
    settings: Mapping[str, Any] | None = None
    signatures: Mapping[str, str] = field(default_factory=dict)
    rows: Literal["methods", "numbers"] = "methods"

    def result(self, method: str, seed: int) -> Result:
        """One seed of a method."""
        return self.run(self.methods[method], self._task, seed)

    def short_result(self, method: str, seed: int) -> Result:
        """The same for a moment."""
        return self.run(self.methods[method], self._short_task, seed)

    @property
    def chosen(self) -> Mapping[str, Any]:
        """All settings, as a record has them."""
        return asdict(self._task.settings) if self.settings is None else self.settings

    @cached_property
    def _task(self) -> T:
        return self.task()

    @cached_property
    def _short_task(self) -> T:
        return self.short(self._task)


def rounded(numbers: Iterable[float]) -> float:
    """Their mean, to five digits: a curve needs no more."""
    return float(f"{fmean(numbers):.5g}")
