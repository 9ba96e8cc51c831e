"""Votes: counted as a loop would, of the past alone, and of a trial as a whole."""

from types import SimpleNamespace

import numpy as np
import pytest

from semg_lib.signals import votes
from semg_lib.signals.windows import Windows, cut


def windows_at(starts):
    return Windows(SimpleNamespace(rate=100), np.asarray(starts), 15)


@pytest.fixture(scope="module")
def frames(recording):
    """Single samples of movements, in order of time; rest leaves gaps."""
    every = cut(recording, length_ms=10, step_ms=10)
    return every[every.label > 0]


@pytest.fixture(scope="module")
def said(frames):
    return np.random.default_rng(0).integers(0, 5, len(frames))


def naive(windows, said, n):
    """The majority of each window's last n samples of time; ties to its own, then the lowest."""
    voted = []
    for at, start in enumerate(windows.starts):
        past = [said[i] for i, other in enumerate(windows.starts) if start - n < other <= start]
        most = max(past.count(each) for each in past)
        best = sorted({each for each in past if past.count(each) == most})
        voted.append(said[at] if said[at] in best else best[0])
    return voted


def test_a_vote_counts_the_last_windows_only():
    said = np.array([1, 1, 2, 2, 2, 1])
    windows = windows_at([0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(votes.vote(windows, said, 10), said)
    np.testing.assert_array_equal(votes.vote(windows, said, 30), [1, 1, 1, 2, 2, 2])
    # What lies further back than the time has no vote, however few windows are left.
    apart = windows_at([0, 1, 50, 51, 90, 91])
    np.testing.assert_array_equal(votes.vote(apart, said, 30), [1, 1, 2, 2, 2, 1])


@pytest.mark.parametrize("n", [1, 2, 20, 28])
def test_a_vote_is_what_a_naive_loop_counts(frames, said, n):
    few, own = frames[:1500], said[:1500]
    assert (np.diff(few.starts) > 1).any()  # trials end among them
    np.testing.assert_array_equal(votes.vote(few, own, 10 * n), naive(few, own, n))


def test_a_vote_never_looks_ahead():
    rng = np.random.default_rng(0)
    said = rng.integers(0, 5, 200)
    windows = windows_at(np.arange(200))
    before = votes.vote(windows, said, 200)
    changed = said.copy()
    changed[120:] = 9
    np.testing.assert_array_equal(votes.vote(windows, changed, 200)[:120], before[:120])


def by_trial(frames, values):
    """The values of each stretch of one label and repetition."""
    marks = np.stack([frames.label, frames.repetition])
    begun = np.flatnonzero(np.diff(marks, axis=1).any(axis=0) | (np.diff(frames.starts) > 1)) + 1
    return np.split(values, begun)


def test_a_trial_votes_as_one(frames, said):
    for own, voted in zip(
        by_trial(frames, said), by_trial(frames, votes.of_trial(frames, said)), strict=True
    ):
        assert set(voted) == {np.bincount(own).argmax()}


def test_what_is_shuffled_stays_in_its_trial(frames, said):
    mixed = votes.shuffled(frames, said, seed=3)
    assert (mixed != said).mean() > 0.5
    for own, other in zip(by_trial(frames, said), by_trial(frames, mixed), strict=True):
        assert sorted(own) == sorted(other)
    np.testing.assert_array_equal(mixed, votes.shuffled(frames, said, seed=3))
    assert (mixed != votes.shuffled(frames, said, seed=4)).any()


def test_shuffling_undoes_what_neighbours_share():
    """A third of each trial is wrong in one piece: a vote in order cannot mend it."""
    n = 300
    label = np.repeat([1, 2], n)
    marks = {"label": label, "repetition": label * 0 + 1, "exercise": label * 0 + 1}
    windows = Windows(SimpleNamespace(rate=100, emg=label, **marks), np.arange(2 * n), 1)
    said = np.where(np.arange(2 * n) % n < n // 3, 9, label)
    right = {
        time: (votes.known_after(windows, said, time, step_ms=10) == label).mean()
        for time in ("10", "200", "shuffled", "trial")
    }
    assert right["10"] == pytest.approx(2 / 3)
    assert right["200"] < 0.67
    assert right["shuffled"] > 0.9
    assert right["trial"] == 1


def test_what_is_known_covers_the_windows_that_vote():
    """Windows of 150 ms every 10 ms that cover 200 ms are six; one covers its own 150 ms."""
    said = np.arange(40) % 7
    windows = windows_at(np.arange(40))
    own, six = (votes.known_after(windows, said, time, step_ms=10) for time in ("150", "200"))
    np.testing.assert_array_equal(own, said)
    np.testing.assert_array_equal(six, naive(windows, said, 6))
