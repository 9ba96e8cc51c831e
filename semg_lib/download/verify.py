"""Looking through folders of recordings: what each file is, and whether it can be trusted.

NinaPro's files are judged as a run judges them, by what they hold first. What a text file is only
its path can say, and what it holds has to agree.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semg_lib.download.checksums import REGISTRY, file_hash, read_registry
from semg_lib.download.finding import Finding
from semg_lib.errors import DataError
from semg_lib.recordings import electrodes, files, identity, ninapro, registered, stored
from semg_lib.recordings import labels as label_tools
from semg_lib.recordings.databases import LABELS, Database, known, movements_done
from semg_lib.recordings.files import PRIVATE
from semg_lib.recordings.recording import Recording
from semg_lib.recordings.registered import Claim
from semg_lib.recordings.stored import ExerciseFile

_LEAST_AGREEMENT = 0.5  # of stimulus and restimulus; 0.72 to 0.83 in the files at hand


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
        file = stored.examine(path)
        _look(finding, path, file, self.base)
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


def _look(finding: Finding, path: Path, file: ExerciseFile, base: Path) -> None:
    """Fill in what a file that could be read is, and what is odd about it.

    It is read as a run would: what that refuses is broken, what it warns of is suspicious.
    """
    finding.subject, finding.simulated = file.subject, file.simulated
    claims = identity.of(path, file)
    finding.database = " or ".join(each.spec.name for each in claims)
    if not claims or claims[0].spec in identity.ELSEWHERE:
        finding.suspicious.append(f"not one of ours: it is {identity.told(file, claims)}")
        return
    claim = claims[0]
    finding.subject, finding.exercise = claim.subject, claim.exercise.letter
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        recording = ninapro.as_recording(path, file, claim, "restimulus")
    finding.seconds = round(recording.seconds, 2)
    finding.suspicious.extend(str(each.message).removeprefix(f"{path}: ") for each in told)
    subject, number = identity.named(path)
    if subject not in (0, claim.subject):
        finding.suspicious.append(f"its name says subject {subject}, it says {claim.subject}")
    if number not in (0, claim.exercise.number):
        finding.suspicious.append(f"its name says exercise {number}, it is {claim.exercise.number}")
    _look_at_labels(finding, path, file, claim)
    try:
        found = identity.find(base, claim.spec, claim.subject, claim.exercise)
    except DataError as error:  # a run does not find it
        finding.suspicious.append(str(error))
    else:
        if found != path:
            finding.suspicious.append(f"a run takes {found.relative_to(base).as_posix()} instead")


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
        finding.suspicious.extend(electrodes.checked(recording, claim.spec)[1])
    if claim.n_files == 1:  # of many files, none is asked to hold everything
        n, repetitions = claim.exercise.n_movements, claim.spec.n_repetitions
        pairs = np.stack([recording.label, recording.repetition], axis=1)[recording.label > 0]
        if lacking := n * repetitions - len(np.unique(pairs, axis=0)):
            finding.suspicious.append(f"{lacking} of {n} x {repetitions} repetitions are missing")
    return recording.emg


def _look_at_labels(finding: Finding, path: Path, file: ExerciseFile, claim: Claim) -> None:
    spec, exercise, found = claim.spec, claim.exercise, []
    for name, columns in LABELS.items():
        if not {*columns} <= {*file.columns} and name == "restimulus":
            continue  # the screen's are used instead, as was said
        try:
            label, repetition, _ = ninapro.numbered(path, file, spec, exercise, name)
        except DataError as error:
            finding.suspicious.append(str(error).removeprefix(f"{path}: "))
            continue
        found.append(label)
        stored_label = file.columns[columns[0]]
        if file.checked and (odd := ninapro.implausible(stored_label, repetition, spec.rate)):
            finding.suspicious.append(f"{name}: {odd}")
        done = min(exercise.n_movements, movements_done(spec, claim.subject) - exercise.offset)
        pairs = np.unique(np.stack([label, repetition], axis=1)[label > 0], axis=0)
        lacking = done * spec.n_repetitions - len(pairs)
        if lacking > 0:
            finding.suspicious.append(
                f"{name}: {lacking} of {done} x {spec.n_repetitions} repetitions are missing"
            )
    agreed = label_tools.label_agreement(*found) if len(found) == len(LABELS) else 1
    if agreed < _LEAST_AGREEMENT:
        finding.suspicious.append(f"stimulus and restimulus agree on {agreed:.0%} of samples")
