"""A thousand runs without a notebook through the sweep's own path, and what it adds to a notebook.

``python benchmarks/sweep.py`` prints and writes ``benchmarks/sweep.json``: seconds a unit of the
engine alone, and the growth of the driver's memory from the first hundred units to the last.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from semg_lib import sweep
from tests.fake_runs import fake, planned

UNITS = 1000


def megabytes() -> float:
    """Return the memory of this process at its highest so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Sweep and measure."""
    units = planned(range(1, 13), range(90))[:UNITS]
    with tempfile.TemporaryDirectory() as folder, sweep.cluster("local", 2) as client:
        began, memory = time.perf_counter(), {}
        for number, each in enumerate(sweep.sweep(units, folder, client, execute=fake), 1):
            assert each.how == "run", each
            if number in (100, UNITS):
                memory[number] = megabytes()
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        kept = list(sweep.sweep(units, folder, client, execute=fake))
        again = time.perf_counter() - began
    assert {each.how for each in kept} == {"kept"}
    table = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, 2 workers",
        "units": UNITS,
        "seconds in all": round(seconds, 1),
        "seconds of a second sweep that finds all done": round(again, 1),
        "driver's memory, last over first hundred": round(memory[UNITS] / memory[100], 3),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
