"""What sections are answered with follows the numbers, near ties included."""

import numpy as np
import pandas as pd
import pytest

from semg_lib.evaluation import statistics
from semg_lib.evaluation.records import load_records
from semg_lib.publishing import answers


def test_claims_are_counted_and_the_decided_named():
    table = pd.DataFrame(
        {"verdict": ["undecided", "supported", "undecided"], "difference": [0.2, 3.04, -1.5]},
        index=["a beats b", "c beats d", "e beats f"],
    )
    told = answers.claims(table, "nine people")
    assert told.startswith("Of 3 claims on nine people, **2 undecided, 1 supported**; c beats d: ")
    assert told.endswith("*supported* (+3.0 points).")
    told = answers.claims(table.drop("c beats d"), "four people")
    assert told.endswith("**2 undecided**; the differences are -1.5 to +0.2 points.")


def test_a_near_tie_is_said_with_who_is_cheap():
    costs = pd.DataFrame(
        {
            "accuracy": [80.0, 80.9, 75.0],
            "a decision, ms": [1.0, 5.0, 0.1],
            "training, core seconds": [9.0, 2.0, 0.1],
        },
        index=["lda", "cnn", "knn"],
    )
    assert answers.price(costs) == (
        "**The most accurate is CNN (80.9 %), nearly tied with LDA (80.0 %).** Of these LDA "
        "decides fastest, in 1.0 ms, and CNN trains fastest, in 2.0 s of one core."
    )
    assert "by more than 1 point.** It decides in " in answers.price(costs.drop("lda"))


def test_protocols_are_answered_from_the_record():
    stored = load_records("protocols")
    told = answers.protocols(stored)
    scores = [s.accuracy for s in stored[0].scores if s.method == "held-out repetitions: cnn"]
    assert f"{100 * np.mean(scores):.1f} % under this book's protocol" in told
    own = {
        name: np.mean([s.accuracy for s in stored[0].scores if s.method == f"{name}: knn"])
        for name in ("held-out repetitions", "random windows held out")
    }
    gain = 100 * (own["random windows held out"] - own["held-out repetitions"])
    assert f"bring kNN the most, {gain:.1f} points; under this book's protocol" in told
    assert "it is number 4 of 4" in told
    assert "30 epochs of a window every 20 ms, here 15 epochs of a window every 40 ms" in told


def test_where_balanced_accuracy_goes_apart():
    both = pd.DataFrame({"plain": [80.0, 70.0, 60.0], "even": [72.5, 69.9, 60.3]}, list("abc"))
    told = "**a: 80.0 %, balanced 72.5 %.** Under all others the two are within 0.3 points."
    assert answers.balanced(both) == told


def test_what_electrodes_kept_apart_cost_and_bring():
    names = ["C-SK", "C-SK2", "C-DK", "C-B1PB2"]
    rows = np.full((6, 4), [0.80, 0.82, 0.7, 0.7]) + np.linspace(0, 0.1, 6)[:, None]
    told = answers.apart(pd.DataFrame(rows, columns=names), pd.Series([10, 5.0, 20, 40], names))
    assert "C-SK2 takes 0.5 times the multiplications of C-SK and brings +2.0 " in told
    assert "C-B1PB2 takes 2.0 times the multiplications of C-DK and brings +0.0 " in told
    assert told.endswith(
        "The one that multiplies least, C-SK2, has 87.0 %, the best, C-SK2, 87.0 %."
    )


@pytest.mark.parametrize(
    ("svm", "told"), [([0.6, 0.65], "the classifier matters"), ([0.6, 0.78], "neither can be told")]
)
def test_classifier_or_correction(svm, told):
    table = pd.DataFrame(
        {"cnn_none": 0.7, "cnn_last": [0.7, 0.7], "svm_none": 0.8, "svm_last": svm}
    )
    assert told in answers.correction(table.set_axis(["median", "mode"]))


def test_an_answer_is_of_what_was_judged():
    rng = np.random.default_rng(0)
    judged = statistics.judge({"a beats b": pd.Series(0.05 + 0.01 * rng.random(12))})
    assert "**1 supported**; a beats b: *supported* (+5." in answers.claims(judged, "twelve people")
