"""The ``semg`` command: get, look through and simulate files, and run papers."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TimeRemainingColumn,
    TransferSpeedColumn,
    track,
)
from rich.table import Table

from semg_lib.download import fetch as downloads
from semg_lib.download import verify as verification
from semg_lib.errors import DataError, RunError
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import Record, load_record
from semg_lib.recordings import databases, simulator
from semg_lib.recordings.forearm import Arm, Drift
from semg_lib.running import runs
from semg_lib.running import sweep as sweeps
from semg_lib.running.runs import Run

app = typer.Typer(
    help="Replicate papers on decoding hand movements from surface EMG.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out_console = Console()

Database = Annotated[str, typer.Option(help="db1, db2 or db3.")]
PapersDatabase = Annotated[str, typer.Option(help="db1, db2 or db3; the paper's if not given.")]
Subjects = Annotated[str, typer.Option(help="Such as 1,2 or 1-3 or all.")]
Exercises = Annotated[str, typer.Option(help="Letters, such as A or BC; the first if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="Fixes every random choice.")]
Out = Annotated[Path, typer.Option(help="Folder to write into.")]
PapersExercises = Annotated[
    str, typer.Option(help="Letters, such as A or BC; the paper's if not given.")
]
Root = Annotated[
    Path | None, typer.Option(help="Folder with NinaPro's files; simulated data without.")
]
Epochs = Annotated[int, typer.Option(min=0, help="Instead of the recipe's; 0 keeps it.")]
Preset = Annotated[str, typer.Option(help="quick or full; full if --root is given.")]
Recipe = Annotated[str, typer.Option(help="paper or recommended.")]
Methods = Annotated[
    str,
    typer.Option("--methods", "--variants", help="Such as cnn,lda or C-SK,C-DK; all if not given."),
]


def parse_methods(text: str) -> list[str]:
    """Turn ``"cnn,lda"`` into names; none stand for ``"all"``."""
    return [] if text == "all" else [each.strip() for each in text.split(",")]


def parse_subjects(text: str, n_subjects: int) -> list[int]:
    """Turn ``"1,4-6"`` or ``"all"`` into sorted subject numbers.

    Raises
    ------
    DataError
        If the text is neither numbers nor ranges.
    """
    if text.strip().lower() == "all":
        return list(range(1, n_subjects + 1))
    chosen: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        try:
            low, high = int(first), int(last or first)
        except ValueError:
            raise DataError(
                f"subjects {text!r} are not numbers: write such as 1,2 or 1-3 or all"
            ) from None
        if low > high:
            raise DataError(f"subjects {part.strip()!r} run backwards: write {high}-{low}")
        chosen.update(range(low, high + 1))
    return sorted(chosen)


@app.command()
def simulate(
    out: Out,
    database: Database = "db1",
    subjects: Subjects = "1",
    exercises: Exercises = "",
    seed: Seed = 0,
    drift: Annotated[
        float, typer.Option(min=0, help="How much repetitions drift apart; 1 as usual, 0 not.")
    ] = 1.0,
    crosstalk: Annotated[
        float, typer.Option(min=0, help="How far a muscle is heard around the forearm.")
    ] = 1.0,
) -> None:
    """Write simulated recordings as files in NinaPro's layout.

    Without --exercises all exercises of the database are written.
    """
    spec = databases.database(database)
    numbers = parse_subjects(subjects, spec.n_subjects)
    for number in numbers:
        spec.check_subject(number)
    spec.exercises_named(exercises or spec.exercises[0].letter)
    options = {"seed": seed, "drift": Drift(*[drift] * 4), "arm": Arm(crosstalk=crosstalk)}
    quiet = not out_console.is_terminal
    for number in track(numbers, "simulating", console=out_console, disable=quiet):
        for path in simulator.write_mat(out, spec.name, number, exercises or None, **options):
            out_console.print(str(path), soft_wrap=True, highlight=False)


@app.command()
def download(
    database: Annotated[str, typer.Argument(help="db1, db2 or db3.")],
    root: Annotated[Path, typer.Option(help="Folder that files go below.")],
    subjects: Subjects = "1",
    base_url: Annotated[str, typer.Option(help="Instead of the official address.")] = "",
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Archives at a time.")] = 2,
    checksums: Annotated[
        Path | None, typer.Option(help="A checksums.txt of somebody else's, to check against.")
    ] = None,
) -> None:
    """Download NinaPro's files, unpack and check them.

    What broke off goes on when the same command is typed again; what is whole stays.
    """
    spec = databases.database(database)
    numbers = parse_subjects(subjects, spec.n_subjects)
    out_console.print(downloads.CITATION, soft_wrap=True, highlight=False)
    with Progress(
        "{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(), console=out_console, disable=not out_console.is_terminal,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total or None)
            bars.update(tasks[name], completed=done, total=total or None)

        failed = downloads.download(
            spec.name,
            numbers,
            root,
            base_url=base_url,
            jobs=jobs,
            registry=checksums,
            progress=progress,
        )
    whole = len(numbers) - len(failed)
    out_console.print(f"{whole} of {len(numbers)} subjects are whole below {root}", soft_wrap=True)
    if failed:
        raise DataError("; ".join(f"{archive.name}: {why}" for archive, why in failed))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="With NinaPro's files, in any layout.")],
    json_: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Tell what each file is and whether it can be trusted; exit 1 if one is broken."""
    found = list(
        track(
            verification.verify(folder),
            "looking",
            total=len(verification.files(folder)),
            console=out_console,
            disable=json_ or not out_console.is_terminal,
        )
    )
    if json_:
        print(json.dumps([each.as_dict() for each in found], indent=1))
    else:
        table = Table("file", "database", "subject", "exercise", "minutes", "", "why")
        for each in found:
            kind = f"{each.database} (simulated)" if each.simulated else each.database
            style = {"ok": "green", "suspicious": "yellow", "broken": "red"}[each.status]
            values = kind, str(each.subject or ""), each.exercise, f"{each.minutes:.1f}"
            status = f"[{style}]{each.status}[/]"
            why = escape("; ".join(each.reasons))
            table.add_row(escape(str(each.path)), *values, status, why)
        out_console.print(table)
        counts = Counter(each.status for each in found)
        out_console.print(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    if any(each.broken for each in found):
        raise typer.Exit(1)


@app.command()
def run(
    paper: Annotated[str, typer.Argument(help="Such as atzori2016.")],
    out: Out,
    database: PapersDatabase = "",
    exercises: PapersExercises = "",
    subjects: Subjects = "1,2",
    root: Root = None,
    epochs: Epochs = 0,
    seed: Seed = 0,
    preset: Preset = "",
    recipe: Recipe = "recommended",
    methods: Methods = "all",
    study: Annotated[
        str, typer.Option(help="Run a study of the paper too, such as optimiser (atzori2016).")
    ] = "",
) -> None:
    """Replicate a paper: run its notebook and leave the executed copy and the record.

    A run that was cut off goes on where it stopped; one that is complete is only shown again.
    """
    spec = databases.database(database or next(iter(runs.about(paper))))
    chosen = Run(
        paper=paper,
        database=spec.name,
        exercises=exercises,
        subjects=parse_subjects(subjects, spec.n_subjects),
        root=str(root or ""),
        preset=preset,
        recipe=recipe,
        epochs=epochs,
        seed=seed,
        methods=parse_methods(methods),
        study=study,
    )
    _show(chosen.execute(out) / "record.json")


@app.command()
def sweep(
    paper: Annotated[str, typer.Argument(help="Such as atzori2016.")],
    out: Out,
    database: PapersDatabase = "",
    exercises: PapersExercises = "",
    subjects: Subjects = "all",
    seeds: Annotated[str, typer.Option(help="Such as 0 or 0-4.")] = "0",
    root: Root = None,
    epochs: Epochs = 0,
    preset: Preset = "",
    recipe: Recipe = "recommended",
    methods: Methods = "all",
    scheduler: Annotated[str, typer.Option(help="local, slurm or tcp://HOST:PORT.")] = "local",
    workers: Annotated[int, typer.Option(min=1, help="Processes or jobs.")] = 2,
) -> None:
    """Run a paper on many subjects and seeds at once; type it again to do what is missing.

    Each subject and seed is a run of its own, whose record appears as it ends.
    """
    spec = databases.database(database or next(iter(runs.about(paper))))
    planned = sweeps.units(
        parse_subjects(subjects, spec.n_subjects),
        parse_subjects(seeds, 0),
        paper=paper,
        database=spec.name,
        exercises=exercises,
        root=str(root or ""),
        preset=preset,
        recipe=recipe,
        epochs=epochs,
        methods=parse_methods(methods),
    )
    how: Counter[str] = Counter()
    with sweeps.cluster(scheduler, workers) as client:
        ended = sweeps.sweep(planned, out, client)
        quiet = not out_console.is_terminal
        for each in track(
            ended, "sweeping", total=len(planned), console=out_console, disable=quiet
        ):
            how[each.how] += 1
            line = f"{sum(how.values())}/{len(planned)} {each.run.name}: {each.how} {each.why}"
            out_console.print(line.rstrip(), soft_wrap=True, highlight=False, markup=False)
    table(out)
    if how["failed"]:
        raise DataError(f"{how['failed']} of {len(planned)} runs failed; see error.txt below {out}")


@app.command()
def table(
    folder: Annotated[Path, typer.Argument(help="With records at any depth.")],
) -> None:
    """Show what the records below a folder say, whatever is there so far."""
    records, failed = sweeps.found(folder)
    kinds: dict[tuple, list[Record]] = {}
    for record in records:
        key = record.paper, record.database, record.exercises, record.simulated
        kinds.setdefault((*key, record.recipe, record.preset), []).append(record)
    for same in kinds.values():
        _print_summary(same)
    for path in failed:
        out_console.print(f"failed: {path}", soft_wrap=True, highlight=False)


def _print_summary(records: list[Record]) -> None:
    """Print accuracies over subjects and seeds of records of one kind."""
    record = records[0]
    kind = "simulated " if record.simulated else ""
    title = f"{record.paper} on {kind}{record.database}, exercises {record.exercises}, "
    title += f"{record.preset} preset, {record.recipe} recipe"
    shown = Table(title=title, title_justify="left")
    for name in ("method", "subjects", "seeds", "accuracy", "balanced"):
        shown.add_column(name, justify="left" if name == "method" else "right")
    for method, row in summaries.summary(records).iterrows():
        values = f"{row['mean']:.1f} %", f"{row['balanced']:.1f} %"
        shown.add_row(str(method), f"{row['subjects']:.0f}", f"{row['seeds']:.0f}", *values)
    out_console.print(shown)


def _show(path: Path) -> None:
    _print_summary([load_record(path)])
    out_console.print(f"record: {path}", soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command; an error that a user can mend is one line on standard error."""
    try:
        app()
    except (DataError, ValueError, OSError, RunError) as error:
        print(f"semg: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
