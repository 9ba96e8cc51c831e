"""Grading a folder of submissions, whatever is in them.

``python -m semg_lib.course.grading 1-signals FOLDER`` runs Otter on every file of the folder, each
in a process of its own with a limit on time and memory, and writes the marks as CSV. A
notebook that never ends, takes all memory, writes where it should not or is none, is reported by
name and does not stop the rest.

The limits keep mistakes from doing harm. They are no prison: who grades strangers does so in a
container.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from semg_lib.course import assignments
from semg_lib.errors import DataError
from semg_lib.running import notebooks

GRADED = "graded"
_STUDENT = re.compile(r"^student = [\"'](.*)[\"']", re.MULTILINE)
_GUARD = Path(__file__).with_name("grading_guard.py")
_COPY = "submission.ipynb"
_LIMITED = (  # limits itself, then becomes the command
    "import os, resource, sys; most = int(sys.argv[1]); "
    "resource.setrlimit(resource.RLIMIT_AS, (most, most)); os.execv(sys.argv[2], sys.argv[2:])"
)
_WORDS = {
    "memory": "asked for more memory than allowed",
    "write": "tried to write outside its folder",
    "process": "tried to start another program",
}


@dataclass
class Mark:
    """What came of one submission."""

    file: str
    student: str = ""
    state: str = GRADED
    note: str = ""
    points: dict[str, float] = field(default_factory=dict)  # by question
    seconds: float = 0.0

    @property
    def total(self) -> float:
        """Points of all questions that are graded by tests."""
        return sum(self.points.values())


def grade_one(
    submission: Path, autograder: Path, *, seconds: float = 180, megabytes: int = 6000
) -> Mark:
    """Grade one submission, in a process of its own.

    Parameters
    ----------
    submission, autograder : Path
        A notebook, and the archive that `assignments.generate` made.
    seconds : float
        When to give up.
    megabytes : int
        Address space that it may take; PyTorch alone takes two thousand.
    """
    mark = Mark(submission.name)
    try:
        notebook = notebooks.read(submission)
        code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    except (DataError, ValueError, AttributeError, OSError, KeyError) as error:
        mark.state, mark.note = "not a notebook", str(error).splitlines()[0]
        return mark
    found = _STUDENT.search(code)
    mark.student = found[1] if found else ""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        root = Path(folder).resolve()
        shutil.copy(submission, root / _COPY)
        done = _run(root, autograder.resolve(), seconds, megabytes)
        mark.seconds = round(time.monotonic() - began, 1)
        results = root / "out" / "results.json"
        if results.is_file():
            tests = json.loads(results.read_text())["tests"]
            mark.points = {each["name"]: each["score"] for each in tests if "score" in each}
        log = root / "guard.log"
        wrong = log.read_text().splitlines() if log.is_file() else []
        if done is None:
            mark.state, mark.note = "did not end", f"stopped after {seconds:g} s"
        elif wrong:
            kind, _, what = wrong[0].partition(" ")
            mark.state, mark.note = _WORDS[kind], what
        elif not mark.points:
            mark.state, mark.note = "could not be run", (done.strip().splitlines() or [""])[-1]
    return mark


def _run(root: Path, autograder: Path, seconds: float, megabytes: int) -> str | None:
    """Run Otter in a folder; return what it said, or None if it had to be stopped."""
    startup = root / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(_GUARD, startup / "00-guard.py")
    for name in ("home", "tmp", "out"):
        (root / name).mkdir()
    environment = os.environ | {
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "IPYTHONDIR": str(root / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(root / "tmp"),
        "MPLCONFIGDIR": str(root / "tmp"),
        "SEMG_GRADING": str(root),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(_GUARD.parent.parent), os.environ.get("PYTHONPATH")])
        ),
    }
    command = [sys.executable, "-m", "otter", "run", "-a", str(autograder), "-o", str(root / "out")]
    process = subprocess.Popen(
        [sys.executable, "-c", _LIMITED, str(megabytes * 2**20), *command, "--no-logo", _COPY],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)
        process.stdout.close()


def _end(process: subprocess.Popen) -> None:
    """End Otter and the kernel it started, which is in a session of its own."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def grade(
    folder: Path, autograder: Path, *, workers: int = 0, seconds: float = 180, megabytes: int = 6000
) -> Iterator[Mark]:
    """Grade every file of a folder, some at once; yield marks in order of the files' names."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        yield from pool.map(
            lambda path: grade_one(path, autograder, seconds=seconds, megabytes=megabytes), files
        )


def to_csv(marks: list[Mark], path: Path, name: str) -> None:
    """Write marks as CSV, one row a submission; what is graded by hand is left empty."""
    asked = list(assignments.questions(name))
    by_tests = [question for question, _, manual in asked if not manual]
    by_hand = [f"{question} (by hand)" for question, _, manual in asked if manual]
    possible = sum(points for _, points, manual in asked if not manual)
    header = ["file", "student", "state", *by_tests, *by_hand, "total", "of", "seconds", "note"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for mark in marks:
            points = [f"{mark.points.get(question, 0):g}" for question in by_tests]
            row = [mark.file, mark.student, mark.state, *points, *("" for _ in by_hand)]
            writer.writerow([*row, f"{mark.total:g}", f"{possible:g}", mark.seconds, mark.note])


def main(arguments: list[str] | None = None) -> int:
    """Grade a folder and write the marks beside it."""
    parser = argparse.ArgumentParser(
        prog="python -m semg_lib.course.grading", description=main.__doc__
    )
    parser.add_argument("assignment", choices=assignments.names())
    parser.add_argument("folder", type=Path, help="submissions, one file each")
    parser.add_argument("--marks", type=Path, help="CSV to write; FOLDER.csv if not given")
    parser.add_argument("--autograders", type=Path, default=assignments.OUT / "autograders")
    parser.add_argument("--workers", type=int, default=0, help="at once; all cores if not given")
    parser.add_argument("--seconds", type=float, default=180, help="for one submission")
    parser.add_argument("--megabytes", type=int, default=6000, help="for one submission")
    given = parser.parse_args(arguments)
    autograder = given.autograders / f"{given.assignment}.zip"
    if not autograder.is_file():
        print(f"grading: {autograder} is not there; run make assignments", file=sys.stderr)
        return 1
    if not given.folder.is_dir():
        print(f"grading: {given.folder} is no folder of submissions", file=sys.stderr)
        return 1
    marks = []
    for mark in grade(
        given.folder,
        autograder,
        workers=given.workers,
        seconds=given.seconds,
        megabytes=given.megabytes,
    ):
        marks.append(mark)
        said = f"{mark.total:g} points" if mark.state == GRADED else f"{mark.state}: {mark.note}"
        print(f"{mark.file} ({mark.student or 'no identifier'}): {said}", flush=True)
    out = given.marks or given.folder.with_name(given.folder.name + ".csv")
    to_csv(marks, out, given.assignment)
    print(f"marks are in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
