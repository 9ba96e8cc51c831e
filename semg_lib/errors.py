"""What goes wrong, by name, and the sentences for an unknown name and for a missing package."""

from __future__ import annotations

import errno
import io
import re
import sys
from collections.abc import Iterable

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
    errno.EACCES: "choose a folder that you may read and write, or change its permissions",
    errno.ENOTDIR: "that is a file: choose a folder",
    errno.ENOSPC: "make room there, or choose another folder; then type the command again",
}
_REMEDIES |= dict.fromkeys((errno.EPERM, errno.EROFS), _REMEDIES[errno.EACCES])
_REMEDIES |= {
    errno.EDQUOT: _REMEDIES[errno.ENOSPC],
    errno.EEXIST: _REMEDIES[errno.ENOTDIR],
}


def one_line(error: object) -> str:
    """Return what went wrong as one line; what the system refused comes with its remedy."""
    text = " ".join(str(error).split())
    found = re.search(r"\[Errno (\d+)\]", text)
    remedy = _REMEDIES.get(int(found[1])) if found else None
    return f"{text}: {remedy}" if remedy else text


def plain_output() -> None:
    """Have characters that a terminal's encoding lacks printed as escapes: none ends a command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def how_to_install(extra: str) -> str:
    """Return the command that installs the library with one of its extras."""
    return f'pip install "semg_lib[{extra}] @ git+{REPOSITORY}"'
