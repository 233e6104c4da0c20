"""The one shape of an application, its settings and its evaluation."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_tasks import SETTINGS, greetings

from ppo_teach.language_models import save, tiny_seq2seq
from ppo_teach.tasks.settings import Supervision, usable_device
from ppo_teach.tasks.task import Examples, configured, evaluate


def test_examples_are_pairs():
    examples = Examples(["a", "b", "c"], ["x", "y", "z"])
    assert len(examples) == 3
    assert examples[1:] == Examples(["b", "c"], ["y", "z"])
    with pytest.raises(ValueError, match="references must number 1, one for each prompt; got 2"):
        Examples(["a"], ["x", "y"])
    with pytest.raises(ValueError, match="prompts must hold at least one text; got none"):
        Examples([], [])


@pytest.mark.parametrize(("name", "value"), [("steps", -1), ("batch_size", 0), ("learning_rate", 0.0)])
def test_a_setting_outside_its_rule_is_named(name: str, value: float):
    with pytest.raises(ValueError, match=rf"^{name} must be .*; got {value}$"):
        Supervision(**{name: value})


def test_evaluation_reports_greedy_and_sampled_answers_to_every_prompt():
    task = greetings()
    model = task.build(0)
    with torch.no_grad():  # an untrained model that says "good" to everybody, and then stops
        good, head = task.tokenizer.token_to_id("good"), model.trunk.lm_head.weight
        head.zero_()
        head[good] = 1000 * model.trunk.transformer.ln_f.bias.fill_(1.0)
    answers = evaluate(task, model, task.train)
    assert answers.greedy == answers.sampled == ["good good good good good"] * 8
    assert answers.numbers == {"polite, greedy": 100.0, "polite, sampled": 100.0}


def test_an_evaluation_repeated_gives_the_same_samples_and_another_model_others():
    task = greetings()
    first, again, other = (evaluate(task, task.build(seed), task.train).sampled for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_scores_are_held_against_the_reference_of_their_prompt():
    task = replace(
        greetings(), score=lambda responses, references: torch.tensor([float(r[-1] == "a") for r in references])
    )
    model = task.build(0)
    prompts = task.prompts(model, task.train)
    responses = torch.full((8, 1), model.eos)
    scores = task.reward(model)(prompts[torch.arange(7, -1, -1)], responses, torch.ones(8, 1, dtype=torch.bool))
    names = ["ada", "alan", "alonzo", "barbara", "claude", "donald", "edsger", "emmy"]
    assert scores.tolist() == [float(name[-1] == "a") for name in reversed(names)]


def test_a_model_that_the_settings_name_takes_the_place_of_the_tasks_own(tmp_path: Path):
    task = greetings()
    save(tiny_seq2seq(task.tokenizer.get_vocab_size(), layers=1, width=8, heads=2), task.tokenizer, tmp_path)
    changed = configured(task, replace(SETTINGS, model=str(tmp_path)))
    assert changed.build(0).trunk.config.d_model == 8
    assert changed.tokenizer.get_vocab() == task.tokenizer.get_vocab()
    assert configured(task, SETTINGS).build(0).trunk.config.n_embd == 16


def test_a_model_that_is_not_there_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(ValueError, match=f"model must be a checkpoint folder or a name on a hub; got {tmp_path}/none"):
        configured(greetings(), replace(SETTINGS, model=f"{tmp_path}/none"))


def test_a_device_is_one_that_the_machine_has():
    assert usable_device("cpu") == "cpu"
    assert usable_device("auto") in ("cpu", "cuda", "mps")
    for name, has in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not has:
            with pytest.raises(ValueError, match=f"device must be one that this machine has, .*cpu; got {name}"):
                usable_device(name)
