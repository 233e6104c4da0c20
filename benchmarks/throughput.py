"""How fast is the trainer, beside the calls that it cannot do without and beside TRL's? Prints ratios of one run.

    python benchmarks/throughput.py                 # against the bare model calls and against TRL
    python benchmarks/throughput.py --no-trl        # without TRL; nothing is installed

Contestants run one iteration each, in turn, again and again; a ratio is formed within a round, and the median of the
rounds is reported. So a machine that is busy with other work disturbs both sides alike. Seconds on two clocks: the
wall's, and the processor's, which stands still while other work has the core. Every contestant uses one thread.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

import tyro
from laps import CLOCKS, ControlSetting, Setting, contestant

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".venv"
DEFAULT = Setting()
CALLS = "whole iteration / bare calls"

Times = dict[str, list[float]]


def peer_python(peer: str) -> Path:
    """The Python of an environment with a peer, made if it is not there or was made from other requirements."""
    requirements, constraints = HERE / f"{peer}-requirements.txt", HERE.parent / "constraints.txt"
    folder = ENVIRONMENTS / peer
    texts = [file.read_text(encoding="utf-8") for file in (requirements, constraints)]
    wanted, stamp = "".join(texts), folder / "made-from.txt"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-c", constraints, "-r", requirements], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def run(setting: Setting | ControlSetting, rounds: int, scripts: dict[str, Path | str]) -> tuple[dict, dict]:
    """The laps of every contestant, and the versions it ran with. Two rounds to warm up are not counted."""
    with ExitStack() as stack:
        racing = {
            name: stack.enter_context(contestant(python, HERE / f"{name}.py", setting))
            for name, python in scripts.items()
        }
        laps = [{name: racer.lap() for name, racer in racing.items()} for _ in range(rounds + 2)][2:]
        versions = {name: racer.versions for name, racer in racing.items()}
    return {name: [lap[name] for lap in laps] for name in racing}, versions


def spread(numbers: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": median(numbers), "min": min(numbers), "max": max(numbers)}


def times(laps: Sequence[dict], *, without: Sequence[str] = ()) -> Times:
    """Seconds of each lap, by clock; some parts may be left out."""
    parts = [lap["seconds"] for lap in laps]
    return {clock: [p["iteration"][clock] - sum(p[part][clock] for part in without) for p in parts] for clock in CLOCKS}


def ratio(above: Times, below: Times) -> dict[str, dict[str, float]]:
    """How many times longer the one takes than the other, by clock: formed within each round."""
    return {clock: spread([a / b for a, b in zip(above[clock], below[clock], strict=True)]) for clock in CLOCKS}


def summary(laps: Sequence[dict], setting: Setting) -> dict:
    """Seconds by part and clock, response tokens per second, and the memory taken at the worst moment."""
    parts = {
        part: {clock: spread([lap["seconds"][part][clock] for lap in laps]) for clock in CLOCKS}
        for part in laps[0]["seconds"]
    }
    tokens = setting.batch_size * setting.response_tokens
    return {
        "seconds": parts,
        "tokens_per_second": {clock: tokens / parts["iteration"][clock]["median"] for clock in CLOCKS},
        "peak_memory_mib": laps[-1]["peak_memory_mib"],
    }


def print_table(report: dict) -> None:
    """The report in lines that fit a terminal."""
    print(f"{'':32}{'median s':>10}{'tokens/s':>10}{'peak MiB':>10}")
    for name, figures in report["contestants"].items():
        whole = figures["seconds"]["iteration"]["wall"]["median"]
        speed, memory = figures["tokens_per_second"]["wall"], figures["peak_memory_mib"]
        print(f"{name:32}{whole:10.3f}{speed:10.0f}{memory:10.0f}")
        for part, clocks in figures["seconds"].items():
            if part != "iteration":
                print(f"  {part:30}{clocks['wall']['median']:10.3f}{clocks['wall']['median'] / whole:10.0%}")
    print(f"\n{'ratio':56}{'wall':>20}{'processor':>20}")
    for name, clocks in report["ratios"].items():
        cells = [f"{r['median']:.2f} ({r['min']:.2f}–{r['max']:.2f})" for r in clocks.values()]
        print(f"{name:56}{cells[0]:>20}{cells[1]:>20}")


def main(
    *,
    rounds: int = 20,
    trl: bool = True,
    setting: Setting = DEFAULT,
    results: Path = HERE / "results" / "throughput.json",
) -> None:
    """Time a whole PPO iteration beside its bare model calls and beside TRL, and write down what came out.

    rounds    how often each contestant runs
    trl       whether TRL takes part, in an environment made for it (some minutes and some gigabytes the first time)
    setting   the sizes
    results   the file to write
    """
    scripts: dict[str, Path | str] = {"whole_iteration": sys.executable, "bare_calls": sys.executable}
    if trl:
        scripts["trl_throughput"] = peer_python("trl")
    laps, versions = run(setting, rounds, scripts)
    ours = times(laps["whole_iteration"])
    ratios = {
        CALLS: ratio(ours, times(laps["bare_calls"], without=["optimiser"])),
        f"{CALLS} and optimiser": ratio(ours, times(laps["bare_calls"])),
    }
    if trl:
        ratios["TRL / whole iteration"] = ratio(times(laps["trl_throughput"]), ours)
    report = {
        "setting": asdict(setting),
        "rounds": rounds,
        "threads": 1,
        "machine": {"processors": os.cpu_count(), "architecture": platform.machine(), "system": platform.system()},
        "versions": versions,
        "contestants": {name: summary(laps[name], setting) for name in laps},
        "ratios": ratios,
    }
    print_table(report)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    tyro.cli(main)
