"""Atzori 2016 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from semg_lib import figures
from semg_lib.errors import DataError
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.papers import atzori2016 as module
from semg_lib.publishing import tables
from semg_lib.publishing.chapters import common
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.recordings.source import available
from semg_lib.running.runs import Run

NAME = "atzori2016"
# The variants whose curves tell the story; all at once cannot be told apart.
TELLING = (
    "pytorch, 0.001",
    "matconvnet, 0.001",
    "he, 0.001",
    "pytorch, 0.001, summed loss",
    "pytorch, 0.05",
    "he, 0.05",
    "he, 0.05, cosine",
)


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last."""
    subjects = available("db1", "A", root)
    if not subjects:
        raise DataError(f"{root}: no file of DB1, exercise A; name the folder with NinaPro's files")
    for subject in subjects[:2]:
        yield (
            f"db1-A-full-study-seed0-s{subject}",
            Run(NAME, subjects=[subject], root=root, methods=["cnn"], study="optimiser"),
        )
    yield "db1-A-full-paper-seed0", Run(NAME, subjects=subjects[:4], root=root, recipe="paper")
    for seed in (1, 2, 0):
        yield (
            f"db1-A-full-recommended-seed{seed}",
            Run(NAME, subjects=subjects, root=root, seed=seed, methods=["cnn"] if seed else []),
        )


def _real() -> list[Record]:
    return load_records(NAME, recipe="recommended", database="db1", simulated=False)


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    real, studied = _real(), load_records(NAME, study="optimiser", simulated=False)
    papers = load_records(NAME, recipe="paper", simulated=False)
    shown = common.compared(module, real, [*papers, *studied])
    accuracy = 100 * summaries.by_subject(real)
    said = {each.method: each for each in module.REPORTED if each.database == "db1"}
    counts = np.sum([record.confusion["cnn"] for record in real], axis=0)
    confused = summaries.confused(counts, real[0].labels, "db1")
    confused["% of its windows"] = tables.text(confused["% of its windows"])
    shown.texts |= {
        "study": tables.study(studied),
        "recipes": tables.recipes(NAME, "cnn"),
        "confused": tables.markdown(confused, rest="left"),
    }
    losses = {name: studied[0].losses[name][0] for name in TELLING}
    shown.pictures |= {
        "dots": figures.subject_dots(accuracy / 100, reported=list(said.values())),
        "confusion": figures.confusion(counts, real[0].labels, "CNN", "db1"),
        "study": figures.curves(losses),
    }
    classical = accuracy.drop(columns="cnn").mean()
    cnn = summaries.summary(real).loc["cnn"]
    shown.numbers |= {
        "seeds": f"{cnn['seeds']:.0f}",
        "cnn_sd": f"{cnn['sd']:.1f}",
        "average": f"{classical.mean():.1f} %",
        "best": figures.title(classical.idxmax()),
        "best_accuracy": f"{classical.max():.1f} %",
        "paper_cnn": f"{said['cnn'].mean} %",
        "paper_average": f"{said['classical average'].mean} %",
        "paper_best": f"{said['random_forest'].mean} %",
    }
    return shown


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    ours = summaries.summary(_real())
    mean = ours["mean"]
    said = {each.method: each.mean for each in module.REPORTED if each.database == "db1"}
    return (
        f"CNN {said['cnn']} %, classical average {said['classical average']} %, Random Forests "
        f"{said['random_forest']} % (DB1, 27 subjects, 52 movements) | CNN {mean['cnn']:.1f} %, "
        f"classical average {mean.drop('cnn').mean():.1f} %, Random Forests "
        f"{mean['random_forest']:.1f} % (DB1 exercise A, {ours['subjects']['cnn']:.0f} "
        "subjects, 12 movements and rest)"
    )
