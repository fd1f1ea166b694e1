"""The one exception for a user's mistake: where it is, what is wrong, how to mend it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mtloc_jax.escapes import printable


class InputError(ValueError):
    """Report bad input in one line: `file:line: what is wrong; remedy`.

    The launchers print it and exit with code 2; nothing already written is touched.
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: str,
        path: str | Path | None = None,
        line: int | None = None,
    ) -> None:
        self.problem, self.remedy, self.path, self.line = problem, remedy, path, line
        place = "" if path is None else f"{path}:" if line is None else f"{path}:{line}:"
        super().__init__(printable(f"{place} {problem}; {remedy}".strip()))


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Let an InputError from within that names no file name this one."""
    try:
        yield
    except InputError as error:
        if error.path is not None:
            raise
        raise InputError(error.problem, remedy=error.remedy, path=path) from error
