import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from semg_lib import cli
from semg_lib.cli import main
from semg_lib.errors import DataError, RunError
from semg_lib.evaluation import records
from semg_lib.evaluation.records import RECORD, load_record
from semg_lib.recordings import simulator
from semg_lib.running import sweep
from tests.fake_runs import fake, planned


@pytest.fixture(scope="module")
def client():
    with sweep.cluster("local", 2) as client:
        yield client


def lines(path):
    return path.read_text().splitlines() if path.is_file() else []


def test_a_unit_is_one_subject_with_one_seed():
    units = planned([1, 2, 3], (0, 1))
    assert [(unit.subjects, unit.seed) for unit in units] == [
        ([1], 0), ([2], 0), ([3], 0), ([1], 1), ([2], 1), ([3], 1),
    ]  # fmt: skip
    assert len({unit.name for unit in units}) == 6
    with pytest.raises(DataError, match="subject 28 is not in db1"):
        planned([28])


def test_only_a_whole_record_of_the_same_code_and_settings_counts(tmp_path, monkeypatch):
    (unit,) = planned([1])
    assert not sweep.done(unit, tmp_path)
    fake(unit, tmp_path)
    assert sweep.done(unit, tmp_path)
    assert not sweep.done(dataclasses.replace(unit, methods=["lda", "knn"]), tmp_path)
    path = tmp_path / unit.name / RECORD
    record = load_record(path)
    for change in ({"code": "other"}, {"versions": {}}, {"settings": {}}, {"data": {1: "other"}}):
        record.model_copy(update=change).save(path)
        assert not sweep.done(unit, tmp_path), change
    path.write_text("{")
    assert not sweep.done(unit, tmp_path)


def test_the_code_is_read_once_for_all_units(tmp_path):
    """It is parsed and hashed anew by nobody: a thousand units would wait minutes for it."""
    units = planned(range(1, 11))
    for unit in units:
        fake(unit, tmp_path)
    before = records.code_of.cache_info()
    assert all(sweep.done(unit, tmp_path) for unit in units)
    after = records.code_of.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 10)


def test_other_data_under_the_same_name_are_run_again(tmp_path):
    root = tmp_path / "data"
    simulator.write_files(root, "db1", 1, "A", movements=(1, 2))
    unit = dataclasses.replace(planned([1])[0], root=str(root))
    fake(unit, tmp_path)
    assert sweep.done(unit, tmp_path)
    (root / "s1" / "S1_A1_E1.mat").unlink()
    simulator.write_files(root, "db1", 1, "A", movements=(1, 2), seed=1)
    assert not sweep.done(unit, tmp_path)


def test_a_unit_that_fails_is_told_and_the_others_go_on(tmp_path, client):
    units = planned([11, 12, 13, 14])
    ended = {e.run.subjects[0]: e for e in sweep.sweep(units, tmp_path, client, execute=fake)}
    assert {subject: e.how for subject, e in ended.items()} == {
        11: "run", 12: "run", 13: "failed", 14: "run",
    }  # fmt: skip
    assert ended[13].why == "ZeroDivisionError: thirteen"
    assert "Traceback" in (tmp_path / units[2].name / sweep.ERROR).read_text()
    again = {e.run.subjects[0]: e.how for e in sweep.sweep(units, tmp_path, client, execute=fake)}
    assert again == {11: "kept", 12: "kept", 13: "failed", 14: "kept"}
    assert len(lines(tmp_path / "began.txt")) == 5
    records, others = sweep.found(tmp_path)
    assert len(records) == 3
    assert others == [f"failed: {tmp_path / units[2].name / sweep.ERROR}"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pgrep"), reason="workers are found by pgrep")
def test_twenty_units_survive_a_killed_worker_and_a_killed_driver(tmp_path):
    command = [sys.executable, "-m", "tests.fake_runs", str(tmp_path)]
    environment = os.environ | {"FAKE_SECONDS": "0.3"}
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    for _ in range(4):
        driver.stdout.readline()
    # A worker is the driver's grandchild: its nanny starts another one.
    workers = [pid for pid in descendants(driver.pid) if descendants(pid) == []]
    os.kill(workers[0], signal.SIGKILL)
    for _ in range(4):
        driver.stdout.readline()
    driver.kill()
    driver.wait()
    driver.stdout.close()
    assert len(lines(tmp_path / "ended.txt")) < 20
    subprocess.run(command, check=True, timeout=120, env=environment, stdout=subprocess.DEVNULL)
    ended = lines(tmp_path / "ended.txt")
    assert len(ended) == len(set(ended)) == 20, "a unit was done twice, or not at all"
    records, others = sweep.found(tmp_path)
    assert len(records) == 20
    assert not others


def descendants(pid):
    """Return the processes below one, those that have none below them last."""
    found = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    below = [int(each) for each in found]
    return below + [each for child in below for each in descendants(child)]


def test_a_wrong_scheduler_is_told():
    with pytest.raises(DataError, match="unknown scheduler 'cloud': write local, slurm or tcp"):
        sweep.cluster("cloud", 1).__enter__()
    with pytest.raises(DataError, match="no scheduler answers there"):
        sweep.cluster("tcp://127.0.0.1:9", 1).__enter__()


def cut():
    raise OSError("connection reset")


@pytest.mark.parametrize(
    "future",
    [
        SimpleNamespace(cancelled=lambda: True),
        SimpleNamespace(cancelled=lambda: False, result=cut),  # ended, but it cannot be asked how
    ],
)
def test_a_lost_scheduler_is_told_and_no_run_is_called_failed(tmp_path, monkeypatch, future):
    monkeypatch.setattr("distributed.as_completed", lambda futures: futures)
    monkeypatch.setattr(sweep, "_told", lambda futures, client: iter([future]))
    client = SimpleNamespace(map=lambda *_, **__: [])
    with pytest.raises(RunError, match=r"the scheduler does not answer any more: .* same command"):
        list(sweep.sweep(planned([1]), tmp_path, client))
    assert not list(tmp_path.rglob(sweep.ERROR))


def test_that_no_worker_is_there_is_told_once_each_time(monkeypatch, capsys):
    monkeypatch.setattr(sweep, "PATIENCE", 0)
    counted = iter([0, 0, 1, 0])

    def nthreads():
        left = next(counted, None)
        futures.ready = left is None
        return {"worker": 1} if left else {}

    class Futures:
        ready, n = False, 1

        def count(self):
            return self.n

        def has_ready(self):
            return self.ready

        def __next__(self):
            self.n = 0
            return "ended"

    futures = Futures()
    assert list(sweep._told(futures, SimpleNamespace(nthreads=nthreads))) == ["ended"]
    assert capsys.readouterr().err.count("no worker is there") == 2


@pytest.mark.slow
def test_the_commands_run_a_sweep_and_show_what_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("semg_lib.running.sweep.sweep.__kwdefaults__", {"execute": fake})
    order = "semg sweep atzori2016 --subjects 12-13 --methods lda --workers 1 --out"
    monkeypatch.setattr(sys, "argv", [*order.split(), str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr()
    assert "1 of 2 runs failed; see error.txt" in printed.err
    assert "failed ZeroDivisionError: thirteen" in printed.out
    assert "50.0 %" in printed.out
    monkeypatch.setattr(sys, "argv", ["semg", "table", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr().out
    assert "50.0 %" in shown
    assert "error.txt" in shown.replace("\n", "")
    with pytest.raises(DataError, match=r"no record\.json below it"):
        sweep.found(tmp_path / "nowhere")


def test_a_broken_record_is_named_and_the_others_are_shown(tmp_path, client):
    units = planned([1, 2, 3])
    for unit in units:
        fake(unit, tmp_path)
    broken = tmp_path / units[1].name / RECORD
    for content in (b"", broken.read_bytes()[:300], "caf\xe9".encode("cp1252")):
        broken.write_bytes(content)
        records, (told,) = sweep.found(tmp_path)
        assert [record.subjects for record in records] == [[1], [3]]
        assert told.startswith(f"passed over: {broken}: not a record: ")
        ended = sweep.sweep(units, tmp_path, client, execute=fake)
        assert [(e.run.subjects[0], e.how) for e in ended] == [(1, "kept"), (3, "kept"), (2, "run")]
    assert len(sweep.found(tmp_path)[0]) == 3


def test_a_row_of_the_table_is_one_setting(tmp_path, monkeypatch, capsys):
    """Of other epochs, data or code none shares a mean with another; a column tells them apart."""
    (unit,) = planned([1])
    fake(unit, tmp_path)
    record = load_record(tmp_path / unit.name / RECORD)
    longer = record.settings | {"recipe": record.settings["recipe"] | {"epochs": 77}}
    for number, change in enumerate(
        ({"settings": longer}, {"data": {1: "abcabc"}}, {"code": "c0dec0de"}, {"seed": 1})
    ):
        for score in record.scores:
            score.accuracy = (number + 6) / 10
        record.model_copy(update=change).save(tmp_path / str(number) / RECORD)
    monkeypatch.setattr(cli.out_console, "width", 220)
    monkeypatch.setattr(sys, "argv", ["semg", "table", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    rows = [line for line in capsys.readouterr().out.splitlines() if " lda " in line]
    told = [("60.0 %", "77"), ("70.0 %", "abcabc"), ("80.0 %", "c0dec0de"), ("70.0 %", " 2 ")]
    assert len(rows) == len(told)
    for said in told:
        assert sum(all(each in row for each in said) for row in rows) == 1, (said, rows)


def test_scheduling_is_quick_beside_a_notebook(tmp_path, client):
    """Two seconds a unit is little beside a notebook."""
    began = time.monotonic()
    n = len(list(sweep.sweep(planned(range(14, 28)), tmp_path, client, execute=fake)))
    assert (time.monotonic() - began) / n < 2
