"""What a file is, whatever it is called: by what it holds first, by its place and name second."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from semg_lib.download import verify
from semg_lib.errors import DataError, DataWarning
from semg_lib.recordings import files, identity, stored
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source, available
from semg_lib.recordings.stored import ExerciseFile


def column(movements, repetitions, rate, move_s=3.0):
    """Return labels and repetitions as files have them: rest has neither."""
    still, move = np.zeros(round(0.4 * rate), np.int16), np.ones(round(move_s * rate), np.int16)
    pairs = [(m, r) for m in movements for r in range(1, repetitions + 1)]
    parts = [(np.r_[m * move, still], np.r_[r * move, still]) for m, r in pairs]
    return tuple(np.concatenate([still, *each]) for each in zip(*parts, strict=True))


def held(rate, channels, movements, repetitions=6, **changes):
    label, repetition = column(movements, repetitions, rate)
    emg = (
        np.empty((len(label), 0), np.float32) if not channels else np.zeros((len(label), channels))
    )
    columns = dict.fromkeys(("stimulus", "restimulus"), label)
    columns |= dict.fromkeys(("repetition", "rerepetition"), repetition)
    fields = {"subject": 1, "exercise": 1, "names": (), "checked": True}
    return ExerciseFile(emg=emg, columns=columns, **(fields | changes))


@pytest.mark.parametrize(
    ("place", "file", "known"),
    [
        ("S1_A1_E1.mat", held(100, 10, range(1, 13), 10), "db1 A"),
        ("x.mat", held(100, 10, range(1, 13), 10), "db1 A"),
        ("S1_E1_A1.mat", held(2000, 12, range(1, 18)), "db2 B or db3 B"),
        ("DB2_s1/S1_E1_A1.mat", held(2000, 12, range(1, 18)), "db2 B"),
        ("S1_A1_E1.mat", held(2000, 12, range(1, 18), subject=30), "db2 B"),
        ("DB2_s1/S1_E1_A1.mat", held(2000, 12, range(1, 6)), "db2 B"),
        ("S1_E2_A1.mat", held(2000, 12, range(18, 41), subject=12, exercise=2), "db2 C"),
        ("S1_E3_A1.mat", held(2000, 12, (1, 2, 4, 6, 8, 9, 16, 32, 40), subject=12, exercise=3),
         "db2 D"),
        ("S7_E1_A1.mat", held(2000, 10, range(1, 18), subject=7), "db3 B"),
        ("DB7/S1/S1_E1_A1.mat", held(2000, 12, range(1, 18)), "db7 A"),
        ("S1_E1_A1.mat", held(2000, 12, range(1, 18), names=("gyro",)), "db7 A"),
        ("S1_E1_A1.mat", held(2000, 12, range(1, 13)), "db4 A"),
        ("DB2_s1/S1_E2_A1.mat", held(2000, 12, range(1, 18), exercise=2), "db4 B"),
        ("S1_E3_A1.mat", held(2000, 12, range(1, 24), exercise=3), "db4 C"),
        ("S1_E2_A1.mat", held(200, 16, range(1, 18), exercise=1), "db5 B"),
        ("S1_A1_E2.mat", held(100, 10, range(1, 18), 10, exercise=1), "db1 B"),
        ("S1_A1_E1.mat", held(100, 10, range(1, 13), 10, exercise=2), "db1 A"),
        ("S1_A1_E1.mat", held(100, 8, range(1, 13), 10), ""),
        ("S1_A1_E1.mat", held(100, 10, range(1, 13), 10, subject=49), "db1 A"),
        ("x.mat", held(100, 10, range(1, 13), 10, subject=49), ""),
    ],
)  # fmt: skip
def test_a_file_is_what_it_holds(place, file, known):
    claims = identity.of(Path("/data") / place, file)
    assert " or ".join(f"{each.spec.name} {each.exercise.letter}" for each in claims) == known


@pytest.fixture(scope="module")
def good():
    """The variables of a small file of DB1, exercise A, without a mark of the simulator."""
    label, repetition = column(range(1, 13), 10, 100)
    noise = np.abs(np.random.default_rng(0).normal(0, 0.3, (len(label), 10)))
    emg = (np.round(noise * (0.1 + (label > 0))[:, None] / 0.0024) * 0.0024).astype(np.float32)
    tables = {"stimulus": label, "restimulus": label, "repetition": repetition}
    tables |= {"rerepetition": repetition}
    tables = {name: each[:, None].astype(np.uint8) for name, each in tables.items()}
    return tables | {"emg": emg, "subject": 1, "exercise": 1}


def put(folder, good, name="S1_A1_E1.mat", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / name, good | changes, do_compression=True)
    return folder / name


def load(root):
    return Source("db1", "A", str(root)).load(1)


STRANGE = {
    "empty": np.zeros((0, 0)),
    "nan": np.array([[np.nan]]),
    "text": "1",
    "cell": np.array([["1"]], object),
}


@pytest.mark.parametrize("name", ["subject", "exercise"])
@pytest.mark.parametrize("kind", STRANGE)
def test_a_subject_or_exercise_that_is_no_number_is_told_and_passed_over(
    good, tmp_path, name, kind
):
    put(tmp_path / "s1", good)
    sound = fingerprint(load(tmp_path))
    put(tmp_path / "s1", good, **{name: STRANGE[kind]})
    put(tmp_path / "s2", good, "S2_A1_E1.mat", subject=2, emg=good["emg"][::-1])
    strange, other = verify.verify(tmp_path)
    assert (other.status, other.subject) == ("ok", 2)
    assert strange.reasons == [f"its variable {name!r} holds no whole number"]
    assert (strange.database, strange.subject, strange.exercise) == ("db1", 1, "A")
    with pytest.warns(DataWarning, match=f"S1_A1_E1.mat: its variable '{name}' holds no whole"):
        assert fingerprint(load(tmp_path)) == sound


@pytest.mark.parametrize("more", [-stored.MOST_APART, -3, 3, stored.MOST_APART])
def test_labels_of_nearly_the_signals_length_are_cropped_with_one_warning(good, tmp_path, more):
    n = len(good["emg"])
    names = ("restimulus", "rerepetition")
    changed = {each: np.resize(good[each], (n + more, 1)) for each in names}
    for each in changed.values():
        each[n:] = 0
    put(tmp_path, good, **changed)
    with pytest.warns(DataWarning, match=rf"restimulus {n + more}, .*emg {n}: cropped") as told:
        recording = load(tmp_path)
    assert len(told) == 1
    assert len(recording.emg) == min(n, n + more)
    np.testing.assert_array_equal(recording.emg, good["emg"][: n + more])
    (finding,) = verify.verify(tmp_path)
    assert finding.status == "suspicious"
    assert str(n + more) in finding.reasons[0]


@pytest.mark.parametrize("more", [-stored.MOST_APART - 1, stored.MOST_APART + 1])
def test_labels_of_another_length_are_refused_without_asking_for_another_download(
    good, tmp_path, more
):
    put(tmp_path, good, restimulus=np.resize(good["restimulus"], (len(good["emg"]) + more, 1)))
    with pytest.raises(DataError, match="more than 50 apart") as error:
        load(tmp_path)
    assert "download" not in str(error.value)
    (finding,) = verify.verify(tmp_path)
    assert finding.status == "broken"


def test_dryads_names_are_found_by_what_the_files_hold(good, tmp_path):
    put(tmp_path, good, "S1_E1_A1.mat")
    (finding,) = verify.verify(tmp_path)
    assert (finding.status, finding.database) == ("ok", "db1")
    assert load(tmp_path).subject == 1
    assert available("db1", "A", tmp_path) == [1]
    assert available("db1", "B", tmp_path) == []


def test_a_file_of_another_database_is_never_taken_for_ours(good, tmp_path):
    """DB4's exercise of 12 movements, where DB2's has 17; the subject of DB2 beside it is used."""
    label, repetition = column(range(1, 13), 6, 2000, move_s=2.6)
    tables = {"stimulus": label, "restimulus": label, "repetition": repetition}
    tables |= {"rerepetition": repetition}
    tables = {name: each[:, None].astype(np.uint8) for name, each in tables.items()}
    emg = np.random.default_rng(0).normal(0, 1e-4, (len(label), 12)).astype(np.float32)
    put(tmp_path / "DB2_s1", tables, "S1_E1_A1.mat", emg=emg, subject=1, exercise=1)
    (finding,) = verify.verify(tmp_path)
    assert finding.status != "broken"
    assert finding.reasons == ["not one of ours: it is db4, exercise A (12 electrodes at 2 kHz)"]
    with pytest.raises(
        DataError, match=r"it is db4, exercise A \(.*\); that is not db2 exercise B"
    ):
        Source("db2", "B", str(tmp_path)).load(1)


def test_what_macos_leaves_beside_files_is_not_looked_at(good, tmp_path):
    put(tmp_path / "s1", good)
    (tmp_path / "s1" / "._S1_A1_E1.mat").write_bytes(b"\0\5\x16\7")
    assert [each.status for each in verify.verify(tmp_path)] == ["ok"]
    assert load(tmp_path).subject == 1


@pytest.mark.parametrize("linked", ["root", "root/db1", "root/db1/s1"])
def test_links_to_folders_are_searched(good, tmp_path, linked):
    real = tmp_path / "elsewhere"
    rest = Path("root/db1/s1").relative_to(linked)
    put(real / rest, good)
    link = tmp_path / linked
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(real, target_is_directory=True)
    root = tmp_path / "root"
    assert load(root).subject == 1
    assert [each.status for each in verify.verify(root)] == ["ok"]


def test_folders_of_a_data_set_of_ones_own_are_searched_through_links(tmp_path):
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "s1").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    found = files.folders(tmp_path / "root", "mine")
    assert [each.name for each in found] == ["root", "s1", "deep"]


def test_codes_of_fingers_are_told_and_mapped_if_asked(tmp_path, monkeypatch):
    order = (1, 2, 4, 6, 9, 8, 16, 32, 40)
    label, repetition = column(order, 6, 2000, move_s=2.6)
    numbers = np.zeros(41, np.uint8)
    numbers[list(order)] = np.arange(41, 50)
    screen = numbers[label]
    emg = np.random.default_rng(0).normal(0, 1e-4, (len(label), 12)).astype(np.float32)
    tables = {"restimulus": label, "stimulus": screen, "rerepetition": repetition}
    tables |= {"repetition": repetition}
    tables = {name: each[:, None].astype(np.uint8) for name, each in tables.items()}
    put(tmp_path, tables, "S12_E3_A1.mat", emg=emg, subject=12, exercise=3)
    source = Source("db2", "D", str(tmp_path))
    monkeypatch.delenv("SEMG_FORCE_CODES", raising=False)
    asked = r"codes of fingers.*SEMG_FORCE_CODES=1,2,4,6,9,8,16,32,40 .* order on the screen"
    with pytest.raises(DataError, match=asked):
        source.load(12)
    (finding,) = verify.verify(tmp_path)
    assert "codes of fingers" in finding.reasons[0]
    monkeypatch.setenv("SEMG_FORCE_CODES", "1,2,4,6,9,8,16,32,40")
    np.testing.assert_array_equal(source.load(12).label, screen)
    (finding,) = verify.verify(tmp_path)
    assert finding.status == "ok"
    tables |= {"stimulus": tables["restimulus"]}
    put(tmp_path, tables, "S12_E3_A1.mat", emg=emg, subject=12, exercise=3)
    monkeypatch.setenv("SEMG_FORCE_CODES", "1,2,3")
    remembered = r"SEMG_FORCE_CODES=1,2,4,8,16,32,9,6,40 .* 41 to 49, .* remembered \(R\)"
    with pytest.raises(DataError, match=remembered):
        source.load(12)
