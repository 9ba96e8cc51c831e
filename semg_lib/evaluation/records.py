"""Records: what one run did and scored, and the only source of every number the book prints."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from semg_lib.errors import REPOSITORY, DataError, DataWarning
from semg_lib.evaluation.provenance import PACKAGE, code_hash, device_name, versions
from semg_lib.evaluation.scores import AnyScore, Score, confusion, scored, wider
from semg_lib.evaluation.writing import set_aside, to_json, write_atomically
from semg_lib.learning.outcomes import Outcome
from semg_lib.recordings import databases
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source

RECORD, STUDY = "record.json", "study.json"  # of a run's methods, and of its study
RESULTS = PACKAGE.parent / "results"  # an installed copy has none
code_of = functools.cache(code_hash)  # that of a process is what it has imported


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
    entries: list[str] = []  # papers whose networks a study set side by side
    data: dict[int, str] = {}  # subject: hash of the recording that was read, none if simulated
    repetitions: dict[int, list[int]] = {}  # subject: those of a recording that lacks some
    wall_seconds: float = 0.0
    stacked: int = 1  # networks that were trained as one, at most
    labels: list[int] = []
    scores: list[AnyScore] = []
    confusion: dict[str, list[list[int]]] = {}  # method: (true, predicted), over subjects
    losses: dict[str, list[list[float | None]]] = {}  # method: (subject, epoch); null: not finite

    _began: float = pydantic.PrivateAttr(0.0)
    _path: Path | None = pydantic.PrivateAttr(None)  # where an open run is kept

    def model_post_init(self, _: Any) -> None:
        """Let the clock go on from what an earlier part of the run took."""
        self._began = time.monotonic() - self.wall_seconds

    @classmethod
    def start(
        cls,
        source: Source,
        *,
        paper: str,
        subjects: Sequence[int],
        settings: Any,
        device: str,
        labels: str | Sequence[str] = "restimulus",
        **run: Any,
    ) -> Record:
        """Begin the record of a run that begins now.

        The settings are a dataclass, the device is as torch names it; ``labels`` are those that
        the run reads, ``run`` is seed, recipe, preset and, if there are any, study or entries.
        """
        values = json.loads(json.dumps(asdict(settings)))
        values.get("recipe", {}).pop("marks", None)
        simulated = any(source.simulated(subject) for subject in subjects)
        kinds = [labels] if isinstance(labels, str) else labels
        data: dict[int, str] = {}
        lacking: dict[int, list[int]] = {}
        for subject in subjects if source.root else ():
            read = [source.load(subject, labels=kind) for kind in kinds]
            data[subject] = "+".join(map(fingerprint, read))
            found = np.unique(read[0].repetition[read[0].label > 0]).tolist()
            if len(found) < databases.database(source.database).n_repetitions:
                lacking[subject] = found
        return cls(
            paper=paper,
            database=source.database,
            exercises=source.exercises,
            subjects=list(subjects),
            simulated=simulated,
            data=data,
            repetitions=lacking,
            settings=values,
            versions=versions(),
            device=device_name(device, values.get("recipe", {}).get("precision", "auto")),
            date=date.today().isoformat(),
            code=code_of(paper, simulated=simulated, entries=tuple(run.get("entries", ()))),
            **run,
        )

    @property
    def code_now(self) -> str:
        """The digest of the code that such a run would have now, see `provenance.code_hash`."""
        return code_of(self.paper, simulated=self.simulated, entries=tuple(self.entries))

    def resume(self, path: str | Path) -> Record:
        """Return the record at that path if it is of the same run, cut off, else this one.

        What is no record, for a crash has cut it or something else has written there, is none.
        """
        try:
            before = load_record(path)
        except DataError:
            return self
        names = (
            *("paper", "study", "database", "exercises", "subjects", "seed", "settings"),
            *("simulated", "code", "data", "versions"),
        )
        same = all(getattr(self, name) == getattr(before, name) for name in names)
        return before if same else self

    def missing(self, subject: int, methods: Iterable[str]) -> list[str]:
        """Return those of the methods that have no score on this subject yet, in their order."""
        scored = {score.method for score in self.scores if score.subject == subject}
        return [method for method in methods if method not in scored]

    def left(
        self, groups: Iterable[Sequence[int]], methods: Sequence[str]
    ) -> Iterator[tuple[list[int], list[str]]]:
        """Yield what is left to run of groups of subjects: some of a group, and methods.

        It looks at the scores anew before each, so that a loop may add them as they come.
        """
        for group in groups:
            lacking: dict[tuple[int, ...], list[str]] = {}
            for method in methods:
                subjects = tuple(each for each in group if self.missing(each, [method]))
                lacking.setdefault(subjects, []).append(method)
            yield from ((list(some), names) for some, names in lacking.items() if some)

    def add(self, outcome: Outcome) -> Score:
        """Take in what one method predicted for one subject, and return its score.

        The record of an open run is written before this returns.

        Raises
        ------
        ValueError
            If the method has a score on this subject already: its windows would count double.
        """
        if not self.missing(outcome.subject, [outcome.method]):
            raise ValueError(
                f"subject {outcome.subject} has a score of {outcome.method} already: "
                "run only what Record.left returns"
            )
        made = scored(outcome)
        self.scores.append(made)
        self.stacked = max(self.stacked, outcome.stacked)
        labels = sorted(set(self.labels) | set(np.unique(outcome.label).tolist()))
        total = confusion(outcome.label, outcome.predicted, np.array(labels))
        if outcome.method in self.confusion:
            total += wider(self.confusion[outcome.method], self.labels, labels)
        for method, matrix in self.confusion.items():
            self.confusion[method] = wider(matrix, self.labels, labels).tolist()
        self.confusion[outcome.method] = total.tolist()
        self.labels = labels
        if outcome.loss:
            finite = [round(each, 5) if math.isfinite(each) else None for each in outcome.loss]
            self.losses.setdefault(outcome.method, []).append(finite)
        if self._path:
            self.save(self._path)
        return made

    def save(self, path: str | Path) -> None:
        """Write the record."""
        self.wall_seconds = round(time.monotonic() - self._began, 1)
        write_atomically(path, to_json(self))


@contextlib.contextmanager
def open_run(out: str | Path, source: Source, **what: Any) -> Iterator[Record]:
    """Keep a run's record while it runs: ``with open_run(out, source, ...) as record``.

    Every score is on the disk before `Record.add` returns. A run that was cut off goes on: the
    record holds what was scored, and a loop runs what `Record.left` returns. One of other
    code, data, subjects, versions or settings begins anew, and so does one whose record is broken:
    the file that was there is renamed, and a `DataWarning` names it. Afterwards the record can be
    read; what is added then is not written.

    Parameters
    ----------
    out : path
        The folder of the run; of a study the file is ``study.json`` there, else ``record.json``.
        Nothing is written if it is empty.
    source : Source
    **what
        The other arguments of `Record.start`.
    """
    record = Record.start(source, **what)
    if not out:
        yield record
        return
    path = Path(out, STUDY if record.study else RECORD)
    begun = record
    record = begun.resume(path)
    if record is begun and path.exists():
        kept = set_aside(path)
        why = "it is not of this run as it is now, or broken; it is kept as"
        warnings.warn(f"{path} begins anew: {why} {kept.name}", DataWarning, stacklevel=3)
    record._path = path
    try:
        yield record
    finally:
        record._path = None


def load_record(path: str | Path) -> Record:
    """Read a record.

    Raises
    ------
    DataError
        If the file is missing, cannot be read or is not a record; the message names file and
        field.
    """
    path = Path(path)
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path}: no such record") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = [".".join(map(str, first["loc"]))] if first["loc"] else []
        raise DataError(": ".join([f"{path}: not a record", *where, first["msg"]])) from None


def load_records(
    paper: str,
    folder: str | Path | None = None,
    *,
    default: list[Record] | None = None,
    **wanted: Any,
) -> list[Record]:
    """Read the stored records of one paper, in order of their names.

    Parameters
    ----------
    paper : str
    folder : path, optional
        Holds a folder of records for each paper; ``RESULTS`` if not given.
    default : list of Record, optional
        What to go on with where there are none, such as this run's; a `DataWarning` says so.
    **wanted
        Only records with these values, such as ``recipe="paper"``; without ``study``, only
        records of the paper's comparison.

    Raises
    ------
    DataError
        If there are no results at all, or neither a paper nor results of that name; unless
        there is a default.
    """
    folder, wanted = Path(folder or RESULTS), {"study": ""} | wanted
    if not folder.is_dir():
        why = f"{folder}: no stored results there: git clone {REPOSITORY} brings them"
    elif not any(path.exists() for path in _places(paper, folder)):
        known = ", ".join(sorted(each.name for each in folder.iterdir() if each.is_dir()))
        why = f"{folder}: no results of {paper!r}: choose from {known}"
    else:
        records = [load_record(path) for path in sorted((folder / paper).glob("*.json"))]
        chosen = [r for r in records if all(getattr(r, k) == v for k, v in wanted.items())]
        if chosen or default is None:
            return chosen
        why = f"{folder}: no record of {paper} with {wanted}"
    if default is None:
        raise DataError(why)
    warnings.warn(why, DataWarning, stacklevel=2)
    return default


def _places(paper: str, folder: Path) -> list[Path]:
    """Return where a name is known: a new paper has a module, but no results yet."""
    return [folder / paper, *(PACKAGE / room / f"{paper}.py" for room in ("papers", "studies"))]
