"""Notebooks: read, written as text, and run by papermill."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from semg_lib.errors import REPOSITORY, DataError, RunError

FOLDER = Path(__file__).parent.parent.parent / "notebooks"


def path(name: str) -> Path:
    """Return a notebook of the repository.

    Raises
    ------
    DataError
        If it is not there: notebooks are no part of an installed copy of the library.
    """
    found = FOLDER / f"{name}.ipynb"
    if not found.is_file():
        raise DataError(
            f"{found}: no such notebook; papers run from a clone: git clone {REPOSITORY}"
        )
    return found


def read(path: str | Path) -> NotebookNode:
    """Read a notebook.

    Raises
    ------
    DataError
        If the file is missing or is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise DataError(f"{path}: no such notebook") from None
    except nbformat.reader.NotJSONError:
        raise DataError(f"{path}: not a notebook") from None


def to_text(notebook: NotebookNode) -> str:
    """Return a notebook as it is stored: one space of indent, a newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def run(
    source: str | Path, out: str | Path, parameters: Mapping[str, Any], *, quiet: bool = False
) -> None:
    """Run a notebook by papermill; what it prints appears as it runs.

    Parameters
    ----------
    source, out : path
        The notebook, and where its executed copy is written after every cell.
    parameters : mapping
        Replace the defaults of the cell tagged ``parameters``.
    quiet : bool
        Show nothing.

    Raises
    ------
    RunError
        If a cell fails. A wrong request or file is told in its own words; anything else names
        the executed copy, which holds the traceback.
    """
    import papermill  # only here: notebooks are read where none is run

    Path(out).parent.mkdir(parents=True, exist_ok=True)
    streams = {} if quiet else {"stdout_file": sys.stdout, "stderr_file": sys.stderr}
    try:
        papermill.execute_notebook(
            str(source),
            str(out),
            dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            # The kernel's own warnings are about sockets and say nothing to a reader.
            extra_arguments=["--log-level=CRITICAL"],
            **streams,
        )
    except papermill.PapermillExecutionError as error:
        if error.ename in ("DataError", "ValueError", "LeakError"):
            raise RunError(error.evalue) from None
        raise RunError(
            f"{source}: cell {error.exec_count} failed with {error.ename}: {error.evalue}; "
            f"the traceback is in {out}"
        ) from None
