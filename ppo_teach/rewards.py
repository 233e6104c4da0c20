"""What do we reward? Chapter: book/language/rewards.md.

The only module that imports `sacrebleu` and `rouge_score`. Metrics take texts and return a number in [0, 1] per text; a
`Reward` is what the trainer calls, on tokens.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF
from tokenizers import Tokenizer
from torch import Tensor

from ppo_teach.checks import finite, require
from ppo_teach.texts import Prompts, decode

Reward = Callable[[Prompts, Int[Tensor, "B T"], Bool[Tensor, "B T"]], Float[Tensor, " B"]]
Metric = Callable[[Sequence[str], Sequence[str]], Float[Tensor, " B"]]
BleuTokenization = Literal["13a", "zh", "char", "none"]


def bleu(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: BleuTokenization = "13a"
) -> Float[Tensor, " B"]:
    """Sentence BLEU of each hypothesis against its reference, in [0, 1].

        BP · exp( Σ_n (1/N) log p_n ),     BP = min(1, exp(1 − |reference| / |hypothesis|))

    Effective order: N is the largest n ≤ 4 for which the hypothesis has n-grams. Exponential smoothing of precisions
    that are 0. `tokenize` is sacrebleu's: "zh" splits Chinese into characters. Source: Papineni et al. (2002).
    """
    _same_number(hypotheses, references)
    metric = _sentence_bleu(tokenize)
    pairs = zip(hypotheses, references, strict=True)
    return torch.tensor([metric.sentence_score(hypothesis, [reference]).score / 100 for hypothesis, reference in pairs])


def rouge(
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    variant: Literal["rouge1", "rouge2", "rougeL"] = "rougeL",
    measure: Literal["precision", "recall", "fmeasure"] = "fmeasure",
) -> Float[Tensor, " B"]:
    """ROUGE of each hypothesis against its reference, in [0, 1]; words are what white space separates.

    Overlap of unigrams, of bigrams, or the longest common subsequence: as a share of the hypothesis (precision), of the
    reference (recall), or their harmonic mean (F). Source: Lin (2004).
    """
    _same_number(hypotheses, references)
    scorer = _rouge_scorer(variant)
    pairs = zip(hypotheses, references, strict=True)
    scores = [scorer.score(target=reference, prediction=hypothesis)[variant] for hypothesis, reference in pairs]
    return torch.tensor([float(getattr(score, measure)) for score in scores])


def corpus_bleu(hypotheses: Sequence[str], references: Sequence[str], *, tokenize: BleuTokenization = "13a") -> float:
    """Corpus BLEU in percent, as papers report it: n-gram counts are pooled before they are divided."""
    _same_number(hypotheses, references)
    return BLEU(tokenize=tokenize).corpus_score(list(hypotheses), [list(references)]).score


def corpus_bleu_signature(*, tokenize: BleuTokenization = "13a") -> str:
    """What a `corpus_bleu` must be reported with to be comparable: sacrebleu's settings and version, in one line."""
    metric = BLEU(tokenize=tokenize)
    metric.corpus_score(["a"], [["a"]])  # from which it learns that there is one reference to each hypothesis
    return str(metric.get_signature())


def corpus_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """chrF in percent: an F-score over character n-grams, so it needs no tokenisation. Source: Popović (2015)."""
    _same_number(hypotheses, references)
    return CHRF().corpus_score(list(hypotheses), [list(references)]).score


def as_scores(given: Any, responses: Int[Tensor, "B T"], *, by: str = "reward") -> Float[Tensor, " B"]:
    """What a reward gave for these responses, as floats in a tensor. A list will do, an array, integers, flags.

    Floats keep their precision. Raises ValueError, with `by`, the name of who gave it, unless it is one finite number
    for each response.
    """
    try:
        scores = torch.as_tensor(given, device=responses.device)
    except (OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{by} must return numbers, one for each response; got {given!r:.80}: {error}") from error
    require(not scores.is_complex(), f"{by} must return real numbers; got {scores.dtype}")
    require(
        scores.shape == responses.shape[:1],
        f"{by} must return {len(responses)} scores; got shape {tuple(scores.shape)}",
    )
    scores = scores if scores.is_floating_point() else scores.to(torch.get_default_dtype())
    finite("scores", scores)
    return scores


def constant(value: float) -> Reward:
    """The control: the same score for every response. Whatever changes under it was not taught by the reward."""
    return lambda prompts, responses, mask: torch.full((len(responses),), float(value), device=responses.device)


def text_reward(tokenizer: Tokenizer, references: Sequence[str], metric: Metric, *, eos: int = 1) -> Reward:
    """A reward that decodes the responses and holds each against the reference of its prompt's row.

    The reward raises ValueError for a row without a reference.
    """

    def reward(prompts: Prompts, responses: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, " B"]:
        texts, rows = decode(tokenizer, responses, mask, eos=eos), prompts.rows.tolist()
        require(
            max(rows) < len(references),
            f"references must hold one text for each prompt; prompts.rows reach {max(rows)}, got {len(references)}",
        )
        return as_scores(metric(texts, [references[row] for row in rows]), responses, by="metric")

    return reward


class _WhiteSpace:
    """The tokenisation that rouge_score asks for; its own would drop every character outside a–z and 0–9."""

    def tokenize(self, text: str) -> list[str]:
        return text.split()


@lru_cache
def _sentence_bleu(tokenize: BleuTokenization) -> BLEU:
    return BLEU(effective_order=True, tokenize=tokenize)


@lru_cache
def _rouge_scorer(variant: str) -> RougeScorer:
    return RougeScorer([variant], tokenizer=_WhiteSpace())


def _same_number(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    require(
        len(hypotheses) == len(references),
        f"hypotheses and references must have the same length; got {len(hypotheses)} and {len(references)}",
    )
