"""What the experiments run and write beside their numbers. No chapter: they are what the chapters cite."""

import copy
import json
import runpy
import sys
from dataclasses import replace
from importlib import import_module
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

import jaxtyping
import pytest
import torch
from small_models import gpt2, ragged_prompts, table
from small_tasks import greetings, politeness

from ppo_teach.config import ControlConfig, PPOConfig
from ppo_teach.control import Experience
from ppo_teach.kl import FixedKL
from ppo_teach.rewards import constant
from ppo_teach.rollouts import generate, score_responses
from ppo_teach.runs.starts import supervised_start
from ppo_teach.tasks.help_desk import read
from ppo_teach.tasks.task import Task, evaluate
from ppo_teach.tasks.translation import SETTINGS_OF_TRANSLATION
from ppo_teach.texts import decode
from ppo_teach.trainer import PPOTrainer

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
EVALUATION = {"PPO": {"BLEU": 50.0}}
SHORT = ControlConfig(iterations=2, steps=32, minibatch_size=32)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    """Imports an experiment by name."""
    monkeypatch.syspath_prepend(EXPERIMENTS)
    return import_module


def test_a_result_is_recorded_with_the_signatures_of_its_metrics(script, tmp_path: Path, monkeypatch):
    five_seeds = script("five_seeds")
    monkeypatch.setattr(five_seeds, "RESULTS", tmp_path)
    signatures = {"BLEU": "nrefs:1|tok:zh"}
    five_seeds.record("two", SETTINGS_OF_TRANSLATION, [EVALUATION] * 5, signatures=signatures, source="s", seconds=1.0)
    content = json.loads((tmp_path / "two.json").read_text())
    assert content["signatures"] == signatures
    assert content["test set"] == {str(seed): EVALUATION for seed in range(5)}
    assert "50.0 ± 0.0" in (tmp_path / "two.md").read_text()


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("control", ["CartPole-v1", "Acrobot-v1"]),
        ("ablations_control", ["PPO", "no clip", "shared trunk"]),
        ("relatives_control", ["REINFORCE, rate 0.001, epochs 10", "A2C, rate 0.001, epochs 1"]),
        ("ablations_language", ["PPO", "separate critic", "REINFORCE, eight epochs"]),
        ("ppo_for_language", ["supervised start", "PPO", "the references"]),
        ("scores_only", ["best of eight", "imitation of the start's best"]),
        ("reward_models", ["β = 0.1", "three judges", "a constant"]),
        ("steering", ["PPO, β = 0", "best of eight", "praise and music"]),
        ("poetry", ["supervised start", "constant reward", "PPO", "PPO on ranks"]),
        ("summarisation", ["supervised start", "PPO", "recall, loose", "the struck references, then price 3"]),
        ("dialogue", ["supervised start", "best of eight, judge", "PPO, judge, β = 0", "PPO, thanks"]),
        ("translators", ["decoder only, PPO", "encoder–decoder, best of eight"]),
        ("localisation", ["BLEU and rules", "BLEU alone"]),
        ("in_turn", ["app texts, 16,000 references", "translation, 300 references, then the grammar"]),
    ],
)
@pytest.mark.filterwarnings("ignore:.* longer than max_tokens")  # a moment is too short for them
@pytest.mark.no_cover  # that a line has run for a moment does not count as tested
def test_an_experiment_runs(
    name: str, variants: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    # As `python experiments/NAME.py --smoke`, but in this process, which has long imported torch and transformers.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    monkeypatch.syspath_prepend(EXPERIMENTS)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--smoke"])
    runpy.run_path(str(EXPERIMENTS / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert all(f"\n| {variant} |" in printed for variant in variants)


def a_number(variant: str, seed: int) -> dict[str, float]:
    return {"number": len(variant) + seed / 10}


def test_every_seed_of_every_variant_runs_in_a_process_of_its_own(script, tmp_path: Path):
    runs = script("many_runs").run_all(a_number, ["a", "to"], [0, 3], tmp_path)
    assert runs == {
        "a": [{"seed": 0, "number": 1.0}, {"seed": 3, "number": 1.3}],
        "to": [{"seed": 0, "number": 2.0}, {"seed": 3, "number": 2.3}],
    }


def test_a_run_that_has_ended_is_not_run_again(script, tmp_path: Path):
    many_runs = script("many_runs")

    def run(variant: str, seed: int) -> dict:
        return {"number": runs.pop()}

    runs = [1.0, 2.0]
    assert [many_runs._run_once(run, tmp_path, ("one", 3)) for _ in range(2)] == [{"seed": 3, "number": 2.0}] * 2
    assert runs == [1.0]


def test_a_record_has_a_line_for_a_curve(script):
    content = {"curves": {"steps": [1, 2.5, None], "return": [3.0]}, "seeds": []}
    text = script("many_runs").readable(content)
    assert '\n    "steps": [1, 2.5, null],\n' in text
    assert json.loads(text) == content


def test_a_table_shows_means_deviations_and_the_worst_seed(script):
    runs = {"one": [{"return": 1.0, "KL": 3.0}, {"return": 3.0, "KL": 3.0}]}
    assert script("many_runs").table(runs, ["return", "KL"]).splitlines()[-1] == "| one | 2 ± 1.4 | 3 ± 0 | 1 |"


def test_a_table_of_one_seed_shows_its_numbers(script):
    table = script("many_runs").table({"one": [{"return": 1.25}]}, ["return"])
    assert table.splitlines()[-1] == "| one | 1.25 | 1.25 |"


# What replaces an act does what its name says.


def trainer(script, module: str, trainer: str, *, environments: int = 2, **settings):
    control = script("control")
    variant = control.Variant(method=getattr(script(module), trainer), settings=settings)
    return control.build_trainer(variant, SHORT, environments=environments)


def test_without_annealing_the_learning_rate_stays(script):
    config = PPOConfig(iterations=2, batch_size=4, minibatch_size=4, epochs=1, max_tokens=3)
    methods = script("methods")
    words = methods.relative(methods.Unannealed, PPOTrainer)(table(), constant(1.0), ragged_prompts(), config)
    pushes = trainer(script, "methods", "Unannealed")
    for run in (words, pushes):
        run.train()
        assert run.learning_rate == run.optimizer.param_groups[0]["lr"] == run.config.learning_rate


def test_without_whitening_advantages_reach_the_update_as_they_are(script):
    run = trainer(script, "methods", "Unwhitened")
    experience, numbers = run.act(), torch.arange(64.0).view(2, 32)
    assert run.batch(experience, numbers, -numbers)[torch.arange(3, 7)].advantages.tolist() == [3.0, 4.0, 5.0, 6.0]


def test_without_whitening_a_reply_keeps_the_size_of_its_credit(script):
    methods, config = script("methods"), PPOConfig(iterations=1, batch_size=4, minibatch_size=4, max_tokens=3)
    run = methods.relative(methods.Unwhitened, PPOTrainer)(table(), constant(1.0), ragged_prompts(), config)
    rollout, ref_logprobs, scores = run.act()
    advantages, returns = run.assign_credit(rollout, ref_logprobs, scores)
    torch.testing.assert_close(advantages, torch.where(rollout.mask, returns - rollout.values, 0.0))


def test_what_shares_a_trunk_lets_the_critic_shape_what_the_actor_sees(script):
    network = script("ablations_control").SharedTrunk(4, 2, rng=torch.Generator().manual_seed(0))
    logits, values = network(torch.ones(3, 4))
    assert torch.equal(logits, network.actor(torch.ones(3, 4)))
    values.sum().backward()
    assert network.trunk[0].weight.grad.abs().sum() > 0
    assert network.head.weight.grad is None


def test_reinforce_acts_in_whole_episodes(script):
    run = trainer(script, "relatives_control", "WholeEpisodes", environments=1)
    experience = run.act()
    steps = experience.rewards.numel()
    assert steps >= SHORT.steps
    assert experience.terminated[0, -1]
    assert run.episodes[-1][0] == steps == sum(episodic_return for _, episodic_return in run.episodes)


def test_reinforce_weighs_an_action_by_the_rewards_that_followed_within_the_episode(script):
    # Two episodes of 1 and 2 steps that pay 1 a step, γ = ½: the returns are 1, then 1 + ½ and 1.
    one = torch.ones(1, 3)
    ended = torch.tensor([[True, False, True]])
    experience = Experience(one[..., None], one.long(), one, 4 * one, one, one, ended, ~ended & False)
    plain, baseline = (trainer(script, "methods", name, gamma=0.5) for name in ("Reinforce", "ReinforceWithBaseline"))
    assert plain.assign_credit(experience)[0].tolist() == [[1.0, 1.5, 1.0]]
    assert baseline.assign_credit(experience)[0].tolist() == [[-3.0, -2.5, -3.0]]
    assert baseline.assign_credit(experience)[1].tolist() == [[1.0, 1.5, 1.0]]


def test_equal_samples_end_a_run_and_bring_the_learning_rate_to_0(script):
    run = trainer(script, "relatives_control", "EqualSamples")
    run.total_steps = 128
    assert run.learning_rate == SHORT.learning_rate
    run.train()
    assert (run.steps, run.learning_rate) == (128, 0.0)


def test_a_separate_critic_acts_like_the_start_and_leaves_it_alone(script):
    start = gpt2()
    torch.nn.init.ones_(start.value_head.weight)
    both = script("ablations_language").with_separate_critic(start)
    prompts = ragged_prompts()
    rng = torch.Generator().manual_seed(0)
    rollout = generate(both, prompts, max_tokens=3, rng=rng)
    logits, values = both(prompts, rollout.responses, rollout.mask)
    expected, _ = start(prompts, rollout.responses, rollout.mask)
    assert torch.equal(logits, expected)
    assert both.actor is start is not both.critic
    values.sum().backward()
    assert all(parameter.grad is None for parameter in both.actor.parameters())
    torch.testing.assert_close(rollout.values[rollout.mask], values.detach()[rollout.mask], atol=1e-5, rtol=0)


# What stands beside PPO, on a task that trains in a second.


@pytest.fixture
def polite() -> Task:
    """Greetings, of which only those that begin with "good" are worth anything; a batch holds two prompts."""
    task = greetings()
    return replace(task, settings=replace(task.settings, ppo=replace(task.settings.ppo, iterations=4)))


def test_an_imitator_climbs_the_log_probability_of_given_texts(script, polite: Task):
    start = polite.build(0)
    imitator = script("beside").imitates_the_references(polite, start, polite.settings.ppo)
    rollout, *judged = imitator.act()
    texts = decode(polite.tokenizer, rollout.responses, rollout.mask, eos=start.eos)
    assert texts == [polite.train.references[row] for row in rollout.prompts.rows]
    weights, _ = imitator.assign_credit(rollout, *judged)
    likely = imitator.objective(rollout.logprobs, rollout.logprobs, weights, rollout.mask, clip=0.2)
    assert likely == pytest.approx(rollout.logprobs[rollout.mask].mean().item())
    head = start.value_head.weight.clone()
    imitator.train()
    after, _ = score_responses(imitator.policy, rollout.prompts, rollout.responses, rollout.mask)
    assert after[rollout.mask].mean() > likely
    assert torch.equal(imitator.policy.value_head.weight, head)


def test_an_imitator_of_its_best_weighs_one_of_eight_by_score_less_penalty(script, polite: Task):
    beside = script("beside")
    config = replace(polite.settings.ppo, batch_size=16, kl=FixedKL(0.5))
    trainer = beside.learns_from_scores(polite, polite.build(0), config, trainer=beside.ImitatorOfItsBest)
    rollout, _, _ = trainer.act()
    assert rollout.prompts.rows.view(2, 8).unique(dim=1).shape == (2, 1)
    # Of the first prompt number 3 has the highest score; of the second number 6 has it too, and has gone too far.
    scores, far = torch.zeros(16), torch.zeros_like(rollout.logprobs)
    scores[[3, 14, 9]] = torch.tensor([1.0, 1.0, 0.8])
    far[14, 0] = 1.0
    weights, _ = trainer.assign_credit(rollout, rollout.logprobs - far, scores)
    chosen = torch.zeros(16, 1).index_fill(0, torch.tensor([3, 9]), 1.0)
    assert torch.equal(weights, chosen * rollout.mask)


@pytest.mark.parametrize(
    ("trainer", "paid"),
    [
        ("BestOfNReward", [0, 1, 0, 0, 0, 0, 0, 0]),
        ("RankReward", [1 / 7, 1, 1 / 2, 1 / 2, 11 / 14, 11 / 14, 2 / 7, 0]),
    ],
)
def test_a_response_is_paid_by_its_place_among_eight(script, polite: Task, trainer: str, paid: list[float]):
    beside = script("beside")
    config = replace(polite.settings.ppo, batch_size=16)
    placed = beside.learns_from_scores(polite, polite.build(0), config, trainer=getattr(beside, trainer))
    rollout, ref_logprobs, _ = placed.act()
    assert rollout.prompts.rows.view(2, 8).unique(dim=1).shape == (2, 1)
    scores = torch.tensor([0.1, 0.9, 0.3, 0.3, 0.5, 0.5, 0.2, 0.0]).repeat(2)
    plain = PPOTrainer.assign_credit(placed, rollout, ref_logprobs, torch.tensor(paid).float().repeat(2))
    for credit, expected in zip(placed.assign_credit(rollout, ref_logprobs, scores), plain, strict=True):
        torch.testing.assert_close(credit, expected)


def test_two_builds_in_turn_share_the_iterations(script, polite: Task):
    beside = script("beside")
    build = beside.in_turn(beside.imitates_the_references, beside.learns_from_scores, learning_rate=0.02)
    start = polite.build(0)
    second = build(polite, copy.deepcopy(start), polite.settings.ppo)
    first = beside.imitates_the_references(
        polite, copy.deepcopy(start), replace(polite.settings.ppo, iterations=2, learning_rate=0.02)
    )
    first.train()
    assert second.config == replace(polite.settings.ppo, iterations=2)
    for policy in (second.policy, second.reference):
        for found, wanted in zip(policy.parameters(), first.policy.parameters(), strict=True):
            assert torch.equal(found, wanted)
    result = beside.Method(build)(polite, 0)
    assert result["curves"]["iteration"] == [0, 1, 2]


def test_the_best_of_eight_is_worth_more_than_one(script, polite: Task):
    beside = script("beside")
    start = supervised_start(polite, seed=0)
    best = beside.best_of(polite, start, polite.train, seed=0)
    assert len(best) == len(polite.train)
    one = evaluate(polite, start, polite.train).numbers["polite, sampled"]
    assert one < 100 * politeness(best, polite.train.references).mean() == 100


def test_every_method_reports_the_test_set_and_curves(script, polite: Task):
    beside = script("beside")
    started = beside.without_training(polite, 0)
    for build in (beside.learns_from_scores, beside.learns_from_a_constant, beside.imitates_the_corpus):
        result = beside.Method(build)(polite, 0)
        assert result.keys() == started.keys()
        assert result["curves"]["iteration"] == [0, 1, 2, 3, 4]
        assert len(result["curves"]["polite, greedy"]) == 5
        assert len(result["curves"]["kl"]) == 4
    best = beside.best_of_the_start(polite, 0)
    assert best["polite, sampled"] > started["polite, sampled"]
    assert best["polite, greedy"] is None


def test_a_customer_wishes_for_what_is_due_once_he_can_be_told(script):
    # The wishes are collected by holding the logged conversations once more: they must be the same ones.
    dialogue = script("dialogue")
    dues = [read(text).values for text in dialogue.task().train.references]
    wishes = dialogue.wishes()
    assert [wish for wish, due in zip(wishes, dues, strict=True) if due and due != {wish}] == []
    first = dues.index(frozenset())  # somebody must be asked first, and wishes for something all the same
    assert dialogue.thanks(read(f"your order costs {wishes[first]} euros ."), read(wishes[first])) == 3
    assert dialogue.thanks(read("what is your name ?"), read(wishes[first])) == 0


def test_a_struck_headline_has_lost_a_number_of_people_and_nothing_else(script):
    struck = script("summarisation").struck
    active = "fire destroys three houses in kelby"
    assert [struck(f"{active} , nine hurt"), struck(f"nine hurt as {active}")] == [active, active]
    assert [struck(text) for text in (active, f"{active} , none hurt")] == [active, f"{active} , none hurt"]


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if "seconds" not in name}


def trace(result: dict[str, Any]) -> dict[str, Any]:
    """What tells variants apart: the curves of the training; all its numbers, where nothing was trained."""
    trained = any(len(curve) > 1 for curve in result["curves"].values())
    return result["curves"] if trained else untimed(result)


def test_every_variant_is_alive():
    for path in (EXPERIMENTS / "results").glob("*.json"):
        runs = json.loads(path.read_text(encoding="utf-8")).get("runs", {})
        found = {name: [trace(result) for result in results] for name, results in runs.items()}
        assert not [(one, other) for one, other in combinations(found, 2) if found[one] == found[other]]
        assert all(len(results) == 5 for results in runs.values())


def test_ppo_reaches_the_published_return():
    # CleanRL's ppo.py: 490 ± 6 on CartPole-v1 and −86 ± 1 on Acrobot-v1, after as many steps.
    runs = json.loads((EXPERIMENTS / "results" / "control.json").read_text(encoding="utf-8"))["runs"]
    names = "CartPole-v1", "Acrobot-v1"
    cartpole, acrobot = (fmean(run["last 100 episodes"] for run in runs[name]) for name in names)
    assert cartpole >= 475
    assert acrobot >= -87.4
