import struct
import tracemalloc
import zlib

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


def test_a_damaged_variable_that_is_not_read_is_told_where_all_are_looked_at(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"one": TABLES["one"], "emg": TABLES["emg"]}, do_compression=True)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1  # the checksum of the last
    path.write_bytes(data)
    assert matlab.read(path, ["one"]).arrays["one"] == 7
    for wanted, whole in ((["emg"], False), (["one"], True), (["one", "missing"], False)):
        with pytest.raises(DataError, match=r"checksum\); download it again"):
            matlab.read(path, wanted, whole=whole)


def test_a_tag_that_crashes_scipy_is_told(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"emg": TABLES["emg"]})
    data = bytearray(path.read_bytes())
    assert data[176] == 9  # double, the kind of the numbers that follow
    data[177] = 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match="emg has 16800 bytes of kind 65289 for 700 x 3 numbers"):
        matlab.read(path, ["emg"])


def declared(rows, columns, *, numbers, compressed):
    """Return a file whose header declares a table of one byte a number."""

    def element(kind, content):
        return struct.pack("<2I", kind, len(content)) + content + bytes(-len(content) % 8)

    content = element(6, struct.pack("<2I", 9, 0)) + element(5, struct.pack("<2i", rows, columns))
    content += element(1, b"emg") + struct.pack("<2I", 2, rows * columns) + numbers
    matrix = struct.pack("<2I", 14, len(content) - len(numbers) + rows * columns) + content
    if compressed:
        matrix = struct.pack("<I", 15) + b"...." + zlib.compress(matrix, 9)
        matrix = matrix[:4] + struct.pack("<I", len(matrix) - 8) + matrix[8:]
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + matrix


@pytest.mark.parametrize(
    ("rows", "columns", "numbers", "compressed", "said"),
    [
        (8, 8, bytes(64), True, ""),
        (8, 8, bytes(64), False, ""),
        (1 << 28, 12, bytes(64), False, "ends within a variable"),
        (1 << 28, 12, bytes(64), True, "compressed bytes that are no variable"),
        (1 << 14, 1 << 14, RNG.bytes(300_000), True, "more than 512 MB"),
        (1 << 16, 1 << 6, bytes((1 << 22) - 8), True, "longer or shorter than its place"),
    ],
)
def test_sizes_that_the_file_cannot_hold_are_refused_before_room_is_made(
    tmp_path, rows, columns, numbers, compressed, said
):
    path = tmp_path / "a.mat"
    path.write_bytes(declared(rows, columns, numbers=numbers, compressed=compressed))
    if not said:
        assert not matlab.read(path, ["emg"]).arrays["emg"].any()
        return
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"a\.mat: .*({said}).*; download it again"):
        matlab.read(path, ["emg"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_a_73_file_that_declares_more_than_it_holds_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("emg", (12, 1 << 28), "f8", chunks=(1, 1 << 16))
    with pytest.raises(DataError, match=r"a\.mat: .*more than can be there.*; download it again"):
        matlab.read(path, ["emg"])


def test_files_of_a_machine_with_the_other_byte_order_are_read(tmp_path):
    table = np.arange(6, dtype=">i4").reshape(2, 3)
    element = struct.pack(">4I", 6, 8, 12, 0) + struct.pack(">2I2i", 5, 8, 2, 3)
    element += struct.pack(">2I", 1, 1) + b"a".ljust(8, b"\0") + struct.pack(">2I", 5, 24)
    element += table.tobytes(order="F")
    path = tmp_path / "a.mat"
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    path.write_bytes(head + struct.pack(">2I", 14, len(element)) + element)
    found = matlab.read(path, ["a"]).arrays["a"]
    np.testing.assert_array_equal(found, table)
    assert found.dtype == np.int32


@pytest.mark.parametrize(
    "content", [{"a": np.array([[1j]])}, {"a": np.array(["text"])}, {"a": np.zeros((2, 2, 2))}]
)
def test_what_is_no_table_of_numbers_is_told(tmp_path, content):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, content)
    found = matlab.read(path, ["a"])
    assert (found.arrays, found.no_tables, found.names) == ({}, ("a",), ("a",))


def test_a_missing_file_and_another_format_are_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        matlab.read(tmp_path / "a.mat", ["emg"])
    (tmp_path / "a.mat").write_bytes(b"")
    with pytest.raises(DataError, match="it is empty"):
        matlab.read(tmp_path / "a.mat", ["emg"])
