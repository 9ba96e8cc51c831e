"""``semg`` whose runs only wait, then leave a record and a line in ``ended.txt``."""

from semg_lib import cli
from semg_lib.running import sweep
from tests.fake_runs import fake

if __name__ == "__main__":
    sweep.sweep.__kwdefaults__["execute"] = fake
    cli.main()
