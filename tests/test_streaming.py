"""Streams: definitions on streams made by hand, rules against loops, and no leak."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from semg_lib.errors import LeakError
from semg_lib.evaluation import streaming
from semg_lib.evaluation.scores import streamed
from semg_lib.learning.outcomes import StreamOutcome
from semg_lib.recordings import labels, simulator
from semg_lib.studies import streaming as study

# Two stretches of 50 decisions, 20 ms apart: rest, a movement, rest.
LABEL = np.tile(np.repeat([0, 3, 0], [15, 25, 10]), 2) * np.repeat([1, 2], 50)
STRETCH = np.repeat([0, 1], 50)


def scored(decided):
    return streamed(
        StreamOutcome(1, "any", LABEL, decided, stretch=STRETCH, step_ms=20.0, stays_ms=200.0)
    )


def test_a_decoder_that_is_always_right():
    found = scored(LABEL)
    assert (found.accuracy, found.executions, found.carried_out, found.missed) == (1, 2, 1, 0)
    assert (found.onset_ms, found.false_activations) == (0, 0)


def test_a_decoder_that_always_rests():
    found = scored(np.zeros_like(LABEL))
    assert found.accuracy == 0.5
    assert (found.carried_out, found.missed, found.onset_ms) == (0, 1, None)
    assert found.false_activations == 0


def test_a_decoder_that_is_late_by_a_known_time():
    late = np.concatenate([np.roll(part, 7) for part in np.split(LABEL, 2)])
    found = scored(late)
    assert found.onset_ms == 7 * 20
    assert (found.carried_out, found.missed) == (1, 0)
    assert found.accuracy == 1 - 2 * 14 / 100
    assert found.false_activations == 0  # what ends late is not activated falsely


def test_a_decoder_that_flickers():
    flickers = LABEL.copy()
    flickers[::5] = 9
    found = scored(flickers)
    # One second of rest: decisions 0, 5, 10, 40 and 45 of each stretch turn to a movement.
    assert found.false_activations == pytest.approx(10 / (50 * 0.02 / 60))
    assert (found.carried_out, found.missed) == (1, 1)  # right in four of five, never ten in a row
    assert scored(streaming.majority(flickers, STRETCH, 5)).missed == 0


def test_a_turn_from_a_late_movement_to_another_is_an_activation_its_end_is_not():
    label = np.array([3, 3, 0, 0, 0, 0])
    one = np.zeros(6, int)
    assert streaming.false_activations(label, np.array([3, 3, 3, 3, 0, 0]), one) == 0
    assert streaming.false_activations(label, np.array([3, 3, 3, 4, 4, 0]), one) == 1
    assert streaming.false_activations(label, np.array([3, 4, 4, 4, 4, 4]), one) == 0
    # What goes over from one stretch to the next is another beginning.
    assert streaming.false_activations(label, np.full(6, 4), np.array([0, 0, 0, 0, 1, 1])) == 1


def test_an_execution_is_carried_out_by_more_than_any_other_names():
    label, one = np.full(6, 2), np.zeros(6, int)
    told = {(2, 2, 0, 0, 1, 1): False, (2, 2, 2, 0, 0, 1): True, (2, 2, 0, 0, 5, 1): False}
    for decided, right in told.items():
        assert streaming.carried_out(label, np.array(decided), one).tolist() == [right]


def test_a_short_execution_needs_no_longer_than_it_is():
    label, one = np.array([0, 2, 2, 2, 0]), np.zeros(5, int)
    assert streaming.onset_delays(label, label, one, stays=10) == [0]
    broken = np.array([0, 2, 0, 2, 0])
    assert np.isnan(streaming.onset_delays(label, broken, one, stays=10)).all()


@pytest.fixture
def noisy():
    random = np.random.default_rng(0)
    return random.integers(0, 3, 200), np.sort(random.integers(0, 5, 200))


@pytest.mark.parametrize("n", [1, 2, 5, 17])
def test_a_vote_is_that_of_a_loop(noisy, n):
    decided, stretch = noisy
    expected = []
    for i in range(len(decided)):
        last = [decided[j] for j in range(max(0, i + 1 - n), i + 1) if stretch[j] == stretch[i]]
        counts = {each: last.count(each) for each in last}
        tied = [each for each in sorted(counts) if counts[each] == max(counts.values())]
        expected.append(decided[i] if decided[i] in tied else tied[0])
    assert streaming.majority(decided, stretch, n).tolist() == expected


@pytest.mark.parametrize("n", [1, 2, 5])
def test_holding_is_that_of_a_loop(noisy, n):
    decided, stretch = noisy
    decided = np.repeat(decided, 3)[:200]
    expected, state, since = [], 0, 0
    for i in range(len(decided)):
        new = i == 0 or stretch[i] != stretch[i - 1]
        state = 0 if new else state
        since = 1 if new or decided[i] != decided[i - 1] else since + 1
        state = decided[i] if since >= n else state
        expected.append(state)
    assert streaming.held(decided, stretch, n).tolist() == expected


def test_what_is_not_sure_rests():
    probability = np.array([[0.1, 0.9], [0.4, 0.6], [0.8, 0.2]])
    found = streaming.confident(probability, np.array([0, 7]), 0.7)
    assert found.tolist() == [7, 0, 0]


@pytest.fixture(scope="module")
def recording():
    return simulator.simulate("db1", 1, "A", movements=(1, 2, 3))


def test_rests_are_shared_by_the_movements_beside_them(recording):
    shared = labels.share_rests(recording)
    rest = recording.label == 0
    moved = shared.repetition != recording.repetition
    assert not moved[~rest].any()
    assert 0.3 < moved[rest].mean() < 0.7
    begins = labels.onsets(recording.label)
    for onset in begins[1:]:
        own = shared.repetition[onset]
        assert (shared.repetition[onset - 50 : onset] == own).all()


def test_a_stream_has_rest_before_and_after_and_nothing_that_trained(recording):
    settings = study.Settings.named("db1", "quick")
    prepared, stretch = study.prepare(recording, settings)
    train, stream = prepared.split.train, prepared.split.test
    assert stretch.max() + 1 == 3 * 3
    for each in range(9):
        own = stream.label[stretch == each]
        assert own[0] == own[-1] == 0
        assert len(np.unique(own)) == 2
        assert (np.diff(stream.starts[stretch == each]) == 4).all()  # 40 ms at 100 Hz, no gap
    near = np.abs(train.starts[:, None] - stream.starts[None]).min()
    assert near >= train.length  # not a sample is in both
    with pytest.raises(LeakError):
        dataclasses.replace(
            prepared, split=dataclasses.replace(prepared.split, train=stream)
        ).audited()


def test_every_rule_of_a_method_is_scored_and_the_first_is_the_likeliest(recording):
    settings = study.Settings.named("db1", "quick")
    found = list(study.replicate(recording, settings, methods=["lda"]))
    assert [each.method for each in found] == [f"{rule}: lda" for rule in study.RULES]
    every, *others = found
    assert streamed(every).accuracy > 0.6
    assert streamed(every).false_activations > streamed(others[-1]).false_activations
    with pytest.raises(ValueError, match="unknown method 'svm'"):
        list(study.replicate(recording, settings, methods=["svm"]))


def test_words_follow_the_table():
    columns = list(study.COLUMNS.values())
    values = {"CNN": [80.0, 95.0, 1.0, 200.0, 50.0], "LDA": [79.0, 96.0, 0.0, 250.0, 40.0]}
    after = {"CNN": [80.0, 93.0, 1.0, 400.0, 10.0], "LDA": [79.0, 94.0, 0.0, 450.0, 6.0]}
    rows = {(study.EVERY, name): row for name, row in values.items()}
    rows |= {("vote of 25", name): row for name, row in after.items()}
    told = pd.DataFrame(rows, index=columns).T.rename_axis(["rule", "method"])
    assert study.ranked(told).loc["LDA"].tolist() == [2, 1, 1, 2, 1]
    said = study.feels(told)
    assert "are right in 79.0 to 80.0 %, and carry out 95.0 to 96.0 % of the executions" in said
    assert "CNN decides best window by window; LDA carries out most executions" in said
    assert "CNN has the least delay (200 ms), LDA the fewest false activations (40 a" in said
    assert "from 45 to 8 a minute and costs 200 ms" in study.waiting(told)
