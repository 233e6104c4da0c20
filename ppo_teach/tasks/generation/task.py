"""Film reviews, steered towards praise. Chapter: book/applications/generation.md.

The prompt is the opening of a review, the response its rest. The reward is a small classifier's belief that the whole
review is positive. The grammar has no part in it, so the grammar can measure what this reward does to the language.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import permutations
from random import Random

import torch
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_causal
from ppo_teach.rewards import Metric, bleu
from ppo_teach.tasks.generation.film_reviews import ASPECTS, Review, clause_signs, is_review, random_review
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer

SETTINGS_OF_GENERATION = Settings(
    supervision=Supervision(steps=500, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=60, epochs=2, learning_rate=5e-4, max_tokens=28, kl=FixedKL(0.03)),
)

Classifier = Callable[[Sequence[str]], Float[Tensor, " B"]]


def generation() -> Task:
    """The task. Its reviews are always the same; a run's seed is for the model and for PPO."""
    rng = Random(0)
    reviews = [random_review(rng) for _ in range(6000)]
    openings = list(dict.fromkeys(review.opening for review in reviews))
    validation, test, train = openings[:200], openings[200:400], openings[400:]
    kept = set(train)
    corpus = [review for review in reviews if review.opening in kept]
    tokenizer = build_tokenizer([review.text for review in reviews])
    positive = train_classifier(tokenizer, corpus)

    def score(responses: Sequence[str], openings: Sequence[str]) -> Float[Tensor, " B"]:
        return positive(whole_reviews(responses, openings))

    def report(responses: Sequence[str], openings: Sequence[str]) -> dict[str, float]:
        texts = whole_reviews(responses, openings)
        grammatical = [text for text in texts if is_review(text)]
        return {
            "P(positive)": 100 * positive(texts).mean().item(),
            "grammatical": 100 * len(grammatical) / len(texts),
            "praising": 100 * sum(sum(clause_signs(text)) > 0 for text in grammatical) / len(texts),
            "distinct trigrams": 100 * distinct_n(responses, n=3),
        }

    return Task(
        name="generation",
        corpus=Examples([review.opening for review in corpus], [review.rest for review in corpus]),
        train=Examples(train, train),
        validation=Examples(validation, validation),
        test=Examples(test, test),
        score=score,
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_causal(tokenizer.get_vocab_size(), seed=seed),
        settings=SETTINGS_OF_GENERATION,
    )


def whole_reviews(responses: Sequence[str], openings: Sequence[str]) -> list[str]:
    """Each opening with its response."""
    return [f"{opening} {response}" for opening, response in zip(openings, responses, strict=True)]


def praise(responses: Sequence[str], openings: Sequence[str]) -> Float[Tensor, " B"]:
    """The share of clauses that praise in each whole review, from 0 to 1; −1 for a text that is no review.

    It is computed from the grammar, not learned: the gold score of book/language/reward-models.md.
    """
    signs = [clause_signs(text) if is_review(text) else [] for text in whole_reviews(responses, openings)]
    return torch.tensor([sum(sign > 0 for sign in each) / len(each) if each else -1.0 for each in signs])


def speaks_of(topic: Collection[str]) -> Metric:
    """A score: the share of the aspects named in a response that belong to the topic, from 0 to 1; 0 if none is named.

    It counts words and ignores their context. The opening is not counted: the policy did not write it.
    """
    known = {aspect for aspects in ASPECTS.values() for aspect in aspects}

    def score(responses: Sequence[str], openings: Sequence[str]) -> Float[Tensor, " B"]:
        named = [[word for word in response.split() if word in known] for response in responses]
        return torch.tensor([sum(word in topic for word in words) / max(len(words), 1) for words in named])

    return score


def train_classifier(tokenizer: Tokenizer, reviews: Sequence[Review], *, steps: int = 200) -> Classifier:
    """P(positive) of texts, by logistic regression on how often each word occurs; in [0, 1].

    It cannot know what "not" refers to: a bag of words has no order. Fitted with Adam on all the reviews at once.
    """

    def counts(texts: Sequence[str]) -> Float[Tensor, "B V"]:
        bags = torch.zeros(len(texts), tokenizer.get_vocab_size())
        for bag, encoding in zip(bags, tokenizer.encode_batch(list(texts)), strict=True):
            bag += torch.bincount(torch.tensor(encoding.ids), minlength=len(bag))
        return bags

    bags = counts([review.text for review in reviews])
    labels = torch.tensor([float(review.positive) for review in reviews])
    weights, bias = torch.zeros(bags.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.Adam([weights, bias], lr=0.1, weight_decay=1e-3, fused=True)
    for _ in range(steps):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(bags @ weights + bias, labels).backward()
        optimizer.step()
    weights, bias = weights.detach(), bias.detach()
    return lambda texts: (counts(texts) @ weights + bias).sigmoid()


def distinct_n(texts: Sequence[str], *, n: int) -> float:
    """The share of different n-grams among all n-grams of these texts, from 0 to 1. Source: Li et al. (2016).

    The more texts, the smaller the share: compare sets of the same size.
    """
    ngrams = [tuple(words[i : i + n]) for words in map(str.split, texts) for i in range(len(words) - n + 1)]
    return len(set(ngrams)) / max(len(ngrams), 1)


def self_bleu(texts: Sequence[str]) -> float:
    """How alike these texts are: sentence BLEU of each against every other, averaged over all pairs; from 0 to 1.

    The number of pairs grows with the square of the number of texts. Source: Shen et al. (2019), pairwise BLEU.
    """
    hypotheses, references = zip(*permutations(texts, 2), strict=True)
    return bleu(hypotheses, references, tokenize="none").mean().item()
