"""Ctrl-C, SIGTERM and SIGHUP: one line, an exit code of 128 and the signal, and a quick end.

The first signal unwinds the program as Ctrl-C does; a second one, or a program that has not ended
in time (a compiled one cannot be interrupted), ends it there. What is finished is whole either way:
all that the library writes is renamed into place.
"""

import atexit
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNWIND_S = 5.0  # SLURM, the shortest of job systems, kills half a minute after SIGTERM

_BELOW_A_LIVE_VIEW = b"\n\x1b[?25h"  # which hides the cursor
_running = threading.Event()
_said = threading.Lock()
_received: list[int] = []
_installed: list[int] = []


def install() -> None:
    """Take over the signals that end a program, those apart that whoever started it ignores."""
    if _installed:
        return
    mine, theirs = os.pipe()
    os.set_blocking(theirs, False)
    # What is written there when a signal comes is read at once, whatever the main thread does.
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    _installed.extend((mine, theirs))
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # by nohup, or a shell's "&"
            signal.signal(number, _unwind)
    threading.Thread(target=_watch, args=(mine,), daemon=True).start()
    atexit.register(_ignore)


def begin() -> None:
    """Let the next signal unwind the program; before this, there is nothing to unwind."""
    install()
    _running.set()


def end() -> None:
    """End the program here if a signal came; from now on one ends it at once, nothing unwinds.

    Python would go on to take down libraries that were interrupted, and some of them crash of it.
    """
    _running.clear()
    if _received:
        leave(_received[0])
        with suppress(OSError):  # nobody reads on
            sys.stdout.flush()
        os._exit(exit_code(_received[0]))


def received() -> int | None:
    """Return the signal that came first; None where none came."""
    return _received[0] if _received else None


def leave(number: int) -> None:
    """Say in one line what ends the program, once; nothing else is said on stderr after it."""
    if not _said.acquire(blocking=False):
        return
    how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    line = f"{how}; what was written so far stays on disk\n".encode()
    os.write(2, (_BELOW_A_LIVE_VIEW if os.isatty(2) else b"") + line)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries have words of their own for it


def exit_code(number: int) -> int:
    """Return the exit code of a program that a signal ended, as shells have it."""
    return 128 + number


def _ignore() -> None:
    """Let no signal change how a program ends that is about to: Python would die of it."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _unwind(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt in the main thread, for the first signal alone."""
    del frame
    if _received or not _running.is_set():
        return
    _received.append(number)
    leave(number)
    raise KeyboardInterrupt


def _watch(pipe: int) -> None:
    """End the program at the second signal, or a while after the first."""
    first = _next(pipe, None)
    assert first is not None
    if _running.is_set():
        _next(pipe, UNWIND_S)
    leave(first)
    os._exit(exit_code(first))


def _next(pipe: int, wait_s: float | None) -> int | None:
    """Return the next signal that ends programs, None where none comes in that time."""
    while select.select([pipe], [], [], wait_s)[0]:
        number = os.read(pipe, 1)[0]
        if number in SIGNALS:
            return number
    return None
