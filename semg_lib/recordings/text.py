"""Reading text files of numbers, one row a sample, as published: plain, or packed by bzip2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from semg_lib.errors import DataError


def read_columns(path: str | Path, n_channels: int, *, separator: str) -> np.ndarray:
    """Read a file without a header that holds the channels and nothing else.

    Parameters
    ----------
    path : path
        Ends in ``.bz2`` where it is packed.
    n_channels : int
        Columns that every row must have.
    separator : str

    Returns
    -------
    ndarray (sample, channel), float32

    Raises
    ------
    DataError
        If the file is empty, cannot be unpacked, or has a row that is not ``n_channels`` numbers.
    """
    try:
        table = pd.read_csv(path, sep=separator, header=None, dtype=np.float32)
    except pd.errors.EmptyDataError:
        raise DataError("the file is empty; get it again") from None
    except (OSError, EOFError, ValueError) as error:  # also what pandas cannot parse or decode
        why = " ".join(str(error).split())
        raise DataError(f"not rows of {n_channels} numbers ({why}); get it again") from None
    if table.shape[1] != n_channels:
        raise DataError(f"rows have {table.shape[1]} columns, expected {n_channels}")
    emg = table.to_numpy()
    wrong = ~np.isfinite(emg).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise DataError(f"row {row} is not {n_channels} finite numbers; get the file again")
    return emg
