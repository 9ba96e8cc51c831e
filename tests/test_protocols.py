"""Protocols: each turns the switch it names and no other, and the audit refuses what leaks."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from semg_lib.errors import DataError, LeakError
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record
from semg_lib.publishing import listing
from semg_lib.recordings.source import Source
from semg_lib.signals import features
from semg_lib.signals.preprocessing import low_pass
from semg_lib.signals.protocol import RESTS, Protocol
from semg_lib.studies import protocols
from semg_lib.studies.protocols import BASE, PROTOCOLS

LEAKS = {
    "random windows held out",
    "scaler fitted to everything",
    "windows over boundaries",
    "everything that flatters",
}


@pytest.fixture(scope="module")
def chosen():
    return protocols.named("db1", "quick", epochs=1)


def folds(recording, settings, **changes):
    return list(replace(Protocol.of(settings), **changes).folds(recording))


@pytest.mark.parametrize("name", [n for n in PROTOCOLS if n != "other subjects"])
def test_the_audit_refuses_what_leaks_and_nothing_else(recording, chosen, name):
    protocol = protocols.protocol(name, chosen)
    for fold in protocol.folds(recording):
        if name in LEAKS:
            with pytest.raises(LeakError):
                fold.audited()
        else:
            fold.audited()
    if name in LEAKS:
        with pytest.raises(LeakError):
            protocol.prepare(recording)


def test_a_split_by_subject_needs_the_others(recording, chosen):
    with pytest.raises(DataError, match="a split by subject needs the others"):
        protocols.protocol("other subjects", chosen).prepare(recording)


def test_random_windows_are_as_many_and_from_every_repetition(recording, chosen):
    (fold,) = folds(recording, chosen)
    (other,) = folds(recording, chosen, split="window")
    train, test = fold.split.train, fold.split.test
    other_train, other_test = other.split.train, other.split.test
    assert (len(other_train), len(other_test)) == (len(train), len(test))
    assert set(other_test.repetition.tolist()) == set(range(1, 11))
    assert not set(other_train.starts.tolist()) & set(other_test.starts.tolist())
    assert (np.diff(other_test.starts) > 0).all()


def test_each_repetition_is_left_out_once(recording, chosen):
    found = folds(recording, chosen, split="leave one repetition out")
    held = [set(fold.split.test.repetition.tolist()) for fold in found]
    assert held == [{each} for each in range(1, 11)]
    for fold, test in zip(found, held, strict=True):
        assert not fold.scaler.repetitions & test


def test_rest_is_kept_thinned_or_left_out(recording, chosen):
    counts = {
        rest: Counter(replace(Protocol.of(chosen), rest=rest).windows(recording).label.tolist())
        for rest in RESTS
    }
    assert counts["none"][0] == 0
    moving = sum(counts["none"].values())
    assert counts["thinned"][0] == round(moving / len(recording.movements))
    assert counts["all"][0] > 2 * counts["thinned"][0]
    assert 0 < counts["trial"][0] < counts["all"][0]


def test_nobody_is_on_both_sides_where_subjects_are_held_out(recording, chosen):
    other = replace(recording, emg=recording.emg + 1, subject=2)
    (fold,) = protocols.protocol("other subjects", chosen).across([other], [recording])
    assert fold.split.test.recording.subject == 1
    alone = recording.emg.astype(np.float64)
    np.testing.assert_allclose(fold.scaler.mean, alone.mean(axis=0) + 1, rtol=1e-5)
    scaled = fold.split.test.recording.emg.mean(axis=0)
    np.testing.assert_allclose(scaled, -1 / alone.std(axis=0), rtol=1e-3)


@pytest.mark.slow
def test_a_study_names_what_it_scores_and_is_the_same_in_any_process(chosen):
    source = Source("db1", "A")
    found = list(protocols.replicate(BASE, source, [1, 2], chosen, methods=["lda"]))
    assert [(each.subject, each.method) for each in found] == [
        (1, f"{BASE}: lda"),
        (2, f"{BASE}: lda"),
    ]
    here = protocols.under(protocols.protocol(BASE, chosen), source, [2], chosen, methods=["lda"])
    np.testing.assert_array_equal(here[0].predicted, found[1].predicted)
    with pytest.raises(DataError, match="nobody else to train on"):
        list(protocols.replicate("other subjects", source, [1], chosen))


def test_an_unknown_switch_is_told():
    with pytest.raises(ValueError, match="unknown split 'windows': choose from repetition"):
        Protocol(200, 100, split="windows")
    with pytest.raises(ValueError, match="unknown protocol 'best'"):
        protocols.protocol("best", protocols.named("db1"))


def test_points_gained_are_differences_on_the_same_subjects():
    record = Record.model_construct(
        scores=[
            SimpleNamespace(model_dump=lambda s=s, m=m, a=a: {
                "subject": s, "method": m, "accuracy": a, "balanced_accuracy": a / 2,
                "classes": 2, "n_test": 9,
            })
            for s, a in ((1, 0.5), (2, 0.6), (3, 0.9))
            for m, a in ((f"{BASE}: cnn", a), ("no rest: cnn", a + 0.1))
        ],
        seed=0, recipe="recommended", database="db1", simulated=False,
    )  # fmt: skip
    table = listing.gained([record])
    assert table.loc[("no rest", "cnn"), "gained"] == pytest.approx(10)
    assert table.loc[("no rest", "cnn"), "low"] == pytest.approx(10)
    assert table.loc[(BASE, "cnn"), "mean"] == pytest.approx(200 / 3)
    half = listing.gained([record], value="balanced_accuracy")
    assert half.loc[("no rest", "cnn"), "gained"] == pytest.approx(5)
    text = listing.gains(table)
    assert text.loc["no rest", "CNN"] == "76.7 % (+10.0, +10.0 to +10.0)"
    assert text.loc[BASE, "CNN"] == "66.7 %"
    assert summaries.by_variant([record]).columns.names == ["variant", "method"]


def test_features_of_a_side_are_computed_once(recording, settings, monkeypatch):
    prepared = Protocol.of(settings).prepare(recording)
    expected = features.extract(prepared.split.test, ["rms", "wl"], scaler=prepared.scaler)
    np.testing.assert_array_equal(prepared.features("test", ["rms", "wl"]), expected)
    monkeypatch.setattr("semg_lib.signals.protocol.extract", None)
    np.testing.assert_array_equal(prepared.features("test", ["wl"]), expected[:, 10:])


def test_a_low_pass_comes_after_the_envelope(recording, settings):
    smooth = replace(Protocol.of(settings), low_pass_hz=1.0).signal(recording)
    np.testing.assert_array_equal(smooth.emg, low_pass(recording, cutoff_hz=1).emg)
    late = replace(Protocol.of(settings), low_pass_hz=1.0, causal=True).signal(recording)
    np.testing.assert_array_equal(late.emg, low_pass(recording, cutoff_hz=1, causal=True).emg)
