"""Atzori 2016 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.errors import DataError
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.learning import baselines
from semg_lib.papers import atzori2016 as module
from semg_lib.publishing import listing, tables
from semg_lib.publishing.chapters import common
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.running import runs
from semg_lib.running.runs import Run
from semg_lib.studies import grid

NAME = "atzori2016"
STATED = "z-scores, 1 Hz, pytorch, 0.001, noise"  # the study's name of the recipe `paper`
_FEW = ["lda_td", "knn_rms", "svm_all", "random_forest_all"]  # pairs for another set of people


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last."""
    subjects = runs.available("db1", "A", root)
    if not subjects:
        raise DataError(f"{root}: no file of DB1, exercise A; name the folder with NinaPro's files")
    for subject in subjects[:2]:
        yield (
            f"db1-A-full-optimiser-seed0-s{subject}",
            Run(NAME, subjects=[subject], root=root, methods=["lda"], study="optimiser"),
        )
    for seed in (0, 1, 2):
        yield (
            f"db1-A-full-filter-seed{seed}",
            Run(NAME, subjects=subjects, root=root, seed=seed, methods=["lda"], study="filter"),
        )
    yield "db1-A-full-paper-seed0", Run(NAME, subjects=subjects, root=root, recipe="paper")
    people = runs.available("3dc", "A", root)
    if people:
        methods = ["cnn", *baselines.NAMES, *_FEW]
        yield (
            "3dc-A-full-recommended-seed0",
            Run(NAME, "3dc", subjects=people, root=root, methods=methods),
        )
    for seed in (1, 2, 0):
        yield (
            f"db1-A-full-recommended-seed{seed}",
            Run(NAME, subjects=subjects, root=root, seed=seed, methods=["cnn"] if seed else []),
        )


def _real(database: str = "db1", recipe: str = "recommended") -> list[Record]:
    return load_records(NAME, recipe=recipe, database=database, simulated=False)


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    real, papers, armband = _real(), _real(recipe="paper"), _real("3dc")
    studied, filters = (
        load_records(NAME, study=name, simulated=False) for name in ("optimiser", "filter")
    )
    everything = [*papers, *studied, *filters, *armband]
    shown = common.compared(module, real, everything, grid.TITLES)
    plain, two = summaries.by_subject(real), summaries.by_subject(studied)
    smooth = grid.smoothed(papers, filters)
    by_filter = summaries.by_variant(filters)
    over = listing.over(by_filter, "none")
    gained = over["gained"].to_dict()
    others = statistics.judge(
        module.claims(summaries.by_subject(armband), classical=baselines.NAMES)
    )
    beside = grid.beside(plain, smooth)
    shown.texts |= {
        "grid": tables.markdown(beside.apply(tables.text).reset_index()),
        "fair": _fair(grid.fair(plain, smooth)),
        "filter": tables.markdown(listing.gains(over, "none").T.rename_axis("").reset_index()),
        "answer": grid.answer(studied) + "\n",
        "rates": tables.frame(grid.at_rates(two)),
        "armband": tables.methods(module, armband, "3dc", grid.TITLES),
        "armband_claims": tables.judged(others),
    }
    average = plain[list(module.PAIRS)].mean(axis=1)
    few = plain[["cnn", *baselines.NAMES, *(f"{name}_all" for name in baselines.NAMES)]]
    said = {each.method: each for each in module.REPORTED if each.database == "db1"}
    counts = np.sum([record.confusion["cnn"] for record in real], axis=0)
    shown.pictures |= {
        "dots": figures.subject_dots(
            few.assign(**{"classical average": average}),
            titles=grid.TITLES,
            reported=list(said.values()),
        ),
        "confusion": figures.confusion(counts, real[0].labels, "CNN"),
        "study": figures.heat(
            grid.at_stated_rate(two), "initial weights, noise copies", "input, low-pass"
        ),
    }
    pairs = 100 * plain[list(module.PAIRS)].mean()
    cnn, stated = summaries.summary(real).loc["cnn"], summaries.by_subject(papers)["cnn"]
    shown.numbers |= {
        "seeds": f"{cnn['seeds']:.0f}",
        "cnn_sd": f"{cnn['sd']:.1f}",
        "average": f"{pairs.mean():.1f} %",
        "average_of_all": f"{100 * plain[list(module.GRID)].mean().mean():.1f} %",
        "best": figures.title(pairs.idxmax(), grid.TITLES),
        "best_accuracy": f"{pairs.max():.1f} %",
        "paper_cnn": f"{said['cnn'].mean} %",
        "paper_average": f"{said['classical average'].mean} %",
        "paper_best": f"{said['random_forest_all'].mean} %",
        "order": f"{pairs.corr(grid.bars('db1'), 'spearman'):.2f}",
        "stated": f"{100 * stated.mean():.1f} %",
        "stated_subjects": str(len(stated)),
        "stated_two": f"{100 * stated[two.index].mean():.1f} %",
        "stated_variant": f"{100 * two[STATED].mean():.1f} %",
        "bare": f"{100 * two['z-scores, pytorch, 0.001'].mean():.1f} %",
        "filter_cnn": f"{gained['1 Hz', 'cnn']:+.1f}",
        "causal_cnn": f"{gained['1 Hz, forwards', 'cnn']:+.1f}",
        "armband_subjects": str(len(armband[0].subjects)),
        "armband_classes": str(len(armband[0].labels)),
    }
    return shown


def _fair(judged: pd.DataFrame) -> str:
    """Return the verdicts on each of the terms as a table."""
    terms = judged["terms"] + tables.text(judged["CNN"], ": CNN {:.1f} %")
    terms += tables.text(judged["average"], ", average {:.1f} %") + ", best " + judged["best"]
    p = tables.text(judged["p"], "{:.4f}").where(judged["p"] >= 0.0001, "< 0.0001")
    shown = {
        "on these terms": terms.where(~judged["terms"].duplicated(), ""),
        "claim": judged["claim"],
        "difference, points": tables.text(judged["difference"], "{:+.1f}"),
        "95 % interval": tables.between(judged, "{:+.1f}"),
        "p": p,
        "verdict": tables.text(judged["verdict"], "**{}**"),
    }
    return tables.markdown(pd.DataFrame(shown))


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    ours = summaries.summary(_real())
    mean = ours["mean"]
    said = {each.method: each.mean for each in module.REPORTED if each.database == "db1"}
    return (
        f"CNN {said['cnn']} %, classical average {said['classical average']} %, Random Forests "
        f"{said['random_forest_all']} % (DB1, 27 subjects, 52 movements) | CNN "
        f"{mean['cnn']:.1f} %, classical average {mean[list(module.PAIRS)].mean():.1f} %, Random "
        f"Forests {mean['random_forest_all']:.1f} % (DB1 exercise A, {ours['subjects']['cnn']:.0f} "
        "subjects, 12 movements and rest)"
    )
