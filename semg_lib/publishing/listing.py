"""One table of every number in the book, the papers' beside ours, told apart at a glance."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from semg_lib import figures
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record, load_records
from semg_lib.evaluation.statistics import interval
from semg_lib.learning import settings
from semg_lib.papers import PAPERS
from semg_lib.publishing import tables
from semg_lib.studies import comparison, grid
from semg_lib.studies.protocols import BASE

if TYPE_CHECKING:
    from IPython.display import HTML

PAPERS_OWN, REAL, SIMULATED = "paper", "ours", "ours, simulated"
TITLES = grid.TITLES | comparison.TITLES  # a classifier named alone is of other features there
# What `Protocol.rest` says, in words.
REST = {
    "thinned": "a class, thinned",
    "trial": "a class, one trial",
    "all": "a class",
    "none": "no class",
}


def numbers() -> pd.DataFrame:
    """Return every accuracy that a paper states or a stored record holds, one row each.

    Gains, which are differences of accuracies, are left out.
    """
    rows = []
    for name, module in PAPERS.items():
        rows += [
            {
                "chapter": name,
                "method": figures.title(said.method, _titles(name)),
                "source": PAPERS_OWN,
                "data": said.database.upper(),
                "accuracy, %": said.mean,
                "sd": said.sd,
            }
            for said in module.REPORTED
            if not said.method.endswith("_gain")
        ]
        rows += _ours(name, load_records(name, preset="full"))
    rows += _ours("comparison", load_records("comparison"))
    return pd.DataFrame(rows)


def _titles(name: str) -> Mapping[str, str]:
    """Return what a chapter calls methods, where it has names of its own."""
    chapters = importlib.import_module("semg_lib.publishing.chapters")  # it imports this module
    return getattr(chapters.CHAPTERS.get(name), "TITLES", TITLES)


def _ours(name: str, records: list[Record]) -> list[dict]:
    """Return one row for each method of records that can be compared.

    Rows of the same data and recipe that other settings or recordings made say which.
    """
    kinds: dict[tuple, list[Record]] = {}
    for record in records:
        key = (record.database, record.exercises, record.recipe, record.simulated)
        kinds.setdefault(key, []).append(record)
    rows = []
    for (database, exercises, recipe, simulated), same in kinds.items():
        groups = summaries.alike(same)
        apart = summaries.differences(groups).to_dict("records")
        for (group, _), differing in zip(groups, apart, strict=True):
            held_out = ", ".join(map(str, group[0].settings.get("test_repetitions") or ()))
            said = {"settings": ", ".join(f"{key} {value}" for key, value in differing.items())}
            balanced = 100 * summaries.by_subject(group, value="balanced_accuracy").mean()
            for method, accuracy in (100 * summaries.by_subject(group)).items():
                title = figures.title(method, _titles(name))
                rows.append(
                    {
                        "chapter": name,
                        "method": f"{title}, {recipe} recipe" if recipe != "recommended" else title,
                        "source": SIMULATED if simulated else REAL,
                        "data": f"{database.upper()}, exercise {', '.join(exercises)}",
                        **(said if differing else {}),
                        "classes": len({label for each in group for label in each.labels}),
                        "subjects": int(accuracy.count()),
                        "held out": f"repetitions {held_out}" if held_out else "later sessions",
                        "accuracy, %": accuracy.mean(),
                        "sd": accuracy.std(),
                        "balanced, %": balanced[str(method)],
                    }
                )
    return rows


def interactive(table: pd.DataFrame, caption: str) -> HTML:
    """Return a table that the book's pages make sortable and filterable; plain elsewhere.

    Rows carry the word in column ``source`` as a mark, so that nobody takes one kind for another.
    """
    from IPython.display import HTML

    shown = table.copy()
    for name in shown.select_dtypes("float"):
        digits = "{:.0f}" if name in ("classes", "subjects") else "{:.1f}"
        shown[name] = tables.text(shown[name], digits)
    shown = shown.fillna("")
    if "source" in shown:
        shown["source"] = [
            f'<span class="source {each.split(",")[-1].strip()}">{each}</span>'
            for each in shown["source"]
        ]
    text = shown.to_html(index=False, escape=False, border=0, classes="sortable", justify="left")
    return HTML(text.replace("<thead>", f"<caption>{caption}</caption><thead>", 1))


def prices(costs: pd.DataFrame) -> pd.DataFrame:
    """Return what `comparison.costs` returns as text; what a method has not stays empty."""
    formats = ("{:.1f}", "{:,.0f}", "{:.2f}", "{:.0f}")
    columns = zip(costs.items(), formats, strict=True)
    shown = {name: tables.text(each, form) for (name, each), form in columns}
    return pd.DataFrame(shown).rename(index=TITLES)


def protocols() -> pd.DataFrame:
    """Return how the papers' own protocols differ, as their replications have them."""
    rows = {}
    for name, module in PAPERS.items():
        for database, exercises in module.DATABASES.items():
            table = settings.table(module.Settings.named(database))["value"]
            rows[name, database.upper()] = {
                "window, ms": table["window_ms"],
                "exercises": exercises,
                "rest": REST[table["rest"]],
                "held out": ", ".join(map(str, table.get("test_repetitions", ["all but 1"]))),
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["paper", "database"])


def gained(records: Sequence[Record], *, value: str = "accuracy") -> pd.DataFrame:
    """Return the points that each protocol gains over this book's, with 95 % intervals.

    Parameters
    ----------
    records : sequence of Record
        Of `protocols.replicate`.
    value : {"accuracy", "balanced_accuracy"}

    Returns
    -------
    DataFrame
        One row a protocol and method: mean in per cent, points gained, low and high end of their
        interval over subjects.
    """
    return over(summaries.by_variant(records, value=value), BASE)


def over(table: pd.DataFrame, base: str) -> pd.DataFrame:
    """Return what `gained` does, of fractions (subject or session, protocol and method).

    A gain is over the rows that have both, its protocol and ``base``.
    """
    rows = {}
    for protocol, method in map(tuple, table.columns):
        gain = 100 * (table[protocol, method] - table[base, method]).dropna().to_numpy()
        low, high = interval(gain)
        mean = 100 * table[protocol, method].mean()
        rows[protocol, method] = {"mean": mean, "gained": gain.mean(), "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["protocol", "method"])


def gains(table: pd.DataFrame, base: str = BASE) -> pd.DataFrame:
    """Return what `gained` or `over` returns as text, one row a protocol, one column a method."""
    protocol = table.index.get_level_values("protocol")
    more = tables.text(table["gained"], " ({:+.1f}, ") + tables.between(table, "{:+.1f}") + ")"
    told = tables.text(table["mean"], "{:.1f} %") + more.where(protocol != base, "")
    wide = told.unstack(sort=False, fill_value="not run").loc[protocol.unique()]
    return wide.rename(columns=figures.TITLES).rename_axis(columns=None)
