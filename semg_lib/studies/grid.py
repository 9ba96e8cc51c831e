"""What atzori2016's records answer: the grid of pairs, the claims on fair terms, the stuck rate.

The paper's bars are those of NinaPro's data paper (atzori2014, doi:10.1038/sdata.2014.53).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record
from semg_lib.learning import baselines
from semg_lib.learning.baselines import GRID
from semg_lib.papers.atzori2016 import PAIRS, claims

FEATURES = {"rms": "RMS", "td": "TD", "hist": "HIST", "mdwt": "mDWT", "all": "all"}
TITLES = (
    figures.TITLES
    | {name: f"{figures.TITLES[name]}, our features" for name in baselines.NAMES}
    | {pair: f"{figures.TITLES[c]}, {FEATURES[s]}" for pair, (c, s) in GRID.items()}
)
# Mean accuracy in per cent with the sets of FEATURES, read off the vectors of atzori2014's figure
# 6 (P, read off): all movements of each database and rest, windows of 200 ms.
BARS: dict[str, dict[str, tuple[float | None, ...]]] = {
    "db1": {
        "lda": (39.8, 46.0, None, 58.0, None),
        "knn": (64.4, 58.6, 52.7, 64.4, 60.2),
        "svm": (65.8, 67.4, 59.4, 66.3, 68.7),
        "random_forest": (69.0, 73.5, 61.8, 68.2, 75.4),
    },
    "db2": {
        "lda": (42.4, 56.6, None, 48.3, None),
        "knn": (65.1, 61.9, 58.2, 45.0, 67.8),
        "svm": (68.6, 69.4, 64.1, 62.7, 74.8),
        "random_forest": (72.9, 74.3, 67.6, 69.2, 75.3),
    },
    "db3": {
        "lda": (27.0, 33.2, None, 29.1, None),
        "knn": (36.9, 31.5, 35.6, 23.5, 37.2),
        "svm": (42.8, 39.3, 42.8, 37.4, 46.5),
        "random_forest": (43.3, 43.3, 42.0, 39.6, 45.7),
    },
}
AVERAGES = {"average of the paper's 18 pairs": PAIRS, "average of all 20": tuple(GRID)}


def bars(database: str) -> pd.Series:
    """Return the bar of each of the paper's 18 pairs, in per cent."""
    values = pd.DataFrame(BARS[database], index=list(FEATURES))
    return pd.Series({pair: values.loc[s, c] for pair, (c, s) in GRID.items()})[list(PAIRS)]


def complete(accuracy: pd.DataFrame, methods: Sequence[str] = tuple(GRID)) -> pd.DataFrame:
    """Return the subjects that the CNN and all of these methods were run on, none if one is not."""
    return accuracy.reindex(columns=["cnn", *methods]).dropna()


def beside(plain: pd.DataFrame, smooth: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies of all classical methods beside the paper's bars of DB1, in per cent.

    Parameters
    ----------
    plain, smooth : DataFrame (subject, method)
        Fractions, without the 1 Hz low-pass and with it. Only subjects count that every method
        was run on.

    Returns
    -------
    DataFrame
        One row a method and, below, the averages of the pairs; what is not known is NaN.
    """
    methods = [*baselines.NAMES, *GRID]
    table = pd.DataFrame(
        {
            "no filter": 100 * complete(plain, methods).mean(),
            "1 Hz low-pass": 100 * complete(smooth, methods).mean(),
            "paper's bar": bars("db1"),
        }
    ).loc[methods]
    for name, pairs in AVERAGES.items():
        table.loc[name] = table.loc[list(pairs)].mean(skipna=False)
    return table.rename(index=TITLES).rename_axis("method")


def smoothed(papers: Sequence[Record], filters: Sequence[Record]) -> pd.DataFrame:
    """Return fractions (subject, method) after the 1 Hz low-pass, the CNN as recommended.

    Records of the paper's recipe hold the pairs, those of the study of the filter this CNN. Where
    either is missing there is no subject.
    """
    if not papers or not filters:
        return pd.DataFrame(columns=["cnn", *baselines.NAMES, *GRID], dtype=float)
    cnn = summaries.by_variant(filters)["1 Hz", "cnn"]
    return summaries.by_subject(papers).assign(cnn=cnn)


def fair(plain: pd.DataFrame, smooth: pd.DataFrame) -> pd.DataFrame:
    """Judge the paper's claims on its own terms and on fairer ones.

    Parameters
    ----------
    plain, smooth : DataFrame (subject, method)
        See `beside` and `smoothed`.

    Returns
    -------
    DataFrame
        One row for each of the terms and claims, as `statistics.judge` returns them, with the
        CNN's mean, the average of the classical methods and the name of their best. Terms that
        fewer than three subjects have been run on are left out.
    """
    terms: dict[str, tuple[pd.DataFrame, Sequence[str]]] = {
        "the paper's 18 pairs": (plain, PAIRS),
        "with LDA on all sets: 20 pairs": (plain, tuple(GRID)),
        "the CNN's own windows, our features": (plain, baselines.NAMES),
        "the 1 Hz low-pass for all, 18 pairs": (smooth, PAIRS),
    }
    rows = []
    for name, (accuracy, classical) in terms.items():
        known = complete(accuracy, classical)
        if len(known) < 3:
            continue
        mean = 100 * known.mean()
        best = mean[list(classical)].idxmax()
        above, below = claims(known, classical).items()
        told = {above[0]: above[1]}
        if name == next(iter(terms)):  # as the paper has it: its best is known beforehand
            told["the CNN is below the best, chosen on all subjects"] = known[best] - known["cnn"]
        told[f"{below[0]}, chosen by the others"] = below[1]
        judged = statistics.judge(told).rename_axis("claim").reset_index()
        judged.insert(0, "best", TITLES[str(best)])
        judged.insert(0, "average", mean[list(classical)].mean())
        judged.insert(0, "CNN", mean["cnn"])
        judged.insert(0, "terms", name)
        rows.append(judged)
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def verdicts(judged: pd.DataFrame) -> str:
    """Return what `fair` does in two sentences: on the paper's terms, and what differs on ours."""
    said = judged["claim"] + ": " + judged["verdict"]
    said += judged["difference"].map(" ({:+.1f} points)".format)
    own = judged["terms"] == judged["terms"].iloc[0]
    others = judged[~own & (judged["verdict"] != "supported")]
    told = [f"on *{terms}*, {said[at]}" for at, terms in others["terms"].items()]
    return (
        f"**On the paper's terms**, {'; '.join(said[own])}. **On fairer terms** "
        f"{(~own).sum() - len(told)} of {(~own).sum()} verdicts are *supported* too"
        + (f"; the others: {'; '.join(told)}." if told else ".")
    )


# What someone gets who takes the stored signal, PyTorch's weights and nothing else.
START = {"input": "volts", "filter": "no filter", "initial": "pytorch", "noise": "no noise"}
WORDS = {
    "pytorch": "PyTorch's weights",
    "he": "He's weights",
    "matconvnet": "MatConvNet's weights",
    "1 Hz": "the 1 Hz low-pass",
    "noise": "the noise copies",
    "windows 0..1": "windows brought to 0..1",
}


def crossed(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return the optimiser study's variants by what they set, with their mean in per cent.

    Parameters
    ----------
    accuracy : DataFrame (subject, variant)
        Fractions.

    Returns
    -------
    DataFrame
        One row a variant of the crossed design: input, filter, initial, noise, rate, accuracy.
    """
    rows = []
    for name, mean in (
        (100 * accuracy.drop(columns=["recommended", "recommended, noise"])).mean().items()
    ):
        parts = str(name).split(", ")
        scale, initial, rate = (part for part in parts if part not in ("1 Hz", "noise"))
        smooth = "1 Hz" if "1 Hz" in parts else START["filter"]
        noise = "noise" if "noise" in parts else START["noise"]
        rows.append((scale, smooth, initial, noise, float(rate), mean))
    return pd.DataFrame(rows, columns=[*START, "rate", "accuracy"])


def at_stated_rate(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies at the stated rate of 0.001, (input and filter, weights and noise)."""
    table = crossed(accuracy).query("rate == 0.001")
    rows, columns = (
        table[one] + ", " + table[other]
        for one, other in (("input", "filter"), ("initial", "noise"))
    )
    wide = table.assign(row=rows, column=columns).pivot(
        index="row", columns="column", values="accuracy"
    )
    return wide.loc[rows.unique(), columns.unique()].rename_axis(index=None, columns=None)


def at_rates(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies at the three rates, no filter and no noise, (input and weights, rate)."""
    table = crossed(accuracy).query("filter == 'no filter' and noise == 'no noise'")
    name = (table["input"] + ", " + table["initial"]).rename("input, weights")
    wide = table.assign(rate=table["rate"].map("{:g}".format)).pivot_table(
        index=name, columns="rate", values="accuracy", sort=False
    )
    return wide.rename_axis(columns=None)


def answer(records: Sequence[Record]) -> str:
    """Return, in words, which settings alone and which pairs let the stated rate of 0.001 train.

    Parameters
    ----------
    records : sequence of Record
        Of the study of the optimiser.
    """
    accuracy = summaries.by_subject(records)
    guess, top = 100 / len(records[0].labels), 100 * accuracy["recommended"].mean()
    bar = (guess + top) / 2
    table = crossed(accuracy)
    stated = table[table["rate"] == 0.001]
    rows = stated.to_dict("records")
    trained = [row for row in rows if row["accuracy"] > bar]
    # A combination is no news if a part of it trains already.
    least = [row for row in trained if not any(_changes(one) < _changes(row) for one in trained)]
    singles = [row for row in rows if len(_changes(row)) == 1]
    shared = [_word(trained[0][name]) for name in START if len({row[name] for row in trained}) == 1]
    said = [
        f"Here a network counts as trained if, over {len(accuracy)} subjects, it gets on average "
        f"more than halfway from guessing, {guess:.1f} %, to the recommended recipe, {top:.1f} %: "
        f"above {bar:.1f} %.",
        "The start is volts, PyTorch's weights, no filter and no noise: at a rate of 0.001 that "
        f"is {next(row['accuracy'] for row in rows if not _changes(row)):.1f} %.",
        f"**Alone, these changes let 0.001 train**: {_list(least, 1)}. The one that comes furthest "
        f"is {_list([max(singles, key=lambda row: row['accuracy'])], 1)}.",
        f"**Of the pairs of others, these do**: {_list(least, 2)}.",
        f"Of all {len(rows)} combinations, {len(trained)} train"
        + (f"; what they share: {_and(shared)}." if shared else "."),
    ]
    for name in START:
        means = stated.groupby(name, sort=False)["accuracy"].mean()
        each = _and([f"{mean:.1f} % with {_word(level)}" for level, mean in means.items()])
        said.append(
            f"Averaged over all else it is {each}." if name == "input" else f"It is {each}."
        )
    for rate, others in table[table["rate"] > 0.001].groupby("rate")["accuracy"]:
        n = (others > bar).sum()
        said.append(
            f"At {rate:g}, {n} of the {len(others)} combinations of input and weights train."
        )
    return " ".join(said)


def _changes(row: Mapping) -> set[str]:
    """Return what a combination has that the start has not."""
    return {row[name] for name, first in START.items() if row[name] != first}


def _word(level: object) -> str:
    return WORDS.get(str(level), str(level))


def _list(rows: Sequence[Mapping], n: int) -> str:
    """Return the combinations of n changes, the best first, with their accuracies."""
    chosen = sorted(
        (row for row in rows if len(_changes(row)) == n), key=lambda row: -row["accuracy"]
    )
    told = [
        f"{' with '.join(_word(row[name]) for name in START if row[name] in _changes(row))} "
        f"({row['accuracy']:.1f} %)"
        for row in chosen
    ]
    return _and(told) or "none"


def _and(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + "".join(parts[-1:])
