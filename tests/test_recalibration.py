from dataclasses import replace

import numpy as np
import pytest
import torch

from semg_lib.learning import recalibration
from semg_lib.learning.recalibration import Session
from semg_lib.signals import windows


class Nearest:
    """A decoder by the nearest class mean; it remembers what it was trained on."""

    def __init__(self, classes):
        self.classes = classes
        self.seen = []

    def fit(self, session):
        self.seen.append(session)
        x = session.x.flatten(1).numpy()
        self.means = np.stack(
            [
                x[session.label == each].mean(axis=0)
                if (session.label == each).any()
                else np.full(x.shape[1], 1e3)
                for each in self.classes
            ]
        )

    def probabilities(self, session):
        x = session.x.flatten(1).numpy()
        distance = np.square(x[:, None] - self.means).sum(axis=2)
        score = np.exp(-distance)
        return score / np.maximum(score.sum(axis=1, keepdims=True), 1e-300)


def sessions(drift, n=6, classes=(0, 2, 5), noise=0.3, seed=0):
    """Sessions of three trials of five windows; every class moves by ``drift`` a session."""
    rng = np.random.default_rng(seed)
    label = np.repeat(classes, 5)
    trial = np.repeat([0, 1, 2], 5)
    centre = np.array([[0, 0], [3, 0], [0, 3]])[np.repeat([0, 1, 2], 5)]
    made = []
    for number in range(n):
        x = centre + number * drift + rng.normal(0, noise, (15, 2))
        made.append(Session(torch.as_tensor(x[:, None], dtype=torch.float32), label, trial))
    return made


def follow(mode, sessions_, **options):
    first, *later = sessions_
    decoder = Nearest(np.unique(first.label))
    decoder.fit(first)
    predicted = list(recalibration.recalibrate(decoder, first, later, mode, **options))
    right = [np.mean(p == each.label) for p, each in zip(predicted, later, strict=True)]
    return np.array(right), predicted, decoder


def test_recalibration_follows_a_drift_that_leaves_a_frozen_decoder_behind():
    drifting = sessions(drift=np.array([0.8, 0.0]))
    assert follow("frozen", drifting)[0][-1] < 0.8
    for mode in ("majority", "confidence", "oracle"):
        assert follow(mode, drifting)[0].min() >= 0.8, mode


def test_a_jump_that_is_too_wide_feeds_its_own_errors():
    jumping = sessions(0)
    jumping[1:] = [replace(each, x=each.x + torch.tensor([3.0, 0.0])) for each in jumping[1:]]
    assert follow("majority", jumping)[0][-1] <= follow("oracle", jumping)[0][-1] - 0.3


@pytest.mark.parametrize("mode", [m for m in recalibration.MODES if m != "oracle"])
def test_labels_of_later_sessions_are_never_read(mode):
    first, *later = sessions(drift=np.array([0.8, 0.0]), noise=1.0)
    poisoned = [replace(each, label=np.full_like(each.label, 99)) for each in later]
    for mine, theirs in zip(
        follow(mode, [first, *later])[1], follow(mode, [first, *poisoned])[1], strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("poisoned_from", [1, 3, 5])
def test_even_the_oracle_sees_no_label_before_it_has_predicted(poisoned_from):
    all_ = sessions(drift=np.array([0.8, 0.0]), noise=1.0)
    poisoned = [
        replace(each, label=np.roll(each.label, 5)) if k >= poisoned_from else each
        for k, each in enumerate(all_)
    ]
    mine, theirs = follow("oracle", all_)[1], follow("oracle", poisoned)[1]
    for k in range(poisoned_from):
        np.testing.assert_array_equal(mine[k], theirs[k])
    if poisoned_from < 5:
        assert any(np.any(a != b) for a, b in zip(mine, theirs, strict=True))


def test_a_frozen_decoder_is_trained_once_and_the_last_session_never():
    assert len(follow("frozen", sessions(0))[2].seen) == 1
    assert len(follow("majority", sessions(0))[2].seen) == 5


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"kept": 1}, [15, 15, 15, 15, 15]),
        ({"kept": 2}, [15, 15, 15, 15, 15]),
        ({"kept": 2, "same_size": False}, [15, 30, 30, 30, 30]),
        ({"kept": 99, "same_size": False}, [15, 30, 45, 60, 75]),
    ],
)
def test_sessions_kept_are_as_many_as_asked_for(options, sizes):
    assert [len(each) for each in follow("majority", sessions(0), **options)[2].seen] == sizes


def test_same_size_takes_from_every_session_kept():
    numbered = [
        replace(each, trial=each.trial + 10 * number) for number, each in enumerate(sessions(0))
    ]
    seen = follow("majority", numbered, kept=3)[2].seen[-1]
    assert set(seen.trial // 10) == {2, 3, 4}


def test_the_oracle_skips_movements_it_was_never_shown():
    first, second, third = sessions(0, n=3)
    strange = replace(second, label=np.where(second.label == 5, 7, second.label))
    seen = follow("oracle", [first, strange, third], same_size=False)[2].seen[-1]
    assert set(seen.label) == {0, 2, 5}
    assert len(seen) == 25


def test_votes_by_hand():
    probability = np.array([[0.6, 0.4, 0.0], [0.6, 0.4, 0.0], [0.0, 0.9, 0.1], [0.1, 0.2, 0.7]])
    trial = np.array([4, 4, 4, 9])
    assert recalibration.uncorrected(probability, trial).tolist() == [0, 0, 1, 2]
    assert recalibration.majority(probability, trial).tolist() == [0, 0, 0, 2]
    assert recalibration.confidence(probability, trial).tolist() == [1, 1, 1, 2]
    tied = np.array([0, 0, 1, 1])
    assert recalibration.majority(probability[[0, 2, 3, 3]], tied).tolist() == [1, 1, 2, 2]


def test_signs_without_labels_by_hand():
    predicted, trial = np.array([3, 3, 4, 4, 3]), np.array([0, 0, 0, 1, 1])
    assert recalibration.agreement(predicted, trial) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert np.isnan(recalibration.agreement(predicted[:1], trial[:1]))
    assert recalibration.named(np.array([3, 3, 4, 4, 4, 3]), np.array([0, 0, 0, 1, 1, 2])) == 2


def test_trials_are_stretches_of_one_label(recording):
    cut = windows.cut(recording, length_ms=200, step_ms=100)
    trial = windows.trials(cut)
    for each in np.unique(trial)[:20]:
        inside = trial == each
        assert len(np.unique(cut.label[inside])) == 1
        assert len(np.unique(cut.repetition[inside])) == 1
    moving = np.unique(trial[cut.label > 0])
    assert len(moving) == 4 * 10


def test_wrong_requests_are_told():
    with pytest.raises(ValueError, match="unknown correction 'vote': choose from frozen"):
        follow("vote", sessions(0))
    with pytest.raises(ValueError, match="0 sessions kept"):
        follow("majority", sessions(0), kept=0)
