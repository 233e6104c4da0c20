"""The interface, and the tabular policy behind it."""

import pytest
import torch
from small_models import MAX_TOKENS, VOCABULARY, ragged_prompts, ragged_responses, table

from ppo_teach.exact import enumerate_responses
from ppo_teach.models import TabularActorCritic
from ppo_teach.texts import Prompts


def ternary(*, temperature: float = 1.0, dtype: torch.dtype = torch.float64) -> TabularActorCritic:
    return TabularActorCritic(vocabulary_size=3, max_tokens=3, eos=1, pad=0, temperature=temperature, dtype=dtype)


def ask(token: int, *, times: int) -> Prompts:
    return Prompts(torch.full((times, 1), token), torch.ones(times, 1, dtype=torch.bool), torch.arange(times))


def test_a_table_starts_with_the_uniform_policy_and_expects_nothing():
    logits, values = ternary()(ask(2, times=1), torch.tensor([[2, 0, 1]]), torch.ones(1, 3, dtype=torch.bool))
    assert logits.softmax(dim=-1).tolist() == [[[1 / 3] * 3] * 3]
    assert values.tolist() == [[0.0] * 3]


def test_prefixes_are_numbered_like_the_nodes_of_a_tree():
    # V = 3. The empty prefix is node 0, the prefix (2) node 0·3 + 2 + 1 = 3, the prefix (2, 0) node 3·3 + 0 + 1 = 10.
    model, mask = ternary(), torch.ones(1, 3, dtype=torch.bool)
    with torch.no_grad():
        model.values.copy_(torch.arange(3)[:, None] * 100 + torch.arange(13))
        model.logits[..., 2] = model.values
    logits, values = model(ask(2, times=1), torch.tensor([[2, 0, 1]]), mask)
    assert values.tolist() == [[200, 203, 210]]
    assert logits.tolist() == [[[0, 0, 200], [0, 0, 203], [0, 0, 210]]]


def test_every_prefix_of_every_response_has_a_row_of_its_own():
    model = ternary()
    responses, mask = enumerate_responses(vocabulary_size=3, max_tokens=3, eos=1, pad=0)
    with torch.no_grad():
        model.values.copy_(torch.arange(39).view(3, 13))
        nodes = model(ask(2, times=len(responses)), responses, mask)[1]
    met = {}
    for response, real, row in zip(responses.tolist(), mask.tolist(), nodes.tolist(), strict=True):
        for t in range(sum(real)):
            assert met.setdefault(row[t], response[:t]) == response[:t]
    assert len(met) == 1 + 2 + 4  # of the V = 3 tokens two lead on; EOS does not


def test_a_table_knows_a_prompt_by_its_last_token():
    model, mask = table(), torch.ones(2, 2, dtype=torch.bool)
    prompts = Prompts(torch.tensor([[3, 5], [6, 5]]), mask, torch.arange(2))
    logits, values = model(prompts, torch.tensor([[2, 1], [2, 1]]), mask)
    assert torch.equal(logits[0], logits[1])
    assert torch.equal(values[0], values[1])
    assert not torch.equal(logits[0], model(prompts[0:1], torch.tensor([[3, 1]]), mask[:1])[0][0])


@pytest.mark.parametrize("junk", [0, 1, 6, 10**6])
def test_what_stands_at_padding_does_not_matter_to_a_table(junk: int):
    model, prompts = table(), ragged_prompts()
    responses, mask = ragged_responses()
    logits, values = model(prompts, responses, mask)
    junk_logits, junk_values = model(ragged_prompts(padding=2, junk=junk), ragged_responses(junk=junk)[0], mask)
    assert torch.equal(logits[mask], junk_logits[mask])
    assert torch.equal(values[mask], junk_values[mask])


def test_temperature_divides_the_logits_of_a_table_and_not_its_values():
    model, prompts = table(), ragged_prompts()
    responses, mask = ragged_responses()
    logits, values = model(prompts, responses, mask)
    model.temperature = 2.0
    tempered, same_values = model(prompts, responses, mask)
    assert torch.equal(tempered, logits / 2)
    assert torch.equal(same_values, values)
    assert torch.equal(model.start(prompts).logits, tempered[:, 0])


def test_a_table_is_of_the_type_that_was_asked_for():
    model = ternary(dtype=torch.float64)
    assert model.start(ask(0, times=1)).logits.dtype == torch.float64


def test_a_response_longer_than_the_table_is_refused():
    model, prompts = table(), ragged_prompts()
    with pytest.raises(ValueError, match=f"max_tokens must be at most {MAX_TOKENS}, the table's; got {MAX_TOKENS + 1}"):
        model.require_room(prompts, MAX_TOKENS + 1)
    too_long = torch.full((4, MAX_TOKENS + 1), VOCABULARY - 1)
    with pytest.raises(ValueError, match="the table's"):
        model(prompts, too_long, torch.ones_like(too_long, dtype=torch.bool))
    model.require_room(prompts, MAX_TOKENS)
