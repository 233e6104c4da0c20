"""What do pinned kernels cost, and what do they hold? Prints the ratio, and the digests, of one run.

    python benchmarks/pinned_kernels.py

The same training, a supervised start on film reviews and PPO after it, with the kernels that the libraries choose and
with the book's, each also while the libraries are held to AVX2, as on a processor that has no more. The contestants
take turns, each in a process of its own.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import torch
import tyro
from throughput import HERE, spread

from ppo_teach.kernels import PINNED, machine, pin_kernels
from ppo_teach.pretraining import pretrain
from ppo_teach.tasks.generation.task import generation
from ppo_teach.texts import encode_responses
from ppo_teach.trainer import PPOTrainer

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
CONTESTANTS = {"free": {}, "free, held to AVX2": AVX2, "pinned": {}, "pinned, held to AVX2": AVX2}


def train(*, steps: int, iterations: int) -> str:
    """A digest of the weights at the end."""
    task, rng = generation(), torch.Generator().manual_seed(0)
    policy, supervision = task.build(0), replace(task.settings.supervision, steps=steps)
    responses, mask = encode_responses(task.tokenizer, task.corpus.references, eos=policy.eos, pad=policy.pad)
    pretrain(policy, task.prompts(policy, task.corpus), responses, mask, **vars(supervision), rng=rng)
    config = replace(task.settings.ppo, iterations=iterations)
    PPOTrainer(policy, task.reward(policy), task.prompts(policy, task.train), config).train()
    weights = b"".join(tensor.contiguous().numpy().tobytes() for tensor in policy.state_dict().values())
    return sha256(weights).hexdigest()[:8]


def contestant(name: str, steps: int, iterations: int) -> dict[str, str | float]:
    """One turn, in a process of its own: the digest, and processor seconds."""
    environment = {setting: value for setting, value in os.environ.items() if setting not in {**PINNED, **AVX2}}
    environment |= {**CONTESTANTS[name], "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    command = [sys.executable, __file__, "--turn", name, "--steps", str(steps), "--iterations", str(iterations)]
    return json.loads(
        subprocess.run(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    )


def main(
    *,
    rounds: int = 3,
    steps: int = 150,
    iterations: int = 25,
    turn: str = "",
    results: Path = HERE / "results" / "pinned_kernels.json",
) -> None:
    """Time the training with free and with pinned kernels, and write down what came out.

    rounds      how often each contestant trains
    steps       of the supervised start
    iterations  of PPO
    turn        a contestant: train once in this process, as it does, and print what came out
    results     the file to write
    """
    if turn:
        if turn.startswith("pinned"):
            pin_kernels()
        started = time.process_time()
        digest = train(steps=steps, iterations=iterations)
        print(json.dumps({"weights": digest, "seconds": time.process_time() - started}))
        return
    turns = [{name: contestant(name, steps, iterations) for name in CONTESTANTS} for _ in range(rounds)]
    pin_kernels()
    report = {
        "setting": {"steps": steps, "iterations": iterations},
        "rounds": rounds,
        "machine": machine(),
        "versions": {"torch": version("torch")},
        "weights": {name: sorted({each[name]["weights"] for each in turns}) for name in CONTESTANTS},
        "ratios": {
            f"{name} / free": spread([each[name]["seconds"] / each["free"]["seconds"] for each in turns])
            for name in CONTESTANTS
        },
    }
    print(json.dumps(report, indent=2))
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    tyro.cli(main)
