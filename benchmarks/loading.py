"""Loading an exercise file against ``scipy.io.loadmat`` of the variables that are needed.

``python benchmarks/loading.py`` measures a whole simulated exercise of DB1 and one of DB2
(12 electrodes, 2 kHz, about 15 min), and the real file of DB1 that it finds in ``SEMG_DATA``;
it prints a table and writes ``benchmarks/loading.json``. Ratios can be compared between machines,
seconds cannot.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import scipy.io
from measuring import machine, store

from semg_lib.recordings import ninapro, simulator, stored
from semg_lib.recordings.recording import Recording
from semg_lib.recordings.source import Source

NEEDED = ["emg", "restimulus", "rerepetition"]
REPEATS = 15


def seconds(do: Callable[[], object]) -> float:
    """Return the median time of some runs."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        do()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def peak(load: Callable[[], Recording]) -> float:
    """Return the most memory that a load takes, as a multiple of the signal's float32 size."""
    tracemalloc.start()
    size = load().emg.nbytes
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / size


def measure(path: Path, database: str, subject: int, letter: str) -> dict[str, float]:
    """Measure one file."""

    def load() -> Recording:
        stored.KEPT.values.clear()
        return ninapro.load(database, subject, letter, path.parent)

    peer = seconds(lambda: scipy.io.loadmat(path, variable_names=NEEDED))
    first = seconds(load)
    memory = peak(load)
    return {
        "scipy, s": round(peer, 4),
        "first load over scipy": round(first / peer, 2),
        "memory of a first load over the signal's size": round(memory, 2),
    }


def main() -> None:
    """Measure every file and show the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        table: dict[str, object] = {"machine": machine()}
        for database, letter in (("db1", "A"), ("db2", "B")):
            (path,) = simulator.write_files(Path(folder) / database, database, 1, letter)
            table[f"simulated {database.upper()}, exercise {letter}"] = measure(
                path, database, 1, letter
            )
        if os.environ.get("SEMG_DATA"):
            (path,) = Source("db1", "A", os.environ["SEMG_DATA"]).files(1)["A"]
            table["real DB1, exercise A, subject 1"] = measure(path, "db1", 1, "A")
    store(table, Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    main()
