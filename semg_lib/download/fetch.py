"""Downloading NinaPro: one archive a subject, resumed, checked, unpacked and registered.

Archives are fetched by pooch into ``ROOT/.semg``, bytes that have come stay there when a transfer
breaks, and only whole files get their final names. ``ROOT/checksums.txt`` lists the hash of every
archive and file that has come; it is written on the first download, checked on the next, and can
be given to others, whose downloads are then checked against it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import filelock
import requests

from semg_lib.download.archives import unpack
from semg_lib.download.checksums import REGISTRY, Registry, file_hash, read_registry
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
TRIES = 5
PATIENCE_S = 30.0  # without a byte
_BLOCK = 1 << 14  # bytes; what a broken transfer may lose
_NOT_WORTH_A_RETRY = (400, 401, 403, 404, 405, 410)

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
        If the database has no such subject.
    """
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
    pause_s: float = 1.0,
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
    pause_s : float
        Before the second try of a request; doubled before each further one.

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
        futures = {
            pool.submit(_one, root, each, own, progress, pause_s, stop): each for each in left
        }
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
    pause_s: float,
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
            path = _fetch(work, archive, known, Resuming(work, archive, progress, pause_s, stop))
            hashes = unpack(path, root, archive.folder, known)
            registry.add({archive.name: file_hash(path), **hashes})
            shutil.rmtree(work)
        except DataError as error:
            return str(error)
        except requests.RequestException as error:
            return f"{archive.url}: {_in_words(error)}; try again, what has come is kept"
        except OSError as error:
            return f"{error.filename or archive.folder}: {error.strerror or error}"
    return ""


def _fetch(work: Path, archive: Archive, known: dict[str, str], resuming: Resuming) -> Path:
    """Bring an archive under its final name, whole as far as can be known."""
    import pooch  # brings tqdm, which warns wherever a notebook imports it

    name = PurePosixPath(archive.name).name
    for path in work.glob("tmp*"):  # pooch's, of a process that was killed
        path.unlink()
    store = pooch.create(
        path=work, base_url="", registry={name: known.get(archive.name)}, urls={name: archive.url}
    )
    pooch.get_logger().setLevel("ERROR")
    try:
        path = Path(store.fetch(name, downloader=resuming))
    except ValueError:  # pooch's word for another hash
        resuming.forget()
        raise DataError(
            f"{archive.url}: its checksum is not the one in {REGISTRY}; the server's copy has "
            "changed or is damaged: try again, or remove the line if the change is meant"
        ) from None
    resuming.forget()
    return path


@dataclass
class Resuming:
    """A downloader for pooch that goes on where the last try broke off."""

    work: Path
    archive: Archive
    progress: Progress
    pause_s: float
    stop: threading.Event

    def __post_init__(self) -> None:
        self.part, self.note = self.work / "part", self.work / "part.json"

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        for attempt in range(TRIES):
            if attempt:
                self.stop.wait(self.pause_s * 2 ** (attempt - 1))
            try:
                self._transfer(url)
                break
            except requests.RequestException as error:
                if attempt == TRIES - 1 or _is_final(error) or self.stop.is_set():
                    raise
        # Under both names until pooch has moved the other: a whole file is never lost.
        Path(output_file).unlink()
        try:
            os.link(self.part, output_file)
        except OSError:
            shutil.copyfile(self.part, output_file)

    def forget(self) -> None:
        """Remove what has come."""
        for path in (self.part, self.note):
            path.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _transfer(self, url: str) -> None:
        """Bring what is missing of a file.

        Raises
        ------
        requests.RequestException
            If the transfer breaks; what has come is kept.
        """
        have, note = self._size(), {}
        with contextlib.suppress(OSError, ValueError):
            note = json.loads(self.note.read_text())
        if have and note.get("url") == url and note.get("total") == have:
            return  # whole, but the process was killed before pooch had it
        headers = {"Accept-Encoding": "identity"}  # ranges count the bytes as stored
        if have and note.get("url") == url and note.get("version"):
            headers |= {"Range": f"bytes={have}-", "If-Range": note["version"]}
        else:
            have = 0
        with requests.get(url, headers=headers, stream=True, timeout=PATIENCE_S) as answer:
            if answer.status_code == 416:  # the file has shrunk
                self.forget()
                raise requests.ConnectionError("the server's file has changed")
            answer.raise_for_status()
            length = int(answer.headers.get("Content-Length", 0))
            if answer.status_code == 206:
                span = answer.headers.get("Content-Range", "")
                if not span.startswith(f"bytes {have}-"):
                    self.forget()
                    raise requests.ConnectionError("the server sent another range")
            else:
                have = 0
            total = have + length
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified", "")
            if version.startswith("W/"):
                version = ""  # not good enough to put two halves together
            self.note.write_text(json.dumps({"url": url, "version": version, "total": total}))
            with self.part.open("r+b" if have else "wb") as file:
                file.seek(have)
                for block in answer.iter_content(_BLOCK):
                    file.write(block)
                    have += len(block)
                    self.progress(self.archive.name, have, total)
                    if self.stop.is_set():
                        raise requests.ConnectionError("stopped")
            if length and have != total:
                raise requests.ConnectionError(f"{have} bytes came instead of {total}")


def _is_final(error: requests.RequestException) -> bool:
    """Tell whether the server's answer will be the same next time."""
    return error.response is not None and error.response.status_code in _NOT_WORTH_A_RETRY


def _in_words(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {PATIENCE_S:g} s"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return "not an address; write it with https://"
    text = str(error)
    if "IncompleteRead" in text or "broken" in text:
        return "the transfer broke off"
    if "Max retries" in text or "resolve" in text or "refused" in text:
        return "no connection"
    return text.splitlines()[0][:120]
