"""One submission graded by Otter in this process, within limits that the operating system holds.

`grading` starts a process of it for each submission: ``python -m semg_lib.course.submission``.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from semg_lib.evaluation.writing import write_atomically


def _first_error(notebook: Any) -> str:
    """Return why the first cell that failed did so, one line; nothing if none failed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                why = f"{output.ename}: {output.evalue}".splitlines()[0].rstrip(": ")
                return f"{why} in the cell {cell.source.splitlines()[0]!r}"
    return ""


def main(submission: str, autograder: str, out: str, limits: str) -> None:
    """Grade a submission; write points by question and the first error as JSON."""
    for name, most in json.loads(limits).items():
        # Kernels and whatever else is started from here inherit them.
        kind = getattr(resource, name)
        _, hardest = resource.getrlimit(kind)
        most = most if hardest == resource.RLIM_INFINITY else min(most, hardest)
        resource.setrlimit(kind, (most, most))
    from otter.run import main as run  # takes memory, so after the limits

    graded = run(submission, autograder=autograder, output_dir="", no_logo=True)
    if graded.catastrophic_error:
        raise graded.catastrophic_error
    points = {name: graded.get_score(name) for name in graded.test_files}
    said = {"points": points, "error": _first_error(graded.notebook)}
    write_atomically(out, json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
