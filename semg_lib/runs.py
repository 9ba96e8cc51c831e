"""One run of one paper: a request that is checked, named, and carried out by papermill."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from semg_lib import databases, ninapro, notebooks
from semg_lib.papers import PAPERS
from semg_lib.recording import DataError


def ranges(numbers: list[int]) -> str:
    """Turn sorted numbers into text fit for a file's name: ``[1, 2, 3, 5]`` is ``"1-3.5"``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ".".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def available(database: str, exercises: str, root: str | Path) -> list[int]:
    """Return the subjects whose files are below a folder."""
    spec = databases.database(database)
    found = []
    for subject in range(1, spec.n_subjects + 1):
        try:
            for exercise in spec.exercises_named(exercises):
                ninapro.find(root, spec, subject, exercise)
        except DataError:
            continue
        found.append(subject)
    return found


@dataclass(frozen=True)
class Run:
    """What to run; the fields are the parameters of the paper's notebook.

    Raises
    ------
    DataError
        If a name, subject, exercise, method or file is not there.
    """

    paper: str
    database: str = "db1"
    exercises: str = ""  # the first of the database if empty
    subjects: list[int] = field(default_factory=lambda: [1, 2])
    root: str = ""  # simulated data if empty
    preset: str = ""  # full with a root, quick without, if empty
    recipe: str = "recommended"
    epochs: int = 0
    seed: int = 0
    methods: list[str] = field(default_factory=list)  # all if empty
    study: bool = False

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        if self.paper not in PAPERS:
            raise DataError(f"unknown paper {self.paper!r}: choose from {', '.join(PAPERS)}")
        spec = databases.database(self.database)
        chosen = spec.exercises_named(self.exercises or spec.exercises[0].letter)
        module = PAPERS[self.paper]
        put("database", spec.name)
        put("exercises", "".join(each.letter for each in chosen))
        put("root", str(Path(self.root).expanduser().resolve()) if self.root else "")
        put("preset", self.preset or ("full" if self.root else "quick"))
        put("methods", self.methods or list(module.METHODS))
        module.Settings.named(self.database, self.recipe, self.preset, self.epochs)
        for method in self.methods:
            if method not in module.METHODS:
                known = ", ".join(module.METHODS)
                raise DataError(f"unknown method {method!r}: choose from {known}")
        for subject in self.subjects:
            spec.check_subject(subject)
            for exercise in chosen if self.root else ():
                ninapro.find(self.root, spec, subject, exercise)

    @property
    def name(self) -> str:
        """What the run's folder is called."""
        parts = [self.paper, self.database, self.exercises, f"s{ranges(self.subjects)}"]
        parts += [self.preset, self.recipe, f"seed{self.seed}"]
        return "-".join([*parts, *([f"{self.epochs}epochs"] if self.epochs else [])])

    def execute(self, out: str | Path) -> Path:
        """Run the notebook; leave ``notebook.ipynb`` and ``record.json`` below ``out``.

        Returns
        -------
        Path
            The folder of the run.
        """
        folder = Path(out).resolve() / self.name
        parameters = {key: value for key, value in asdict(self).items() if key != "paper"}
        notebooks.run(
            notebooks.FOLDER / f"{self.paper}.ipynb",
            folder / "notebook.ipynb",
            parameters | {"out": str(folder)},
        )
        return folder
