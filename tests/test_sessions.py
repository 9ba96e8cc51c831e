"""Sessions: what trains and what tests is told apart, and the audit finds what is planted."""

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from semg_lib import figures
from semg_lib.errors import DataError, LeakError
from semg_lib.evaluation.records import Record
from semg_lib.evaluation.scores import Score, SessionScore
from semg_lib.publishing import listing, replay
from semg_lib.recordings.recording import Recording
from semg_lib.signals import splits
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.protocol import Prepared
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows, cut
from semg_lib.studies import sessions

RATE = 1000
SECONDS = 4.0


def recorded(database, repetitions, labels=(1, 2, 3), n_channels=4):
    """Each label held for four seconds in every repetition, as noise of its own loudness."""
    rng = np.random.default_rng(0)
    n = round(SECONDS * RATE)
    every = [(repetition, label) for repetition in repetitions for label in labels]
    emg = [rng.normal(0, 10 * (label + 1), (n, n_channels)) for _, label in every]
    return Recording(
        emg=np.concatenate(emg).astype(np.float32),
        label=np.repeat([label for _, label in every], n).astype(np.int16),
        repetition=np.repeat([repetition for repetition, _ in every], n).astype(np.int16),
        exercise=np.ones(n * len(every), np.int8),
        rate=RATE,
        database=database,
        subject=1,
        simulated=True,
    )


@pytest.fixture(scope="module")
def many():
    return recorded("multiday", (1, 6, 11, 16, 21, 26))


@pytest.fixture(scope="module")
def blocks():
    return recorded("3dc", range(1, 9), labels=(0, 1, 2), n_channels=10)


@pytest.fixture(scope="module")
def chosen():
    return sessions.named("multiday")


def seen(windows):
    return set(windows.repetition.tolist())


def test_sessions_train_alone_and_all_later_ones_test(many, chosen):
    found = {each.trained: each for each in sessions.folds(many, chosen)}
    assert list(found) == [
        *(f"session {each}" for each in (1, 6, 11, 16, 21, 26)),
        *("sessions 1, 6, 11", "sessions 6, 11, 16", "sessions 11, 16, 21"),
        "sessions 1, 6, 11, 16, 21",
    ]
    for name, trained, later in (
        ("session 6", {6}, {11, 16, 21, 26}),
        ("session 26", {26}, set()),
        ("sessions 6, 11, 16", {6, 11, 16}, {21, 26}),
    ):
        fold = found[name]
        assert seen(fold.prepared.split.train) == trained == fold.prepared.scaler.repetitions
        assert seen(fold.prepared.split.test) == later
        assert seen(fold.within) == (trained if len(trained) == 1 else set())
    sizes = [len(each.prepared.split.train) for each in found.values()]
    assert max(sizes) - min(sizes) <= 5


def test_the_first_half_trains_and_the_end_tests_in_every_session(many, chosen):
    fold = next(sessions.folds(many, chosen))
    train, later = fold.prepared.split.train, fold.prepared.split.test

    def place(windows, at):  # within the contraction, seconds
        return (windows.starts + at) % (SECONDS * RATE) / RATE

    assert place(train, 0).max() + 0.15 <= SECONDS / 2
    for windows in (fold.within, later):
        assert place(windows, 0).min() >= SECONDS / 2 + 0.5
        assert place(windows, windows.length - 1).max() < SECONDS
    np.testing.assert_allclose(np.diff(later.starts)[:5], 80)
    np.testing.assert_allclose(np.diff(train.starts)[:5], 40)


def test_halves_are_told_sample_by_sample():
    label = np.array([1] * 6 + [2] * 7 + [2] * 5, np.int16)
    repetition = np.array([1] * 13 + [2] * 5, np.int16)
    recording = Recording(
        np.zeros((18, 1), np.float32), label, repetition, np.ones(18, np.int8), 10, "multiday", 1
    )
    early, late = sessions.halves(recording, 2)
    np.testing.assert_array_equal(np.flatnonzero(early), [0, 1, 2, 6, 7, 8, 13, 14])
    np.testing.assert_array_equal(np.flatnonzero(late), [5, 11, 12, 17])


def test_the_scaler_has_seen_what_trains_and_nothing_else(many, chosen):
    fold = list(sessions.folds(many, chosen))[1]
    part = (many.repetition == 6) & (np.arange(len(many.emg)) % 4000 < 2000)
    alone = many.emg[part].astype(np.float64)
    np.testing.assert_allclose(fold.prepared.scaler.mean, alone.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(fold.prepared.scaler.std, alone.std(axis=0), rtol=1e-5)


@pytest.mark.parametrize("method", ["lda", "knn"])
def test_nothing_of_a_later_session_reaches_the_training(many, chosen, method):
    """What is planted in later sessions changes nothing that is said of earlier windows."""
    chosen = replace(chosen, trained=(1,))
    later = many.repetition > 6
    emg, label = many.emg.copy(), many.label.copy()
    emg[later] += 1000
    label[later] = label[later] % 3 + 1
    planted = replace(many, emg=emg, label=label)
    before, after = (
        {each.method: each for each in sessions.replicate(one, chosen, methods=[method])}
        for one in (many, planted)
    )
    assert before.keys() == after.keys()
    for name in (f"within session 1: {method}", f"within session 6: {method}"):
        np.testing.assert_array_equal(before[name].predicted, after[name].predicted)
    first = before[f"after session 1: {method}"], after[f"after session 1: {method}"]
    own = [each.predicted[each.session == 6] for each in first]
    assert len(own[0])
    np.testing.assert_array_equal(*own)
    assert (first[0].predicted != first[1].predicted).any()


def test_within_a_session_the_audit_refuses_and_later_it_does_not(many, chosen):
    fold = next(sessions.folds(many, chosen))
    assert fold.prepared.audited() is fold.prepared
    with pytest.raises(LeakError, match=r"repetitions \[1\] are in training and test"):
        splits.audit(Split(fold.prepared.split.train, fold.within), fold.prepared.scaler)


def planted_scaler(prepared, many):
    return replace(prepared, scaler=Standardiser.fit(many, [1, 11]))


def planted_window(prepared, many):
    train, test = prepared.split.train, prepared.split.test
    more = np.sort(np.append(train.starts, test.starts[0]))
    return replace(prepared, split=Split(Windows(train.recording, more, train.length), test))


def planted_boundary(prepared, many):
    train = cut(prepared.split.train.recording, length_ms=150, step_ms=40, pure=False)
    inside = (train.starts < 3 * 4000) & (seen_at(train) == 1)
    edge = Windows(train.recording, np.array([3 * 4000 - 100]), train.length)
    assert seen_at(edge) == [6]
    both = np.append(train.starts[inside], edge.starts)
    split = Split(Windows(train.recording, both, train.length), prepared.split.test)
    return replace(prepared, split=split)


def seen_at(windows):
    return windows.recording.repetition[windows.starts + windows.length - 1]


@pytest.mark.parametrize(
    ("plant", "why"),
    [
        (planted_scaler, r"Standardiser was fitted to test repetitions \[11\]"),
        (planted_window, r"repetitions \[6\] are in training and test"),
        (planted_boundary, r"repetitions \[6\] are in training and test"),
    ],
)
def test_a_planted_leak_is_found(many, chosen, plant, why):
    prepared = next(sessions.folds(many, chosen)).prepared
    with pytest.raises(LeakError, match=why):
        plant(prepared, many).audited()


def test_a_window_over_two_sessions_is_found_on_the_training_side_too(many, chosen):
    prepared = next(sessions.folds(many, chosen)).prepared
    recording, length = prepared.split.train.recording, prepared.split.train.length
    edge = Windows(recording, np.array([3 * 4000 - 100]), length)  # ends in session 6
    later = prepared.split.test
    apart = Split(edge, later[later.repetition > 6])
    with pytest.raises(
        LeakError, match="1 windows lie in two repetitions, the first at sample 11900"
    ):
        Prepared(apart, prepared.scaler).audited()


def test_a_repetition_of_the_first_block_is_held_out_and_the_second_block_never_trains(blocks):
    chosen = sessions.named("3dc")
    found = list(sessions.folds(blocks, chosen))
    assert [each.trained for each in found] == ["block 1"] * 4
    for held, fold in enumerate(found, 1):
        others = {1, 2, 3, 4} - {held}
        train = fold.prepared.split.train
        assert seen(train) == others == fold.prepared.scaler.repetitions
        assert seen(fold.within) == {held}
        assert seen(fold.prepared.split.test) == {5, 6, 7, 8}
        assert set(train.label.tolist()) == set(fold.within.label.tolist()) == {0, 1, 2}
        splits.audit(Split(train, fold.within), fold.prepared.scaler)
        np.testing.assert_allclose(np.diff(train.starts)[:5], 40)


def test_a_blocks_outcomes_hold_every_fold(blocks):
    said = {each.method: each for each in sessions.replicate(
        blocks, sessions.named("3dc"), methods=["lda"]
    )}  # fmt: skip
    assert list(said) == ["within block 1: lda", f"{sessions.NEXT_BLOCK}: lda"]
    within, after = said.values()
    assert np.unique(after.session).tolist() == [5, 6, 7, 8]
    assert len(after.label) == pytest.approx(4 * len(within.label), rel=0.05)
    assert (within.label == within.predicted).mean() > 0.9


def test_what_is_known_is_not_scored_again(many, chosen):
    chosen = replace(chosen, trained=(1,))
    names = [each.method for each in sessions.replicate(many, chosen, methods=["lda"])]
    left = sessions.replicate(many, chosen, methods=["lda"], known=names[:-1])
    assert [each.method for each in left] == names[-1:]


def test_the_network_sees_envelopes_of_a_rate_that_divides(many):
    assert sessions.named("multiday").rate_hz == 204.8
    assert sessions.named("3dc").rate_hz == 200
    quick = sessions.named("multiday", "quick", epochs=1)
    few = replace(many, rate=1024)  # its envelope has whole steps, too
    [first, *_] = sessions.replicate(few, replace(quick, trained=(1,)), methods=["cnn"])
    assert first.method == "within session 1: cnn"
    assert set(first.predicted.tolist()) <= {1, 2, 3}


def test_what_has_no_sessions_is_told():
    with pytest.raises(DataError, match="db1 has no sessions or blocks: choose multiday or 3dc"):
        sessions.named("db1")


def test_a_record_names_all_that_a_replay_needs(blocks):
    chosen = sessions.named("3dc", "quick")
    settings = json.loads(json.dumps(asdict(chosen)))
    del settings["recipe"]["marks"]
    record = Record.model_construct(
        paper="sessions", database="3dc", preset="quick", seed=0, study="",
        settings=settings,
        scores=[score("within block 1: lda", 0), score(f"{sessions.NEXT_BLOCK}: lda", 0)],
    )  # fmt: skip
    source = SimpleNamespace(load=lambda subject, labels: blocks)
    again = replay._outcomes(record, replay._settings(record), source, 1)
    once = sessions.replicate(blocks, chosen, methods=["lda"])
    for one, other in zip(again, once, strict=True):
        assert one.method == other.method
        np.testing.assert_array_equal(one.predicted, other.predicted)


def score(method, accuracy, later=()):
    plain = {"subject": 1, "method": method, "balanced_accuracy": 0, "classes": 2, "n_test": 9}
    if later:
        own = {"sessions": list(later), "agreement": [], "named": []}
        return SessionScore(accuracy=np.mean(later), **plain, **own)
    return Score(accuracy=accuracy, **plain)


@pytest.fixture
def record():
    return Record.model_construct(
        scores=[
            *(score(f"within session {each}: lda", a) for each, a in ((1, 0.9), (6, 0.8), (11, 1))),
            score("after session 1: lda", 0, (0.7, 0.5)),
            score("after session 6: lda", 0, (0.6,)),
            score("after sessions 1, 6: lda", 0, (0.75,)),
        ]
    )


def test_pairs_and_means_are_those_of_the_scores(record):
    table = sessions.pairs(record)
    once = table[table["trained"] == 1].set_index(["last", "distance"])["accuracy"]
    assert once.to_dict() == pytest.approx(
        {(1, 0): 90, (6, 0): 80, (11, 0): 100, (1, 5): 70, (1, 10): 50, (6, 5): 60}
    )
    by = sessions.by_start(record)
    assert by.index.tolist() == [1, 6]
    np.testing.assert_allclose(by["within the session", "lda"], [0.9, 0.8])
    np.testing.assert_allclose(by["next session", "lda"], [0.7, 0.6])
    np.testing.assert_allclose(by[sessions.LATER, "lda"], [0.6, 0.6])
    np.testing.assert_allclose(by[f"{sessions.LATER}, 2 trained on", "lda"], [np.nan, 0.75])
    gained = listing.over(by, sessions.LATER)["gained"]
    assert gained["within the session", "lda"] == pytest.approx(25)
    assert gained[f"{sessions.LATER}, 2 trained on", "lda"] == pytest.approx(15)  # of session 6


def test_a_record_of_blocks_is_no_record_of_sessions(record):
    record.scores.append(score("within block 1: lda", 0.9))
    with pytest.raises(DataError, match="'within block 1: lda' is no score of sessions"):
        sessions.pairs(record)


def test_the_picture_tells_within_next_and_the_farthest():
    rows = [
        (method, 1, last, distance, 90 - distance)
        for method in ("cnn", "lda")
        for last in (1, 6, 11)
        for distance in (0, 5, 10)
    ]
    columns = ["method", "trained", "last", "distance", "accuracy"]
    table = pd.DataFrame(rows, columns=columns)
    alone = pd.DataFrame([("cnn", 1, 1, 15, 1.0), ("cnn", 3, 11, 5, 1.0)], columns=columns)
    shown = figures.distances(pd.concat([table, alone]))
    assert "CNN 90.0 % within, 85.0 % in the next, 80.0 % 10 sessions later" in shown.alt
