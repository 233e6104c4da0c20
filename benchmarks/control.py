"""How fast is PPO on classic control beside Stable-Baselines3's? Prints the ratio of one run.

    python benchmarks/control.py

Contestants take turns as in `throughput.py`, an iteration each, again and again.
"""

import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import tyro
from laps import ControlSetting
from throughput import HERE, peer_python, ratio, run, spread, times

DEFAULT = ControlSetting()


def main(
    *,
    rounds: int = 50,
    sb3: bool = True,
    setting: ControlSetting = DEFAULT,
    results: Path = HERE / "results" / "control.json",
) -> None:
    """Time iterations of PPO on classic control beside Stable-Baselines3's, and write down what came out.

    rounds    how often each contestant runs
    sb3       whether Stable-Baselines3 takes part, in an environment made for it (a gigabyte the first time)
    setting   the sizes
    results   the file to write
    """
    scripts: dict[str, Path | str] = {"our_control": sys.executable}
    if sb3:
        scripts["sb3_control"] = peer_python("sb3")
    laps, versions = run(setting, rounds, scripts)
    seconds = {name: times(laps[name]) for name in scripts}
    steps = setting.environments * setting.steps
    report = {
        "setting": asdict(setting),
        "rounds": rounds,
        "threads": 1,
        "machine": {"processors": os.cpu_count(), "architecture": platform.machine(), "system": platform.system()},
        "versions": versions,
        "steps_per_second": {
            name: {clock: spread([steps / lap for lap in of_clock]) for clock, of_clock in of_name.items()}
            for name, of_name in seconds.items()
        },
        "ratios": {
            f"{name} / our_control": ratio(seconds[name], seconds["our_control"])
            for name in scripts
            if name != "our_control"
        },
    }
    for name, clocks in report["steps_per_second"].items():
        print(f"{name:20}", *(f"{speed['median']:8.0f} steps/s ({clock})" for clock, speed in clocks.items()))
    for name, clocks in report["ratios"].items():
        print(f"{name:40}", *(f"{r['median']:.2f} ({r['min']:.2f}–{r['max']:.2f}, {c})" for c, r in clocks.items()))
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    tyro.cli(main)
