"""Zhai 2017 in the book: the runs of its chapter, and what it shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.evaluation.statistics import interval
from semg_lib.papers import zhai2017 as module
from semg_lib.publishing import cards, tables
from semg_lib.publishing.chapters.common import Fragments
from semg_lib.recordings.source import available
from semg_lib.running.runs import Run
from semg_lib.signals.spectrograms import SPIRAL

NAME = "zhai2017"
NOT_RUN = "not run yet"
_FIGURE = "```{{figure}} ../generated/zhai2017/{}.png\n:alt: {}\n\n{}\n```\n"
REAL, ORDERS = "multiday", {"shuffled": "shuffled", "starts": "recorded"}  # the harder first
SUBJECTS = {"db3": [1, 2, 3, 4, 5, 6, 8, 9, 10, 11], "db2": [1, 2, 3]}  # no amputee 7: page 5


def plan(root: str) -> Iterator[tuple[str, Run]]:
    """Yield the runs of the chapter, with the names of their records; its page shows the last.

    Recordings of DB2 and DB3 were not at hand: these are simulated. Records of more seeds, and of
    other studies, are shown too where there are any.
    """
    for name, subjects in SUBJECTS.items():
        run = Run(NAME, name, subjects=subjects, preset="full")
        yield f"{name}-{module.DATABASES[name]}-full-recommended-seed0", run
    if root and available(REAL, "A", root):
        whole = Run(NAME, REAL, subjects=[1], root=root)
        for study in ORDERS:
            one = replace(whole, methods=["svm_none"], study=study)
            yield f"{REAL}-A-full-{study}-seed0", one
        yield f"{REAL}-A-full-recommended-seed0", whole


def _load(database: str, study: str = "") -> list[Record]:
    return load_records(NAME, database=database, study=study, preset="full")


def fragments() -> Fragments:
    """Return what the chapter shows of the records; what is not run yet says so."""
    chains = {order: _load(REAL, study) for study, order in ORDERS.items()}
    compared = {name: _load(name) for name in (REAL, *SUBJECTS)}
    found = {f"real sessions of one person, {order}": chains[order] for order in chains} | {
        f"simulated {name.upper()}": compared[name] for name in SUBJECTS
    }
    accuracy = {
        where: summaries.recalibrated(records) for where, records in found.items() if records
    }
    verdicts = {
        where: statistics.judge(module.claims(table))
        for where, table in accuracy.items()
        if len(table) > 2  # fewer have no interval
    }
    everything = [record for records in compared.values() for record in records]
    for name in compared:
        everything += [record for study in module.STUDIES for record in _load(name, study)]
    shown = Fragments(
        {
            "card": cards.card(module, everything, verdicts) if everything else NOT_RUN,
            "marks": tables.marks(module, "db2", "recommended"),
            "real": _gains(chains),
            "claims": "\n".join(f"{where}:\n\n{tables.judged(v)}" for where, v in verdicts.items())
            or NOT_RUN,
            "table_1": _table_1(),
            "table_2": _table_2(),
            "cost": _cost(),
            "runs": tables.runs(everything) if everything else NOT_RUN,
        },
        {"grid": figures.grids(SPIRAL, np.zeros((0, len(SPIRAL))), [])},
        {f"{kind}_{name}": NOT_RUN for kind in ("cnn", "svm") for name in compared},
    )
    for study in ("labels", "intensity", "long"):
        shown.texts[study] = NOT_RUN
        if records := _load(REAL, study):
            mean = 100 * summaries.recalibrated(records).groupby("variant", sort=False).mean()
            shown.texts[study] = tables.frame(mean.rename(columns=figures.TITLES))
    shown.texts["structure"] = NOT_RUN
    if records := _load("db2", "structure"):
        mean = 100 * summaries.by_subject(records).mean()
        shown.texts["structure"] = tables.frame(mean.to_frame("accuracy, %").rename_axis("network"))
    for name, records in compared.items():
        if records:
            table = 100 * summaries.recalibrated((name == REAL and chains["shuffled"]) or records)
            for kind in ("cnn", "svm"):
                gain = table[f"{kind}_last"] - table[f"{kind}_none"]
                shown.numbers[f"{kind}_{name}"] = f"{gain.mean():+.1f}"
    for name, records, draw, caption in (
        (f"sessions_{REAL}", compared[REAL], _sessions, "Real: the chain from the first session."),
        ("sessions_db2", compared["db2"], _sessions, "Simulated DB2, 50 classes."),
        ("reach", _load(REAL, "reach"), _reach, "Real: right labels gained in the first session."),
    ):
        shown.texts[name] = NOT_RUN
        if records:
            shown.pictures[name] = draw(records)
            shown.texts[name] = _FIGURE.format(name, shown.pictures[name].alt, caption)
    return shown


def _sessions(records: list[Record]) -> figures.Picture:
    return figures.sessions(summaries.by_session(records))


def _gains(chains: dict[str, list[Record]]) -> str:
    """Return the table of real gains, a row for each order and number of sessions that train."""
    rows = []
    for order, records in chains.items():
        everything = 100 * summaries.recalibrated(records) if records else pd.DataFrame()
        for n in module.STARTS:
            some = [name for name in everything.index if name[0].startswith(f"{n} from")]
            if not some:
                continue
            table = everything.loc[some]
            row = {"trials": order, "train first": n, "chains": len(table)}
            for method in table:
                none = f"{method[:3]}_none"
                gain = table[method] - table[none]
                low, high = interval(gain.to_numpy())
                text = f"{gain.mean():+.1f} ({low:+.1f} to {high:+.1f})".replace("nan", "?")
                row[figures.title(method)] = (
                    f"{table[none].mean():.1f} %" if method == none else text
                )
            rows.append(row)
    return tables.markdown(pd.DataFrame(rows)) if rows else NOT_RUN


def _table_1() -> str:
    """Return the paper's table 1 beside ours, simulated."""
    cells: dict[tuple[int, str], str] = {}
    for at, name, variant in ((0, "db2", "all"), (4, "db2", "ten"), (5, "db3", "ten")):
        records = _load(name, "baseline")
        for method in ("cnn_none", "svm_none") if records else ():
            mean = 100 * summaries.by_variant(records)[variant, method].mean()
            cells[at, method] = f"{mean:.2f}"
            if at == 0:  # the next three rows are those of its exercises
                counts = np.sum([r.confusion[f"all: {method}"] for r in records], axis=0)
                right = 100 * np.diag(counts) / counts.sum(axis=1)
                for row, (first, last) in enumerate(((1, 17), (18, 40), (41, 49)), 1):
                    cells[row, method] = f"{right[first : last + 1].mean():.2f}"
    rows = [
        {
            "baseline": f"{said.database.upper()}, {said.note.removeprefix('baseline, ')}",
            "classifier": said.method[:3].upper(),
            "paper, %": said.text,
            "simulated, %": cells.get((number // 2, said.method), NOT_RUN),
        }
        for number, said in enumerate(module.REPORTED)
    ]
    return tables.markdown(pd.DataFrame(rows))


def _table_2() -> str:
    """Return the paper's table 2 beside ours, simulated: points that Last-Only gains."""
    names, rows = ("II", "III", "IV", "V", "mean"), []
    for (data, kind), said in module.GAINS.items():
        study = "ten" if data.endswith("ten") else ""
        values = {"paper": [*said, float(np.mean(said))]}
        if records := _load(data[:3], study):
            each = 100 * summaries.by_session(records)
            last, none = (f"{study and 'ten: '}{kind}_{name}" for name in ("last", "none"))
            gain = (each.loc[last] - each.loc[none]).mean()[1:]
            values["simulated"] = [*gain, gain.mean()]
        for whose, numbers in values.items():
            texts = (f"{number:+.2f}" for number in numbers)
            head = {"data": data.upper(), "classifier": kind.upper(), "whose": whose}
            rows.append(head | dict(zip(names, texts, strict=True)))
    return tables.markdown(pd.DataFrame(rows))


def _cost() -> str:
    """Return seconds of the first training, on ten and on all movements."""
    scores = [score for record in _load("db2", "baseline") for score in record.scores]
    if not scores:
        return NOT_RUN
    seconds = pd.DataFrame([score.model_dump() for score in scores])
    mean = seconds.groupby("method", sort=False)["fit_seconds"].mean()
    return tables.frame(mean.to_frame("seconds a subject").rename_axis("movements: classifier"))


def _reach(records: list[Record]) -> figures.Picture:
    """Draw how far a window of neighbours corrects the labels of the first session (figure 4)."""
    right = 100 * summaries.by_session(records, value="corrected")[1].unstack("subject")
    lines = {}
    for kind, how in (("cnn", "median"), ("cnn", "mode"), ("svm", "mode")):
        each = right.loc[[f"{how} {n}: {kind}_none" for n in module.REACHES]].to_numpy()
        lines[f"{kind.upper()}, {how}"] = (each - each[0]).T
    told = "segments on either side", "right labels gained, points"
    return figures.against(module.REACHES, lines, *told)


def row() -> str:
    """Return the figures of the README's row: the paper's, and the records'."""
    said = {name: np.mean(module.GAINS[name, "cnn"]) for name in ("db2", "db3")}
    ours = fragments().numbers
    kinds = {REAL: "real sessions of one person"}
    found = [
        f"{ours[f'cnn_{name}']} points ({kinds.get(name, f'**simulated** {name.upper()}')})"
        for name in (REAL, "db2", "db3")
        if ours[f"cnn_{name}"] != NOT_RUN
    ]
    stated = (
        f"+{said['db2']:.2f} points (DB2, 50 movements), +{said['db3']:.2f} (DB3, 10 movements)"
    )
    return f"{stated} | {', '.join(found) or NOT_RUN}"
