"""Ding 2018 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.learning import inspection
from semg_lib.papers import ding2018 as module
from semg_lib.publishing import tables
from semg_lib.publishing.chapters import common
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.running.runs import Run

NAME = "ding2018"


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last.

    Recordings of DB2 were not at hand: all are simulated.
    """
    six, ten = list(range(1, 7)), list(range(1, 11))
    yield (
        "db2-B-full-crosstalk-seed0",
        Run(NAME, subjects=six, methods=["svm"], study="crosstalk", preset="full"),
    )
    yield (
        "db2-BCD-full-recommended-seed0",
        Run(NAME, exercises="BCD", subjects=ten, methods=["C-B1PB2"], preset="full"),
    )
    yield "db2-B-full-recommended-seed0", Run(NAME, subjects=ten, preset="full")


def _simulated(exercises: str) -> list[Record]:
    return load_records(NAME, exercises=exercises, preset="full", simulated=True)


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    wide, studied = _simulated("BCD"), load_records(NAME, study="crosstalk")
    shown = common.compared(module, _simulated("B"), [*wide, *studied])
    shown.texts["variants"] = _variants()
    gains = summaries.gains(studied, over="C-SK")
    of_crosstalk = "simulated crosstalk", "gain over C-SK, points"
    shown.pictures["crosstalk"] = figures.against(module.STRENGTHS, gains, *of_crosstalk)
    all_exercises = summaries.by_subject(wide)["C-B1PB2"]
    shown.numbers |= {
        "proposal": shown.numbers["C-B1PB2"],
        "mixed": shown.numbers["C-DK"],
        "wide": f"{100 * all_exercises.mean():.1f} %",
        "wide_subjects": str(len(all_exercises)),
        "paper": f"{module.REPORTED[0].text} %",
    }
    return shown


def _variants() -> str:
    """Return the table of the networks that are compared, and what they cost."""
    rows = []
    for name, blocks in module.VARIANTS.items():
        network = module.DingNet(12, 200, 17, name)
        rows.append(
            {
                "variant": name,
                "kernels, samples": " and ".join(str(block.width) for block in blocks),
                "electrodes": "apart" if blocks[0].apart else "mixed",
                "features": f"{network.hidden[0].in_features:,}",
                "parameters": f"{sum(p.numel() for p in network.parameters()):,}",
                "million multiply-adds": f"{inspection.multiply_adds(network, 12, 200) / 1e6:.0f}",
            }
        )
    return tables.markdown(pd.DataFrame(rows))


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    ours = summaries.summary(_simulated("B"))
    mean = ours["mean"]
    return (
        f"C-B1PB2 {module.REPORTED[0].text} % (DB2, as cited) | C-B1PB2 {mean['C-B1PB2']:.1f} %, "
        f"C-DK {mean['C-DK']:.1f} %, C-SK {mean['C-SK']:.1f} % (**simulated** DB2 exercise B, "
        f"{ours['subjects']['C-B1PB2']:.0f} subjects)"
    )
