"""How a paper's settings and numbers carry their source.

Every setting of a replication is a dataclass field made by `setting`, with a mark that says how
surely the paper fixes it; `table` turns them into the table a chapter shows.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

MARKS = {
    "S": "stated in the paper",
    "C": "seen in public code or notes that cite the paper",
    "D": "derived by arithmetic from stated facts",
    "R": "remembered as the paper's, without a source at hand",
    "A": "assumed: the paper's value is unknown",
    "O": "ours: departs from the paper on purpose",
}


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
        if dataclasses.is_dataclass(value):
            rows.extend(table(value).reset_index().to_dict("records"))
        else:
            mark, note = each.metadata["mark"], each.metadata["note"]
            if hasattr(settings, "marks"):  # a recipe that departs from the default says where
                mark = settings.marks.get(each.name, mark)
            rows.append({"setting": each.name, "value": value, "mark": mark, "note": note})
    return pd.DataFrame(rows).set_index("setting")


@dataclasses.dataclass(frozen=True)
class Reported:
    """One number of a paper: mean and standard deviation over subjects, in per cent."""

    database: str
    method: str
    mean: float
    sd: float | None
    mark: str
    note: str = ""
