"""Notebooks: keep sources clean, run them by papermill, make executed copies fit to publish.

A clean source has no outputs but those of golden cells, which print what no machine or seed can
change; ``pytest --nbval`` compares them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode

from semg_lib.recording import DataError

FOLDER = Path(__file__).parent.parent / "notebooks"
GOLDEN = "nbval-check-output"
MAX_LINES = 20  # of a code cell
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_PATH = re.compile(r'^(root|out) = ".+"$', re.MULTILINE)


class RunError(RuntimeError):
    """A notebook failed; the message is one line."""


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


def clean(notebook: NotebookNode) -> NotebookNode:
    """Return a copy as sources are kept: tags, stable ids, and the text of golden cells."""
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = nbformat.from_dict(_METADATA)
    kept = [cell for cell in notebook.cells if "injected-parameters" not in tags(cell)]
    for number, cell in enumerate(kept):
        cell.metadata = nbformat.from_dict({"tags": tags(cell)} if tags(cell) else {})
        if not re.fullmatch(r"[a-z][a-z0-9-]*", cell.get("id", "")):
            cell["id"] = f"cell-{number:02d}"
        cell.source = cell.source.rstrip()
        if cell.cell_type != "code":
            continue
        text = "".join(each.text for each in cell.outputs if each.output_type == "stream")
        golden = text and GOLDEN in tags(cell)
        cell.outputs = (
            [nbformat.v4.new_output("stream", name="stdout", text=text)] if golden else []
        )
        cell.execution_count = 1 if golden else None
    notebook.cells = kept
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def problems(path: str | Path) -> list[str]:
    """Return what keeps a source from being clean, one line each; see `clean`."""
    path = Path(path)
    notebook = read(path)
    found = []
    if to_text(clean(notebook)) != path.read_text():
        found.append("outputs, counts or metadata are stored: run make clean")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if sum("parameters" in tags(cell) for cell in code) != 1:
        found.append("there must be exactly one cell tagged parameters")
    golden = [cell for cell in code if GOLDEN in tags(cell)]
    if not 2 <= len(golden) <= 5 or not all(cell.outputs for cell in golden):
        found.append("there must be two to five golden cells, with their text stored")
    for cell in code:
        lines = cell.source.splitlines()
        if len(lines) > MAX_LINES:
            found.append(f"cell {cell['id']} has {len(lines)} lines, at most {MAX_LINES}")
        if lines and lines[-1].rstrip().endswith(";"):
            found.append(f"cell {cell['id']} ends with a semicolon")
    return [f"{path.name}: {each}" for each in found]


def refresh_golden(path: str | Path) -> None:
    """Run a source and store the text of its golden cells anew."""
    executed = Path(path).with_suffix(".executed.ipynb")
    try:
        run(path, executed, {}, quiet=True)
        Path(path).write_text(to_text(clean(read(executed))))
    finally:
        executed.unlink(missing_ok=True)


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


def publish(notebook: NotebookNode, about: str) -> NotebookNode:
    """Return an executed notebook as the book shows it.

    Timings, paths, warnings and progress go; alternative texts move to where the book looks for
    them; a line at the top says where the results come from.

    Parameters
    ----------
    notebook : NotebookNode
        As papermill left it.
    about : str
        Data, preset, device and date, in Markdown.
    """
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = nbformat.from_dict(_METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({"tags": tags(cell)} if tags(cell) else {})
        if "injected-parameters" in tags(cell):
            cell.source = _PATH.sub(r'\1 = "..."  # a folder of the machine it ran on', cell.source)
        if cell.cell_type != "code":
            continue
        cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        move_alt(cell)
    note = nbformat.v4.new_markdown_cell(f"```{{note}}\n{about}\n```", id="about-this-run")
    notebook.cells.insert(1, note)
    return notebook


def move_alt(cell: NotebookNode) -> None:
    """Put the alternative text of a cell's picture where the book looks for it."""
    for output in cell.outputs:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt")
        if alt:
            cell.metadata["mystnb"] = {"image": {"alt": alt}}


def main(arguments: list[str] | None = None) -> int:
    """Clean, check or refresh the sources named, or all: ``python -m semg_lib.notebooks clean``."""
    verb, *names = sys.argv[1:] if arguments is None else arguments
    paths = [Path(each) for each in names] or sorted(FOLDER.glob("*.ipynb"))
    status = 0
    for path in paths:
        if verb == "clean":
            path.write_text(to_text(clean(read(path))))
        elif verb == "golden":
            refresh_golden(path)
        elif verb == "check":
            for problem in problems(path):
                print(problem)
                status = 1
        else:
            print(f"unknown verb {verb!r}: choose from clean, golden, check")
            return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
