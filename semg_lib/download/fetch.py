"""Downloading NinaPro: one archive a subject, resumed, checked, unpacked and registered.

Archives are fetched by pooch into ``ROOT/.semg``, bytes that have come stay there when a transfer
breaks, and only whole files get their final names. ``ROOT/checksums.txt`` lists the hash of every
archive and file that has come; it is written on the first download, checked on the next, and can
be given to others, whose downloads are then checked against it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import filelock
import requests

from semg_lib.download.archives import unpack
from semg_lib.download.checksums import REGISTRY, Registry, file_hash, read_registry
from semg_lib.download.transfer import PATIENCE_S, TransferError, transfer
from semg_lib.errors import DataError
from semg_lib.recordings.databases import Database, database

SERVER = "https://ninapro.hevs.ch/files"
ARCHIVES = {  # a subject's archive below the server's address; that of DB1 is not confirmed
    "db1": "DB1/Preprocessed/s{subject}.zip",
    "db2": "DB2_Preproc/DB2_s{subject}.zip",
    "db3": "db3_Preproc/s{subject}_0.zip",
}
CITATION = (
    "NinaPro's terms of use are on https://ninapro.hevs.ch; whoever uses its data cites Atzori et "
    "al. (2014), Scientific Data 1:140053, doi:10.1038/sdata.2014.53."
)
Progress = Callable[[str, int, int], None]  # name, bytes that have come, bytes in all


def _silent(name: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Archive:
    """One subject's archive and the folder its files go to."""

    name: str  # as in the registry: db1/s1.zip
    url: str
    folder: str  # below the root, such as db1/s1


def archives(spec: Database, subjects: Sequence[int], base_url: str = "") -> list[Archive]:
    """Return the archives of some subjects.

    Raises
    ------
    DataError
        If the database has no such subject, or is not one that can be downloaded.
    """
    if spec.name not in ARCHIVES:
        raise DataError(f"{spec.name} cannot be downloaded: choose from {', '.join(ARCHIVES)}")
    found = []
    for subject in subjects:
        spec.check_subject(subject)
        path = ARCHIVES[spec.name].format(subject=subject)
        url = f"{(base_url or SERVER).rstrip('/')}/{path}"
        folder = f"{spec.name}/{spec.folder_name.format(subject=subject)}"
        found.append(Archive(f"{spec.name}/{PurePosixPath(path).name}", url, folder))
    return found


def download(
    name: str,
    subjects: Sequence[int],
    root: str | Path,
    *,
    base_url: str = "",
    jobs: int = 2,
    registry: str | Path | None = None,
    progress: Progress = _silent,
) -> list[tuple[Archive, str]]:
    """Download and unpack the archives of some subjects.

    Parameters
    ----------
    name : {"db1", "db2", "db3"}
    subjects : sequence of int
    root : path
        Files go to ``root/db1/s1`` and so on, as NinaPro names folders.
    base_url : str
        Instead of the official address.
    jobs : int
        Archives at a time.
    registry : path, optional
        A list of checksums from elsewhere, to check against.
    progress : callable
        Called with an archive's name, the bytes that have come and the bytes in all (0 if unknown).

    Returns
    -------
    list of (Archive, str)
        Those that failed, with the reason; the others are whole.

    Raises
    ------
    DataError
        If the request is wrong or the disk is too small.
    """
    root = Path(root).expanduser()
    wanted = archives(database(name), subjects, base_url)
    root.mkdir(parents=True, exist_ok=True)
    own = Registry(root / REGISTRY)
    own.tidy()
    if registry:
        own.add(read_registry(registry))
    known = own.read()
    left = [a for a in wanted if not complete(root, a, known) or _work(root, a).exists()]
    _check_disk(root, left, jobs)
    stop = threading.Event()
    failed = []
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = {pool.submit(_one, root, each, own, progress, stop): each for each in left}
        try:
            for future in concurrent.futures.as_completed(futures):
                reason = future.result()
                if reason:
                    failed.append((futures[future], reason))
        except BaseException:
            stop.set()  # Ctrl-C ends the others at their next block
            for future in futures:
                future.cancel()
            raise
    return failed


def complete(root: Path, archive: Archive, known: dict[str, str]) -> bool:
    """Tell whether an archive's files are all there and as they came."""
    files = [name for name in known if name.startswith(f"{archive.folder}/")]
    if not files or archive.name not in known:
        return False
    return all((root / name).is_file() and file_hash(root / name) == known[name] for name in files)


def _check_disk(root: Path, wanted: Sequence[Archive], jobs: int) -> None:
    """Raise DataError if archives of the sizes that the server tells cannot fit."""
    sizes = []
    for each in wanted:
        with contextlib.suppress(requests.RequestException, ValueError):
            answer = requests.head(each.url, timeout=PATIENCE_S, allow_redirects=True)
            if answer.ok:
                sizes.append(int(answer.headers.get("Content-Length", 0)))
    # Files are as large as their archives, for both are compressed; an archive goes once unpacked.
    need = int(1.1 * sum(sizes)) + sum(sorted(sizes)[-jobs:])
    free = shutil.disk_usage(root).free
    if need > free:
        raise DataError(
            f"{root}: {need / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free; make room "
            "or take fewer subjects"
        )


def _work(root: Path, archive: Archive) -> Path:
    """Return the folder of what is not whole yet."""
    return root / ".semg" / archive.name.replace("/", "-")


def _one(
    root: Path,
    archive: Archive,
    registry: Registry,
    progress: Progress,
    stop: threading.Event,
) -> str:
    """Download and unpack one archive; return why it failed, or nothing."""
    work = _work(root, archive)
    # The system lets go of the lock of a process that was killed.
    with filelock.FileLock(work.with_suffix(".lock"), thread_local=False):
        known = registry.read()
        if complete(root, archive, known):  # another process was faster, or was killed at the end
            shutil.rmtree(work, ignore_errors=True)
            return ""
        try:
            work.mkdir(exist_ok=True)
            path = work / PurePosixPath(archive.name).name
            transfer(archive.url, path, functools.partial(progress, archive.name), stop)
            digest = file_hash(path)
            if known.get(archive.name, digest) != digest:
                path.unlink()
                raise DataError(
                    f"{archive.url}: its checksum is not the one in {REGISTRY}; the server's copy "
                    "has changed or is damaged: try again, or remove the line if the change is "
                    "meant"
                )
            hashes = unpack(path, root, archive.folder, known)
            registry.add({archive.name: digest, **hashes})
            shutil.rmtree(work)
        except (DataError, TransferError) as error:
            return str(error)
        except OSError as error:
            return f"{error.filename or archive.folder}: {error.strerror or error}"
    return ""
