"""``semg sweep --scheduler slurm`` on a Slurm of one controller and two nodes on this machine.

Run by ``make test-slurm``, as root, where slurm-wlm and munge are installed.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.cluster.sweeps import Sweep, until

SCRIPT = Path(__file__).parent / "slurm.sh"
CONFIGURATION = """\
jobqueue:
  slurm:
    queue: short
    cores: 1
    processes: 1
    memory: 2GB
    walltime: "00:20:00"
    death-timeout: 300
    log-directory: logs
"""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="starts Slurm, which needs root"),
    pytest.mark.skipif(
        not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))),
        reason="apt-get install slurm-wlm munge",
    ),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """Return how to give commands to Slurm; its folder is their first argument's environment."""
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run(["bash", SCRIPT, "start", folder], check=True)
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}

    def command(*arguments):
        done = subprocess.run(
            arguments, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    command.environment = {"SLURM_CONF": environment["SLURM_CONF"]}
    command.restart = lambda: subprocess.run(["bash", SCRIPT, "restart", folder, "5"], check=True)
    yield command
    subprocess.run(["bash", SCRIPT, "stop", folder], check=True)


@pytest.fixture
def sweep(slurm, tmp_path):
    """A sweep on it, of a user whose configuration is that of the page."""
    settings = tmp_path / "config"
    settings.mkdir()
    (settings / "jobqueue.yaml").write_text(CONFIGURATION)
    it = Sweep(tmp_path / "out", "slurm", DASK_CONFIG=str(settings), **slurm.environment)
    yield it
    it.kill()


def jobs(slurm, state="all"):
    """Return (job, node) in the queue."""
    said = slurm("squeue", "--noheader", f"--states={state}", "--format=%A %N")
    return [tuple(line.split(" ")) for line in said.splitlines()]


def running(slurm):
    return jobs(slurm, "running")


def test_a_killed_job_a_drained_node_and_a_restarted_controller(slurm, sweep):
    sweep.start()
    sweep.until("began", 2)
    first = running(slurm)
    assert {node for _, node in first} == {"node1", "node2"}
    # A job is killed: another one takes its place.
    slurm("scancel", "--signal=KILL", "--full", first[0][0])
    until(lambda: len({*running(slurm)} - {*first}) == 1)
    # A node is drained: no new job comes there, the one that is there goes on until it is killed.
    slurm("scontrol", "update", "nodename=node2", "state=drain", "reason=test")
    time.sleep(10)  # the controller saves its state every few seconds: later changes die with it
    slurm.restart()
    assert "drain" in slurm("sinfo", "--noheader", "--nodes=node2", "--format=%T")
    [there] = [job for job, node in running(slurm) if node == "node2"]
    slurm("scancel", "--signal=KILL", "--full", there)
    until(lambda: jobs(slurm, "pending"))
    assert [node for _, node in running(slurm)] == ["node1"]
    status, said = sweep.end()
    assert status == 0, said
    slurm("scontrol", "update", "nodename=node2", "state=resume")
    sweep.check_complete()
    until(lambda: not jobs(slurm, "pending,running"))
    status, said = sweep.run()
    assert status == 0, said
    assert said.count(": kept") == 8
    sweep.check_complete()


def test_a_killed_sweep_goes_on_where_it_was(slurm, sweep):
    sweep.start()
    sweep.until("ended", 2)
    sweep.kill()
    status, said = sweep.run()  # beside the workers that are left of the first
    assert status == 0, said
    sweep.check_complete()
    until(lambda: not jobs(slurm, "pending,running"))


def test_what_slurm_does_not_take_is_one_line(slurm, sweep):
    settings = Path(sweep.environment["DASK_CONFIG"], "jobqueue.yaml")
    settings.write_text(CONFIGURATION.replace("short", "nowhere"))
    status, said = sweep.run()
    assert status == 1
    assert "invalid partition" in said
    assert said.startswith(f"semg: Slurm takes no such job, as {settings} has it: ")
    settings.write_text("jobqueue:\n  slurm:\n    queue: short\n")
    status, said = sweep.run()
    assert status == 1
    assert said.startswith(f"semg: {settings} does not say what a job of Slurm is")
    assert said.count("\n") == 1
