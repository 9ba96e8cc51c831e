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
import pydantic

from semg_lib.errors import DataError
from semg_lib.evaluation.provenance import code_hash, device_name, versions
from semg_lib.evaluation.scores import CostedScore, Score, SessionScore, confusion, score
from semg_lib.learning.outcomes import Outcome

RESULTS = Path(__file__).parent.parent.parent / "results"


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
        before = load_record(path)
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
        made = score(outcome)
        self.scores.append(made)
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
        return made

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


def load_record(path: str | Path) -> Record:
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


def load_records(paper: str, folder: str | Path | None = None, **wanted: Any) -> list[Record]:
    """Read the stored records of one paper, in order of their names.

    Parameters
    ----------
    paper : str
    folder : path, optional
        Holds a folder of records for each paper; ``RESULTS`` if not given.
    **wanted
        Only records with these values, such as ``recipe="paper"``; without ``study``, only
        records of the paper's comparison.
    """
    wanted = {"study": ""} | wanted
    records = [
        load_record(path) for path in sorted((Path(folder or RESULTS) / paper).glob("*.json"))
    ]
    return [r for r in records if all(getattr(r, k) == v for k, v in wanted.items())]
