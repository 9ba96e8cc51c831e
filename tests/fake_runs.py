"""Runs without a notebook: a record that looks complete, after a short while."""

import os
import sys
import time
from pathlib import Path

from semg_lib.evaluation.scores import Score
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
        values = {"accuracy": 0.5, "balanced_accuracy": 0.5, "classes": 13, "n_test": 10}
        record.scores.append(Score(subject=run.subjects[0], method=method, **values))
    record.save(folder / sweep.RECORD)
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
