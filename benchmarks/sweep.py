"""A sweep against papermill in a loop, and a thousand runs without a notebook.

``python benchmarks/sweep.py`` prints and writes ``benchmarks/sweep.json``. Two quick runs of
atzori2016 go through papermill one after the other, through a sweep of one worker, which shows
what scheduling adds, and through one of as many workers as cores, all with one thread a run. Then
a thousand units that only leave a record show the engine alone: seconds in all, and the growth of
the driver's memory from the first hundred units to the last.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from measuring import CORES, machine, megabytes, store

from semg_lib.running import sweep
from tests.fake_runs import fake, planned

UNITS = 1000


def with_notebooks() -> dict[str, float]:
    """Measure real runs: seconds a unit of each way."""
    planned = sweep.units(
        (1, 2), (0,), paper="atzori2016", database="db1", exercises="A", methods=["lda"]
    )
    os.environ["OMP_NUM_THREADS"] = "1"
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for run in planned:
            run.execute(folder, quiet=True)
        found["papermill in a loop"] = time.perf_counter() - began
    for workers in (1, CORES):
        with tempfile.TemporaryDirectory() as folder, sweep.cluster("local", workers) as client:
            began = time.perf_counter()
            assert all(each.how == "run" for each in sweep.sweep(planned, folder, client))
            name = f"sweep, {workers} worker" + ("s" if workers > 1 else "")
            found[name] = time.perf_counter() - began
    return {name: round(seconds / len(planned), 2) for name, seconds in found.items()}


def main() -> None:
    """Sweep and measure."""
    each = with_notebooks()
    loop, single, *many = each.values()
    units = planned(range(1, 13), range(90))[:UNITS]
    with tempfile.TemporaryDirectory() as folder, sweep.cluster("local", 2) as client:
        began, memory = time.perf_counter(), {}
        for number, ended in enumerate(sweep.sweep(units, folder, client, execute=fake), 1):
            assert ended.how == "run", ended
            if number in (100, UNITS):
                memory[number] = megabytes()
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        kept = list(sweep.sweep(units, folder, client, execute=fake))
        again = time.perf_counter() - began
    assert {ended.how for ended in kept} == {"kept"}
    table = {
        "machine": f"{machine()}, 2 workers",
        "seconds a unit of two quick runs": each,
        "seconds that scheduling adds to a unit": round(single - loop, 2),
        "times papermill in a loop": round(loop / (many or [single])[0], 2),
        "units": UNITS,
        "seconds in all": round(seconds, 1),
        "seconds of a second sweep that finds all done": round(again, 1),
        "driver's memory, last over first hundred": round(memory[UNITS] / memory[100], 3),
    }
    store(table, Path(__file__).with_suffix(".json"))


if __name__ == "__main__":
    main()
