import re
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import torch

from semg_lib.evaluation.scores import score
from semg_lib.learning import inspection, training
from semg_lib.learning import settings as marks
from semg_lib.papers import atzori2016
from semg_lib.papers.atzori2016 import AtzoriNet, Settings
from semg_lib.recordings import simulator
from semg_lib.signals.protocol import Protocol

OTTO_BOCK = (10, 15, 53)
DELSYS = (12, 30, 50)


@pytest.mark.parametrize(
    ("size", "shapes"),
    [
        (OTTO_BOCK, [(32, 15, 9), (32, 5, 3), (64, 1, 1), (64, 1, 1), (53, 1, 1)]),
        (DELSYS, [(32, 30, 11), (32, 10, 3), (64, 3, 1), (64, 1, 1), (50, 1, 1)]),
    ],
)
def test_every_intermediate_shape_is_as_derived(size, shapes):
    network = AtzoriNet(*size)
    text = inspection.layers(network, *size[:2])
    assert re.findall(r"  (\d+ x \d+ x \d+) ", text) == [
        " x ".join(map(str, each)) for each in shapes
    ]
    assert network(torch.zeros(2, *size[:2])).shape == (2, size[2])


@pytest.mark.parametrize(
    ("size", "paddings"),
    [(OTTO_BOCK, [(0, 4), (1, 1), (2, 2), (2, 0)]), (DELSYS, [(0, 5), (1, 1), (2, 2), (3, 0)])],
)
def test_paddings_are_as_derived(size, paddings):
    layers = [m for m in AtzoriNet(*size).modules() if isinstance(m, torch.nn.Conv2d)]
    assert [each.padding for each in layers[:4]] == paddings


def test_parameters_are_counted_layer_by_layer():
    count = sum(p.numel() for p in AtzoriNet(*OTTO_BOCK).parameters())
    convolutions = (32 * 10, 32 * 32 * 9, 64 * 32 * 25, 64 * 64 * 5, 53 * 64)
    assert count == sum(convolutions) + 32 + 32 + 64 + 64 + 53


def test_wrong_sizes_are_told():
    with pytest.raises(ValueError, match="do not close to 1 x 1"):
        AtzoriNet(10, 100, 5)
    with pytest.raises(ValueError, match=r"expected input \(batch, 10, 15\), got \(2, 15, 10\)"):
        AtzoriNet(*OTTO_BOCK)(torch.zeros(2, 15, 10))


def test_it_can_learn_sixteen_windows_by_heart():
    training.seed_everything(0)
    network = training.initialise(AtzoriNet(10, 15, 4), "he")
    x, y = torch.randn(16, 10, 15), torch.arange(16) % 4
    optimiser = torch.optim.SGD(network.parameters(), 0.02, momentum=0.9)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(network(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (network(x).argmax(1) == y).all()


def test_settings_are_those_of_the_database_recipe_and_preset():
    assert Settings.named("db1").rate_hz == 100
    assert Settings.named("db2").rate_hz == 200
    assert Settings.named("db3").test_repetitions == (2, 5)
    assert Settings.named("db1", "paper").recipe.learning_rate == 0.001
    assert Settings.named("db1").recipe.epochs == 30
    assert Settings.named("db1", preset="quick", epochs=3).recipe.epochs == 3
    for wrong, said in (({"recipe": "best"}, "unknown recipe"), ({"preset": "slow"}, "preset")):
        with pytest.raises(ValueError, match=said):
            Settings.named("db1", **wrong)


@pytest.mark.parametrize("recipe", atzori2016.RECIPES)
def test_every_setting_carries_a_mark(recipe):
    table = marks.table(Settings.named("db1", recipe))
    assert set(table["mark"]) <= set(marks.MARKS)
    named = {each.name for each in fields(Settings)} | {
        each.name for each in fields(training.Recipe)
    }
    assert set(table.index) == named - {"recipe", "marks"}
    stated = ["momentum", "weight_decay", "batch_size", "epochs", "window_ms"]
    assert (table.loc[stated, "mark"] == "S").all()


def test_marks_follow_the_recipe():
    paper = marks.table(Settings.named("db1", "paper"))["mark"]
    ours = marks.table(Settings.named("db1"))["mark"]
    assert (paper["learning_rate"], ours["learning_rate"]) == ("S", "O")
    with pytest.raises(ValueError, match="unknown mark 'X'"):
        marks.setting(1, "X", "")


def test_change_reaches_settings_and_recipe():
    changed = marks.change(Settings(), {"step_ms": 50, "epochs": 2})
    assert (changed.step_ms, changed.recipe.epochs) == (50, 2)
    with pytest.raises(ValueError, match="unknown setting 'momentun'"):
        marks.change(Settings(), {"momentun": 0.5})


def test_prepare_fits_to_training_repetitions_only(recording, settings):
    prepared = Protocol.of(settings).prepare(recording)
    split, scaler = prepared.split, prepared.scaler
    assert set(split.test.repetition.tolist()) == {2, 5, 7}
    assert scaler.repetitions == {1, 3, 4, 6, 8, 9, 10}
    loud = recording.emg.copy()
    loud[np.isin(recording.repetition, [2, 5, 7])] *= 10
    again = Protocol.of(settings).prepare(recording.with_emg(loud))
    assert np.array_equal(again.scaler.std, scaler.std)


def test_training_windows_are_fewer_by_their_step(recording, settings):
    dense, sparse = (
        Protocol.of(replace(settings, step_ms=10, train_step_ms=step)).prepare(recording).split
        for step in (10, 40)
    )
    assert len(sparse.train) == -(-len(dense.train) // 4)
    assert len(sparse.test) == len(dense.test)


def test_db2_becomes_an_envelope_that_the_delsys_network_takes():
    recording = simulator.simulate("db2", 1, "B", movements=(1, 2))
    settings = Settings.named("db2", preset="quick", epochs=1)
    prepared = Protocol.of(settings).prepare(recording)
    assert prepared.split.train.recording.rate == 200
    assert prepared.split.train.length == 30
    fitted = atzori2016.METHODS["cnn"](settings).train(prepared)
    assert len(fitted.history.loss) == 1


@pytest.mark.slow
def test_replicate_scores_every_method(recording, settings):
    outcomes = {each.method: each for each in atzori2016.replicate([recording], settings)}
    assert list(outcomes) == list(atzori2016.METHODS)
    same = [name for name in outcomes if name not in atzori2016.GRID]
    for name in same:  # the CNN, and the classifiers on our features, see the same windows
        np.testing.assert_array_equal(outcomes[name].label, outcomes["cnn"].label)
    for name, outcome in outcomes.items():
        assert score(outcome).accuracy > 2 / 5, name
    assert outcomes["cnn"].loss
    again = next(atzori2016.replicate([recording], settings, methods=["cnn"]))
    np.testing.assert_array_equal(again.predicted, outcomes["cnn"].predicted)
    with pytest.raises(ValueError, match="unknown method 'mlp'"):
        next(atzori2016.replicate([recording], settings, methods=["mlp"]))


def test_the_pairs_are_the_eighteen_of_the_data_paper():
    assert len(atzori2016.GRID) == 20
    assert len(atzori2016.PAIRS) == 18
    assert {pair for pair in atzori2016.PAIRS if pair.startswith("lda")} == {
        "lda_rms",
        "lda_td",
        "lda_mdwt",
    }


def test_the_pairs_see_windows_of_200_ms(recording, settings):
    cut = Protocol.of(replace(settings, window_ms=200)).prepare(recording).split.test
    [pair] = atzori2016.replicate([recording], settings, methods=["lda_rms"])
    np.testing.assert_array_equal(pair.label, cut.label)
    fair = replace(settings, classical_ms=150)
    pair, cnn = atzori2016.replicate([recording], fair, methods=["lda_rms", "cnn"])
    assert {pair.method, cnn.method} == {"lda_rms", "cnn"}
    np.testing.assert_array_equal(pair.label, cnn.label)


def test_a_window_can_be_brought_to_its_own_extremes():
    network = AtzoriNet(*OTTO_BOCK, unit=True).eval()
    x = torch.rand(4, 10, 15)
    scaled = network(x)
    torch.testing.assert_close(network(3 * x - 7), scaled, atol=1e-4, rtol=1e-4)
    plain = AtzoriNet(*OTTO_BOCK).eval()
    plain.load_state_dict(network.state_dict())
    low, high = x.amin((1, 2), keepdim=True), x.amax((1, 2), keepdim=True)
    torch.testing.assert_close(plain((x - low) / (high - low)), scaled)


def test_the_papers_recipe_smooths_envelopes_of_db1_only():
    assert Settings.named("db1", "paper").low_pass_hz == 1
    assert Settings.named("db2", "paper").low_pass_hz == 0
    assert Settings.named("db1").low_pass_hz == 0


def test_the_studies_change_what_their_names_say(recording, settings):
    variants = ["volts, 1 Hz, he, 0.001, noise", "windows 0..1, pytorch, 0.05", "recommended"]
    study = atzori2016.STUDIES["optimiser"]
    outcomes = list(study.run(atzori2016.replicate, recording, settings, variants=variants))
    assert [each.method for each in outcomes] == variants
    assert len(study.variants) == 3 * 2 * 3 * 2 + 3 * 3 * 2 + 2
    changed = marks.change(settings, study.variants[variants[0]])
    assert (changed.scaler, changed.low_pass_hz, changed.recipe.augment) == ("none", 1, True)
    assert (changed.recipe.initial, changed.recipe.learning_rate) == ("he", 0.001)
    for every in atzori2016.STUDIES.values():
        for changes in every.variants.values():
            marks.change(settings, changes)


def test_claims_are_judged_on_the_pairs_of_the_paper():
    columns = ["cnn", *atzori2016.GRID]
    accuracy = pd.DataFrame(0.5, index=range(6), columns=columns)
    accuracy["cnn"], accuracy["svm_all"], accuracy["lda_all"] = 0.6, 0.7, 0.9
    found = atzori2016.claims(accuracy)
    above = found["the CNN is above the classical average"]
    np.testing.assert_allclose(above, 0.6 - (17 * 0.5 + 0.7) / 18)  # without LDA on all features
    np.testing.assert_allclose(found["the CNN is below the best classical method"], 0.1)
    fair = atzori2016.claims(accuracy, ["lda_all", "knn_rms"])
    np.testing.assert_allclose(fair["the CNN is above the classical average"], 0.6 - 0.7)


def test_reported_numbers_are_those_stated():
    said = {(each.database, each.method): (each.mean, each.sd) for each in atzori2016.REPORTED}
    assert said["db1", "cnn"] == (66.59, 6.40)
    assert said["db2", "random_forest_all"] == (75.27, 7.89)
    assert said["db3", "svm_all"] == (46.27, 7.89)
    assert {each.mark for each in atzori2016.REPORTED} == {"S"}
