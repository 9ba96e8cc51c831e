"""Independent pieces of work on all cores, one thread each: two threads on one small network wait
for each other more than they work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import joblib
import torch

from semg_lib.recordings.source import Source


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


def subjects(
    replicate: Callable[..., Iterable[Any]],
    source: Source,
    numbers: Sequence[int],
    settings: Any,
    *,
    device: str = "cpu",
    **how: Any,
) -> Iterator[Any]:
    """Yield what a study yields for each subject's recording, as many at once as there are cores.

    Parameters
    ----------
    replicate : callable
        From a recording and settings, with ``device`` and ``how``, to outcomes.
    source : Source
    numbers : sequence of int
        The subjects, in order.
    settings : Any
        With the ``labels`` to load.
    """
    shared = {"replicate": replicate, "source": source, "settings": settings, "device": device}
    jobs = [{"subject": subject} | shared | how for subject in numbers]
    for outcomes in each(_subject, jobs, device=device):
        yield from outcomes


def _subject(replicate: Any, source: Source, subject: int, settings: Any, **how: Any) -> list[Any]:
    return list(replicate(source.load(subject, labels=settings.labels), settings, **how))


def _on_one_thread(function: Callable[..., Any], job: dict[str, Any]) -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return function(**job)
    finally:
        torch.set_num_threads(before)
