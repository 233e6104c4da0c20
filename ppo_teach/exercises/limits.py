"""A time limit for code that may never end.

Why a thread, and not an alarm signal or a second process: a signal reaches the main thread only, and not on Windows;
a process would have to be sent the reader's function, and a function from a notebook cell cannot be sent. A thread
works in a notebook, in a script, in another thread and on every system. Python tells a thread's trace function of each
instruction that it is about to run; ours raises TimeUp there once the time is over, which ends any loop in the reader's
code. Lines would not do: `while True: pass` is one line, and reported once. A loop that swallows every exception, or a
call into compiled code, runs on in the background: we stop waiting all the same.
"""

import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")
# We follow the reader's code only: libraries come to an end.
LIBRARIES = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), str(Path(__file__).parents[1]))


class TimeUp(BaseException):
    """Raised in the thread that took too long, and in the one that waited. `except Exception` does not catch it."""


def within(seconds: float, act: Callable[[], Result]) -> Result:
    """What act() returns or raises, called in a thread of its own; TimeUp when it takes longer than `seconds`."""
    over: list[bool] = []
    returned: list[Result] = []
    raised: list[BaseException] = []

    def watch(frame, _event, _argument) -> Callable | None:
        if over:
            raise TimeUp
        if frame.f_code.co_filename.startswith(LIBRARIES):
            return None
        frame.f_trace_opcodes = True
        return watch

    def work() -> None:
        sys.settrace(watch)
        try:
            returned.append(act())
        except BaseException as error:
            raised.append(error)
        finally:
            sys.settrace(None)

    worker = Thread(target=work, daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:  # also when the reader interrupts us
        over.append(True)
    if raised:
        raise raised[0]
    if not returned:
        raise TimeUp
    return returned[0]
