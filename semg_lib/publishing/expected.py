"""What a reader's run should show: the numbers of stored runs beside those of this one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import RESULTS, Record, load_record
from semg_lib.evaluation.writing import write_atomically

QUICK = "quick"  # folder of runs with the quick preset, in that of a paper
SEEDS = (0, 1, 2)
# Points. Seeds stand for all that rounds otherwise elsewhere: three of their standard deviations,
# and never less than two points.
LEAST, DEVIATIONS = 2.0, 3
NUMBERS = "numbers.json"  # what a notebook leaves that draws nothing at random
ROUNDED = 0.5  # points that rounding moves there


def table(
    records: Sequence[Record], titles: Mapping[str, str] = figures.TITLES, folder: Path = RESULTS
) -> pd.DataFrame:
    """Return each method's accuracy in this run beside that of stored runs like it.

    Parameters
    ----------
    records : sequence of Record
        This run's; of a method with several seeds the mean counts.
    titles : mapping of str to str
        What readers call methods.
    folder : path
        Where stored records are, those of `QUICK` runs too.

    Returns
    -------
    DataFrame
        One row a method, per cent: whether it is "ok" or "differs"; what came out; what should
        come out, the mean over stored seeds, and how far off still is "ok". Without a stored run
        of the same settings and recordings all but what came out stays empty.
    """
    rows: dict[str, dict[str, str]] = {}
    for group, _ in summaries.alike(records):
        record = group[0]
        stored = [each for each in _stored(record, folder) if _like(each, record)]
        ours = 100 * summaries.by_subject(group).mean()
        seeds = pd.DataFrame([_means(each, record.subjects) for each in stored])
        for method, value in ours.items():
            known = seeds[method].dropna() if method in seeds else pd.Series(dtype=float)
            spread = DEVIATIONS * known.std() if len(known) > 1 else 0.0
            row = _row(value, known.mean() if len(known) else None, max(LEAST, float(spread)))
            rows[figures.title(method, titles)] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def numbers(
    notebook: str,
    values: Mapping[str, float],
    what: str,
    *,
    out: str | Path = "",
    folder: Path = RESULTS,
) -> pd.DataFrame:
    """Return numbers of a notebook that leaves no record, beside those of a stored run; per cent.

    Parameters
    ----------
    notebook : str
        Its name.
    values : mapping of str to float
        Per cent by what they are of, such as "labels agree".
    what : str
        The recordings: only a run of the same ones is compared.
    out : path
        A folder for them, as ``make expected`` and ``make replicate`` store them.
    folder : path
        Where stored ones are.
    """
    if out:
        kept = {what: {name: round(value, 3) for name, value in values.items()}}
        write_atomically(Path(out, NUMBERS), json.dumps(kept, indent=1) + "\n")
    known = _numbers(folder / notebook / QUICK).get(what, {})
    rows = {name: _row(value, known.get(name), ROUNDED) for name, value in values.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("number")


def keep(run: Path, notebook: str, folder: Path = RESULTS) -> None:
    """Store the numbers that a run of a notebook left, beside those of other recordings."""
    below = folder / notebook / QUICK
    text = json.dumps(_numbers(below) | _numbers(run), indent=1, sort_keys=True)
    write_atomically(below / NUMBERS, text + "\n")


def _numbers(folder: Path) -> dict[str, dict[str, float]]:
    path = folder / NUMBERS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _row(value: float, known: float | None, near: float) -> dict[str, str]:
    row = {"so": "", "this run, %": f"{value:.1f}", "should be, %": "", "give or take": ""}
    if known is None:
        return row
    so = "ok" if abs(value - known) <= near else "differs"
    return row | {"so": so, "should be, %": f"{known:.1f}", "give or take": f"{near:.1f}"}


def _stored(record: Record, folder: Path) -> list[Record]:
    names = [folder / record.paper, folder / record.paper / QUICK]
    return [load_record(path) for name in names for path in sorted(name.glob("*.json"))]


def _like(stored: Record, record: Record) -> bool:
    """Tell whether a stored run had the settings and the recordings of this one, and more yet."""
    if not set(record.subjects) <= set(stored.subjects):
        return False
    return len(summaries.alike([stored, record])) == 1


def _means(record: Record, subjects: Sequence[int]) -> pd.Series:
    return 100 * summaries.by_subject([record]).loc[list(subjects)].mean()
