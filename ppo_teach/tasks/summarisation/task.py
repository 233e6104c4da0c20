"""A news story in, a headline out. Chapter: book/applications/summarisation.md.

Of the headlines found on the web, most are bad: nearly half repeat the story's first sentence, others belong to another
story or say next to nothing. One in three has all the facts. PPO imitates none of them; it sees ROUGE. The model reads
the whole story before it writes: it is an encoder–decoder.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random

import torch
from jaxtyping import Float
from torch import Tensor

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_seq2seq
from ppo_teach.rewards import rouge
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.summarisation.fact_checker import check_facts, is_grammatical
from ppo_teach.tasks.summarisation.news import Story, random_story
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer

SETTINGS_OF_SUMMARISATION = Settings(
    supervision=Supervision(steps=1000, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=60, epochs=2, learning_rate=5e-4, max_tokens=20, kl=FixedKL(0.02)),
)


def summarisation() -> Task:
    """The task. Its stories are always the same; a run's seed is for the model and for PPO.

    A reference is one of three good headlines, drawn at random.
    """
    rng = Random(0)
    stories = {story.text: story for story in (random_story(rng) for _ in range(4400))}
    texts, events = list(stories), [story.event for story in stories.values()]
    clean = Examples(texts, [rng.choice(event.headlines()) for event in events])
    train, validation, test = clean[400:], clean[:200], clean[200:400]
    found = [found_headline(stories[text], rng) for text in train.prompts]
    tokenizer = build_tokenizer([*clean.prompts, *clean.references, *found])
    return Task(
        name="summarisation",
        corpus=Examples(train.prompts, found),
        train=train,
        validation=validation,
        test=test,
        score=rouge,
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_seq2seq(tokenizer.get_vocab_size(), seed=seed),
        settings=SETTINGS_OF_SUMMARISATION,
    )


def found_headline(story: Story, rng: Random) -> str:
    """A headline as found on the web: often the lead, sometimes another story's headline or two facts of six."""
    match rng.choices(["lead", "another's", "short", "good"], weights=[45, 10, 10, 35])[0]:
        case "lead":
            return story.lead
        case "another's":
            return rng.choice(random_story(rng).event.headlines())
        case "short":
            return story.event.short_headline()
        case _:
            return rng.choice(story.event.headlines())


def facts(headlines: Sequence[str], references: Sequence[str], *, price: float = 1.0) -> Float[Tensor, " B"]:
    """The share of the reference's facts that a headline has right, less `price` times the share it has wrong.

    A missing fact earns and costs nothing. Of a reference only the facts are read: a list of them would do.
    """
    scores = []
    for headline, reference in zip(headlines, references, strict=True):
        verdicts = list(check_facts(headline, reference).values())
        scores.append((verdicts.count("right") - price * verdicts.count("wrong")) / len(verdicts))
    return torch.tensor(scores)


def rouge_and_facts(headlines: Sequence[str], references: Sequence[str], *, price: float = 1.0) -> Float[Tensor, " B"]:
    """ROUGE-L and `facts` in one score."""
    return rouge(headlines, references) + facts(headlines, references, price=price)


def report(headlines: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """ROUGE's three F-scores, in percent; the mean length; in percent, facts right and wrong, and correct grammar.

    Facts are those of the references, six each. What is neither right nor wrong is missing.
    """
    checks = Counter()
    for headline, reference in zip(headlines, references, strict=True):
        checks.update(check_facts(headline, reference).values())
    return {
        "ROUGE-1": 100 * rouge(headlines, references, variant="rouge1").mean().item(),
        "ROUGE-2": 100 * rouge(headlines, references, variant="rouge2").mean().item(),
        "ROUGE-L": 100 * rouge(headlines, references).mean().item(),
        "length in words": sum(len(headline.split()) for headline in headlines) / len(headlines),
        "facts right": 100 * checks["right"] / checks.total(),
        "facts wrong": 100 * checks["wrong"] / checks.total(),
        "grammatical": 100 * sum(map(is_grammatical, headlines)) / len(headlines),
    }
