"""Reading chosen variables of MATLAB files, version 5 (also called 6 and 7) and 7.3.

A variable is read column by column into its final array, so that memory holds little more than the
result, where ``scipy.io.loadmat`` and a conversion hold it several times. A size must agree with
the bytes that follow before room is made for it. Every compressed variable ends in a checksum;
`check` looks at those of the variables, too, that nobody reads.

Source: MAT-File Format, The MathWorks; HDF5 through h5py.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from semg_lib.errors import DataError

_BLOCK = 1 << 16
_HEADER = 128  # bytes of text, version and byte order before the first variable
_COMPRESSED, _MATRIX = 15, 14
_STORED = {  # how numbers lie in the file
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_NUMERIC = range(6, 16)  # MATLAB's classes of numbers: double, single, int8 and so on
_MOST_GAIN = 1032  # deflate's bound: bytes that one byte can stand for, with room for the header


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
    """

    arrays: dict[str, np.ndarray]
    names: tuple[str, ...]
    checked: bool


def read(path: str | Path, wanted: Sequence[str], *, single: Sequence[str] = ()) -> Content:
    """Read some variables of a file.

    Parameters
    ----------
    path : path
    wanted : sequence of str
        Names; those that are not in the file are left out.
    single : sequence of str
        Names of large variables, read as float32 whatever they are stored as.

    Raises
    ------
    DataError
        If the file is missing, neither of the two formats, damaged, cut short, or a variable
        that is wanted does not hold real numbers; the message names file and remedy.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
            if head.startswith(b"MATLAB 5.0"):
                return _read_5(file, head, wanted, single)
        if head.startswith((b"MATLAB 7.3", b"\x89HDF")):
            return _read_73(path, wanted, single)
        found = f"it begins with {head[:10]!r}" if head else "it is empty"
        problem = f"not a MATLAB 5 or 7.3 file ({found})"
    except (FileNotFoundError, IsADirectoryError):
        raise DataError(f"{path}: no such file") from None
    except _DamageError as error:
        problem = f"damaged or cut short ({error})"
    except MemoryError:
        problem = "asks for more memory than there is"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or 'damaged'})"
    raise DataError(f"{path}: {problem}; download it again")


# --- version 5 -------------------------------------------------------------------------------


@dataclass
class _Bytes:
    """Bytes of one variable in turn, inflated where they are compressed."""

    file: BinaryIO
    left: int  # bytes in the file that are still unread
    inflater: zlib._Decompress | None = None
    taken: int = 0  # bytes handed out

    def read(self, n: int) -> bytes:
        """Return the next n bytes."""
        self.taken += n
        if self.inflater is None:
            data = self.file.read(n) if n <= self.left else b""
            self.left -= n
            if len(data) < n:
                raise _DamageError("a variable is longer than its place")
            return data
        parts = []
        while n:
            parts.append(self.inflate(n))
            if not parts[-1]:
                raise _DamageError("a variable is longer than its place")
            n -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def inflate(self, n: int) -> bytes:
        """Return up to n inflated bytes; none at the end, where the checksum held."""
        while not self.inflater.eof:
            data = self.inflater.unconsumed_tail
            if not data:
                data = self.file.read(min(_BLOCK, self.left))
                self.left -= len(data)
            try:
                part = self.inflater.decompress(data, n)
            except zlib.error:
                raise _DamageError("compressed bytes that fail their checksum") from None
            if part:
                return part
            if not data and not self.inflater.eof:
                raise _DamageError("compressed bytes end too early")
        return b""

    def finish(self, most: int) -> None:
        """Read to the end of compressed bytes: the checksum and no more than padding before it."""
        while self.inflater and (part := self.inflate(_BLOCK)):
            most -= len(part)
            if most < 0:
                raise _DamageError("a variable is shorter than its place")
        if self.inflater and (self.left or self.inflater.unused_data):
            raise _DamageError("a variable is shorter than its place")


@dataclass(frozen=True)
class _Matrix:
    """What stands before a variable's numbers."""

    name: str
    kind: int  # MATLAB's class
    special: bool  # complex
    shape: tuple[int, ...]


def _read_5(file: BinaryIO, head: bytes, wanted: Sequence[str], single: Sequence[str]) -> Content:
    order = _byte_order(head)
    arrays, names, checked = {}, [], True
    for kind, n in _elements(file, order):
        stream, room = _Bytes(file, n), n
        if kind == _COMPRESSED:
            stream.inflater = zlib.decompressobj()
            inner, room = struct.unpack(f"{order}2I", stream.read(8))
            if inner != _MATRIX or room > _MOST_GAIN * (n + 1):
                raise _DamageError("compressed bytes that are no variable")
            stream.taken = 0
        matrix = _matrix(stream, order)
        names.append(matrix.name)
        if matrix.name in wanted:
            if matrix.name in arrays:
                raise _DamageError(f"{matrix.name} is there twice")
            arrays[matrix.name] = _numbers(stream, order, matrix, room, matrix.name in single)
            stream.finish(most=7)
            checked = checked and kind == _COMPRESSED
    return Content(arrays, tuple(names), checked)


def check(path: str | Path) -> None:
    """Look at every checksum of a file, those of variables that are never read too.

    Without one, a damaged byte in a variable's name looks as if it had never been there.

    Raises
    ------
    DataError
        If one fails, or the file is cut short.
    """
    path = Path(path)
    with path.open("rb") as file:
        head = file.read(_HEADER)
        if not head.startswith(b"MATLAB 5.0"):
            return
        try:
            for kind, n in _elements(file, _byte_order(head)):
                if kind == _COMPRESSED:
                    _Bytes(file, n, zlib.decompressobj()).finish(most=_MOST_GAIN * (n + 1))
        except _DamageError as error:
            raise DataError(f"{path}: damaged or cut short ({error}); download it again") from None


def _byte_order(head: bytes) -> str:
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if order is None:
        raise _DamageError("a header without byte order")
    return order


def _elements(file: BinaryIO, order: str) -> Iterator[tuple[int, int]]:
    """Yield kind and length of what the file is made of, and go there."""
    size = file.seek(0, 2)
    at = _HEADER
    while at < size:
        file.seek(at)
        tag = file.read(8)
        if len(tag) < 8:
            raise _DamageError("the file ends within a variable's tag")
        kind, n = struct.unpack(f"{order}2I", tag)
        at += 8 + n
        if at > size:
            raise _DamageError("the file ends within a variable")
        if kind not in (_COMPRESSED, _MATRIX):
            raise _DamageError(f"an unknown kind of content, {kind}")
        yield kind, n


def _element(stream: _Bytes, order: str) -> tuple[int, int, bytes | None]:
    """Return type, length and, where the tag holds them itself, the bytes of an element."""
    tag = stream.read(8)
    (first,) = struct.unpack(f"{order}I", tag[:4])
    if first >> 16:
        if first >> 16 > 4:
            raise _DamageError("a short element of more than 4 bytes")
        return first & 0xFFFF, first >> 16, tag[4 : 4 + (first >> 16)]
    return first, struct.unpack(f"{order}I", tag[4:])[0], None


def _small(stream: _Bytes, order: str, kinds: tuple[int, ...], most: int) -> bytes:
    """Read an element of a few bytes."""
    kind, n, data = _element(stream, order)
    if kind not in kinds or n > most:
        raise _DamageError("a variable's description")
    return stream.read(n + -n % 8)[:n] if data is None else data


def _matrix(stream: _Bytes, order: str) -> _Matrix:
    flags = _small(stream, order, (6,), 8)
    dims = _small(stream, order, (5,), 4 * 32)
    name = _small(stream, order, (1, 2, 16), 64)
    if len(flags) != 8 or len(dims) % 4:
        raise _DamageError("a variable's description")
    (word,) = struct.unpack(f"{order}I", flags[:4])
    shape = struct.unpack(f"{order}{len(dims) // 4}i", dims)
    return _Matrix(name.decode("latin-1"), word & 0xFF, bool(word & 0x800), shape)


def _numbers(stream: _Bytes, order: str, matrix: _Matrix, room: int, single: bool) -> np.ndarray:
    """Read a variable's numbers, (row, column), that must end within ``room`` bytes."""
    if matrix.kind not in _NUMERIC or matrix.special or len(matrix.shape) != 2:
        raise _DamageError(f"{matrix.name} holds no table of real numbers")
    kind, n, data = _element(stream, order)
    if kind not in _STORED:
        raise _DamageError(f"numbers of {matrix.name} of an unknown kind, {kind}")
    stored = np.dtype(order + _STORED[kind])
    rows, columns = matrix.shape
    if (
        min(rows, columns) < 0
        or n != rows * columns * stored.itemsize
        or stream.taken + n > room + 8
    ):
        raise _DamageError(f"{matrix.name} has {n} bytes for {rows} x {columns} numbers")
    final = np.dtype("f4") if single else stored.newbyteorder("=")

    def column(count: int) -> np.ndarray:
        raw = stream.read(count * stored.itemsize) if data is None else data
        return np.frombuffer(raw, stored)

    return _fill(column, rows, columns, final)


def _fill(
    column: Callable[[int], np.ndarray], rows: int, columns: int, kind: np.dtype
) -> np.ndarray:
    """Put the columns of a table, one after the other, into rows.

    A table that is wider than long is the transpose of one whose rows lie as they are read.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if columns > rows:
            table = np.empty((columns, rows), kind)
            flat, at = table.reshape(-1), 0
            while at < flat.size:
                n = min(_BLOCK, flat.size - at)
                flat[at : at + n] = column(n)
                at += n
            return table.T
        table = np.empty((rows, columns), kind)
        for number in range(columns):
            table[:, number] = column(rows)
        return table


# --- version 7.3 -----------------------------------------------------------------------------


def _read_73(path: Path, wanted: Sequence[str], single: Sequence[str]) -> Content:
    import h5py  # only these files need it

    size = path.stat().st_size
    arrays = {}
    try:
        with h5py.File(path, "r") as file:
            names = tuple(name for name in file if not name.startswith("#"))
            for name in wanted:
                if name in file:
                    arrays[name] = _dataset(file[name], name, name in single, size)
    except (_DamageError, MemoryError):
        raise
    except Exception as error:  # h5py raises a dozen kinds on damaged bytes
        raise _DamageError(f"HDF5: {type(error).__name__}") from error
    # What tells where a dataset lies bears no checksum, even where its bytes do.
    return Content(arrays, names, checked=False)


def _dataset(dataset, name: str, single: bool, size: int) -> np.ndarray:
    """Read one dataset; MATLAB's rows are HDF5's columns."""
    kind = dataset.dtype
    if kind.kind not in "iuf" or dataset.ndim != 2:
        raise _DamageError(f"{name} holds no table of real numbers")
    if math.prod(dataset.shape) * kind.itemsize > _MOST_GAIN * size:
        raise _DamageError(f"{name} has the shape {dataset.shape}, more than the file can hold")
    columns, rows = dataset.shape
    final = np.dtype("f4") if single else kind.newbyteorder("=")
    with np.errstate(over="ignore", invalid="ignore"):
        if columns > rows:
            return dataset[()].astype(final).T
        table = np.empty((rows, columns), final)
        for number, each in enumerate(_columns(dataset)):
            table[:, number] = each
    return table


def _columns(dataset) -> Iterator[np.ndarray]:
    for number in range(len(dataset)):
        yield dataset[number]
