"""One seed of a task: the supervised start, PPO, its control, and a folder with all that came of it.

config.json      the settings, and what else the numbers depend on
history.jsonl    metrics of every iteration
checkpoint.pt    from which a killed run goes on; the trained model and its start lie in it
control/         the same run with a constant for a reward
samples.json     answers to the first prompts of the test set, before and after
curve.png        score and KL divergence
policy/          the trained model, as `ppo_teach.language_models.load` and transformers read it
evaluation.json  the numbers, written last: the run is finished
lock             held by the process that trains here
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from torch import nn

from ppo_teach.checkpoints import (
    CHECKPOINT,
    damaged,
    load_checkpoint,
    read_json,
    write_atomically,
    write_json,
    writing,
)
from ppo_teach.checks import require
from ppo_teach.language_models import save
from ppo_teach.plots import save_learning_curves
from ppo_teach.rewards import Reward, constant
from ppo_teach.runs.folders import alone_in, claim, read_settings
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.settings import usable_device
from ppo_teach.tasks.task import Answers, Examples, Task, configured, evaluate
from ppo_teach.texts import encode_responses
from ppo_teach.trainer import PPOTrainer

START, CONTROL, PPO = "supervised start", "constant reward", "PPO"
CONTROL_FOLDER, EVALUATION = "control", "evaluation.json"
SAMPLES = 8

Evaluation = dict[str, dict[str, float]]  # model: its numbers


def run(task: Task, folder: Path) -> Evaluation:
    """Train and evaluate in `folder`, going on where a killed run stopped. The numbers are those of the test set.

    Raises ValueError when a run of other settings lies in the folder, or another process trains in it, and when the
    model has no room for the prompts and the responses; then nothing has been written.
    """
    if is_finished(folder):
        claim(folder, task)
        return read_evaluation(folder)
    require_room(task)
    with alone_in(folder):
        claim(folder, task)
        return _run(task, folder)


def _run(task: Task, folder: Path) -> Evaluation:
    device = usable_device(task.settings.device)
    start = supervised_start(task, seed=task.settings.ppo.seed, device=device)
    trainer = train(task, start, task.reward(start), folder)
    train(task, start, constant(1.0), folder / CONTROL_FOLDER)

    answers = answers_of_all(task, folder, device, task.test)
    title = f"{task.name}, seed {task.settings.ppo.seed}: does the score rise, and how far from the start?"
    write_json(folder / "samples.json", samples(task, answers))
    write_atomically(folder / "curve.png", lambda aside: save_learning_curves(aside, [trainer.history], title=title))
    with writing(folder / "policy"):
        save(trainer.policy, task.tokenizer, folder / "policy")
    evaluation = {name: answer.numbers for name, answer in answers.items()}
    write_json(folder / EVALUATION, evaluation)
    return evaluation


def is_finished(folder: Path) -> bool:
    """Whether the folder holds the numbers of a run and what they are computed from."""
    needed = (EVALUATION, CHECKPOINT, f"{CONTROL_FOLDER}/{CHECKPOINT}")
    return all((folder / name).exists() for name in needed)


def read_evaluation(folder: Path) -> Evaluation:
    """The numbers of a finished run. Raises ValueError when their file is damaged."""
    evaluation = read_json(folder / EVALUATION)
    if not isinstance(evaluation, dict) or evaluation.keys() != {START, CONTROL, PPO}:
        raise damaged(folder / EVALUATION, f"it must hold the numbers of {START}, {CONTROL} and {PPO}")
    return evaluation


def require_room(task: Task) -> None:
    """Raises ValueError unless the device is there and the model has room for what it will read and write."""
    usable_device(task.settings.device)
    model = task.build(task.settings.ppo.seed)
    responses, _ = encode_responses(task.tokenizer, task.corpus.references, eos=model.eos, pad=model.pad)
    longest, max_tokens = responses.shape[1], task.settings.ppo.max_tokens
    for examples, tokens in ((task.corpus, longest), (task.train, max_tokens), (task.test, max_tokens)):
        model.require_room(task.prompts(model, examples), tokens)


def train(task: Task, start: nn.Module, reward: Reward, folder: Path) -> PPOTrainer:
    """A trainer that has run to its end in this folder, from its last checkpoint if there is one."""
    prompts, config = task.prompts(start, task.train), task.settings.ppo
    trainer = PPOTrainer(copy.deepcopy(start), reward, prompts, config, folder=folder)
    if (folder / CHECKPOINT).exists():
        trainer.resume()
    trainer.train()
    return trainer


def evaluate_run(task: Task, folder: Path, *, split: Literal["validation", "test"]) -> Evaluation:
    """The numbers of a finished run's models on a held-out set of its task. Raises ValueError for an unfinished run."""
    task = configured(task, read_settings(folder))
    require((folder / EVALUATION).exists(), f"folder must hold a finished run; {folder} has no {EVALUATION} yet")
    answers = answers_of_all(task, folder, usable_device(task.settings.device), getattr(task, split))
    return {name: answer.numbers for name, answer in answers.items()}


def answers_of_all(task: Task, folder: Path, device: str, examples: Examples) -> dict[str, Answers]:
    """What each of the three models in a run folder answers to these prompts."""
    return {name: evaluate(task, model, examples) for name, model in trained_models(task, folder, device).items()}


def trained_models(task: Task, folder: Path, device: str) -> dict[str, nn.Module]:
    """The three models that a finished run has left in its folder."""
    state, control_state = load_checkpoint(folder), load_checkpoint(folder / CONTROL_FOLDER)
    weights = {START: state["reference"], CONTROL: control_state["policy"], PPO: state["policy"]}
    models = {name: task.build(task.settings.ppo.seed).to(device) for name in weights}
    for name, model in models.items():
        model.temperature = task.settings.ppo.temperature
        model.load_state_dict(weights[name])
    return models


def samples(task: Task, answers: Mapping[str, Answers]) -> dict[str, Any]:
    """Answers to show, chosen before anybody saw them."""
    return {
        "rule": f"the first {SAMPLES} prompts of the test set; greedy answers, and for PPO a sampled one too",
        "samples": [
            {
                "prompt": task.test.prompts[row],
                "reference": task.test.references[row],
                START: answers[START].greedy[row],
                PPO: answers[PPO].greedy[row],
                f"{PPO}, sampled": answers[PPO].sampled[row],
            }
            for row in range(min(SAMPLES, len(task.test)))
        ],
    }
