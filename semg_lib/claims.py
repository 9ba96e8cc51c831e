"""What becomes of the papers' claims: paired tests over subjects and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from semg_lib.evaluation import paired_tests, verdict


def judge(
    accuracy: pd.DataFrame, reference: str, claims: Sequence[tuple[str, str, int]]
) -> pd.DataFrame:
    """Test claims that set one method beside others.

    Parameters
    ----------
    accuracy : DataFrame (subject, method)
        Fractions.
    reference : str
        The method all claims are about.
    claims : sequence of (str, str, int)
        The claim in words, the other method, and 1 if the claim puts the reference above it, -1
        if below.

    Returns
    -------
    DataFrame
        One row a claim: subjects, the difference it says is positive and its 95 % bootstrap
        interval in points, p of Wilcoxon's signed-rank test adjusted by Holm, and whether the
        claim is supported, not supported or undecided. Under six subjects p cannot fall below
        0.05, so all stays undecided.
    """
    complete = accuracy.dropna()
    tests = paired_tests(complete[[reference, *(other for _, other, _ in claims)]], reference)
    rows = {}
    for words, other, sign in claims:
        test = tests.loc[other]
        ends = sorted((sign * test["low"], sign * test["high"]))
        row = {"difference": sign * test["difference"], "low": ends[0], "high": ends[1]}
        rows[words] = {
            "subjects": len(complete),
            **{name: 100 * value for name, value in row.items()},
            "p": test["p"],
            "verdict": verdict(row | {"p": test["p"]}),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim")


def atzori2016(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Judge the paper's two claims on accuracies (subject, method)."""
    classical = accuracy.drop(columns="cnn")
    best = classical.mean().idxmax()
    return judge(
        accuracy.assign(average=classical.mean(axis=1)),
        "cnn",
        [
            ("the CNN is above the classical average", "average", 1),
            ("the CNN is below the best classical method", best, -1),
        ],
    )


CLAIMS: Mapping = {"atzori2016": atzori2016}
