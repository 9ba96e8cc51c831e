"""What goes wrong, by name, and the sentences for an unknown name and for a missing package."""

from __future__ import annotations

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


def how_to_install(extra: str) -> str:
    """Return the command that installs the library with one of its extras."""
    return f'pip install "semg_lib[{extra}] @ git+{REPOSITORY}"'
