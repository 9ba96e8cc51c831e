"""Workers as jobs of Slurm; a job that is gone is asked for again."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from semg_lib.errors import DataError, how_to_install

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

EVERY, RARELY = 10.0, 600.0  # seconds between two looks at the queue


@contextlib.contextmanager
def jobs(n: int) -> Iterator[SLURMCluster]:
    """Have ``n`` jobs of workers in Slurm's queue; at the end none is left.

    Raises
    ------
    DataError
        If dask-jobqueue or Slurm is missing, the configuration says too little, or Slurm does not
        take such a job.
    """
    try:
        import dask_jobqueue
    except ImportError:
        raise DataError(f"Slurm needs dask-jobqueue: {how_to_install('slurm')}") from None
    import dask

    settings = Path(dask.config.PATH, "jobqueue.yaml")
    lacking = [k for k in ("cores", "memory") if not dask.config.get(f"jobqueue.slurm.{k}", None)]
    if lacking:
        raise DataError(
            f"{settings} does not say what a job of Slurm is: write there, below jobqueue: slurm:, "
            f"the {' and '.join(lacking)} of one, such as cores: 1 and memory: 4GB, and the queue"
        )
    # Dask would wait so long for a lost worker's return, and then end the job that has its name: by
    # then that may be the one asked for in its place.
    ours = {"distributed.deploy.lost-worker-timeout": "365 days"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(ours))
        # Any port for the dashboard: two sweeps from one machine are no reason for a warning.
        options = dask.config.get("jobqueue.slurm.scheduler-options", None) or {}
        options = {"dashboard_address": ":0"} | options
        cluster = stack.enter_context(dask_jobqueue.SLURMCluster(scheduler_options=options))
        _try(cluster.job_script(), settings)
        cluster.scale(jobs=n)
        over = threading.Event()
        keeper = threading.Thread(target=_keep, args=(cluster, n, over), daemon=True)
        keeper.start()
        stack.callback(keeper.join)
        stack.callback(over.set)
        yield cluster


def _try(script: str, settings: Path) -> None:
    """Have a job looked at, so that a wrong one is told before a sweep waits for it."""
    command = ["sbatch", "--test-only"]
    try:
        tried = subprocess.run(command, input=script, capture_output=True, text=True)
    except FileNotFoundError:
        why = "there is no sbatch: sweep on a machine that can send jobs to Slurm"
        raise DataError(why) from None
    if tried.returncode:
        raise DataError(f"Slurm takes no such job, as {settings} has it: {tried.stderr.strip()}")


def _keep(cluster: SLURMCluster, n: int, over: threading.Event) -> None:
    pause = EVERY
    while not over.wait(pause):
        again = True
        with contextlib.suppress(RuntimeError):  # of a controller that went just now
            again = tend(cluster, n)
        # Jobs that end at once, again and again, must not flood the queue.
        pause = min(2 * pause, RARELY) if again else EVERY


def tend(cluster: SLURMCluster, n: int) -> bool:
    """Ask again for jobs that were killed, ran out of time, or that no controller took.

    It tells whether there were any.

    Dask itself never replaces a job, and of one that ends before its worker is there it never
    hears: the queue is what knows.
    """
    asked = dict(cluster.workers)  # before the queue is: one that is asked for meanwhile is alive
    command = ["squeue", "--me", "--noheader", "--format=%A"]
    try:
        queue = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False  # while no controller answers, nothing is known
    alive = queue.stdout.split()
    gone = [name for name, job in asked.items() if job.job_id not in alive]
    if gone:
        cluster.sync(cluster.scale_down, gone)
    cluster.scale(jobs=n)
    return bool(gone)
