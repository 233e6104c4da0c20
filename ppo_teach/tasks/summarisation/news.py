"""Small news stories and their headlines, from one grammar. Chapter: book/applications/summarisation.md.

    a fire struck kelby on monday . last year a storm damaged six barns in hollin . nine people were hurt . the fire
    destroyed three houses .

A story begins with its lead. The other sentences come in any order, and one of them misleads: it has a number, a day
or a town of its own. A headline states six facts (who, deed, count, thing, town, toll) in one of three orders:

    active       fire destroys three houses in kelby , nine hurt
    passive      three houses destroyed by fire in kelby , nine hurt
    toll first   nine hurt as fire destroys three houses in kelby
"""

from dataclasses import dataclass
from random import Random

NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
TOWNS = ["kelby", "larkhill", "hollin", "oldbridge", "stonewell", "millbrook", "ravensby", "eastmoor", "thornley"]
VERBS = {  # base: present, past, participle
    "destroy": ("destroys", "destroyed", "destroyed"),
    "damage": ("damages", "damaged", "damaged"),
    "steal": ("steals", "stole", "stolen"),
    "find": ("finds", "found", "found"),
    "rescue": ("rescues", "rescued", "rescued"),
    "close": ("closes", "closed", "closed"),
    "sell": ("sells", "sold", "sold"),
}


@dataclass(frozen=True)
class Kind:
    """The words of one kind of news."""

    actors: tuple[str, ...]
    arrival: str  # what joins an actor and a town in a lead that says no more
    verbs: tuple[str, ...]
    things: tuple[str, ...]
    toll: str  # in a headline, after a number or "none"
    tolls: tuple[str, ...]  # in a story
    no_toll: str

    @property
    def names(self) -> tuple[str, ...]:
        """The actors without their articles, as headlines have them."""
        return tuple(actor.split()[-1] for actor in self.actors)


KINDS = (
    Kind(
        actors=("a fire", "a storm", "a flood", "an explosion"),
        arrival="struck",
        verbs=("destroy", "damage"),
        things=("houses", "shops", "barns", "boats", "bridges"),
        toll="hurt",
        tolls=("{number} people were hurt .", "{number} people were taken to hospital ."),
        no_toll="nobody was hurt .",
    ),
    Kind(
        actors=("a thief", "a burglar", "a robber", "a pirate"),
        arrival="came to",
        verbs=("steal", "damage"),
        things=("paintings", "bicycles", "violins", "clocks", "statues"),
        toll="arrested",
        tolls=("{number} people were arrested .", "the police caught {number} people ."),
        no_toll="nobody was arrested .",
    ),
    Kind(
        actors=("a diver", "a sailor", "a firefighter", "a climber"),
        arrival="hurried to",
        verbs=("rescue", "find"),
        things=("tourists", "children", "dogs", "horses", "students"),
        toll="missing",
        tolls=("{number} people are still missing .", "the search for {number} people goes on ."),
        no_toll="nobody is missing .",
    ),
    Kind(
        actors=("the council", "the county", "the ministry", "the government"),
        arrival="announced cuts in",
        verbs=("close", "sell"),
        things=("schools", "libraries", "museums", "pools", "theatres"),
        toll="protest",
        tolls=("{number} people protested .", "{number} people marched to the town hall ."),
        no_toll="nobody protested .",
    ),
)
MISLEADING = (
    "the news reached {town} within {number} hours .",
    "the road to {town} is blocked until {day} .",
    "the mayor of {town} will visit on {day} .",
    "{number} witnesses spoke to reporters .",
    "{number} reporters came from {town} .",
    "it had rained for {number} days .",
)


@dataclass(frozen=True)
class Event:
    """What happened."""

    kind: Kind
    actor: str
    deed: str  # a base form
    count: str
    thing: str
    town: str
    toll: str  # a number, or "none"

    @property
    def who(self) -> str:
        return self.actor.split()[-1]

    def headlines(self) -> tuple[str, str, str]:
        """All six facts: active, passive, toll first."""
        toll = f"{self.toll} {self.kind.toll}"
        present, _, participle = VERBS[self.deed]
        active = f"{self.who} {present} {self.count} {self.thing} in {self.town}"
        passive = f"{self.count} {self.thing} {participle} by {self.who} in {self.town}"
        return f"{active} , {toll}", f"{passive} , {toll}", f"{toll} as {active}"

    def short_headline(self) -> str:
        """Two of the six: "fire in kelby"."""
        return f"{self.who} in {self.town}"


@dataclass(frozen=True)
class Story:
    event: Event
    lead: str
    rest: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join((self.lead, *self.rest))


def random_story(rng: Random) -> Story:
    """A story of three or four sentences. No number, town or day occurs in it twice.

    The lead may leave the town, or the damage, to a later sentence; it never tells the toll.
    """
    numbers, towns, days = (iter(rng.sample(words, len(words))) for words in (NUMBERS, TOWNS, DAYS))
    kind = rng.choice(KINDS)
    actor, deed, thing = rng.choice(kind.actors), rng.choice(kind.verbs), rng.choice(kind.things)
    toll = "none" if rng.random() < 0.2 else next(numbers)
    event = Event(kind, actor, deed, next(numbers), thing, next(towns), toll)
    day, (_, past, participle) = next(days), VERBS[deed]
    lead, *rest = rng.choice(
        [
            [f"{actor} {past} {event.count} {thing} in {event.town} on {day} ."],
            [f"{event.count} {thing} in {event.town} were {participle} by {actor} on {day} ."],
            [f"{actor} {past} {event.count} {thing} on {day} .", f"all this happened in {event.town} ."],
            [f"{actor} {kind.arrival} {event.town} on {day} .", f"the {event.who} {past} {event.count} {thing} ."],
        ]
    )
    rest.append(kind.no_toll if toll == "none" else rng.choice(kind.tolls).format(number=toll))
    earlier = f"{rng.choice(kind.actors)} {VERBS[rng.choice(kind.verbs)][1]}"
    precedent = f"last year {earlier} {{number}} {rng.choice(kind.things)} in {{town}} ."
    aside = precedent if rng.random() < 0.5 else rng.choice(MISLEADING)
    rest.append(aside.format(number=next(numbers), town=next(towns), day=next(days)))
    rng.shuffle(rest)
    return Story(event, lead, tuple(rest))
