"""The list of checksums beside the data: what came, by name, to hold files against."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from semg_lib.errors import DataError
from semg_lib.evaluation.writing import write_atomically

REGISTRY = "checksums.txt"


@dataclass
class Registry:
    """Hashes of archives and files, by their names below the root.

    Threads and processes may add at once.
    """

    path: Path

    def __post_init__(self) -> None:
        import filelock  # only to write: `verify` reads lists where it is not installed

        private = self.path.parent / ".semg"
        private.mkdir(parents=True, exist_ok=True)
        self.lock = filelock.FileLock(private / "registry.lock", thread_local=False)
        self.threads = threading.Lock()  # of one process the lock of a file lets all threads in

    def read(self) -> dict[str, str]:
        """Return name: hash.

        Raises
        ------
        DataError
            If a line is not a name and a hash.
        """
        return read_registry(self.path) if self.path.is_file() else {}

    def add(self, hashes: dict[str, str]) -> None:
        """Write more hashes; a crash leaves the old list or the new one."""
        with self.threads, self.lock:
            known = self.read() | hashes
            lines = (f"{name} {known[name]}\n" for name in sorted(known))
            write_atomically(self.path, "".join(lines))

    def tidy(self) -> None:
        """Remove what a process that was killed has left."""
        with self.threads, self.lock:
            for part in self.path.parent.glob(".*.part"):
                part.unlink(missing_ok=True)


def read_registry(path: str | Path) -> dict[str, str]:
    """Read a list of names and hashes, one a line.

    Raises
    ------
    DataError
        If it is missing or a line is something else.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such list of checksums")
    known = {}
    for number, line in enumerate(
        path.read_text(encoding="utf-8", errors="replace").splitlines(), 1
    ):
        name, _, digest = line.strip().rpartition(" ")
        if line.strip() and not line.startswith("#"):
            if not name or len(digest) != 64:
                raise DataError(f"{path}: line {number} is not a name and a sha256; remove it")
            known[name] = digest
    return known


def file_hash(path: Path) -> str:
    """Return the sha256 of a file's content in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
