"""Assignments for a course: student versions, solutions and autograders from the masters.

``python -m semg_lib.course.assignments`` writes them below ``_build/assignments``. The masters in
``notebooks/assignments`` are in the format of Otter Assign: they hold solutions and hidden tests,
the student versions hold neither.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from semg_lib.errors import command
from semg_lib.running import notebooks

MASTERS = notebooks.FOLDER / "assignments"
OUT = Path(__file__).parent.parent.parent / "_build" / "assignments"
_CONFIG = re.compile(r"^(name|points|manual|hidden): *(.+?) *$", re.MULTILINE)


def names() -> list[str]:
    """Return the assignments in order."""
    return [path.stem for path in sorted(MASTERS.glob("*.ipynb"))]


def generate(out: Path = OUT) -> Path:
    """Write ``student/``, ``solutions/`` and ``autograders/`` below a folder; return it.

    Raises
    ------
    RuntimeError
        If Otter Assign refuses a master; its message is above.
    """
    for kind in ("student", "solutions", "autograders"):
        shutil.rmtree(out / kind, ignore_errors=True)
        (out / kind).mkdir(parents=True)
    for name in names():
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(MASTERS / f"{name}.ipynb", folder)
            command = [sys.executable, "-m", "otter", "assign", f"{name}.ipynb", "made"]
            env = os.environ | {"PYTHONUTF8": "1"}  # Otter reads and writes as the locale says
            done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, env=env)
            if done.returncode:
                raise RuntimeError(f"otter assign ended with {done.returncode} on {name}")
            made = Path(folder, "made")
            shutil.copy(made / "student" / f"{name}.ipynb", out / "student")
            shutil.copy(made / "autograder" / f"{name}.ipynb", out / "solutions")
            [autograder] = (made / "autograder").glob("*.zip")
            shutil.copy(autograder, out / "autograders" / f"{name}.zip")
        print(f"{name}: {points(name):g} points", flush=True)
    return out


def questions(name: str) -> Iterator[tuple[str, float, bool]]:
    """Yield the name, points and whether it is graded by hand of each question of a master."""
    for cell in notebooks.read(MASTERS / f"{name}.ipynb").cells:
        if cell.source.startswith("# BEGIN QUESTION"):
            said = dict(_CONFIG.findall(cell.source))
            yield said["name"], float(said["points"]), said.get("manual") == "true"


def about(name: str) -> tuple[str, str, str]:
    """Return the title of an assignment, what it teaches and how long it takes."""
    first = notebooks.read(MASTERS / f"{name}.ipynb").cells[1].source
    found = [
        re.search(pattern, first, re.DOTALL)
        for pattern in (
            r"\A# ([^\n]*)",
            r"\*\*You learn\*\* (.*?)\n\n",
            r"\*\*Time\*\*: (.*?)\. \*\*Points",
        )
    ]
    title, learnt, time = (match[1].replace("\n", " ") for match in found if match)
    return title, learnt, time


def points(name: str) -> float:
    """Return the points of a whole assignment."""
    return sum(each for _, each, _ in questions(name))


@command("assignments")
def main(arguments: list[str] | None = None) -> int:
    """Make all assignments."""
    print(generate())
    return 0


if __name__ == "__main__":
    sys.exit(main())
