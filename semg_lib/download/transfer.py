"""One file over HTTP by pooch, which goes on where the last try broke off."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pooch
import requests

from semg_lib.evaluation.writing import write_atomically

TRIES = 5
PATIENCE_S = 30.0  # without a byte
_BLOCK = 1 << 14  # bytes; what a broken transfer may lose
_NOT_WORTH_A_RETRY = (400, 401, 403, 404, 405, 410)


class TransferError(Exception):
    """Why a file did not come, in one line. No ValueError: pooch tries again after those."""


def transfer(
    url: str, path: Path, progress: Callable[[int, int], None], stop: threading.Event
) -> None:
    """Bring a file under its name, whole as far as the server tells.

    Parameters
    ----------
    url : str
    path : Path
        In a folder that holds nothing else; what has come lies there until it is whole.
    progress : callable
        Called with the bytes that have come and the bytes in all (0 if unknown).
    stop : threading.Event
        Ends the transfer at its next block.

    Raises
    ------
    TransferError
        If it does not come within some tries.
    """
    for left in path.parent.glob("tmp*"):  # pooch's, of a process that was killed
        left.unlink()
    pooch.get_logger().setLevel("ERROR")
    store = pooch.create(
        path=path.parent,
        base_url="",
        registry={path.name: None},  # a wrong checksum is no reason to bring it all again
        urls={path.name: url},
        retry_if_failed=TRIES - 1,
    )
    try:
        store.fetch(path.name, downloader=_Resuming(path.parent, progress, stop))
    except requests.RequestException as error:
        raise TransferError(
            f"{url}: {_in_words(error)}; try again, what has come is kept"
        ) from None


class _Resuming(pooch.HTTPDownloader):
    def __init__(
        self, folder: Path, progress: Callable[[int, int], None], stop: threading.Event
    ) -> None:
        super().__init__(chunk_size=_BLOCK, timeout=PATIENCE_S, hooks={"response": self._begin})
        self.part, self.note = folder / "part", folder / "part.json"
        self.progress, self.stop = progress, stop
        self.url, self.have, self.total = "", 0, 0

    def __call__(self, url: str, output_file: str, *_: Any, **__: Any) -> None:
        """Bring what is missing of a file."""
        self.url, noted = url, {}
        with contextlib.suppress(OSError, ValueError):
            noted = json.loads(self.note.read_text(encoding="utf-8"))
        with self.part.open("ab") as self.file:
            self.have = self.file.tell()
            if noted.get("url") != url:
                self._start_again()
            headers = {"Accept-Encoding": "identity"}  # ranges count the bytes as stored
            if self.have and noted.get("version"):
                headers |= {"Range": f"bytes={self.have}-", "If-Range": noted["version"]}
            self.kwargs["headers"] = headers
            if not self.have or self.have != noted.get("total"):  # else killed when it was whole
                super().__call__(url, self, None)
                if self.total and self.have != self.total:
                    raise requests.ConnectionError(f"{self.have} bytes came of {self.total}")
        os.replace(self.part, output_file)

    def _begin(self, answer: requests.Response, **_: Any) -> None:
        """Look at the head of an answer: where do the bytes that follow belong?"""
        if answer.status_code in _NOT_WORTH_A_RETRY:
            raise TransferError(f"{self.url}: {_answered(answer)}; check the address")
        span = answer.headers.get("Content-Range", "")
        if answer.status_code == 206 and not span.startswith(f"bytes {self.have}-"):
            self._start_again()
            raise requests.ConnectionError("the server sent another range")
        if answer.status_code in (200, 416):  # all of it, or it has shrunk
            self._start_again()
        if answer.status_code in (200, 206):
            length = int(answer.headers.get("Content-Length", 0))
            self.total = self.have + length if length else 0
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified", "")
            if version.startswith("W/"):
                version = ""  # not good enough to put two halves together
            note = {"url": self.url, "version": version, "total": self.total}
            write_atomically(self.note, json.dumps(note))

    def _start_again(self) -> None:
        self.file.truncate(0)
        self.have = 0

    def write(self, block: bytes) -> None:
        """Take the next bytes; the downloader is the file that pooch writes to."""
        self.file.write(block)
        self.have += len(block)
        self.progress(self.have, self.total)
        if self.stop.is_set():
            raise TransferError("stopped")

    def flush(self) -> None:
        """Do nothing: what a killed process has not written comes again."""


def _answered(answer: requests.Response) -> str:
    return f"the server answers {answer.status_code} {answer.reason}"


def _in_words(error: requests.RequestException) -> str:
    if error.response is not None:
        return _answered(error.response)
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
