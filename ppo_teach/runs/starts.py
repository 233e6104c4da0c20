"""The supervised start of a task, made once and kept in the user's cache folder.

A start is kept under a digest of all that it depends on: the package's source, the versions, the untrained weights, the
texts, the settings. When any of them changes, a new one is made, and also when the file is damaged.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile

import torch
from jaxtyping import Int
from platformdirs import user_cache_path
from torch import Tensor, nn

from ppo_teach.checkpoints import load_state, save_state
from ppo_teach.kernels import probe
from ppo_teach.pretraining import pretrain
from ppo_teach.runs.provenance import fingerprint, source_digest, versions
from ppo_teach.tasks.task import Task
from ppo_teach.texts import encode_responses


def supervised_start(task: Task, *, seed: int, device: str = "cpu") -> nn.Module:
    """The task's model, trained to imitate the corpus; the seed is for its first weights and for the examples drawn.

    A line on stderr tells how many texts of the corpus are longer than `max_tokens`: no model could write them whole.
    """
    model = task.build(seed).to(device)
    responses, mask = encode_responses(task.tokenizer, task.corpus.references, eos=model.eos, pad=model.pad)
    _tell_what_does_not_fit(mask.sum(dim=-1), task.settings.ppo.max_tokens)
    path = _cached_path(task, model, seed, device)
    with suppress(OSError, ValueError):  # it is not there, or damaged: made anew
        model.load_state_dict(load_state(path, device=device))
        return model
    writable = _is_writable(path.parent)
    rng = torch.Generator(device).manual_seed(seed)
    pretrain(model, task.prompts(model, task.corpus), responses, mask, **asdict(task.settings.supervision), rng=rng)
    if writable:
        with _going_on("the supervised start is not kept"):
            save_state(path, model.state_dict())
    return model


def _tell_what_does_not_fit(lengths: Int[Tensor, " N"], most: int) -> None:
    if too_long := int((lengths > most).sum()):
        print(
            f"{too_long} of the {len(lengths)} texts to imitate are longer than max_tokens, {most}, and can never be "
            f"written whole; the longest has {int(lengths.max())} tokens, its end included",
            file=sys.stderr,
        )


def _is_writable(folder: Path) -> bool:
    """Whether a file can be made in the folder; if not, a line says why. Tried before the start takes its time."""
    with _going_on("the supervised start will not be kept"):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    return False


@contextmanager
def _going_on(consequence: str) -> Iterator[None]:
    """An OSError inside is told in one line, and then ignored."""
    try:
        yield
    except OSError as error:
        print(f"{consequence}: {error}", file=sys.stderr)


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
