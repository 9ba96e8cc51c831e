"""What the ``semg`` command prints of files, downloads and records."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import DownloadColumn, Progress, TaskID, TransferSpeedColumn
from rich.table import Column, Table

from semg_lib.recordings import databases
from semg_lib.running.subjects import ranges

if TYPE_CHECKING:
    from semg_lib.download.finding import Finding
    from semg_lib.evaluation.records import Record


@contextlib.contextmanager
def transfers(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show one bar a file; yields what is called with a file's name, bytes done and in all."""
    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total or None)
            bars.update(tasks[name], completed=done, total=total or None)

        yield progress


@contextlib.contextmanager
def kept(out: Path) -> Iterator[None]:
    """Say of what is stopped what is kept; 130 is the status of shells for that."""
    try:
        yield
    except KeyboardInterrupt:
        said = f"semg: stopped; what was scored is kept below {out}: the same command goes on"
        print(said, file=sys.stderr)
        raise typer.Exit(130) from None


def verified(console: Console, found: Sequence[Finding]) -> None:
    """Print what files were found to be, one row a file, and how many are of each status.

    Below: what is known about the data sets that are among them, but for NinaPro's.
    """
    file, state = (Column(name, overflow="fold") for name in ("file", "is"))
    table = Table(file, "holds", "length", state)
    for each in found:
        style = {"ok": "green", "suspicious": "yellow", "broken": "red"}[each.status]
        minutes, seconds = f"{each.seconds / 60:.1f} min", f"{each.seconds:.1f} s"
        length = minutes if each.seconds >= 60 else seconds if each.seconds else ""
        why = escape("; ".join(["", *each.reasons])).replace("; ", ": ", 1)
        status = f"[{style}]{each.status}[/]{why}"
        table.add_row(escape(str(each.path)), escape(each.content), length, status)
    console.print(table)
    counts = Counter(each.status for each in found)
    console.print(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    names = {each.database for each in found}
    for spec in databases.registered():
        if spec.name in names:
            about = (f"{spec.name}: {spec.title}", spec.citation, spec.licence, *spec.cautions)
            lines = "\n  ".join(filter(None, about))
            console.print(lines, soft_wrap=True, highlight=False, markup=False)


def left_out(console: Console, subjects: Sequence[int], root: object) -> None:
    """Print whose files are not all there, if anybody's."""
    if subjects:
        who = ranges(subjects).replace(".", ", ")
        said = f"left out, for their files are not all below {root}: subjects {who}"
        console.print(said, soft_wrap=True, highlight=False, markup=False)


def summaries(console: Console, records: Sequence[Record], others: Sequence[str] = ()) -> None:
    """Print accuracies over subjects and seeds, one table for records of each kind.

    Where settings, data or code differ within it, each has rows of its own, and a column says how.
    ``others`` are lines about what is no record.
    """
    kinds: dict[tuple, list[Record]] = {}
    for record in records:
        key = record.paper, record.study, record.database, record.exercises, record.simulated
        kinds.setdefault((*key, record.recipe, record.preset), []).append(record)
    for same in kinds.values():
        console.print(_summary(same))
    for line in others:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def shown(console: Console, path: Path) -> None:
    """Print what one record says, and where it is."""
    from semg_lib.evaluation.records import load_record

    summaries(console, [load_record(path)])
    console.print(f"record: {path}", soft_wrap=True, highlight=False, markup=False)


def _summary(records: Sequence[Record]) -> Table:
    from semg_lib.evaluation import summaries

    record = records[0]
    kind = "simulated " if record.simulated else ""
    title = f"{record.paper} on {kind}{record.database}, exercises {record.exercises}, "
    title += f"{record.preset} preset, {record.recipe} recipe"
    title += f", study {record.study}" if record.study else ""
    groups = summaries.alike(records, code=True)
    apart = summaries.differences(groups)
    table = Table("method", title=title, title_justify="left")
    for name in apart:
        table.add_column(str(name), overflow="fold")
    for name in ("subjects", "seeds", "accuracy", "balanced"):
        table.add_column(name, justify="right", no_wrap=True)
    for (same, _), differing in zip(groups, apart.to_numpy().tolist(), strict=True):
        for method, row in summaries.summary(same).iterrows():
            counts = (f"{row[name]:.0f}" for name in ("subjects", "seeds"))
            means = (f"{row[name]:.1f} %" for name in ("mean", "balanced"))
            table.add_row(*map(escape, [str(method), *differing]), *counts, *means)
    return table
