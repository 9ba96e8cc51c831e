"""What becomes of the papers' claims: paired tests over subjects and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from semg_lib.evaluation import signed_rank, verdict


def judge(differences: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Test claims that put one thing above another.

    Parameters
    ----------
    differences : mapping of str to Series (subject,)
        The claim in words, and for every subject the difference that the claim says is positive,
        as a fraction.

    Returns
    -------
    DataFrame
        One row a claim: subjects, mean difference and its 95 % bootstrap interval in points, p of
        Wilcoxon's signed-rank test adjusted by Holm, and whether the claim is supported, not
        supported or undecided. Under six subjects p cannot fall below 0.05, so all stays
        undecided.
    """
    complete = pd.DataFrame(differences).dropna().rename_axis("claim", axis="columns")
    table = signed_rank(complete)
    table.insert(0, "subjects", len(complete))
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    table[["difference", "low", "high"]] *= 100
    return table


def atzori2016(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Judge the paper's two claims on accuracies (subject, method)."""
    accuracy = accuracy.dropna()
    classical = accuracy.drop(columns="cnn")
    best = classical.mean().idxmax()
    return judge(
        {
            "the CNN is above the classical average": accuracy["cnn"] - classical.mean(axis=1),
            "the CNN is below the best classical method": classical[best] - accuracy["cnn"],
        }
    )


def zhai2017(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Judge the paper's claims on accuracies (subject, method), means over sessions."""
    gain = {
        kind: accuracy[f"{kind}_recalibrated"] - accuracy[f"{kind}_frozen"]
        for kind in ("cnn", "svm")
    }
    return judge(
        {
            "recalibration raises the CNN's accuracy": gain["cnn"],
            "the CNN gains more from it than the SVM": gain["cnn"] - gain["svm"],
            "the recalibrated CNN is above the recalibrated SVM": accuracy["cnn_recalibrated"]
            - accuracy["svm_recalibrated"],
        }
    )


def ding2018(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Judge the paper's two claims on accuracies (subject, method).

    Two scales are set against twice the same scale, which is as many blocks.
    """
    same = accuracy[["C-2B1", "C-2B2"]].max(axis=1)
    return judge(
        {
            "two kernel scales beat the better of one scale twice": accuracy["C-B1PB2"] - same,
            "electrodes kept apart help one scale": accuracy["C-SK2"] - accuracy["C-SK"],
            "electrodes kept apart help two scales": accuracy["C-B1PB2"] - accuracy["C-DK"],
        }
    )


CLAIMS: Mapping = {"atzori2016": atzori2016, "zhai2017": zhai2017, "ding2018": ding2018}
