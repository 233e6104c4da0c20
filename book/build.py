"""Builds the book: runs every chapter whose code has changed, two at a time, writes book/_build/html, and checks it.

What came out otherwise than a chapter says, and what Sphinx warns of, is listed at the end. The book is written all the
same; with --strict each of these is an error.
"""

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

BOOK = Path(__file__).resolve().parent
BUILT = BOOK / "_build"
sys.path.append(str(BOOK / "_ext"))

from ppo_book.running import Run, chapters, run  # noqa: E402

CHAPTER_LIMIT = 90.0  # seconds to run one chapter on two cores
CHAPTER_FAILURE = 360.0  # a machine that others use may be four times slower than the ledger, not more
BOOK_LIMIT = 20 * 60.0

COLOURS = re.compile(r"\x1b\[[\d;]*m")


def run_chapters(names: list[str], *, again: bool) -> list[Run]:
    """Runs what has changed of the chapters named, or of all, and says so as each is done."""
    notebooks = chapters(BOOK)
    unknown = sorted(set(names) - set(notebooks))
    if unknown:
        raise SystemExit(f"--only names {', '.join(unknown)}; the chapters with cells are {', '.join(notebooks)}")
    runs = []
    for done in run(BOOK, {name: notebooks[name] for name in names or notebooks}, again=again):
        print(f"{done.seconds:8.1f}  {done.chapter}{' (stored)' if done.stored else ''}", flush=True)
        runs.append(done)
    return runs


def write_pages() -> tuple[int, list[str]]:
    """Runs Jupyter Book and passes on what it prints; its exit status, and the warnings among it."""
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    warnings = []
    with subprocess.Popen(
        [*program, "build", str(BOOK)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if re.search(r"\b(WARNING|ERROR|CRITICAL): ", COLOURS.sub("", line)):
                warnings.append(COLOURS.sub("", line).strip())
    return process.returncode, warnings


def show_ledger(runs: Iterable[Run]) -> list[str]:
    """Prints the seconds of every chapter; names those that ran far past their limit."""
    print("\nSeconds to run each chapter")
    for done in sorted(runs, key=lambda done: -done.seconds):
        slow = f", over the limit of {CHAPTER_LIMIT:.0f}" if done.seconds > CHAPTER_LIMIT else ""
        print(f"{done.seconds:8.1f}  {done.chapter}{slow}{' (stored from an earlier build)' if done.stored else ''}")
    total = sum(done.seconds for done in runs)
    print(f"{total:8.1f}  all chapters{f', over the limit of {BOOK_LIMIT:.0f}' if total > BOOK_LIMIT else ''}")
    return [
        f"{done.chapter}: ran for more than {CHAPTER_FAILURE:.0f} seconds"
        for done in runs
        if done.seconds > CHAPTER_FAILURE
    ]


def show(title: str, sentences: list[str]) -> None:
    if sentences:
        print(f"\n{title}: {len(sentences)}", *sentences, sep="\n  ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="what is listed at the end is an error")
    parser.add_argument("--run-only", action="store_true", help="run the chapters, and write no pages")
    parser.add_argument("--only", metavar="A,B", help="run these chapters, such as ppo/ppo, and write no pages")
    parser.add_argument("--fresh", action="store_true", help="forget what was built; with --only, these outputs")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else []
    if options.fresh and not names:
        shutil.rmtree(BUILT, ignore_errors=True)
    started = time.perf_counter()
    runs = run_chapters(names, again=options.fresh)
    status, warnings = (0, []) if names or options.run_only else write_pages()
    slow = show_ledger(runs)
    print(f"{time.perf_counter() - started:8.1f}  this build")
    failed = [sentence for done in runs for sentence in done.failures()]
    show("Warnings", warnings + slow)
    show("Here it came out otherwise than the chapters say", failed)
    return 1 if status or (options.strict and (failed or warnings or slow)) else 0


if __name__ == "__main__":
    sys.exit(main())
