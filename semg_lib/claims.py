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
