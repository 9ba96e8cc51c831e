"""Files of one held movement each: whose they are, what is odd about them, how they are read."""

import io
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from semg_lib.download import verify
from semg_lib.errors import DataError
from semg_lib.recordings import armband, files, multiday, simulator, text
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source, available
from semg_lib.running import printing

GESTURE = "3dc_EMG_gesture"


def session(n=6 * 2048, seed=0):
    """Return a contraction's signal; the fourth channel is weak, as it is in all of the set."""
    return np.random.default_rng(seed).normal(0, [60, 80, 20, 0.5], (n, 4))


def gesture(n=5000, seed=0):
    return np.random.default_rng(seed).normal(0, 80, (n, 10)).round()


def write(path, emg):
    path.parent.mkdir(parents=True, exist_ok=True)
    if emg.shape[1] == 4:
        np.savetxt(path, emg)
    else:
        np.savetxt(path, emg, fmt="%d", delimiter=",")


def found(folder):
    return {each.path.as_posix(): each for each in verify.verify(folder)}


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("S0_D6_C0.csv", (1, 6, 1)),
        ("x/s0_d121_c10.CSV.BZ2", (1, 121, 11)),
        ("kaufmann_multiday-S0_D6_C3.csv", (1, 6, 4)),
        ("S0_D1_C2_simulated.csv", (1, 1, 3)),
        ("S0_D122_C0.csv", None),
        ("S0_D0_C0.csv", None),
        ("S0_D1_C11.csv", None),
        ("S1_D1_C1.csv", None),
        ("S0_D1_C1.txt", None),
        ("S0_D1_C1 (copy).csv", None),
        ("xS0_D1_C1.csv", None),
    ],
)
def test_a_contractions_name_says_session_and_class(path, named):
    assert multiday.named(Path(path)) == named


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"/d/Participant2/train/EMG/{GESTURE}_0_0.txt", (2, 1, 0)),
        (f"/d/Participant13/test/EMG/{GESTURE}_3_10.txt.bz2", (13, 8, 10)),
        (f"/d/PARTICIPANT2/TEST/{GESTURE.upper()}_1_7.TXT", (2, 6, 7)),
        (f"/d/Participant2_train_EMG_{GESTURE}_2_4_simulated.txt", (2, 3, 4)),
        (f"/d/participant-2__test__{GESTURE}_2_4.txt", (2, 7, 4)),
        (f"/d/Participant2/train/Participant2_train_{GESTURE}_2_4.txt", (2, 3, 4)),
        (f"/d/Participant2/train/Participant3_train_{GESTURE}_2_4.txt", None),
        (f"/d/Participant2/{GESTURE}_0_0.txt", None),
        (f"/d/train/EMG/{GESTURE}_0_0.txt", None),
        (f"/d/Participant2/train/EMG/{GESTURE}_4_0.txt", None),
        (f"/d/Participant2/train/EMG/{GESTURE}_0_11.txt", None),
        ("/d/Participant2/train/IMU/3dc_IMU_gesture_0_0.txt", None),
        (f"/d/Participant2/training/EMG/{GESTURE}_0_0.txt", None),
    ],
)
def test_a_gestures_place_and_name_say_subject_repetition_and_class(path, named):
    assert armband.named(Path(path)) == named


def test_a_place_that_is_the_working_folders_counts(tmp_path, monkeypatch):
    write(tmp_path / "Participant2" / "test" / "EMG" / f"{GESTURE}_0_3.txt", gesture())
    monkeypatch.chdir(tmp_path / "Participant2" / "test")
    (finding,) = verify.verify(".")
    assert finding.content == "3dc subject 2, ulnar deviation, repetition 5"


def test_files_are_named_by_path_and_content_or_called_unknown(tmp_path):
    place = tmp_path / "a" / "Participant2" / "train" / "EMG"
    write(place / f"{GESTURE}_0_7.txt", gesture(seed=1))
    write(tmp_path / "a" / f"Participant2_test_{GESTURE}_0_7.txt", gesture(seed=2))
    write(tmp_path / "S0_D6_C3.csv", session(seed=3))
    write(tmp_path / "S0_D6_C4.csv", gesture(seed=4))  # another set's
    write(place / f"{GESTURE}_0_8.txt", session(seed=5))
    write(tmp_path / f"Participant23_train_{GESTURE}_0_7.txt", gesture(seed=6))  # there are 22
    write(tmp_path / "renamed.csv", session(seed=7))
    write(tmp_path / "renamed.txt", gesture(seed=8))
    (tmp_path / "notes.txt").write_text("1 2 3 4 5\n" * 9)
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    assert {name: (each.content, each.status) for name, each in found(tmp_path).items()} == {
        f"a/Participant2/train/EMG/{GESTURE}_0_7.txt": (
            "3dc subject 2, power grip, repetition 1", "ok"
        ),
        f"a/Participant2_test_{GESTURE}_0_7.txt": (
            "3dc subject 2, power grip, repetition 5", "ok"
        ),
        "S0_D6_C3.csv": ("multiday subject 1, contraction 3, session 6", "ok"),
        "S0_D6_C4.csv": ("unknown", "broken"),
        f"a/Participant2/train/EMG/{GESTURE}_0_8.txt": ("unknown", "broken"),
        f"Participant23_train_{GESTURE}_0_7.txt": ("unknown", "suspicious"),
        "renamed.csv": ("unknown", "suspicious"),
        "renamed.txt": ("unknown", "suspicious"),
    }  # fmt: skip
    assert found(tmp_path)["renamed.csv"].suspicious == [
        "rows as in multiday, but neither name nor folder says of what; as published it is "
        "S0_D*_C*.csv*"
    ]
    row = found(tmp_path)["S0_D6_C3.csv"].as_dict()
    assert (row["session"], row["repetition"], row["label"]) == (6, 6, 4)
    assert (row["movement"], row["seconds"]) == ("contraction 3", 5.25)


def test_the_number_of_files_is_known_beforehand(tmp_path):
    for contraction in range(3):
        write(tmp_path / f"S0_D6_C{contraction}.csv", session(seed=contraction))
    looking = verify.verify(tmp_path)
    assert len(looking) == len(list(looking)) == 3


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_can_be_read(tmp_path, width):
    place = f"Participant12/train/EMG/{GESTURE}_0_10_simulated.txt"
    write(tmp_path / place, gesture())
    (tmp_path / "S0_D121_C10_simulated.csv").write_text("a b c d\n")
    console = Console(width=width, file=io.StringIO())
    printing.verified(console, list(verify.verify(tmp_path)))
    printed = console.file.getvalue().splitlines()
    assert max(map(len, printed[: printed.index("1 broken, 1 ok")])) <= width
    cells = [[cell.strip() for cell in row.split("│")[1:-1]] for row in printed if "│" in row]
    names, contents, lengths, states = (" ".join(each) for each in zip(*cells, strict=True))
    assert names.replace(" ", "") == f"{place}S0_D121_C10_simulated.csv"
    assert " ".join(contents.split()) == (
        "3dc subject 12, pinch grip, repetition 1 (simulated) unknown"
    )
    assert lengths.strip() == "5.0 s"
    said = "ok broken: row 1 holds 'a', expected 4 numbers between spaces; get it again"
    assert " ".join(states.split()) == said


def test_one_recording_twice_is_told(tmp_path):
    for folder in ("a", "b"):
        write(tmp_path / folder / "S0_D6_C3.csv", session())
    assert [each.reasons for each in verify.verify(tmp_path)] == [
        [],
        ["the same signal as a/S0_D6_C3.csv"],
    ]
    with pytest.raises(DataError, match=r"S0_D6_C3\.csv are one recording; keep one of them"):
        Source("multiday", "A", str(tmp_path)).files(1)


def with_channel(emg, channel, values):
    emg = emg.copy()
    emg[:, channel - 1] = values
    return emg


T = np.arange(6 * 2048) / 2048
SESSION, GESTURE_EMG = session(), gesture()
SPOILT = [
    (SESSION[: 4 * 2048], "only 3.2 s are used, usual are 3.5 s and more"),
    (GESTURE_EMG[:3990], "only 4.0 s are used, usual are 4 s and more"),
    (GESTURE_EMG[:363], "only 0.4 s are used, usual are 4 s and more"),
    (SESSION + np.outer(200 * np.sin(2 * np.pi * 0.3 * T), [0, 1, 0, 0]), "channel 2 drifts: "),
    (SESSION + np.outer(500 * T, [1, 0, 0, 0]), "channel 1 drifts: "),
    (GESTURE_EMG + np.outer(np.arange(5000), np.eye(10)[1]).round(), "channel 2 drifts: "),
    (
        GESTURE_EMG + np.outer(800 * np.sin(2 * np.pi * 0.06 * np.arange(5000)), np.eye(10)[1]),
        "channel 2 hums: 9",
    ),
    (with_channel(SESSION, 4, 0), "channel 4 is dead: it does not change for 5.2 s"),
    (
        with_channel(GESTURE_EMG, 10, GESTURE_EMG[:, 9] * (np.arange(5000) < 3000)),
        "channel 10 is dead: it does not change for 2.0 s",
    ),
    (with_channel(SESSION, 3, SESSION[:, 2] / 100), "channel 3 is weak: 0.2 RMS, usual is 1 or"),
    (with_channel(SESSION, 4, SESSION[:, 3] / 100), "channel 4 is weak: 0.005 RMS, usual is 0.0"),
    (with_channel(GESTURE_EMG, 4, np.arange(5000) % 3), "channel 4 is weak: 0.82 RMS, usual is 2"),
]


@pytest.mark.parametrize(("emg", "said"), SPOILT, ids=[said for _, said in SPOILT])
def test_what_is_unusual_is_told(tmp_path, emg, said):
    name = "S0_D1_C1.csv" if emg.shape[1] == 4 else f"Participant1_train_{GESTURE}_0_1.txt"
    write(tmp_path / name, emg)
    (finding,) = verify.verify(tmp_path)
    assert finding.status == "suspicious"
    (reason,) = finding.reasons
    assert reason.startswith(said)


def test_a_jerk_an_offset_and_the_weak_fourth_channel_are_usual(tmp_path):
    jerk = np.where((np.arange(5000) > 2000) & (np.arange(5000) < 2400), 4000, 0)
    write(tmp_path / f"Participant1_train_{GESTURE}_0_1.txt", GESTURE_EMG + jerk[:, None] + 300)
    write(tmp_path / "S0_D1_C1.csv", SESSION + 20)
    assert [each.reasons for each in verify.verify(tmp_path)] == [[], []]


@pytest.mark.parametrize("name", ["multiday", "3dc"])
def test_what_was_simulated_says_so_in_files_recordings_and_findings(tmp_path, name, monkeypatch):
    monkeypatch.setattr("semg_lib.recordings.lookalikes.MOST", 3)
    movements = (2, 11 if name == "multiday" else 10)
    paths = simulator.write_files(tmp_path, name, 1, movements=movements)
    source = Source(name, "A", str(tmp_path))
    assert source.simulated(1)
    assert source.load(1).simulated
    findings = list(verify.verify(tmp_path))
    assert len(findings) == len(paths)
    assert {(each.database, each.simulated, each.status) for each in findings} == {
        (name, True, "ok")
    }
    assert all(each.content.endswith(" (simulated)") for each in findings)
    expected = simulator.simulate(name, 1, movements=movements)
    assert fingerprint(source.load(1)) == fingerprint(expected)


def test_all_that_a_run_asks_of_a_subject_takes_one_walk_and_one_read_a_file(tmp_path, monkeypatch):
    for number in range(1, 9):
        write(tmp_path / f"S0_D{number}_C3.csv", session(seed=number))
    read, walked, walk = [], [], files.os.walk
    monkeypatch.setattr(files, "SETTLED_NS", -(10**9))
    monkeypatch.setattr(
        text.Columns, "read",
        lambda self, path, read_one=text.Columns.read: read.append(path) or read_one(self, path),
    )  # fmt: skip
    monkeypatch.setattr(files.os, "walk", lambda *a, **o: walked.append(a) or walk(*a, **o))
    source = Source("multiday", "A", str(tmp_path))
    assert available("multiday", "A", tmp_path) == [1]
    assert not source.simulated(1)
    known = fingerprint(source.load(1))
    for _ in range(2):
        recording = source.load(1, repetitions=(1, 8))
        assert fingerprint(recording) == known
        recording.emg[:] = 0
    assert sorted(read) == sorted(tmp_path.glob("*.csv"))
    assert len(walked) == 1
    write(tmp_path / "S0_D4_C3.csv", session(seed=99))
    assert fingerprint(source.load(1)) != known
    assert len(read) == 9


def test_sets_below_one_folder_do_not_disturb_each_other(tmp_path, root):
    shutil.copytree(root, tmp_path / "ninapro")
    (tmp_path / "other").mkdir()
    shutil.copy(next(root.rglob("S1_A1_E1.mat")), tmp_path / "other")  # db1 is a folder elsewhere
    write(tmp_path / "3dc" / "Participant3" / "test" / "EMG" / f"{GESTURE}_0_0.txt", gesture())
    write(tmp_path / "old" / "Participant3" / "test" / "EMG" / f"{GESTURE}_0_0.txt", gesture())
    write(tmp_path / "many" / "S0_D6_C3.csv", session())
    (tmp_path / "linked").symlink_to(tmp_path / "many", target_is_directory=True)
    (tmp_path / "many" / "circle").symlink_to(tmp_path, target_is_directory=True)
    assert available("db1", "A", tmp_path) == available("db2", "B", tmp_path) == [1]
    assert available("3dc", "A", tmp_path) == [3]
    assert available("multiday", "A", tmp_path) == [1]
    (path,) = Source("db1", "A", str(tmp_path)).files(1)["A"]
    assert "ninapro" in path.parts
    (path,) = Source("3dc", "A", str(tmp_path)).files(3)["A"]
    assert path.relative_to(tmp_path).parts[0] == "3dc"


@pytest.mark.real
def test_real_recordings_are_what_numpy_reads(real_sets, real_data, tmp_path):
    """Samples, first and last rows, channels and labels of a few files, read by NumPy alone."""
    folders = [real_sets["3dc"] / "Participant9" / block / "EMG" for block in ("train", "test")]
    recording = Source("3dc", "A", str(real_data)).load(9)
    start = 0
    for repetition in range(1, 9):
        for label in range(11):
            name = f"{GESTURE}_{(repetition - 1) % 4}_{label}.txt.bz2"
            rows = np.loadtxt(folders[(repetition - 1) // 4] / name, delimiter=",")
            part = slice(start, start + len(rows))
            np.testing.assert_array_equal(recording.emg[part], rows)
            assert {*recording.label[part]} == {label}
            assert {*recording.repetition[part]} == {repetition}
            start += len(rows)
    assert start == len(recording.emg)
    chosen = [(6, 0), (6, 10), (96, 2), (121, 10)]  # session 6 before 96 before 121
    for day, contraction in chosen:
        name = f"S0_D{day}_C{contraction}.csv.bz2"
        (tmp_path / name).symlink_to(real_sets["multiday"] / name)
    recording = Source("multiday", "A", str(tmp_path)).load(1)
    assert (recording.rate, recording.simulated) == (2048, False)
    start = 0
    for day, contraction in chosen:
        rows = np.loadtxt(real_sets["multiday"] / f"S0_D{day}_C{contraction}.csv.bz2")
        rows = rows[1024:-512].astype(np.float32)  # half a second, and a quarter
        part = slice(start, start + len(rows))
        np.testing.assert_array_equal(recording.emg[part], rows)
        assert {*recording.label[part]} == {contraction + 1}
        assert {*recording.repetition[part]} == {day}
        start += len(rows)
    assert start == len(recording.emg)
    assert available("3dc", "A", real_data) == [2, *range(6, 14)]
    assert len(Source("multiday", "A", str(real_data)).files(1)["A"]) == 275


@pytest.mark.slow
@pytest.mark.real
def test_real_recordings_are_ok_and_named_by_their_paths(real_sets, tmp_path):
    seen, began = {}, time.process_time()
    for name, folder in real_sets.items():
        for each in verify.verify(folder):
            assert (each.database, each.status, each.reasons) == (name, "ok", []), each.path
            seen[folder / each.path] = each
    assert len(seen) == 275 + 792
    assert time.process_time() - began < 100  # 34 s on a core of its own, more on a shared one
    for path, each in seen.items():
        *start, last = path.name.split(".")[0].split("_")
        if each.database == "multiday":
            assert (each.label, each.session) == (int(last[1:]) + 1, int(start[1][1:]))
        else:
            person, block = path.parts[-4:-2]
            assert (each.subject, each.label) == (int(person[11:]), int(last))
            assert each.repetition == int(start[-1]) + (1 if block == "train" else 5)
    for number, path in enumerate(list(seen)[::40]):
        flat = "_".join(path.relative_to(path.parents[3 if "EMG" in path.parts else 0]).parts)
        (tmp_path / flat).symlink_to(path)
        (tmp_path / f"renamed{number}.bz2").symlink_to(path)
    for each in verify.verify(tmp_path):
        if each.path.name.startswith("renamed"):
            assert (each.content, each.status) == ("unknown", "suspicious")
        else:
            assert each.content == seen[(tmp_path / each.path).resolve()].content
