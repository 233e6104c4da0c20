"""PPO's update, the same for words and for pushes. Module: update."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ppo_teach.config import ControlConfig
from ppo_teach.update import Batch, ppo_update

CONFIG = ControlConfig(epochs=2, minibatch_size=2, entropy_coef=0.1, max_grad_norm=1e9)


class Watched(nn.Module):
    """Three numbers in, two logits and a value out; remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        nn.init.constant_(self.layer.weight, 0.1)
        nn.init.zeros_(self.layer.bias)
        self.seen: list[Tensor] = []

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        self.seen.append(observations)
        out = self.layer(observations)
        return out[..., :2], out[..., 2]


def steps(number: int = 6) -> Batch:
    """Single steps. All that belongs to step n says n."""
    n = torch.arange(float(number))
    actions, real = torch.arange(number) % 2, torch.ones(number, dtype=torch.bool)
    return Batch((n[:, None].expand(-1, 3) / 10,), actions, real, -n / 10 - 0.1, n, n - 2, n)


def update(policy: Watched, batch: Batch, **options: object) -> dict[str, float]:
    optimizer = torch.optim.SGD(policy.parameters(), lr=0.1)
    return ppo_update(policy, optimizer, batch, CONFIG, rng=torch.Generator().manual_seed(0), **options)


def test_surrogate_critics_loss_and_entropy_bonus_are_descended_as_one():
    # One step on the whole batch, from the policy that acted: there ρ = 1 and V = V_old, so the surrogate's slope is
    # that of log π · A, and the critic's loss is half the mean squared error. The gradient is scaled down to 0.1.
    config = replace(CONFIG, epochs=1, minibatch_size=6, value_coef=0.5, max_grad_norm=0.1)
    policy, by_hand, batch = Watched(), Watched(), steps()
    logits, values = by_hand(*batch.inputs)
    distribution = torch.distributions.Categorical(logits=logits)
    logprobs = distribution.log_prob(batch.actions)
    gain, errors = logprobs * batch.advantages, (values - batch.returns).square()
    (0.5 * errors.mean() / 2 - gain.mean() - 0.1 * distribution.entropy().mean()).backward()
    length = torch.cat([parameter.grad.flatten() for parameter in by_hand.parameters()]).norm()
    batch = replace(batch, logprobs=logprobs.detach(), values=values.detach())
    optimizer = torch.optim.SGD(policy.parameters(), lr=1.0)
    metrics = ppo_update(policy, optimizer, batch, config, rng=torch.Generator())
    assert metrics["grad_norm"] == pytest.approx(length.item(), rel=1e-4)
    for ours, theirs in zip(policy.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs - 0.1 * theirs.grad / length, rtol=0, atol=1e-5)


def test_every_epoch_sees_every_row_once_in_an_order_of_its_own():
    policy = Watched()
    update(policy, steps())
    assert [len(rows) for rows in policy.seen] == [2] * 6
    orders = [(torch.cat(policy.seen[i : i + 3])[:, 0] * 10).round().long().tolist() for i in (0, 3)]
    assert [sorted(order) for order in orders] == [list(range(6))] * 2
    assert list(range(6)) != orders[0] != orders[1]


def test_some_rows_of_a_batch_are_a_batch():
    mb = steps()[torch.tensor([4, 1])]
    assert len(mb) == 2
    assert mb.values.tolist() == mb.returns.tolist() == [4.0, 1.0]
    assert mb.actions.tolist() == [0, 1]
    assert (mb.inputs[0][:, 0] * 10).round().tolist() == [4.0, 1.0]


def test_a_relative_climbs_another_objective():
    handed = []

    def objective(logprobs: Tensor, *minibatch: Tensor, clip: float) -> Tensor:
        handed.append((*minibatch, clip))
        return 0 * logprobs.sum()

    policy = Watched()
    before = policy.layer.weight.detach().clone()
    metrics = update(policy, replace(steps(), returns=torch.full((6,), 9.0)), objective=objective)
    assert metrics["surrogate"] == 0
    old, advantages, mask, clip = handed[0]
    torch.testing.assert_close(old, -(advantages + 2) / 10 - 0.1)
    assert (mask.tolist(), clip) == ([True, True], 0.2)
    assert not torch.equal(policy.layer.weight[2], before[2])  # the critic learns all the same


@pytest.mark.parametrize("name", ["logprobs", "values", "advantages", "returns", "inputs", "actions"])
def test_what_stands_at_padding_reaches_neither_weights_nor_metrics(name: str):
    def padded(junk: float) -> Batch:
        n = torch.arange(12.0).view(6, 2)
        mask = torch.tensor([[True, True], [True, False]] * 3)
        actions = torch.where(mask, n.long() % 2, 0)
        batch = Batch((n[..., None].expand(-1, -1, 3) / 10,), actions, mask, -n / 10 - 0.1, n, n - 2, n)
        if name == "inputs":
            return replace(batch, inputs=(torch.where(mask[..., None], batch.inputs[0], 0.0 if junk == 0 else 7.0),))
        if name == "actions":
            return replace(batch, actions=torch.where(mask, actions, 0 if junk == 0 else -100))
        return replace(batch, **{name: torch.where(mask, getattr(batch, name), junk)})

    (clean, metrics), (dirty, others) = ((policy := Watched(), update(policy, padded(x))) for x in (0.0, math.nan))
    assert torch.equal(clean.layer.weight, dirty.layer.weight)
    assert metrics == others


def test_a_loss_that_is_not_finite_stops_before_the_weights_change():
    policy, batch = Watched(), replace(steps(), returns=torch.full((6,), math.inf))
    before = policy.layer.weight.detach().clone()
    with pytest.raises(ValueError, match="loss must be finite; loss is inf"):
        update(policy, batch)
    assert torch.equal(policy.layer.weight, before)


def test_metrics_are_means_over_the_gradient_steps_and_the_first_ratio_error_is_that_of_the_first():
    batch = replace(steps(), logprobs=torch.full((6,), math.log(0.5)))
    policy = Watched()
    metrics = update(policy, batch)
    with torch.no_grad():
        logits, _ = Watched()(policy.seen[0])
    rows = (policy.seen[0][:, 0] * 10).round().long()
    ratio = logits.log_softmax(-1).gather(-1, batch.actions[rows][:, None]).squeeze(-1).exp() / 0.5
    assert metrics["first_ratio_error"] == pytest.approx((ratio - 1).abs().max().item(), rel=1e-4, abs=1e-6)
    assert metrics["ratio_error"] > metrics["first_ratio_error"]
