"""Acting in text, and scoring what was said: the same numbers."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from small_models import MAX_TOKENS, MODELS, TRANSFORMERS, VOCABULARY, gpt2, ragged_prompts, table
from torch import Tensor, nn

from ppo_teach.exact import enumerate_responses
from ppo_teach.models import TabularActorCritic
from ppo_teach.rollouts import Rollout, generate, generate_greedily, score_responses
from ppo_teach.texts import Prompts

# How far a sum of float32 or float64 numbers may move when a cache changes the order it is added in.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def scripted(*texts: list[int], pad: int = 0) -> TabularActorCritic:
    """A table that answers prompt token k with texts[k], (nearly) always."""
    model = TabularActorCritic(vocabulary_size=VOCABULARY, max_tokens=MAX_TOKENS, eos=1, pad=pad)
    with torch.no_grad():
        for prompt, text in enumerate(texts):
            prefix = 0
            for token in text:
                model.logits[prompt, prefix, token] = 50.0
                prefix = prefix * VOCABULARY + token + 1
    return model


def ask(*tokens: int) -> Prompts:
    return Prompts(
        torch.tensor(tokens)[:, None], torch.ones(len(tokens), 1, dtype=torch.bool), torch.arange(len(tokens))
    )


def crowd(*, padding: int = 0) -> Prompts:
    """The ragged prompts eight times over: enough for some response to end early."""
    return ragged_prompts(padding=padding)[torch.arange(4).repeat(8)]


# Scoring a rollout again gives the same numbers: the ratio is 1 before the first update.


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_a_rollout_scored_again_gives_the_same_numbers(
    name: str, dtype: torch.dtype, temperature: float, rng: torch.Generator
):
    model = MODELS[name]().to(dtype)
    model.temperature = temperature
    for padding in (0, 1, 9):
        for pad in (0, model.eos):
            model.pad = pad
            rollout = generate(model, crowd(padding=padding), max_tokens=MAX_TOKENS, rng=rng)
            assert not rollout.mask.all()
            logprobs, values = score_responses(model, rollout.prompts, rollout.responses, rollout.mask)
            assert (logprobs - rollout.logprobs)[rollout.mask].abs().max() <= TOLERANCE[dtype]
            assert (values - rollout.values)[rollout.mask].abs().max() <= TOLERANCE[dtype]


@pytest.mark.parametrize("name", MODELS)
def test_minibatches_of_a_rollout_score_as_the_whole_does(name: str, rng: torch.Generator):
    model = MODELS[name]()
    rollout = generate(model, ragged_prompts(), max_tokens=MAX_TOKENS, rng=rng)
    part = rollout[torch.tensor([2, 0])]
    logprobs, values = score_responses(model, part.prompts, part.responses, part.mask)
    assert (logprobs - rollout.logprobs[[2, 0]])[part.mask].abs().max() <= 1e-5
    assert (values - rollout.values[[2, 0]])[part.mask].abs().max() <= 1e-5


@pytest.mark.parametrize("junk", [1, 10**6, -100])
@pytest.mark.parametrize("name", MODELS)
def test_junk_at_the_padding_of_responses_changes_no_score(name: str, junk: int, rng: torch.Generator):
    model = MODELS[name]()
    rollout = generate(model, crowd(), max_tokens=MAX_TOKENS, rng=rng)
    assert not rollout.mask.all()
    litter = torch.where(rollout.mask, rollout.responses, junk)
    logprobs, values = score_responses(model, rollout.prompts, litter, rollout.mask)
    assert (logprobs - rollout.logprobs)[rollout.mask].abs().max() <= 1e-5
    assert (values - rollout.values)[rollout.mask].abs().max() <= 1e-5


# What a rollout is.


def test_the_mask_runs_through_the_first_eos_and_padding_follows():
    # Prompt 0 says 4 4 and stops; prompt 1 stops at once; prompt 2 says the padding token on its way, as a word.
    model = scripted([4, 4, 1], [1], [0, 5, 0, 6, 1])
    for rollout in (
        generate(model, ask(0, 1, 2), max_tokens=5, rng=torch.Generator().manual_seed(0)),
        generate_greedily(model, ask(0, 1, 2), max_tokens=5),
    ):
        assert rollout.responses.tolist() == [[4, 4, 1, 0, 0], [1, 0, 0, 0, 0], [0, 5, 0, 6, 1]]
        assert rollout.mask.sum(dim=-1).tolist() == [3, 1, 5]


def test_the_mask_stops_at_the_first_eos_where_padding_is_eos_too(rng: torch.Generator):
    rollout = generate(scripted([4, 4, 1], [1], pad=1), ask(0, 1), max_tokens=5, rng=rng)
    assert rollout.responses.tolist() == [[4, 4, 1], [1, 1, 1]]
    assert rollout.mask.tolist() == [[True, True, True], [True, False, False]]


def test_a_response_that_runs_out_of_tokens_is_real_to_its_end(rng: torch.Generator):
    rollout = generate(scripted([4, 4, 4, 4, 4]), ask(0), max_tokens=3, rng=rng)
    assert rollout.responses.tolist() == [[4, 4, 4]]
    assert rollout.mask.all()


@pytest.mark.parametrize(("texts", "asked"), [([[4, 4, 1], [1]], 3), ([[1], [1]], 1), ([[4, 4, 4, 4, 4], [1]], 5)])
def test_generation_stops_as_soon_as_every_response_has_ended(texts: list[list[int]], asked: int, rng: torch.Generator):
    model, calls = scripted(*texts), []

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls.append(method.__name__)
            return method(*arguments)

        return call

    model.start, model.advance = counted(model.start), counted(model.advance)
    generate(model, ask(0, 1), max_tokens=5, rng=rng)
    assert calls == ["start"] + ["advance"] * (asked - 1)


@pytest.mark.parametrize("rows", [slice(1, 3), torch.tensor([3, 0, 3])])
def test_rows_taken_from_a_rollout_stay_together(rows: slice | Tensor, rng: torch.Generator):
    rollout = generate(table(), ragged_prompts(), max_tokens=MAX_TOKENS, rng=rng)
    part = rollout[rows]
    assert isinstance(part, Rollout)
    assert len(part) == len(part.prompts) == len(torch.arange(4)[rows])
    assert torch.equal(part.prompts.rows, rollout.prompts.rows[rows])
    for name in ("responses", "mask", "logprobs", "values"):
        assert torch.equal(getattr(part, name), getattr(rollout, name)[rows])


# Sampling.


def test_the_distribution_sampled_is_the_distribution_scored(rng: torch.Generator):
    # 3 words, at most 2 tokens, temperature 2: seven responses. Their scores must sum to 1, and their frequencies
    # among 20,000 samples must lie within four standard errors of the scores.
    model = TabularActorCritic(vocabulary_size=3, max_tokens=2, eos=1, pad=0, temperature=2.0)
    with torch.no_grad():
        model.logits.copy_(2 * torch.randn(model.logits.shape, generator=rng))
    check_frequencies(model, vocabulary_size=3, samples=20_000, rng=rng)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_too_sample_from_the_distribution_that_they_score(name: str, rng: torch.Generator):
    model = TRANSFORMERS[name]()
    model.temperature = 3.0
    check_frequencies(model, vocabulary_size=VOCABULARY, samples=5_000, rng=rng)


def check_frequencies(model: nn.Module, *, vocabulary_size: int, samples: int, rng: torch.Generator) -> None:
    responses, mask = enumerate_responses(vocabulary_size=vocabulary_size, max_tokens=2, eos=1, pad=0)
    logprobs, _ = score_responses(model, ask(*[2] * len(responses)), responses, mask)
    probabilities = torch.where(mask, logprobs, 0).sum(dim=-1).exp()
    torch.testing.assert_close(probabilities.sum().item(), 1.0)

    rollout = generate(model, ask(*[2] * samples), max_tokens=2, rng=rng)
    said = (rollout.responses[:, None] == responses).all(dim=-1)
    assert torch.equal(said.sum(dim=-1), torch.ones(samples, dtype=torch.long))
    standard_errors = (probabilities * (1 - probabilities) / samples).sqrt()
    assert ((said.float().mean(dim=0) - probabilities).abs() <= 4 * standard_errors + 1 / samples).all()


@pytest.mark.parametrize("name", MODELS)
def test_greedy_decoding_takes_the_most_probable_token_each_time(name: str):
    model = MODELS[name]()
    rollout = generate_greedily(model, ragged_prompts(), max_tokens=MAX_TOKENS)
    logits, _ = model(rollout.prompts, rollout.responses, rollout.mask)
    assert torch.equal(logits.argmax(dim=-1)[rollout.mask], rollout.responses[rollout.mask])


def test_the_same_generator_says_the_same_and_the_global_one_is_left_alone():
    model, state = gpt2(), torch.get_rng_state()
    first, again, other = (
        generate(model, ragged_prompts(), max_tokens=MAX_TOKENS, rng=torch.Generator().manual_seed(seed))
        for seed in (3, 3, 4)
    )
    assert torch.equal(first.responses, again.responses)
    assert torch.equal(first.logprobs, again.logprobs)
    assert first.responses.shape != other.responses.shape or not torch.equal(first.responses, other.responses)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", MODELS)
def test_acting_records_no_gradients_and_scoring_does(name: str, rng: torch.Generator):
    model = MODELS[name]()
    rollout = generate(model, ragged_prompts(), max_tokens=MAX_TOKENS, rng=rng)
    assert not rollout.logprobs.requires_grad
    assert not rollout.values.requires_grad
    logprobs, values = score_responses(model, rollout.prompts, rollout.responses, rollout.mask)
    assert logprobs.requires_grad
    assert values.requires_grad


# Bad input.


def test_responses_without_tokens_are_refused(rng: torch.Generator):
    with pytest.raises(ValueError, match="max_tokens must be at least 1; got 0"):
        generate(table(), ragged_prompts(), max_tokens=0, rng=rng)


def test_responses_that_would_not_fit_are_refused_before_the_first_token(rng: torch.Generator):
    with pytest.raises(ValueError, match="must fit the model's 16 positions; got 17"):
        generate(gpt2(), ragged_prompts(), max_tokens=14, rng=rng)
