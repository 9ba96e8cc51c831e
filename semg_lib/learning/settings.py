"""How a paper's settings and numbers carry their source.

Every setting of a replication is a dataclass field made by `setting`, with a mark that says how
surely the paper fixes it; `table` turns them into the table a chapter shows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd

from semg_lib.errors import DataError, check_name
from semg_lib.recordings.databases import Database, database

MARKS = {
    "P": "read in the paper itself, page or figure given",
    "S": "stated in the paper",
    "C": "seen in public code or notes that cite the paper",
    "D": "derived by arithmetic from stated facts",
    "R": "remembered as the paper's, without a source at hand",
    "A": "assumed: the paper's value is unknown",
    "O": "ours: departs from the paper on purpose",
}


PRESETS = ("quick", "full")


def choose(
    settings: Any,
    recipes: Mapping[str, Any],
    recipe: str,
    preset: str,
    epochs: int,
    *,
    quick: Mapping[str, Any],
) -> Any:
    """Return settings with a recipe of that name, for a preset.

    Parameters
    ----------
    settings : dataclass
    recipes : mapping
        The paper's recipes by name.
    recipe : str
    preset : {"quick", "full"}
    epochs : int
        Instead of the recipe's or the preset's own, if not 0.
    quick : mapping
        What the quick preset changes.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    check_name("recipe", recipe, recipes)
    check_name("preset", preset, PRESETS)
    settings = dataclasses.replace(settings, recipe=recipes[recipe])
    changes = dict(quick) if preset == "quick" else {}
    return change(settings, changes | ({"epochs": epochs} if epochs else {}))


def raw_database(paper: str, name: str, known: Mapping[str, str]) -> Database:
    """Return a database of raw signals, which this paper needs.

    Raises
    ------
    DataError
        If the database is unknown or has envelopes only.
    """
    spec = database(name)
    if not spec.raw:
        raise DataError(
            f"{paper} needs raw signals, {spec.name} has envelopes: choose from {', '.join(known)}"
        )
    return spec


def setting(default: Any, mark: str, note: str) -> Any:
    """Return a dataclass field with a default, the mark of its source and one line on it."""
    if mark not in MARKS:
        raise ValueError(f"unknown mark {mark!r}: choose from {', '.join(MARKS)}")
    return dataclasses.field(default=default, metadata={"mark": mark, "note": note})


def table(settings: Any) -> pd.DataFrame:
    """Return one row a setting: name, value, mark and note; nested settings are unfolded."""
    rows = []
    for each in dataclasses.fields(settings):
        value = getattr(settings, each.name)
        if each.name == "marks":
            continue
        if dataclasses.is_dataclass(value):
            rows.extend(table(value).reset_index().to_dict("records"))
        else:
            mark, note = each.metadata["mark"], each.metadata["note"]
            # A recipe's values come from its paper, so it brings the marks that differ.
            mark = getattr(settings, "marks", {}).get(each.name, mark)
            rows.append({"setting": each.name, "value": value, "mark": mark, "note": note})
    return pd.DataFrame(rows).set_index("setting")


def change(settings: Any, changes: Mapping[str, Any]) -> Any:
    """Return settings with some values changed, those of its recipe too.

    Raises
    ------
    ValueError
        If neither has a setting of that name.
    """
    own = {each.name for each in dataclasses.fields(settings)}
    inner = {each.name for each in dataclasses.fields(settings.recipe)}
    for name in changes:
        if name not in own | inner:
            raise ValueError(f"unknown setting {name!r}: choose from {sorted(own | inner)}")
    recipe = {name: value for name, value in changes.items() if name not in own}
    outer = {name: value for name, value in changes.items() if name in own}
    return dataclasses.replace(
        settings, recipe=dataclasses.replace(settings.recipe, **recipe), **outer
    )
