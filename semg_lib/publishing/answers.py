"""What a section that asks something is answered with: two lines, made from the records."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.publishing import listing
from semg_lib.publishing.tables import points
from semg_lib.studies import comparison
from semg_lib.studies.protocols import BASE

_NEAR = 1.0  # points; what is nearer to the best nearly ties with it


def claims(judged: pd.DataFrame, where: str) -> str:
    """Return how the claims of `statistics.judge` stand, and those that are decided by name."""
    counts = judged["verdict"].value_counts()
    told = ", ".join(f"{counts[name]} {name}" for name in counts.index)
    named = [
        f"{claim}: *{row['verdict']}* ({row['difference']:+.1f} points)"
        for claim, row in judged[judged["verdict"] != "undecided"].iterrows()
    ]
    ends = f"the differences are {judged['difference'].min():+.1f} to "
    ends += f"{judged['difference'].max():+.1f} points"
    return f"Of {len(judged)} claims on {where}, **{told}**; {'; '.join(named) or ends}."


def price(costs: pd.DataFrame) -> str:
    """Return who is best in what `comparison.costs` returns, who nearly ties, and who is cheap."""
    names = costs.rename(index=figures.TITLES | comparison.TITLES).sort_values(
        "accuracy", ascending=False
    )
    near = names[names["accuracy"] > names["accuracy"].iloc[0] - _NEAR]
    best, *others = (f"{name} ({mean:.1f} %)" for name, mean in near["accuracy"].items())
    tie = f"nearly tied with {' and '.join(others)}" if others else f"by more than {_NEAR:g} point"
    quick, trained = (near[name] for name in ("a decision, ms", "training, core seconds"))
    if not others:
        cost = f"{quick.min():.1f} ms and trains in {trained.min():.1f} s of one core."
        return f"**The most accurate is {best}, {tie}.** It decides in {cost}"
    return (
        f"**The most accurate is {best}, {tie}.** Of these {quick.idxmin()} decides fastest, in "
        f"{quick.min():.1f} ms, and {trained.idxmin()} trains fastest, in {trained.min():.1f} s "
        "of one core."
    )


def protocols(records: Sequence[Record]) -> str:
    """Return between what the protocols move each method, and why a chapter has another number."""
    gained = listing.gained(records)
    cnn, honest = gained["mean"].xs("cnn", level="method"), gained.loc[BASE]["mean"]
    leak = gained.loc["random windows held out"]["gained"]
    most = leak.idxmax()
    chapter = load_records("atzori2016", database="db1", recipe="recommended", simulated=False)
    said = 100 * summaries.by_subject(chapter)["cnn"].mean()
    theirs, ours = (
        f"{each.settings['recipe']['epochs']} epochs of a window every "
        f"{each.settings['train_step_ms']:g} ms"
        for each in (chapter[0], records[0])
    )
    return (
        f"**The same CNN scores {cnn.min():.0f} % ({cnn.idxmin()}) to {cnn.max():.0f} % "
        f"({cnn.idxmax()})**, {cnn[BASE]:.1f} % under this book's protocol. Windows held out "
        f"at random bring {figures.title(most)} the most, {leak.max():.1f} points; under this "
        f"book's protocol it is number {honest.rank(ascending=False)[most]:.0f} of {len(honest)}. "
        f"(Atzori's chapter has {said:.1f} %: {theirs}, here {ours}.)"
    )


def balanced(both: pd.DataFrame) -> str:
    """Return under which protocols accuracy and balanced accuracy go apart; columns are the two."""
    apart = both.iloc[:, 0] - both.iloc[:, 1]
    far = both[apart.abs() > 1]
    told = [f"{name}: {a:.1f} %, balanced {b:.1f} %" for name, (a, b) in far.T.items()]
    least = apart[apart.abs() <= 1].abs().max()
    return f"**{'; '.join(told)}.** Under all others the two are within {least:.1f} points."


def apart(accuracy: pd.DataFrame, million: pd.Series) -> str:
    """Return what keeping electrodes apart costs ding2018's networks, and what it brings."""
    told = [
        f"{one} takes {million[one] / million[other]:.1f} times the multiplications of {other} and "
        f"brings {points(accuracy[one] - accuracy[other])} points"
        for one, other in (("C-SK2", "C-SK"), ("C-B1PB2", "C-DK"))
    ]
    mean, cheap = 100 * accuracy[list(million.index)].mean(), million.idxmin()
    return (
        f"**Electrodes kept apart: {'; '.join(told)}.** The one that multiplies least, {cheap}, "
        f"has {mean[cheap]:.1f} %, the best, {mean.idxmax()}, {mean.max():.1f} %."
    )


def correction(accuracy: pd.DataFrame) -> str:
    """Return whether zhai2017's classifier or its correction decides what Last-Only changes."""
    cnn, svm = (
        100 * (accuracy[f"{kind}_last"] - accuracy[f"{kind}_none"]) for kind in ("cnn", "svm")
    )
    kinds = (cnn - svm).abs().min()
    ways = max(abs(each["median"] - each["mode"]) for each in (cnn, svm))
    told = "the classifier matters more" if kinds > ways else "neither can be told to matter more"
    return (
        f"**Of classifier and correction, {told}**: with the median Last-Only changes the CNN by "
        f"{cnn['median']:+.1f} points and the SVM by {svm['median']:+.1f}, with the mode by "
        f"{cnn['mode']:+.1f} and {svm['mode']:+.1f}."
    )
