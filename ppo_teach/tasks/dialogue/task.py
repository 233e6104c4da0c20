"""A help desk that learns to help. Chapter: book/applications/dialogue.md.

The prompt is what the desk sees, its screen and the conversation so far; the response is one reply, and one reply is
one episode. The supervised start imitates an old desk that was often rude, answered strangers without asking their
names, and avoided questions about money. The model is an encoder–decoder, as in `summarisation`: it reads the screen
and what has been said before it speaks.
"""

from collections.abc import Sequence
from functools import cache
from random import Random

import torch

from ppo_teach.config import PPOConfig
from ppo_teach.kl import FixedKL
from ppo_teach.language_models import tiny_seq2seq
from ppo_teach.models import ActorCritic
from ppo_teach.rollouts import generate
from ppo_teach.tasks.dialogue.conversations import Conversation, Customer, Desk, converse, random_customer
from ppo_teach.tasks.dialogue.desk_rules import is_right, is_wrong, score_by, support_desk
from ppo_teach.tasks.dialogue.help_desk import TONES, VALUES, evasion, question, read, screens, statement, toned
from ppo_teach.tasks.settings import Settings, Supervision
from ppo_teach.tasks.task import Examples, Task
from ppo_teach.texts import build_tokenizer, decode, encode_prompts

SPLITS = {  # which screens, and how many customers for each
    "train": (slice(243), 12),
    "validation": (slice(243, 293), 4),
    "test": (slice(293, 343), 4),
}
TONE_WEIGHTS = (0.3, 0.2, 0.4, 0.1)  # of the old desk's replies: polite, plain, rude, a pirate's
SETTINGS_OF_DIALOGUE = Settings(
    supervision=Supervision(steps=1000, batch_size=32, learning_rate=5e-3),
    ppo=PPOConfig(iterations=60, epochs=2, learning_rate=5e-4, max_tokens=24, kl=FixedKL(0.1)),
)


def dialogue() -> Task:
    """The task, with the support desk's rule. Its customers are always the same; a run's seed is for model and PPO."""
    (prompts, replies, dues), validation, test = (old_logs(customers(split)) for split in SPLITS)
    tokenizer = build_tokenizer([*prompts, *replies, *dues])
    return Task(
        name="dialogue",
        corpus=Examples(prompts, replies),
        train=Examples(prompts, dues),
        validation=Examples(validation[0], validation[2]),
        test=Examples(test[0], test[2]),
        score=score_by(support_desk),
        report=report,
        tokenizer=tokenizer,
        build=lambda seed: tiny_seq2seq(tokenizer.get_vocab_size(), seed=seed),
        settings=SETTINGS_OF_DIALOGUE,
    )


@cache
def customers(split: str) -> tuple[Customer, ...]:
    """The customers of "train", "validation" or "test", always the same. No two splits share a screen."""
    shuffled, rng = Random(0).sample(screens(), 343), Random(split)
    rows, each = SPLITS[split]
    return tuple(random_customer(screen, rng) for screen in shuffled[rows] for _ in range(each))


def report(responses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """In percent: the support desk's score, of its highest, 3; replies of each kind. Last, the mean length in words."""
    pairs = [(read(response), read(reference)) for response, reference in zip(responses, references, strict=True)]
    totals = {
        "gold score": 100 * sum(support_desk(*pair) for pair in pairs) / 3,
        "right": 100 * sum(is_right(*pair) for pair in pairs),
        "wrong": 100 * sum(is_wrong(*pair) for pair in pairs),
        "vague": 100 * sum(reply.vague for reply, _ in pairs),
        "polite": 100 * sum(reply.polite for reply, _ in pairs),
        "rude": 100 * sum(reply.rude for reply, _ in pairs),
        "fluent": 100 * sum(reply.fluent for reply, _ in pairs),
        "words": sum(reply.words for reply, _ in pairs),
    }
    return {name: total / len(pairs) for name, total in totals.items()}


# Desks: each is given open conversations and returns a reply to every one.


def perfect_desk(conversations: Sequence[Conversation]) -> list[str]:
    """Does what is due, politely. The same prompt always gets the same wording."""
    return [f"certainly , {due_content(open_one, Random(open_one.prompt))}" for open_one in conversations]


def old_desk(*, seed: int) -> Desk:
    """Does what is due about half of the time. Else it answers too early, says a falsehood or evades; in any tone."""
    rng = Random(seed)

    def reply(conversation: Conversation) -> str:
        contents = [due_content(conversation, rng), mistake(conversation, rng), evasion(rng)]
        if conversation.due != "answer":
            weights = (0.35, 0.4, 0.25)
        else:
            weights = (0.35, 0.1, 0.55) if conversation.customer.topic == "cost" else (0.7, 0.1, 0.2)
        return toned(rng.choices(contents, weights)[0], rng.choices(TONES, TONE_WEIGHTS)[0], rng)

    return lambda conversations: [reply(conversation) for conversation in conversations]


def model_desk(task: Task, model: ActorCritic, *, seed: int = 0) -> Desk:
    """The model as a desk: its replies are sampled."""
    device = next(model.parameters()).device
    rng = torch.Generator(device).manual_seed(seed)

    def desk(conversations: Sequence[Conversation]) -> list[str]:
        prompts = encode_prompts(task.tokenizer, [open_one.prompt for open_one in conversations], pad=model.pad)
        rollout = generate(model, prompts.to(device), max_tokens=task.settings.ppo.max_tokens, rng=rng)
        return decode(task.tokenizer, rollout.responses, rollout.mask, eos=model.eos)

    return desk


def old_logs(callers: Sequence[Customer]) -> tuple[list[str], list[str], list[str]]:
    """What the old desk saw, what it said, and what a perfect one would have said, reply by reply."""
    prompts, replies, dues, desk = [], [], [], old_desk(seed=1)

    def logging_desk(conversations: Sequence[Conversation]) -> Sequence[str]:
        said = desk(conversations)
        prompts.extend(open_one.prompt for open_one in conversations)
        replies.extend(said)
        dues.extend(perfect_desk(conversations))
        return said

    converse(logging_desk, callers)
    return prompts, replies, dues


def due_content(conversation: Conversation, rng: Random) -> str:
    """What the desk should say now: the answer, or a question for what is still missing."""
    customer = conversation.customer
    if conversation.due == "answer":
        return statement(customer.topic, customer.answer, rng)
    return question(conversation.due, rng)


def mistake(conversation: Conversation, rng: Random) -> str:
    """An answer before name and question are known; a false answer when they are."""
    customer = conversation.customer
    if conversation.due == "answer":
        return statement(customer.topic, rng.choice([v for v in VALUES[customer.topic] if v != customer.answer]), rng)
    topic = customer.topic if "topic" in conversation.told else rng.choice(list(VALUES))
    return statement(topic, customer.screen[topic], rng)
