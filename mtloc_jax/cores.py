"""How many cores there are to compute on."""

import os


def usable_cores() -> int:
    """Return the cores this process may use, 1 at least: a scheduler may grant few of a machine's.

    All there are where the system does not tell (macOS, Windows).
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
