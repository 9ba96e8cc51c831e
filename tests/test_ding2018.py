import re
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import torch

from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.scores import score
from semg_lib.learning import inspection, training
from semg_lib.learning import settings as marks
from semg_lib.learning.baselines import GRID
from semg_lib.learning.outcomes import Outcome
from semg_lib.learning.settings import change
from semg_lib.papers import ding2018
from semg_lib.papers.ding2018 import BLOCK1, BLOCK2, NARROW, DingNet, Settings
from semg_lib.publishing.chapters import ding2018 as chapter
from semg_lib.recordings import databases, simulator
from semg_lib.signals.protocol import Protocol
from tests.markdown import rows

FEW = (1, 2, 3, 4)
QUICK = Settings.named("db2", preset="quick", epochs=1)

# The figures, typed off: height x width of each kernel; * where pairs are pooled behind it.
BLOCK_1 = "1x13* 1x13* 1x13 7x13 6x13"
BLOCK_2 = "1x57 1x57 1x57 7x13 6x13"
FIGURES = {
    "C-B1PB2": (BLOCK_1, BLOCK_2),  # figure 2
    "C-2B1": (BLOCK_1, BLOCK_1),  # figure 3a
    "C-2B2": (BLOCK_2, BLOCK_2),  # figure 3b
    "C-DK": ("3x13* 3x13* 3x13 3x13 4x13", "3x57 3x57 3x57 3x13 4x13"),  # figure 3c
    "C-SK": ("3x3* 3x3* 3x3 3x3 4x3",) * 2,  # figure 3d
    "C-SK2": ("1x3* 1x3* 1x3 7x3 6x3",) * 2,  # figure 3e
}
# Variant: features, parameters and multiply-adds of a window of 12 x 200 with 17 classes.
SIZES = {
    "C-B1PB2": (520, 940_417, 198_263_370),
    "C-2B1": (400, 766_657, 88_847_850),
    "C-2B2": (640, 1_114_177, 307_678_890),
    "C-DK": (520, 1_144_417, 320_208_010),
    "C-SK": (3360, 1_036_737, 39_314_410),
    "C-SK2": (3360, 1_055_457, 38_113_450),
}


@pytest.fixture(scope="module")
def raw():
    return simulator.simulate("db2", 1, "B", movements=FEW)


def drawn(block):
    """Return a block's layers as the figures write them."""
    said = []
    for layer in block[:5]:
        height, width = layer[0].kernel_size
        pools = [each.kernel_size for each in layer if isinstance(each, torch.nn.MaxPool2d)]
        assert pools in ([], [(1, 2)])
        said.append(f"{height}x{width}{'*' * len(pools)}")
    return " ".join(said)


@pytest.mark.parametrize("variant", FIGURES)
def test_every_network_is_its_figures_layer_by_layer(variant):
    network = DingNet(12, 200, 17, variant)
    assert tuple(drawn(block) for block in network.blocks) == FIGURES[variant]
    for block in network.blocks:
        kinds = [[type(each).__name__ for each in layer[:3]] for layer in block[:5]]
        assert kinds == [["Conv2d", "BatchNorm2d", "ReLU"]] * 5
        convolutions = [layer[0] for layer in block[:5]]
        assert [each.in_channels for each in convolutions] == [1, 40, 40, 40, 40]
        for each in convolutions:
            assert (each.out_channels, each.stride, each.padding) == (40, (1, 1), (0, 0))
    dense = [each for each in network.modules() if isinstance(each, torch.nn.Linear)]
    assert [each.out_features for each in dense] == [260, 130, 17]
    kinds = [type(each).__name__ for each in network.hidden]
    assert kinds == ["Linear", "ReLU", "Dropout"] * 2


def test_the_figures_are_of_all_variants():
    assert set(FIGURES) == set(ding2018.VARIANTS) == set(SIZES)


def naive(figure, n_electrodes=12, n_samples=200, n_classes=17):
    """Count features, parameters and multiply-adds from kernels as they are typed above."""
    features = parameters = multiply_adds = 0
    for block in figure:
        rows, samples, n_in = n_electrodes, n_samples, 1
        for kernel in block.split():
            height, width = map(int, kernel.strip("*").split("x"))
            rows, samples = rows - height + 1, samples - width + 1
            weights = height * width * n_in * 40
            parameters += weights + 40 + 2 * 40  # biases; scales and shifts of normalisation
            multiply_adds += weights * rows * samples
            samples, n_in = samples // 2 if "*" in kernel else samples, 40
        assert rows == 1
        features += 40 * samples
    for n_in, n_out in ((features, 260), (260, 130), (130, n_classes)):
        parameters += n_in * n_out + n_out
        multiply_adds += n_in * n_out
    return features, parameters, multiply_adds


@pytest.mark.parametrize("variant", SIZES)
def test_sizes_are_those_that_the_figures_give(variant):
    network = DingNet(12, 200, 17, variant)
    features = network.hidden[0].in_features
    parameters = sum(each.numel() for each in network.parameters())
    found = features, parameters, inspection.multiply_adds(network, 12, 200)
    assert found == naive(FIGURES[variant]) == SIZES[variant]


def test_every_width_of_the_blocks_is_as_derived():
    assert ding2018.left(BLOCK1, 200) == [200, 188, 94, 82, 41, 29, 17, 5]
    assert ding2018.left(BLOCK2, 200) == [200, 144, 88, 32, 20, 8]
    assert ding2018.left(NARROW, 200) == [200, 198, 99, 97, 48, 46, 44, 42]


@pytest.mark.parametrize(
    ("n_samples", "short", "long", "narrow"),
    [
        (200, (13,) * 5, (57, 57, 57, 13, 13), (3,) * 5),
        (100, (7,) * 5, (29, 29, 29, 7, 7), (2,) * 5),  # 100 ms at 1 kHz
    ],
)
def test_kernels_span_the_same_share_of_any_window(n_samples, short, long, narrow):
    for block, expected in ((BLOCK1, short), (BLOCK2, long), (NARROW, narrow)):
        assert ding2018.widths(block, n_samples) == expected


def test_kernels_of_57_samples_do_not_fit_into_100():
    left = 100 - 3 * (57 - 1) - 2 * (13 - 1)
    assert left < 1 <= 200 - 3 * (57 - 1) - 2 * (13 - 1)


def test_heights_close_any_number_of_electrodes_to_one():
    assert ding2018.heights(12, apart=True) == (1, 1, 1, 7, 6)
    assert ding2018.heights(12, apart=False) == (3, 3, 3, 3, 4)
    assert ding2018.heights(10, apart=True) == (1, 1, 1, 6, 5)
    for n in (1, 4, 8, 10, 12, 16):
        for apart in (True, False):
            assert sum(h - 1 for h in ding2018.heights(n, apart=apart)) == n - 1
            assert min(ding2018.heights(n, apart=apart)) >= 1


@pytest.mark.parametrize("variant", ding2018.VARIANTS)
@pytest.mark.parametrize("size", [(10, 100), (10, 200), (4, 205), (8, 94)])
def test_every_variant_takes_other_electrodes_and_rates(variant, size):
    network = DingNet(*size, 11, variant).eval()
    assert network(torch.zeros(2, *size)).shape == (2, 11)


@pytest.mark.parametrize("variant", ding2018.VARIANTS)
def test_electrodes_meet_in_layer_4_where_they_are_kept_apart_and_in_layer_1_elsewhere(variant):
    torch.manual_seed(0)
    for block in DingNet(12, 200, 17, variant).blocks:
        reached = inspection.rows_reached(block[:5], 12, 200, row=5)
        if variant in ("C-SK", "C-DK"):
            assert reached == [3, 5, 6, 4, 1]
        else:
            assert reached == [1, 1, 1, 6, 1]


def test_wrong_sizes_are_told():
    with pytest.raises(ValueError, match="93 samples are too few for C-B1PB2: 94 or more fit"):
        DingNet(12, 93, 17, "C-B1PB2")
    with pytest.raises(ValueError, match=r"expected input \(batch, 12, 200\)"):
        DingNet(12, 200, 17, "C-SK")(torch.zeros(2, 200, 12))
    with pytest.raises(ValueError, match="unknown variant 'C-3B'"):
        DingNet(12, 200, 17, "C-3B")


def test_half_precision_trains_as_whole_precision_does(raw):
    prepared = Protocol.of(QUICK).prepare(raw)
    losses = []
    for precision in ("float32", "bfloat16"):
        method = ding2018.METHODS["C-SK2"](change(QUICK, {"precision": precision}))
        losses.append(method.train(prepared).history.loss[0])
    assert losses[1] == pytest.approx(losses[0], rel=0.03)
    with pytest.raises(ValueError, match="unknown precision 'float16'"):
        change(QUICK, {"precision": "float16"})


def test_windows_are_the_papers(raw):
    full = Settings.named("db2")
    split = Protocol.of(full).prepare(raw).split
    assert split.train.length == 200
    near = np.diff(split.test.starts)
    assert near.min() == 20 == round(full.step_ms * raw.rate / 1000)
    assert np.diff(split.train.starts).min() == full.train_step_ms / full.step_ms * 20
    assert set(split.train.label) == set(split.test.label) == set(FEW)  # no rest
    assert set(split.test.repetition.tolist()) == {2, 5}


def test_no_motion_of_the_armband_set_is_a_class_and_blocks_are_held_out():
    settings = Settings.named("3dc", preset="quick")
    prepared = Protocol.of(settings).prepare(simulator.simulate("3dc", 2, "A"))
    assert prepared.split.train.length == 100
    assert set(prepared.split.train.label.tolist()) == set(range(11))
    assert set(prepared.split.train.repetition.tolist()) == {1, 2, 3, 4}
    assert set(prepared.split.test.repetition.tolist()) == {5, 6, 7, 8}
    assert prepared.scaler.repetitions == {1, 2, 3, 4}
    counts = np.bincount(prepared.split.test.label)
    assert counts.min() > 0.9 * counts.max()  # rest is not thinned, and not more


def test_every_set_has_its_own_repetitions_held_out():
    for name in ("db2", "db3", "multiday", "3dc"):
        spec = databases.database(name)
        assert Settings.named(name).test_repetitions == spec.test_repetitions


def test_a_variant_trains_to_a_lower_loss(raw):
    settings = marks.change(QUICK, {"epochs": 3, "batch_size": 16})
    loss = ding2018.METHODS["C-SK2"](settings).train(Protocol.of(QUICK).prepare(raw)).history.loss
    assert loss[-1] < loss[0]


def test_replicate_tests_every_method_on_the_same_windows(raw):
    outcomes = list(ding2018.replicate([raw], QUICK, methods=["C-SK2", "svm_td"]))
    assert [o.method for o in outcomes] == ["C-SK2", "svm_td"]
    np.testing.assert_array_equal(outcomes[0].label, outcomes[1].label)
    assert score(outcomes[1]).accuracy > 2 / 4
    again = next(ding2018.replicate([raw], QUICK, methods=["C-SK2"]))
    np.testing.assert_array_equal(again.predicted, outcomes[0].predicted)
    with pytest.raises(ValueError, match="unknown method 'C-4'"):
        next(ding2018.replicate([raw], QUICK, methods=["C-4"]))


def test_settings_are_marked():
    with pytest.raises(ValueError, match="needs raw signals"):
        Settings.named("db1")
    table = marks.table(Settings.named("db2"))
    named = {each.name for each in fields(Settings)} | {
        each.name for each in fields(training.Recipe)
    }
    assert set(table.index) == named - {"recipe", "marks"}
    recipe = {each.name for each in fields(training.Recipe)} - {"marks", "precision"}
    assert set(table.loc[sorted(recipe), "mark"]) == {"A"}  # the paper's optimiser is unknown


def test_table_2_is_whole_and_its_gains_are_the_papers():
    said = {each.method: each.mean for each in ding2018.REPORTED}
    assert len(said) == len(ding2018.REPORTED) == 8
    assert {each.mark for each in ding2018.REPORTED} == {"P"}
    for better, worse, gain in (
        ("C-B1PB2", "C-DK", 4.56),
        ("C-SK2", "C-SK", 5.48),
        ("C-B1PB2", "C-2B2", 1.30),
        ("C-B1PB2", "CC", 5.83),
    ):
        assert said[better] - said[worse] == pytest.approx(gain)


def test_claims_are_differences_that_leave_the_choice_to_the_others():
    accuracy = pd.DataFrame(
        {
            "C-SK": [0.1, 0.1, 0.1],
            "C-SK2": [0.2, 0.2, 0.3],
            "C-2B1": [0.5, 0.3, 0.3],
            "C-2B2": [0.4, 0.6, 0.5],  # better on the mean of any two, but not for subject 1
            "C-DK": [0.3, 0.3, 0.2],
            "C-B1PB2": [0.6, 0.7, 0.8],
        }
        | dict.fromkeys(GRID, 0.1)
        | {"svm_all": 0.5, "random_forest_all": 0.2},
        index=[1, 2, 3],
    )
    found = pd.DataFrame(ding2018.claims(accuracy))
    assert found.round(6).to_numpy().T.tolist() == [
        [0.3, 0.4, 0.6],
        [0.1, 0.1, 0.2],
        [0.2, 0.1, 0.3],
        [0.3, 0.1, 0.0],
        [-0.1, 0.3, 0.2],
        [0.1, 0.2, 0.3],
    ]


def test_studies_change_what_their_names_say(raw):
    seen = {}

    def replicate(recordings, settings, *, methods, seed, device):
        seen[methods] = [*seen.get(methods, []), settings]
        yield from (Outcome(1, each, np.zeros(1), np.zeros(1)) for each in methods)

    full = Settings.named("3dc")
    names = {}
    for name, study in ding2018.STUDIES.items():
        names[name] = [each.method for each in study.run(replicate, raw, full)]
    assert names["windows"] == ["200 ms: C-B1PB2", "200 ms: svm_td"]
    assert names["fewer"] == ["a fifth: C-SK", "a fifth: C-SK2"]
    assert names["repetitions"][:3] == ["1 held out: C-SK", "1 held out: C-SK2", "2 held out: C-SK"]
    windows, (fewer, *held_out) = seen["C-B1PB2", "svm_td"], seen["C-SK", "C-SK2"]
    assert [(each.window_ms, each.train_step_ms) for each in windows] == [(200, 20)]
    assert fewer == change(full, {"train_step_ms": 5 * full.train_step_ms})
    assert [each.test_repetitions for each in held_out] == [(each,) for each in range(1, 9)]
    assert {each.train_step_ms for each in held_out} == {100}  # windows side by side


def of(database, exercises):
    return load_records("ding2018", database=database, exercises=exercises, preset="full")


def people():
    return of("3dc", "A")


def test_the_stored_run_has_every_method_on_nine_people_far_above_chance():
    records = people()
    assert not any(record.simulated for record in records)
    accuracy = summaries.by_subject(records)
    assert set(accuracy.columns) == set(ding2018.METHODS)
    assert len(accuracy) == 9
    assert accuracy.notna().all(axis=None)
    assert (accuracy.mean() > 5 / 11).all()
    for record in records:
        assert record.labels == list(range(11))
        assert record.settings["test_repetitions"] == [5, 6, 7, 8]
        for curves in record.losses.values():
            assert all(curve[-1] < curve[0] for curve in curves)
    assert set(statistics.judge(ding2018.claims(accuracy))["subjects"]) == {9}


def test_networks_and_pairs_of_a_set_were_tested_on_the_same_windows():
    for where in (("3dc", "A"), ("db2", "B")):
        networks, pairs = ({s.subject: s.n_test for s in each.scores} for each in of(*where))
        assert networks == pairs


def test_db2_is_simulated_and_says_so():
    few, every = of("db2", "B"), of("db2", "BCD")
    assert all(record.simulated for record in (*few, *every))
    assert set(summaries.by_subject(few)) | set(summaries.by_subject(every)) == set(
        ding2018.METHODS
    )
    shown = chapter.fragments().texts
    header = shown["methods"].splitlines()[0]
    assert header.index("real 3DC") < header.index("**simulated** DB2") < header.index("Table 2")
    labels = [row[0] for row in rows(shown["grid"])[2:] if "DB2" in row[0]]
    assert len(labels) == 4
    assert all("**simulated** DB2" in label for label in labels)
    claims = [row[1] for row in rows(shown["claims_simulated"])[2:]]
    assert len(claims) == 6
    assert all(claim.startswith("**simulated**: ") for claim in claims)
    assert "**simulated** DB2, exercises B: 6 subjects" in dict(rows(shown["card"]))["data"]


def test_the_chapter_sets_the_papers_own_gains_beside_ours():
    verdicts = statistics.judge(ding2018.claims(summaries.by_subject(people())))
    said = re.findall(r"\(paper: ([+-]\d\.\d\d)\)", chapter._claims(verdicts))
    assert said == ["+4.56", "+5.48", "+1.30", "+0.86", "+0.33", "+5.83"]


def test_the_chapters_cc_is_the_pair_that_the_claim_is_judged_against():
    accuracy = summaries.by_subject(people())
    claim = ding2018.claims(accuracy)["the network beats classical methods"]
    seven = chapter._seven(accuracy)
    pd.testing.assert_series_equal(seven["C-B1PB2"] - seven["CC"], claim, check_names=False)
    for subject in accuracy.index:  # by hand
        others = accuracy.loc[accuracy.index != subject, list(GRID)].mean()
        assert seven.loc[subject, "CC"] == accuracy.loc[subject, others.idxmax()]
