"""The ``semg`` command: get, look through and simulate files, and run papers.

A command imports what it needs when it is called: asking for help or for a simulated file waits
neither for torch nor for papermill, and each works where the other's packages are missing.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Annotated

from semg_lib.errors import DataError, command, how_to_install

try:
    import typer
    from rich.console import Console
except ModuleNotFoundError as error:
    sys.exit(f"semg needs {error.name}: {how_to_install('run')}")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
out_console = Console(emoji=False)

Database = Annotated[str, typer.Option(help="db1, db2, db3, multiday or 3dc.")]
PapersDatabase = Annotated[
    str, typer.Option(help="db1 to db3, multiday, 3dc or your own; the paper's if not given.")
]
Subjects = Annotated[str, typer.Option(help="Such as 1,2 or 1-3 or all.")]
Exercises = Annotated[str, typer.Option(help="Letters, such as A or BC; the first if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="Fixes every random choice.")]
Out = Annotated[Path, typer.Option(help="Folder to write into.")]
PapersExercises = Annotated[
    str, typer.Option(help="Letters, such as A or BC; the paper's if not given.")
]
Root = Annotated[Path | None, typer.Option(help="Folder with recordings; simulated data without.")]
Epochs = Annotated[int, typer.Option(min=0, help="Instead of the recipe's; 0 keeps it.")]
Preset = Annotated[str, typer.Option(help="quick or full; full if --root is given.")]
Recipe = Annotated[str, typer.Option(help="paper or recommended.")]
Methods = Annotated[
    str,
    typer.Option("--methods", "--variants", help="Such as cnn,lda or C-SK,C-DK; all if not given."),
]


def _version(asked: bool) -> None:
    if asked:
        print(f"semg {importlib.metadata.version('semg_lib')}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show it.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Replicate papers on decoding hand movements from surface EMG."""


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
    """Write simulated recordings as files in the layout of a database.

    Without --exercises all exercises of the database are written.
    """
    from rich.progress import track

    from semg_lib.recordings import databases, simulator
    from semg_lib.recordings.forearm import Arm, Drift
    from semg_lib.running.subjects import parse_subjects

    spec = databases.database(database)
    numbers = parse_subjects(subjects, spec.n_subjects)
    for number in numbers:
        spec.check_subject(number)
    spec.exercises_named(exercises or spec.exercises[0].letter)
    options = {"seed": seed, "drift": Drift(*[drift] * 4), "arm": Arm(crosstalk=crosstalk)}
    quiet = not out_console.is_terminal
    for number in track(numbers, "simulating", console=out_console, disable=quiet):
        for path in simulator.write_files(out, spec.name, number, exercises or None, **options):
            out_console.print(str(path), soft_wrap=True, highlight=False, markup=False)


@app.command()
def download(
    database: Annotated[str, typer.Argument(help="db1, db2, db3, multiday or 3dc.")],
    root: Annotated[Path, typer.Option(help="Folder that files go below.")],
    subjects: Subjects = "1",
    base_url: Annotated[str, typer.Option(help="Instead of the official address.")] = "",
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Archives at a time.")] = 2,
    checksums: Annotated[
        Path | None, typer.Option(help="A checksums.txt of somebody else's, to check against.")
    ] = None,
) -> None:
    """Download public recordings, unpack and check them.

    What broke off goes on when the same command is typed again; what is whole stays.
    """
    from semg_lib.download import fetch
    from semg_lib.recordings import databases
    from semg_lib.running import printing
    from semg_lib.running.subjects import parse_subjects

    spec = databases.database(database)
    numbers = parse_subjects(subjects, spec.n_subjects)
    out_console.print(fetch.credit(spec), soft_wrap=True, highlight=False)
    with printing.transfers(out_console) as progress:
        failed = fetch.download(
            spec.name,
            numbers,
            root,
            base_url=base_url,
            jobs=jobs,
            registry=checksums,
            progress=progress,
        )
    whole = len(numbers) - sum(len(archive.subjects) for archive, _ in failed)
    said = f"{whole} of {len(numbers)} subjects are whole below {root}"
    out_console.print(said, soft_wrap=True, markup=False)
    if failed:
        raise DataError("; ".join(f"{archive.name}: {why}" for archive, why in failed))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="With recordings, in any layout.")],
    json_: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Tell what each file is and whether it can be trusted; exit 1 if one is broken."""
    from rich.progress import track

    from semg_lib.download import verify as verification
    from semg_lib.running import printing

    quiet = json_ or not out_console.is_terminal
    looking = verification.verify(folder)
    found = list(track(looking, "looking", console=out_console, disable=quiet))
    if json_:
        print(json.dumps([each.as_dict() for each in found], indent=1))
    else:
        printing.verified(out_console, found)
    if any(each.broken for each in found):
        raise typer.Exit(1)


@app.command()
def run(
    paper: Annotated[str, typer.Argument(help="Such as atzori2016.")],
    out: Out,
    database: PapersDatabase = "",
    exercises: PapersExercises = "",
    subjects: Annotated[
        str, typer.Option(help="Such as 1,2 or 1-3 or all; the first two at hand if not given.")
    ] = "",
    root: Root = None,
    epochs: Epochs = 0,
    seed: Seed = 0,
    preset: Preset = "",
    recipe: Recipe = "recommended",
    methods: Methods = "all",
    study: Annotated[
        str, typer.Option(help="Run a study of the paper too, such as optimiser (atzori2016).")
    ] = "",
    save_weights: Annotated[
        bool, typer.Option("--save-weights", help="Train networks again, to keep their weights.")
    ] = False,
) -> None:
    """Replicate a paper: run its notebook and leave the executed copy and the record.

    A run that was cut off goes on where it stopped; one that is complete is only shown again.
    """
    from semg_lib.running import printing, runs

    asked, lacking = runs.asked(paper, database, exercises, subjects, methods, root)
    printing.left_out(out_console, lacking, root)
    chosen = runs.Run(
        **asked,
        preset=preset,
        recipe=recipe,
        epochs=epochs,
        seed=seed,
        study=study,
    )
    with printing.kept(out):
        record = chosen.execute(out) / "record.json"
        printing.shown(out_console, record)
        if save_weights:
            from semg_lib.running import weights

            for path in weights.save(record, chosen.root):
                out_console.print(str(path), soft_wrap=True, highlight=False, markup=False)


@app.command()
def export(
    paper: Annotated[str, typer.Argument(help="Such as atzori2016.")],
    record: Annotated[Path, typer.Option(help="A run's record.json, or its folder.")],
    out: Annotated[Path, typer.Option(help="File to write, such as cnn.onnx.")],
    method: Annotated[str, typer.Option(help="The first network if not given.")] = "",
    subject: Annotated[int, typer.Option(min=0, help="The first if not given.")] = 0,
    root: Annotated[Path | None, typer.Option(help="Folder with the recordings.")] = None,
) -> None:
    """Write a network of a record as ONNX: from saved weights, or trained anew from its seed."""
    from semg_lib.running import weights

    said = weights.export(record, out, paper, method, subject, str(root or ""))
    out_console.print(said, soft_wrap=True, highlight=False, markup=False)


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
    from collections import Counter

    from rich.progress import track

    from semg_lib.running import printing, runs
    from semg_lib.running import sweep as sweeps
    from semg_lib.running.subjects import parse_subjects

    asked, lacking = runs.asked(paper, database, exercises, subjects, methods, root)
    printing.left_out(out_console, lacking, root)
    planned = sweeps.units(
        asked.pop("subjects"),
        parse_subjects(seeds, 0),
        **asked,
        preset=preset,
        recipe=recipe,
        epochs=epochs,
    )
    how: Counter[str] = Counter()
    with printing.kept(out), sweeps.cluster(scheduler, workers) as client:
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
    from semg_lib.running import printing
    from semg_lib.running import sweep as sweeps

    printing.summaries(out_console, *sweeps.found(folder))


def main() -> None:
    """Run the command; an error that a user can mend is one line on standard error."""
    try:
        sys.exit(command("semg")(lambda _: app())())
    except ModuleNotFoundError as error:
        asked = sys.argv[1]
        extra = "download" if asked in ("download", "verify") else "run"
        print(f"semg {asked} needs {error.name}: {how_to_install(extra)}", file=sys.stderr)
        sys.exit(1)
