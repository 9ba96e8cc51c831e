"""Where files lie below a folder, and what was read of the last of them.

A folder is walked once a process and a file read once, and again as soon as something may have
changed: after a file has come, gone or been written to, or while the last change is so young that
a clock may have missed the next.
"""

from __future__ import annotations

import copy
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from semg_lib.errors import DataError

SETTLED_NS = 2_000_000_000  # what was written to this shortly ago may change within one clock tick
T = TypeVar("T")
PRIVATE = ".semg"  # a folder of downloads that are not whole yet
KINDS = (".mat", ".csv", ".txt", ".bz2")  # of files that the sets known here are published as


def settled(*times_ns: int) -> bool:
    """Tell whether what was written to at these times is old enough to be told from the next."""
    return time.time_ns() - max(times_ns) > SETTLED_NS


@dataclass(frozen=True)
class _Index:
    """What lies below a folder."""

    files: dict[str, list[Path]]  # by their names in lower case
    folders: list[Path]  # itself, then the outer ones first
    written: dict[str, int]  # every folder's time of the last change, where all were settled

    def holds(self) -> bool:
        """Tell whether no file can have come or gone since."""
        try:
            return bool(self.written) and self.written == _written(self.written)
        except OSError:  # a folder has gone
            return False

    def home(self, name: str) -> Path:
        """Return the outermost folder, of the first two levels, called so, or the whole's."""
        root, *inner = self.folders
        near = (each for each in inner if root in (each.parent, each.parent.parent))
        return next((each for each in near if each.name.lower() == name), root)


_INDEXES: dict[Path, _Index] = {}


def _written(folders: Iterable[str]) -> dict[str, int]:
    return {folder: os.stat(folder).st_mtime_ns for folder in folders}


def _index(root: Path) -> _Index:
    key = root.absolute()
    index = _INDEXES.get(key)
    if index is None or not index.holds():
        files: dict[str, list[Path]] = {}
        written: dict[str, int] = {}
        seen: set[str] = set()  # a link to a folder is followed, but not in a circle
        for folder, folders, names in os.walk(root, followlinks=True):
            if (real := os.path.realpath(folder)) in seen:
                folders.clear()
                continue
            seen.add(real)
            written |= _written([folder])
            folders[:] = sorted(each for each in folders if each != PRIVATE)
            for name in names:
                # macOS leaves a file of its own beside each that it copies to other disks.
                if name.lower().endswith(KINDS) and not name.startswith("._"):
                    files.setdefault(name.lower(), []).append(Path(folder, name))
        outer_first = sorted(map(Path, written), key=lambda each: len(each.parts))
        index = _Index(files, outer_first, written if settled(*written.values()) else {})
        _INDEXES[key] = index
    return index


def home(root: Path, name: str) -> Path:
    """Return the folder not far below one that is called after a database, or the one itself."""
    return _index(root).home(name)


def folders(root: Path, name: str) -> list[Path]:
    """Return the `home` of a database below a folder, and all folders in it, links followed."""
    index = _index(root)
    inside = index.home(name)
    return [each for each in index.folders if inside in (each, *each.parents)]


def below(root: Path, name: str = "", called: str = "") -> list[Path]:
    """Return the files of all `KINDS` below a folder, or below the `home` of a database in it.

    Only those ``called`` so, in any letter case, if that is given.
    """
    index = _index(root)
    inside = index.home(name)
    lists = [index.files.get(called.lower(), [])] if called else index.files.values()
    return [path for paths in lists for path in paths if inside in path.parents]


class Last(Generic[T]):
    """What was read of the last files, for as long as they are as they were.

    Parameters
    ----------
    most : int
        Bytes that are kept.
    size : callable
        How many bytes a value takes.
    """

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self.most, self.size = most, size
        self.lock = threading.Lock()
        self.values: OrderedDict[Hashable, tuple[tuple[int, ...], T]] = OrderedDict()

    def get(self, path: Path, read: Callable[[Path], T], how: Hashable = None) -> T:
        """Return what ``read`` makes of a file, a copy of the caller's own.

        Where one file can be read in several ways, ``how`` tells them apart.

        Raises
        ------
        DataError
            If there is no such file, and what ``read`` raises.
        """
        if not path.is_file():
            raise DataError(f"{path}: no such file")
        with self.lock:
            key, state = (path.absolute(), how), path.stat()
            written = state.st_mtime_ns, state.st_ctime_ns
            signature = *written, state.st_size, state.st_ino, state.st_dev
            kept = self.values.pop(key, None)
            value = kept[1] if kept and kept[0] == signature else read(path)
            if not settled(*written):
                return value
            self.values[key] = signature, value
            while sum(self.size(each) for _, each in self.values.values()) > self.most:
                self.values.popitem(last=False)
            return copy.deepcopy(value) if key in self.values else value
