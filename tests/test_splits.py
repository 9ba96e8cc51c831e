"""Splits against a naive re-derivation, and every leak planted and caught."""

from dataclasses import replace

import numpy as np
import pytest

from semg_lib.errors import DataError, LeakError
from semg_lib.signals import splits
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows, cut


@pytest.fixture(scope="module")
def windows(recording):
    return cut(recording, length_ms=150, step_ms=30)


def test_by_repetition_agrees_with_a_naive_loop(windows):
    split = splits.by_repetition(windows, [2, 5, 7])
    last = windows.starts + windows.length - 1
    held = [i for i, at in enumerate(last) if windows.recording.repetition[at] in (2, 5, 7)]
    np.testing.assert_array_equal(split.test.starts, windows.starts[held])
    assert len(split.train) + len(split.test) == len(windows)
    assert "test windows (repetitions [2, 5, 7])" in repr(split)


def test_a_repetition_that_is_not_there_is_told(windows):
    with pytest.raises(DataError, match="repetition 12 is not in"):
        splits.by_repetition(windows, [12])
    with pytest.raises(DataError, match="leave nothing to train on"):
        splits.by_repetition(windows, range(1, 11))


def test_an_honest_split_passes(windows, recording):
    split = splits.by_repetition(windows, [2, 5, 7])
    scaler = Standardiser.fit(recording, [1, 3, 4, 6, 8, 9, 10])
    assert splits.audit(split, scaler) is split


def test_leak_scaler_fitted_on_all_data(windows, recording):
    split = splits.by_repetition(windows, [2, 5, 7])
    scaler = Standardiser.fit(recording, range(1, 11))
    with pytest.raises(LeakError, match=r"Standardiser was fitted to test repetitions \[2, 5, 7\]"):
        splits.audit(split, scaler)


def test_leak_windows_straddling_two_repetitions(recording):
    windows = cut(recording, length_ms=150, step_ms=30, pure=False)
    with pytest.raises(LeakError, match="windows lie in two repetitions"):
        splits.audit(splits.by_repetition(windows, [2, 5, 7]))


def test_leak_same_repetition_in_train_and_test(windows):
    order = np.random.default_rng(0).permutation(len(windows))
    at_random = Split(windows[order[::2]], windows[order[1::2]])
    with pytest.raises(LeakError, match="are in training and test"):
        splits.audit(at_random)


def test_leak_all_rest_on_one_side(recording):
    # As the files have it: rest carries repetition 0.
    stored = np.where(recording.label > 0, recording.repetition, 0).astype(np.int16)
    windows = cut(replace(recording, repetition=stored), length_ms=150, step_ms=30)
    with pytest.raises(LeakError, match="all rest is on the training side"):
        splits.audit(splits.by_repetition(windows, [2, 5, 7]))


def test_leak_windows_straddling_two_exercises(recording):
    exercise = recording.exercise.copy()
    exercise[len(exercise) // 2 :] = 2
    windows = cut(recording, length_ms=150, step_ms=10, pure=False)
    joined = Windows(replace(recording, exercise=exercise), windows.starts, windows.length)
    whole = cut(recording, length_ms=150, step_ms=10)
    inside = np.isin(joined.starts, whole.starts)
    with pytest.raises(LeakError, match="windows lie in two exercises"):
        splits.audit(splits.by_repetition(joined[inside], [2, 5, 7]))
