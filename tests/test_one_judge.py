"""`semg verify` and a run agree on every file of folders such as people have."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from semg_lib.download import verify
from semg_lib.errors import DataError
from semg_lib.recordings import databases, files
from semg_lib.recordings.source import Source
from tests.test_identity import column, put

SUBJECTS = (1, 2)
NOT_FOUND = ("no file ", "keep one below", "a run takes")  # what `verify` says of a sound file then


def whole(rate, n_electrodes, n_movements, repetitions):
    """Return the variables of a sound file, with movements as short as they may be."""
    label, repetition = column(range(1, n_movements + 1), repetitions, rate, move_s=0.6)
    noise = np.abs(np.random.default_rng(0).normal(0, 1, (len(label), n_electrodes)))
    emg = np.round(noise * (0.1 + (label > 0))[:, None], 1) * (0.1 if rate == 100 else 1e-4)
    tables = {"stimulus": label, "restimulus": label, "repetition": repetition}
    tables |= {"rerepetition": repetition}
    tables = {name: each[:, None].astype(np.uint8) for name, each in tables.items()}
    return tables | {"emg": emg.astype(np.float32), "subject": 1, "exercise": 1}


def shorter(tables, n):
    labels = ("stimulus", "restimulus", "repetition", "rerepetition")
    return {name: tables[name][:n] for name in labels}


# What a file holds, beside what the good one does, and what becomes of its bytes.
CONTENTS = {
    "good": lambda t: {},
    "of DB2 or DB7": lambda t: whole(2000, 12, 17, 6),
    "of DB4": lambda t: whole(2000, 12, 12, 6),
    "another subject": lambda t: {"subject": 2},
    "another exercise": lambda t: {"exercise": 2},
    "no subject": lambda t: {"subject": np.zeros((0, 0))},
    "text as exercise": lambda t: {"exercise": "A"},
    "channels in rows": lambda t: {"emg": t["emg"].T},
    "other electrodes": lambda t: {"emg": t["emg"][:, :8]},
    "flat electrode": lambda t: {"emg": t["emg"] * (np.arange(10) != 4)},
    "microvolts": lambda t: {"emg": t["emg"] * 1e6},
    "not a number": lambda t: {"emg": np.where(np.arange(10) == 4, np.nan, t["emg"])},
    "a bit shorter labels": lambda t: shorter(t, -3),
    "far shorter labels": lambda t: shorter(t, -300),
    "only rest": lambda t: {n: 0 * t[n] for n in ("restimulus", "rerepetition")},
    "strange labels": lambda t: {"restimulus": 2 * t["restimulus"]},
    "strange screen": lambda t: {"stimulus": 2 * t["stimulus"]},
    "many repetitions": lambda t: {"rerepetition": 2 * t["rerepetition"]},
    "no labels": lambda t: {"stimulus": "", "restimulus": ""},
    "cut": None,
    "empty": None,
    "web page": None,
}
NAMES = (
    "S1_A1_E1.mat",
    "S1_E1_A1.mat",
    "s2_a1_e1.MAT",
    "S1_A1_E2.mat",
    "a b.mat",
    "._S1_A1_E1.mat",
)
FOLDERS = ("", "s1", "DB1", "DB7/s1", "db2", "ü [1]", ".semg")


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    good = whole(100, 10, 12, 10)
    folder = tmp_path_factory.mktemp("contents")
    sound = put(folder, good).read_bytes()
    spoilt = {"cut": sound[: len(sound) // 2], "empty": b"", "web page": b"<html>" * 99}
    made = {}
    for name, how in CONTENTS.items():
        made[name] = spoilt[name] if how is None else put(folder, good, **how(good)).read_bytes()
    return made


@st.composite
def lying(draw):
    """Draw where files lie, what they hold, and which folders are links."""
    kind, name, folder = (st.sampled_from(each) for each in (sorted(CONTENTS), NAMES, FOLDERS))
    files = draw(st.lists(st.tuples(folder, name, kind), min_size=1, max_size=4))
    return files, draw(st.sampled_from(("", *(each for each in FOLDERS[1:3]))))


def taken(root):
    """Return which files runs would use, by all they can ask for."""
    found = {}
    for spec in databases.DATABASES.values():
        for exercise in spec.exercises if spec.read is None else ():
            for subject in SUBJECTS:
                source = Source(spec.name, exercise.letter, str(root))
                try:
                    (paths,) = source.files(subject).values()
                    source.load(subject)
                except DataError:
                    continue
                found.setdefault(paths[0].relative_to(root), []).append(spec.name)
    return found


def test_verify_and_a_run_agree_on_every_file(contents, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(files, "SETTLED_NS", -(10**9))  # what lies there is not written again
    seen = set()

    @settings(max_examples=60, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @example(([("", "S1_E1_A1.mat", "of DB4")], ""))
    @example(([("DB7/s1", "S1_E1_A1.mat", "of DB2 or DB7")], ""))
    @given(lying())
    def agree(drawn):
        lie, linked = drawn
        base = tmp_path_factory.mktemp("lying")
        root, far = base / "root", base / "far"
        root.mkdir()
        if linked:
            (far / linked).mkdir(parents=True)
            (root / linked).symlink_to(far / linked, target_is_directory=True)
        for folder, name, kind in lie:
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / name).write_bytes(contents[kind])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                findings = {each.path: each for each in verify.verify(root)}
            except DataError:  # there is none
                findings = {}
            used = taken(root)
        hidden = {root / f / n for f, n, _ in lie if n.startswith("._") or f == ".semg"}
        every = {root / f / n for f, n, _ in lie}
        assert {root / each for each in findings} == every - hidden
        for path, finding in findings.items():
            seen.add(finding.status)
            if finding.status == "ok":
                assert set(used.get(path, [])) & set(finding.database.split(" or ")), finding
            if finding.status == "broken" or "not one of ours" in str(finding.reasons):
                assert path not in used, finding
            elif not any(said in str(finding.reasons) for said in NOT_FOUND):
                assert path in used, finding

    agree()
    assert seen == {"ok", "suspicious", "broken"}
