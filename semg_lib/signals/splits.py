"""Named protocols: which windows train and which test, and an audit that finds leaks.

Every split holds out whole repetitions, never single windows: neighbouring windows overlap and
look alike, so a random split of windows tests on what it trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semg_lib.errors import DataError, LeakError
from semg_lib.signals.windows import Windows


@dataclass(frozen=True, eq=False)
class Split:
    """Windows to train on and windows to test on, of one recording."""

    train: Windows
    test: Windows

    def __repr__(self) -> str:
        reps = [sorted(set(side.repetition.tolist())) for side in (self.train, self.test)]
        return (
            f"<Split: {len(self.train)} training windows (repetitions {reps[0]}), "
            f"{len(self.test)} test windows (repetitions {reps[1]})>"
        )


def by_repetition(windows: Windows, test: Sequence[int]) -> Split:
    """Hold out whole repetitions.

    Parameters
    ----------
    windows : Windows
    test : sequence of int
        Repetitions to test on; the others train.

    Raises
    ------
    DataError
        If a repetition is not there, or none is left to train on.
    """
    repetition = windows.repetition
    present = set(np.unique(repetition).tolist())
    for wanted in test:
        if wanted not in present:
            raise DataError(
                f"repetition {wanted} is not in {windows.recording!r}: "
                f"choose from {sorted(present)}"
            )
    held_out = np.isin(repetition, test)
    if held_out.all():
        raise DataError(f"test repetitions {sorted(test)} leave nothing to train on")
    return Split(windows[~held_out], windows[held_out])


def audit(split: Split, *fitted) -> Split:
    """Return the split if nothing of its test side can have reached the training.

    Parameters
    ----------
    split : Split
    *fitted : object
        Whatever was fitted to data (a Standardiser, say); each has ``repetitions``, the set of
        repetitions it has seen.

    Raises
    ------
    LeakError
        If a repetition is on both sides, a window lies in two repetitions or two exercises, rest
        is on one side only, or something fitted has seen a test repetition.
    """
    train, test = (set(side.repetition.tolist()) for side in (split.train, split.test))
    if train & test:
        raise LeakError(f"repetitions {sorted(train & test)} are in training and test")
    for side in (split.train, split.test):
        for name in ("repetition", "exercise"):
            mark = getattr(side.recording, name)
            change = np.concatenate([[0], np.cumsum(mark[1:] != mark[:-1])])
            straddling = change[side.starts] != change[side.starts + side.length - 1]
            if straddling.any():
                start = side.starts[straddling][0]
                raise LeakError(
                    f"{straddling.sum()} windows lie in two {name}s, the first at sample {start}"
                )
    resting = [bool((side.label == 0).any()) for side in (split.train, split.test)]
    if resting[0] != resting[1]:
        where = "training" if resting[0] else "test"
        raise LeakError(f"all rest is on the {where} side; give rest a repetition before splitting")
    for each in fitted:
        seen = set(each.repetitions) & test
        if seen:
            raise LeakError(f"{type(each).__name__} was fitted to test repetitions {sorted(seen)}")
    return split
