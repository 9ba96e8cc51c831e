import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from semg_lib.learning import many, training
from semg_lib.learning.augmentation import WhiteNoise
from semg_lib.learning.settings import change
from semg_lib.learning.training import Recipe
from semg_lib.papers import atzori2016, ding2018
from semg_lib.papers.atzori2016 import AtzoriNet
from semg_lib.recordings import simulator
from semg_lib.signals.preprocessing import Standardiser
from semg_lib.signals.protocol import Protocol
from semg_lib.signals.splits import Split

RECIPE = Recipe(learning_rate=0.05, batch_size=64, epochs=2, initial="he", schedule="cosine")


@pytest.fixture(scope="module")
def splits():
    """Some windows of three subjects, of each another number."""
    settings = atzori2016.Settings.named("db1", preset="quick")
    found = []
    for subject in (1, 2, 3):
        recording = simulator.simulate("db1", subject, "A", movements=(1, 2, 3))
        whole = Protocol.of(settings).prepare(recording).split
        found.append(Split(whole.train[:: 5 + subject], whole.test[::6]))
    assert len({len(split.train) for split in found}) == 3
    return found


def precise(split):
    """Return a split whose signal is in float64: there rounding cannot hide a difference."""

    def double(side):
        emg = side.recording.emg.astype(np.float64)
        return dataclasses.replace(side, recording=dataclasses.replace(side.recording, emg=emg))

    return dataclasses.replace(split, train=double(split.train), test=double(split.test))


class Normalised(nn.Module):
    """A network with batch normalisation, whose statistics must stay each one's own."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(150, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4)
        )

    def forward(self, x):
        return self.layers(x)


def made(kind, splits, recipe):
    networks = []
    for seed, split in enumerate(splits):
        training.seed_everything(seed)
        network = AtzoriNet(10, 15, 4) if kind == "atzori" else Normalised()
        network = training.initialise(network, recipe.initial)
        exact = split.train.recording.emg.dtype == np.float64
        networks.append(network.double() if exact else network)
    return networks


def train(splits, recipe, kind, *, stacked, augmentations=None, **how):
    networks = made(kind, splits, recipe)
    windows = [split.train for split in splits]
    classes = [np.unique(own.label) for own in windows]
    return networks, fit(networks, windows, classes, recipe, stacked, augmentations, **how)


def fit(networks, windows, classes, recipe, stacked, augmentations=None, **how):
    """Train networks as one, or one after the other."""
    seeds = range(len(networks))
    if stacked:
        own = {"seeds": seeds, "augmentations": augmentations} | how
        return many.fit_many(networks, windows, classes, recipe, **own)
    each = zip(networks, windows, classes, seeds, augmentations or [None] * 3, strict=True)
    return [
        training.fit(network, own, names, recipe, seed=seed, augmentation=change)
        for network, own, names, seed, change in each
    ]


@pytest.mark.parametrize("kind", ["atzori", "normalised"])
@pytest.mark.parametrize("change", [{}, {"loss": "sum", "learning_rate": 0.001, "bias_rate": 2.0}])
def test_stacked_networks_end_where_each_would_alone(splits, kind, change):
    recipe = dataclasses.replace(RECIPE, **change)
    exact = [precise(split) for split in splits]
    alone, theirs = train(exact, recipe, kind, stacked=False)
    together, ours = train(exact, recipe, kind, stacked=True)
    for i, split in enumerate(exact):
        assert ours[i].loss == pytest.approx(theirs[i].loss, abs=1e-6)  # sums are in float32
        assert ours[i].accuracy == theirs[i].accuracy
        mine, its = (training.scores(n[i], split.test) for n in (together, alone))
        np.testing.assert_allclose(mine, its, atol=1e-9)


def test_single_precision_stays_near(splits):
    usual = dataclasses.replace(RECIPE, learning_rate=0.01)
    alone, theirs = train(splits, usual, "atzori", stacked=False)
    together, ours = train(splits, usual, "atzori", stacked=True)
    for i, split in enumerate(splits):
        assert ours[i].loss[0] == pytest.approx(theirs[i].loss[0], abs=1e-4)
        right = [
            (training.predict(n[i], split.test, np.arange(4)) == split.test.label).mean()
            for n in (together, alone)
        ]
        assert right[0] == pytest.approx(right[1], abs=0.01)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # asked for by the compiler
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normalised", "atzori"])
def test_compiled_networks_learn_the_same(splits, kind, monkeypatch):
    """All that compiling does but for machine code, which needs a compiler for C++ or a GPU."""
    called = []

    def compiled(function, mode):
        called.append(mode)
        return traced(function, backend="aot_eager")

    traced = torch.compile
    monkeypatch.setattr(torch, "compile", compiled)
    exact = [precise(split) for split in splits]
    usual, theirs = train(exact, RECIPE, kind, stacked=True)
    same, ours = train(exact, RECIPE, kind, stacked=True, compiled=True)
    assert called == ["reduce-overhead"]
    for mine, its in zip(ours, theirs, strict=True):
        assert mine.loss == pytest.approx(its.loss, abs=1e-9)
    for mine, its in zip(same, usual, strict=True):
        for name, each in its.state_dict().items():
            assert torch.allclose(mine.state_dict()[name], each, atol=1e-9), name


def test_augmented_training_draws_the_same_noise(splits):
    recipe = dataclasses.replace(RECIPE, augment=True, epochs=1)
    noise = [WhiteNoise.undoing(Standardiser.identity(10), 25.0)] * 3
    exact = [precise(split) for split in splits]
    losses = [
        [h.loss[0] for h in train(exact, recipe, "atzori", stacked=s, augmentations=noise)[1]]
        for s in (False, True)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_networks_in_half_precision_stack_too(splits):
    half = dataclasses.replace(RECIPE, precision="bfloat16")
    losses = [
        [h.loss[0] for h in train(splits, recipe, "normalised", stacked=stacked)[1]]
        for recipe, stacked in ((half, False), (half, True), (RECIPE, True))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[1] != losses[2]


def test_networks_of_different_sizes_train_in_groups(splits):
    labels = [split.train.label for split in splits]
    windows = [split.train for split in splits]
    windows[1] = windows[1][labels[1] != 3]
    classes = [np.unique(own.label) for own in windows]
    found = {}
    for stacked in (False, True):
        networks = [AtzoriNet(10, 15, len(names)) for names in classes]
        for network in networks:
            training.seed_everything(0)
            for parameter in network.parameters():
                nn.init.normal_(parameter, std=0.05)
        found[stacked] = fit(networks, windows, classes, RECIPE, stacked)
    for mine, its in zip(found[True], found[False], strict=True):
        assert mine.loss[0] == pytest.approx(its.loss[0], abs=1e-4)


def test_subjects_go_together_on_a_gpu_alone_on_a_cpu():
    assert many.together([1, 4], "cpu") == [[1], [4]]
    assert many.together([1, 4], "cuda") == [[1, 4]]
    assert many.together([], "cuda") == many.together([], "cpu") == []


@pytest.mark.parametrize("paper", [atzori2016, pytest.param(ding2018, marks=pytest.mark.slow)])
def test_subjects_replicated_together_are_each_ones_own(paper, monkeypatch):
    database, network = ("db1", "cnn") if paper is atzori2016 else ("db2", "C-SK2")
    letter = "A" if paper is atzori2016 else "B"
    settings = change(paper.Settings.named(database, preset="quick"), {"epochs": 2})
    settings = change(settings, {"precision": "float32"})
    if paper is ding2018:  # what is dropped is drawn anew by each
        settings = change(settings, {"dropout": 0.0})
    recordings = [
        simulator.simulate(database, subject, letter, movements=(1, 2)) for subject in (1, 2)
    ]
    alone = list(paper.replicate(recordings, settings, methods=[network]))
    assert [each.stacked for each in alone] == [1, 1]
    monkeypatch.setattr(many, "pays", lambda device: True)
    together = list(paper.replicate(recordings, settings, methods=[network]))
    assert [(each.subject, each.stacked) for each in together] == [(1, 2), (2, 2)]
    for mine, its in zip(together, alone, strict=True):
        assert mine.loss[0] == pytest.approx(its.loss[0], rel=1e-3)
        np.testing.assert_array_equal(mine.label, its.label)


def test_one_that_diverges_stops_and_leaves_the_others_alone(splits):
    networks = made("atzori", splits, RECIPE)
    with torch.no_grad():
        networks[1].block1[0].weight.fill_(float("inf"))
    windows = [split.train for split in splits]
    classes = [np.unique(own.label) for own in windows]
    with pytest.warns(RuntimeWarning, match="the loss of network 1 is nan after epoch 1"):
        found = many.fit_many(networks, windows, classes, RECIPE, seeds=range(3))
    assert [len(each.loss) for each in found] == [2, 1, 2]
    expected = train(splits, RECIPE, "atzori", stacked=True)[1]
    for i in (0, 2):
        assert found[i].loss == pytest.approx(expected[i].loss, abs=1e-4)


def test_a_warning_counts_all_networks_not_those_of_one_size(splits):
    larger = [AtzoriNet(10, 15, 5), AtzoriNet(10, 15, 5)]
    with torch.no_grad():
        larger[1].block1[0].weight.fill_(float("inf"))
    networks = [*made("atzori", splits[:1], RECIPE), *larger]
    windows, classes = [splits[0].train] * 3, [np.unique(splits[0].train.label)] * 3
    with pytest.warns(RuntimeWarning, match="the loss of network 2 is nan"):
        found = many.fit_many(networks, windows, classes, RECIPE, seeds=range(3))
    assert [len(each.loss) for each in found] == [2, 2, 1]


def test_a_wrong_request_is_told(splits):
    networks = made("atzori", splits[:1], RECIPE)
    split = splits[0]
    own = [split.train], [np.unique(split.train.label)]
    once = dataclasses.replace(RECIPE, epochs=1)
    with pytest.raises(ValueError, match="must be as many"):
        many.fit_many(networks, *own, once, seeds=[0, 1])
    with pytest.raises(ValueError, match="the recipe augments"):
        many.fit_many(networks, *own, dataclasses.replace(once, augment=True), seeds=[0])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("compiled", [False, True])
def test_a_gpu_ends_where_the_cpu_does(splits, compiled):
    _, theirs = train(splits, RECIPE, "atzori", stacked=False)
    how = {"device": "cuda", "compiled": compiled}
    _, ours = train(splits, RECIPE, "atzori", stacked=True, **how)
    for mine, its in zip(ours, theirs, strict=True):
        assert mine.loss[0] == pytest.approx(its.loss[0], abs=1e-3)
