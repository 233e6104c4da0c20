"""All exercises, by the kind of their answer."""

from ppo_teach.exercises import contents
from ppo_teach.exercises.exercise import Exercise
from ppo_teach.exercises.riddle import Riddle

ALL: dict[str, Exercise | Riddle] = dict(contents.EXERCISES)
EXERCISES = {name: it for name, it in ALL.items() if isinstance(it, Exercise)}
RIDDLES = {name: it for name, it in ALL.items() if isinstance(it, Riddle)}
