import h5py
import numpy as np
import pytest
import scipy.io

from semg_lib.errors import DataError
from semg_lib.recordings import matlab

RNG = np.random.default_rng(0)
TABLES = {
    "emg": RNG.normal(size=(700, 3)),
    "wide": RNG.normal(size=(3, 700)).astype(np.float32),
    "label": RNG.integers(0, 20, (700, 1)).astype(np.uint8),
    "one": np.array([[7]], np.uint8),
    "big": RNG.integers(-(2**40), 2**40, (5, 2)),
    "empty": np.zeros((0, 4)),
}


def write_73(path, tables, **how):
    """Write a file as MATLAB does: HDF5 behind 512 bytes of its own, tables transposed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, table in tables.items():
            file.create_dataset(name, data=np.asarray(table).T, **how)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


@pytest.mark.parametrize("compressed", [True, False])
def test_tables_are_those_that_scipy_reads(tmp_path, compressed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, TABLES, do_compression=compressed)
    found = matlab.read(path, list(TABLES))
    theirs = scipy.io.loadmat(path)
    for name in TABLES:
        np.testing.assert_array_equal(found.arrays[name], theirs[name])
        assert found.arrays[name].dtype == theirs[name].dtype
    assert found.checked is compressed
    assert set(found.names) == set(TABLES)


def test_large_tables_come_as_float32_whatever_they_were(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, TABLES, do_compression=True)
    arrays = matlab.read(path, ["emg", "wide", "nowhere"], single=["emg", "wide"]).arrays
    assert set(arrays) == {"emg", "wide"}
    for name, table in arrays.items():
        np.testing.assert_array_equal(table, TABLES[name].astype(np.float32))


@pytest.mark.parametrize("how", [{}, {"compression": "gzip"}, {"fletcher32": True, "chunks": True}])
def test_version_73_is_read_as_well(tmp_path, how):
    path = tmp_path / "a.mat"
    tables = {name: table for name, table in TABLES.items() if name != "empty"}
    write_73(path, tables, **how)
    found = matlab.read(path, list(tables), single=["emg"])
    for name, table in tables.items():
        np.testing.assert_array_equal(
            found.arrays[name], table.astype(np.float32) if name == "emg" else table
        )
    assert not found.checked


def test_every_cut_is_told(tmp_path):
    path, cut = tmp_path / "a.mat", tmp_path / "cut.mat"
    scipy.io.savemat(path, {"emg": TABLES["emg"]}, do_compression=True)
    whole = path.read_bytes()
    for n in (*range(0, 300, 7), len(whole) // 2, len(whole) - 1):
        if n == 128:
            continue  # a file without variables
        cut.write_bytes(whole[:n])
        with pytest.raises(DataError, match=r"cut\.mat: .*; download it again"):
            matlab.read(cut, ["emg"])


def test_a_damaged_variable_that_is_not_read_is_told_by_check_alone(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"one": TABLES["one"], "emg": TABLES["emg"]}, do_compression=True)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1  # the checksum of the last
    path.write_bytes(data)
    assert matlab.read(path, ["one"]).arrays["one"] == 7
    with pytest.raises(DataError, match="checksum"):
        matlab.read(path, ["emg"])
    with pytest.raises(DataError, match="checksum"):
        matlab.check(path)


@pytest.mark.parametrize(
    "content", [{"a": np.array([[1j]])}, {"a": np.array(["text"])}, {"a": np.zeros((2, 2, 2))}]
)
def test_what_is_no_table_of_numbers_is_told(tmp_path, content):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, content)
    with pytest.raises(DataError, match="a holds no table of real numbers"):
        matlab.read(path, ["a"])


def test_a_missing_file_and_another_format_are_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        matlab.read(tmp_path / "a.mat", ["emg"])
    (tmp_path / "a.mat").write_bytes(b"")
    with pytest.raises(DataError, match="it is empty"):
        matlab.read(tmp_path / "a.mat", ["emg"])
