"""A sweep that is started, watched and waited for while parts of a cluster go."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from semg_lib.running import sweep

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "FAKE_SECONDS": "8"}
NAMES = [f"atzori2016-db1-A-s{n}-quick-recommended-seed0-lda" for n in range(1, 9)]
LONG = 900  # seconds: the machine may have much else to do


class Sweep:
    """Eight runs by one scheduler, into one folder."""

    def __init__(self, out, scheduler, before=(), **environment):
        self.out, self.before = Path(out), before
        self.environment = ENVIRONMENT | environment
        self.command = [
            *(sys.executable, "-m", "tests.cluster.fake_semg", "sweep", "atzori2016"),
            *("--subjects", "1-8", "--methods", "lda", "--scheduler", scheduler),
            *("--out", str(out)),
        ]
        self.log = self.out.parent / "said.txt"

    def start(self):
        """Begin it in the background."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*self.before, *self.command],
                cwd=self.out.parent, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self):
        """End it the hard way."""
        self.process.kill()
        self.process.wait()

    def end(self):
        """Wait for it; return its exit status and what it said."""
        status = self.process.wait(LONG)
        return status, self.log.read_text()

    def run(self):
        """Begin it and wait for it."""
        self.start()
        return self.end()

    def times(self, what):
        """Count how often each run began or ended."""
        path = self.out / f"{what}.txt"
        return Counter(path.read_text().split() if path.exists() else ())

    def until(self, what, n):
        """Wait until so many runs began or ended."""
        until(lambda: self.times(what).total() >= n or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def check_complete(self):
        """All runs have ended, and none twice."""
        assert self.times("ended") == Counter(NAMES)
        records, others = sweep.found(self.out)
        assert len(records) == len(NAMES)
        assert not others


def until(holds):
    """Wait until something holds."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.5)
