"""Builds the book: runs every chapter whose code has changed, writes book/_build/html, and checks what it wrote.

A warning is an error. The seconds that each chapter took to run are printed beside the limits they must keep.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

BOOK = Path(__file__).resolve().parent
BUILT = BOOK / "_build"
CHAPTER_LIMIT = 90.0  # seconds to run one chapter on two cores
CHAPTER_FAILURE = 360.0  # a machine that others use may be four times slower than the ledger, not more
BOOK_LIMIT = 20 * 60.0

NOISE = "Kernel is running over TCP without encryption"  # on this machine, for the length of the build


def build() -> int:
    """Runs Jupyter Book and passes on what it prints; its exit status."""
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    with subprocess.Popen(
        [*program, "build", str(BOOK), "-W", "--keep-going"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        for line in process.stdout:
            if NOISE not in line:
                print(line, end="", flush=True)
    return process.returncode


def executions() -> dict[str, dict[str, float]]:
    """When each chapter was last run, and for how many seconds, as the extension wrote it down."""
    file = BUILT / "execution.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def ledger(before: dict[str, dict[str, float]]) -> bool:
    """Prints the seconds of every chapter; False when one ran far past its limit."""
    after = executions()
    print("\nSeconds to run each chapter")
    for chapter, run in sorted(after.items(), key=lambda item: -item[1]["seconds"]):
        slow = f", over the limit of {CHAPTER_LIMIT:.0f}" if run["seconds"] > CHAPTER_LIMIT else ""
        stored = " (stored from an earlier build)" if run == before.get(chapter) else ""
        print(f"{run['seconds']:8.1f}  {chapter}{slow}{stored}")
    total = sum(run["seconds"] for run in after.values())
    print(f"{total:8.1f}  all chapters{f', over the limit of {BOOK_LIMIT:.0f}' if total > BOOK_LIMIT else ''}")
    return all(run["seconds"] <= CHAPTER_FAILURE for run in after.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="forget what was built, stored outputs included")
    if parser.parse_args().fresh:
        shutil.rmtree(BUILT, ignore_errors=True)
    before, started = executions(), time.perf_counter()
    status = build()
    if status == 0 and not ledger(before):
        print(f"A chapter ran for more than {CHAPTER_FAILURE:.0f} seconds.")
        status = 1
    print(f"{time.perf_counter() - started:8.1f}  this build")
    return status


if __name__ == "__main__":
    sys.exit(main())
