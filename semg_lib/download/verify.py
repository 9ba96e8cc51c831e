"""Looking through folders of recordings: what each file is, and whether it can be trusted.

Of NinaPro's files, database, subject and exercise are read from what they hold. Their path is asked
for one thing that the content cannot tell: whether 12 electrodes of a subject up to 11 are of DB2
or of DB3. What a text file is only its path can say, and what it holds has to agree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semg_lib.download.checksums import REGISTRY, file_hash, read_registry
from semg_lib.download.finding import Finding
from semg_lib.errors import DataError
from semg_lib.recordings import files, ninapro, registered
from semg_lib.recordings import labels as label_tools
from semg_lib.recordings.databases import LABELS, Database, Exercise, known, movements_done
from semg_lib.recordings.files import PRIVATE
from semg_lib.recordings.ninapro import ExerciseFile
from semg_lib.recordings.recording import Recording
from semg_lib.recordings.registered import Claim

_ASKED_S = 5.0  # how long the screen asks for a movement
_LEAST_AGREEMENT = 0.5  # of stimulus and restimulus; 0.72 to 0.83 in the files at hand
_NAME = re.compile(r"^s(\d+)_[ae]\d+_[ae]\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Looking:
    """The files to look at; going through it looks at one after the other.

    Files with one signal are told of from the second on.
    """

    base: Path
    claims: dict[Path, list[Claim]]
    paths: list[Path]

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Finding]:
        listed = self.base / REGISTRY
        checksums = read_registry(listed) if listed.is_file() else {}
        signals: dict[str, Path] = {}
        for path in self.paths:
            finding = Finding(path.relative_to(self.base))
            expected = checksums.get(finding.path.as_posix())
            if expected and file_hash(path) != expected:
                finding.broken.append(
                    f"its checksum is not the one in {REGISTRY}; download it again"
                )
            try:
                emg = self._look(finding, path)
            except DataError as error:
                finding.broken.append(str(error).removeprefix(f"{path}: "))
            else:
                digest = hashlib.sha256(np.ascontiguousarray(emg).tobytes()).hexdigest()
                other = signals.setdefault(digest, finding.path)
                if other != finding.path:
                    finding.suspicious.append(f"the same signal as {other.as_posix()}")
            yield finding

    def _look(self, finding: Finding, path: Path) -> np.ndarray:
        """Fill in what a file is and what is odd about it, and return its signal."""
        if path in self.claims:
            return _look_at_registered(finding, path, self.claims[path])
        if kin := _kin(path):
            finding.suspicious.append(
                f"rows as in {kin.name}, but neither name nor folder says of what; as published it "
                f"is {kin.file_name}"
            )
            return kin.held.signal(path, kin.rate) if kin.held else np.empty(0)
        file = ninapro.examine(path)
        _look(finding, file)
        return file.emg


def verify(root: str | Path) -> Looking:
    """Look at every file of a data set below a folder, or at one file.

    Text files are of a data set if they are named so, or if their rows look so.

    Returns
    -------
    Looking
        Has a length, and yields a `Finding` a file, as it is done.

    Raises
    ------
    DataError
        If there is no such folder, or no file in it.
    """
    root = Path(root).expanduser()
    base = root if root.is_dir() else root.parent
    claims = registered.claims(base) if base.is_dir() else {}
    if root.is_file():
        return Looking(base, claims, [root])
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    others = [path for path in files.below(root) if path not in claims]
    others = [path for path in others if path.suffix.lower() == ".mat" or _kin(path)]
    found = sorted({*claims, *others})
    if not found:
        raise DataError(f"{root}: no file of a data set below it, neither .mat nor text")
    return Looking(base, claims, [p for p in found if PRIVATE not in p.relative_to(root).parts])


def _kin(path: Path) -> Database | None:
    """Return the set that a text file's rows look like, if any."""
    if path.suffix.lower() == ".mat":
        return None
    like = (each for each in known().values() if each.held and each.held.columns.begins(path))
    return next(like, None)


def _look(finding: Finding, file: ExerciseFile) -> None:
    """Fill in what a file that could be read is, and what is odd about it."""
    finding.subject, finding.simulated = file.subject, file.simulated
    named = _NAME.match(finding.path.stem)
    if named and file.subject and int(named[1]) != file.subject:
        finding.suspicious.append(f"its name says subject {int(named[1])}, it says {file.subject}")
    if named and not file.subject:
        finding.subject = int(named[1])
    missing = [name for name in ninapro.COLUMNS if name not in file.columns]
    if {"stimulus", "repetition"} & set(missing):
        finding.broken.append(f"no variable {missing[0]!r}")
        return
    if missing:
        finding.suspicious.append(f"no variable {missing[0]!r}: labels are the screen's")
    candidates = _databases(finding, file)
    if not candidates:
        finding.broken.append(
            f"{file.emg.shape[1]} electrodes and movements of {_asked(file)} samples are of no "
            "database known here"
        )
        return
    spec = candidates[0]
    finding.database = " or ".join(each.name for each in candidates)
    finding.seconds = round(len(file.emg) / spec.rate, 2)
    exercise = _exercise(spec, file)
    if exercise is None:
        finding.broken.append(f"exercise {file.exercise} with labels up to {_top(file)}: not one")
        return
    finding.exercise = exercise.letter
    for label_name, repetition_name in LABELS.values():
        if label_name in file.columns and repetition_name in file.columns:
            _look_at_labels(finding, file, spec, exercise, label_name, repetition_name)
    _look_at_electrodes(finding, file.emg)
    if "restimulus" in file.columns:
        agreed = label_tools.label_agreement(file.columns["stimulus"], file.columns["restimulus"])
        if agreed < _LEAST_AGREEMENT:
            finding.suspicious.append(f"stimulus and restimulus agree on {agreed:.0%} of samples")


def _look_at_electrodes(finding: Finding, emg: np.ndarray) -> None:
    flat = np.flatnonzero(np.ptp(emg, axis=0) == 0) + 1
    if len(flat):
        finding.suspicious.append(f"electrode {', '.join(map(str, flat))} never changes")


def _look_at_registered(finding: Finding, path: Path, claims: list[Claim]) -> np.ndarray:
    """Fill in what a file of a registered data set is, and return its signal.

    Its name says whose it is; what it holds has to agree.
    """
    read: list[tuple[Claim, Recording]] = []
    errors = []
    for claim in claims:
        try:
            recording = registered.read_file(path, claim.spec, claim.subject, claim.exercise)
        except DataError as error:
            errors.append(error)
        else:
            read.append((claim, recording))
    if not read:
        raise errors[0]
    claim, recording = read[0]
    finding.database = " or ".join(dict.fromkeys(each.spec.name for each, _ in read))
    finding.subject, finding.exercise = claim.subject, claim.exercise.letter
    finding.seconds, finding.simulated = round(recording.seconds, 2), recording.simulated
    if claim.spec.held:
        finding.label, finding.repetition = int(recording.label[0]), int(recording.repetition[0])
        finding.movement = claim.spec.movement(finding.label)
        finding.session = finding.repetition if claim.spec.sessions else 0
        finding.suspicious.extend(claim.spec.held.usual.unusual(recording))
    else:
        _look_at_electrodes(finding, recording.emg)
    if claim.n_files == 1:  # of many files, none is asked to hold everything
        n, repetitions = claim.exercise.n_movements, claim.spec.n_repetitions
        pairs = np.stack([recording.label, recording.repetition], axis=1)[recording.label > 0]
        if lacking := n * repetitions - len(np.unique(pairs, axis=0)):
            finding.suspicious.append(f"{lacking} of {n} x {repetitions} repetitions are missing")
    return recording.emg


def _asked(file: ExerciseFile) -> int:
    """Return how many samples the screen asks for a movement, in the median."""
    change = np.diff(np.concatenate([[0], file.columns["stimulus"] > 0, [0]]).astype(np.int8))
    lengths = np.flatnonzero(change == -1) - np.flatnonzero(change == 1)
    return int(np.median(lengths)) if len(lengths) else 0


def _databases(finding: Finding, file: ExerciseFile) -> list[Database]:
    """Return the databases that a file can be of."""
    rate = _asked(file) / _ASKED_S
    found = [
        spec
        for spec in known().values()
        if spec.read is None
        and 1 <= finding.subject <= spec.n_subjects
        and file.emg.shape[1] == spec.electrodes(finding.subject)
        and 0.5 < rate / spec.rate < 2
    ]
    hints = [each for each in found if each.name in finding.path.as_posix().lower()]
    return hints if len(hints) == 1 else found


def _top(file: ExerciseFile) -> int:
    return int(file.columns["stimulus"].max(initial=0))


def _exercise(spec: Database, file: ExerciseFile) -> Exercise | None:
    """Return the exercise a file says it is of, or else the one whose labels it has."""
    label = file.columns["stimulus"]
    first, last = int(label[label > 0].min()), _top(file)
    fits = [
        each
        for each in spec.exercises
        if last <= each.n_movements
        or (first > each.offset and last <= each.offset + each.n_movements)
    ]
    said = [each for each in fits if each.number == file.exercise]
    exact = [each for each in fits if last in (each.n_movements, each.offset + each.n_movements)]
    if file.exercise:
        return said[0] if said else None
    return exact[0] if exact else None


def _look_at_labels(
    finding: Finding,
    file: ExerciseFile,
    spec: Database,
    exercise: Exercise,
    label_name: str,
    repetition_name: str,
) -> None:
    label, repetition = file.columns[label_name], file.columns[repetition_name]
    top = exercise.n_movements if label.max() <= exercise.n_movements else None
    if top is None and label.max() > exercise.offset + exercise.n_movements:
        finding.broken.append(f"{label_name} holds {label.max()}, more than exercise has")
        return
    if repetition.max() > spec.n_repetitions:
        finding.broken.append(f"{repetition_name} holds {repetition.max()}, more than there are")
        return
    if odd := ninapro.implausible(label, repetition, spec.rate):
        (finding.suspicious if file.checked else finding.broken).append(f"{label_name}: {odd}")
    done = min(exercise.n_movements, movements_done(spec, finding.subject) - exercise.offset)
    pairs = np.unique(np.stack([label, repetition], axis=1)[label > 0], axis=0)
    lacking = done * spec.n_repetitions - len(pairs)
    if lacking > 0:
        finding.suspicious.append(
            f"{label_name}: {lacking} of {done} x {spec.n_repetitions} repetitions are missing"
        )
