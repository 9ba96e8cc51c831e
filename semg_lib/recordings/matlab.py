"""Reading chosen variables of MATLAB files: version 5 (also 6 and 7) by SciPy, 7.3 by h5py.

SciPy believes a file: a damaged tag can crash it, a size can ask for all memory. So sizes, tags and
checksums of the variables that are wanted are looked at before SciPy reads them.

Source: MAT-File Format, The MathWorks.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io

from semg_lib.errors import DataError

_BLOCK = 1 << 16
_START = 256  # bytes that hold a variable's description
_COMPRESSED, _MATRIX = 15, 14
_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of a number, by its kind
_NUMERIC = range(6, 16)  # MATLAB's classes of numbers: double, single, int8 and so on
_MOST_GAIN = 1032  # deflate's bound: bytes that one byte can stand for, with room for the header
_LARGEST = 1 << 29  # bytes of all that is wanted; with copies, reading stays below 2 GB


class _DamageError(Exception):
    """What is wrong with the bytes, in a few words."""


@dataclass(frozen=True)
class Content:
    """Variables of one file.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Two-dimensional, as MATLAB shows them.
    names : tuple of str
        Every variable of the file, read or not.
    checked : bool
        Whether all bytes that were read bear checksums, which held.
    no_tables : tuple of str
        What was wanted but holds text, cells or complex numbers: whole as it is, and not read.
    """

    arrays: dict[str, np.ndarray]
    names: tuple[str, ...]
    checked: bool
    no_tables: tuple[str, ...]


def read(
    path: str | Path, wanted: Sequence[str], *, single: Sequence[str] = (), whole: bool = False
) -> Content:
    """Read some variables of a file.

    Parameters
    ----------
    path : path
    wanted : sequence of str
        Names; those that are not in the file are left out.
    single : sequence of str
        Names of large variables, returned as float32 whatever they are stored as.
    whole : bool
        Look at the checksums of all variables. It is done, too, if one that is wanted is missing:
        its name may be damaged.

    Raises
    ------
    DataError
        If the file is missing, neither of the two formats, damaged, cut short, or what is wanted
        holds too many numbers; the message names file and remedy.
    """
    path = Path(path)
    if not path.is_file():  # opening a pipe would wait for ever
        raise DataError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            head = file.read(128)
        if head.startswith(b"MATLAB 5.0"):
            return _read_5(path, head, wanted, single, whole)
        if head.startswith((b"MATLAB 7.3", b"\x89HDF")):
            return _read_73(path, wanted, single)
        found = f"it begins with {head[:10]!r}" if head else "it is empty"
        problem = f"not a MATLAB 5 or 7.3 file ({found})"
    except (_DamageError, struct.error) as error:
        problem = f"damaged or cut short ({error})"
    except zlib.error:
        problem = "damaged or cut short (compressed bytes that fail their checksum)"
    except MemoryError:
        problem = "asks for more memory than there is"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or 'damaged'})"
    raise DataError(f"{path}: {problem}; download it again")


def _read_5(
    path: Path, head: bytes, wanted: Sequence[str], single: Sequence[str], whole: bool
) -> Content:
    order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(head[124:])
    if order is None:
        raise _DamageError("a header without version and byte order")
    with path.open("rb") as file:
        found = list(_variables(file, order, wanted, whole))
    names = [name for name, *_ in found]
    if not (whole or set(wanted) <= set(names)):
        return _read_5(path, head, wanted, single, True)
    for name in wanted:
        if names.count(name) > 1:
            raise _DamageError(f"{name} is there twice")
    no_tables = tuple(name for name, _, table in found if not table)
    present = [name for name in wanted if name in names and name not in no_tables]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tables = scipy.io.loadmat(path, variable_names=present, appendmat=False)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # SciPy raises a dozen kinds on damaged bytes
        raise _DamageError(f"SciPy: {type(error).__name__}") from error
    arrays = {name: _native(tables.pop(name), name in single) for name in present}
    checked = all(packed for name, packed, _ in found if name in present)
    return Content(arrays, tuple(names), checked, no_tables)


def _native(table: np.ndarray, single: bool) -> np.ndarray:
    """Return a table in this machine's byte order, and as float32 if asked for."""
    with np.errstate(over="ignore", invalid="ignore"):
        return table.astype("f4" if single else table.dtype.newbyteorder("="), copy=False)


def _variables(
    file: io.BufferedReader, order: str, wanted: Sequence[str], whole: bool
) -> Iterator[tuple[str, bool, bool]]:
    """Yield each variable's name and whether it is compressed and, if wanted, a table of numbers.

    What is wanted has been checked: whatever SciPy will believe of such a table is true then.
    """
    size, at, memory = file.seek(0, 2), 128, 0
    while at < size:
        file.seek(at)
        kind, n = struct.unpack(f"{order}2I", file.read(8))
        at += 8 + n
        if at > size:
            raise _DamageError("the file ends within a variable")
        if kind not in (_COMPRESSED, _MATRIX):
            raise _DamageError(f"an unknown kind of content, {kind}")
        if kind == _MATRIX:
            start, room = file.read(min(n, _START)), n
        else:
            inflater = zlib.decompressobj()
            start = inflater.decompress(file.read(min(n, _BLOCK)), _START)
            inner, room = struct.unpack_from(f"{order}2I", start)
            start = start[8:]
            if inner != _MATRIX or room > min(_MOST_GAIN * (n + 1), 2 * _LARGEST):
                raise _DamageError("compressed bytes that are no variable")
        name, needed = _described(start, room, order, wanted)
        memory += needed or 0
        if memory > _LARGEST:
            raise _DamageError(f"with {name} it says it holds more than {_LARGEST >> 20} MB")
        if kind == _COMPRESSED and (whole or name in wanted):
            _check(file, n - _BLOCK, inflater, name, room - len(start))
        yield name, kind == _COMPRESSED, needed is not None


def _check(
    file: io.BufferedReader, n: int, inflater: zlib._Decompress, name: str, left: int
) -> None:
    """Inflate what is left of a variable, up to padding and its checksum; n bytes are to come."""
    data = inflater.unconsumed_tail
    while left > -8 and not inflater.eof:
        left -= len(inflater.decompress(data))
        data = file.read(max(0, min(n, _BLOCK)))
        n -= _BLOCK
        if not data and not inflater.eof:
            raise _DamageError("compressed bytes end too early")
    if abs(left) > 7 or data or inflater.unused_data:
        raise _DamageError(f"{name} is longer or shorter than its place")


def _described(
    start: bytes, room: int, order: str, wanted: Sequence[str]
) -> tuple[str, int | None]:
    """Return a variable's name and, if it is wanted, how many bytes its table takes in memory.

    None if it is no table of real numbers.
    """
    fields, at = [], 0
    for kinds, most in (((6,), 8), ((5,), 128), ((1, 2, 16), 64)):  # flags, shape, name
        kind, n, data, at = _element(start, at, order)
        if kind not in kinds or n > most:
            raise _DamageError("a variable's description")
        fields.append(start[data : data + n])
    flags, dims, raw = fields
    name = raw.decode("latin-1")
    if name not in wanted:
        return name, 0
    (word,) = struct.unpack_from(f"{order}I", flags)
    shape = struct.unpack(f"{order}{len(dims) // 4}i", dims)
    if word & 0xFF not in _NUMERIC or word & 0x800 or len(shape) != 2:  # 0x800: complex
        return name, None
    kind, n, data, _ = _element(start, at, order)
    rows, columns = shape
    width = _BYTES.get(kind, 0)
    if min(shape) < 0 or n != rows * columns * width or abs(room - data - n) > 7 or not width:
        raise _DamageError(f"{name} has {n} bytes of kind {kind} for {rows} x {columns} numbers")
    return name, rows * columns * max(width, 4)


def _element(start: bytes, at: int, order: str) -> tuple[int, int, int, int]:
    """Return kind and length of an element, where its bytes begin and where the next begins."""
    kind, n = struct.unpack_from(f"{order}2I", start, at)
    if kind >> 16:  # short: its tag holds its bytes
        if kind >> 16 > 4:
            raise _DamageError("a short element of more than 4 bytes")
        return kind & 0xFFFF, kind >> 16, at + 4, at + 8
    return kind, n, at + 8, at + 8 + n + -n % 8


def _read_73(path: Path, wanted: Sequence[str], single: Sequence[str]) -> Content:
    import h5py  # only these files need it

    most = min(_LARGEST, _MOST_GAIN * path.stat().st_size)
    arrays, no_tables = {}, []
    try:
        with h5py.File(path, "r") as file:
            names = tuple(name for name in file if not name.startswith("#"))
            for name in (name for name in wanted if name in file):
                dataset = file[name]
                text = dataset.attrs.get("MATLAB_class") == b"char"
                if text or dataset.dtype.kind not in "iuf" or dataset.ndim not in (1, 2):
                    no_tables.append(name)
                    continue
                for shape in (dataset.shape, dataset.chunks or ()):
                    if math.prod(shape) * dataset.dtype.itemsize > most:
                        raise _DamageError(f"{name} has {shape} numbers, more than can be there")
                table = np.atleast_2d(dataset[()])
                arrays[name] = _native(table, name in single).T  # rows are HDF5's columns
    except (_DamageError, MemoryError):
        raise
    except Exception as error:  # h5py raises a dozen kinds on damaged bytes
        raise _DamageError(f"HDF5: {type(error).__name__}") from error
    # What tells where a dataset lies bears no checksum, even where its bytes do.
    return Content(arrays, names, False, tuple(no_tables))
