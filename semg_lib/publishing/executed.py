"""Executed copies as the book shows them: cells that show stored records run when it is built.

They are tagged ``from-results``. What they need is the notebook's imports, its parameters and one
another, so they run without the minutes or hours that the rest of a notebook takes. The stored
copies hold no outputs of theirs, which a changed record would make wrong.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import nbclient
import nbformat
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from semg_lib.errors import RunError
from semg_lib.evaluation import records
from semg_lib.evaluation.writing import write_atomically
from semg_lib.publishing import sources
from semg_lib.running import notebooks
from semg_lib.running.kernel import OwnKernel

TAG = "from-results"
PACKAGE = Path(__file__).parent.parent


def tagged(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that show stored records."""
    return [cell for cell in notebook.cells if TAG in notebooks.tags(cell)]


def strip(notebook: NotebookNode) -> NotebookNode:
    """Return an executed copy without what its tagged cells showed when they ran."""
    notebook = nbformat.from_dict(notebook)
    for cell in tagged(notebook):
        cell.outputs, cell.execution_count = [], None
        cell.metadata.pop("mystnb", None)
    return notebook


def shown(path: Path, kept: Path) -> Path:
    """Return the file that holds an executed copy as its page shows it.

    Parameters
    ----------
    path : Path
        The executed copy. One whose tagged cells have outputs was just run, and is shown as it is.
    kept : Path
        Folder for filled copies; what was made from the same copy, records and code is used again.

    Raises
    ------
    RunError
        If a tagged cell fails.
    """
    notebook = notebooks.read(path)
    if not tagged(notebook) or any(cell.outputs for cell in tagged(notebook)):
        return path
    filled = kept / f"{path.stem}-{_digest(path)}.ipynb"
    if not filled.is_file():
        text = notebooks.to_text(fill(notebook, str(path)))
        for old in kept.glob(f"{path.stem}-*.ipynb"):
            old.unlink()
        write_atomically(filled, text)
    return filled


def all_shown(paths: Iterable[Path], kept: Path) -> list[Path]:
    """Return what `shown` does for each of several copies, a core for each kernel."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda path: shown(path, kept), paths))


def fill(notebook: NotebookNode, name: str) -> NotebookNode:
    """Run the tagged cells of an executed copy and return it with their outputs.

    Raises
    ------
    RunError
        If one fails; ``name`` says of what.
    """
    notebook = nbformat.from_dict(notebook)
    needed = [cell for cell in notebook.cells if cell.cell_type == "code" and _is_needed(cell)]
    small = nbformat.v4.new_notebook(cells=needed)
    client = nbclient.NotebookClient(
        small,
        kernel_manager_class=OwnKernel,
        timeout=None,
        record_timing=False,
        extra_arguments=["--log-level=CRITICAL"],
    )
    running: list[str] = []
    client.on_cell_start = lambda cell, cell_index: running.append(cell.id)
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError) as error:
        why = "its kernel died"
        if isinstance(error, CellExecutionError):
            why = f"{error.ename}: {error.evalue}"
        raise RunError(f"{name}: cell {running[-1]} cannot show results/: {why}") from None
    for cell in needed:
        sources.tidy(cell)
    return notebook


def _is_needed(cell: NotebookNode) -> bool:
    wanted = {"parameters", "injected-parameters", TAG}
    return cell.get("id") == "imports" or not wanted.isdisjoint(notebooks.tags(cell))


def _digest(path: Path) -> str:
    """Return a hash of what a filled copy is made from: the copy, the records and the code."""
    made_from = [
        path,
        *sorted(records.RESULTS.rglob("*.json")),
        *sorted(each for each in PACKAGE.rglob("*") if each.suffix in (".py", ".html")),
    ]
    drawn_by = [version(name) for name in ("pandas", "matplotlib")]
    digest = hashlib.sha256(" ".join(drawn_by).encode())
    for each in made_from:
        digest.update(each.name.encode() + each.read_bytes())
    return digest.hexdigest()[:12]
