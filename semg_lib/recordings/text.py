"""Text files of numbers, one row a sample, as published: plain, or packed by bzip2."""

from __future__ import annotations

import bz2
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from semg_lib.errors import DataError

_LARGEST = 1 << 28  # bytes unpacked; a file here holds seconds, not hours


@dataclass(frozen=True)
class Columns:
    """Files without a header that hold the channels and nothing else.

    Parameters
    ----------
    n : int
        Channels; every row has as many numbers.
    separator : str
        One character between two numbers.
    whole : bool
        Whether all numbers are whole.
    ended : bool
        Whether the last row, too, ends in a line break, so that one cut in a number is noticed.
    """

    n: int
    separator: str
    whole: bool = False
    ended: bool = False

    def read(self, path: Path) -> np.ndarray:
        """Read a file, unpacked where its name ends in ``.bz2``.

        Returns
        -------
        ndarray (sample, channel), float32

        Raises
        ------
        DataError
            If the file is empty, cannot be unpacked, or has a row that is not ``n`` numbers; the
            message names the first such row and a remedy.
        """
        data = _content(path)
        if not data.strip():
            raise DataError("the file is empty; get it again")
        if data.startswith(b"BZh"):
            raise DataError("it is packed by bzip2; end its name in .bz2")
        try:
            table = pd.read_csv(
                io.BytesIO(data), sep=self.separator, header=None, dtype=np.float32,
                quoting=csv.QUOTE_NONE, skip_blank_lines=False,
            )  # fmt: skip
        except ValueError as error:  # what pandas cannot parse or decode, too
            why = " ".join(str(error).split())
            raise self._wrong(data.splitlines()) or DataError(f"{why}; get it again") from None
        emg = table.to_numpy()
        sound = np.isfinite(emg).all(axis=1)
        if self.whole:
            sound &= (emg == np.round(emg)).all(axis=1)
        if emg.shape[1] != self.n or not sound.all() or b"\0" in data:
            raise self._wrong(data.splitlines()) or DataError(f"not {self}; get it again")
        if self.ended and not data.endswith(b"\n"):
            raise DataError(f"row {len(emg)}, the last, is cut short; get it again")
        return emg

    def begins(self, path: Path) -> bool:
        """Tell whether a file's first rows are such rows."""
        try:
            with _open(path) as file:
                rows = [file.readline(1 << 10) for _ in range(3)]
        except (OSError, EOFError):
            return False
        return all(row.endswith(b"\n") for row in rows) and self._wrong(rows) is None

    def _wrong(self, rows: Sequence[bytes]) -> DataError | None:
        """Return the error of the first row that is not what it should be, None if all are."""
        for number, row in enumerate(rows, 1):
            values = row.split(self.separator.encode())
            if len(values) != self.n:
                columns = f"{len(values)} column{'s' * (len(values) != 1)}"
                return DataError(f"row {number} has {columns}, expected {self}; get it again")
            for value in values:
                if not self._is_number(value):
                    what = value.strip()[:20].decode("ascii", "replace")
                    what = repr(what) if what.isprintable() and "\ufffd" not in what else "no text"
                    return DataError(f"row {number} holds {what}, expected {self}; get it again")
        return None

    def _is_number(self, value: bytes) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        return math.isfinite(number) and (number == round(number) or not self.whole)

    def __str__(self) -> str:
        kind = "whole numbers" if self.whole else "numbers"
        between = {" ": "spaces", ",": "commas"}.get(self.separator, repr(self.separator))
        return f"{self.n} {kind} between {between}"


def _open(path: Path) -> IO[bytes]:
    return bz2.open(path) if path.suffix.lower() == ".bz2" else path.open("rb")


def _content(path: Path) -> bytes:
    try:
        with _open(path) as file:
            data = file.read(_LARGEST + 1)
    except EOFError:
        raise DataError("the packed file is cut short; get it again") from None
    except OSError as error:
        if error.errno is not None:  # the disk's; bz2 raises one without a number
            raise
        raise DataError("not packed by bzip2, or damaged; get it again") from None
    if len(data) > _LARGEST:
        raise DataError(f"more than {_LARGEST >> 20} MB unpacked, far too much; get it again")
    return data
