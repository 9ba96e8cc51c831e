"""Records: what one run did and scored, and the only source of every number the book prints."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydantic

from semg_lib.evaluation import CostedScore, Outcome, Score, SessionScore, confusion, interval
from semg_lib.provenance import code_hash, device_name, versions
from semg_lib.recording import DataError
from semg_lib.settings import Reported

FOLDER = Path(__file__).parent.parent / "results"


class Record(pydantic.BaseModel):
    """One run of one paper."""

    paper: str
    study: str = ""  # the paper's comparison of methods if empty, else what was varied
    database: str
    exercises: str
    subjects: list[int]
    seed: int
    recipe: str
    preset: str
    simulated: bool
    settings: dict[str, Any]
    versions: dict[str, str]
    device: str
    date: str
    code: str
    data: dict[int, str] = {}  # subject: hash of the recording that was read, none if simulated
    wall_seconds: float = 0.0
    labels: list[int] = []
    scores: list[SessionScore | CostedScore | Score] = []
    confusion: dict[str, list[list[int]]] = {}  # method: (true, predicted), over subjects
    losses: dict[str, list[list[float | None]]] = {}  # method: (subject, epoch); null: not finite

    _began: float = pydantic.PrivateAttr(default_factory=time.monotonic)

    @classmethod
    def start(cls, *, settings: Any, device: str, **run: Any) -> Record:
        """Open the record of a run that begins now.

        Parameters
        ----------
        settings : dataclass
            The paper's settings.
        device : str
            As torch names it.
        **run
            paper, database, exercises, subjects, seed, recipe, preset, simulated and, of
            recordings that were read, data (their fingerprints).
        """
        values = json.loads(json.dumps(asdict(settings)))
        values.get("recipe", {}).pop("marks", None)
        return cls(
            settings=values,
            versions=versions(),
            device=device_name(device),
            date=date.today().isoformat(),
            code=code_hash(run["paper"], simulated=run["simulated"]),
            **run,
        )

    def resume(self, path: str | Path) -> Record:
        """Return the record at that path if it is of the same run, cut off, else this one.

        A run of other code, data, subjects, versions or settings is never continued, but begun
        again.
        """
        if not Path(path).is_file():
            return self
        before = load(path)
        names = (
            *("paper", "study", "database", "exercises", "subjects", "seed", "settings"),
            *("simulated", "code", "data", "versions"),
        )
        same = all(getattr(self, name) == getattr(before, name) for name in names)
        return before if same else self

    def done(self, subject: int, methods: Iterable[str]) -> bool:
        """Tell whether every method has a score on this subject."""
        scored = {score.method for score in self.scores if score.subject == subject}
        return scored >= set(methods)

    def add(self, outcome: Outcome) -> Score:
        """Take in what one method predicted for one subject, and return its score."""
        score = outcome.score
        self.scores.append(score)
        labels = sorted(set(self.labels) | set(np.unique(outcome.label).tolist()))
        total = confusion(outcome.label, outcome.predicted, np.array(labels))
        if outcome.method in self.confusion:
            total += _wider(self.confusion[outcome.method], self.labels, labels)
        for method, matrix in self.confusion.items():
            self.confusion[method] = _wider(matrix, self.labels, labels).tolist()
        self.confusion[outcome.method] = total.tolist()
        self.labels = labels
        if outcome.loss:
            finite = [round(each, 5) if math.isfinite(each) else None for each in outcome.loss]
            self.losses.setdefault(outcome.method, []).append(finite)
        return score

    def save(self, path: str | Path) -> None:
        """Write the record; a crash leaves the old file or the new one, never half of one."""
        now = time.monotonic()
        self.wall_seconds = round(self.wall_seconds + now - self._began, 1)
        self._began = now
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(to_json(self))
        part.replace(path)


def _wider(matrix: Sequence[Sequence[int]], old: list[int], new: list[int]) -> np.ndarray:
    """Return a confusion matrix over more labels than it was counted with."""
    wide = np.zeros((len(new), len(new)), int)
    index = np.searchsorted(new, old)
    wide[np.ix_(index, index)] = matrix
    return wide


def to_json(record: Record) -> str:
    """Return a record as JSON, one score, row of a matrix or curve a line."""
    content = record.model_dump()
    scores = [json.dumps(each) for each in content.pop("scores")]
    tables = {name: content.pop(name) for name in ("confusion", "losses")}
    text = json.dumps(content, indent=1).removesuffix("\n}")
    text += ',\n "scores": [\n  ' + ",\n  ".join(scores) + "\n ]"
    for name, table in tables.items():
        rows = [
            f'  "{method}": [\n   ' + ",\n   ".join(json.dumps(row) for row in matrix) + "\n  ]"
            for method, matrix in table.items()
        ]
        text += f',\n "{name}": {{\n' + ",\n".join(rows) + "\n }"
    return text + "\n}\n"


def load(path: str | Path) -> Record:
    """Read a record.

    Raises
    ------
    DataError
        If the file is missing or is not a record; the message names file and field.
    """
    path = Path(path)
    try:
        return Record.model_validate_json(path.read_text())
    except FileNotFoundError:
        raise DataError(f"{path}: no such record") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        raise DataError(f"{path}: not a record: {where}: {first['msg']}") from None


def load_all(paper: str, folder: str | Path = FOLDER, **wanted: Any) -> list[Record]:
    """Read the stored records of one paper, in order of their names.

    Parameters
    ----------
    paper : str
    folder : path
        Holds a folder of records for each paper.
    **wanted
        Only records with these values, such as ``recipe="paper"``; without ``study``, only
        records of the paper's comparison.
    """
    wanted = {"study": ""} | wanted
    records = [load(path) for path in sorted((Path(folder) / paper).glob("*.json"))]
    return [r for r in records if all(getattr(r, k) == v for k, v in wanted.items())]


def scores(records: Sequence[Record]) -> pd.DataFrame:
    """Return every score of some records, with seed, recipe and database beside it."""
    columns = [*Score.model_fields, "seed", "recipe", "database", "simulated"]
    rows = [
        score.model_dump()
        | {name: getattr(record, name) for name in ("seed", "recipe", "database", "simulated")}
        for record in records
        for score in record.scores
    ]
    return pd.DataFrame(rows, columns=columns)


def by_subject(records: Sequence[Record], *, value: str = "accuracy") -> pd.DataFrame:
    """Return one row a subject, one column a method: the mean over seeds."""
    table = scores(records)
    order = list(dict.fromkeys(table["method"]))
    return table.pivot_table(index="subject", columns="method", values=value)[order]


def by_session(records: Sequence[Record], *, value: str = "sessions") -> pd.DataFrame:
    """Return one row a subject and method, one column a session: the mean over seeds.

    Parameters
    ----------
    records : sequence of Record
        Of a paper with sessions.
    value : {"sessions", "agreement", "named"}
        Accuracy, or one of the signs that need no label.
    """
    rows = [
        {"method": score.method, "subject": score.subject, "session": session, value: each}
        for record in records
        for score in record.scores
        for session, each in enumerate(getattr(score, value), 1)
    ]
    order = list(dict.fromkeys(row["method"] for row in rows))
    table = pd.DataFrame(rows).pivot_table(
        index=["method", "subject"], columns="session", values=value
    )
    return table.loc[order]


def by_variant(records: Sequence[Record], *, value: str = "accuracy") -> pd.DataFrame:
    """Return one row a subject, one column a variant and method, of a study that names both.

    Such a study's methods are written ``variant: method``.
    """
    table = by_subject(records, value=value)
    pairs = [tuple(name.rsplit(": ", 1)) for name in table.columns]
    table.columns = pd.MultiIndex.from_tuples(pairs, names=["variant", "method"])
    return table


def gains(records: Sequence[Record], *, over: str) -> dict[str, np.ndarray]:
    """Return how far each method of a study is above one, (subject, variant) in points."""
    accuracy = 100 * by_variant(records).swaplevel(axis="columns")
    others = [name for name in accuracy.columns.unique("method") if name != over]
    return {name: (accuracy[name] - accuracy[over]).to_numpy() for name in others}


def signs(records: Sequence[Record], method: str) -> pd.DataFrame:
    """Return, in per cent, what the votes of each subject and session name, and its accuracy.

    The first is the share of the movements asked for that some vote names; no label is needed to
    see it.
    """
    asked = pd.Series({s.subject: s.classes for record in records for s in record.scores})
    named = by_session(records, value="named").loc[method].div(asked, axis=0)
    right = by_session(records).loc[method]
    return 100 * pd.DataFrame({"named": named.stack(), "accuracy": right.stack()})


def summary(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row a method: subjects, seeds, mean, sd over subjects and interval, per cent."""
    table = scores(records)
    rows = {}
    for method, values in by_subject(records).items():
        values = 100 * values.dropna()
        low, high = interval(values.to_numpy())
        rows[method] = {
            "subjects": len(values),
            "seeds": table[table["method"] == method]["seed"].nunique(),
            "mean": values.mean(),
            "sd": values.std(),
            "low": low,
            "high": high,
            "balanced": 100 * by_subject(records, value="balanced_accuracy")[method].mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def beside_reported(
    reported: Sequence[Reported], database: str, **runs: Sequence[Record]
) -> pd.DataFrame:
    """Set a paper's numbers beside ours, as text; unknown cells stay empty.

    Parameters
    ----------
    reported : sequence of Reported
    database : str
        Only this database's numbers are comparable.
    **runs : sequence of Record
        Records by the title of their column; underscores become spaces.
    """
    columns = {
        "paper": {
            each.method: f"{each.text} ({each.mark})"
            for each in reported
            if each.database == database
        }
    }
    for title, records in runs.items():
        if not records:
            continue
        kind = "simulated, " if records[0].simulated else ""
        table = summary(records)
        columns[title.replace("_", " ")] = {
            method: f"{row['mean']:.2f} ± {row['sd']:.2f} ({kind}{row['subjects']:.0f} subjects)"
            for method, row in table.iterrows()
        }
    return pd.DataFrame(columns).fillna("")
