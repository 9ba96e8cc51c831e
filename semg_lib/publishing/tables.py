"""The tables that the book's prose pages show of the records, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.provenance import code_hash
from semg_lib.evaluation.records import Record, load_records
from semg_lib.evaluation.statistics import interval
from semg_lib.learning import baselines, settings


def table(header: Sequence[str], rows: Iterable[Sequence[object]], rest: str = ":-:") -> str:
    """Return a Markdown table; columns after the first are centred, or as ``rest`` says."""
    marks = [":--", *[rest] * (len(header) - 1)]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def methods(module: ModuleType, records: Sequence[Record], database: str) -> str:
    """Return the paper's numbers beside ours, one row a method; unknown cells stay empty."""
    said = {each.method: each for each in module.REPORTED if each.database == database}
    ours = summaries.summary(records)
    classical = summaries.by_subject(records).filter(baselines.NAMES)
    average = 100 * classical.mean(axis=1)
    rows = []
    for method in [*ours.index, *(name for name in said if name not in ours.index)]:
        paper = said[method].text if method in said else ""
        cells = ["", "", "", ""]
        if method in ours.index:
            row = ours.loc[method]
            cells = [
                f"{row['mean']:.1f} ± {row['sd']:.1f}",
                f"{row['low']:.1f} to {row['high']:.1f}",
                f"{row['balanced']:.1f}",
                f"{row['seeds']:.0f}",
            ]
        elif method == "classical average":
            low, high = interval(average.to_numpy())
            cells[:2] = [
                f"{average.mean():.1f} ± {average.std():.1f}",
                f"{low:.1f} to {high:.1f}",
            ]
        rows.append([figures.TITLES.get(method, method), *cells, paper])
    kind = "simulated, " if records[0].simulated else ""
    header = [
        "method",
        f"ours ({kind}{len(records[0].subjects)} subjects, exercise {records[0].exercises}), %",
        "95 % interval of the mean",
        "balanced, %",
        "seeds",
        "paper, %",
    ]
    return table(header, rows)


def judged(verdicts: pd.DataFrame) -> str:
    """Return the table of claims."""
    rows = [
        [
            claim,
            f"{row['difference']:+.1f}",
            f"{row['low']:+.1f} to {row['high']:+.1f}",
            "< 0.0001" if row["p"] < 0.0001 else f"{row['p']:.4f}",
            f"**{row['verdict']}**",
        ]
        for claim, row in verdicts.iterrows()
    ]
    header = ["claim", "difference, points", "95 % interval", "p", "verdict"]
    return table(header, rows)


def runs(records: Sequence[Record]) -> str:
    """Return what was run, on what, by which code."""
    rows = [
        [
            record.study or "comparison",
            f"{'simulated ' if record.simulated else ''}{record.database.upper()} "
            f"{record.exercises}, {len(record.subjects)}",
            f"{record.recipe}, {record.seed}",
            len(dict.fromkeys(score.method for score in record.scores)),
            f"{record.wall_seconds / 60:.0f} min",
            record.date,
            "unchanged" if unchanged(record) else "changed",
        ]
        for record in records
    ]
    header = ["run", "data and exercises, subjects", "recipe, seed", "methods", "took", "date"]
    devices = "; ".join(dict.fromkeys(record.device for record in records))
    return table([*header, "code since"], rows) + f"\nRun on {devices}.\n"


def unchanged(record: Record) -> bool:
    """Tell whether the code is still what made a record."""
    return record.code == code_hash(record.paper, simulated=record.simulated)


def marks(module: ModuleType, database: str, recipe: str) -> str:
    """Return every setting with its mark."""
    shown = settings.table(module.Settings.named(database, recipe))
    rows = [[name, row["value"], row["mark"], row["note"]] for name, row in shown.iterrows()]
    return table(["setting", "value", "mark", "what it is"], rows)


def study(records: Sequence[Record]) -> str:
    """Return the accuracies of a study, one row a variant, one column a subject."""
    accuracy = 100 * summaries.by_subject(records)
    rows = [
        [name, *(f"{value:.1f}" for value in values), f"{values.mean():.1f}"]
        for name, values in accuracy.items()
    ]
    return table(["variant", *(f"subject {each}" for each in accuracy.index), "mean"], rows)


def recipes(paper: str, method: str) -> str:
    """Return a method's accuracy under both recipes, on the subjects that both were run on."""
    by = {
        name: summaries.by_subject(load_records(paper, recipe=name, seed=0, simulated=False))
        for name in ("paper", "recommended")
    }
    both = sorted(set(by["paper"].index) & set(by["recommended"].index))
    rows = []
    for name, accuracy in by.items():
        values = 100 * accuracy.loc[both, method]
        rows.append([name, *(f"{value:.1f}" for value in values), f"{values.mean():.1f}"])
    return table(["recipe", *(f"subject {each}" for each in both), "mean"], rows)


def by_sessions(records: Sequence[Record]) -> str:
    """Return accuracy averaged over sessions, and that of the first and the last session."""
    mean, each = summaries.summary(records), 100 * summaries.by_session(records)
    rows = []
    for method, row in mean.iterrows():
        of_method = each.loc[method]
        rows.append(
            [
                figures.TITLES.get(method, method),
                f"{row['mean']:.1f} ± {row['sd']:.1f}",
                f"{row['low']:.1f} to {row['high']:.1f}",
                f"{of_method.iloc[:, 0].mean():.1f}",
                f"{of_method.iloc[:, -1].mean():.1f}",
                f"{row['seeds']:.0f}",
            ]
        )
    kind = "simulated, " if records[0].simulated else ""
    header = [
        "method",
        f"ours ({kind}{len(records[0].subjects)} subjects, {len(records[0].labels)} classes), %",
        "95 % interval of the mean",
        "first session",
        "last session",
        "seeds",
    ]
    return table(header, rows)


def frame(values: pd.DataFrame) -> str:
    """Return a table of numbers, to one decimal."""
    rows = [[name, *(f"{each:.1f}" for each in row)] for name, row in values.iterrows()]
    return table([values.index.name or "", *values.columns], rows)
