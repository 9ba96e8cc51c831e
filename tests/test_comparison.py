"""One protocol for all methods: the same decisions, each paper's own look at the signal."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from semg_lib.errors import DataError
from semg_lib.evaluation import scores
from semg_lib.evaluation.records import Record, load_record
from semg_lib.evaluation.scores import CostedScore
from semg_lib.learning import inspection
from semg_lib.papers import PAPERS, atzori2016, ding2018
from semg_lib.recordings import simulator
from semg_lib.recordings.source import Source
from semg_lib.signals import votes
from semg_lib.studies import comparison, entries, streaming
from semg_lib.studies.comparison import METHODS, Settings
from semg_lib.studies.entries.geng2016 import Voting

NETWORKS = ("atzori2016", "geng2016", "zhai2017", "ding2018")


@pytest.fixture(scope="module")
def recording():
    return simulator.simulate("db2", 1, "B", movements=(1, 2, 3))


@pytest.fixture(scope="module")
def settings():
    return Settings.named("db2", "quick")


@pytest.fixture(scope="module")
def sides(recording, settings):
    return comparison.prepare(recording, settings)


def test_every_method_decides_at_the_same_samples(recording, sides):
    every = {"atzori2016": 10, "geng2016": 20, "zhai2017": 1, "ding2018": 1, "classical": 1}
    ahead = {"atzori2016": 9, "geng2016": 19}  # samples that a centred RMS of 20 or 40 looks ahead
    reference = sides["classical"].split
    for name, step in every.items():  # a new paper's own tests know what it sees
        for own, whole in zip(
            (sides[name].split.train, sides[name].split.test),
            (reference.train, reference.test),
            strict=True,
        ):
            end, decision = (each.starts + each.length - 1 for each in (own, whole))
            np.testing.assert_array_equal(end, (decision - ahead.get(name, 0)) // step)
            np.testing.assert_array_equal(own.label, whole.label)
            np.testing.assert_array_equal(own.repetition, whole.repetition)
    lengths = {name: sides[name].split.test.length for name in every}
    assert lengths == {
        "atzori2016": 30, "geng2016": 20, "zhai2017": 400, "ding2018": 200, "classical": 400
    }  # fmt: skip


def test_no_method_looks_at_samples_after_its_decision(recording, settings):
    """What comes after a decision becomes noise; what every method sees of it stays."""
    settings = replace(settings, step_ms=300.5)  # decisions at every phase of an envelope's sample
    sides = comparison.prepare(recording, settings)
    whole = sides["classical"].split.test
    chosen = int(np.flatnonzero((whole.starts + whole.length - 1) % 10 == 0)[3])
    decision = int(whole.starts[chosen] + whole.length - 1)
    changed = recording.emg.copy()
    changed[decision + 1 :] = np.random.default_rng(0).normal(0, 1, changed[decision + 1 :].shape)
    other = comparison.prepare(recording.with_emg(changed), settings)
    for name, side in sides.items():
        one, two = side.split.test, other[name].split.test
        i = chosen
        seen = [
            each.take([i])[0] * scaler.std[:, None] + scaler.mean[:, None]
            for each, scaler in ((one, side.scaler), (two, other[name].scaler))
        ]
        np.testing.assert_allclose(seen[0], seen[1], rtol=1e-3, atol=1e-6, err_msg=name)


def test_nothing_fitted_has_seen_a_test_repetition(sides, settings):
    for side in sides.values():
        assert not side.scaler.repetitions & set(settings.test_repetitions)
        assert set(side.split.test.repetition.tolist()) == set(settings.test_repetitions)


@pytest.mark.slow
def test_every_method_learns_and_says_what_it_costs(recording, settings):
    found = list(comparison.replicate(recording, settings))
    assert [each.method for each in found] == list(METHODS)
    for each in found:
        np.testing.assert_array_equal(each.label, found[0].label)
        score = scores.score(each)
        assert score.latency_ms > 0
        assert each.train_seconds > 0  # a score has it to a tenth of a second: 0 for kNN
        assert (score.parameters is None) == (each.method not in NETWORKS)
    right = {each.method: scores.score(each).accuracy for each in found}
    assert min(right[name] for name in ("zhai2017", "lda", "svm")) > 0.5  # four classes
    size = {each.method: each.parameters for each in found}
    assert size["atzori2016"] < size["zhai2017"] < size["ding2018"]


def test_costs_survive_a_record(recording, settings, tmp_path):
    record = Record.start(
        Source("db2", "B"), paper="comparison", subjects=[1], seed=0, recipe="recommended",
        preset="quick", settings=settings, device="cpu",
    )  # fmt: skip
    for outcome in comparison.replicate(recording, settings, methods=["zhai2017", "lda"]):
        record.add(outcome)
    record.save(tmp_path / "record.json")
    again = load_record(tmp_path / "record.json")
    assert [type(each) for each in again.scores] == [CostedScore] * 2
    table = comparison.costs([again])
    assert table.loc["zhai2017", "parameters"] == again.scores[0].parameters
    assert np.isnan(table.loc["lda", "parameters"])
    with pytest.raises(DataError, match=r"records of other preset .* have no common mean"):
        comparison.costs([again, again.model_copy(update={"preset": "full"})])
    assert record.settings["step_ms"] == 300


def test_envelopes_are_refused():
    with pytest.raises(ValueError, match="needs raw signals, db1 has envelopes"):
        Settings.named("db1")


def test_the_answer_names_the_best_and_who_cannot_be_told_from_it():
    subjects = range(1, 21)
    close = pd.DataFrame({"svm": 0.8, "knn": 0.3, "lda": [0.9, 0.7] * 10}, index=subjects)
    told = comparison.answer(close)
    assert told.startswith("**Of 3 methods on 20 subjects ")
    assert "LDA (80.0 %)" in told
    assert "SVM (80.0 %)" in told
    assert "kNN" not in told
    clear = comparison.answer(close.assign(lda=0.5))
    assert clear.endswith(
        "SVM (80.0 %) has the best mean rank**, and can be told from every other method."
    )


def test_networks_take_as_many_steps_as_in_their_own_chapters():
    settings = Settings.named("db2")
    for name, own in (("atzori2016", atzori2016), ("ding2018", ding2018)):
        chosen = own.Settings.named("db2")
        entered = entries.settings(name, "db2", settings.preset, settings.step_ms)
        recipe = entries.ENTRIES[name].method(entered).recipe
        assert recipe.epochs / settings.step_ms == chosen.recipe.epochs / chosen.train_step_ms
        assert recipe == replace(chosen.recipe, epochs=recipe.epochs)


def test_every_paper_enters_what_its_data_allow():
    assert set(entries.ENTRIES) == set(PAPERS)
    assert set(comparison.ABLE) >= set(NETWORKS)
    assert "geng2016" in streaming.ABLE
    assert not {"zhai2017", "ding2018"} & set(streaming.ABLE)  # they need the raw signal
    assert entries.groups(["svm", "geng2016", "lda"]) == {
        "geng2016": ["geng2016"],
        "classical": ["svm", "lda"],
    }


def test_a_window_is_what_the_votes_of_its_samples_say():
    torch.manual_seed(0)
    network = torch.nn.Flatten()  # names a sample after its loudest channel
    network.n_channels = 3
    x = torch.randn(400, 3, 4)
    frames = x.argmax(1).numpy()  # (window, sample)
    expected = [votes.majority(each, np.zeros(4, int))[-1] for each in frames]
    said = Voting(network, 4)(x)
    np.testing.assert_array_equal(said.argmax(1), expected)
    assert len({tuple(np.bincount(each, minlength=3)) for each in frames}) > 10  # ties among them
    counts = (
        np.stack([np.bincount(each, minlength=3) for each in frames])
        + 0.5 * np.eye(3)[frames[:, -1]]
    )
    np.testing.assert_allclose(said.softmax(1), counts / 4.5, atol=1e-3)


def test_what_votes_was_trained_on_single_samples(sides):
    settings = entries.settings("geng2016", "db2", "quick", 300)
    side = sides["geng2016"]
    [fitted] = entries.ENTRIES["geng2016"].method(settings).fit([side])
    assert fitted.network.network.n_samples == 1
    one = inspection.multiply_adds(fitted.network.network, 12, 1)
    assert inspection.multiply_adds(fitted.network, 12, 20) == 20 * one
    right = (fitted.predict(side.split.test) == side.split.test.label).mean()
    assert right > 0.3  # four classes
