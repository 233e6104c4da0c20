"""The supervised start of a task, made once and kept in the user's cache folder.

A start is found again by all that it depends on: the package's source, the versions, the untrained weights, the texts,
the settings. A change to any of them makes a new one.
"""

import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import torch
from platformdirs import user_cache_path
from torch import nn

from ppo_teach.checkpoints import write_aside
from ppo_teach.kernels import probe
from ppo_teach.pretraining import pretrain
from ppo_teach.runs.provenance import fingerprint, source_digest, versions
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_responses


def supervised_start(task: Task, *, seed: int, device: str = "cpu") -> nn.Module:
    """The task's model after it imitated the corpus; the seed is that of its weights at first and of the examples.

    A line on stderr tells how many texts of the corpus are longer than `max_tokens`: no model could say them whole.
    """
    model = task.build(seed).to(device)
    _tell_what_does_not_fit(task, model)
    path = _cached_path(task, model, seed, device)
    if path.exists():
        model.load_state_dict(torch.load(path, weights_only=True, map_location=device))
        return model
    responses, mask = encode_responses(task.tokenizer, task.corpus.references, eos=model.eos, pad=model.pad)
    rng = torch.Generator(device).manual_seed(seed)
    pretrain(model, task.prompts(model, task.corpus), responses, mask, **asdict(task.settings.supervision), rng=rng)
    write_aside(path, lambda aside: torch.save(model.state_dict(), aside))
    return model


def _tell_what_does_not_fit(task: Task, model: nn.Module) -> None:
    _, mask = encode_responses(task.tokenizer, task.corpus.references, eos=model.eos, pad=model.pad)
    lengths, most = mask.sum(dim=-1), task.settings.ppo.max_tokens
    if too_long := int((lengths > most).sum()):
        print(
            f"{too_long} of the {len(lengths)} texts to imitate are longer than max_tokens, {most}, and can never be "
            f"said whole; the longest has {int(lengths.max())} tokens, its end included",
            file=sys.stderr,
        )


def _cached_path(task: Task, model: nn.Module, seed: int, device: str) -> Path:
    weights = sha256()
    for name, tensor in model.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    key = fingerprint(
        {
            "source": source_digest(),
            "versions": versions(),
            "kernels": [device, torch.get_num_threads(), probe()],
            "weights": weights.hexdigest(),
            "tokenizer": task.tokenizer.to_str(),
            "corpus": [list(task.corpus.prompts), list(task.corpus.references)],
            "supervision": asdict(task.settings.supervision),
            "seed": seed,
        }
    )
    return user_cache_path("ppo-teach") / "starts" / f"{task.name}-{key}.pt"
