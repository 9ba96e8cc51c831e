"""What is asked of Slurm, by commands that stand in for it; tests/cluster has the real one."""

from types import SimpleNamespace

import dask
import dask_jobqueue  # noqa: F401 - brings its defaults, which must outlive what a test sets
import pytest

from semg_lib.errors import DataError
from semg_lib.running import slurm


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Put commands of Slurm onto the path: what each prints, on which stream, and its status."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name, said="", status=0):
        path = tmp_path / name
        stream = " >&2" if status else ""
        path.write_text(f"#!/bin/sh\necho '{said}'{stream}\nexit {status}\n")
        path.chmod(0o755)

    return make


class Cluster:
    """Jobs by their names, and what was asked for."""

    def __init__(self, **jobs):
        self.workers = {name: SimpleNamespace(job_id=number) for name, number in jobs.items()}
        self.ended, self.asked = [], []

    def sync(self, method, names):
        method(names)

    def scale_down(self, names):
        self.ended += names

    def scale(self, jobs):
        self.asked.append(jobs)


def test_jobs_that_are_not_in_the_queue_are_asked_for_again(command):
    cluster = Cluster(first="11", killed="12", never_taken=None)
    command("squeue", "11")
    assert slurm.tend(cluster, 3)
    assert cluster.ended == ["killed", "never_taken"]
    assert cluster.asked == [3]


def test_while_no_controller_answers_nothing_is_asked(command):
    cluster = Cluster(first="11")
    assert not slurm.tend(cluster, 1)  # no command at all
    command("squeue", "Unable to contact slurm controller", status=1)
    assert not slurm.tend(cluster, 1)
    assert cluster.ended == cluster.asked == []


def test_jobs_that_end_at_once_are_asked_for_ever_more_rarely(monkeypatch):
    gone = iter([True] * 8 + [False, True])
    waited = []

    def wait(pause):
        waited.append(pause)
        return len(waited) == 11

    monkeypatch.setattr(slurm, "tend", lambda cluster, n: next(gone))
    slurm._keep(Cluster(), 1, SimpleNamespace(wait=wait))
    assert waited == [10, 20, 40, 80, 160, 320, 600, 600, 600, 10, 20]


def test_what_a_job_lacks_is_told_before_one_is_asked_for():
    with dask.config.set({"jobqueue.slurm.cores": 1, "jobqueue.slurm.memory": None}):
        opening = slurm.jobs(1)
        with pytest.raises(DataError, match=r"jobqueue\.yaml does not say .* the memory of one,"):
            opening.__enter__()


def test_a_job_that_slurm_does_not_take_is_told_in_its_words(command):
    with dask.config.set({"jobqueue.slurm.cores": 1, "jobqueue.slurm.memory": "1GB"}):
        for said in ("there is no sbatch", "Slurm takes no such job, as .*: invalid partition"):
            opening = slurm.jobs(1)
            with pytest.raises(DataError, match=said):
                opening.__enter__()
            command("sbatch", "invalid partition", status=1)
