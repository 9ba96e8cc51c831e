"""Zhai 2017 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import load_records
from semg_lib.evaluation.statistics import interval
from semg_lib.papers import zhai2017 as module
from semg_lib.publishing import cards, tables
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.running.runs import Run

NAME = "zhai2017"
# The methods whose gains over the frozen one are shown, and their columns' titles.
GAINS = {
    "cnn_recalibrated": "CNN, simulated",
    "cnn_oracle": "CNN's oracle, simulated",
    "svm_recalibrated": "SVM, simulated",
}


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last.

    Recordings of DB2 and DB3 were not at hand: all are simulated.
    """
    frozen = ["cnn_frozen"]
    for subject in (1, 2):
        yield (
            f"db2-BCD-full-assumptions-seed0-s{subject}",
            Run(NAME, subjects=[subject], methods=frozen, study="assumptions", preset="full"),
        )
    six = [1, 2, 3, 4, 5, 6]
    yield (
        "db2-B-full-drift-seed0",
        Run(NAME, exercises="B", subjects=six, methods=frozen, study="drift", preset="full"),
    )
    for database, exercises, n in (("db3", "B", 11), ("db2", "BCD", 10)):
        all_of_them = Run(NAME, database, exercises, list(range(1, n + 1)), preset="full")
        for seed in (1, 2, 0):
            name = f"{database}-{exercises}-full-recommended-seed{seed}"
            yield name, dataclasses.replace(all_of_them, seed=seed)


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    runs = {
        name: load_records(NAME, database=name, preset="full", simulated=True)
        for name in module.DATABASES
    }
    studies = {name: load_records(NAME, study=name) for name in module.STUDIES}
    said = {each.database: f"+{each.text}" for each in module.REPORTED}
    shown, judged, rows = Fragments({}, {}, {}), {}, []
    for name, records in runs.items():
        accuracy = 100 * summaries.by_subject(records)
        gains = {each: accuracy[each] - accuracy[f"{each[:3]}_frozen"] for each in GAINS}
        verdicts = statistics.judge(module.claims(accuracy / 100))
        where = f"simulated {name.upper()}, {len(accuracy)} subjects"
        judged[where] = verdicts
        cells = {title: _gain(gains[each]) for each, title in GAINS.items()}
        rows.append({"gain over frozen, points": where, **cells, "paper's CNN": said[name]})
        shown.texts[f"methods_{name}"] = tables.by_sessions(records)
        shown.texts[f"claims_{name}"] = tables.judged(verdicts)
        shown.pictures[f"sessions_{name}"] = figures.sessions(summaries.by_session(records))
        numbers = {each: f"{gain.mean():+.1f}" for each, gain in gains.items()} | {
            "subjects": str(len(accuracy)),
            "classes": str(len(records[0].labels)),
            "seeds": str(len({record.seed for record in records})),
            "paper": said[name],
            "worst": f"{gains['cnn_recalibrated'].min():+.1f}",
            "worst_svm": f"{gains['svm_recalibrated'].min():+.1f}",
            "frozen": f"{accuracy['cnn_frozen'].mean():.1f} %",
            "recalibrated": f"{accuracy['cnn_recalibrated'].mean():.1f} %",
        }
        shown.numbers |= {f"{key}_{name}": value for key, value in numbers.items()}
    everything = [*runs["db2"], *runs["db3"], *studies["assumptions"], *studies["drift"]]
    assumptions = 100 * summaries.by_variant(studies["assumptions"]).mean().unstack(sort=False)
    assumptions = assumptions.rename(columns=figures.TITLES)
    assumptions["gain, points"] = assumptions.iloc[:, 1] - assumptions.iloc[:, 0]
    shown.texts |= {
        "card": cards.card(module, everything, judged),
        "gains": tables.markdown(pd.DataFrame(rows)),
        "marks": tables.marks(module, "db2", "recommended"),
        "assumptions": tables.frame(assumptions),
        "runs": tables.runs(everything),
    }
    drift = summaries.gains(studies["drift"], over="cnn_frozen")
    signs = summaries.signs(runs["db2"], "cnn_recalibrated")
    of_drift = "strength of the simulated drift", "gain over frozen, points"
    shown.pictures |= {
        "drift": figures.against(module.STRENGTHS, drift, *of_drift),
        "signs": figures.scatter(signs, "movements that the votes name, %", "accuracy, %"),
    }
    still = drift["cnn_recalibrated"][:, 0]
    shown.numbers |= {
        "still": f"{still.mean():+.1f}",
        "still_subjects": str(len(still)),
        "named_rho": f"{signs['named'].corr(signs['accuracy'], 'spearman'):.2f}",
    }
    return shown


def _gain(over_subjects: pd.Series) -> str:
    low, high = interval(over_subjects.to_numpy())
    return f"{over_subjects.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    gains = []
    for name in ("db2", "db3"):
        records = load_records(NAME, database=name, preset="full")
        mean = summaries.summary(records)["mean"]
        gains.append(
            f"{mean['cnn_recalibrated'] - mean['cnn_frozen']:+.1f} points (**simulated** "
            f"{name.upper()}, {len(records[0].subjects)} subjects)"
        )
    said = {each.database: each.text for each in module.REPORTED}
    stated = f"+{said['db2']} points (DB2, 50 movements), +{said['db3']} (DB3, 10 movements)"
    return f"{stated} | {', '.join(gains)}"
