"""Records: what one run did and scored, and the only source of every number the book prints."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import torch

from semg_lib.evaluation import Outcome, Score, confusion, interval
from semg_lib.recording import DataError
from semg_lib.settings import Reported

PACKAGE = Path(__file__).parent
FOLDER = PACKAGE.parent / "results"

# What can change a score; a run's `code` is the hash of these and of the paper's module.
_SCORING = (
    "recording ninapro preprocessing windows splits features baselines training evaluation"
).split()


class Record(pydantic.BaseModel):
    """One run of one paper."""

    paper: str
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
    wall_seconds: float = 0.0
    labels: list[int] = []
    scores: list[Score] = []
    confusion: dict[str, list[list[int]]] = {}  # method: (true, predicted), over subjects

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
            paper, database, exercises, subjects, seed, recipe, preset and simulated.
        """
        return cls(
            settings=json.loads(json.dumps(asdict(settings))),
            versions=versions(),
            device=device_name(device),
            date=date.today().isoformat(),
            code=code_hash(run["paper"], simulated=run["simulated"]),
            **run,
        )

    def done(self, subject: int, methods: Iterable[str]) -> bool:
        """Tell whether every method has a score on this subject."""
        scored = {score.method for score in self.scores if score.subject == subject}
        return scored >= set(methods)

    def add(self, outcome: Outcome) -> Score:
        """Take in what one method predicted for one subject, and return its score."""
        score = outcome.score
        self.scores.append(score)
        self.labels = sorted(set(self.labels) | set(np.unique(outcome.label).tolist()))
        counts = confusion(outcome.label, outcome.predicted, np.array(self.labels))
        before = np.array(self.confusion.get(outcome.method, np.zeros((0, 0))), dtype=int)
        if before.shape == counts.shape:
            counts = counts + before
        self.confusion[outcome.method] = counts.tolist()
        return score

    def same_run(self, other: Record) -> bool:
        """Tell whether another record is of the same run: then its scores can be kept."""
        names = ("paper", "database", "exercises", "subjects", "seed", "settings", "code", "simulated")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def save(self, path: str | Path) -> None:
        """Write the record; a crash leaves the old file or the new one, never half of one."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(to_json(self))
        part.replace(path)


def to_json(record: Record) -> str:
    """Return a record as JSON, one score and one row of a confusion matrix a line."""
    content = record.model_dump()
    scores = [json.dumps(each) for each in content.pop("scores")]
    matrices = content.pop("confusion")
    text = json.dumps(content, indent=1)[:-2]
    text += ',\n "scores": [\n  ' + ",\n  ".join(scores) + "\n ]"
    rows = [
        f'  "{method}": [\n   ' + ",\n   ".join(json.dumps(row) for row in matrix) + "\n  ]"
        for method, matrix in matrices.items()
    ]
    return text + ',\n "confusion": {\n' + ",\n".join(rows) + "\n }\n}\n"


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


def load_all(paper: str, folder: str | Path = FOLDER) -> list[Record]:
    """Read the stored records of one paper, in order of their names."""
    return [load(path) for path in sorted((Path(folder) / paper).glob("*.record.json"))]


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
            each.method: f"{each.mean:.2f} ± {each.sd:.2f} ({each.mark})"
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


def code_hash(paper: str, *, simulated: bool) -> str:
    """Return a hash of the code that a score depends on; comments and docstrings do not count."""
    names = [*_SCORING, *(["synthetic"] if simulated else []), f"papers/{paper}"]
    digest = hashlib.sha256()
    for name in names:
        tree = ast.parse((PACKAGE / f"{name}.py").read_text())
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                if isinstance(body[0].value, ast.Constant):  # a docstring
                    body[0] = ast.Pass()
        digest.update(ast.unparse(tree).encode())
    return digest.hexdigest()[:12]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a score depends on."""
    names = ("torch", "numpy", "scipy", "scikit-learn", "PyWavelets")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in names
    }


def device_name(device: str) -> str:
    """Return the device in words, such as the name of the GPU."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
