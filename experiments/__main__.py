"""Run one of the experiments and record it. Without a name: list all, each with its question."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from experiments.digest import names, question, stale
from experiments.recording import confirm, record, smoke
from ppo_teach.kernels import pin_kernels


def main(arguments: Sequence[str] | None = None) -> None:
    """What the command line says."""
    parser = ArgumentParser("python -m experiments", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names(), metavar="NAME", help="the experiment to run")
    parser.add_argument("--smoke", action="store_true", help="run one seed for a moment, and record nothing")
    parser.add_argument("--confirm", action="store_true", help="run one seed anew: does it give the record's numbers?")
    parser.add_argument("--stale", action="store_true", help="list the experiments whose record other code has made")
    chosen = parser.parse_args(arguments)
    if chosen.name:
        pin_kernels()
        if chosen.confirm:
            others = confirm(chosen.name)
            print(*(f"other numbers than the record's: {method}" for method in others or ["none"]), sep="\n")
            sys.exit(1 if others else 0)
        print(smoke(chosen.name) if chosen.smoke else record(chosen.name))
    elif chosen.stale:
        print(*stale(), sep="\n")
    else:
        print(*(f"{name:<18} {question(name)}" for name in names()), sep="\n")


if __name__ == "__main__":
    main()
