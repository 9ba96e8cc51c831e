import dataclasses
import os

import numpy as np
import pytest

import semg_lib
from semg_lib.download import verify
from semg_lib.errors import DataError
from semg_lib.recordings import databases, registered, simulator
from semg_lib.recordings.databases import Database, Exercise
from semg_lib.recordings.recording import fingerprint
from semg_lib.recordings.source import Source, available
from semg_lib.running import runs


def read_csv(path):
    table = np.loadtxt(path, delimiter=",")
    return table[:, :2], table[:, 2], table[:, 3]


MINE = Database(
    name="mine",
    title="two channels at 500 Hz",
    rate=500,
    raw=True,
    n_channels=2,
    n_subjects=2,
    n_repetitions=3,
    exercises=(Exercise("A", 1, 2), Exercise("B", 2, 1, offset=2)),
    test_repetitions=(2,),
    file_name="s{subject}_{exercise}.csv",
    read=read_csv,
)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """Forget what a test has registered."""
    monkeypatch.delenv(databases.VARIABLE, raising=False)
    before = dict(databases.DATABASES)
    learnt = set(databases._learnt)
    yield
    databases.DATABASES.clear()
    databases.DATABASES.update(before)
    databases._learnt.clear()
    databases._learnt.update(learnt)


def trials(n_movements, repetitions=(1, 2, 3), samples=100):
    """Return columns as a file holds them: rest, then a movement, each repetition."""
    rng = np.random.default_rng(0)
    rows = []
    for movement in range(1, n_movements + 1):
        for repetition in repetitions:
            for label, number in ((0, 0), (movement, repetition)):
                emg = rng.normal(0, 1 + label, (samples, 2))
                marks = np.tile([label, number], (samples, 1))
                rows.append(np.hstack([emg, marks]))
    return np.concatenate(rows)


@pytest.fixture
def folder(tmp_path):
    """Both exercises of the first subject."""
    for number, n_movements in ((1, 2), (2, 1)):
        np.savetxt(tmp_path / f"s1_{number}.csv", trials(n_movements), delimiter=",", fmt="%.4g")
    return tmp_path


def test_a_registered_database_is_known_by_name_and_loads(folder):
    databases.register(MINE)
    assert databases.database("Mine") is MINE
    assert MINE in databases.registered()
    recording = Source("mine", "AB", str(folder)).load(1, repetitions=(2,))
    assert recording.rate == 500
    assert recording.emg.shape == (1800, 2)
    assert recording.emg.dtype == np.float32
    assert set(recording.movements) == {1, 2, 3}
    np.testing.assert_array_equal(recording.label[1200:], trials(1)[:, 2] * 3)
    np.testing.assert_array_equal(np.unique(recording.exercise), [1, 2])
    # Rest was stored with repetition 0.
    rest = recording.label == 0
    assert set(recording.repetition[rest]) == {1, 2, 3}
    assert not recording.simulated


def test_one_function_loads_every_database(folder):
    databases.register(MINE)
    loaded = semg_lib.load("mine", 1, "AB", folder)
    assert fingerprint(loaded) == fingerprint(Source("mine", "AB", str(folder)).load(1))
    with pytest.raises(DataError, match="subject 3 is not in mine"):
        semg_lib.load("mine", 3, "A", folder)


@pytest.mark.parametrize("name", ["db1", "mine"])
def test_labels_of_no_kind_are_told(folder, name):
    databases.register(MINE)
    root = str(folder) if name == "mine" else ""
    with pytest.raises(ValueError, match="unknown labels 'x': choose from restimulus, stimulus"):
        Source(name, "A", root).load(1, labels="x")


def test_a_repetition_that_is_not_there_is_told(folder):
    np.savetxt(folder / "s1_1.csv", trials(2, (1, 3)), delimiter=",", fmt="%.4g")
    databases.register(MINE)
    with pytest.raises(DataError, match=r"s1_1.csv: repetition 2 is not there, only \[1, 3\]"):
        Source("mine", "A", str(folder)).load(1, repetitions=(2,))


def test_a_name_is_given_once():
    databases.register(MINE)
    with pytest.raises(DataError, match="the name 'mine' is taken"):
        databases.register(MINE)
    with pytest.raises(DataError, match="the name 'db1' is taken"):
        databases.register(dataclasses.replace(MINE, name="db1"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "My data"}, "a name has lower-case letters"),
        ({"rate": 0}, "rate is 0, expected more than 0"),
        ({"n_channels": -1}, "n_channels is -1"),
        ({"exercises": ()}, "it has no exercise"),
        (
            {"exercises": (Exercise("AB", 1, 2),)},
            "with one capital letter",
        ),
        (
            {"exercises": (Exercise("A", 1, 0),)},
            "n_movements=0.* should be .*n_movements=1",
        ),
        (
            {"exercises": (Exercise("A", 1, 2), Exercise("B", 2, 1))},
            "number=2, n_movements=1, offset=0.* should be .*number=2, n_movements=1, offset=2",
        ),
        ({"exercises": (Exercise("A", 2, 2),)}, "number=2, .* should be .*number=1"),
        ({"exercises": (Exercise("A", 1, 2), Exercise("A", 2, 1, 2))}, "two exercises have one"),
        ({"test_repetitions": ()}, r"test_repetitions \(\) must be some of 1 to 3"),
        ({"test_repetitions": (4,)}, r"test_repetitions \(4,\) must be some of 1 to 3"),
        ({"test_repetitions": (1, 2, 3)}, r"test_repetitions \(1, 2, 3\) must be some of 1 to 3"),
        ({"channels_of": {3: 1}}, "names subject 3, of 1 to 2"),
        ({"file_name": ""}, r"lacks \{subject\} or \{exercise\}"),
        ({"file_name": "s{subject}.csv"}, r"lacks \{subject\} or \{exercise\}"),
        ({"file_name": "{person}.csv"}, r"cannot be filled in \(KeyError\('person'\)\)"),
        ({"find": lambda root, subject, exercise: [], "read": None}, "a find but no read"),
    ],
)
def test_values_that_contradict_each_other_are_refused_in_one_line(change, said):
    with pytest.raises(DataError, match=said) as error:
        databases.register(dataclasses.replace(MINE, **change))
    assert "\n" not in str(error.value)
    assert "mine" not in databases.DATABASES


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[:, :3], "its reader failed: IndexError"),
        (lambda t: np.insert(t, 0, 1, axis=1), "label is "),
        (
            lambda t: np.add(t, [0, 0, 7, 0]),
            "label is 7.0 at sample 0, expected whole numbers from 0 to 2",
        ),
        (lambda t: np.add(t, [0, 0, 0, 0.5]), "repetition is 0.5 at sample 0"),
        (lambda t: t * [1, 1, 1, 0], "label 1 has no repetition at sample 100"),
        (lambda t: np.add(t, [np.nan, 0, 0, 0]), "emg is not finite at sample 0, channel 0"),
    ],
)
def test_a_file_that_cannot_be_is_named_in_one_line(folder, change, said):
    databases.register(MINE)
    path = folder / "s1_1.csv"
    np.savetxt(path, change(trials(2)), delimiter=",", fmt="%.4g")
    with pytest.raises(DataError, match=said) as error:
        Source("mine", "A", str(folder)).load(1)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_channels_are_counted(folder):
    databases.register(dataclasses.replace(MINE, channels_of={1: 1}))
    with pytest.raises(DataError, match=r"emg has shape \(1200, 2\), expected \(samples, 1\)"):
        Source("mine", "A", str(folder)).load(1)


def test_missing_and_double_files_are_told(folder):
    databases.register(MINE)
    with pytest.raises(DataError, match=r"no file s2_1\.csv"):
        Source("mine", "A", str(folder)).files(2)
    assert available("mine", "AB", folder) == [1]
    (folder / "copy").mkdir()
    (folder / "copy" / "s1_1.csv").write_bytes((folder / "s1_1.csv").read_bytes())
    with pytest.raises(DataError, match=r"s1_1\.csv is there 2 times"):
        Source("mine", "A", str(folder)).files(1)


def test_what_is_not_ninapros_is_not_simulated(tmp_path):
    databases.register(MINE)
    with pytest.raises(DataError, match="mine cannot be simulated: name its folder"):
        Source("mine", "A").load(1)
    with pytest.raises(DataError, match="mine cannot be simulated as files"):
        simulator.write_files(tmp_path, "mine", 1)


def one_contraction(path):
    """Read one held contraction; which, and in which session, only its name says."""
    session, movement = (int(part[1:]) for part in path.stem.split("_")[1:])
    emg = np.loadtxt(path)[10:]
    return emg, np.full(len(emg), movement), np.full(len(emg), session)


def sessions(folder, *, n_sessions=11, n_movements=2):
    rng = np.random.default_rng(0)
    for session in range(1, n_sessions + 1):
        for movement in range(n_movements):
            emg = rng.normal(session, 1, (60, 2))
            np.savetxt(folder / f"S0_D{session}_C{movement}.txt", emg, fmt="%.4g")


SESSIONS = dataclasses.replace(
    MINE,
    name="sessions",
    n_subjects=1,
    n_repetitions=11,
    exercises=(Exercise("A", 1, 1),),
    file_name="S0_D*_C*.txt",
    read=one_contraction,
)


def test_a_recording_may_be_many_small_files_that_only_their_names_tell_apart(tmp_path):
    sessions(tmp_path)
    databases.register(SESSIONS)
    recording = Source("sessions", "A", str(tmp_path)).load(1)
    assert len(recording.emg) == 11 * 2 * 50
    # Session 9 before session 10, and a rest that is a file of its own keeps its session.
    np.testing.assert_array_equal(recording.repetition, np.repeat(np.arange(1, 12), 100))
    np.testing.assert_array_equal(recording.label, np.tile(np.repeat([0, 1], 50), 11))
    findings = list(verify.verify(tmp_path))
    assert len(findings) == 22
    assert {(f.database, f.subject, f.exercise, f.status) for f in findings} == {
        ("sessions", 1, "A", "ok")
    }


def test_files_that_no_name_tells_are_found_by_a_function(folder):
    people = ("ann", "bob")
    for number in (1, 2):
        (folder / f"s1_{number}.csv").rename(folder / f"ann-{number}.txt")

    def find(root, subject, exercise):
        return sorted(root.glob(f"{people[subject - 1]}-{exercise.number}.txt"))

    databases.register(dataclasses.replace(MINE, file_name="", find=find))
    assert Source("mine", "AB", str(folder)).load(1).n_channels == 2
    with pytest.raises(DataError, match="exercise A of mine subject 2"):
        Source("mine", "AB", str(folder)).files(2)


def test_a_find_that_fails_is_one_line(folder):
    databases.register(dataclasses.replace(MINE, file_name="", find=lambda *_: [][0]))
    for ask in (Source("mine", "A", str(folder)).files, lambda _: list(verify.verify(folder))):
        with pytest.raises(DataError, match="find of mine failed: IndexError: list index") as error:
            ask(1)
        assert "\n" not in str(error.value)


def test_only_what_is_half_unpacked_below_the_folder_is_left_out(tmp_path):
    databases.register(MINE)
    root = tmp_path / ".semg" / "data"
    (root / ".semg").mkdir(parents=True)
    for place in (root, root / ".semg"):
        np.savetxt(place / "s1_1.csv", trials(2), delimiter=",", fmt="%.4g")
    assert Source("mine", "A", str(root)).files(1) == {"A": [root / "s1_1.csv"]}


def test_a_search_is_made_once(folder, monkeypatch):
    databases.register(MINE)
    searched = []
    found = registered._found

    def counted(root, spec, subject, exercise):
        if spec == MINE:
            searched.append((subject, exercise.letter))
        return found(root, spec, subject, exercise)

    monkeypatch.setattr(registered, "_found", counted)
    Source("mine", "AB", str(folder)).load(1)
    assert searched == [(1, "A"), (1, "B")]
    searched.clear()
    assert len(list(verify.verify(folder))) == 2
    assert sorted(searched) == [(1, "A"), (1, "B"), (2, "A"), (2, "B")]


def test_verify_names_registered_files_beside_ninapros(folder, root):
    databases.register(MINE)
    (folder / "more").mkdir()
    for path in (root / "db1").rglob("*.mat"):
        (folder / "more" / path.name).write_bytes(path.read_bytes())
    np.savetxt(folder / "s2_1.csv", trials(2, (1, 2)), delimiter=",", fmt="%.4g")
    (folder / "s2_2.csv").write_text("a,b\n")
    (folder / "notes.csv").write_text("of nobody")
    found = {str(each.path): each for each in verify.verify(folder)}
    assert {name: (f.database, f.subject, f.exercise) for name, f in found.items()} == {
        "more/S1_A1_E1.mat": ("db1", 1, "A"),
        "s1_1.csv": ("mine", 1, "A"),
        "s1_2.csv": ("mine", 1, "B"),
        "s2_1.csv": ("mine", 2, "A"),
        "s2_2.csv": ("", 0, ""),
    }
    assert found["s1_1.csv"].status == "ok"
    assert found["s1_1.csv"].seconds == 1200 / 500
    assert found["s2_1.csv"].suspicious == ["2 of 2 x 3 repetitions are missing"]
    assert found["s2_2.csv"].broken[0].startswith("its reader failed: ValueError")


def test_ninapros_own_reader_serves_a_database_of_its_kind(root):
    like_db1 = dataclasses.replace(
        databases.database("db1"), name="db1b", n_subjects=1, n_channels=10
    )
    databases.register(like_db1)
    assert Source("db1b", "A", str(root / "db1")).load(1).database == "db1b"


def test_papers_take_raw_signals_or_envelopes_of_registered_databases():
    before = {paper: set(runs.about(paper)) for paper in ("atzori2016", "zhai2017")}
    databases.register(MINE)
    databases.register(dataclasses.replace(MINE, name="smooth", raw=False))
    more = {paper: set(runs.about(paper)) - before[paper] for paper in before}
    assert more == {"atzori2016": {"mine", "smooth"}, "zhai2017": {"mine"}}
    assert runs.about("zhai2017")["mine"] == "A"


REGISTERS = """
from semg_lib.recordings.databases import DATABASES, Database, Exercise, register
print("run once")
register(Database(name="{name}", title="", rate=1, raw=True, n_channels=1, n_subjects=1,
    n_repetitions=2, exercises=(Exercise("A", 1, 1),), test_repetitions=(1,),
    file_name="{{subject}}_{{exercise}}.mat"))
"""


def test_files_that_the_environment_names_are_run_once(tmp_path, monkeypatch, capsys):
    paths = [tmp_path / "one.py", tmp_path / "two.py"]
    for path in paths:
        path.write_text(REGISTERS.format(name=path.stem))
    monkeypatch.setenv(databases.VARIABLE, os.pathsep.join(map(str, paths)))
    for name in ("one", "two", "one"):
        assert databases.database(name).name == name
    assert [each.name for each in databases.registered()][-2:] == ["one", "two"]
    assert capsys.readouterr().out == "run once\n" * 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import semg_lib\n\n1 / 0\n", "line 3: ZeroDivisionError: division by zero"),
        ("def\n", "SyntaxError: invalid syntax"),
        ("raise SystemExit(0)", "line 1: SystemExit: 0"),
        (REGISTERS.format(name="db1"), "the name 'db1' is taken"),
        (REGISTERS.format(name="half") + "boom\n", "NameError: name 'boom' is not defined"),
        (None, "FileNotFoundError"),
    ],
)
def test_a_fault_in_such_a_file_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, text, said):
    path = tmp_path / "faulty.py"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv(databases.VARIABLE, str(path))
    for _ in range(2):  # again as long as it is not mended
        with pytest.raises(DataError, match=said) as error:
            databases.database("db1")
        assert str(error.value).startswith(f"{path}")
        assert "\n" not in str(error.value)
        assert set(databases.DATABASES) == {"db1", "db2", "db3", "3dc", "multiday"}
    path.write_text(REGISTERS.format(name="mended"))
    assert databases.database("mended").name == "mended"
