"""Builds the book: runs every chapter whose code has changed, two at a time, writes book/_build/html, and checks it.

What came out otherwise than a chapter says, and what Sphinx warns of, is listed at the end. The book is written all the
same; with --strict each of these is an error. With --shift the chapters are run with other seeds, and which of their
claims fail then is all that is listed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

BOOK = Path(__file__).resolve().parent
NUMBERS = BOOK / "numbers.json"
sys.path.append(str(BOOK / "_ext"))

from ppo_book.numbers import accept, differences, load  # noqa: E402
from ppo_book.pace import table  # noqa: E402
from ppo_book.running import Run, built_folder, chapters, run  # noqa: E402
from ppo_book.seeds import STEP  # noqa: E402

CHAPTER_LIMIT = 90.0  # seconds to run one chapter on two cores
CHAPTER_FAILURE = 360.0  # a machine that others use may be four times slower than the ledger, not more
BOOK_LIMIT = 12 * 60.0  # to run what is run, chapters two at a time

COLOURS = re.compile(r"\x1b\[[\d;]*m")


def run_chapters(names: list[str], *, again: bool, shift: int = 0) -> tuple[list[Run], list[str]]:
    """The chapters named, or all, in the order of the book, run where they have changed; and what ran for too long."""
    notebooks = chapters(BOOK)
    if unknown := sorted(set(names) - set(notebooks)):
        raise SystemExit(f"--only names {', '.join(unknown)}; the chapters with cells are {', '.join(notebooks)}")
    print("Seconds to run each chapter")
    runs, slow, started = [], [], time.perf_counter()
    for done in run(BOOK, {name: notebooks[name] for name in names or notebooks}, again=again, shift=shift):
        over = f", over the limit of {CHAPTER_LIMIT:.0f}" if done.seconds > CHAPTER_LIMIT else ""
        print(f"{done.seconds:8.1f}  {done.chapter}{over}{' (stored)' if done.stored else ''}", flush=True)
        runs.append(done)
        if done.seconds > CHAPTER_FAILURE:
            slow.append(f"{done.chapter} ran for {done.seconds:.0f} seconds; {CHAPTER_FAILURE:.0f} are too many")
    seconds = time.perf_counter() - started
    over = f", over the limit of {BOOK_LIMIT:.0f}" if seconds > BOOK_LIMIT else ""
    print(f"{seconds:8.1f}  all that was run now{over}\n", flush=True)
    return sorted(runs, key=lambda done: list(notebooks).index(done.chapter)), slow


def write_pages() -> tuple[int, list[str]]:
    """Runs Jupyter Book and passes on what it prints; its exit status, and the warnings among it."""
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(BOOK)]
    warnings = []
    pipe, utf8 = subprocess.PIPE, os.environ | {"PYTHONUTF8": "1"}
    with subprocess.Popen(program, stdout=pipe, stderr=subprocess.STDOUT, encoding="utf-8", env=utf8) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            plain = COLOURS.sub("", line).strip()
            if re.search(r"\b(WARNING|ERROR|CRITICAL): ", plain):
                warnings.append(plain)
    return process.returncode, warnings


def other_numbers(runs: list[Run]) -> list[str]:
    """The chapters that print other numbers than the published book, listed."""
    if not NUMBERS.exists():
        print("\nbook/numbers.json is not there: --accept-numbers writes it.")
        return []
    found = differences(load(NUMBERS), runs)
    show("These print other numbers than the published book", found)
    if not found:
        print("\nEvery number is that of the published book.")
    return found


def must_agree() -> bool:
    """Whether this machine has the kernels that the published numbers come from; a warning says why it has not."""
    from ppo_teach.kernels import pin_kernels

    return pin_kernels()


def show(title: str, sentences: list[str]) -> None:
    if sentences:
        print(f"\n{title}: {len(sentences)}", *sentences, sep="\n  ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="what is listed at the end is an error")
    parser.add_argument("--run-only", action="store_true", help="run the chapters, and write no pages")
    parser.add_argument("--only", metavar="A,B", help="run these chapters, such as ppo/ppo, and write no pages")
    parser.add_argument("--fresh", action="store_true", help="forget what was built; with --only, these outputs")
    parser.add_argument("--accept-numbers", action="store_true", help="what is printed now is that of the book")
    parser.add_argument(
        "--shift",
        metavar="K",
        type=int,
        default=0,
        help=f"run with {STEP:,} times K added to every seed: which claims hold? Writes no pages",
    )
    options = parser.parse_args()
    if options.shift and options.accept_numbers:
        parser.error("--accept-numbers is for the seeds of the book, not with --shift")
    names = options.only.split(",") if options.only else []
    if options.fresh and not names:
        shutil.rmtree(built_folder(BOOK, options.shift), ignore_errors=True)
    sys.stdout.reconfigure(errors="replace")  # the encoding of a log may lack what is quoted
    started = time.perf_counter()
    runs, slow = run_chapters(names, again=options.fresh, shift=options.shift)
    status, warnings = (0, []) if names or options.run_only or options.shift else write_pages()
    failed = [sentence for done in runs for sentence in done.failures()]
    show("Warnings", warnings + slow)
    show("Here it came out otherwise than the chapters say", failed)
    if options.accept_numbers:
        accept(NUMBERS, runs, list(chapters(BOOK)))
    print(f"\nWhat there is to read\n{table(BOOK, [done.chapter for done in runs])}")
    other = [] if options.shift else other_numbers(runs)
    print(f"{time.perf_counter() - started:8.1f}  seconds for this build")
    if options.strict and (failed or warnings or slow or (other and must_agree())):
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
