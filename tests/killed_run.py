"""Runs that are killed again and again, and each time go on. test_trainer starts it: python killed_run.py FOLDER.

Beside the undisturbed runs `short` and `long` it makes `lines/N`, a short run killed at the Nth line that
checkpoints.py executes, for every N there is, then resumed; and `clock`, a long run killed at random moments until it
came through. Prints how often it killed: at a line, by the clock. Ends when its input ends.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import RLock, Thread
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from ppo_teach import checkpoints
from ppo_teach.config import PPOConfig
from ppo_teach.kernels import pin_kernels
from ppo_teach.kl import AdaptiveKL
from ppo_teach.models import TabularActorCritic
from ppo_teach.texts import Prompts
from ppo_teach.trainer import PPOTrainer

SHORT = PPOConfig(
    iterations=2,
    batch_size=4,
    minibatch_size=4,
    learning_rate=0.1,
    max_tokens=3,
    kl=AdaptiveKL(0.1, target=0.5, horizon=20),
)
LONG = replace(SHORT, iterations=12)


def go_on(folder: Path, config: PPOConfig) -> None:
    """Train in this folder, from its checkpoint where it has one."""
    policy = TabularActorCritic(vocabulary_size=4, max_tokens=3, eos=1, pad=0)
    prompts = Prompts(torch.tensor([[2], [3]]), torch.ones(2, 1, dtype=torch.bool), torch.arange(2))
    trainer = PPOTrainer(policy, threes, prompts, config, folder=folder)
    if (folder / checkpoints.CHECKPOINT).exists():
        trainer.resume()
    trainer.train(save_every=1)


def threes(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
    """How often a response says 3."""
    return (mask & (responses == 3)).sum(dim=-1).float()


def killed_at(line: int, folder: Path) -> Callable[[], None]:
    """Training that dies when checkpoints.py is about to run its Nth line."""

    def run() -> None:
        left = line

        def watch(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal left
            if frame.f_code.co_filename != checkpoints.__file__:
                return None
            left -= event == "line"
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return watch

        sys.settrace(watch)
        go_on(folder, SHORT)

    return run


def end_with_the_test() -> None:
    """Wait for the end of our input, which the test holds open: it comes when the test has ended, however it did."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def survives(run: Callable[[], Any], *, seconds: float | None = None) -> bool:
    """Whether a child process that does this came to its end, before it was killed after so many seconds."""
    child = os.fork()
    if child == 0:
        Thread(target=end_with_the_test, daemon=True).start()
        tqdm.set_lock(RLock())  # of its own: one shared by all children would be lost with the first that dies in it
        run()
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        sys.exit(f"a run ended with status {status}")
    return status == 0


def main(folder: Path) -> None:
    """Fill the folders."""
    pin_kernels()
    go_on(folder / "short", SHORT)
    start = time.monotonic()
    go_on(folder / "long", LONG)
    seconds = time.monotonic() - start

    line = 1
    while not survives(killed_at(line, folder / "lines" / str(line))):
        go_on(folder / "lines" / str(line), SHORT)
        line += 1

    kills, rng = 0, random.Random(0)
    while not survives(lambda: go_on(folder / "clock", LONG), seconds=rng.uniform(0, seconds / 3)):
        kills += 1
    print(line - 1, kills)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
