import shutil
import tracemalloc

import numpy as np
import pytest
import scipy.io

from semg_lib.errors import DataError, DataWarning
from semg_lib.recordings import databases, ninapro, simulator
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source
from tests.test_matlab import write_73


@pytest.mark.parametrize(("name", "rate", "channels"), [("db1", 100, 10), ("db2", 2000, 12)])
def test_load_reads_what_the_file_holds(root, name, rate, channels):
    letter = databases.database(name).exercises[0].letter
    recording = ninapro.load(name, 1, letter, root)
    assert recording.rate == rate
    assert recording.n_channels == channels
    assert recording.emg.dtype == np.float32


def test_load_agrees_with_scipy(root):
    raw = scipy.io.loadmat(root / "db1" / "s1" / "S1_A1_E1.mat")
    recording = ninapro.load("db1", 1, "A", root)
    np.testing.assert_array_equal(recording.emg, raw["emg"].astype(np.float32))
    np.testing.assert_array_equal(recording.label, raw["restimulus"].ravel())
    screen = ninapro.load("db1", 1, "A", root, labels="stimulus")
    np.testing.assert_array_equal(screen.label, raw["stimulus"].ravel())


def test_rest_gets_the_repetition_of_the_movement_it_follows(root):
    recording = ninapro.load("db1", 1, "A", root)
    assert recording.repetition.min() == 1
    rest = recording.label == 0
    assert set(recording.repetition[rest]) == set(recording.repetition[~rest])
    starts = np.flatnonzero(rest[1:] & ~rest[:-1]) + 1
    np.testing.assert_array_equal(recording.repetition[starts], recording.repetition[starts - 1])


def test_labels_are_numbered_through_the_database(spoil, tmp_path):
    exercise = databases.database("db1").exercises[1]
    local = np.array([0, 1, 2])
    np.testing.assert_array_equal(ninapro.global_labels("x", local, exercise), [0, 13, 14])
    already = np.array([0, 13, 29])
    np.testing.assert_array_equal(ninapro.global_labels("x", already, exercise), already)


@pytest.mark.parametrize("place", ["S1_A1_E1.mat", "a/b/s1_a1_e1.MAT", "Db1/S1/S1_A1_E1.mat"])
def test_files_are_found_in_any_layout_and_case(root, tmp_path, place):
    target = tmp_path / place
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / "db1" / "s1" / "S1_A1_E1.mat", target)
    assert ninapro.load("db1", 1, "A", tmp_path).subject == 1


def one_line(error):
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_missing_folder_file_or_name_is_told(root, tmp_path):
    with pytest.raises(DataError, match="no such folder; --root") as error:
        ninapro.load("db1", 1, "A", tmp_path / "nowhere")
    one_line(error)
    with pytest.raises(DataError, match=r"no file S2_A1_E1.mat .* unpack"):
        ninapro.load("db1", 2, "A", root)
    with pytest.raises(DataError, match="subject 28 is not in db1: choose from 1 to 27"):
        ninapro.load("db1", 28, "A", root)
    with pytest.raises(DataError, match="unknown database 'db9'"):
        ninapro.load("db9", 1, "A", root)
    with pytest.raises(DataError, match="exercise 'D' is not in db1"):
        ninapro.load("db1", 1, "D", root)
    with pytest.raises(DataError, match="no exercise named"):
        ninapro.load("db1", 1, ",", root)
    with pytest.raises(ValueError, match="unknown labels 'guess': choose from restimulus, "):
        ninapro.load("db1", 1, "A", root, labels="guess")


def test_two_files_of_one_name_are_told(root, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(root / "db1" / "s1" / "S1_A1_E1.mat", tmp_path / folder)
    with pytest.raises(DataError, match="is there 2 times"):
        ninapro.load("db1", 1, "A", tmp_path)


def test_bytes_that_are_no_recording_are_told(root, tmp_path):
    path = tmp_path / "S1_A1_E1.mat"
    path.write_bytes(b"<html>not found</html>" * 50)
    with pytest.raises(DataError, match=r"S1_A1_E1.mat: not a MATLAB 5 or 7.3 file .* download it"):
        ninapro.load("db1", 1, "A", tmp_path)
    whole = (root / "db1" / "s1" / "S1_A1_E1.mat").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"damaged or cut short .*; download it again"):
        ninapro.load("db1", 1, "A", tmp_path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="download it again"):
        ninapro.load("db1", 1, "A", tmp_path)


def test_wrong_content_names_file_value_and_remedy(spoil):
    n = len(spoil.good["emg"])

    def column(name, value, at=n // 2, dtype=float):
        changed = spoil.good[name].astype(dtype)
        changed[at] = value
        return {name: changed}

    def holed(value):
        emg = spoil.good["emg"].astype(float)
        emg[7, 3] = value
        return {"emg": emg}

    cases = [
        ({"restimulus": None, "stimulus": None}, "no variable 'restimulus'"),
        ({"emg": None}, "no variable 'emg'; not a whole NinaPro file"),
        ({"emg": spoil.good["emg"][:, :9]}, r"\(samples, 10\) .* check the database and subject"),
        (holed(np.nan), "emg is nan at sample 7, electrode 4; download"),
        (holed(np.inf), "emg is inf at sample 7, electrode 4; download"),
        (holed(1e30), r"emg is 1e\+30 at sample 7, electrode 4; download"),
        ({"emg": spoil.good["emg"] * 1j}, "emg holds no table of real numbers"),
        (
            {"restimulus": spoil.good["restimulus"][:-51]},
            rf"restimulus {n - 51}, .*emg {n}: more than 50 apart.*get the original",
        ),
        (column("restimulus", 14), "label 14 is out of range; exercise A has movements 1 to 12"),
        (column("restimulus", -1), "restimulus holds -1.0, out of range"),
        (column("restimulus", 2.5), "not whole numbers|whole numbers"),
        (column("restimulus", np.nan), "whole numbers"),
        (column("rerepetition", 11), "holds 11, out of range; db1 has 10 repetitions"),
        ({"rerepetition": np.array(["x"] * n, object)[:, None]}, "no table of real numbers"),
        (
            column("restimulus", 2, dtype=int),
            r"label 2 has repetition 0 at sample .* nothing",
        ),
    ]
    for changes, said in cases:
        folder = spoil(**changes)
        with pytest.raises(DataError, match=said) as error:
            ninapro.load("db1", 1, "A", folder)
        assert "S1_A1_E1.mat" in one_line(error)


def save(folder, content, **options):
    folder.mkdir(exist_ok=True)
    scipy.io.savemat(folder / "S1_A1_E1.mat", content, **options)
    return folder


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_transposed_tables_and_both_precisions_load_alike(root, spoil, tmp_path, kind):
    usual = ninapro.load("db1", 1, "A", root)
    turned = {name: table.T for name, table in spoil.good.items() if np.ndim(table) == 2}
    turned["emg"] = turned["emg"].astype(kind)
    again = ninapro.load("db1", 1, "A", save(tmp_path / "turned", turned))
    assert fingerprint(again) == fingerprint(usual)
    assert again.emg.flags.c_contiguous


def test_files_of_version_73_load_alike(root, spoil, tmp_path):
    write_73(tmp_path / "S1_A1_E1.mat", spoil.good, compression="gzip")
    again = ninapro.load("db1", 1, "A", tmp_path)
    assert fingerprint(again) == fingerprint(ninapro.load("db1", 1, "A", root))


@pytest.mark.parametrize("missing", ["restimulus", "rerepetition"])
def test_the_screens_labels_stand_in_and_this_is_said(root, spoil, tmp_path, missing):
    folder = spoil(**{missing: None})
    with pytest.warns(DataWarning, match=f"no variable '{missing}'; the screen's labels"):
        recording = ninapro.load("db1", 1, "A", folder)
    screen = ninapro.load("db1", 1, "A", root, labels="stimulus")
    assert fingerprint(recording) == fingerprint(screen)
    with pytest.raises(DataError, match="no variable 'stimulus'"):
        ninapro.load("db1", 1, "A", spoil(stimulus=None), labels="stimulus")


def test_another_subject_in_the_file_than_in_its_name_is_said(spoil):
    with pytest.warns(DataWarning, match="says it is of subject 5, its name 1"):
        assert ninapro.load("db1", 1, "A", spoil(subject=5)).subject == 1


def test_labels_that_run_on_through_the_exercises_load_like_local_ones(tmp_path):
    (path,) = simulator.write_files(tmp_path, "db2", 1, "D", movements=(41,))
    local = ninapro.load("db2", 1, "D", tmp_path)
    content = {k: v for k, v in scipy.io.loadmat(path).items() if k[0] != "_"}
    for name in ("stimulus", "restimulus"):
        content[name] = np.where(content[name] > 0, content[name] + 40, 0).astype(np.uint8)
    scipy.io.savemat(path, content, do_compression=True)
    assert fingerprint(ninapro.load("db2", 1, "D", tmp_path)) == fingerprint(local)
    assert local.movements.tolist() == [41]


def test_amputees_with_10_electrodes_and_fewer_movements_load(tmp_path):
    simulator.write_files(tmp_path, "db3", 7, "D", movements=(41,))
    assert ninapro.load("db3", 7, "D", tmp_path).n_channels == 10
    assert simulator.write_files(tmp_path, "db3", 1, "D", movements=(41,)) == []


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_loading_takes_no_more_memory_than_the_stored_signal_and_the_loaded(tmp_path, kind):
    (path,) = simulator.write_files(tmp_path, "db2", 1, "B", movements=(1, 2))
    content = {k: v for k, v in scipy.io.loadmat(path).items() if k[0] != "_"}
    content["emg"] = content["emg"].astype(kind)
    scipy.io.savemat(path, content, do_compression=True)
    stored = content["emg"].nbytes
    del content
    tracemalloc.start()
    recording = ninapro.load("db2", 1, "B", tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.3 * (stored + recording.emg.nbytes)


def test_files_that_were_simulated_say_so(root):
    assert Source("db1", "A", str(root)).load(1).simulated
    assert Source("db1", "A").load(1).simulated
    assert "simulated" in str(Source("db1", "A"))


def test_a_repetition_that_is_not_in_the_file_is_told(spoil):
    lost = spoil.good["rerepetition"] == 5
    folder = spoil(
        restimulus=np.where(lost, 0, spoil.good["restimulus"]),
        rerepetition=np.where(lost, 0, spoil.good["rerepetition"]),
    )
    source = Source("db1", "A", str(folder))
    with pytest.raises(DataError, match=r"S1_A1_E1.mat: repetition 5 is not there, .* download"):
        source.load(1, repetitions=(2, 5, 7))
    assert len(set(source.load(1).repetition.tolist())) == 9


@pytest.mark.real
def test_real_files_load(real_root):
    for subject in (1, 27):
        recording = Source("db1", "A", str(real_root)).load(subject)
        assert not recording.simulated
        assert recording.n_channels == 10
        assert recording.movements.tolist() == list(range(1, 13))
        rest = recording.label == 0
        assert set(recording.repetition[rest]) == set(range(1, 11))
