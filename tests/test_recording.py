from dataclasses import replace

import numpy as np
import pytest

from semg_lib.errors import DataError
from semg_lib.recordings.recording import Recording, concatenate, give_rest_a_repetition


def make(**changes):
    n = 10
    fields = {
        "emg": np.zeros((n, 2), np.float32),
        "label": np.zeros(n, np.int16),
        "repetition": np.ones(n, np.int16),
        "exercise": np.ones(n, np.int8),
        "rate": 100.0,
        "database": "db1",
        "subject": 1,
    }
    return Recording(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"emg": np.zeros(10, np.float32)}, r"expected \(sample, channel\)"),
        ({"label": np.zeros(9, np.int16)}, r"label has shape \(9,\), expected \(10,\)"),
        ({"emg": np.full((10, 2), np.nan, np.float32)}, "not finite at sample 0, channel 0"),
        ({"label": np.full(10, -1, np.int16)}, "label -1 is negative"),
        ({"rate": 0.0}, "expected a positive number"),
    ],
)
def test_invariants_are_checked(changes, said):
    with pytest.raises(DataError, match=said):
        make(**changes)


def test_rest_before_the_first_movement_is_repetition_one():
    label = np.array([0, 0, 3, 3, 0, 3, 0])
    stored = np.array([0, 0, 1, 1, 0, 2, 0])
    assert give_rest_a_repetition(label, stored).tolist() == [1, 1, 1, 1, 1, 2, 2]


def test_joining_keeps_everything_and_refuses_strangers():
    both = concatenate([make(), make(exercise=np.full(10, 2, np.int8))])
    assert len(both.emg) == 20
    assert both.seconds == 0.2
    with pytest.raises(DataError, match="subject is 1 in one, 2 in other"):
        concatenate([make(), replace(make(), subject=2)])
    with pytest.raises(DataError, match="at least one exercise"):
        concatenate([])


def test_a_recording_tells_what_it_is():
    assert repr(make(simulated=True)).startswith("<simulated Recording db1 subject 1")
