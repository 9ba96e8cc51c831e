"""What the paper fixes, and what its replication promises."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.scores import score
from semg_lib.learning import inspection, samples, staged, training
from semg_lib.learning import settings as marks
from semg_lib.papers import geng2016
from semg_lib.papers.geng2016 import METHODS, RECIPES, TIMES, GengNet, Settings
from semg_lib.publishing.chapters import geng2016 as chapter
from semg_lib.signals import votes
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.windows import trials
from tests.markdown import rows

LAYERS = [f"layer{number}" for number in range(1, 9)]


@pytest.fixture(scope="module")
def chosen():
    return Settings.named("db1", preset="quick", epochs=1)


@pytest.fixture(scope="module")
def people(recording):
    """Two people: the second speaks louder, and later."""
    emg = 2 * np.roll(recording.emg, 5, axis=0)
    return [recording, replace(recording, emg=emg, subject=2)]


def naive(n_pixels, n_classes):
    """Count parameters and multiply-adds from the numbers of page 6, typed off."""
    parameters, products = 2, 0  # of batch normalisation after the input: one plane
    for n_in in (1, 64):  # "64 filters of 3 x 3 with stride 1"
        parameters += 3 * 3 * n_in * 64 + 2 * 64
        products += 3 * 3 * n_in * 64 * n_pixels
    for _ in range(2):  # "locally connected, 64 non-overlapping filters of 1 x 1"
        parameters += n_pixels * 64 * 64 + 2 * n_pixels * 64
        products += n_pixels * 64 * 64
    width = n_pixels * 64
    for units in (512, 512, 128):  # "consisted of 512, 512 and 128 units"
        parameters += width * units + 2 * units
        products += width * units
        width = units
    return parameters + width * n_classes + n_classes, products + width * n_classes


@pytest.mark.parametrize(
    ("pixels", "classes", "n"), [(10, 52, 786_550), (10, 12, 781_390), (12, 17, 864_467)]
)
def test_the_network_is_as_large_as_page_6_makes_it(pixels, classes, n):
    network = GengNet(pixels, 1, classes)
    parameters = sum(each.numel() for each in network.parameters())
    assert parameters == n
    assert (parameters, inspection.multiply_adds(network, pixels, 1)) == naive(pixels, classes)
    assert network(torch.zeros(2, pixels, 1)).shape == (2, classes)
    assert f"{786_550:,}" in GengNet.__doc__


def test_what_stands_where_is_as_the_paper_says():
    network = GengNet(10, 1, 52)
    assert [name for name, _ in network.named_children()] == ["input", *LAYERS]
    assert isinstance(network.input, nn.BatchNorm2d)
    kinds = [type(getattr(network, name)[0]).__name__ for name in LAYERS[:-1]]
    assert kinds == ["Conv2d"] * 2 + ["Local"] * 2 + ["Linear"] * 3
    dropped = {}
    for name in LAYERS[:-1]:  # batch normalisation before every ReLU
        first, norm, relu, *after = getattr(network, name)
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        assert isinstance(relu, nn.ReLU)
        assert first.bias is None
        if after:
            dropped[name] = after[0].p
    assert dropped == {"layer4": 0.5, "layer5": 0.5, "layer6": 0.5}
    assert isinstance(network.layer8, nn.Linear)


def test_another_input_is_refused():
    with pytest.raises(ValueError, match=r"expected input \(batch, 10, 1\), got \(2, 12, 1\)"):
        GengNet(10, 1, 12)(torch.zeros(2, 12, 1))
    with pytest.raises(ValueError, match="an image of 10 x 15: expected 1 sample"):
        GengNet(10, 15, 12)
    with pytest.raises(ValueError, match="an image of 4 x 1: expected 1 sample of 5 or more"):
        GengNet(4, 1, 12, padded=False)


@pytest.mark.parametrize(
    ("way", "pixels"), [({}, 10), ({"padded": False}, 6), ({"shared": True}, 10)]
)
def test_other_readings_are_of_the_same_layers(way, pixels):
    network = GengNet(10, 1, 12, **way).eval()
    x = torch.randn(3, 10, 1, generator=torch.Generator().manual_seed(0))
    assert network(x).shape == (3, 12)
    assert network.layer5[0].in_features == 64 * pixels
    n_local = 64 * 64 * (1 if way.get("shared") else pixels)
    assert network.layer3[0].weight.numel() == n_local


def test_only_the_middle_row_of_a_kernel_meets_the_signal():
    network = training.initialise(GengNet(10, 1, 12), "he").eval()
    x = torch.randn(3, 10, 1, generator=torch.Generator().manual_seed(0))
    before = network(x)
    for layer in (network.layer1[0], network.layer2[0]):
        layer.weight.data[:, :, [0, 2]] = 7
    assert torch.equal(network(x), before)
    network.layer1[0].weight.data[:, :, 1] *= -1
    assert not torch.equal(network(x), before)


def test_a_locally_connected_layer_is_a_loop_over_pixels():
    layer = GengNet(10, 1, 12).layer3[0]
    x = torch.randn(4, 640, 1, 1, generator=torch.Generator().manual_seed(0))
    for pixel in range(10):
        own = slice(64 * pixel, 64 * (pixel + 1))
        weight = layer.weight[own, :, 0, 0]  # (filter, input)
        torch.testing.assert_close(layer(x)[:, own, 0, 0], x[:, own, 0, 0] @ weight.T)
    moved = x.clone()
    moved[:, :64] += 1  # the first pixel: no other one hears of it
    assert torch.equal(layer(moved)[:, 64:], layer(x)[:, 64:])


def test_the_schedule_is_that_of_page_6():
    recipe = RECIPES["paper"]
    assert (recipe.learning_rate, recipe.weight_decay) == (0.1, 0.0001)
    assert (recipe.batch_size, recipe.epochs, recipe.initial) == (1000, 28, "he")
    settings = Settings.named("db1", "paper")
    assert settings.train_step_ms == settings.step_ms == settings.window_ms == 10
    assert list(geng2016.recogniser("cnn", settings).drops) == [16, 24]
    cut = Settings.named("db1")  # as many steps: a tenth of the frames, a tenth of a batch
    ratio = cut.train_step_ms / settings.train_step_ms
    assert cut.recipe.batch_size * ratio == recipe.batch_size
    assert list(geng2016.recogniser("mlp", Settings.named("db1", epochs=7)).drops) == [4, 6]


def test_marks_say_what_is_assumed_and_what_is_ours():
    table = marks.table(Settings.named("db1"))["mark"]
    assert set(table.index[table == "O"]) == {
        *("train_step_ms", "union_every", "longest_ms", "batch_size", "precision")
    }  # fmt: skip
    paper = marks.table(Settings.named("db1", "paper"))["mark"]
    assert paper["batch_size"] == paper["learning_rate"] == "P"
    assert paper["momentum"] == paper["scaler"] == paper["padded"] == "A"
    names = [each.name for each in fields(Settings)]
    assert len(names) == len(set(names))


def test_nothing_leaks_into_the_union(people, chosen):
    sides = [Protocol.of(chosen).prepare(each) for each in people]  # audited
    for side in sides:
        assert set(side.split.test.repetition.tolist()) == {2, 5, 7}
        assert 0 not in side.split.train.label  # rest is no class
    pooled = staged.union(sides, chosen.union_every)
    assert not set(pooled.split.train.repetition.tolist()) & {2, 5, 7}


def test_every_method_is_scored_at_the_same_instants(people, chosen):
    few = [each for each in METHODS if not each.startswith("alone")]
    found = list(geng2016.replicate(people, chosen, methods=few, only=[2]))
    assert sorted(each.method for each in found) == sorted(few)
    for each in found:
        np.testing.assert_array_equal(each.label, found[0].label)
        assert each.subject == 2
    late = replace(Protocol.of(chosen), window_ms=200).prepare(people[1]).split.test
    np.testing.assert_array_equal(found[0].label, late.label)
    right = {each.method: score(each).accuracy for each in found}
    assert min(right["lda_10"], right["features_200"]) > 0.5  # four classes
    assert right["lda_trial"] > right["lda_10"]
    assert [each.method for each in found if each.loss] == ["cnn_10", "mlp_10", "atzori2016_150"]


def test_a_method_is_its_recogniser_and_a_vote(recording, chosen):
    """Against the same thing done by hand."""
    some = ["lda_10", "lda_200", "lda_trial"]
    found = {e.method: e for e in geng2016.replicate([recording], chosen, methods=some)}
    prepared = Protocol.of(chosen).prepare(recording)
    train, test = prepared.split.train, prepared.split.test
    emg = train.recording.emg
    said = (
        samples.CLASSIFIERS["lda"](0).fit(emg[train.starts], train.label).predict(emg[test.starts])
    )
    trial = trials(test)  # a frame's twentieth sample has 200 ms behind it
    late = [at for at, own in enumerate(trial) if (trial[:at] == own).sum() >= 19]
    np.testing.assert_array_equal(found["lda_10"].predicted, said[late])
    np.testing.assert_array_equal(found["lda_200"].predicted, votes.vote(test, said, 200)[late])
    np.testing.assert_array_equal(found["lda_trial"].predicted, votes.of_trial(test, said)[late])


def test_windows_are_as_long_as_the_time_that_is_known(chosen):
    looks = {
        name: geng2016._looks_ms(*name.rsplit("_", 1), chosen)
        for name in METHODS
        if name in ("cnn_10", "cnn_trial", "mlp_200") or name.startswith(("atzori", "features"))
    }
    assert looks == {
        "cnn_10": 10, "cnn_trial": 10, "mlp_200": 10, "atzori2016_150": 150,
        "atzori2016_200": 150, "atzori2016_trial": 150,
        "features_150": 150, "features_200": 200, "features_trial": 200,
    }  # fmt: skip


def test_a_network_alone_never_sees_other_people(people, chosen):
    both, one = (
        [each.predicted for each in geng2016.replicate(some, chosen, methods=["alone_10"])][-1]
        for some in (people, people[1:])
    )
    np.testing.assert_array_equal(both, one)


def test_pre_training_is_on_all_people_whoever_is_scored(people, chosen):
    def cnn(some, **how):
        return [e.predicted for e in geng2016.replicate(some, chosen, methods=["cnn_10"], **how)]

    every, again = cnn(people), cnn(people, only=[2])
    np.testing.assert_array_equal(every[1], again[0])
    assert len(every) == 2
    assert len(again) == 1
    with pytest.raises(ValueError, match="cnn is pre-trained on several subjects: add some"):
        cnn(people[:1])
    with pytest.raises(ValueError, match="unknown method 'cnn'"):
        list(geng2016.replicate(people, chosen, methods=["cnn"]))


def test_studies_change_what_they_name():
    changed = {
        name: marks.change(Settings.named("db1"), own)
        for study in geng2016.STUDIES.values()
        for name, own in study.variants.items()
    }
    assert (changed["1 Hz"].low_pass_hz, changed["1 Hz"].causal) == (1.0, False)
    assert changed["1 Hz, forwards"].causal
    more = changed["every other frame trains"]
    assert more.recipe.batch_size * more.train_step_ms == 1000 * 10
    for study in geng2016.STUDIES.values():
        assert set(study.methods) <= set(METHODS)


def test_claims_are_differences_of_the_methods_they_name():
    table = pd.DataFrame(0.5, index=range(8), columns=[*METHODS, "1 Hz: alone_10"])
    table["cnn_10"], table["cnn_200"] = 0.6, 0.7
    table["mlp_10"], table["features_200"], table["1 Hz: alone_10"] = 0.65, 0.66, 0.58
    found = {name: own.mean() for name, own in geng2016.claims(table).items()}
    assert list(found.values()) == pytest.approx([0.1, -0.05, 0.1, 0.04, 0.08])
    assert len(geng2016.claims(table.drop(columns="1 Hz: alone_10"))) == 4


def test_the_papers_numbers_are_told_with_their_classes():
    assert {each.method: each.mean for each in geng2016.REPORTED} == {
        "cnn_10": 65.1, "cnn_280": 75.3, "cnn_trial": 96.7, "1 Hz: cnn_10": 76.1,
        "1 Hz: cnn_200": 77.8, "eight gestures: cnn_10": 78.9,
    }  # fmt: skip
    assert all(each.note and each.mark == "P" for each in geng2016.REPORTED)
    told = rows(chapter._reported())
    assert len(told) == 2 + len(geng2016.REPORTED)
    assert all("movements" in line[2] or "gestures" in line[2] for line in told[2:])


def test_the_stored_runs_are_of_every_method_on_the_same_real_people():
    [record] = load_records("geng2016")
    assert not record.simulated
    assert {each.method for each in record.scores} == set(METHODS)
    table = summaries.by_subject([record])
    assert len(table) == 18
    assert table.notna().all(axis=None)
    judged = statistics.judge(geng2016.claims(table))
    assert (judged["subjects"] == 18).all()
    assert set(TIMES) == set(chapter.NAMES)
