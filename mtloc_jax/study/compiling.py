"""How long programs have taken to compile, in this process."""

from functools import cache
from threading import Lock

from jax import monitoring

_EVENTS = "/jax/core/compile/"


class _Clock:
    def __init__(self) -> None:
        self.seconds, self._lock = 0.0, Lock()

    def __call__(self, event: str, duration_secs: float, **_: str | int) -> None:
        if event.startswith(_EVENTS):
            with self._lock:  # programs may compile side by side
                self.seconds += duration_secs


@cache
def _clock() -> _Clock:
    clock = _Clock()
    monitoring.register_event_duration_secs_listener(clock)
    return clock


def compiled_s() -> float:
    """Return the seconds spent on compiling since this was first asked."""
    return _clock().seconds
