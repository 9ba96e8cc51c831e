"""Atzori 2016 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.errors import DataError
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.figures import diagrams
from semg_lib.learning import baselines
from semg_lib.papers import atzori2016 as module
from semg_lib.publishing import listing, tables
from semg_lib.publishing.chapters import common
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.recordings.source import available
from semg_lib.running.runs import Run
from semg_lib.studies import grid

NAME = "atzori2016"
TITLES = grid.TITLES
SHORT = "a plain CNN"
CLAIM = "a CNN is above the average classical method and below the best"
FRONT = (
    "above the average classical method, below the best. Here, {kind} DB1: CNN {cnn}, classical "
    "average {average}, best {best_accuracy}, by {best} ({subjects} people)"
)
STATED = "z-scores, 1 Hz, pytorch, 0.001, noise"  # the study's name of the recipe `paper`


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last.

    People of 3DC are among them where their files are at hand.
    """
    subjects = available("db1", "A", root)
    if not subjects:
        raise DataError(f"{root}: no file of DB1, exercise A; name the folder with NinaPro's files")
    if people := available("3dc", "A", root):
        yield "3dc-A-full-recommended-seed0", Run(NAME, "3dc", subjects=people, root=root)
    whole = Run(NAME, subjects=subjects, root=root)
    few = replace(whole, subjects=subjects[:2], methods=["lda"])
    yield "db1-A-full-optimiser-seed0", replace(few, study="optimiser")
    yield "db1-A-full-filter-seed0", replace(whole, methods=["lda"], study="filter")
    yield "db1-A-full-paper-seed0", replace(whole, recipe="paper")
    for name, seed, methods in (
        ("seed1", 1, ["cnn"]),
        ("seed2", 2, ["cnn"]),
        ("seed0-pairs", 0, list(module.GRID)),
        ("seed0", 0, ["cnn", *baselines.NAMES]),
    ):
        yield f"db1-A-full-recommended-{name}", replace(whole, seed=seed, methods=methods)


def _real(database: str = "db1", recipe: str = "recommended") -> list[Record]:
    return load_records(NAME, database=database, recipe=recipe, simulated=False)


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    every, papers, armband = _real(), _real(recipe="paper"), _real("3dc")
    studied, filters = (
        load_records(NAME, database="db1", study=name, simulated=False)
        for name in ("optimiser", "filter")
    )
    real = [record for record in every if "cnn" in record.confusion]
    pairs = [record for record in every if record not in real]
    plain, smooth = summaries.by_subject(every), grid.smoothed(papers, filters)
    whole = grid.complete(plain, module.PAIRS)
    shown = common.compared(
        module,
        [*real, *pairs],
        [*papers, *studied, *filters, *armband],
        TITLES,
        module.PAIRS,
    )
    two = summaries.by_subject(studied)
    beside = grid.beside(plain, smooth).apply(tables.text).reset_index()
    judged = grid.fair(plain, smooth)
    of_all = grid.complete(plain)[list(module.GRID)].mean(axis=1)
    average, best = whole[list(module.PAIRS)].mean(axis=1), whole[list(module.PAIRS)].mean()
    shown.texts |= {
        "methods": tables.methods(module, real, "db1", TITLES),
        "grid": tables.markdown(beside),
        "fair": _fair(judged),
        "short": grid.verdicts(judged),
        "filter": _filter(filters),
        "answer": grid.answer(studied) + "\n",
        "rates": tables.frame(grid.at_rates(two)),
        "armband": _armband(armband),
    }
    said = {each.method: each for each in module.REPORTED if each.database == "db1"}
    counts = np.sum([record.confusion["cnn"] for record in real], axis=0)
    confused = summaries.confused(counts, real[0].labels, "db1")
    confused["% of its windows"] = tables.text(confused["% of its windows"])
    shown.texts["confused"] = tables.markdown(confused)
    few = plain.reindex(columns=["cnn", *baselines.NAMES, "random_forest_all"])
    shown.pictures |= {
        "dots": figures.subject_dots(
            few.assign(**{"classical average": average}).dropna(axis=1, how="all"),
            titles=TITLES,
            reported=list(said.values()),
        ),
        "confusion": figures.confusion(counts, real[0].labels, "CNN", "db1"),
        "study": figures.heat(
            grid.at_stated_rate(two), "initial weights, noise copies", "input, low-pass"
        ),
    }
    cnn = summaries.summary(real).loc["cnn"]
    shown.numbers |= {
        "subjects": str(len(plain)),
        "seeds": f"{cnn['seeds']:.0f}",
        "cnn_sd": f"{cnn['sd']:.1f}",
        "pairs_subjects": str(len(whole)),
        "smooth_subjects": str(len(grid.complete(smooth))),
        "paper_cnn": f"{said['cnn'].mean} %",
        "paper_average": f"{said['classical average'].mean} %",
        "paper_best": f"{said['random_forest_all'].mean} %",
        "stated": f"{100 * two[STATED].mean():.1f} %",
        "bare": f"{100 * two['z-scores, pytorch, 0.001'].mean():.1f} %",
        "study_subjects": str(len(two)),
        "average": f"{100 * average.mean():.1f} %",
        "average_of_all": f"{100 * of_all.mean():.1f} %",
        "best": figures.title(best.idxmax(), TITLES),
        "best_accuracy": f"{100 * best.max():.1f} %",
        "order": f"{best.corr(grid.bars('db1'), 'spearman'):.2f}",
    }
    network = module.AtzoriNet(10, 15, 53)
    shown.drawings["network"] = diagrams.network(network, "The CNN of Atzori et al. (2016) for DB1")
    return shown


def _filter(records: list[Record]) -> str:
    """Return what the 1 Hz low-pass gains, with both phases, one row a method."""
    gained = listing.gains(listing.over(summaries.by_variant(records), "none"), "none")
    return tables.markdown(gained.T.rename_axis("classifier").reset_index())


def _armband(records: list[Record]) -> str:
    """Return the methods on another set of people, and the claims judged on our features."""
    accuracy = summaries.by_subject(records)
    own, pairs = (
        tables.judged(statistics.judge(module.claims(accuracy, names)))
        for names in (baselines.NAMES, module.PAIRS)
    )
    return (
        tables.captioned(
            tables.methods(module, records, "3dc", TITLES),
            f"Accuracy on {len(accuracy)} people of 3DC: mean ± standard deviation.",
        )
        + "\n"
        + tables.captioned(pairs, "3DC: the claims on the paper's 18 pairs.")
        + "\n"
        + tables.captioned(
            own,
            "3DC: the claims on the four classifiers with our features, which see the CNN's "
            "windows.",
        )
    )


def _fair(judged: pd.DataFrame) -> str:
    """Return the verdicts, a table for each of the terms."""
    told = []
    for terms, own in judged.groupby("terms", sort=False):
        title = str(terms)
        first = own.iloc[0]
        told.append(
            tables.captioned(
                tables.judged(own.set_index("claim")),
                f"{title[0].upper()}{title[1:]}, {first['subjects']} subjects: CNN "
                f"{first['CNN']:.1f} %, average {first['average']:.1f} %, best {first['best']}.",
            )
        )
    return "\n".join(told)


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    plain = 100 * summaries.by_subject(_real())
    whole = grid.complete(plain, module.PAIRS)[list(module.PAIRS)].mean()
    said = {each.method: each.mean for each in module.REPORTED if each.database == "db1"}
    return (
        f"CNN {said['cnn']} %, average of 18 classical pairs {said['classical average']} %, best "
        f"{said['random_forest_all']} % (DB1, 27 subjects, 52 movements) | CNN "
        f"{plain['cnn'].mean():.1f} %, Random Forests {plain['random_forest'].mean():.1f} %, "
        f"average of the pairs {whole.mean():.1f} % (DB1 exercise A, {len(plain)} "
        "subjects, 12 movements and rest)"
    )
