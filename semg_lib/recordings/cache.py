"""Arrays read once, kept as memory-mapped files, and never trusted unseen.

An entry is keyed by the content of the file it was read from, so a file that was moved is found
and one that was changed is not. Every array of an entry bears a checksum; an entry that is
damaged, or was written by another version of the reader, is made again. Nothing here can fail a
load: where the folder cannot be written, files are read every time.

``SEMG_CACHE`` names the folder; ``SEMG_CACHE=off`` does without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import xxhash

VERSION = 1  # another number makes every entry anew: raise it when the reader changes
_RACE_NS = 2_000_000_000  # a file changed this shortly ago may change again within one clock tick


def folder() -> Path | None:
    """Return the folder of the cache, or None where it is switched off."""
    chosen = os.environ.get("SEMG_CACHE", "")
    if chosen.lower() == "off":
        return None
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("semg_lib")


def size() -> int:
    """Return how many bytes the cache holds."""
    where = folder()
    if where is None or not where.is_dir():
        return 0
    return sum(path.stat().st_size for path in where.rglob("*") if path.is_file())


def clear() -> int:
    """Remove the cache; return how many bytes it held."""
    held, where = size(), folder()
    if where is not None:
        shutil.rmtree(where, ignore_errors=True)
    return held


def keep(
    path: Path, make: Callable[[Path], tuple[dict[str, np.ndarray], dict[str, Any]]]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return what ``make`` reads from a file: arrays, and a few small values.

    Arrays that come from the cache are mapped copy-on-write: changing them changes no file.

    Raises
    ------
    Exception
        What ``make`` raises; that is not kept.
    """
    where = folder()
    if where is None or not path.is_file():
        return make(path)
    before = _signature(path)
    entry = where / _key(where, path, before)
    found = _load(entry)
    if found is None:
        found = make(path)
        with contextlib.suppress(OSError):
            if _signature(path) == before:  # what was read is what was hashed
                _store(entry, *found)
    return found


def file_hash(path: Path, digest: Any = None) -> str:
    """Return the hash of a file's content in hexadecimal digits, sha256 if not told otherwise."""
    digest = digest or hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _signature(path: Path) -> list[int]:
    """Return what changes when somebody writes to a file or puts another in its place."""
    state = path.stat()
    return [state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino, state.st_dev]


def _key(where: Path, path: Path, signature: list[int]) -> str:
    """Return the hash of a file's content; it is read only if it may have changed."""
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]
    note = where / "seen" / name
    if os.name == "posix":  # elsewhere no time tells that a file was written to and set back
        with contextlib.suppress(OSError, ValueError, KeyError):
            seen = json.loads(note.read_bytes())
            settled = seen["at"] - max(signature[:2]) > _RACE_NS
            if seen["signature"] == signature and settled:
                return str(seen["key"])
    now = time.time_ns()
    key = file_hash(path, xxhash.xxh3_128())
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        _write(note, json.dumps({"signature": signature, "key": key, "at": now}).encode())
    return key


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


def _load(entry: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Return an entry, or None if it is missing or cannot be trusted."""
    try:
        content = json.loads((entry / "content.json").read_bytes())
        if content["version"] != VERSION:
            raise ValueError
        arrays = {}
        for name, checksum in content["checksums"].items():
            mapped = np.load(entry / f"{name}.npy", mmap_mode="c", allow_pickle=False)
            arrays[name] = np.asarray(mapped)
            if _checksum(arrays[name]) != checksum:
                raise ValueError
        return arrays, content["values"]
    except FileNotFoundError:
        pass
    except Exception:  # whatever is wrong with it, it is made again
        shutil.rmtree(entry, ignore_errors=True)
    return None


def _checksum(array: np.ndarray) -> str:
    digest = xxhash.xxh3_128(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array)
    return digest.hexdigest()


def _store(entry: Path, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
    part = entry.with_name(f".{entry.name}.{os.getpid()}")
    need = sum(each.nbytes for each in arrays.values())
    part.mkdir(parents=True, exist_ok=True)
    try:
        if shutil.disk_usage(part).free < 4 * need:
            return
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array)
        checksums = {name: _checksum(array) for name, array in arrays.items()}
        content = {"version": VERSION, "checksums": checksums, "values": values}
        (part / "content.json").write_text(json.dumps(content))
        part.rename(entry)
    finally:
        shutil.rmtree(part, ignore_errors=True)
