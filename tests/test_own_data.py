"""The page "Your own recordings": its programs run as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from semg_lib.evaluation.records import load_record

STATIC = Path(__file__).parent.parent / "book" / "_static"
SEMG = [sys.executable, "-c", "from semg_lib.cli import main; main()"]
N_CHANNELS, N_MOVEMENTS, N_REPETITIONS, RATE = 8, 4, 6, 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two subjects with eight electrodes, a second of rest before a second of each movement."""
    folder = tmp_path_factory.mktemp("own")
    header = ",".join([f"emg{i}" for i in range(1, N_CHANNELS + 1)] + ["label", "repetition"])
    for subject in (1, 2):
        rng = np.random.default_rng(subject)
        strength = rng.gamma(1.0, 40.0, (N_MOVEMENTS + 1, N_CHANNELS))
        strength[0] = 5  # microvolts in rest
        rows = []
        for movement in range(1, N_MOVEMENTS + 1):
            for repetition in range(1, N_REPETITIONS + 1):
                effort = rng.normal(1, 0.1)
                for label, number in ((0, 0), (movement, repetition)):
                    noise = rng.normal(0, 1, (RATE, N_CHANNELS))
                    marks = np.tile([label, number], (RATE, 1))
                    rows.append(np.hstack([effort * strength[label] * noise, marks]))
        table = np.concatenate(rows)
        path = folder / f"subject{subject}.csv"
        np.savetxt(path, table, delimiter=",", fmt="%.5g", header=header, comments="")
    return folder


@pytest.fixture(scope="module")
def semg(folder):
    """Run the command in the folder, as its user would."""
    environment = os.environ | {"SEMG_DATABASES": str(STATIC / "my_database.py")}
    environment["OMP_NUM_THREADS"] = "1"

    def run(*arguments, **more):
        return subprocess.run(
            [*SEMG, *arguments],
            cwd=folder,
            env=environment | {"COLUMNS": "200"} | more,
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.slow
def test_the_program_trains_a_network_well_above_chance(folder):
    done = subprocess.run(
        [sys.executable, str(STATIC / "own_data.py")], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = re.fullmatch(r"(\d+) test windows, (\d+)% right; chance is 20%\n", done.stdout)
    n_windows, right = map(int, said.groups())
    # Windows of 200 ms every 50 ms in 1 s: 17 in each of 2 repetitions of 4 movements; rest is
    # thinned to one movement's share.
    assert 2 * 4 * 17 <= n_windows <= 2 * 5 * 17 + 20
    assert right > 60


def test_the_program_is_25_lines_long():
    lines = (STATIC / "own_data.py").read_text().splitlines()
    begins = lines.index("class Net(nn.Sequential):")
    assert len([line for line in lines[begins:] if line]) <= 25


@pytest.mark.slow
def test_a_leak_is_caught_as_the_page_says(folder, tmp_path):
    leaking = (STATIC / "own_data.py").read_text().replace("[1, 3, 4, 6]", "[1, 2, 3]")
    assert "[1, 2, 3]" in leaking
    done = subprocess.run(
        [sys.executable, "-c", leaking], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Standardiser was fitted to test repetitions [2]" in done.stderr


@pytest.mark.slow
def test_the_protocol_of_the_papers_gives_the_same_split(folder):
    text = (STATIC / "own_data.py").read_text()
    page = (STATIC.parent / "own_data.md").read_text()
    (call,) = re.findall(r"`(Protocol\(.*?\)\.prepare\(recording\))`", page)
    text = text.partition("classes = ")[0] + "from semg_lib import Protocol\n"
    text += f"other = {call}.split\n"
    for side in ("train", "test"):
        text += f"assert (split.{side}.starts == other.{side}.starts).all()\n"
        text += f"assert (split.{side}.take() == other.{side}.take()).all()\n"
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_verify_names_the_files(semg):
    done = semg("verify", ".")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "subject" in line and ".csv" in line]
    assert [[cell.strip() for cell in row.split("│")[1:5]] for row in rows] == [
        ["subject1.csv", "mine subject 1, exercise A", "48.0 s", "ok"],
        ["subject2.csv", "mine subject 2, exercise A", "48.0 s", "ok"],
    ]
    assert "Cite Doe et al. (2024)" in done.stdout


def test_without_the_variable_the_name_is_unknown(semg):
    done = semg(
        "run", "atzori2016", "--database", "mine", "--root", ".", "--out", "x", SEMG_DATABASES=""
    )
    assert done.returncode == 1
    assert (
        done.stderr == "semg: unknown database 'mine': choose from db1, db2, db3, 3dc, multiday\n"
    )


def test_names_of_movements_on_the_page_are_known(folder):
    page = (STATIC.parent / "own_data.md").read_text()
    (exercise,) = re.findall(r"`(Exercise\(.*?names=.*?\))`", page)
    text = (STATIC / "my_database.py").read_text()
    asks = """
from semg_lib.recordings.labels import named
from semg_lib.recordings.source import Source
print(named("mine", 1), named("mine", 2), sep="\\n", flush=True)
Source("mine", "A").load(1)
"""
    assert 'Exercise("A", 1, n_movements=4)' in text
    text = text.replace('Exercise("A", 1, n_movements=4)', exercise)
    done = subprocess.run(
        [sys.executable, "-c", text + asks], cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["1 fist", "2 open hand"]
    assert "mine cannot be simulated: name its folder" in done.stderr


@pytest.mark.slow
def test_a_paper_runs_on_it(semg, folder):
    done = semg(
        *("run", "atzori2016", "--database", "mine", "--root", ".", "--subjects", "1"),
        *("--preset", "quick", "--epochs", "4", "--methods", "cnn,lda", "--out", "runs"),
    )
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "runs").rglob("record.json")
    record = load_record(path)
    assert (record.database, record.exercises, record.simulated) == ("mine", "A", False)
    assert record.labels == [0, 1, 2, 3, 4]
    assert set(record.data) == {1}
    accuracy = {score.method: score.accuracy for score in record.scores}
    assert set(accuracy) == {"cnn", "lda"}
    assert accuracy["lda"] > 0.6


@pytest.mark.slow
def test_a_sweep_reaches_it_in_its_workers(semg, folder):
    done = semg(
        *("sweep", "atzori2016", "--database", "mine", "--root", ".", "--subjects", "all"),
        *("--preset", "quick", "--epochs", "1", "--methods", "lda", "--out", "sweep"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    records = [load_record(path) for path in (folder / "sweep").rglob("record.json")]
    assert sorted(record.subjects for record in records) == [[1], [2]]
