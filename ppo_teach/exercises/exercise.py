"""The shape of an exercise: all that its author declares.

An exercise is a function of the package that the reader is to write. Its author gives inputs (`Case`), never
expected answers: what is right on an input is what the package's function answers there. The one exception is the case
for paper, whose answer stands beside it as a number, so that a test holds the two together.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from types import CodeType
from typing import Any

import torch
from torch import Tensor

from ppo_teach.exercises.contents import EXERCISES, Chapter

Inputs = dict[str, Tensor | float | int]
RANDOM_CASES = 4


@dataclass(frozen=True, eq=False)
class Case:
    """One call of the function: its arguments by name, in the order of the signature.

    A case with a `law` shows one thing that must hold whatever the formula ("a constant added to all logits changes
    nothing"), often with hard inputs: NaN at padding, logits of 200.
    """

    inputs: Inputs
    law: str = ""


class Misshapen(Exception):
    """Raised by an exercise's `play` for what cannot be read: `name` stands behind a ✗, `particulars` explain it."""

    def __init__(self, name: str, particulars: str) -> None:
        self.name, self.particulars = name, particulars


def pick(rng: torch.Generator, *options: Any) -> Any:
    """One of the options."""
    return options[int(torch.randint(len(options), (), generator=rng))]


@dataclass(frozen=True, eq=False)
class Misconception:
    """A known wrong implementation. The reader who answers as `function` does has made this mistake.

    name          the mistake, so that it reads well after 'this looks like'
    function      the wrong implementation; wrong in this one respect, right (also about padding) in all others
    consequence   what its wrong numbers mean; follows 'your advantage of token 0 is 1.81 (expected 0.95)'
    tempting      why a careful person writes it
    hint          a question; the exercise's second and third hint come after it
    section       where the chapter explains it, if not where it explains the exercise
    """

    name: str
    function: Callable
    consequence: str
    tempting: str
    hint: str
    section: str = ""


@dataclass(frozen=True, eq=False)
class Exercise:
    """A function for the reader to write, and all that is known about right and wrong ways to write it.

    It may be a class: then the reader writes all of its methods but the constructor, and `play` makes a tensor of what
    they do.

    function         the package's, which is right; its name is the exercise's
    goal             what the function must do, with every rule that the cases test
    difficulty       1 to 5
    entry            what one number of the result is called: 'your advantage of token 0 is …'; or a function of its
                     index that says so, where the result has no tokens; the index of a single number is ()
    worked, answer   the case for pencil and paper, and what it comes to
    answer_in_words  the same for the reader, where it is no row of numbers
    cases            a few more, small enough to be read, on each of which some misconception shows; and the laws
    random_case      a case from a generator, built so that each one takes every branch
    gradients        the arguments in which the gradient must be right, zero included: 'held constant' is a zero
    hints            three, rising: a question, a direction, nearly the answer
    variants         other right implementations; tests prove that the grader accepts them
    play             where the answer is not one tensor, but a class, a pair, or weights that have changed:
                     play(function, inputs) → tensor, or Misshapen
    """

    function: Callable
    title: str
    section: str
    minutes: int
    difficulty: int
    goal: str
    entry: str | Callable[[tuple[int, ...]], str]
    worked: Case
    answer: float | list
    cases: tuple[Case, ...]
    random_case: Callable[[torch.Generator], Case]
    hints: tuple[str, str, str]
    misconceptions: tuple[Misconception, ...]
    variants: tuple[Callable, ...]
    gradients: tuple[str, ...] = ()
    play: Callable[..., Tensor] | None = None
    answer_in_words: str = ""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def chapter(self) -> Chapter:
        return EXERCISES.chapter_of(self.name)

    @property
    def stub(self) -> str:
        """The code to start from: the typed signature, and three dots; of a class, the constructor as it is."""
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(self.function)))
        (definition,) = ast.parse(source).body
        if isinstance(definition, ast.ClassDef):
            for part in definition.body:
                if isinstance(part, ast.FunctionDef) and part.name in self.methods:
                    part.body = [ast.Expr(ast.Constant(...))]
            return ast.unparse(definition)
        return "\n".join(source.splitlines()[: definition.body[0].lineno - 1]) + "\n    ..."

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """What the reader writes of a class."""
        members = vars(self.function) if inspect.isclass(self.function) else {}
        return tuple(name for name, it in members.items() if inspect.isfunction(it) and name != "__init__")

    def bodies(self, function: object) -> list[CodeType]:
        """The code of what the reader writes: of the function, or of those methods of a class."""
        parts = [getattr(function, name, None) for name in self.methods] or [function]
        return [code for part in parts if (code := getattr(inspect.unwrap(part), "__code__", None))]

    @cached_property
    def keywords(self) -> frozenset[str]:
        """The arguments that are passed by name."""
        parameters = inspect.signature(self.function).parameters.values()
        return frozenset(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)

    @property
    def usage(self) -> str:
        """How the function is called: gae(rewards, values, …, gamma=…, lam=…)."""
        names = inspect.signature(self.function).parameters
        return f"{self.name}({', '.join(f'{name}=…' if name in self.keywords else name for name in names)})"

    def see(self, section: str = "") -> str:
        """Where to read on."""
        return f"{self.chapter.title}, “{section or self.section}”"

    def all_cases(self, seed: int) -> tuple[Case, ...]:
        """In the order in which a mistake is reported: the worked case, small ones, random ones, laws."""
        rng = torch.Generator().manual_seed(seed)
        drawn = [self.random_case(rng) for _ in range(RANDOM_CASES)]
        small = [case for case in self.cases if not case.law]
        laws = [case for case in self.cases if case.law]
        return (self.worked, *small, *drawn, *laws)

    def call(self, function: Callable, inputs: Inputs) -> object:
        """What `function` returns: called by position where the signature allows it, so its own names are free.

        Torch's random numbers start from the same seed each time, so that a function which draws some can be
        recognised; those of the session are left alone.
        """
        act = partial(self.play, function) if self.play else function
        positional = [value for name, value in inputs.items() if name not in self.keywords]
        named = {name: value for name, value in inputs.items() if name in self.keywords}
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)  # torch.manual_seed would look for accelerators each time
            return act(*positional, **named)
