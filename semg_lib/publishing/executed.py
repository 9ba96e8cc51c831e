"""Cells of executed copies that show nothing but stored records: computed anew and compared.

They are tagged ``from-results``. What they need is the notebook's imports and parameters, and one
another; so they can be run without the minutes or hours that the rest of a notebook takes.

``python -m semg_lib.publishing.executed`` brings the executed copies up to date with ``results/``.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.formatters import DisplayFormatter
from nbformat import NotebookNode

from semg_lib.publishing import sources
from semg_lib.running import notebooks

TAG = "from-results"
_COMPARED = ("text/plain", "text/html")  # pictures by their alternative text, which is plain
EXECUTED = Path(__file__).parent.parent.parent / "book" / "executed"


def computed(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Return what each tagged cell shows now, by the cell's identifier."""
    namespace: dict[str, Any] = {}
    found = {}
    for cell in notebook.cells:
        tags = notebooks.tags(cell)
        if cell.get("id") == "imports" or "parameters" in tags or "injected-parameters" in tags:
            exec(cell.source, namespace)
        elif TAG in tags:
            found[cell.id] = _outputs(cell.source, namespace)
    return found


def _outputs(source: str, namespace: dict[str, Any]) -> list[NotebookNode]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    said = io.StringIO()
    value = None
    with contextlib.redirect_stdout(said):
        exec(compile(tree, "cell", "exec"), namespace)
        if last:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    outputs = []
    if said.getvalue():
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=said.getvalue()))
    if value is not None:
        data, metadata = DisplayFormatter().format(value)
        outputs.append(nbformat.v4.new_output("execute_result", data=data, metadata=metadata))
    return outputs


def _comparable(outputs: list[NotebookNode]) -> list[str]:
    texts = []
    for output in outputs:
        if output.output_type == "stream":
            texts.append(output.text.strip())
        else:
            shown = [kind for kind in _COMPARED if kind in output.data]
            # An object's own name holds its address; what it looks like says more.
            shown = ["text/html"] if "text/html" in shown else shown
            texts += ["".join(output.data[kind]).strip() for kind in shown]
    return texts


def outdated(path: str | Path) -> list[str]:
    """Return which tagged cells of an executed copy show what the records do not, a line each."""
    notebook = notebooks.read(path)
    shown = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    return [
        f"{Path(path).name}: cell {name} shows what results/ no longer says; "
        "run python -m semg_lib.publishing.executed"
        for name, outputs in computed(notebook).items()
        if _comparable(outputs) != _comparable(shown[name])
    ]


def refresh(path: str | Path) -> None:
    """Bring the tagged cells of an executed copy up to date."""
    notebook = notebooks.read(path)
    found = computed(notebook)
    for cell in notebook.cells:
        if TAG not in notebooks.tags(cell):
            continue
        cell.outputs = found[cell.id]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
        sources.move_alt(cell)
    Path(path).write_text(notebooks.to_text(notebook))


def main() -> int:
    """Bring every executed copy up to date."""
    for path in sorted(EXECUTED.glob("*.ipynb")):
        old = outdated(path)
        if old:
            print("\n".join(line.split(";")[0] for line in old))
            refresh(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
