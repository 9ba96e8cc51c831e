"""Ding 2018 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.learning import inspection
from semg_lib.papers import ding2018 as module
from semg_lib.publishing import cards, tables
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.recordings.source import available
from semg_lib.running.runs import Run

NAME = "ding2018"
PEOPLE = (2, *range(6, 14))  # of 3DC, those without a recording under four seconds
TABLE_2 = {each.method: each.mean for each in module.REPORTED}


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last.

    Without 3DC's files they are of look-alikes of the same people.
    """
    at_hand = bool(root and available("3dc", "A", root))
    real = partial(Run, NAME, "3dc", "A", [*PEOPLE], root if at_hand else "", "full")
    for study in module.STUDIES:
        yield f"3dc-A-full-{study}-seed0", real(study=study)
    yield "3dc-A-full-recommended-seed0", real()


def fragments() -> Fragments:
    """Return what the chapter shows of the records."""
    records = _records()
    studies = {name: load_records(NAME, study=name) for name in module.STUDIES}
    # Methods in the paper's order, ours behind.
    accuracy = summaries.by_subject(records)[[*module.METHODS]]
    judged = statistics.judge(module.claims(accuracy))
    everything = [*records, *(each for own in studies.values() for each in own)]
    shown = Fragments(
        {
            "card": cards.card(module, everything, {f"real 3DC, {len(accuracy)} people": judged}),
            "marks": tables.marks(module, "3dc", "recommended"),
            "variants": _variants(),
            "methods": _methods(records),
            "claims": _claims(judged),
            "windows": _windows(accuracy, studies["windows"]),
            "fewer": _fewer(accuracy, studies["fewer"]),
            "runs": tables.runs(everything),
        },
        {
            "dots": figures.subject_dots(accuracy),
            "costs": figures.costs(_costs(accuracy)),
        },
        {
            "subjects": str(len(accuracy)),
            "epochs": str(records[0].settings["recipe"]["epochs"]),
            "apart_two": _gain(accuracy["C-B1PB2"] - accuracy["C-DK"]),
            "apart_narrow": _gain(accuracy["C-SK2"] - accuracy["C-SK"]),
            "paper_apart_two": f"+{TABLE_2['C-B1PB2'] - TABLE_2['C-DK']:.2f}",
            "paper_apart_narrow": f"+{TABLE_2['C-SK2'] - TABLE_2['C-SK']:.2f}",
            "paper": f"{TABLE_2['C-B1PB2']:.2f} %",
            "paper_all": f"{TABLE_2['C-B1PB2, all gestures']:.2f} %",
        }
        | {
            str(name).replace("-", "_"): f"{100 * mean:.1f} %"
            for name, mean in accuracy.mean().items()
        },
    )
    held_out = summaries.by_variant(studies["repetitions"]).T.groupby("method").mean().T
    shown.numbers["repetitions_gain"] = _gain(held_out["C-SK2"] - held_out["C-SK"])
    return shown


def _records() -> list[Record]:
    return load_records(NAME, database="3dc", preset="full")


def _variants() -> str:
    """Return the table of the networks that are compared, and what they cost."""
    rows = []
    for name, blocks in module.VARIANTS.items():
        network = module.DingNet(12, 200, 17, name)
        rows.append(
            {
                "network": name,
                "kernels, samples": " and ".join(str(block.width) for block in blocks),
                "electrodes": "apart" if blocks[0].apart else "mixed",
                "features": f"{network.hidden[0].in_features:,}",
                "parameters": f"{sum(p.numel() for p in network.parameters()):,}",
                "million multiply-adds": f"{inspection.multiply_adds(network, 12, 200) / 1e6:.0f}",
            }
        )
    return tables.markdown(pd.DataFrame(rows))


def _methods(records: Sequence[Record]) -> str:
    """Return ours on people beside the paper's Table 2, which is of others."""
    order = [*module.METHODS, *(name for name in TABLE_2 if name not in module.METHODS)]
    ours = summaries.summary(records).reindex(order)
    mean = tables.text(ours["mean"]) + " ± " + tables.text(ours["sd"])
    shown = {
        "method": [figures.title(name) for name in order],
        f"ours: real 3DC, {len(records[0].subjects)} people, 11 gestures, %": mean.where(
            ours["mean"].notna(), ""
        ),
        "95 % interval of the mean": tables.between(ours),
        "balanced, %": tables.text(ours["balanced"]),
        "paper's Table 2: DB2, exercise B, 17 gestures, %": [
            f"{TABLE_2[name]:.2f}" if name in TABLE_2 else "" for name in order
        ],
    }
    return tables.markdown(pd.DataFrame(shown))


def _claims(verdicts: pd.DataFrame) -> str:
    """Return the verdicts on people, with what the paper's Table 2 makes of the same claims."""
    # Two subjects with the table's means: differences of means need no more.
    said = pd.DataFrame([TABLE_2 | dict.fromkeys(module.CLASSICAL, TABLE_2["CC"])] * 2)
    gains = pd.DataFrame(module.claims(said)).mean()
    titled = [f"{claim} (paper: {gains[claim]:+.2f})" for claim in verdicts.index]
    return tables.judged(verdicts.set_axis(titled))


def _costs(accuracy: pd.DataFrame) -> pd.DataFrame:
    networks = {name: module.DingNet(10, 100, 11, name) for name in module.VARIANTS}
    costs = {name: inspection.multiply_adds(each, 10, 100) for name, each in networks.items()}
    shown = {"accuracy": 100 * accuracy.mean(), "million multiply-adds": pd.Series(costs) / 1e6}
    return pd.DataFrame(shown).loc[[*costs]]


def _gain(over_subjects: pd.Series) -> str:
    """Return the mean of differences, fractions, in points, with its 95 % interval."""
    points = 100 * over_subjects.dropna().to_numpy()
    low, high = statistics.interval(points)
    return f"{points.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def _windows(accuracy: pd.DataFrame, studied: Sequence[Record]) -> str:
    """Return what longer windows, and longer kernels with them, gain."""
    long = summaries.by_variant(studied)["200 ms"]
    rows = [
        {
            "method, **real** 3DC": figures.title(method),
            "100 ms, %": f"{100 * accuracy[method].mean():.1f}",
            "200 ms, %": f"{100 * long[method].mean():.1f}",
            "gain, points (95 % interval)": _gain(long[method] - accuracy[method]),
        }
        for method in module.STUDIES["windows"].methods
    ]
    return tables.markdown(pd.DataFrame(rows))


def _fewer(accuracy: pd.DataFrame, studied: Sequence[Record]) -> str:
    """Return what keeping electrodes apart gains, by how many windows trained."""
    sparse = summaries.by_variant(studied)["a fifth"]
    rows = [
        {
            "**real** 3DC, trained on": f"a window every {step} ms",
            "C-SK2, %": f"{100 * own['C-SK2'].mean():.1f}",
            "C-SK, %": f"{100 * own['C-SK'].mean():.1f}",
            "gain, points (95 % interval)": _gain(own["C-SK2"] - own["C-SK"]),
        }
        for step, own in (("20", accuracy), ("100", sparse))
    ]
    return tables.markdown(pd.DataFrame(rows))


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    ours = summaries.summary(_records())
    names = ("C-B1PB2", "C-DK", "C-SK2", "C-SK", "svm")
    said = ", ".join(f"{figures.title(each)} {ours['mean'][each]:.1f} %" for each in names)
    return (
        f"C-B1PB2 {TABLE_2['C-B1PB2']:.2f} % (DB2, exercise B) | {said} (real 3DC, "
        f"{ours['subjects']['C-B1PB2']:.0f} subjects)"
    )
