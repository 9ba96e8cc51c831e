"""The session loop and the correction of labels, against naive loops and by poisoned labels."""

import statistics
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from semg_lib.evaluation.scores import score
from semg_lib.learning import recalibration
from semg_lib.learning.recalibration import SCENARIOS, Session
from semg_lib.learning.training import History

MODE = partial(recalibration.mode, reach=2)


class Nearest:
    """A decoder by the nearest class mean; it remembers what it was trained on."""

    def __init__(self, classes):
        self.classes = classes
        self.seen = []
        self.history, self.seconds = History(), 0.0

    def fit(self, session):
        self.seen.append(session)
        x = session.x.flatten(1).double().numpy()
        self.means = np.stack(
            [
                x[session.label == each].mean(axis=0)
                if (session.label == each).any()
                else np.full(x.shape[1], 1e3)
                for each in self.classes
            ]
        )

    def probabilities(self, session):
        x = session.x.flatten(1).double().numpy()
        distance = np.square(x[:, None] - self.means).sum(axis=2)
        share = np.exp(-distance)
        return share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)


def sessions(drift, n=6, classes=(0, 2, 5), noise=0.3, seed=0):
    """Sessions of three trials of five windows; every class moves by ``drift`` a session."""
    rng = np.random.default_rng(seed)
    label = np.repeat(classes, 5)
    centre = np.array([[0, 0], [3, 0], [0, 3]])[np.repeat([0, 1, 2], 5)]
    made = []
    for number in range(n):
        x = centre + number * drift + rng.normal(0, noise, (15, 2))
        made.append(Session(torch.as_tensor(x[:, None], dtype=torch.float32), label))
    return made


def follow(scenario, sessions_, correct=MODE):
    first, *later = sessions_
    decoder = Nearest(np.unique(first.label))
    decoder.fit(first)
    said = list(recalibration.recalibrate(decoder, first, later, scenario, correct))
    predicted = [each for each, _ in said]
    right = [np.mean(p == each.label) for p, each in zip(predicted, later, strict=True)]
    return np.array(right), predicted, decoder


def test_recalibration_follows_a_drift_that_leaves_a_frozen_decoder_behind():
    drifting = sessions(drift=np.array([0.8, 0.0]))
    assert follow("none", drifting)[0][-1] < 0.8
    for scenario in ("last", "oracle"):
        assert follow(scenario, drifting)[0].min() >= 0.8, scenario


def test_a_jump_that_is_too_wide_feeds_its_own_errors():
    jumping = sessions(0)
    jumping[1:] = [replace(each, x=each.x + torch.tensor([3.0, 0.0])) for each in jumping[1:]]
    assert follow("last", jumping)[0][-1] <= follow("oracle", jumping)[0][-1] - 0.3


@pytest.mark.parametrize("scenario", ["none", "last", "all"])
def test_labels_of_later_sessions_are_never_read(scenario):
    first, *later = sessions(drift=np.array([0.8, 0.0]), noise=1.0)
    poisoned = [replace(each, label=np.full_like(each.label, 99)) for each in later]
    for mine, theirs in zip(
        follow(scenario, [first, *later])[1], follow(scenario, [first, *poisoned])[1], strict=True
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


@pytest.mark.parametrize(
    ("scenario", "seen"),
    [
        ("none", [{0}]),
        ("last", [{0}, {1}, {2}, {3}, {4}]),
        ("oracle", [{0}, {1}, {2}, {3}, {4}]),
        ("all", [{0}, {0, 1}, {0, 1, 2}, {0, 1, 2, 3}, {0, 1, 2, 3, 4}]),
    ],
)
def test_each_scenario_trains_on_its_sessions_and_never_on_the_last(scenario, seen):
    """Last-Only sees no older data, the calibration included; All-Session keeps everything."""
    marked = [
        replace(each, x=torch.full_like(each.x, 10.0 * number))
        for number, each in enumerate(sessions(0))
    ]
    trained = follow(scenario, marked)[2].seen
    assert [set((each.x // 10).flatten().tolist()) for each in trained] == seen
    assert [len(each) for each in trained] == [15 * len(each) for each in seen]


def test_what_is_trained_on_are_corrected_predictions():
    first, second, third = sessions(0, n=3)
    wrong = replace(second, x=second.x.clone())
    wrong.x[7] = first.x[0]  # one window of the second trial looks like the first movement
    near = partial(recalibration.mode, reach=1)
    _, (predicted, _), decoder = follow("last", [first, wrong, third], near)
    assert predicted[7] == 0
    np.testing.assert_array_equal(decoder.seen[1].label, second.label)


def test_the_oracle_skips_movements_it_was_never_shown():
    first, second, third = sessions(0, n=3)
    strange = replace(second, label=np.where(second.label == 5, 7, second.label))
    seen = follow("oracle", [first, strange, third])[2].seen[-1]
    assert set(seen.label) == {0, 2}
    assert len(seen) == 10


def naive_mode(probability, reach):
    said = probability.argmax(axis=1).tolist()
    corrected = []
    for i in range(len(said)):
        counts = Counter(said[max(0, i - reach) : i + reach + 1])
        most = max(counts.values())
        corrected.append(min(name for name, count in counts.items() if count == most))
    return corrected


def naive_median(probability, reach):
    corrected = []
    for i in range(len(probability)):
        near = probability[max(0, i - reach) : i + reach + 1]
        medians = [statistics.median(column.tolist()) for column in near.T]
        corrected.append(int(np.argmax(medians)))
    return corrected


@pytest.mark.parametrize("reach", [0, 1, 3, 10, 40])
@pytest.mark.parametrize("n", [1, 2, 21, 64])
def test_equations_1_to_3_are_those_of_a_naive_loop_ends_included(n, reach):
    probability = np.random.default_rng(n).dirichlet([0.4] * 5, size=n)
    assert recalibration.mode(probability, reach).tolist() == naive_mode(probability, reach)
    assert recalibration.median(probability, reach).tolist() == naive_median(probability, reach)


def test_corrections_by_hand():
    """Three windows of class 0, a sure one of class 1 between them: one cannot outvote two."""
    probability = np.array([[0.6, 0.4], [0.1, 0.9], [0.6, 0.4], [0.45, 0.55]])
    assert recalibration.mode(probability, 1).tolist() == [0, 0, 1, 0]
    # Of two windows the median is their mean: 0.35 against 0.65 at the start.
    assert recalibration.median(probability, 1).tolist() == [1, 0, 1, 0]


def test_outcomes_score_each_session_by_class():
    """Nine windows of one class right, one of another wrong: half, not nine in ten."""
    first, second = sessions(0, n=2)
    uneven = second[[*range(5), *range(4), 5]]
    uneven.x[-1] = first.x[0]
    decoder = Nearest(np.unique(first.label))
    decoder.fit(first)
    outcome = recalibration.follow(
        decoder, first, [uneven, uneven], "none", partial(recalibration.median, reach=0)
    )
    made = score(outcome)
    assert made.sessions == made.corrected == [0.5, 0.5]
    assert made.accuracy == 0.5


def test_wrong_requests_are_told():
    with pytest.raises(ValueError, match="unknown scenario 'vote': choose from none, last, all"):
        follow("vote", sessions(0))
    assert SCENARIOS == ("none", "last", "all", "oracle")
