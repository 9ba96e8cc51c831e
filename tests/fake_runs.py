"""Runs without a notebook: a record that looks complete, after a short while."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from semg_lib.evaluation.records import RECORD
from semg_lib.evaluation.scores import Outcome
from semg_lib.running import sweep

SECONDS = 0.0


def fake(run, out):
    """Leave a record; note who began and who ended. Subject 13 fails."""
    folder = out / run.name
    with (out / "began.txt").open("a") as log:
        log.write(f"{run.name}\n")
    if run.subjects == [13]:
        raise ZeroDivisionError("thirteen")
    time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
    record = sweep.expected(run)
    for method in run.methods:
        record.add(Outcome(run.subjects[0], method, np.array([0, 1]), np.array([0, 0])))
    record.save(folder / RECORD)
    with (out / "ended.txt").open("a") as log:
        log.write(f"{run.name}\n")


def planned(subjects, seeds=(0,)):
    return sweep.units(
        subjects, seeds, paper="atzori2016", database="db1", exercises="A", methods=["lda"]
    )


def main(out):
    """Sweep 20 units on two workers; for tests that kill this process."""
    with sweep.cluster("local", 2) as client:
        for each in sweep.sweep(planned(range(1, 11), (0, 1)), Path(out), client, execute=fake):
            print(each.run.name, each.how, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
