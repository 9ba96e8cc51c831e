import json
import shutil
import sys
import time

import numpy as np
import pytest
import scipy.io

from semg_lib.cli import main
from semg_lib.download import verify
from semg_lib.errors import DataError
from semg_lib.recordings import ninapro, simulator
from tests.test_matlab import write_73

FEW = [f"{name}: 48 of 9 x 6 repetitions are missing" for name in ("restimulus", "stimulus")]


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A whole simulated exercise of DB1, and short ones of DB2 and DB3."""
    folder = tmp_path_factory.mktemp("whole")
    simulator.write_files(folder / "db1", "db1", 3, "B")
    simulator.write_files(folder / "db2", "db2", 20, "D", movements=(41,))
    simulator.write_files(folder / "db3", "db3", 7, "D", movements=(41,))
    return folder


def found(folder):
    return sorted(verify.verify(folder), key=lambda each: each.database)


def test_files_are_named_from_what_they_hold(whole, tmp_path):
    def names(folder):
        return [(f.database, f.subject, f.exercise, f.status, f.reasons) for f in found(folder)]

    assert names(whole) == [
        ("db1", 3, "B", "ok", []),
        ("db2", 20, "D", "suspicious", FEW),
        ("db3", 7, "D", "suspicious", FEW),
    ]
    for number, path in enumerate(whole.rglob("*.mat")):
        shutil.copy(path, tmp_path / f"copy {number}.MAT")
    assert names(tmp_path) == names(whole)


def test_12_electrodes_of_an_early_subject_are_of_two_databases_unless_the_path_tells(tmp_path):
    (path,) = simulator.write_files(tmp_path, "db3", 2, "D", movements=(41,))
    (finding,) = found(tmp_path)
    assert finding.database == "db2 or db3"
    (tmp_path / "DB3").mkdir()
    path.rename(tmp_path / "DB3" / "x.mat")
    assert found(tmp_path)[0].database == "db3"


def changed(whole, tmp_path, **changes):
    (path,) = (whole / "db1").rglob("*.mat")
    content = {k: v for k, v in scipy.io.loadmat(path).items() if k[0] != "_"} | changes
    content = {key: value for key, value in content.items() if value is not None}
    target = tmp_path / changes.get("_name", path.name)
    content.pop("_name", None)
    scipy.io.savemat(target, content, do_compression=True)
    return content


def twice(label):
    """Let one sample of a movement be another's."""
    label = label.copy()
    label[np.flatnonzero(label == 2)[50]] = 7
    return label


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (lambda c: {"restimulus": None}, "suspicious", "the screen's labels (stimulus) are used"),
        (lambda c: {"stimulus": None}, "suspicious", "no variable 'stimulus'"),
        (lambda c: {"stimulus": None, "restimulus": None}, "broken", "no variable 'restimulus'"),
        (lambda c: {n: 0 * c[n] for n in ninapro.LABELS["restimulus"]}, "broken", "only rest"),
        (lambda c: {"emg": c["emg"] * [0] + c["emg"][:, :1]}, "ok", ""),
        (lambda c: {"emg": c["emg"] * (np.arange(10) != 4)}, "suspicious", "trode 5 never"),
        (lambda c: {"emg": c["emg"][:, :8]}, "suspicious", "no database known here: 8 electrodes"),
        (lambda c: {"_name": "S9_A1_E2.mat"}, "suspicious", "its name says subject 9, it says 3"),
        (lambda c: {"exercise": 1}, "suspicious", "it is exercise 1, it is taken as 2"),
        (lambda c: {"_name": "S3_A1_E3.mat"}, "suspicious", "its name says exercise 3, it is 2"),
        (lambda c: {"restimulus": twice(c["restimulus"])}, "suspicious", "label 7 lasts 10 ms"),
        (lambda c: {"restimulus": c["restimulus"] * 2}, "broken", "label 34 is out of range"),
        (lambda c: {"rerepetition": c["rerepetition"] + 3 * (c["rerepetition"] > 0)},
         "broken", "rerepetition holds 13"),
        (lambda c: {"restimulus": c["restimulus"] * (c["rerepetition"] != 4),
                    "rerepetition": c["rerepetition"] * (c["rerepetition"] != 4)},
         "suspicious", "17 of 17 x 10 repetitions are missing"),
        (lambda c: {n: np.roll(c[n], 400) for n in ("restimulus", "rerepetition")},
         "suspicious", "stimulus and restimulus agree on"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(whole, tmp_path, change, status, said):
    (path,) = (whole / "db1").rglob("*.mat")
    changed(whole, tmp_path, **change(scipy.io.loadmat(path)))
    (finding,) = found(tmp_path)
    assert (finding.status, finding.reasons == []) == (status, status == "ok"), finding.reasons
    assert said in "; ".join(finding.reasons)


def test_transposed_version_73_and_doubled_files(whole, tmp_path):
    content = changed(whole, tmp_path)
    changed(whole, tmp_path, emg=content["emg"].T, _name="a.mat")
    write_73(tmp_path / "b.mat", {k: np.atleast_2d(v) for k, v in content.items()})
    findings = found(tmp_path)
    assert {(f.database, f.subject, f.exercise) for f in findings} == {("db1", 3, "B")}
    reasons = sorted(reason for f in findings for reason in f.reasons)
    told = ["a run takes S3_A1_E2.mat instead"] * 2 + ["the same signal as S3_A1_E2.mat"] * 2
    assert reasons == told


def test_a_damaged_byte_anywhere_is_broken(whole, tmp_path):
    (path,) = (whole / "db1").rglob("*.mat")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1  # in a variable that loading does not need
    (tmp_path / "S3_A1_E2.mat").write_bytes(data)
    (finding,) = found(tmp_path)
    assert finding.status == "broken"
    assert "checksum" in finding.reasons[0]


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["semg", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr()


def test_the_command_prints_a_table_or_json_and_fails_if_one_is_broken(
    whole, tmp_path, monkeypatch, capsys
):
    code, printed = run(monkeypatch, capsys, "verify", whole)
    assert code == 0
    assert "1 ok, 2 suspicious" in printed.out
    shutil.copytree(whole, tmp_path / "b")
    (tmp_path / "b" / "c [red].mat").write_bytes(b"nothing")
    code, printed = run(monkeypatch, capsys, "verify", tmp_path / "b", "--json")
    assert code == 1
    rows = json.loads(printed.out)
    assert sorted(row["status"] for row in rows) == [
        "broken",
        "ok",
        "suspicious",
        "suspicious",
    ]
    assert next(r for r in rows if r["status"] == "broken")["path"] == "c [red].mat"
    code, printed = run(monkeypatch, capsys, "verify", tmp_path / "b")
    assert code == 1
    assert "1 broken, 1 ok, 2 suspicious" in printed.out


def test_a_folder_without_files_is_told(tmp_path, monkeypatch, capsys):
    with pytest.raises(DataError, match=r"no file of a data set below it, neither \.mat nor text"):
        list(verify.verify(tmp_path))
    with pytest.raises(DataError, match="no such folder"):
        list(verify.verify(tmp_path / "nowhere"))
    code, printed = run(monkeypatch, capsys, "verify", tmp_path)
    assert code == 1
    assert (
        printed.err == f"semg: {tmp_path}: no file of a data set below it, neither .mat nor text\n"
    )


@pytest.mark.slow
@pytest.mark.real
def test_real_files_are_ok_wherever_they_lie(real_root, tmp_path):
    for number, path in enumerate(sorted((real_root / "db1").rglob("*.mat"))):
        (tmp_path / f"f{number:02}.mat").symlink_to(path)

    def look(folder):
        return sorted(
            (f.database, f.subject, f.exercise, f.status, f.reasons) for f in verify.verify(folder)
        )

    began = time.monotonic()
    official = look(real_root / "db1")
    assert time.monotonic() - began < 30
    assert {row[3] for row in official} == {"ok"}
    assert len(official) == 18
    assert look(tmp_path) == official
