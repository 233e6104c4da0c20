"""The supervised start learns what it is shown, and no more than there is to learn."""

import math
from statistics import fmean

import jaxtyping
import pytest
import torch
from small_models import TRANSFORMERS, VOCABULARY, gpt2, ragged_prompts, ragged_responses, table
from torch import Tensor, nn

from ppo_teach.models import TabularActorCritic
from ppo_teach.pretraining import pretrain
from ppo_teach.rollouts import score_responses
from ppo_teach.texts import Prompts


def learn(model: nn.Module, *, steps: int, learning_rate: float = 1e-2, seed: int = 0, junk: int = 0) -> list[float]:
    """Imitate the ragged responses."""
    return pretrain(
        model,
        ragged_prompts(padding=1, junk=junk),
        *ragged_responses(junk=junk),
        steps=steps,
        batch_size=8,
        learning_rate=learning_rate,
        rng=torch.Generator().manual_seed(seed),
    )


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_model_learns_which_prompt_calls_for_which_response(name: str):
    # The four responses have 11 tokens and differ from the first on: who cannot see the prompt must guess the first
    # token and pays at least ln 4 nats for it, 4 ln 4 / 11 a token.
    losses = learn(TRANSFORMERS[name](), steps=60, learning_rate=2e-2)
    assert losses[0] > 1.5
    assert fmean(losses[-10:]) < 0.8 * 4 * math.log(4) / 11


def test_the_loss_falls_to_the_entropy_of_the_language():
    # To prompt 2 the reply is 4 or 5, each half the time, then EOS: ln 2 nats in two tokens. To prompt 3 it is 6 with
    # probability ¾ and EOS alone otherwise, then EOS: H(¼) nats in 1 + ¾ tokens. A loss is in nats per token.
    tokens = [2] * 4 + [3] * 4
    prompts = Prompts(torch.tensor(tokens)[:, None], torch.ones(8, 1, dtype=torch.bool), torch.arange(8))
    responses = torch.tensor([[4, 1], [5, 1], [4, 1], [5, 1], [6, 1], [6, 1], [6, 1], [1, 0]])
    mask = torch.tensor([[True, True]] * 7 + [[True, False]])
    nats = math.log(2) - 0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    model = TabularActorCritic(vocabulary_size=VOCABULARY, max_tokens=2, eos=1, pad=0)
    pretrain(
        model,
        prompts,
        responses,
        mask,
        steps=200,
        batch_size=64,
        learning_rate=0.3,
        rng=torch.Generator().manual_seed(0),
    )
    logprobs, _ = score_responses(model, prompts, responses, mask)
    # It can fall no lower, and what a few hundred steps leave above it is less than a hundredth of a nat.
    assert nats / 3.75 <= -logprobs[mask].mean().item() <= nats / 3.75 + 0.01


def test_the_loss_reported_first_is_minus_the_mean_log_probability_of_real_tokens():
    model, (responses, mask) = table(), ragged_responses()
    rows = torch.randint(4, (8,), generator=torch.Generator().manual_seed(0))
    logprobs, _ = score_responses(model, ragged_prompts(), responses, mask)
    real = [logprobs[row, t].item() for row in rows for t in range(5) if mask[row, t]]
    assert learn(model, steps=1) == [pytest.approx(-fmean(real), rel=1e-5)]


def test_what_stands_at_padding_teaches_nothing():
    model, other = gpt2(), gpt2()
    assert learn(model, steps=3) == learn(other, steps=3, junk=5)
    for weights, same in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(weights, same)


def test_the_learning_rate_rises_over_a_twentieth_of_the_steps_and_falls_to_0():
    # AdamW moves a weight by the learning rate while its gradient keeps its sign: with 40 steps the rate is ½ of the
    # highest after 1 of 2 steps of warm-up, nearly 1 next, and 1/40 of it at the last step.
    class OneLogit(TabularActorCritic):
        trail: list[float] = []

        def forward(self, prompts: Prompts, responses: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            self.trail.append(self.logits[2, 0, 4].item())
            return super().forward(prompts, responses, mask)

    model = OneLogit(vocabulary_size=VOCABULARY, max_tokens=1, eos=1, pad=0)
    prompts = Prompts(torch.tensor([[2]]), torch.ones(1, 1, dtype=torch.bool), torch.arange(1))
    say_4 = torch.tensor([[4]]), torch.ones(1, 1, dtype=torch.bool)
    rng = torch.Generator().manual_seed(0)
    pretrain(model, prompts, *say_4, steps=40, batch_size=1, learning_rate=1e-3, rng=rng)
    moves = [after - before for before, after in zip(model.trail, model.trail[1:], strict=False)]
    moves.append(model.logits[2, 0, 4].item() - model.trail[-1])
    expected = [min((step + 1) / 2, 1 - step / 40) * 1e-3 for step in range(40)]
    assert moves == pytest.approx(expected, rel=0.02)  # the weight decay of AdamW and the drift of the gradient


def test_the_generator_decides_everything():
    runs = [table() for _ in range(3)]
    for model, seed in zip(runs, (0, 0, 1), strict=True):
        learn(model, steps=3, seed=seed)
    assert torch.equal(runs[0].logits, runs[1].logits)
    assert not torch.equal(runs[0].logits, runs[2].logits)


def test_no_steps_change_nothing():
    model = table()
    assert learn(model, steps=0) == []
    assert torch.equal(model.logits, table().logits)


def test_a_loss_that_is_not_finite_stops_the_run_before_it_spoils_the_weights():
    model = gpt2()
    with torch.no_grad():
        model.trunk.transformer.ln_f.bias.fill_(math.inf)
    before = model.trunk.transformer.wte.weight.clone()
    with pytest.raises(ValueError, match="loss must be finite; loss is nan"):
        learn(model, steps=1)
    assert torch.equal(model.trunk.transformer.wte.weight, before)


def test_prompts_and_responses_must_be_as_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # readers run without shape checks
    responses, mask = ragged_responses()
    with pytest.raises(ValueError, match="responses must number 4, one for each prompt; got 3"):
        pretrain(
            table(),
            ragged_prompts(),
            responses[:3],
            mask[:3],
            steps=1,
            batch_size=1,
            learning_rate=1.0,
            rng=torch.Generator(),
        )
