"""Notebooks: read, written as text, and run by papermill."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from semg_lib.errors import REPOSITORY, DataError, RunError

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
_TOLD = ("DataError", "ValueError", "LeakError")


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
        If the file is missing or is no notebook in UTF-8; a byte order mark does not matter.
    """
    try:
        return nbformat.reads(Path(path).read_text(encoding="utf-8-sig"), as_version=4)
    except FileNotFoundError:
        raise DataError(f"{path}: no such notebook") from None
    except (nbformat.reader.NotJSONError, UnicodeDecodeError):
        raise DataError(f"{path}: not a notebook") from None


def to_text(notebook: NotebookNode) -> str:
    """Return a notebook as it is stored: one space of indent, a newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def _literally(path: str | Path) -> str:
    """Return a path as papermill takes it: it would fill in braces, and read s3: as an address."""
    return str(Path(path).absolute()).replace("{", "{{").replace("}", "}}")


def check_address() -> None:
    """Raise RunError where processes of this machine cannot talk to each other."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), 5).close()
    except OSError as error:
        why = f"notebooks and workers are reached at 127.0.0.1: {error.strerror}"
        raise RunError(f"{why}; bring this machine's own address up: ip link set lo up") from None


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
    DataError
        If the source is no notebook or a path no text.
    RunError
        If a cell fails or the kernel is killed, or cannot be reached. A wrong request or file, or
        what the system refuses, is told in its own words; anything else names the executed copy,
        which holds the traceback.
    """
    import papermill  # only here: notebooks are read where none is run
    from nbclient.exceptions import DeadKernelError

    for text in map(str, (out, *parameters.values())):
        if text.encode("utf-8", "ignore").decode() != text:
            raise DataError(f"{text}: this name is no UTF-8, as a notebook is; rename it")
    read(source)
    check_address()
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    streams = {} if quiet else {"stdout_file": sys.stdout, "stderr_file": sys.stderr}
    try:
        papermill.execute_notebook(
            _literally(source),
            _literally(out),
            dict(parameters),
            kernel_name="python3",
            kernel_manager_class="semg_lib.running.kernel.OwnKernel",
            progress_bar=False,
            # The kernel's own warnings are about sockets and say nothing to a reader.
            extra_arguments=["--log-level=CRITICAL"],
            **streams,
        )
    except papermill.PapermillExecutionError as error:
        if error.ename in _TOLD or error.evalue.startswith("[Errno"):
            raise RunError(error.evalue) from None
        raise RunError(
            f"{source}: cell {error.exec_count} failed with {error.ename}: {error.evalue}; "
            f"the traceback is in {out}"
        ) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or str(out)) from None
    except DeadKernelError:
        raise RunError(
            f"{source}: its process was killed, as happens where memory runs out; what was scored "
            f"is kept in {Path(out).parent}, and the same command goes on from there"
        ) from None
