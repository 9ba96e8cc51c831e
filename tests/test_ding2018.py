from dataclasses import fields

import numpy as np
import pytest
import torch

from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.scores import score
from semg_lib.learning import settings as marks
from semg_lib.learning import training
from semg_lib.learning.outcomes import Outcome
from semg_lib.learning.settings import change
from semg_lib.papers import ding2018
from semg_lib.papers.ding2018 import LONG, SHORT, DingNet, Settings
from semg_lib.recordings import simulator
from semg_lib.signals.protocol import Protocol

FEW = (1, 2, 3, 4)
QUICK = Settings.named("db2", preset="quick", epochs=1)


@pytest.fixture(scope="module")
def raw():
    return simulator.simulate("db2", 1, "B", movements=FEW)


def test_every_width_of_both_blocks_is_as_derived():
    assert ding2018.widths(200, SHORT) == [200, 188, 94, 82, 41, 29, 17, 5]
    assert ding2018.widths(200, LONG) == [200, 144, 88, 32, 20, 8]


@pytest.mark.parametrize(
    ("scale", "shapes"),
    [
        (SHORT, [(12, 94), (12, 41), (12, 29), (7, 17), (1, 5)]),
        (LONG, [(12, 144), (12, 88), (12, 32), (7, 20), (1, 8)]),
    ],
)
def test_every_intermediate_shape_is_as_derived(scale, shapes):
    x = torch.zeros(1, 1, 12, 200)
    for layer, shape in zip(ding2018.block(12, scale, apart=True), shapes, strict=False):
        x = layer(x)
        assert x.shape == (1, 40, *shape)


def test_features_are_the_520_that_fix_the_heights():
    network = DingNet(12, 200, 17)
    assert network.features(torch.zeros(1, 12, 200)).shape == (1, 520)
    dense = [m for m in network.modules() if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in dense] == [(520, 260), (260, 130), (130, 17)]
    for variant, n in (
        ("C-SK", 200),
        ("C-SK2", 200),
        ("C-2B1", 400),
        ("C-2B2", 640),
        ("C-DK", 520),
    ):
        features = DingNet(12, 200, 17, variant=variant).features(torch.zeros(1, 12, 200))
        assert features.shape == (1, n)


def test_heights_close_the_electrodes_to_one():
    assert ding2018.heights(12, apart=True) == (1, 1, 1, 6, 7)
    assert ding2018.heights(12, apart=False) == (3, 3, 3, 3, 4)
    for n in (10, 12, 16):
        for apart in (True, False):
            assert sum(h - 1 for h in ding2018.heights(n, apart=apart)) == n - 1


@pytest.mark.parametrize("variant", ding2018.VARIANTS)
def test_electrodes_meet_in_layer_4_where_they_are_kept_apart_and_in_layer_1_elsewhere(variant):
    torch.manual_seed(0)
    network = DingNet(12, 200, 17, variant=variant).eval()
    x = torch.randn(1, 12, 200)
    silent = x.clone()
    silent[:, 5] = 0
    for block in network.blocks:
        mine, theirs = x[:, None], silent[:, None]
        for number, layer in enumerate(block, 1):
            if number > 5:
                continue
            mine, theirs = layer(mine), layer(theirs)
            changed = (mine != theirs).any(dim=3)[0].any(dim=0)  # by electrode row
            if number > 3:  # electrodes meet; layer 5 leaves one row
                assert changed.sum() > (1 if number == 4 else 0)
            elif ding2018.VARIANTS[variant].apart:
                assert changed.nonzero().flatten().tolist() == [5], number
            else:
                assert changed.sum() > 1, number


def test_dropout_stands_after_the_first_and_the_second_dense_layer():
    kinds = [type(m).__name__ for m in DingNet(12, 200, 17).hidden]
    assert kinds == ["Linear", "ReLU", "Dropout"] * 2
    layer = [type(m).__name__ for m in ding2018.layer(1, 1, 13, pooled=True)]
    assert layer == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]


def test_wrong_sizes_are_told():
    with pytest.raises(ValueError, match="150 samples are too few for C-B1PB2"):
        DingNet(12, 150, 17)
    with pytest.raises(ValueError, match=r"expected input \(batch, 12, 200\)"):
        DingNet(12, 200, 17)(torch.zeros(2, 200, 12))
    with pytest.raises(ValueError, match="unknown variant 'C-3B'"):
        DingNet(12, 200, 17, variant="C-3B")


def test_half_precision_trains_as_whole_precision_does(raw):
    prepared = Protocol.of(QUICK).prepare(raw)
    losses = []
    for precision in ("float32", "bfloat16"):
        method = ding2018.METHODS["C-SK2"](change(QUICK, {"precision": precision}))
        losses.append(method.train(prepared).history.loss[0])
    assert losses[1] == pytest.approx(losses[0], rel=0.03)
    with pytest.raises(ValueError, match="unknown precision 'float16'"):
        change(QUICK, {"precision": "float16"})


def test_prepare_leaves_rest_out_and_repetitions_2_and_5(raw):
    prepared = Protocol.of(QUICK).prepare(raw)
    split, scaler = prepared.split, prepared.scaler
    assert split.train.length == 200
    assert set(split.train.label) == set(split.test.label) == set(FEW)
    assert set(split.test.repetition.tolist()) == {2, 5}
    assert scaler.repetitions == {1, 3, 4, 6}


@pytest.mark.parametrize("variant", ["C-SK", "C-SK2"])
def test_a_variant_trains_to_a_lower_loss(raw, variant):
    settings = marks.change(QUICK, {"epochs": 3, "batch_size": 16})
    loss = ding2018.METHODS[variant](settings).train(Protocol.of(QUICK).prepare(raw)).history.loss
    assert loss[-1] < loss[0]


def test_replicate_tests_every_method_on_the_same_windows(raw):
    outcomes = list(ding2018.replicate([raw], QUICK, methods=["C-SK2", "svm"]))
    assert [o.method for o in outcomes] == ["C-SK2", "svm"]
    np.testing.assert_array_equal(outcomes[0].label, outcomes[1].label)
    assert score(outcomes[1]).accuracy > 2 / 4
    again = next(ding2018.replicate([raw], QUICK, methods=["C-SK2"]))
    np.testing.assert_array_equal(again.predicted, outcomes[0].predicted)
    with pytest.raises(ValueError, match="unknown method 'C-4'"):
        next(ding2018.replicate([raw], QUICK, methods=["C-4"]))


def test_settings_are_marked():
    assert Settings.named("db2").test_repetitions == (2, 5)
    with pytest.raises(ValueError, match="needs raw signals"):
        Settings.named("db1")
    table = marks.table(Settings.named("db2"))
    named = {each.name for each in fields(Settings)} | {
        each.name for each in fields(training.Recipe)
    }
    assert set(table.index) == named - {"recipe", "marks"}


def test_only_one_number_of_the_paper_is_known():
    (said,) = ding2018.REPORTED
    assert (said.method, said.mean, said.mark) == ("C-B1PB2", 78.86, "C")


def test_a_crosstalk_study_simulates_each_strength_and_names_it(raw):
    study = ding2018.STUDIES["crosstalk"]
    assert study.names == ["0", "0.5", "1", "2"]
    heard = []

    def replicate(recordings, settings, *, methods, seed, device):
        heard.extend(recordings)
        yield Outcome(1, methods[0], np.zeros(1), np.zeros(1))

    names = [each.method for each in study.run(replicate, raw, QUICK, variants=["0.5", "1"])]
    assert names == ["0.5: C-SK", "1: C-SK"]
    assert heard[0].n_channels == 12
    assert not np.allclose(heard[0].emg, heard[1].emg)
    with pytest.raises(ValueError, match=r"unknown variant '3': choose from 0, 0\.5, 1, 2"):
        list(study.run(replicate, raw, QUICK, variants=["3"]))


def stored(**wanted):
    return load_records("ding2018", database="db2", preset="full", simulated=True, **wanted)


def test_every_variant_of_the_full_run_is_far_above_chance_and_has_learnt():
    records = stored(exercises="B")
    accuracy = summaries.by_subject(records)
    assert set(accuracy.columns) == set(ding2018.METHODS)
    assert len(accuracy) >= 10
    assert (accuracy.mean() > 5 / 17).all()
    for record in records:
        for curves in record.losses.values():
            assert all(curve[-1] < curve[0] for curve in curves)
    assert set(statistics.judge(ding2018.claims(accuracy))["subjects"]) == {len(accuracy)}
