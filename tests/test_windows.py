import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from semg_lib.errors import DataError
from semg_lib.recordings.source import Source
from semg_lib.signals.windows import cut, thin_rest


def naive(recording, length, step):
    """Cut again, the slow way: starts of windows with one label, repetition and exercise."""
    starts = []
    for start in range(0, len(recording.emg) - length + 1, step):
        part = slice(start, start + length)
        marks = (recording.label, recording.repetition, recording.exercise)
        if all(len(set(mark[part].tolist())) == 1 for mark in marks):
            starts.append(start)
    return starts


@pytest.mark.parametrize(("length_ms", "step_ms"), [(150, 10), (200, 70)])
def test_cut_agrees_with_a_naive_loop(recording, length_ms, step_ms):
    short = replace(
        recording,
        **{k: getattr(recording, k)[:6000] for k in ("emg", "label", "repetition", "exercise")},
    )
    windows = cut(short, length_ms=length_ms, step_ms=step_ms)
    assert windows.starts.tolist() == naive(short, length_ms // 10, step_ms // 10)
    assert len(set(windows.label.tolist())) > 1


def test_taken_windows_are_the_signal(recording):
    windows = cut(recording, length_ms=150, step_ms=10)
    x = windows.take([0, 100])
    assert x.shape == (2, 10, 15)
    start = windows.starts[100]
    np.testing.assert_array_equal(x[1], recording.emg[start : start + 15].T)


def test_a_device_gathers_the_same_windows(recording):
    windows = cut(recording.with_emg(recording.emg.copy()), length_ms=150, step_ms=10)[::7]
    batch = windows.to("cpu").gather(torch.tensor([3, 1]))
    np.testing.assert_array_equal(batch.numpy(), windows.take([3, 1]))


def test_impure_windows_are_kept_only_on_request(recording):
    pure = cut(recording, length_ms=150, step_ms=10)
    every = cut(recording, length_ms=150, step_ms=10, pure=False)
    assert len(every) == len(recording.emg) - 14
    assert set(pure.starts) < set(every.starts)


def test_lengths_that_cannot_be_are_told(recording):
    with pytest.raises(DataError, match="under one sample at 100 Hz"):
        cut(recording, length_ms=1, step_ms=10)
    with pytest.raises(DataError, match="shorter than a window"):
        cut(recording, length_ms=1e7, step_ms=10)


def test_rest_is_thinned_to_a_movements_share_over_the_whole_time(recording):
    windows = cut(recording, length_ms=150, step_ms=10)
    thin = thin_rest(windows)
    moving = (thin.label > 0).sum()
    assert moving == (windows.label > 0).sum()
    assert (thin.label == 0).sum() == round(moving / 4)
    resting = thin[thin.label == 0]
    assert set(resting.repetition.tolist()) == set(range(1, 11))
    assert len(thin_rest(thin)) == len(thin)


def allocated_by_cutting(recording):
    tracemalloc.start()
    try:
        windows = cut(recording, length_ms=150, step_ms=10)
        windows.view()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_windows_are_views(recording):
    assert allocated_by_cutting(recording) < 2 * recording.emg.nbytes


@pytest.mark.real
def test_windows_of_a_real_subject_are_views(real_root):
    recording = Source("db1", "A", str(real_root)).load(1)
    assert allocated_by_cutting(recording) < 2 * recording.emg.nbytes


def test_windows_tell_what_they_are(recording):
    assert "Windows of 15 samples (150 ms)" in repr(cut(recording, length_ms=150, step_ms=10))
