"""Time to accuracy: how soon atzori2016's network is as good as after its 30 epochs, nearly.

``python benchmarks/accuracy.py [ENTRY ...] [--seeds N]`` trains the network on DB1, exercise A, of
four subjects, as each entry of the race says (all, if none is named), and writes
``benchmarks/accuracy.json``. The rules:

- the recordings are fixed: real ones if ``SEMG_DATA`` names NinaPro's files, else their simulated
  twins, which have a race of their own;
- the target is fixed: the mean accuracy of the recommended recipe, 30 epochs, less half a point;
- how the network is trained is free; the network and what is held out are not;
- the time is that of training four networks, one a subject, on all cores; the plain loop is timed
  anew, five of its 30 epochs, in the same session, so that every entry is a ratio;
- an entry counts if its mean over seeds is at the target or above it at p < 0.05 (one-sided t
  test over seeds).
"""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine, store
from scipy import stats
from training import SUBJECTS, at_once, fresh, one_by_one, plain

from semg_lib.evaluation import provenance
from semg_lib.learning.settings import change
from semg_lib.papers import atzori2016
from semg_lib.publishing import speed
from semg_lib.recordings.source import Source
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.splits import Split

PLAIN, TARGET = "plain loop, 30 epochs", "training.fit, 30 epochs"
# What each entry changes of the recommended recipe, from the first that entered to the last.
ENTRIES: dict[str, dict[str, Any]] = {
    PLAIN: {},
    TARGET: {},
    "12 epochs": {"epochs": 12},
    "batches of 64, 6 epochs": {"epochs": 6, "batch_size": 64},
    "batches of 64, 8 epochs": {"epochs": 8, "batch_size": 64},
    "16 epochs": {"epochs": 16},
}
SHORT = 5  # epochs of the plain loop that are timed beside an entry


def race(name: str, splits: list[Split], seeds: int) -> tuple[float, list[float]]:
    """Return the seconds that one seed's networks take, and each seed's mean accuracy, per cent."""
    settings = change(atzori2016.Settings.named("db1"), ENTRIES[name])
    jobs = [(split, settings, seed) for seed in range(seeds) for split in splits]
    seconds, found = fresh(one_by_one, plain, jobs) if name == PLAIN else at_once(jobs)
    return seconds / seeds, (100 * np.reshape(found, (seeds, -1)).mean(axis=1)).tolist()


def plain_seconds(splits: list[Split]) -> float:
    """Return the seconds of the plain loop, from some of its epochs."""
    settings = atzori2016.Settings.named("db1")
    short = change(settings, {"epochs": SHORT})
    seconds, _ = fresh(one_by_one, plain, [(split, short, 0) for split in splits])
    return seconds * settings.recipe.epochs / SHORT


def main() -> None:
    """Run entries and store the log."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("entries", nargs="*", metavar="ENTRY")
    parser.add_argument("--seeds", type=int, default=10)
    chosen = parser.parse_args()
    if strangers := [each for each in chosen.entries if each not in ENTRIES]:
        parser.error(f"no entry {strangers[0]!r}: choose from {'; '.join(ENTRIES)}")
    if chosen.seeds < 2:
        parser.error(f"--seeds is {chosen.seeds}: a t test over seeds needs two or more")
    root, path = os.environ.get("SEMG_DATA", ""), Path(__file__).with_suffix(".json")
    source, protocol = Source("db1", "A", root), Protocol.of(atzori2016.Settings.named("db1"))
    kind = "real" if root else "simulated"
    splits = [protocol.prepare(source.load(subject)).split for subject in SUBJECTS]
    table = speed.load("accuracy") if path.is_file() else {}
    asked = list(chosen.entries or ENTRIES)
    if kind not in table:  # all others are judged by its target
        asked = [TARGET, *(each for each in asked if each != TARGET)]
    for name in asked:
        beside = plain_seconds(splits)
        print(f"{name}: {chosen.seeds} seeds; the plain loop takes {beside:.0f} s", flush=True)
        seconds, accuracy = race(name, splits, chosen.seeds)
        if name == PLAIN:
            seconds = beside
        entry = {
            "changes": ENTRIES[name],
            "seconds": round(seconds, 1),
            "seconds of the plain loop": round(beside, 1),
            "times the plain loop": round(beside / seconds, 2),
            "accuracy, %": [round(each, 3) for each in accuracy],
            "code": provenance.code_hash("atzori2016", simulated=not root),
            "date": date.today().isoformat(),
            "machine": machine(),
        }
        log = table.setdefault(kind, {"target, %": None, "entries": {}})
        if name == TARGET:
            log["target, %"] = round(float(np.mean(accuracy)) - 0.5, 3)
        log["entries"][name] = entry
        log["entries"] = {each: log["entries"][each] for each in ENTRIES if each in log["entries"]}
        for each in log["entries"].values():
            test = stats.ttest_1samp(each["accuracy, %"], log["target, %"], alternative="greater")
            each["p"] = round(float(test.pvalue), 5)
        store(table, path)


if __name__ == "__main__":
    main()
