"""The tables that the book's prose pages show of the records, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import ModuleType

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record
from semg_lib.evaluation.statistics import interval
from semg_lib.figures import hands
from semg_lib.learning import baselines, settings
from semg_lib.recordings import databases

# A number, perhaps with its sign, spread, interval and unit.
NUMBER = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*( to [^A-Za-z]*)?( [a-z]+\)?)?")


def markdown(shown: pd.DataFrame) -> str:
    """Return a table as pages include it: columns of numbers to the right, others to the left."""
    cells = shown.astype(str)
    sides = ["left"]
    for name in cells.columns[1:]:
        known = cells[name][cells[name] != ""]
        numbers = len(known) and known.str.fullmatch(NUMBER).all()
        sides.append("right" if numbers else "left")
    return cells.to_markdown(index=False, colalign=sides, disable_numparse=True) + "\n"


def captioned(table: str, caption: str) -> str:
    """Return a table of `markdown` with a caption and, in the book, a number."""
    return f"```{{table}} {caption}\n{table}```\n"


def text(values: pd.Series, form: str = "{:.1f}") -> pd.Series:
    """Return numbers as text; what is not known stays empty."""
    return values.map(form.format, na_action="ignore").astype(object).fillna("")


def between(table: pd.DataFrame, form: str = "{:.1f}") -> pd.Series:
    """Return the intervals between columns ``low`` and ``high`` as text."""
    ends = text(table["low"], form) + " to " + text(table["high"], form)
    return ends.where(table["low"].notna(), "")


def points(values: pd.Series) -> str:
    """Return the mean of differences, fractions, in points; with its interval if it has one."""
    known = 100 * values.dropna().to_numpy()
    low, high = interval(known)
    return f"{known.mean():+.1f}" + ("" if low != low else f" ({low:+.1f} to {high:+.1f})")


def methods(
    module: ModuleType,
    records: Sequence[Record],
    database: str,
    titles: Mapping[str, str] = figures.TITLES,
) -> str:
    """Return the paper's numbers beside ours, one row a method; unknown cells stay empty."""
    said = {each.method: each.text for each in module.REPORTED if each.database == database}
    ours = summaries.summary(records)
    order = [*ours.index, *(name for name in said if name not in ours.index)]
    classical = summaries.by_subject(records).filter(getattr(module, "PAIRS", baselines.NAMES))
    average = 100 * classical.mean(axis=1).dropna()
    low, high = interval(average.to_numpy())
    ours.loc["classical average", ["mean", "sd", "low", "high"]] = (
        average.mean(), average.std(), low, high
    )  # fmt: skip
    ours = ours.reindex(order)
    kind = "simulated, " if records[0].simulated else ""
    people = len({each for record in records for each in record.subjects})
    of = f"{kind}{people} subjects, exercise {records[0].exercises}"
    mean = text(ours["mean"]) + " ± " + text(ours["sd"])
    shown = {
        "method": [figures.title(name, titles) for name in order],
        f"ours ({of}), %": mean.where(ours["mean"].notna(), ""),
        "95 % interval of the mean": between(ours),
        "balanced, %": text(ours["balanced"]),
        "seeds": text(ours["seeds"], "{:.0f}"),
        "paper, %": [said.get(name, "") for name in order],
    }
    return markdown(pd.DataFrame(shown))


def judged(verdicts: pd.DataFrame) -> str:
    """Return the table of claims, the verdict first: on a phone the rest is scrolled to."""
    p = text(verdicts["p"], "{:.4f}").where(verdicts["p"] >= 0.0001, "< 0.0001")
    shown = {
        "verdict": text(verdicts["verdict"], "**{}**"),
        "claim": verdicts.index,
        "difference, points": text(verdicts["difference"], "{:+.1f}"),
        "95 % interval": between(verdicts, "{:+.1f}"),
        "p": p,
    }
    table = pd.DataFrame(shown)
    if "estimate" in verdicts:
        typical = text(verdicts["estimate"], "{:+.1f}")
        table.insert(4, "typical difference (Hodges-Lehmann), points", typical)
    return markdown(table)


def runs(records: Sequence[Record]) -> str:
    """Return what was run, on what, by which code."""
    rows = [
        {
            "run": record.study or "comparison",
            "data and exercises, subjects": f"{'simulated ' if record.simulated else ''}"
            f"{record.database.upper()} {record.exercises}, {len(record.subjects)}",
            "recipe, seed": f"{record.recipe}, {record.seed}",
            "methods": len({score.method for score in record.scores}),
            "took": f"{record.wall_seconds / 60:.0f} min",
            "date": record.date,
            "code since the run": "unchanged" if unchanged(record) else "changed",
        }
        for record in records
    ]
    devices = "; ".join(dict.fromkeys(record.device for record in records))
    kinds = {"simulated" if record.simulated else "real" for record in records}
    page = f"../../_static/records/{records[0].paper}.csv"
    return captioned(
        markdown(pd.DataFrame(rows)),
        f"What was run, on {' and '.join(sorted(kinds))} recordings; on {devices}. "
        f'<a href="{page}" download>Every score, as CSV</a>.',
    )


def unchanged(record: Record) -> bool:
    """Tell whether the code is still what made a record."""
    return record.code == record.code_now


def marks(module: ModuleType, database: str, recipe: str) -> str:
    """Return every setting with its mark."""
    named = settings.table(module.Settings.named(database, recipe)).rename_axis("setting")
    shown = named[["value", "mark", "note"]].rename(columns={"note": "what it is"})
    return markdown(shown.reset_index())


def slug(name: str) -> str:
    """Return a name as files bear it."""
    return "-".join(name.lower().replace(",", "").split())


def movements(names: Sequence[str]) -> str:
    """Return all movements of some databases, drawn and by name, with their number in each."""
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for spec in map(databases.database, names):
        for each in spec.exercises:
            for number in range(each.offset + 1, each.offset + each.n_movements + 1):
                row = rows.setdefault((each.letter, spec.movement(number)), {})
                row[spec.name.upper()] = number
    found = pd.DataFrame.from_dict(rows, orient="index").sort_index(level=0, sort_remaining=False)
    numbers = found.apply(text, form="{:.0f}").reset_index(names=["exercise", "movement"])
    posed = numbers["movement"].map({name: slug(name) for name in hands.postures()})
    if posed.notna().any():
        numbers.insert(1, "posture", "{drawing}`movements/" + posed + "`")
    return markdown(numbers)


def frame(values: pd.DataFrame) -> str:
    """Return a table of numbers, to one decimal; its index is the first column."""
    name = str(values.index.name or "")
    return markdown(values.map("{:.1f}".format).rename_axis(name).reset_index())
