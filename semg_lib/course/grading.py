"""Grading a folder of submissions, whatever is in them.

``python -m semg_lib.course.grading 1-signals FOLDER`` lets Otter grade every file of the folder,
each in a process of its own with limits on time, memory, the size of a file and the number of open
files, which the operating system holds, and writes the marks as CSV. A notebook that never ends,
that asks for more than it may or that is none is reported by name and does not stop the rest.

The limits keep mistakes from doing harm. This is no sandbox: to grade strangers' code, use
a container.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from ipykernel.kernelspec import get_kernel_dict

from semg_lib.course import assignments
from semg_lib.errors import DataError, command
from semg_lib.evaluation.writing import set_aside, write_atomically
from semg_lib.running import notebooks

GRADED = "graded"
NO_SANDBOX = "This is no sandbox: to grade strangers' code, use a container."
_STUDENT = re.compile(r"^student[ \t]*=[ \t]*([\"'])(.*?)\1", re.MULTILINE)


@dataclass(frozen=True)
class Limits:
    """What each process of a submission may take."""

    seconds: float = 180.0
    megabytes: int = 6000  # of address space; PyTorch alone takes two thousand
    file_megabytes: int = 100
    open_files: int = 512

    def by_the_system(self) -> dict[str, int]:
        """Return the limits by the names that the operating system has for them."""
        return {
            # `grade_one` counts seconds on the clock; this ends what slips away from it.
            "RLIMIT_CPU": math.ceil(self.seconds) + 10,
            "RLIMIT_AS": self.megabytes * 2**20,
            "RLIMIT_FSIZE": self.file_megabytes * 2**20,
            "RLIMIT_NOFILE": self.open_files,
        }


DEFAULT = Limits()


@dataclass
class Mark:
    """What came of one submission."""

    file: str
    student: str = ""
    state: str = GRADED
    note: str = ""  # why it was not graded, or the first error of a cell
    points: dict[str, float] = field(default_factory=dict)  # by question
    seconds: float = 0.0

    @property
    def total(self) -> float:
        """Points of all questions that are graded by tests."""
        return sum(self.points.values())


def grade_one(submission: Path, autograder: Path, limits: Limits = DEFAULT) -> Mark:
    """Grade one submission, in a process of its own.

    Parameters
    ----------
    submission, autograder : Path
        A notebook, and the archive that `assignments.generate` made.
    limits : Limits
        What it may take.
    """
    mark = Mark(submission.name)
    try:
        notebook = notebooks.read(submission)
        code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    except (DataError, ValueError, AttributeError, OSError, KeyError) as error:
        mark.state, mark.note = "not a notebook", str(error).splitlines()[0]
        return mark
    # The environment that the student worked in is not there.
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    found = _STUDENT.search(code)
    mark.student = found[2] if found else ""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        # Its cells know the notebook by the name that the assignment has.
        copy = root / f"{autograder.stem}.ipynb"
        write_atomically(copy, notebooks.to_text(notebook))
        said = _run(copy, autograder.resolve(), limits)
        mark.seconds = round(time.monotonic() - began, 1)
        marks = root / "marks.json"
        if said is None:
            mark.state, mark.note = "did not end", f"stopped after {limits.seconds:g} s"
        elif marks.is_file():
            graded = json.loads(marks.read_text(encoding="utf-8"))
            mark.points, mark.note = graded["points"], graded["error"]
        else:
            mark.state, mark.note = "could not be run", (said.strip().splitlines() or [""])[-1]
    return mark


def _run(notebook: Path, autograder: Path, limits: Limits) -> str | None:
    """Run Otter in a notebook's folder; return what it said, None if it had to be stopped."""
    root = notebook.parent
    for name in ("home", "tmp"):
        (root / name).mkdir()
    # Otter asks for the kernel python3: this Python, whatever else goes by that name.
    write_atomically(root / "jupyter/kernels/python3/kernel.json", json.dumps(get_kernel_dict()))
    log = root / "log.txt"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "semg_lib.course.submission"),
                *(notebook.name, autograder, root / "marks.json"),
                json.dumps(limits.by_the_system()),
            ],
            cwd=root,
            env=os.environ
            | {"HOME": str(root / "home"), "TMPDIR": str(root / "tmp"), "OMP_NUM_THREADS": "1"}
            | {"JUPYTER_PATH": str(root / "jupyter"), "PYTHONUTF8": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        process.wait(limits.seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    return log.read_text(encoding="utf-8", errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Otter and the kernel it started, which is in a session of its own."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def grade(
    folder: Path, autograder: Path, limits: Limits = DEFAULT, *, workers: int = 0
) -> Iterator[Mark]:
    """Grade every file of a folder and of those in it, some at once; yield marks in order.

    Moodle has a folder for each student. What an operating system or Jupyter keeps for itself is
    no submission.
    """
    below = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    files = [
        path for path in below if not any(part.startswith((".", "__MACOSX")) for part in path.parts)
    ]

    def one(path: Path) -> Mark:
        mark = grade_one(folder / path, autograder, limits)
        mark.file = str(path)
        return mark

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        yield from pool.map(one, files)


def to_csv(marks: list[Mark], path: Path, name: str) -> None:
    """Write marks as CSV, one row a submission; what is graded by hand is left empty."""
    asked = list(assignments.questions(name))
    by_tests = [question for question, _, manual in asked if not manual]
    by_hand = [f"{question} (by hand)" for question, _, manual in asked if manual]
    possible = sum(points for _, points, manual in asked if not manual)
    header = ["file", "student", "state", *by_tests, *by_hand, "total", "of", "seconds", "note"]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    for mark in marks:
        points = [f"{mark.points.get(question, 0):g}" for question in by_tests]
        row = [mark.file, mark.student, mark.state, *points, *("" for _ in by_hand)]
        writer.writerow([*row, f"{mark.total:g}", f"{possible:g}", mark.seconds, mark.note])
    write_atomically(path, file.getvalue())


@command("grading")
def main(arguments: list[str] | None = None) -> int:
    """Grade a folder and write the marks beside it."""
    parser = argparse.ArgumentParser(
        prog="python -m semg_lib.course.grading", description=f"{main.__doc__} {NO_SANDBOX}"
    )
    parser.add_argument("assignment", choices=assignments.names())
    parser.add_argument("folder", type=Path, help="submissions, at any depth")
    parser.add_argument("--marks", type=Path, help="CSV to write; FOLDER.csv if not given")
    parser.add_argument("--autograders", type=Path, default=assignments.OUT / "autograders")
    parser.add_argument("--workers", type=int, default=0, help="at once; all cores if not given")
    for name, most in vars(DEFAULT).items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(
            option, type=type(most), default=most, help=f"for one submission; {most:g} if not given"
        )
    given = parser.parse_args(arguments)
    autograder = given.autograders / f"{given.assignment}.zip"
    if not autograder.is_file():
        raise DataError(f"{autograder} is not there; run make assignments")
    if not given.folder.is_dir():
        raise DataError(f"{given.folder} is no folder of submissions")
    limits = Limits(**{name: getattr(given, name) for name in vars(DEFAULT)})
    marks = []
    for mark in grade(given.folder, autograder, limits, workers=given.workers):
        marks.append(mark)
        said = f"{mark.total:g} points" if mark.state == GRADED else mark.state
        note = f": {mark.note}" if mark.note else ""
        print(f"{mark.file} ({mark.student or 'no identifier'}): {said}{note}", flush=True)
    if not marks:
        raise DataError(f"no submission in {given.folder}, nor in folders in it")
    out = given.marks or given.folder.with_name(given.folder.name + ".csv")
    if out.is_file():  # it may hold marks by hand
        print(f"the marks that were there are kept as {set_aside(out).name}")
    to_csv(marks, out, given.assignment)
    print(f"marks are in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
