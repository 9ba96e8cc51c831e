"""Template 2000 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator

from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.papers import template2000 as module
from semg_lib.publishing.chapters import common
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.running.runs import Run

NAME = "template2000"
SHORT = "a few words"  # what pages call the paper
CLAIM = "its claim"  # in the README
FRONT = "its claim. Here, {subjects} {kind} subjects: CNN {cnn}, LDA {lda}"  # on the front page


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last."""
    yield common.comparison(NAME, root)


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    return common.compared(module, _records())


def _records() -> list[Record]:
    return load_records(NAME, recipe="recommended", preset="full")


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    records = _records()
    ours = summaries.summary(records)["mean"]
    of = ("**simulated** " if records[0].simulated else "") + records[0].database.upper()
    return f"not stated | CNN {ours['cnn']:.1f} %, LDA {ours['lda']:.1f} % ({of})"
