"""What goes wrong, by name, and the sentences for an unknown name and for a missing package."""

from __future__ import annotations

import errno
import functools
import io
import re
import sys
from collections.abc import Callable, Iterable

REPOSITORY = "https://github.com/dl-for-semg/dl-for-semg"


class DataError(ValueError):
    """A file, value or request that cannot be used; the message names it and the remedy."""


class DataWarning(UserWarning):
    """Something about the data that changes what a result means; the message says what."""


class LeakError(ValueError):
    """Something of the test repetitions reaches the training."""


class RunError(RuntimeError):
    """A notebook failed; the message is one line."""


def check_name(what: str, name: str, known: Iterable[str]) -> None:
    """Raise ValueError unless a name is among the known ones."""
    known = list(known)
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}: choose from {', '.join(known)}")


_REMEDIES = {
    (errno.EACCES, errno.EPERM, errno.EROFS): (
        "choose a folder that you may read and write, or change its permissions"
    ),
    (errno.ENOTDIR, errno.EEXIST): "that is a file: choose a folder",
    (errno.ENOSPC, errno.EDQUOT): (
        "make room there, or choose another folder; then type the command again"
    ),
    (errno.ENAMETOOLONG,): "choose a shorter path",
}


def one_line(error: object) -> str:
    """Return what went wrong as one line; what the system refused comes with its remedy."""
    text = " ".join(str(error).split())
    found = re.search(r"\[Errno (\d+)\]", text)
    remedies = [said for codes, said in _REMEDIES.items() if found and int(found[1]) in codes]
    return ": ".join([text, *remedies])


def plain_output() -> None:
    """Have characters that a terminal's encoding lacks printed as escapes: none ends a command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def command(name: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Have a module's ``main`` tell in one line what goes wrong, and return a shell's status."""

    def decorate(main: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(main)
        def told(arguments: list[str] | None = None) -> int:
            plain_output()
            try:
                return main(arguments)
            except KeyboardInterrupt:
                said = "stopped; what is whole is kept: type the command again for the rest"
                print(f"{name}: {said}", file=sys.stderr)
                return 130
            except (OSError, RuntimeError, ValueError) as error:
                print(f"{name}: {one_line(error)}", file=sys.stderr)
                return 1

        return told

    return decorate


def how_to_install(extra: str) -> str:
    """Return the command that installs the library with one of its extras."""
    return f'pip install "semg_lib[{extra}] @ git+{REPOSITORY}"'
