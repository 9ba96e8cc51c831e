"""The table of every number: nothing of a paper looks like ours, nothing simulated looks real."""

import re

import numpy as np
import pandas as pd
import pytest

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import load_records
from semg_lib.papers import PAPERS
from semg_lib.publishing import listing


def test_every_stated_accuracy_is_there_once_with_what_the_paper_says_only():
    table = listing.numbers()
    stated = table[table["source"] == listing.PAPERS_OWN]
    said = [
        (name, each.mean)
        for name, module in PAPERS.items()
        for each in module.REPORTED
        if not each.method.endswith("_gain")
    ]
    assert list(zip(stated["chapter"], stated["accuracy, %"], strict=True)) == said
    assert stated[["classes", "subjects", "held out", "balanced, %"]].isna().all(axis=None)


def test_ours_are_the_means_of_the_records_and_say_whether_anybody_was_recorded():
    table = listing.numbers()
    for name in PAPERS:
        for record in load_records(name, preset="full"):
            kind = listing.SIMULATED if record.simulated else listing.REAL
            rows = table[
                (table["chapter"] == name) & table["data"].str.startswith(record.database.upper())
            ]
            assert kind in set(rows["source"])
    real = load_records("atzori2016", database="db1", recipe="recommended", preset="full")
    mean = summaries.summary(real).loc["cnn", "mean"]
    row = table[
        (table["chapter"] == "atzori2016")
        & (table["method"] == "CNN")
        & (table["data"] == "DB1, exercise A")
    ]
    assert row["accuracy, %"].tolist() == pytest.approx([mean])


def test_a_row_is_one_setting_and_one_set_of_recordings():
    [stored, *_] = load_records("atzori2016", database="db1", recipe="recommended", seed=1)
    few = stored.model_copy(deep=True)
    few.settings["recipe"]["epochs"] = 1
    other = stored.model_copy(update={"data": stored.data | {1: "another"}})
    for record, accuracy in ((few, 0.25), (other, 0.5)):
        record.scores = [each.model_copy(update={"accuracy": accuracy}) for each in record.scores]
    rows = listing._ours("atzori2016", [stored, few, other, stored.model_copy(update={"seed": 9})])
    assert [row["accuracy, %"] for row in rows[1:]] == pytest.approx([25, 50])
    assert rows[0]["accuracy, %"] == pytest.approx(summaries.summary([stored]).loc["cnn", "mean"])
    said = [row["settings"] for row in rows]
    assert all(
        each in row
        for each, row in zip(("epochs 30", "epochs 1", "data another"), said, strict=True)
    )
    [alone] = listing._ours("atzori2016", [stored])
    assert "settings" not in alone


def test_the_page_marks_each_row_and_leaves_the_unknown_empty():
    page = listing.interactive(listing.numbers(), "All").data
    assert "<caption>All</caption>" in page
    assert "nan" not in page.lower()
    rows = re.findall(r"<tr>.*?</tr>", page.split("<tbody>")[1], flags=re.S)
    assert len(rows) == len(listing.numbers())
    for row in rows:
        assert len(re.findall(r'class="source (?:paper|ours|simulated)"', row)) == 1


def test_protocols_are_told_for_every_database_of_every_paper():
    table = listing.protocols()
    assert set(table.index.unique("paper")) == set(PAPERS)
    assert table.loc[("zhai2017", "DB2"), "held out"] == "all but 1"
    assert table.loc[("atzori2016", "DB1"), "held out"] == "2, 5, 7"
    assert table.loc[("ding2018", "DB2"), "rest"] == "no class"


def test_prices_are_rounded_and_what_is_none_stays_empty():
    costs = pd.DataFrame(
        {
            "accuracy": [50.04],
            "parameters": [np.nan],
            "a decision, ms": [0.512],
            "training": [99.6],
        },
        index=["lda"],
    )
    assert listing.prices(costs).loc["LDA"].tolist() == ["50.0", "", "0.51", "100"]


def test_figures_tell_what_they_show():
    rng = np.random.default_rng(0)
    accuracy = pd.DataFrame(
        rng.random((9, 3)) + np.array([0, 0.05, 3]), columns=["lda", "knn", "svm"]
    )
    ranks = figures.ranks(accuracy)
    assert "SVM 1.00" in ranks.alt
    assert "kNN and LDA" in ranks.alt or "LDA and kNN" in ranks.alt
    costs = pd.DataFrame(
        {"accuracy": [70.0, 80.0], "parameters": [1e5, np.nan], "a decision, ms": [1.0, 2.0]},
        index=["cnn", "lda"],
    )
    told = figures.costs(costs).alt
    assert "CNN 70.0 %, parameters 1e+05, a decision, ms 1" in told
    assert "LDA 80.0 %, a decision, ms 2" in told
    index = pd.MultiIndex.from_product([["base", "leak"], ["cnn"]], names=["protocol", "method"])
    gained = pd.DataFrame({"gained": [0.0, 9.5], "low": [0.0, 9], "high": [0.0, 10]}, index=index)
    assert "leak +9.5" in figures.gained(gained).alt
