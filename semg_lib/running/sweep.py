"""Many runs at once: a paper on many subjects and seeds, on one machine or on a cluster.

Each unit is one run of a paper's notebook on one subject with one seed, in a folder of its own.
A unit whose record is complete and was made by the same code, data, settings and versions is
never run again, so a sweep that was cut off, however rudely, is ended by typing it again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from semg_lib.errors import DataError, RunError
from semg_lib.evaluation.records import RECORD, Record, load_record
from semg_lib.evaluation.writing import write_atomically
from semg_lib.papers import PAPERS
from semg_lib.recordings.source import Source
from semg_lib.running import notebooks, slurm
from semg_lib.running.runs import Run

if TYPE_CHECKING:
    import distributed

ERROR, LOCK = "error.txt", ".lock"
PATIENCE = 60.0  # seconds without a word before workers are counted


def units(subjects: Sequence[int], seeds: Sequence[int], **run) -> list[Run]:
    """Return one run for each subject and seed.

    Parameters
    ----------
    subjects, seeds : sequence of int
    **run
        The other fields of `runs.Run`.

    Raises
    ------
    ValueError
        If a name, subject, exercise, method or file is not there.
    """
    return [Run(subjects=[subject], seed=seed, **run) for seed in seeds for subject in subjects]


def expected(run: Run) -> Record:
    """Return the record that a run would open now, to hold stored ones against."""
    settings = PAPERS[run.paper].Settings.named(run.database, run.recipe, run.preset, run.epochs)
    return Record.start(
        Source(run.database, run.exercises, run.root),
        paper=run.paper,
        subjects=run.subjects,
        seed=run.seed,
        recipe=run.recipe,
        preset=run.preset,
        settings=settings,
        labels=settings.labels,
        device="cpu",
    )


def done(run: Run, out: str | Path) -> bool:
    """Tell whether a unit's record is complete and still what would be made."""
    path = Path(out) / run.name / RECORD
    if not path.is_file():
        return False
    try:
        stored = expected(run).resume(path)  # another one if it is of other code, data or settings
    except DataError:  # of its recordings
        return False
    return not any(stored.missing(subject, run.methods) for subject in run.subjects)


@dataclass(frozen=True)
class Ended:
    """How a unit ended."""

    run: Run
    how: str  # "run", "kept" or "failed"
    why: str = ""


Execute = Callable[[Run, Path], object]


def _execute(run: Run, out: Path) -> object:
    # Workers share the cores; the notebook's kernel inherits this.
    os.environ["OMP_NUM_THREADS"] = "1"
    # Dask has its workers give memory back at every chance; training asks for it again each step.
    os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)
    return run.execute(out, quiet=True)


def one(run: Run, out: str | Path, execute: Execute = _execute) -> Ended:
    """Carry out a unit unless it is done; if it fails, leave the traceback and go on."""
    folder = Path(out) / run.name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Held by whoever works on it: a worker that its driver has lost is waited for.
        with filelock.FileLock(folder / LOCK):
            if done(run, out):
                return Ended(run, "kept")
            execute(run, Path(out))
            with contextlib.suppress(FileNotFoundError):
                (folder / ERROR).unlink()
            return Ended(run, "run")
    except Exception as error:  # whatever it is, it is told and the others go on
        write_atomically(folder / ERROR, traceback.format_exc())
        return Ended(run, "failed", " ".join(f"{type(error).__name__}: {error}".split()))


def sweep(
    runs: Sequence[Run],
    out: str | Path,
    client: distributed.Client,
    *,
    execute: Execute = _execute,
) -> Iterator[Ended]:
    """Carry out units on a cluster; yield each as it ends.

    Parameters
    ----------
    runs : sequence of Run
    out : path
        Folder that all workers see.
    client : distributed.Client
    execute : callable
        Carries out one unit; another than papermill's for tests.

    Yields
    ------
    Ended
        In the order in which they end; first those that are done already.

    Raises
    ------
    RunError
        If the scheduler is lost: nothing more is heard of any unit.
    """
    import distributed

    out = Path(out).resolve()
    left = {}
    for run in runs:
        if done(run, out):
            yield Ended(run, "kept")
        else:
            left[run.name] = run
    # A worker that dies takes its unit with it, and the scheduler gives the unit to another.
    futures = client.map(
        one, list(left.values()), out=out, execute=execute, pure=False, key=list(left)
    )
    for future in _told(distributed.as_completed(futures), client):
        try:
            if future.cancelled():
                raise ConnectionError
            ended = future.result()
        except OSError:  # of the connection: those of a unit are told by what it returns
            raise RunError(
                f"the scheduler does not answer any more: what has ended is kept below {out}, and "
                "when scheduler and workers are there again the same command does what is missing"
            ) from None
        except Exception as error:  # its worker died more often than the scheduler allows
            ended = Ended(left[str(future.key)], "failed", f"{type(error).__name__}: {error}")
            write_atomically(out / ended.run.name / ERROR, f"{ended.why}\n")
        yield ended


def _told(
    futures: distributed.as_completed, client: distributed.Client
) -> Iterator[distributed.Future]:
    """Yield futures as they end; say so while no worker is there to carry them out."""
    heard, told = time.monotonic(), False
    while futures.count():
        if futures.has_ready():
            yield next(futures)
            heard = time.monotonic()
        elif time.monotonic() - heard < PATIENCE:
            time.sleep(0.1)
        else:
            heard = time.monotonic()
            with contextlib.suppress(OSError):  # of a lost scheduler the futures tell
                alone = not client.nthreads()
                if alone and not told:
                    why = "no worker is there, and the runs wait for one (of Slurm's, see squeue)"
                    print(why, file=sys.stderr, flush=True)
                told = alone


@contextlib.contextmanager
def cluster(scheduler: str, workers: int) -> Iterator[distributed.Client]:
    """Open a client of a cluster, and close both at the end.

    Parameters
    ----------
    scheduler : str
        ``"local"`` for processes on this machine, ``"slurm"`` for jobs that dask-jobqueue asks
        for, as its configuration file says, or the address of a scheduler, ``tcp://HOST:PORT``,
        which is left running.
    workers : int
        How many; of no effect on a scheduler that has its own.

    Raises
    ------
    DataError
        If the scheduler is unknown, cannot be reached, or takes no such jobs.
    """
    import distributed

    with contextlib.ExitStack() as stack:
        if scheduler == "local":
            notebooks.check_address()
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, dashboard_address=":0"
                )
            )
        elif scheduler == "slurm":
            address = stack.enter_context(slurm.jobs(workers))
        elif "://" in scheduler:
            address = scheduler
        else:
            raise DataError(
                f"unknown scheduler {scheduler!r}: write local, slurm or tcp://HOST:PORT"
            )
        # Of a scheduler that is lost it would print a traceback; `sweep` says it in a line.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            client = distributed.Client(address, timeout="10s")
        except OSError as error:
            raise DataError(f"{scheduler}: no scheduler answers there ({error})") from None
        yield stack.enter_context(client)


def found(folder: str | Path) -> tuple[list[Record], list[str]]:
    """Return the records below a folder, and what is none: broken records, units that failed.

    Raises
    ------
    DataError
        If there is neither.
    """
    folder = Path(folder)
    records, others = [], []
    for path in sorted(folder.rglob(RECORD)):
        try:
            records.append(load_record(path))
        except DataError as error:
            others.append(f"passed over: {error}; a run begins it anew")
    others += [f"failed: {path}" for path in sorted(folder.rglob(ERROR))]
    if not records and not others:
        raise DataError(f"{folder}: no {RECORD} below it")
    return records, others
