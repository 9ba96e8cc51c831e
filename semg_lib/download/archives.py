"""Unpacking an archive that nobody vouches for: nothing outside its folder, nothing by half."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from semg_lib.download.checksums import REGISTRY, file_hash
from semg_lib.errors import DataError

_MOST_GAIN = 20  # an archive of signals that unpacks to more than this is a bomb
_LARGEST = 64 << 30  # bytes unpacked


def unpack(
    path: Path,
    root: Path,
    folder: str,
    place: Callable[[PurePosixPath], str],
    known: dict[str, str],
) -> dict[str, str]:
    """Unpack what is wanted of an archive into a folder below the root.

    Parameters
    ----------
    path, root : Path
    folder : str
    place : callable
        Where in the folder a file of the archive goes; nowhere if it is not wanted.
    known : dict
        Hashes that files must have, by their names below the root.

    Returns
    -------
    dict
        Their hashes by their names below the root.

    Raises
    ------
    DataError
        If the archive is damaged, would write elsewhere, holds links, unpacks to too much, or
        holds a file whose checksum is known to be another.
    """
    stage = path.parent / "unpacked"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        hashes = {}
        for name in _extract(path, stage, place):
            digest = file_hash(stage / name)
            listed = f"{folder}/{name}"
            if known.get(listed, digest) != digest:
                raise DataError(
                    f"{path.name}: the checksum of {name} is not the one in {REGISTRY}; remove "
                    "the line if the change is meant"
                )
            hashes[listed] = digest
        for listed in hashes:
            (root / listed).parent.mkdir(parents=True, exist_ok=True)
            os.replace(stage / PurePosixPath(listed).relative_to(folder), root / listed)
        return hashes
    except zipfile.BadZipFile as error:
        path.unlink(missing_ok=True)
        raise DataError(f"{path.name}: a damaged archive ({error}); download it again") from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _extract(path: Path, stage: Path, place: Callable[[PurePosixPath], str]) -> Iterator[str]:
    """Yield the names of files that are wanted, each written into the stage."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            inside = PurePosixPath(member.filename.replace("\\", "/"))
            if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
                raise _refuse(path, f"it would write to {member.filename!r}")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _refuse(path, f"it holds a link, {member.filename!r}")
            name = "" if member.is_dir() or inside.name.startswith("._") else place(inside)
            if name in wanted:
                raise _refuse(path, f"it holds {name} twice")
            if name:
                wanted[name] = member
        if not wanted:
            raise _refuse(path, "nothing that was asked for is in it")
        most = min(_LARGEST, max(_MOST_GAIN * path.stat().st_size, 1 << 20))
        need, free = sum(each.file_size for each in wanted.values()), shutil.disk_usage(stage).free
        if need > most:
            raise _refuse(path, f"it would unpack to more than {most / 1e9:.1f} GB")
        if need > free:
            raise DataError(
                f"{path.name}: {need / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free; "
                "make room and try again"
            )
        for name, member in wanted.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            if member.flag_bits & 1:
                raise _refuse(path, f"it is encrypted: {member.filename!r}")
            try:
                with archive.open(member) as source, (stage / name).open("wb") as target:
                    shutil.copyfileobj(source, target)  # as long as it says, with its checksum
            # zipfile raises the first for a method of packing that it does not know, the others
            # for damaged bytes, each method its own.
            except (NotImplementedError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise zipfile.BadZipFile(str(error) or "cut short") from None
            except OSError as error:
                if error.errno is not None:  # the disk's; bz2 raises one without a number
                    raise
                raise zipfile.BadZipFile(str(error)) from None
            yield name


def _refuse(path: Path, why: str) -> DataError:
    path.unlink(missing_ok=True)
    return DataError(f"{path.name}: {why}; check the address it came from")
