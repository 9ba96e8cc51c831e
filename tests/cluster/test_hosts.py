"""``semg sweep --scheduler tcp://...`` where scheduler, workers and user are on hosts of their own.

The hosts are network namespaces on one switch; they share the file system. Run by
``make test-slurm``, as root, where iproute2 is installed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.cluster.sweeps import ENVIRONMENT, Sweep, until

HOSTS = {"scheduler": 1, "left": 2, "right": 3, "user": 4}
ADDRESS = "tcp://10.77.0.1:8786"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces, which needs root"),
    pytest.mark.skipif(not shutil.which("ip"), reason="apt-get install iproute2"),
]


def ip(line):
    subprocess.run(["ip", *line.split()], check=True)


def on(host):
    return ["ip", "netns", "exec", f"semg-{host}"]


class Hosts:
    """What runs where."""

    def __init__(self, folder):
        self.folder, self.processes = folder, {}

    def start(self, *hosts):
        """Start what belongs onto each host."""
        for host in hosts:
            role = ["scheduler", "--host", ADDRESS] if host == "scheduler" else ["worker", ADDRESS]
            role += ["--no-dashboard"] if host == "scheduler" else ["--nthreads", "1"]
            module = f"distributed.cli.dask_{role[0]}"
            with (self.folder / f"{host}.log").open("a") as log:
                self.processes[host] = subprocess.Popen(
                    [*on(host), sys.executable, "-m", module, *role[1:]],
                    cwd=self.folder, env=ENVIRONMENT, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip

    def kill(self, *hosts):
        """Kill everything there, at once."""
        for host in hosts:
            found = subprocess.run(
                ["ip", "netns", "pids", f"semg-{host}"], capture_output=True, text=True, check=True
            )
            for pid in found.stdout.split():
                os.kill(int(pid), signal.SIGKILL)
            self.processes.pop(host).wait()


@pytest.fixture
def hosts(tmp_path):
    ip("netns add semg-switch")
    ip("-n semg-switch link add bridge type bridge")
    ip("-n semg-switch link set bridge up")
    for host, number in HOSTS.items():
        ip(f"netns add semg-{host}")
        ip(f"link add {host} netns semg-switch type veth peer name eth0 netns semg-{host}")
        ip(f"-n semg-switch link set {host} master bridge up")
        ip(f"-n semg-{host} address add 10.77.0.{number}/24 dev eth0")
        ip(f"-n semg-{host} link set eth0 up")
        ip(f"-n semg-{host} link set lo up")
    there = Hosts(tmp_path)
    there.start("scheduler", "left", "right")
    yield there
    there.kill(*there.processes)
    for host in ("switch", *HOSTS):
        ip(f"netns delete semg-{host}")


@pytest.fixture
def sweep(hosts, tmp_path):
    it = Sweep(tmp_path / "out", ADDRESS, before=on("user"))
    yield it
    it.kill()


def test_a_killed_worker_and_a_cut_link(hosts, sweep):
    sweep.start()
    sweep.until("began", 2)
    hosts.kill("left")
    sweep.until("ended", 2)  # by the other one
    hosts.start("left")
    sweep.until("began", 5)
    ip("-n semg-switch link set right down")
    time.sleep(30)
    ip("-n semg-switch link set right up")
    status, said = sweep.end()
    assert status == 0, said
    sweep.check_complete()


def test_a_scheduler_that_is_started_again(hosts, sweep):
    sweep.start()
    sweep.until("ended", 2)
    hosts.kill("scheduler")
    hosts.start("scheduler")
    status, said = sweep.end()
    assert status == 1
    assert "semg: the scheduler does not answer any more: what has ended is kept below" in said
    assert "Traceback" not in said
    for host in ("left", "right"):
        until(lambda host=host: hosts.processes[host].poll() is not None)  # each ends by itself
    hosts.start("left", "right")
    status, said = sweep.run()
    assert status == 0, said
    assert ": kept" in said
    sweep.check_complete()


def test_without_workers_it_says_that_it_waits(hosts, sweep):
    hosts.kill("left", "right")
    sweep.start()
    until(lambda: "no worker is there" in sweep.log.read_text())
    hosts.start("left")
    status, said = sweep.end()
    assert status == 0, said
    sweep.check_complete()
