"""Protocols: each turns the switch it names and no other, and the audit refuses what leaks."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from semg_lib.errors import DataError, LeakError
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record
from semg_lib.publishing import listing
from semg_lib.recordings.source import Source
from semg_lib.signals import splits
from semg_lib.signals.splits import Split
from semg_lib.signals.windows import Windows
from semg_lib.studies import protocols
from semg_lib.studies.protocols import BASE, PROTOCOLS, Protocol

LEAKS = {
    "random windows held out",
    "scaler fitted to everything",
    "windows over boundaries",
    "everything that flatters",
}


@pytest.fixture(scope="module")
def chosen():
    return protocols.named("db1", "quick", epochs=1)


def sides(recording, protocol, settings):
    return [
        (each.train, each.test[recording.subject], each.scaler)
        for each in protocols.folds(recording, protocol, settings)
    ]


@pytest.mark.parametrize("name", [n for n, p in PROTOCOLS.items() if p.split != "subject"])
def test_the_audit_refuses_what_leaks_and_nothing_else(recording, chosen, name):
    for train, test, scaler in sides(recording, PROTOCOLS[name], chosen):
        if name in LEAKS:
            with pytest.raises(LeakError):
                splits.audit(Split(train, test), scaler)
        else:
            splits.audit(Split(train, test), scaler)


def test_this_books_protocol_is_the_papers_own(recording, settings):
    from semg_lib.papers import atzori2016

    [(train, test, scaler)] = sides(recording, Protocol(), settings)
    split, own = atzori2016.prepare(recording, settings)
    np.testing.assert_array_equal(train.starts, split.train.starts)
    np.testing.assert_array_equal(test.starts, split.test.starts)
    np.testing.assert_array_equal(scaler.mean, own.mean)


def test_random_windows_are_as_many_and_from_every_repetition(recording, chosen):
    [(train, test, _)] = sides(recording, Protocol(), chosen)
    [(other_train, other_test, _)] = sides(recording, Protocol(split="window"), chosen)
    assert (len(other_train), len(other_test)) == (len(train), len(test))
    assert set(other_test.repetition.tolist()) == set(range(1, 11))
    assert not set(other_train.starts.tolist()) & set(other_test.starts.tolist())
    assert (np.diff(other_test.starts) > 0).all()


def test_each_repetition_is_left_out_once(recording, chosen):
    found = sides(recording, Protocol(split="leave one repetition out"), chosen)
    held = [set(test.repetition.tolist()) for _, test, _ in found]
    assert held == [{each} for each in range(1, 11)]
    for _, test, scaler in found:
        assert not scaler.repetitions & set(test.repetition.tolist())


def test_rest_is_kept_thinned_or_left_out(recording, chosen):
    counts = {
        rest: Counter(protocols.choose(recording, Protocol(rest=rest), chosen).label.tolist())
        for rest in protocols.RESTS
    }
    assert counts["none"][0] == 0
    moving = sum(counts["none"].values())
    assert counts["thinned"][0] == round(moving / len(recording.movements))
    assert counts["all"][0] > 2 * counts["thinned"][0]


def test_nobody_is_on_both_sides_where_subjects_are_held_out(recording, chosen):
    from dataclasses import replace

    other = replace(recording, emg=recording.emg + 1, subject=2)
    fold = protocols.across([other], [recording], Protocol(split="subject"), chosen)
    assert list(fold.test) == [1]
    alone = recording.emg.astype(np.float64)
    np.testing.assert_allclose(fold.scaler.mean, alone.mean(axis=0) + 1, rtol=1e-5)
    scaled = fold.test[1].recording.emg.mean(axis=0)
    np.testing.assert_allclose(scaled, -1 / alone.std(axis=0), rtol=1e-3)


def windows_at(starts):
    return Windows(SimpleNamespace(rate=100), np.asarray(starts), 15)


def test_a_vote_counts_the_last_windows_only():
    said = np.array([1, 1, 2, 2, 2, 1])
    windows = windows_at([0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(protocols.vote(windows, said, 10), said)
    np.testing.assert_array_equal(protocols.vote(windows, said, 30), [1, 1, 1, 2, 2, 2])
    # What lies further back than the time has no vote, however few windows are left.
    apart = windows_at([0, 1, 50, 51, 90, 91])
    np.testing.assert_array_equal(protocols.vote(apart, said, 30), [1, 1, 2, 2, 2, 1])


def test_a_vote_never_looks_ahead():
    rng = np.random.default_rng(0)
    said = rng.integers(0, 5, 200)
    windows = windows_at(np.arange(200))
    before = protocols.vote(windows, said, 200)
    changed = said.copy()
    changed[120:] = 9
    np.testing.assert_array_equal(protocols.vote(windows, changed, 200)[:120], before[:120])


def test_a_study_names_what_it_scores_and_is_the_same_in_any_process(chosen):
    source = Source("db1", "A")
    found = list(protocols.replicate(BASE, source, [1, 2], chosen, methods=["lda"]))
    assert [(each.subject, each.method) for each in found] == [
        (1, f"{BASE}: lda"),
        (2, f"{BASE}: lda"),
    ]
    here = protocols.under(PROTOCOLS[BASE], source, [2], chosen, methods=["lda"])
    np.testing.assert_array_equal(here[0].predicted, found[1].predicted)
    with pytest.raises(DataError, match="nobody else to train on"):
        list(protocols.replicate("other subjects", source, [1], chosen))


def test_an_unknown_switch_is_told():
    with pytest.raises(ValueError, match="unknown split 'windows': choose from repetition"):
        Protocol(split="windows")


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
