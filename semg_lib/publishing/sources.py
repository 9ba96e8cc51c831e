"""The notebooks that people edit: clean, checked, and made fit for the book.

``python -m semg_lib.publishing.sources clean | golden | check [NOTEBOOK ...]``
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from semg_lib.errors import command
from semg_lib.evaluation.writing import write_atomically
from semg_lib.running.notebooks import FOLDER, read, run, tags, to_text

GOLDEN = "nbval-check-output"
VERBS = ("clean", "golden", "check")
MAX_LINES = 20  # of a code cell
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_PATH = re.compile(r'^(\w*root|out) = ".+"$', re.MULTILINE)


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
    if to_text(clean(notebook)) != path.read_text(encoding="utf-8"):
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
    run(path, executed, {}, quiet=True)  # where it fails, this is what the error names
    write_atomically(path, to_text(clean(read(executed))))
    executed.unlink()


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
        tidy(cell)
    note = nbformat.v4.new_markdown_cell(f"```{{note}}\n{about}\n```", id="about-this-run")
    notebook.cells.insert(1, note)
    return notebook


def tidy(cell: NotebookNode) -> None:
    """Leave out a cell's warnings; put the text of its picture where the book looks for it."""
    if cell.cell_type == "code":
        cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    for output in cell.get("outputs", []):
        alt = output.get("metadata", {}).get("image/png", {}).get("alt")
        if alt:
            cell.metadata["mystnb"] = {"image": {"alt": alt}}


@command("sources")
def main(arguments: list[str] | None = None) -> int:
    """Clean, check or refresh the sources named, or all of them."""
    verb, *names = (sys.argv[1:] if arguments is None else arguments) or [""]
    if verb not in VERBS:
        print(f"usage: python -m semg_lib.publishing.sources {' | '.join(VERBS)} [NOTEBOOK ...]")
        return 2
    paths = [Path(each) for each in names] or sorted(FOLDER.glob("*.ipynb"))
    status = 0
    for path in paths:
        if verb == "clean":
            write_atomically(path, to_text(clean(read(path))))
        elif verb == "golden":
            refresh_golden(path)
        else:
            for problem in problems(path):
                print(problem)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
