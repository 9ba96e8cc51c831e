"""Do the stored numbers still come out? One subject of each record, run anew and compared.

``python -m semg_lib.publishing.replay [PAPER ...] [--stamp]``
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from semg_lib.errors import DataError, command
from semg_lib.evaluation.records import RESULTS, Record, load_record
from semg_lib.evaluation.scores import scored
from semg_lib.evaluation.writing import write_atomically
from semg_lib.learning import parallel
from semg_lib.learning.outcomes import Outcome
from semg_lib.papers import PAPERS
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source
from semg_lib.studies import comparison, protocols, sessions, streaming

SCORES, LOSSES = 1e-6, 1e-5  # what counts as equal; losses are stored with five digits
_COMPARED = (
    *("accuracy", "balanced_accuracy", "sessions", "corrected", "n_test", "classes"),
    *("carried_out", "missed", "onset_ms", "false_activations"),
)


@dataclass(frozen=True)
class Replayed:
    """What came of one record."""

    path: Path
    same_code: bool
    methods: int = 0
    score: float = 0.0  # largest difference
    loss: float = 0.0
    apart: tuple[str, ...] = ()  # methods whose numbers did not come out
    why: str = ""  # it could not be replayed
    elsewhere: bool = False  # since it was made on a GPU

    @property
    def equal(self) -> bool:
        """Whether the stored numbers came out."""
        return not self.why and not self.apart

    def __str__(self) -> str:
        code = "code unchanged" if self.same_code else "code changed"
        which = f" ({'; '.join(self.apart)})" if self.apart else ""
        said = self.why or (
            f"{'equal' if self.equal else 'DIFFERS'}: {self.methods} methods, scores within "
            f"{self.score:.1g}, losses within {self.loss:.1g}{which}"
        )
        return f"{self.path.parent.name}/{self.path.stem}: {said}; {code}"


def replay(path: Path, root: str, code: str) -> Replayed:
    """Run a record's first subject with its seed and settings; ``code`` is what is run."""
    record = load_record(path)
    same = record.code == code
    if not record.device.startswith("CPU"):
        why = f"made on {record.device}, which rounds otherwise: not tried"
        return Replayed(path, same, why=why, elsewhere=True)
    if not record.simulated and not root:
        return Replayed(path, same, why="needs its recordings: set SEMG_DATA to their folder")
    source = Source(record.database, record.exercises, "" if record.simulated else root)
    subject = record.subjects[0]
    try:
        settings = _settings(record)
        found = source.root and fingerprint(source.load(subject, labels=settings.labels))
    except ValueError as error:
        return Replayed(path, same, why=str(error))
    if found and found not in record.data[subject].split("+"):
        return Replayed(path, same, why="other recordings than it was made from")
    stored = {each.method: each.model_dump() for each in record.scores if each.subject == subject}
    curves = _curves(record, subject)
    methods, worst, loss = 0, 0.0, 0.0
    apart = []
    for outcome in _outcomes(record, settings, source, subject):
        made, before = scored(outcome).model_dump(), stored[outcome.method]
        methods += 1
        pairs = [(made[each], before[each]) for each in _COMPARED if each in made]
        own = max(_apart(*pair) for pair in pairs)
        lost = _apart(list(outcome.loss), curves[outcome.method]) if outcome.loss else 0.0
        worst, loss = max(worst, own), max(loss, lost)
        if own > SCORES or lost > LOSSES:
            apart.append(outcome.method)
    why = "" if methods else "none of its methods could be run"
    return Replayed(path, same, methods, worst, loss, tuple(apart), why=why)


def _curves(record: Record, subject: int) -> dict[str, list[float | None]]:
    """Return a subject's losses by method; they stand in the order in which runs ended."""
    found = {}
    for name, every in record.losses.items():
        order = [each.subject for each in record.scores if each.method == name]
        found[name] = every[order.index(subject)]
    return found


def _settings(record: Record) -> Any:
    """Return the settings that a record names; DataError if the library has other ones now."""
    epochs = record.settings.get("recipe", {}).get("epochs", 0)
    if record.paper == "comparison":
        chosen: Any = comparison.Settings.named(record.database, record.preset)
    elif record.paper == "streaming":
        epochs = record.settings["most_epochs"]
        chosen = streaming.Settings.named(record.database, record.preset, epochs)
    elif record.paper in ("protocols", "sessions"):
        study = sessions if record.paper == "sessions" else protocols
        chosen = study.named(record.database, record.preset, epochs)
    else:
        named = PAPERS[record.paper].Settings.named
        chosen = named(record.database, record.recipe, record.preset, epochs)
    values = json.loads(json.dumps(asdict(chosen)))
    values.get("recipe", {}).pop("marks", None)
    other = [name for name in values if values[name] != record.settings.get(name)]
    if other:
        raise DataError(f"its settings are others now: {', '.join(other)}")
    return chosen


def _outcomes(record: Record, settings: Any, source: Source, subject: int) -> Iterator[Outcome]:
    """Yield what the record's methods predict for one subject."""
    scored = [each.method for each in record.scores if each.subject == subject]
    seed = record.seed
    if record.paper == "protocols":
        methods = tuple(dict.fromkeys(name.split(": ")[1] for name in scored))
        for name in dict.fromkeys(name.split(": ")[0] for name in scored):
            yield from protocols.replicate(
                name, source, record.subjects, settings, methods=methods, only=subject, seed=seed
            )
        return
    recording = source.load(subject, labels=settings.labels)
    if record.paper == "comparison":
        yield from comparison.replicate(recording, settings, methods=scored, seed=seed)
    elif record.paper in ("sessions", "streaming"):
        study = sessions if record.paper == "sessions" else streaming
        methods = tuple(dict.fromkeys(name.split(": ")[1] for name in scored))
        yield from study.replicate(recording, settings, methods=methods, seed=seed)
    elif record.study:
        module = PAPERS[record.paper]
        study = module.STUDIES[record.study]
        names = [name for name in study.names if set(study.titles(name)) & set(scored)]

        def some(recordings: Any, settings: Any, *, methods: Any, **how: Any) -> Iterator[Outcome]:
            # A record may hold some of the study's methods only.
            own = [each for each in methods if study.title(names[0], each) in scored]
            return module.replicate(recordings, settings, methods=own, **how)

        yield from study.run(some, recording, settings, variants=names, seed=seed)
    else:
        replicate = PAPERS[record.paper].replicate
        if "only" in inspect.signature(replicate).parameters:  # all subjects of a run train
            recordings = [source.load(each, labels=settings.labels) for each in record.subjects]
            replicate = partial(replicate, recordings, only=[subject])
        else:
            replicate = partial(replicate, [recording])
        yield from replicate(settings, methods=scored, seed=seed)


def _apart(one: Any, other: Any) -> float:
    """Return the largest difference of two numbers or lists of them."""
    if isinstance(one, list):
        if len(one) != len(other):
            return float("inf")
        return max((_apart(*pair) for pair in zip(one, other, strict=True)), default=0.0)
    # A loss that is not finite is stored as null.
    bad = [each is None or not math.isfinite(each) for each in (one, other)]
    if any(bad):
        return 0.0 if all(bad) else float("inf")
    return abs(one - other)


def stamp(path: Path, code: str) -> None:
    """Write the digest of the code that was run into a record whose numbers came out."""
    old = load_record(path).code
    text = path.read_text(encoding="utf-8")
    write_atomically(path, text.replace(f'"code": "{old}"', f'"code": "{code}"', 1))


@command("replay")
def main(arguments: list[str] | None = None) -> int:
    """Replay records, one on each core; exit 1 if a number of a CPU's does not come out."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("papers", nargs="*", help="only these, such as atzori2016 protocols")
    parser.add_argument("--root", default=os.environ.get("SEMG_DATA", ""))
    parser.add_argument("--stamp", action="store_true", help="write the code into equal records")
    chosen = parser.parse_args(arguments)
    # The stored runs multiplied in bfloat16 without matrix tiles (AMX), which round elsewhere.
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
    paths = sorted(RESULTS.glob("*/*.json"))
    known = sorted({path.parent.name for path in paths})
    for name in chosen.papers:
        if name not in known:
            print(f"replay: no record of {name!r}: choose from {', '.join(known)}", file=sys.stderr)
            return 2
    paths = [path for path in paths if not chosen.papers or path.parent.name in chosen.papers]
    # What runs is what is imported now: a change of a file while it runs is not what was tried.
    codes = {path: load_record(path).code_now for path in paths}
    bad = False
    jobs = [{"path": path, "root": chosen.root, "code": code} for path, code in codes.items()]
    for row in parallel.each(replay, jobs):
        print(row, flush=True)
        bad |= not row.equal and not row.elsewhere
        if chosen.stamp and row.equal and not row.same_code:
            stamp(row.path, codes[row.path])
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
