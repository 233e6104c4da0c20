"""Contestant: iterations of TRL's `PPOTrainer`, in an environment of its own that `throughput.py` makes.

The sizes are ours, and so is everything that TRL leaves open: float32, no gradient checkpointing, no stop token, a
reward that costs next to nothing, no saving, no printed samples. What TRL fixes stays as it is: its critic is a second
model of the policy's size.
"""

import json
import sys
import tempfile
from types import SimpleNamespace

import torch
from datasets import Dataset
from laps import Laps, Setting
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import Tensor, nn
from transformers import (
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
)
from trl.experimental.ppo import PPOConfig, PPOTrainer


class ShareOfToken5(nn.Module):
    """A reward model as TRL calls it: a backbone's last hidden states, and a score of each."""

    base_model_prefix = "backbone"

    def backbone(self, input_ids: Tensor, **options: object) -> SimpleNamespace:
        return SimpleNamespace(hidden_states=[(input_ids == 5).float().cumsum(dim=1)[..., None]])

    def score(self, hidden: Tensor) -> Tensor:
        return hidden / hidden.shape[1]


class Turns(TrainerCallback):
    """Each of the trainer's steps is a lap."""

    def __init__(self, laps: Laps) -> None:
        self.laps = laps

    def on_train_begin(self, *arguments: object, **options: object) -> None:
        self.laps.begin()

    def on_step_end(self, *arguments: object, **options: object) -> None:
        self.laps.end()
        self.laps.begin()


def build_trainer(setting: Setting, laps: Laps, folder: str) -> PPOTrainer:
    """A trainer of a random GPT-2. Padding and EOS lie outside the vocabulary, so that no reply ends early."""
    words = {str(token): token for token in range(setting.vocabulary_size)}
    words |= {"<pad>": len(words), "<eos>": len(words) + 1}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="<eos>")),
        pad_token="<pad>",
        eos_token="<eos>",
        padding_side="left",
    )
    model = GPT2Config(
        vocab_size=setting.vocabulary_size,
        n_layer=setting.layers,
        n_embd=setting.width,
        n_head=setting.heads,
        n_positions=setting.positions,
        bos_token_id=None,
        eos_token_id=None,
        num_labels=1,
    )
    rng = torch.Generator().manual_seed(0)
    shape = (4 * setting.batch_size, setting.prompt_tokens)
    prompts = torch.randint(setting.vocabulary_size, shape, generator=rng)
    config = PPOConfig(
        output_dir=folder,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        num_sample_generations=0,
        # A batch in one piece: with accumulation TRL would step its optimiser once in several minibatches.
        per_device_train_batch_size=setting.batch_size,
        gradient_accumulation_steps=1,
        local_rollout_forward_batch_size=setting.batch_size,
        num_mini_batches=setting.minibatches,
        num_ppo_epochs=setting.epochs,
        total_episodes=1000 * setting.batch_size,
        response_length=setting.response_tokens,
        temperature=1.0,
        learning_rate=2e-4,
    )
    return PPOTrainer(
        args=config,
        processing_class=tokenizer,
        model=GPT2LMHeadModel(model),
        ref_model=None,
        reward_model=ShareOfToken5(),
        value_model=GPT2ForSequenceClassification(model),
        train_dataset=Dataset.from_dict({"input_ids": prompts.tolist()}),
        callbacks=[Turns(laps)],
    )


def main(setting: Setting) -> None:
    torch.set_num_threads(1)
    laps = Laps("trl", "torch", "transformers", "accelerate")
    with tempfile.TemporaryDirectory() as folder:
        build_trainer(setting, laps, folder).train()


if __name__ == "__main__":
    main(Setting(**json.loads(sys.argv[1])))
