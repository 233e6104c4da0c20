"""Asking a function one question, whatever it does with it.

An answer is the value together with the gradients: a detached ratio has the right value.
"""

import linecache
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import shorten

import numpy as np
import torch
from torch import Tensor

from ppo_teach.exercises.exercise import Case, Exercise, Inputs, Misshapen
from ppo_teach.exercises.limits import TimeUp

NEAR = {"rtol": 1e-4, "atol": 1e-4, "equal_nan": True}  # far above float32's rounding, far below a mistake


@dataclass(frozen=True)
class Problem:
    """What is wrong: a name ('it returns nothing'), empty when we have none, and one sentence with the particulars."""

    name: str
    particulars: str


@dataclass(frozen=True, eq=False)
class Answer:
    """A value in float64 and its gradients by argument, or the problem that kept us from having them."""

    value: Tensor = field(default_factory=lambda: torch.tensor(torch.nan))
    gradients: dict[str, Tensor] = field(default_factory=dict)
    problem: Problem | None = None


def ask(exercise: Exercise, function: Callable, case: Case) -> Answer:
    """The function's answer on copies of the inputs."""
    leaves = {name: case.inputs[name].clone().requires_grad_() for name in exercise.gradients}
    inputs = copies(case.inputs | leaves)
    try:
        result = exercise.call(function, inputs)
        problem = changed(case.inputs, inputs) or unreadable(result)
        if problem:
            return Answer(problem=problem)
        result = torch.as_tensor(result).cpu().to_dense()
        return Answer(value=result.detach().double(), gradients=gradients(result, leaves))
    except TimeUp:
        raise
    except Misshapen as error:
        return Answer(problem=Problem(error.name, error.particulars))
    except BaseException as error:  # whatever the reader's code raises, exit() included, is an answer
        return Answer(problem=raised(error, exercise, function))


def copies(inputs: Inputs) -> Inputs:
    """Tensors that may be changed in place without harm to the originals, and still lead gradients back to them."""
    return {name: value.clone() if isinstance(value, Tensor) else value for name, value in inputs.items()}


def gradients(result: Tensor, leaves: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of the result's sum, in each leaf; zero where no gradient arrives."""
    if not leaves or not result.requires_grad:
        return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    found = torch.autograd.grad(result.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, found, strict=True))


def changed(originals: Inputs, inputs: Inputs) -> Problem | None:
    """An input that is no longer what it was."""
    for name, original in originals.items():
        if isinstance(original, Tensor) and not torch.equal(inputs[name].nan_to_num(7), original.nan_to_num(7)):
            return Problem(
                f"it changes {name} in place",
                f"after the call `{name}` holds other numbers than before, and whoever passed it in still needs them. "
                "Write into a new tensor: `torch.empty_like`, `clone`",
            )
    return None


def unreadable(result: object) -> Problem | None:
    """What keeps a result from being numbers. Floats and NumPy arrays will do; they carry no gradient."""
    if result is None:
        return Problem("it returns nothing", "it returned None; perhaps the `return` is missing, or inside an `if`")
    if not isinstance(result, Tensor | np.ndarray | np.generic | float | int):
        kind = type(result).__name__
        return Problem(f"it returns a {kind}", f"it returned a {kind}; the exercise asks for one tensor, and no more")
    kind = result.dtype if isinstance(result, Tensor) else np.asarray(result).dtype
    if not (kind.is_floating_point if isinstance(result, Tensor) else np.issubdtype(kind, np.floating)):
        return Problem(
            f"its result has the type {kind}",
            f"the result's type is {kind}; numbers with a fraction need a floating type such as torch.float32",
        )
    return None


def raised(error: BaseException, exercise: Exercise, function: Callable) -> Problem:
    """The error and the reader's line it came from; or the call, when the function cannot be called at all."""
    bodies = exercise.bodies(function)
    told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if bodies and (line := last_line(error, bodies[0].co_filename)):
        source = shorten(linecache.getline(bodies[0].co_filename, line), width=80, placeholder=" …")
        place = f"line {line}, `{source}`" if source else f"line {line}"
        return Problem(f"it raised {type(error).__name__}", f"{place} raised {told}")
    if isinstance(error, TypeError):
        return uncallable(exercise, str(error))
    return Problem(f"it raised {type(error).__name__}", f"it raised {told}")


def uncallable(exercise: Exercise, why: str) -> Problem:
    return Problem("it cannot be called as the exercise says", f"{why}. The call is {exercise.usage}")


def last_line(error: BaseException, filename: str) -> int | None:
    """The line of that file in which the error arose, or through which it passed last."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == filename]
    return lines[-1] if lines else None


def same(first: Answer, second: Answer, *, compare_gradients: bool = True) -> bool:
    """Whether two answers agree, NaN with NaN. Where the value is not finite, gradients say nothing."""
    if first.problem or second.problem:
        return False
    if first is second:  # answers are kept, so this is often so
        return True
    if not close(first.value, second.value):
        return False
    if not compare_gradients or not first.value.isfinite().all():
        return True
    return all(close(first.gradients[name], second.gradients[name]) for name in first.gradients)


def close(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and torch.allclose(first.double(), second.double(), **NEAR)


def differences(first: Tensor, second: Tensor) -> Tensor:
    """Where two tensors of one shape are not near."""
    return ~torch.isclose(first.double(), second.double(), **NEAR)
