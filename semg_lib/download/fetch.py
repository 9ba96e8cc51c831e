"""Downloading public recordings: archives, resumed, checked, unpacked and registered.

NinaPro offers an archive a subject. The sets that are published as repositories come as one, of
which only the files of the subjects asked for are unpacked.

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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import filelock
import requests

from semg_lib.download.archives import unpack
from semg_lib.download.checksums import REGISTRY, Registry, file_hash, read_registry
from semg_lib.download.transfer import PATIENCE_S, TransferError, transfer
from semg_lib.errors import DataError
from semg_lib.recordings.databases import Database, database

_NINAPRO, _GITHUB = "https://ninapro.hevs.ch/files", "https://github.com"
ARCHIVES = {  # server, and an archive's path below it; that of DB1 is not confirmed
    "db1": (_NINAPRO, "DB1/Preprocessed/s{subject}.zip"),
    "db2": (_NINAPRO, "DB2_Preproc/DB2_s{subject}.zip"),
    "db3": (_NINAPRO, "db3_Preproc/s{subject}_0.zip"),
    "multiday": (_GITHUB, "LibEMG/MultiDay/archive/2b11c859ca2dc3c7b52188c54bc0f5edeb12245a.zip"),
    "3dc": (_GITHUB, "LibEMG/3DCDataset/archive/1af9058237a5d79a883feb2ce61f4d59090288ac.zip"),
}
_TEXT_BYTES = {"multiday": 1_776_000_000, "3dc": 17_500_000}  # of a subject's files
_NINAPRO_CREDIT = (
    "NinaPro's terms of use are on https://ninapro.hevs.ch; whoever uses its data cites Atzori et "
    "al. (2014), Scientific Data 1:140053, doi:10.1038/sdata.2014.53."
)
Progress = Callable[[str, int, int], None]  # name, bytes that have come, bytes in all


def _silent(name: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Archive:
    """An archive, and what of it is wanted."""

    name: str  # as in the registry: db1/s1.zip
    url: str
    folder: str  # that files go to, below the root: db1/s1
    spec: Database
    subjects: tuple[int, ...]

    def place(self, member: PurePosixPath) -> str:
        """Return where below the folder a file of the archive goes, nowhere if it is not wanted."""
        if self.spec.held is None:
            return member.name if member.suffix.lower() == ".mat" else ""
        inner = Path(*member.parts[1:])  # a repository's archive has one folder around all
        return inner.as_posix() if self._subject(inner) in self.subjects else ""

    def files(self, names: Iterable[str]) -> list[str]:
        """Return those names below the root that are of what is wanted; none if a subject lacks."""
        mine = [name for name in names if name.startswith(f"{self.folder}/")]
        if self.spec.held is None:
            return mine
        of = {name: self._subject(Path(name)) for name in mine}
        mine = [name for name in mine if of[name] in self.subjects]
        return mine if {of[name] for name in mine} == {*self.subjects} else []

    def _subject(self, path: Path) -> int:
        assert self.spec.held is not None
        named = self.spec.held.named("/" / path)
        return named[0] if named else 0


def archives(spec: Database, subjects: Sequence[int], base_url: str = "") -> list[Archive]:
    """Return the archives of some subjects.

    Raises
    ------
    DataError
        If the database has no such subject, or is not one that can be downloaded.
    """
    if spec.name not in ARCHIVES:
        raise DataError(f"{spec.name} cannot be downloaded: choose from {', '.join(ARCHIVES)}")
    for subject in subjects:
        spec.check_subject(subject)
    server, below = ARCHIVES[spec.name]
    found = []
    for several in [tuple(subjects)] if spec.held else [(each,) for each in subjects]:
        path = below.format(subject=several[0])
        folder = spec.name if spec.held else f"{spec.name}/{spec.folder_name}"
        found.append(
            Archive(
                f"{spec.name}/{PurePosixPath(path).name}",
                f"{(base_url or server).rstrip('/')}/{path}",
                folder.format(subject=several[0]),
                spec,
                several,
            )
        )
    return found


def credit(spec: Database) -> str:
    """Return what a user of the data has to know and to cite, in words."""
    if spec.held is None:
        return _NINAPRO_CREDIT
    return f"Whoever uses {spec.name} cites {spec.citation}. Its licence: {spec.licence}."


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
    name : {"db1", "db2", "db3", "multiday", "3dc"}
    subjects : sequence of int
    root : path
        Files go to ``root/db1/s1`` and so on, as NinaPro names folders, or to ``root/3dc`` with
        the folders of the repository.
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
    files = archive.files(known)
    if not files or archive.name not in known:
        return False
    return all((root / name).is_file() and file_hash(root / name) == known[name] for name in files)


def _check_disk(root: Path, wanted: Sequence[Archive], jobs: int) -> None:
    """Raise DataError if archives of the sizes that the server tells cannot fit."""
    need, sizes = 0, []
    for each in wanted:
        size = 0
        with contextlib.suppress(requests.RequestException, ValueError):
            answer = requests.head(each.url, timeout=PATIENCE_S, allow_redirects=True)
            if answer.ok:
                size = int(answer.headers.get("Content-Length", 0))
        sizes.append(size)
        # NinaPro's files are as large as their archives, for both are compressed.
        text = len(each.subjects) * _TEXT_BYTES.get(each.spec.name, 0)
        need += text or int(1.1 * size)
    need += sum(sorted(sizes)[-jobs:])  # an archive goes once it is unpacked
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
            hashes = unpack(path, root, archive.folder, archive.place, known)
            if not archive.files(hashes):
                raise DataError(f"{archive.url}: not every subject that was asked for is in it")
            registry.add({archive.name: digest, **hashes})
            shutil.rmtree(work)
        except (DataError, TransferError) as error:
            return str(error)
        except OSError as error:
            return f"{error.filename or archive.folder}: {error.strerror or error}"
    return ""
