"""What atzori2016's records are asked: the grid beside the bars, fair terms, the stuck rate."""

import numpy as np
import pandas as pd
import pytest

from semg_lib.evaluation.records import Record
from semg_lib.evaluation.scores import Score
from semg_lib.learning import baselines, settings
from semg_lib.papers import atzori2016
from semg_lib.papers.atzori2016 import GRID, PAIRS, STUDIES, Settings
from semg_lib.publishing.chapters.atzori2016 import STATED
from semg_lib.studies import grid

OPTIMISER = STUDIES["optimiser"]


@pytest.mark.parametrize(
    ("database", "mean", "best"),
    [
        ("db1", 62.2, "random_forest_all"),
        ("db2", 63.6, "random_forest_all"),
        ("db3", 37.6, "svm_all"),
    ],
)
def test_bars_are_of_the_18_pairs(database, mean, best):
    bars = grid.bars(database)
    assert tuple(bars.index) == PAIRS
    assert round(bars.mean(), 1) == mean
    assert bars.idxmax() == best


def fractions(value, **others):
    methods = dict.fromkeys(("cnn", *baselines.NAMES, *GRID), value) | others
    return pd.DataFrame({name: np.full(8, each) for name, each in methods.items()})


def test_both_averages_stand_below_the_grid():
    plain = fractions(0.5, lda_hist=0.9, lda_all=0.9, svm_rms=0.68)
    table = grid.beside(plain, fractions(0.6))
    first, second = grid.AVERAGES
    assert table.loc[first, "no filter"] == pytest.approx((17 * 50 + 68) / 18)
    assert table.loc[second, "no filter"] == pytest.approx((17 * 50 + 68 + 180) / 20)
    assert table.loc[first, "1 Hz low-pass"] == pytest.approx(60)
    assert table.loc[first, "paper's bar"] == pytest.approx(grid.bars("db1").mean())
    assert np.isnan(table.loc[second, "paper's bar"])
    assert table.loc["SVM, mDWT", "paper's bar"] == 66.3
    assert table.index.is_unique


def test_terms_change_what_the_cnn_is_compared_with():
    plain = fractions(0.5, cnn=0.6, lda_all=0.95, svm_all=0.7, knn=0.55)
    table = grid.fair(plain, fractions(0.8, cnn=0.6, knn_rms=0.62))
    above = table[table["claim"].str.contains("above")].set_index("terms")
    by_hand = {
        "the paper's 18 pairs": 60 - (17 * 50 + 70) / 18,
        "with LDA on all sets: 20 pairs": 60 - (18 * 50 + 70 + 95) / 20,
        "the CNN's own windows, our features": 60 - (3 * 50 + 55) / 4,
        "the 1 Hz low-pass for all, 18 pairs": 60 - (17 * 80 + 62) / 18,
    }
    for terms, difference in by_hand.items():
        assert above.loc[terms, "difference"] == pytest.approx(difference), terms
        assert above.loc[terms, "average"] == pytest.approx(60 - difference), terms
    assert above["best"].tolist()[:3] == ["SVM, all", "LDA, all", "kNN, our features"]
    assert table["claim"].str.contains("chosen on all subjects").sum() == 1
    verdicts = above["verdict"].to_dict()
    assert verdicts["the paper's 18 pairs"] == "supported"
    assert verdicts["the 1 Hz low-pass for all, 18 pairs"] == "not supported"


def test_only_subjects_with_every_method_count():
    plain = fractions(0.5)
    plain.loc[:4, "svm_all"] = np.nan  # three subjects have it
    plain.loc[5:, "svm_rms"] = 0.6
    plain.loc[:4, "svm_rms"] = 0.0
    assert len(grid.complete(plain)) == 3
    assert grid.beside(plain, grid.smoothed([], [])).loc["SVM, RMS", "no filter"] == 60
    assert set(grid.fair(plain, grid.smoothed([], []))["subjects"]) == {3, 8}
    plain.loc[5, "svm_all"] = np.nan
    left = grid.fair(plain, grid.smoothed([], []))
    assert set(left["terms"]) == {"the CNN's own windows, our features"}
    without = grid.beside(plain.drop(columns="svm_all"), grid.smoothed([], []))
    assert without[["no filter", "1 Hz low-pass"]].isna().all(axis=None)
    assert without.loc["SVM, RMS", "paper's bar"] == 65.8


def studied(trains):
    """Return a record of two subjects in which variants train that a function picks."""
    scores = [
        Score(
            subject=subject,
            method=name,
            accuracy=0.8 if trains(name.split(", ")) else 0.1,
            balanced_accuracy=0.5,
            classes=10,
            n_test=9,
        )
        for subject in (1, 2)
        for name in OPTIMISER.names
    ]
    return Record.model_construct(
        paper="atzori2016", database="db1", seed=0, recipe="paper", simulated=True,
        labels=list(range(10)), scores=scores,
    )  # fmt: skip


def test_every_variant_is_placed_once():
    table = grid.crossed(pd.DataFrame({name: [0.5] for name in OPTIMISER.names}))
    assert len(table) == len(OPTIMISER.names) - 2
    assert not table.drop(columns="accuracy").duplicated().any()
    assert set(table["rate"]) == {0.001, 0.01, 0.05}
    for name, row in zip(OPTIMISER.names, table.to_dict("records"), strict=False):
        changed = settings.change(Settings.named("db1"), OPTIMISER.variants[name])
        assert changed.low_pass_hz == (row["filter"] == "1 Hz")
        assert changed.recipe.augment == (row["noise"] == "noise")
        assert changed.recipe.initial == row["initial"]
        assert changed.recipe.learning_rate == row["rate"]
        assert (changed.scaler == "training") == (row["input"] == "z-scores")
        assert changed.unit == (row["input"] == "windows 0..1")


def test_the_map_and_the_rates_are_whole():
    accuracy = pd.DataFrame({name: [0.5] for name in OPTIMISER.names})
    accuracy["z-scores, 1 Hz, he, 0.001, noise"] = 0.75
    map_ = grid.at_stated_rate(accuracy)
    assert map_.shape == (6, 6)
    assert map_.loc["z-scores, 1 Hz", "he, noise"] == 75
    assert (map_.to_numpy() == 50).sum() == 35
    rates = grid.at_rates(accuracy.assign(**{"volts, he, 0.01": 0.25}))
    assert rates.shape == (9, 3)
    assert rates.loc["volts, he", "0.01"] == 25


def test_the_answer_follows_the_record():
    def said(trains):
        return grid.answer([studied(lambda parts: parts[0] == "recommended" or trains(parts))])

    alone = said(lambda parts: "he" in parts)
    assert "**Alone, these changes let 0.001 train**: He's weights (80.0 %)." in alone
    assert "**Of the pairs of others, these do**: none." in alone
    assert "12 train; what they share: He's weights." in alone
    assert "At 0.05, 3 of the 9 combinations" in alone
    pair = said(lambda parts: "he" in parts and "z-scores" in parts)
    assert "let 0.001 train**: none." in pair
    assert "**Of the pairs of others, these do**: z-scores with He's weights (80.0 %)." in pair
    either = said(lambda parts: "noise" in parts or {"he", "1 Hz"} <= {*parts})
    assert "let 0.001 train**: the noise copies (80.0 %)." in either
    assert "these do**: the 1 Hz low-pass with He's weights (80.0 %)." in either
    assert "what they share" not in either
    nothing = said(lambda parts: False)
    assert "0 train." in nothing
    assert "guessing, 10.0 %, to the recommended recipe, 80.0 %: above 45.0 %." in nothing


def test_the_stated_optimiser_is_one_combination_of_the_study():
    chosen = Settings.named("db1", "paper")
    study = settings.change(chosen, OPTIMISER.variants[STATED])
    assert OPTIMISER.recipe == atzori2016.RECIPES["paper"]
    assert study == chosen
