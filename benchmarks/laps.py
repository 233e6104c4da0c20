"""How contestants take turns. Each runs in a process of its own and stands still while another runs.

A contestant calls `begin` and `end` around each lap; the runner starts it with `contestant` and asks for laps. Only the
standard library is used here: contestants live in environments of their own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True)
class Setting:
    """One iteration of PPO: a batch of prompts, their replies, and epochs of minibatches. All sizes are per iteration.

    No reply ends early, so every contestant handles the same tokens.
    """

    layers: int = 2
    width: int = 64
    heads: int = 4
    vocabulary_size: int = 64
    prompt_tokens: int = 8
    response_tokens: int = 24
    batch_size: int = 64
    minibatches: int = 4
    epochs: int = 4

    @property
    def minibatch_size(self) -> int:
        """Replies per gradient step."""
        return self.batch_size // self.minibatches

    @property
    def positions(self) -> int:
        """The longest text a model must hold."""
        return self.prompt_tokens + self.response_tokens


@dataclass(frozen=True)
class ControlSetting:
    """One iteration of PPO on classic control: steps of environments side by side, and epochs of minibatches."""

    name: str = "CartPole-v1"
    environments: int = 4
    steps: int = 128
    minibatch_size: int = 128
    epochs: int = 4


class Laps:
    """The contestant's side: a line on stdin asks for a lap, a line on stdout answers. Libraries print to stderr."""

    def __init__(self, *packages: str) -> None:
        self._answers, sys.stdout = sys.stdout, sys.stderr
        self._answer({"versions": {package: version(package) for package in packages}})

    def begin(self) -> None:
        """Wait until a lap is asked for; end the process when none will be."""
        if not sys.stdin.readline():
            sys.exit()
        self._seconds: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(CLOCKS, 0.0))
        self._started = {name: clock() for name, clock in CLOCKS.items()}

    def end(self) -> None:
        """Answer with the seconds of the lap and of its parts, and with the memory taken at the worst moment so far."""
        self._add("iteration", self._started)
        unit = 2**20 if sys.platform == "darwin" else 2**10
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
        self._answer({"seconds": self._seconds, "peak_memory_mib": peak})

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Adds what happens inside to the part of this name."""
        started = {name: clock() for name, clock in CLOCKS.items()}
        yield
        self._add(name, started)

    def _add(self, name: str, started: dict[str, float]) -> None:
        for clock in CLOCKS:
            self._seconds[name][clock] += CLOCKS[clock]() - started[clock]

    def _answer(self, answer: dict) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)


@contextmanager
def contestant(python: Path | str, script: Path, setting: Setting | ControlSetting) -> Iterator["Contestant"]:
    """A script, started by the Python of its environment; it ends where the `with` does."""
    command = [str(python), str(script), json.dumps(asdict(setting))]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, encoding="utf-8") as process,
    ):
        yield Contestant(process, errors)


class Contestant:
    """The runner's side: a process that waits for its next lap."""

    def __init__(self, process: subprocess.Popen, errors: IO[str]) -> None:
        self._process, self._errors = process, errors
        self.versions: dict[str, str] = self._read()["versions"]

    def lap(self) -> dict:
        """One lap: seconds by part and clock, and the peak memory in MiB."""
        self._process.stdin.write("lap\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict:
        answer = self._process.stdout.readline()
        if not answer:
            self._process.wait()
            self._errors.seek(0)
            script = Path(self._process.args[1]).name
            raise RuntimeError(f"{script} ended before its lap did:\n{self._errors.read()[-3000:]}")
        return json.loads(answer)
