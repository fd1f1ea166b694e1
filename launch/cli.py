"""The command line's manners: a user's mistake is one line on stderr, never a traceback."""

import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from absl import app, flags, logging

from launch import bundled, interrupts, places
from mtloc_jax import escapes
from mtloc_jax.errors import InputError

WRONG_INPUT = 2
ENOUGH_READ = 128 + signal.SIGPIPE
_PROGRAM = "python -m launch."  # as the programs call themselves in their help
_NAMED = re.compile(r"(?<![\w./])launch\.(?=[a-z]+\b)")  # and in remedies; not part of a path
_called = [_PROGRAM]


def run(main: Callable[[list[str]], None], arguments: tuple[str, ...] = ()) -> None:
    """Parse the flags and call `main` with argv[0] and the named arguments; exit 0, 2 or 128 + N.

    2 is the user's to mend (InputError, an unknown flag or config field, a disk that is full or
    cannot be written), 130 is Ctrl-C, 143 SIGTERM, 129 SIGHUP; each prints one line on stderr. 141,
    silently: nobody reads on. Any other exception is a defect and keeps its traceback.
    """
    interrupts.begin()
    try:
        app.run(main, flags_parser=lambda argv: _parse(argv, arguments))
    except BaseException as error:
        _leave(error)
    finally:
        interrupts.end()


def _leave(error: BaseException) -> None:
    """Exit as `run` says; raises an exception again that is a defect."""
    number = interrupts.received()
    if number is None and isinstance(error, KeyboardInterrupt):
        number = signal.SIGINT
    if number is not None:  # whatever it was turned into on its way
        interrupts.leave(number)
        sys.exit(interrupts.exit_code(number))
    if isinstance(error, BrokenPipeError):  # who read it has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ENOUGH_READ)
    told = places.as_input_error(error) if isinstance(error, OSError) else error
    if not isinstance(told, InputError):
        raise error
    say(" ".join(f"error: {told}".split()), to_stderr=True)
    sys.exit(WRONG_INPUT)


def called_as(words: str) -> None:
    """Let help and remedies name programs as the user did: "mtloc study" for "launch.study"."""
    _called[0] = words


def given(flag: flags.FlagHolder) -> Any:
    """Return a flag's value; raises InputError where it was not given."""
    if flag.value is None:
        raise InputError(f"--{flag.name} is missing", remedy="--help shows the command")
    return flag.value


def say(text: str, *, to_stderr: bool = False) -> None:
    """Print text as it is, line by line: no name in it commands the terminal."""
    if _called[0] != _PROGRAM:
        text = _NAMED.sub(_called[0], text)
    print(escapes.lines(text), file=sys.stderr if to_stderr else sys.stdout, flush=True)


def _parse(argv: list[str], arguments: tuple[str, ...]) -> list[str]:
    if "--help" in argv[1:] or "-h" in argv[1:]:
        program = sys.modules["__main__"]
        program.__doc__ = (program.__doc__ or "").replace(_PROGRAM, _called[0])
        app.usage(shorthelp=True, writeto_stdout=True)
        print()
        sys.exit(0)
    try:
        rest = flags.FLAGS(bundled.in_flags(argv))
        if not flags.FLAGS["verbosity"].present:
            logging.set_verbosity(logging.WARNING)  # JAX tells of every backend it looks for
        _open_config_files()
    except (AttributeError, KeyError) as error:
        raise _as_unknown_field(error) from error
    except (flags.Error, TypeError, ValueError) as error:
        raise _as_input_error(error) from error
    given = len(rest) - 1
    if given > len(arguments):
        unexpected = rest[1 + len(arguments)]
        raise InputError(
            f"unexpected argument {unexpected!r}", remedy="flags look like --name=value"
        )
    if given < len(arguments):
        raise InputError(f"{arguments[given]} is missing", remedy="--help shows the command")
    return rest


def _open_config_files() -> None:
    # ml_collections keeps a file it could not load as an object that raises OSError when touched.
    for name in flags.FLAGS:
        flag = flags.FLAGS[name]
        try:
            getattr(flag.value, "keys", None)
        except OSError as error:
            raise InputError(
                "cannot read this config file",
                remedy=f"--{name}=FILE.py is relative to the working directory",
                path=getattr(flag, "config_filename", None),
            ) from error


def _as_unknown_field(error: Exception) -> Exception:
    # The same exceptions out of the config file's own code are defects of that file.
    if "ml_collections" not in traceback.extract_tb(error.__traceback__)[-1].filename:
        return error
    text = re.sub(r"""[\\'"]""", "", _one_line(error).replace("\\n", ". "))
    return InputError(f"unknown config field {text}", remedy="launch.study --settings lists them")


def _as_input_error(error: Exception) -> Exception:
    # ml_collections re-raises what a config raised, wrapped, with the traceback in its text.
    for cause in _chain(error):
        if isinstance(cause, InputError):
            return cause
    if "Traceback" in str(error):
        return error
    return InputError(_one_line(error).rstrip("."), remedy="--help lists the flags")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _one_line(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())
