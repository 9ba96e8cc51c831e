"""One run of one paper: a request that is checked, named, and carried out by papermill."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from semg_lib.errors import DataError, check_name
from semg_lib.papers import PAPERS
from semg_lib.recordings import databases
from semg_lib.recordings.source import Source, available
from semg_lib.running import notebooks
from semg_lib.running.subjects import parse_subjects, ranges


def about(paper: str) -> dict[str, str]:
    """Return the databases a paper's methods can take, and its exercises of each.

    The first database is that of a run that names none. A paper that takes raw signals of NinaPro
    takes those of any registered database too, and likewise envelopes; of it the first exercise.

    Raises
    ------
    ValueError
        If there is no such paper.
    """
    check_name("paper", paper, PAPERS)
    own = PAPERS[paper].DATABASES
    kinds = {databases.database(name).raw for name in own}
    others = [spec for spec in databases.registered() if spec.raw in kinds]
    return own | {spec.name: spec.exercises[0].letter for spec in others}


def asked(
    paper: str,
    database: str,
    exercises: str,
    subjects: str,
    methods: str,
    root: str | Path | None,
) -> tuple[dict[str, Any], list[int]]:
    """Return what was typed as fields of `Run`, and the subjects that are left out.

    No database is the paper's first. All subjects are those whose files are below the root; no
    subjects are the first two of these.
    """
    known = about(paper)
    spec = databases.database(database or next(iter(known)))
    there = parse_subjects("all", spec.n_subjects)
    named = subjects.strip().lower()
    if root and named in ("", "all") and spec.name in known:
        # Where there is none, the first one's files are missed in words.
        there = available(spec.name, exercises or known[spec.name], root) or there
    numbers = parse_subjects(subjects, spec.n_subjects) if named else there[:2]
    chosen = there if named == "all" else numbers
    fields = {
        "paper": paper,
        "database": spec.name,
        "exercises": exercises,
        "subjects": chosen,
        "methods": [] if methods == "all" else [each.strip() for each in methods.split(",")],
        "root": str(root or ""),
    }
    return fields, [each for each in numbers if each not in chosen]


@dataclass(frozen=True)
class Run:
    """What to run; the fields are the parameters of the paper's notebook.

    Raises
    ------
    ValueError
        If a name, subject, exercise, method or file is not there.
    """

    paper: str
    database: str = ""  # the paper's first if empty
    exercises: str = ""  # the paper's if empty
    subjects: list[int] = field(default_factory=lambda: [1, 2])
    root: str = ""  # simulated data if empty
    preset: str = ""  # full with a root, quick without, if empty
    recipe: str = "recommended"
    epochs: int = 0
    seed: int = 0
    methods: list[str] = field(default_factory=list)  # all if empty
    study: str = ""  # one of the paper's studies, beside the comparison of methods

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        exercises_of, module = about(self.paper), PAPERS[self.paper]
        spec = databases.database(self.database or next(iter(exercises_of)))
        if spec.name not in exercises_of:
            known = ", ".join(exercises_of)
            raise DataError(f"{self.paper} cannot use {spec.name}: choose from {known}")
        chosen = spec.exercises_named(self.exercises or exercises_of[spec.name])
        put("database", spec.name)
        put("exercises", "".join(each.letter for each in chosen))
        put("root", str(Path(self.root).expanduser().resolve()) if self.root else "")
        put("preset", self.preset or ("full" if self.root else "quick"))
        module.Settings.named(self.database, self.recipe, self.preset, self.epochs)
        for method in self.methods:
            check_name("method", method, module.METHODS)
        put("methods", [m for m in module.METHODS if m in self.methods or not self.methods])
        if self.study:
            check_name("study", self.study, module.STUDIES)
        notebooks.path(self.paper)
        for subject in self.subjects:
            spec.check_subject(subject)
            if self.root:
                Source(spec.name, self.exercises, self.root).files(subject)

    @property
    def name(self) -> str:
        """What the run's folder is called; other requests have other folders.

        Recordings below another folder are another request: simulated ones have no root.
        """
        parts = [self.paper, self.database, self.exercises, f"s{ranges(self.subjects)}"]
        parts += [self.preset, self.recipe, f"seed{self.seed}"]
        parts += [f"{self.epochs}epochs"] if self.epochs else []
        if len(self.methods) < len(PAPERS[self.paper].METHODS):
            named = "+".join(self.methods)
            parts += [named if len(named) <= 40 else _digest(named)]
        parts += [f"root{_digest(self.root)}"] if self.root else []
        return "-".join([*parts, *([self.study] if self.study else [])])

    def execute(self, out: str | Path, *, quiet: bool = False) -> Path:
        """Run the notebook; leave ``notebook.ipynb`` and ``record.json`` below ``out``.

        Parameters
        ----------
        out : path
        quiet : bool
            Show nothing of what it prints.

        Returns
        -------
        Path
            The folder of the run.
        """
        folder = Path(out).resolve() / self.name
        parameters = {key: value for key, value in asdict(self).items() if key != "paper"}
        notebooks.run(
            notebooks.path(self.paper),
            folder / "notebook.ipynb",
            parameters | {"out": str(folder)},
            quiet=quiet,
        )
        return folder


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:8]
