import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from semg_lib.errors import DataError
from semg_lib.recordings import databases, files, identity, matlab, stored
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source


@pytest.fixture
def lying(root, tmp_path):
    """A folder with files of two exercises of DB1, and of what a download has not finished."""
    content = scipy.io.loadmat(root / "db1" / "s1" / "S1_A1_E1.mat")
    content = {name: table for name, table in content.items() if name[0] != "_"}
    for folder in ("s1", ".semg/db1-s1.zip/unpacked"):
        (tmp_path / folder).mkdir(parents=True)
        for number in (1, 2):
            path = tmp_path / folder / f"S1_A1_E{number}.mat"
            scipy.io.savemat(path, content | {"exercise": number}, do_compression=True)
    return tmp_path


@pytest.fixture
def counted(monkeypatch):
    """Count walks of folders and reads of signals; whatever was written counts as settled."""
    counts = {"walks": 0, "reads": 0}
    walk, read = os.walk, matlab.read

    def count_walk(*arguments, **options):
        counts["walks"] += 1
        return walk(*arguments, **options)

    def count_read(path, wanted, **options):
        counts["reads"] += "emg" in wanted
        return read(path, wanted, **options)

    monkeypatch.setattr(os, "walk", count_walk)
    monkeypatch.setattr(matlab, "read", count_read)
    monkeypatch.setattr(files, "SETTLED_NS", -(10**9))
    return counts


def test_what_a_download_has_not_finished_is_not_found(lying):
    first = databases.database("db1").exercises[0]
    found = identity.find(lying, databases.database("db1"), 1, first)
    assert found == lying / "s1" / "S1_A1_E1.mat"
    shutil.rmtree(lying / "s1")
    with pytest.raises(DataError, match="no file S1_A1_E1"):
        identity.find(lying, databases.database("db1"), 1, first)


def test_one_load_walks_a_folder_once_and_reads_each_file_once(lying, counted):
    assert Source("db1", "AB", str(lying)).load(1, repetitions=(1,)).simulated
    assert counted == {"walks": 1, "reads": 2}


def test_all_that_a_run_asks_of_a_subject_takes_one_walk_and_one_read_a_file(lying, counted):
    source = Source("db1", "AB", str(lying))
    source.files(1)
    assert source.simulated(1)
    first = source.load(1)
    assert fingerprint(source.load(1)) == fingerprint(first)
    assert counted == {"walks": 1, "reads": 2}


def test_a_recording_that_was_changed_in_memory_does_not_change_the_next(lying, counted):
    source = Source("db1", "A", str(lying))
    first = source.load(1)
    known = fingerprint(first)
    first.emg[:] = 0
    first.label[:] = 0
    assert fingerprint(source.load(1)) == known
    assert counted["reads"] == 1


def test_a_file_that_comes_goes_or_changes_is_seen(lying, counted):
    source = Source("db1", "A", str(lying))
    before = source.load(1)
    (path,) = source.files(1)["A"]
    content = scipy.io.loadmat(path)
    content["emg"] *= 2
    tables = {name: table for name, table in content.items() if name[0] != "_"}
    scipy.io.savemat(path, tables, do_compression=True)
    np.testing.assert_array_equal(source.load(1).emg, before.emg * 2)
    shutil.copy(path, lying / "S1_A1_E1.MAT")
    with pytest.raises(DataError, match="is there 2 times"):
        source.load(1)
    path.unlink()
    assert source.files(1)["A"][0].parent == lying
    shutil.rmtree(lying)
    with pytest.raises(DataError, match="no such folder"):
        source.load(1)


def test_what_was_written_a_moment_ago_is_looked_at_again(lying, counted, monkeypatch):
    """Two writes within one tick of a clock leave the same times."""
    monkeypatch.setattr(files, "SETTLED_NS", 10**12)
    source = Source("db1", "A", str(lying))
    for _ in range(2):
        source.load(1)
    assert counted == {"walks": 2, "reads": 2}


def test_only_the_last_files_are_kept(lying, counted, monkeypatch):
    source = Source("db1", "AB", str(lying))
    size = source.load(1).emg.nbytes
    monkeypatch.setattr(stored.KEPT, "most", size - 1)
    stored.KEPT.values.clear()
    counted["reads"] = 0
    source.load(1)
    assert len(stored.KEPT.values) == 1
    Source("db1", "B", str(lying)).load(1)
    assert counted["reads"] == 2
    Source("db1", "A", str(lying)).load(1)
    assert counted["reads"] == 3


def test_a_relative_folder_is_that_of_the_working_folder(lying, counted, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(lying)
    source = Source("db1", "A", "s1")
    assert source.load(1).subject == 1
    assert source.files(1)["A"] == [Path("s1", "S1_A1_E1.mat")]
    monkeypatch.chdir(other)
    with pytest.raises(DataError, match="no such folder"):
        source.load(1)


def test_a_folder_that_is_called_after_a_database_decides_unless_it_lies_deep(lying):
    first = databases.database("db1").exercises[0]

    def found():
        return identity.find(lying, databases.database("db1"), 1, first).relative_to(lying)

    for place in ("x/DB1", "x/y/db1"):
        (lying / place / "s1").mkdir(parents=True)
        shutil.copy(lying / "s1" / "S1_A1_E1.mat", lying / place / "s1")
    assert found() == Path("x/DB1/s1/S1_A1_E1.mat")
    shutil.rmtree(lying / "x" / "DB1")
    with pytest.raises(DataError, match="is there 2 times"):
        found()
    shutil.rmtree(lying / "x")
    (lying / "x" / "y" / "db1").mkdir(parents=True)
    assert found() == Path("s1/S1_A1_E1.mat")


def test_a_folder_that_is_a_link_is_looked_into_once(lying, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "s1"
    shutil.move(lying / "s1", elsewhere)
    (lying / "s1").symlink_to(elsewhere, target_is_directory=True)
    (lying / "zz").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "circle").symlink_to(lying, target_is_directory=True)
    first = databases.database("db1").exercises[0]
    found = identity.find(lying, databases.database("db1"), 1, first)
    assert found == lying / "s1" / "S1_A1_E1.mat"
