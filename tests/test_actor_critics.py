"""Transformers behind the interface: index t means response token t, and padding means nothing."""

import pytest
import torch
from small_models import MODELS, POSITIONS, TRANSFORMERS, gpt2, ragged_prompts, ragged_responses, t5
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, T5Config, T5ForConditionalGeneration
from transformers.utils.logging import get_logger

from ppo_teach.actor_critics import CausalActorCritic, Seq2SeqActorCritic
from ppo_teach.masks import masked_mean, position_ids
from ppo_teach.policy import response_logprobs
from ppo_teach.rollouts import score_responses
from ppo_teach.texts import Prompts

ENCODER_DECODERS = [name for name in TRANSFORMERS if name != "gpt2"]


def alone(tokens: list[int]) -> Prompts:
    """One prompt without padding."""
    return Prompts(torch.tensor([tokens]), torch.ones(1, len(tokens), dtype=torch.bool), torch.arange(1))


def real(length: int) -> Tensor:
    return torch.ones(1, length, dtype=torch.bool)


def gradients(model: nn.Module, prompts: Prompts, responses: Tensor, mask: Tensor) -> list[Tensor]:
    """The gradient of a loss in which both heads take part, for every parameter that has one."""
    logprobs, values = score_responses(model, prompts, responses, mask)
    model.zero_grad()
    (masked_mean(logprobs, mask) + masked_mean(values.square(), mask)).backward()
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


# Index t means response token t.


def test_a_decoder_writes_token_t_having_read_everything_before_it():
    # Prompt 3 5, response 2 6 1. Token 0 is drawn having read (3 5), token 1 having read (3 5 2), token 2 (3 5 2 6):
    # the last logits and the last hidden state of the bare model on these texts.
    model = gpt2().double()
    logits, values = model(alone([3, 5]), torch.tensor([[2, 6, 1]]), real(3))
    for t, text in enumerate(([3, 5], [3, 5, 2], [3, 5, 2, 6])):
        output = model.trunk(input_ids=torch.tensor([text]), output_hidden_states=True)
        torch.testing.assert_close(logits[0, t], output.logits[0, -1])
        torch.testing.assert_close(values[0, t], model.value_head(output.hidden_states[-1][0, -1])[0])


@pytest.mark.parametrize("name", ENCODER_DECODERS)
def test_an_encoder_decoder_writes_token_t_having_read_the_source_and_everything_before_it(name: str):
    # Source 3 5, response 2 6 1. The decoder reads (start), (start 2), (start 2 6).
    model = TRANSFORMERS[name]().double()
    logits, values = model(alone([3, 5]), torch.tensor([[2, 6, 1]]), real(3))
    start = model.trunk.config.decoder_start_token_id
    for t, text in enumerate(([start], [start, 2], [start, 2, 6])):
        output = model.trunk(
            input_ids=torch.tensor([[3, 5]]), decoder_input_ids=torch.tensor([text]), output_hidden_states=True
        )
        torch.testing.assert_close(logits[0, t], output.logits[0, -1])
        torch.testing.assert_close(values[0, t], model.value_head(output.decoder_hidden_states[-1][0, -1])[0])


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_the_mean_log_probability_is_minus_the_loss_that_transformers_reports(name: str):
    model, response = TRANSFORMERS[name](), [2, 6, 6, 1]
    logprobs, _ = score_responses(model, alone([3, 5]), torch.tensor([response]), real(4))
    if name == "gpt2":  # labels of −100 leave the prompt out
        loss = model.trunk(torch.tensor([[3, 5, *response]]), labels=torch.tensor([[-100, -100, *response]])).loss
    else:
        loss = model.trunk(torch.tensor([[3, 5]]), labels=torch.tensor([response])).loss
    torch.testing.assert_close(-logprobs.mean(), loss)


@pytest.mark.parametrize("name", MODELS)
def test_a_token_does_not_know_what_comes_after_it(name: str):
    model, prompts, mask = MODELS[name](), alone([3, 5]), real(4)
    logits, values = model(prompts, torch.tensor([[2, 6, 4, 1]]), mask)
    other_logits, other_values = model(prompts, torch.tensor([[2, 6, 5, 3]]), mask)
    torch.testing.assert_close(logits[:, :3], other_logits[:, :3])
    torch.testing.assert_close(values[:, :3], other_values[:, :3])
    assert (logits[:, 3] - other_logits[:, 3]).abs().max() > 0.01


def test_the_bare_networks_logits_shifted_by_one_are_those_behind_the_interface():
    model, tokens = gpt2().double(), torch.tensor([[3, 5, 2, 6, 1]])  # a prompt of two tokens, a response of three
    logprobs, _ = score_responses(model, alone([3, 5]), tokens[:, 2:], real(3))
    torch.testing.assert_close(response_logprobs(model.trunk(tokens).logits, tokens, prompt_width=2), logprobs)


# Padding means nothing.


def test_with_positions_from_the_mask_a_padded_text_is_the_text_alone():
    # Two columns of padding, then 3 5 2 at positions 0, 1, 2. Counted from the padding they would be 2, 3, 4.
    trunk, mask = gpt2().double().trunk, torch.tensor([[False, False, True, True, True]])
    assert position_ids(mask).tolist() == [[0, 0, 0, 1, 2]]
    padded, single = torch.tensor([[0, 0, 3, 5, 2]]), trunk(torch.tensor([[3, 5, 2]])).logits
    logits = trunk(padded, attention_mask=mask.long(), position_ids=position_ids(mask)).logits
    torch.testing.assert_close(logits[:, 2:], single)
    from_the_padding = trunk(padded, attention_mask=mask.long(), position_ids=torch.arange(5)[None]).logits
    assert (from_the_padding[:, 2:] - single).abs().max() > 0.01


@pytest.mark.parametrize("name", MODELS)
def test_a_response_alone_scores_as_it_does_in_a_batch(name: str):
    model, prompts = MODELS[name]().double(), ragged_prompts()
    responses, mask = ragged_responses()
    logits, values = model(prompts, responses, mask)
    for row, (prompt_mask, response_mask) in enumerate(zip(prompts.mask, mask, strict=True)):
        prompt, response = prompts.tokens[row][prompt_mask].tolist(), responses[row][response_mask]
        single_logits, single_values = model(alone(prompt), response[None], real(len(response)))
        torch.testing.assert_close(logits[row][response_mask], single_logits[0])
        torch.testing.assert_close(values[row][response_mask], single_values[0])


@pytest.mark.parametrize("padding", [1, POSITIONS + 3])
@pytest.mark.parametrize("name", MODELS)
def test_nothing_depends_on_how_wide_the_padding_of_prompts_is(name: str, padding: int):
    model = MODELS[name]().double()
    responses, mask = ragged_responses()
    logits, values = model(ragged_prompts(), responses, mask)
    wide_logits, wide_values = model(ragged_prompts(padding=padding), responses, mask)
    torch.testing.assert_close(logits[mask], wide_logits[mask])
    torch.testing.assert_close(values[mask], wide_values[mask])


@pytest.mark.parametrize("junk", [1, 5, 10**6, -100])
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_what_stands_at_padding_changes_no_result_and_no_gradient(name: str, junk: int):
    # To the last bit: the model never sees it.
    model = TRANSFORMERS[name]()
    responses, mask = ragged_responses()
    prompts, junk_prompts = ragged_prompts(padding=2), ragged_prompts(padding=2, junk=junk)
    junk_responses, _ = ragged_responses(junk=junk)
    for output, junk_output in zip(
        model(prompts, responses, mask), model(junk_prompts, junk_responses, mask), strict=True
    ):
        assert torch.equal(output, junk_output)
    clean = [gradient.clone() for gradient in gradients(model, prompts, responses, mask)]
    for gradient, junk_gradient in zip(clean, gradients(model, junk_prompts, junk_responses, mask), strict=True):
        assert torch.equal(gradient, junk_gradient)
    assert max(gradient.abs().max() for gradient in clean) > 0.01


@pytest.mark.parametrize("name", MODELS)
def test_padding_may_be_the_end_of_sequence_token(name: str):
    responses, mask = ragged_responses()
    logits, values = MODELS[name](pad=0).double()(ragged_prompts(), responses, mask)
    model = MODELS[name](pad=0).double()
    model.pad = model.eos
    same_logits, same_values = model(ragged_prompts(junk=1), ragged_responses(junk=1)[0], mask)
    torch.testing.assert_close(logits[mask], same_logits[mask])
    torch.testing.assert_close(values[mask], same_values[mask])


def test_padding_in_responses_does_not_make_transformers_warn_of_a_missing_mask(monkeypatch: pytest.MonkeyPatch):
    warnings = []
    monkeypatch.setattr(get_logger("transformers.modeling_utils"), "warning_once", warnings.append)
    responses, mask = ragged_responses()
    prompts = ragged_prompts()[torch.tensor([3])]  # without padding of its own
    gpt2()(prompts, responses[1:2], mask[1:2])
    assert warnings == []


# Heads and modes.


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_temperature_divides_the_logits_in_both_faces_and_leaves_values_alone(name: str):
    model, prompts = TRANSFORMERS[name](), ragged_prompts()
    responses, mask = ragged_responses()
    logits, values = model(prompts, responses, mask)
    first = model.start(prompts)
    model.temperature = 2.0
    tempered, same_values = model(prompts, responses, mask)
    assert torch.equal(tempered, logits / 2)
    assert torch.equal(same_values, values)
    assert torch.equal(model.start(prompts).logits, first.logits / 2)
    assert torch.equal(model.start(prompts).values, first.values)


@pytest.mark.parametrize(
    "model",
    [
        CausalActorCritic(GPT2LMHeadModel(GPT2Config(vocab_size=7, n_layer=1, n_embd=16, n_head=2)), eos=1, pad=0),
        Seq2SeqActorCritic(
            T5ForConditionalGeneration(
                T5Config(vocab_size=7, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0)
            ),
            eos=1,
            pad=0,
        ),
    ],
    ids=["gpt2", "t5"],
)
def test_a_new_critic_expects_nothing_but_can_learn(model: nn.Module):
    _, values = model(ragged_prompts(), *ragged_responses())
    assert values.abs().max() == 0
    (values - 1).square().sum().backward()
    assert model.value_head.weight.grad.abs().max() > 0


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_dropout_stays_off_even_in_training_mode(name: str):
    model, prompts = TRANSFORMERS[name](), ragged_prompts()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.5
    responses, mask = ragged_responses()
    once, _ = model.train()(prompts, responses, mask)
    assert not any(module.training for module in model.modules())
    assert torch.equal(once, model(prompts, responses, mask)[0])


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_trunk_in_bfloat16_gives_log_probabilities_in_float32(name: str):
    model, (responses, mask) = TRANSFORMERS[name]().bfloat16(), ragged_responses()
    for logits, values in (model(ragged_prompts(), responses, mask), model.start(ragged_prompts())[:2]):
        assert logits.dtype == values.dtype == torch.float32
        logprobs = logits.log_softmax(dim=-1)
        assert not torch.equal(logprobs, logprobs.bfloat16().float())  # more digits than the trunk has


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_float64_stays_float64(name: str):
    logits, values = TRANSFORMERS[name]().double()(ragged_prompts(), *ragged_responses())
    assert logits.dtype == values.dtype == torch.float64


# Room.


def test_prompt_and_response_of_a_decoder_share_its_positions():
    # 16 positions; the longest prompt has 4 tokens; the last token of a response is never fed in: 4 + 13 − 1 = 16.
    model, prompts = gpt2(), ragged_prompts(padding=40)
    model.require_room(prompts, 13)
    with pytest.raises(ValueError, match="must fit the model's 16 positions; got 17"):
        model.require_room(prompts, 14)
    logits, _ = model(prompts, torch.full((4, 13), 2), torch.ones(4, 13, dtype=torch.bool))
    assert logits.shape == (4, 13, 7)
    with pytest.raises(ValueError, match="prompt and response together, less one, must fit"):
        model(prompts, torch.full((4, 14), 2), torch.ones(4, 14, dtype=torch.bool))


def test_source_and_response_of_an_encoder_decoder_have_positions_of_their_own():
    model, prompts = TRANSFORMERS["bart"](), ragged_prompts(padding=40)
    logits, _ = model(prompts, torch.full((4, 16), 2), torch.ones(4, 16, dtype=torch.bool))
    assert logits.shape == (4, 16, 7)
    with pytest.raises(ValueError, match="response must fit the model's 16 positions; got 17"):
        model(prompts, torch.full((4, 17), 2), torch.ones(4, 17, dtype=torch.bool))
    with pytest.raises(ValueError, match="prompt must fit the model's 16 positions; got 17"):
        model(alone([2] * 17), torch.full((1, 1), 2), real(1))


def test_relative_positions_have_no_limit():
    t5().require_room(alone([2] * 1000), 1000)
