"""One reply as a Gymnasium environment: the same decision process as `generate`."""

import warnings

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st
from small_models import MAX_TOKENS, VOCABULARY, gpt2, ragged_prompts
from torch import Tensor

from ppo_teach.envs import TextEnv
from ppo_teach.exercises.language_as_mdp.reply_env import ReplyEnv
from ppo_teach.rollouts import generate
from ppo_teach.tasks.ticket_clerk import SCORES, WORDS, question
from ppo_teach.tasks.ticket_clerk import reward as clerk_reward
from ppo_teach.texts import Prompts, build_tokenizer, encode_prompts


def reward(prompts: Prompts, responses: Tensor, mask: Tensor) -> Tensor:
    """The real tokens as the digits of a number, and the prompt's row before the point."""
    digits = torch.where(mask, responses + 1, 0) * 0.1 ** torch.arange(1, responses.shape[1] + 1)
    return prompts.rows + digits.sum(dim=-1)


def text_env(*, max_tokens: int = MAX_TOKENS, padding: int = 0, junk: int = 0) -> TextEnv:
    prompts = ragged_prompts(padding=padding, junk=junk)
    return TextEnv(prompts, reward, vocabulary_size=VOCABULARY, max_tokens=max_tokens, eos=1, pad=0)


def test_gymnasium_finds_nothing_to_complain_of():
    with warnings.catch_warnings():  # that it has no render mode is no complaint
        warnings.filterwarnings("ignore", message=".*render")
        check_env(text_env())


def test_recorded_actions_give_the_mask_and_the_scores_of_generate(rng: torch.Generator):
    # The rewards of an episode are 0 but the last, which is the score of the whole response.
    prompts = ragged_prompts(padding=1)[torch.arange(4).repeat(4)]
    rollout = generate(gpt2(), prompts, max_tokens=MAX_TOKENS, rng=rng)
    assert not rollout.mask.all()
    scores = reward(rollout.prompts, rollout.responses, rollout.mask)
    env = text_env()
    for row, (actions, mask, score) in enumerate(zip(rollout.responses, rollout.mask, scores, strict=True)):
        env.reset(options={"prompt": int(prompts.rows[row])})
        rewards, terminated = [], False
        while not terminated:
            _, earned, terminated, truncated, _ = env.step(int(actions[len(rewards)]))
            rewards.append(earned)
            assert not truncated
        assert len(rewards) == mask.sum()
        assert rewards[:-1] == [0.0] * (len(rewards) - 1)
        torch.testing.assert_close(rewards[-1], score.item(), rtol=1e-6, atol=0)


def test_the_state_is_the_prompt_and_the_tokens_so_far():
    env = text_env(padding=1, junk=6)  # prompt 1 is 0 5 2, of width 5
    state, _ = env.reset(options={"prompt": 1})
    assert state.tolist() == [0, 0, 0, 5, 2, 0, 0, 0, 0, 0]
    assert env.step(4)[0].tolist() == [0, 0, 0, 5, 2, 4, 0, 0, 0, 0]
    assert env.step(1)[0].tolist() == [0, 0, 0, 5, 2, 4, 1, 0, 0, 0]
    assert env.observation_space.contains(env.reset()[0])


def test_state_and_reward_of_a_reply_by_hand():
    # The clerk's best reply: the question is token 0, `at` is 1, `nine` is 2, and <eos> is 0 as padding is.
    env = TextEnv(question(1), clerk_reward, vocabulary_size=4, max_tokens=3, eos=0, pad=0)
    assert env.reset()[0].tolist() == [0, 0, 0, 0]
    answers = [env.step(token) for token in (1, 2, 0)]
    assert [state.tolist() for state, *_ in answers] == [[0, 1, 0, 0], [0, 1, 2, 0], [0, 1, 2, 0]]
    assert [answer[1:4] for answer in answers] == [(0.0, False, False), (0.0, False, False), (1.0, True, False)]


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=3))
def test_the_environment_of_the_exercise_answers_as_text_env_does(episodes):
    # One prompt, several episodes: what differs is the padding of the state, and a list in place of an array.
    ours = TextEnv(question(1), clerk_reward, vocabulary_size=4, max_tokens=3, eos=0, pad=0)
    theirs = ReplyEnv(
        [0], lambda reply: SCORES.get(" ".join(WORDS[token] for token in reply), 0.0), max_tokens=3, eos=0
    )
    for reply in episodes:
        assert theirs.reset() == ([0], ours.reset()[1])
        for length, token in enumerate(reply, start=2):
            row, *answer = ours.step(token)
            assert theirs.step(token) == (row.tolist()[:length], *answer)
            if answer[1]:
                break


def test_the_limit_of_tokens_terminates_and_never_truncates():
    env = text_env(max_tokens=2)
    env.reset(options={"prompt": 3})
    assert env.step(4)[1:4] == (0.0, False, False)
    _, earned, terminated, truncated, _ = env.step(5)
    assert (terminated, truncated) == (True, False)
    assert earned == pytest.approx(3.56)


def test_a_reply_that_is_over_takes_no_more_tokens():
    env = text_env()
    env.reset()
    env.step(1)
    with pytest.raises(ValueError, match="step must not be called after the end of a reply"):
        env.step(4)
    env.reset()
    assert env.step(4)[2] is False


@pytest.mark.parametrize("action", [-1, VOCABULARY])
def test_a_token_outside_the_vocabulary_is_refused(action: int):
    env = text_env()
    env.reset()
    with pytest.raises(ValueError, match=rf"action must be in Discrete\(7\); got {action}"):
        env.step(action)


def test_the_seed_decides_which_prompts_are_drawn_and_all_are_drawn():
    env = text_env()
    rows = []
    for _ in range(2):
        env.reset(seed=5)
        rows.append([int(env.reset()[0] @ np.arange(1, 10)) for _ in range(40)])
    assert rows[0] == rows[1]
    assert len(set(rows[0])) == 4


def test_the_score_of_a_reply_may_be_a_whole_number_and_must_be_finite():
    prompts = encode_prompts(build_tokenizer(["a"]), ["a"])
    for score, message in (
        ([3], None),
        ([float("nan")], "scores must be finite"),
        (None, "reward must return numbers"),
    ):
        env = TextEnv(prompts, lambda *reply, score=score: score, vocabulary_size=5, max_tokens=1, eos=1, pad=0)
        env.reset()
        if message is None:
            assert env.step(1)[1] == 3.0
        else:
            with pytest.raises(ValueError, match=message):
                env.step(1)
