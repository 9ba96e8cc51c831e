import errno
import re
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import semg_lib
from semg_lib import cli
from semg_lib.errors import DataError, RunError
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import load_record, load_records
from semg_lib.evaluation.scores import score
from semg_lib.papers import atzori2016, zhai2017
from semg_lib.recordings import simulator
from semg_lib.recordings.forearm import Arm, Drift
from semg_lib.recordings.source import Source, available
from semg_lib.running import notebooks, runs, sweep
from semg_lib.running.runs import Run
from tests.test_api import loaded


def semg(monkeypatch, capsys, *arguments):
    """Run the command as a shell would; return its status and what it wrote."""
    monkeypatch.setattr("sys.argv", ["semg", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr()
    return stop.value.code or 0, said.out, said.err


def test_simulate_writes_files_that_load(tmp_path, monkeypatch, capsys):
    status, out, _ = semg(
        monkeypatch, capsys, "simulate", "--out", tmp_path, "--exercises", "A", "--subjects", "2"
    )
    assert status == 0
    assert out.strip().endswith("S2_A1_E1.mat")
    assert available("db1", "A", tmp_path) == [2]


def test_simulate_turns_drift_and_crosstalk(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(simulator, "write_files", lambda *a, **options: asked.append(options) or [])
    status, _, _ = semg(
        monkeypatch, capsys, "simulate", "--out", tmp_path, "--drift", "0", "--crosstalk", "2"
    )
    assert status == 0
    assert asked == [{"seed": 0, "drift": Drift(0, 0, 0, 0), "arm": Arm(crosstalk=2)}]


WRONG = [
    (["run", "atzori2015", "--out", "o"], "unknown paper 'atzori2015': choose from atzori2016"),
    (["run", "atzori2016", "--out", "o", "--database", "db7"], "unknown database 'db7'"),
    (["run", "atzori2016", "--out", "o", "--subjects", "28"], "choose from 1 to 27"),
    (["run", "atzori2016", "--out", "o", "--exercises", "Z"], "exercise 'Z' is not in db1"),
    (["run", "atzori2016", "--out", "o", "--root", "nowhere"], "no such folder"),
    (["run", "atzori2016", "--out", "o", "--recipe", "mine"], "unknown recipe 'mine'"),
    (["run", "atzori2016", "--out", "o", "--preset", "slow"], "unknown preset 'slow'"),
    (["run", "atzori2016", "--out", "o", "--methods", "cnn,mlp"], "unknown method 'mlp'"),
    (["run", "atzori2016", "--out", "o", "--study", "drift"], "choose from filter, optimiser"),
    (["run", "zhai2017", "--out", "o", "--database", "db1"], "zhai2017 cannot use db1"),
    (["run", "ding2018", "--out", "o", "--recipe", "paper"], "unknown recipe 'paper'"),
    (["simulate", "--out", "o", "--database", "db7"], "unknown database 'db7'"),
    (["simulate", "--out", "o", "--subjects", "0"], "subject 0 is not in db1"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_request_is_one_line_and_fails(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    status, _, err = semg(monkeypatch, capsys, *arguments)
    assert status == 1
    assert said in err
    assert err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_a_bad_file_is_told_and_fails(spoil, tmp_path, monkeypatch, capsys):
    folder = spoil(emg=spoil.good["emg"][:, :9])
    status, _, err = semg(
        monkeypatch, capsys,
        *("run", "atzori2016", "--root", folder, "--subjects", "1", "--out", tmp_path / "o"),
    )  # fmt: skip
    assert status == 1
    assert "S1_A1_E1.mat: emg has shape" in err
    assert "check the database and subject" in err


REFUSED = [
    (PermissionError(errno.EACCES, "Permission denied", "/a"), r"denied: '/a': choose a folder"),
    (OSError(errno.EROFS, "Read-only file system", "/a"), "system: '/a': choose a folder that"),
    (OSError(errno.ENOSPC, "No space left", "/a"), "left: '/a': make room there, or choose"),
    (RunError("[Errno 122] Disk quota exceeded: '/a'"), "exceeded: '/a': make room there"),
]


@pytest.mark.parametrize(("error", "said"), REFUSED)
def test_what_the_system_refuses_comes_with_its_remedy(monkeypatch, capsys, tmp_path, error, said):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(Run, "execute", refuse)
    status, _, err = semg(monkeypatch, capsys, "run", "atzori2016", "--out", tmp_path)
    assert status == 1
    assert re.search(said, err)
    assert err.count("\n") == 1


def test_a_file_where_a_folder_is_asked_for_is_one_line(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").touch()
    status, _, err = semg(
        monkeypatch, capsys, "run", "atzori2016", "--subjects", "1", "--out", tmp_path / "file"
    )
    assert (status, err.count("\n")) == (1, 1)
    assert err.endswith("that is a file: choose a folder\n")


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_who_stops_a_run_is_told_what_is_kept(monkeypatch, capsys, tmp_path, command):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "execute", stop)
    monkeypatch.setattr(sweep, "cluster", stop)
    status, _, err = semg(monkeypatch, capsys, command, "atzori2016", "--out", tmp_path)
    assert status == 130
    assert (
        err
        == f"semg: stopped; what was scored is kept below {tmp_path}: the same command goes on\n"
    )


def test_simulated_files_replace_no_others(root, monkeypatch, capsys):
    before = {path: path.read_bytes() for path in root.rglob("*.mat")}
    status, _, err = semg(
        monkeypatch, capsys, "simulate", "--out", root / "db1", "--exercises", "A", "--seed", "5"
    )
    assert (status, err.count("\n")) == (1, 1)
    assert re.search(r"S1_A1_E1\.mat: there is one already; choose another folder", err)
    assert {path: path.read_bytes() for path in root.rglob("*.mat")} == before


@pytest.mark.slow
def test_a_shell_sees_one_line_of_a_bad_file(root, tmp_path):
    (tmp_path / "S1_A1_E1.mat").write_bytes(b"<html>" * 100)
    program = "from semg_lib.cli import main; main()"
    arguments = ["run", "atzori2016", "--root", str(tmp_path), "--subjects", "1"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, "--out", str(tmp_path / "o")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "not a MATLAB 5 or 7.3 file" in done.stderr


# To a shell, papermill, rich or an expression each of these means something of its own.
ODD = "-a  {x} {root} [red] :smile: 'q' \"d\" $HOME ~ \\n \n * %s ü"


def test_paths_are_printed_as_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(simulator, "write_files", lambda *_, **__: [tmp_path / ODD])
    status, out, _ = semg(monkeypatch, capsys, "simulate", "--out", tmp_path)
    assert (status, out) == (0, f"{tmp_path / ODD}\n")


@pytest.mark.slow
def test_a_run_leaves_notebook_and_record_and_goes_on(root, tmp_path, monkeypatch, capsys):
    """Whatever characters its folders have."""
    data, runs = tmp_path / "data" / ODD, tmp_path / "runs" / ODD
    shutil.copytree(root / "db1", data)
    arguments = [
        *("run", "atzori2016", "--root", data, "--subjects", "1", "--out", runs),
        *("--preset", "quick", "--epochs", "1", "--seed", "3", "--methods", "cnn,lda"),
    ]
    status, out, err = semg(monkeypatch, capsys, *arguments)
    assert status == 0, err
    (folder,) = runs.iterdir()
    named = "atzori2016-db1-A-s1-quick-recommended-seed3-1epochs-cnn+lda-root"
    assert folder.name.startswith(named)
    assert {"notebook.ipynb", "record.json"} <= {path.name for path in folder.iterdir()}
    record = load_record(folder / "record.json")
    assert (record.seed, record.subjects, record.exercises) == (3, [1], "A")
    assert record.simulated  # the files were simulated, and say so
    assert [score.method for score in record.scores] == ["cnn", "lda"]
    assert "record.json" in out.replace("\n", "")
    before = record.scores
    status, _, _ = semg(monkeypatch, capsys, *arguments)
    assert status == 0
    assert load_record(folder / "record.json").scores == before
    assert semg(monkeypatch, capsys, "table", runs)[0] == 0
    assert semg(monkeypatch, capsys, "verify", data)[0] == 0


def test_other_requests_have_other_folders(root, tmp_path):
    simulator.write_files(tmp_path / "data", "db1", 1, "A", movements=(1,))
    (tmp_path / "link").symlink_to(root)
    asked = {"subjects": [1], "preset": "quick", "methods": ["lda"]}
    simulated = Run("atzori2016", **asked)
    ours, others, link = (
        Run("atzori2016", root=str(each), **asked)
        for each in (root, tmp_path / "data", tmp_path / "link")
    )
    assert len({simulated.name, ours.name, others.name}) == 3
    assert link.name == ours.name
    all_of_them = Run("atzori2016")
    assert all_of_them.name == "atzori2016-db1-A-s1-2-quick-recommended-seed0"
    assert Run("atzori2016", methods=list(atzori2016.METHODS)).name == all_of_them.name
    assert Run("atzori2016", methods=["lda"]).name == f"{all_of_them.name}-lda"
    either = [Run("atzori2016", methods=names) for names in (["lda", "cnn"], ["cnn", "lda", "cnn"])]
    assert [run.methods for run in either] == [["cnn", "lda"]] * 2
    studied = Run("atzori2016", methods=["lda"], study="optimiser").name
    assert studied == f"{all_of_them.name}-lda-optimiser"
    long = [
        Run("zhai2017", methods=[name for name in zhai2017.METHODS if name != left_out]).name
        for left_out in zhai2017.METHODS
    ]
    assert len(set(long)) == len(zhai2017.METHODS)
    assert all(re.search("-seed0-[0-9a-f]{8}$", name) for name in long)


def test_an_installed_copy_says_that_papers_need_a_clone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path / "notebooks")
    for command in ("run", "sweep"):
        status, _, err = semg(
            monkeypatch, capsys, command, "atzori2016", "--subjects", "1", "--out", tmp_path / "o"
        )
        assert status == 1
        assert "no such notebook; papers run from a clone: git clone https://" in err
        assert err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_a_paper_brings_its_database_and_exercises():
    assert (Run("zhai2017").database, Run("zhai2017").exercises) == ("db2", "BCD")
    assert Run("zhai2017", database="db3").exercises == "BC"
    assert Run("atzori2016").exercises == "A"


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_all_subjects_are_those_whose_files_are_there(tmp_path, monkeypatch, capsys, command):
    for subject in (2, 5):
        simulator.write_files(tmp_path, "3dc", subject, movements=(1,))
    made = []

    def stop(*_):
        raise DataError("enough")

    monkeypatch.setattr(Run, "__post_init__", lambda run: made.append(run.subjects))
    monkeypatch.setattr(Run, "execute", stop)
    arguments = [command, "ding2018", "--database", "3dc", "--subjects", "all", "--root", tmp_path]
    arguments += ["--scheduler", "nowhere"] if command == "sweep" else []
    _, out, _ = semg(monkeypatch, capsys, *arguments, "--out", tmp_path / "o")
    assert made == ([[2, 5]] if command == "run" else [[2], [5]])
    assert out.startswith(f"left out, for their files are not all below {tmp_path}: subjects 1, 3")
    assert "subjects 1, 3-4, 6-22\n" in out


def test_no_subjects_are_the_first_two_that_are_there(tmp_path):
    def asked(database, root=None):
        return runs.asked("ding2018", database, "", "", "all", root)

    assert asked("multiday")[0]["subjects"] == [1]
    assert asked("db2")[0]["subjects"] == [1, 2]
    for subject in (2, 5, 6):
        simulator.write_files(tmp_path, "3dc", subject, movements=(1,))
    fields, lacking = asked("3dc", tmp_path)
    assert (fields["subjects"], lacking) == ([2, 5], [])


def test_all_of_nobody_names_the_first_file(tmp_path, monkeypatch, capsys):
    asked, lacking = runs.asked("ding2018", "3dc", "", "all", "all", None)
    assert (asked["subjects"], lacking) == ([*range(1, 23)], [])
    order = ["run", "ding2018", "--database", "3dc", "--subjects", "all", "--root", tmp_path]
    status, _, err = semg(monkeypatch, capsys, *order, "--out", tmp_path / "o")
    assert status == 1
    assert "no file Participant1/" in err


@pytest.fixture
def amputee(tmp_path):
    """A folder with what subject 1 of DB3 did: exercises B and C, not D."""
    for exercise, movements in (("B", (1, 5, 11)), ("C", (18, 19))):
        simulator.write_files(tmp_path / "db3", "db3", 1, exercise, movements=movements)
    return tmp_path


def test_an_amputee_who_stopped_early_has_what_there_is(amputee):
    source = Source("db3", "BCD", str(amputee))
    assert list(source.files(1)) == ["B", "C"]
    assert source.load(1).movements.tolist() == [1, 5, 11, 18, 19]
    with pytest.raises(DataError, match=r"no file S2_E1_A1\.mat"):
        source.load(2)
    with pytest.raises(DataError, match="did 38 movements, none of exercise D"):
        Source("db3", "D").load(1)


@pytest.mark.slow
def test_an_amputee_who_stopped_early_runs_on_what_there_is(amputee, tmp_path, monkeypatch, capsys):
    status, out, err = semg(
        monkeypatch, capsys,
        *("run", "zhai2017", "--database", "db3", "--exercises", "BCD", "--root", amputee),
        *("--subjects", "1", "--preset", "quick", "--epochs", "1", "--out", tmp_path / "o"),
        *("--methods", "svm_none,svm_last"),
    )  # fmt: skip
    assert status == 0, err
    assert "svm_last" in out
    (path,) = (tmp_path / "o").glob("*/record.json")
    record = load_record(path)
    assert record.simulated
    assert [len(score.sessions) for score in record.scores] == [5, 5]
    assert record.labels == [5, 11, 19]  # those of the paper's ten


def test_the_preset_follows_the_data(root):
    assert Run("atzori2016").preset == "quick"
    assert Run("atzori2016", subjects=[1], root=str(root)).preset == "full"


def test_help_lists_the_commands():
    said = CliRunner().invoke(cli.app, ["--help"]).output
    assert "simulate" in said
    assert "run" in said


def test_the_version_is_told(monkeypatch, capsys):
    assert semg(monkeypatch, capsys, "--version") == (0, f"semg {semg_lib.__version__}\n", "")


def test_help_waits_for_no_package_that_it_does_not_need():
    found = loaded("import semg_lib.cli")
    assert "typer" in found
    assert not found & {"torch", "pandas", "numpy", "papermill", "distributed", "pooch"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "missing", "said"),
    [
        (
            "run atzori2016 --subjects 1 --out o",
            "papermill",
            r'run needs papermill: pip install "semg_lib\[run\] @ git\+https://github.com/.*"\n$',
        ),
        ("sweep atzori2016 --subjects 1 --out o", "distributed", "sweep needs distributed: "),
        ("download db1 --root o", "requests", 'download needs requests: .*"semg_lib.download.'),
        ("--help", "typer", "needs typer: pip install "),
    ],
)
def test_a_missing_extra_is_one_line(tmp_path, arguments, missing, said):
    program = f"import sys; sys.modules[{missing!r}] = None; from semg_lib.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments.split()],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert re.match(f"semg {said}", done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not any(tmp_path.rglob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.real
def test_a_committed_record_is_reproduced(real_root):
    """The classical methods of one real subject, by the library; CI has no time for the network."""
    stored = summaries.by_subject(
        load_records("atzori2016", recipe="recommended", database="db1", seed=0)
    )
    recording = Source("db1", "A", str(real_root)).load(2)
    settings = atzori2016.Settings.named("db1")
    for outcome in atzori2016.replicate([recording], settings, methods=["lda", "random_forest"]):
        assert score(outcome).accuracy == pytest.approx(stored.loc[2, outcome.method], abs=0.02)
