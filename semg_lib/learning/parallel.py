"""Independent pieces of work on all cores, one thread each: two threads on one small network wait
for each other more than they work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import joblib
import torch


def each(
    function: Callable[..., Any], jobs: Iterable[dict[str, Any]], *, device: str = "cpu"
) -> Iterator[Any]:
    """Yield what a function returns for each job's arguments, in order, as they are done.

    Parameters
    ----------
    function : callable
        Defined at the top of a module, so that other processes find it.
    jobs : iterable of dict
        Its keyword arguments.
    device : str
        On a GPU one job follows the other.
    """
    jobs = list(jobs)
    n = min(len(jobs), joblib.cpu_count()) if device == "cpu" else 1
    calls = [joblib.delayed(_on_one_thread)(function, job) for job in jobs]
    yield from joblib.Parallel(max(n, 1), return_as="generator")(calls)


def _on_one_thread(function: Callable[..., Any], job: dict[str, Any]) -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return function(**job)
    finally:
        torch.set_num_threads(before)
