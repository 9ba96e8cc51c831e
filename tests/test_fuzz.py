"""Damaged files end in the recording that was stored, or in one clear error: nothing else."""

import bz2
import contextlib
import os
import signal
import warnings

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semg_lib.errors import DataError, DataWarning
from semg_lib.recordings import ninapro, simulator
from semg_lib.recordings.databases import LABELS
from semg_lib.recordings.source import Source
from tests.test_matlab import write_73

CASES = {"compressed": 70, "uncompressed": 130, "7.3": 70, "real": 30}  # 300 in all
TEXT_CASES = 80


def attacks(n):
    """Return what makes hypothesis try so many cases, the same each time, as long as they take."""
    return settings(
        max_examples=n,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def bounded(seconds=10, gigabytes=2):
    """Let what runs inside take no more time and memory."""
    import resource

    def too_long(*_):
        raise AssertionError(f"took more than {seconds} s")

    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (taken + gigabytes * 10**9, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    """Return bytes of sound files by their kinds, with the labels and the signal they hold."""
    folder = tmp_path_factory.mktemp("sound")
    (path,) = simulator.write_files(folder, "db1", 1, "A", movements=(1, 2))
    content = scipy.io.loadmat(path)
    tables = {name: table for name, table in content.items() if name[0] != "_"}
    scipy.io.savemat(folder / "plain.mat", tables)
    write_73(folder / "new.mat", tables, compression="gzip")
    paths = {"compressed": path, "uncompressed": folder / "plain.mat", "7.3": folder / "new.mat"}
    return {kind: (path.read_bytes(), content) for kind, path in paths.items()}


@st.composite
def damage(draw):
    """Draw a way to damage bytes: some flips anywhere or near the start, or a cut."""
    near = draw(st.booleans())
    place = st.floats(0, 0.02 if near else 1, exclude_max=True)
    flips = draw(st.lists(st.tuples(place, st.integers(1, 255)), min_size=0, max_size=3))
    cut = draw(st.one_of(st.none(), st.floats(0, 1, exclude_max=True)))
    return flips, cut if draw(st.integers(0, 3)) == 0 or not flips else None


def damaged(whole, flips, cut):
    data = bytearray(whole)
    for place, bits in flips:
        data[int(place * len(data))] ^= bits
    return bytes(data if cut is None else data[: int(cut * len(data))])


def check(path, content, kind):
    """Load a file as a user does, and hold what comes against what was stored."""
    subject = 2 if kind == "real" else 1
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            recording = ninapro.load("db1", subject, "A", path.parent)
        except DataError as error:
            told_clearly = "\n" not in str(error) and path.name in str(error)
            return "error" if told_clearly else f"unclear: {error}"
    assert {each.category for each in told} <= {DataWarning}
    fell_back = any("(stimulus) are used instead" in str(each.message) for each in told)
    label, repetition = LABELS["stimulus" if fell_back else "restimulus"]
    np.testing.assert_array_equal(recording.label, content[label].ravel())
    moving = recording.label > 0
    np.testing.assert_array_equal(recording.repetition[moving], content[repetition][moving, 0])
    assert np.isfinite(recording.emg).all()
    if kind in ("compressed", "real"):
        assert not fell_back
        np.testing.assert_array_equal(recording.emg, content["emg"].astype(np.float32))
    return "sound"


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is bounded on Linux")
@pytest.mark.parametrize(
    "kind", ["compressed", "uncompressed", "7.3", pytest.param("real", marks=pytest.mark.real)]
)
def test_damaged_files_end_in_the_recording_or_in_one_error(kind, sound, request, tmp_path):
    if kind == "real":
        (real,) = Source("db1", "A", str(request.getfixturevalue("real_root"))).files(2)["A"]
        whole, content = real.read_bytes(), scipy.io.loadmat(real)
    else:
        whole, content = sound[kind]
    name = "S2_A1_E1.mat" if kind == "real" else "S1_A1_E1.mat"
    path = tmp_path / name
    path.write_bytes(whole)
    assert check(path, content, kind) == "sound"
    outcomes = []

    @attacks(CASES[kind])
    @given(damage())
    def attack(how):
        path.write_bytes(damaged(whole, *how))
        with bounded():
            outcomes.append(check(path, content, kind))

    attack()
    assert len(outcomes) >= CASES[kind]
    assert {"sound", "error"} == set(outcomes)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is bounded on Linux")
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_text_ends_in_its_numbers_or_in_one_error(packed, tmp_path):
    """A plain file bears no checksum: a digit may change, but what comes is what is written."""
    emg = np.random.default_rng(0).normal(0, [60, 80, 20, 0.5], (1700, 4)).round(3)
    text = "".join(f"{' '.join(f'{x:.18e}' for x in row)}\n" for row in emg).encode()
    whole = bz2.compress(text) if packed else text
    path = tmp_path / ("S0_D1_C0.csv.bz2" if packed else "S0_D1_C0.csv")
    outcomes = []

    @attacks(TEXT_CASES)
    @given(damage())
    def attack(how):
        data = damaged(whole, *how)
        path.write_bytes(data)
        with bounded():
            try:
                found = Source("multiday", "A", str(tmp_path)).load(1).emg
            except DataError as error:
                told_clearly = "\n" not in str(error) and str(error).startswith(f"{path}: ")
                outcomes.append("error" if told_clearly else f"unclear: {error}")
                return
        rows = text if packed else data
        written = [[float(x) for x in row.split(b" ")] for row in rows.splitlines()]
        np.testing.assert_array_equal(found, np.array(written, np.float32)[1024:-512])
        outcomes.append("sound")

    attack()
    assert len(outcomes) >= TEXT_CASES
    assert {"error"} <= set(outcomes) <= {"sound", "error"}
