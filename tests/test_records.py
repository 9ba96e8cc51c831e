import dataclasses
import json
import math
import os
from types import SimpleNamespace

import numpy as np
import pytest

from semg_lib import figures
from semg_lib.errors import DataError, DataWarning
from semg_lib.evaluation import records as records_
from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import (
    RESULTS,
    Record,
    load_record,
    load_records,
    open_run,
)
from semg_lib.evaluation.writing import write_atomically
from semg_lib.learning import baselines
from semg_lib.learning.outcomes import Outcome, SessionOutcome
from semg_lib.papers import atzori2016, zhai2017
from semg_lib.papers.atzori2016 import REPORTED, Settings
from semg_lib.recordings import simulator
from semg_lib.recordings.source import Source

SOURCE = Source("db1", "A")
RUN = {
    "paper": "atzori2016",
    "subjects": [1, 2],
    "seed": 0,
    "recipe": "recommended",
    "preset": "quick",
    "settings": Settings.named("db1"),
    "device": "cpu",
}


def start(**changes):
    return Record.start(SOURCE, **(RUN | changes))


def outcome(subject=1, method="cnn", right=3, labels=(0, 1, 2, 3), loss=()):
    label = np.array(labels)
    predicted = np.where(np.arange(len(label)) < right, label, label[0])
    return Outcome(subject, method, label, predicted, tuple(loss))


def test_a_record_says_what_was_run():
    record = start()
    assert record.simulated
    assert (record.database, record.exercises, record.data) == ("db1", "A", {})
    assert {"python", "torch", "numpy"} <= set(record.versions)
    assert record.settings["window_ms"] == 150
    assert record.settings["recipe"]["epochs"] == 30
    assert "CPU" in record.device


def test_a_record_survives_saving(tmp_path):
    record = start()
    record.add(outcome(loss=[1.5, float("nan")]))
    record.add(outcome(method="lda"))
    record.save(tmp_path / "a" / "record.json")
    again = load_record(tmp_path / "a" / "record.json")
    assert again.scores == record.scores
    assert again.losses == {"cnn": [[1.5, None]]}
    assert again.confusion == record.confusion
    assert again.wall_seconds >= 0
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["record.json"]
    content = json.loads((tmp_path / "a" / "record.json").read_text())
    assert set(content["scores"][0]) == {
        *("subject", "method", "accuracy", "balanced_accuracy", "classes", "n_test")
    }


def test_an_empty_record_is_json(tmp_path):
    start().save(tmp_path / "record.json")
    assert load_record(tmp_path / "record.json").scores == []


def test_a_cut_off_run_goes_on_and_another_begins_anew(tmp_path):
    path = tmp_path / "record.json"
    assert start().resume(path).scores == []
    record = start()
    record.add(outcome())
    record.save(path)
    same = start().resume(path)
    assert same.missing(1, ["cnn"]) == []
    assert same.missing(1, ["svm", "cnn", "lda"]) == ["svm", "lda"]
    assert same.missing(2, ["cnn"]) == ["cnn"]
    assert start(seed=1).resume(path).scores == []
    assert start(settings=Settings.named("db1", epochs=2)).resume(path).scores == []


def test_a_score_counts_once():
    record = start()
    record.add(outcome())
    before = record.model_dump()
    with pytest.raises(ValueError, match="subject 1 has a score of cnn already"):
        record.add(outcome(right=4, loss=[1.0]))
    assert record.model_dump() == before


def test_short_steps_add_up_to_the_time_a_run_took(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(records_.time, "monotonic", lambda: clock[0])
    record = start()
    for _ in range(50):
        clock[0] += 0.04
        record.save(tmp_path / "record.json")
    assert record.wall_seconds == 2
    clock[0] += 1000
    again = load_record(tmp_path / "record.json")
    clock[0] += 0.5
    again.save(tmp_path / "record.json")
    assert again.wall_seconds == 2.5


def run(out, methods, cut_off_before=(), seed=0):
    """Score methods on both subjects as a notebook does; return what was run."""
    ran = []
    with open_run(out, SOURCE, **RUN | {"seed": seed}) as record:
        for subject in RUN["subjects"]:
            for method in record.missing(subject, methods):
                if (subject, method) == cut_off_before:
                    raise KeyboardInterrupt
                record.add(outcome(subject, method))
                ran.append((subject, method))
    return ran


def test_an_open_run_goes_on_where_it_was_cut_off(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ["cnn", "lda"], cut_off_before=(2, "lda"))
    assert len(load_record(tmp_path / "record.json").scores) == 3
    assert run(tmp_path, ["cnn", "lda"]) == [(2, "lda")]
    assert run(tmp_path, ["cnn", "lda"]) == []
    assert run(tmp_path, ["cnn", "svm"]) == [(1, "svm"), (2, "svm")]
    stored = load_record(tmp_path / "record.json")
    assert len(stored.scores) == 6
    assert {np.sum(matrix) for matrix in stored.confusion.values()} == {8}


def test_an_open_run_is_on_the_disk_before_the_next_begins(tmp_path):
    """What a kill leaves is what was there at that moment."""
    with open_run(str(tmp_path), SOURCE, study="optimiser", **RUN) as record:
        assert not any(tmp_path.iterdir())
        record.add(outcome())
        assert load_record(tmp_path / "study.json").scores == record.scores
    record.add(outcome(2))
    assert len(load_record(tmp_path / "study.json").scores) == 1


def test_an_open_run_of_something_else_begins_anew_and_takes_nothing_away(tmp_path):
    run(tmp_path, ["cnn"])
    before = load_record(tmp_path / "record.json")
    for number in (1, 2):
        said = rf"record.json begins anew: .* kept as record-before-{number}.json"
        with pytest.warns(DataWarning, match=said):
            assert len(run(tmp_path, ["cnn"], seed=number)) == 2
    assert load_record(tmp_path / "record-before-1.json").scores == before.scores
    assert load_record(tmp_path / "record-before-2.json").seed == 1
    assert load_record(tmp_path / "record.json").seed == 2


BROKEN = {
    "cut": b'{"paper": "atzori2016", "seed": 0, "scores": [',
    "empty": b"",
    "of zeros": bytes(100),
    "foreign": '{"paper": "caf\xe9"}'.encode("cp1252"),
    "UTF-16": '{"paper": "x"}'.encode("utf-16"),
    "something else": b"[1, 2]",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_run_whose_record_is_broken_begins_anew_and_keeps_it(tmp_path, content):
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(DataError, match=r"record\.json: not a record: "):
        load_record(tmp_path / "record.json")
    with pytest.warns(DataWarning, match="kept as record-before-1.json"):
        assert len(run(tmp_path, ["cnn"])) == 2
    assert (tmp_path / "record-before-1.json").read_bytes() == content
    assert run(tmp_path, ["cnn"]) == []


def test_what_cannot_be_read_is_no_record(tmp_path):
    (tmp_path / "record.json").mkdir()
    with pytest.raises(DataError, match=r"record\.json: cannot be read: Is a directory"):
        load_record(tmp_path / "record.json")
    with pytest.warns(DataWarning, match="kept as record-before-1.json"):
        assert len(run(tmp_path, ["cnn"])) == 2


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(run("", ["cnn"])) == 2
    assert not any(tmp_path.iterdir())


def test_recordings_that_were_read_are_named_by_their_hashes(tmp_path):
    simulator.write_files(tmp_path, "db1", 1, "A", movements=(1, 2))
    source = Source("db1", "A", str(tmp_path))
    of = {
        labels: Record.start(source, **RUN | {"subjects": [1]}, labels=labels).data[1]
        for labels in ("restimulus", "stimulus", ("restimulus", "stimulus"))
    }
    assert of["restimulus"] != of["stimulus"]
    assert of["restimulus", "stimulus"] == f"{of['restimulus']}+{of['stimulus']}"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.txt"
    write_atomically(path, "° old\n")
    assert path.read_bytes() == "° old\n".encode()

    def full(_):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"no space.*/a\.txt"):
        write_atomically(path, "new\n")
    assert [each.read_text(encoding="utf-8") for each in path.parent.iterdir()] == ["° old\n"]


def test_what_is_written_through_a_link_is_its_file(tmp_path):
    real, link = tmp_path / "real" / "a.txt", tmp_path / "link.txt"
    write_atomically(real, "old")
    link.symlink_to(real)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_confusions_add_up_over_subjects_with_other_labels():
    record = start()
    record.add(outcome(labels=(0, 1, 3), right=3))
    record.add(outcome(subject=2, labels=(0, 1, 2), right=3))
    record.add(outcome(subject=2, method="lda", labels=(0, 1, 2), right=3))
    assert record.labels == [0, 1, 2, 3]
    assert record.confusion["cnn"] == np.diag([2, 2, 1, 1]).tolist()
    assert record.confusion["lda"] == np.diag([1, 1, 1, 0]).tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not a record: Invalid JSON"), ('{"paper": "x"}', "not a record: database: ")],
)
def test_files_that_are_no_records_are_told(tmp_path, text, said):
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(DataError, match=f"record.json: {said}"):
        load_record(path)
    with pytest.raises(DataError, match="no such record"):
        load_record(tmp_path / "other.json")


def two_seeds():
    records = []
    for seed, right in ((0, 2), (1, 4)):
        record = start(seed=seed)
        for subject in (1, 2, 3):
            record.add(outcome(subject, right=right))
        record.add(outcome(1, "lda", right=2))
        records.append(record)
    return records


def test_tables_average_over_seeds_first():
    records = two_seeds()
    assert summaries.by_subject(records).loc[1, "cnn"] == pytest.approx((0.5 + 1) / 2)
    summary = summaries.summary(records).loc["cnn"]
    assert summary["mean"] == pytest.approx(75)
    assert (summary["subjects"], summary["seeds"]) == (3, 2)


def of_a_person(right, data="one", **changes):
    """A record of two subjects that were recorded; their data are named."""
    record = start(**{name: changes.pop(name) for name in ("seed", "settings") if name in changes})
    record = record.model_copy(
        update={"simulated": False, "data": {1: data, 2: "of the second"}} | changes
    )
    for subject in record.subjects:
        record.add(outcome(subject, right=right))
    return record


APART = {
    "epochs": {"settings": Settings.named("db1", epochs=2)},
    "data": {"data": "another"},
    "simulated": {"simulated": True},
    "recipe": {"recipe": "paper"},
    "preset": {"preset": "full"},
    "study": {"study": "filter"},
    "exercises": {"exercises": "B"},
    "paper": {"paper": "ding2018"},
}


@pytest.mark.parametrize("change", APART)
def test_what_cannot_be_compared_has_no_common_mean(change):
    records = [of_a_person(2), of_a_person(4, **APART[change]), of_a_person(3, seed=1)]
    for table in (summaries.by_subject, summaries.by_session, summaries.summary):
        with pytest.raises(DataError, match=f"records of other {change} .* have no common mean"):
            table(records)
    groups = summaries.alike(records)
    assert [group for group, _ in groups] == [[records[0], records[2]], [records[1]]]
    assert change in summaries.differences(groups)
    assert [summaries.summary(group).loc["cnn", "mean"] for group, _ in groups] == [62.5, 100]


def test_other_people_other_seeds_and_older_names_of_settings_are_one_kind():
    older = of_a_person(2)
    del older.settings["snr_db"]
    third = of_a_person(4, subjects=[3], data="another")
    records = [older, third, of_a_person(4, seed=1)]
    assert len(summaries.alike(records)) == 1
    assert summaries.summary(records).loc["cnn", "subjects"] == 3
    records[1].code = "other"
    assert len(summaries.alike(records)) == 1
    told = summaries.differences(summaries.alike(records, code=True))
    assert told["code"].tolist() == [older.code, "other"]


def test_simulated_numbers_say_so_beside_the_papers():
    table = summaries.beside_reported(REPORTED, "db1", this_run=two_seeds(), stored_run=[])
    assert list(table.columns) == ["paper", "this run"]
    assert table.loc["cnn", "paper"] == "66.59 ± 6.40 (S)"
    assert "simulated" in table.loc["cnn", "this run"]
    assert table.loc["classical average", "this run"] == ""


def test_stored_records_are_found_by_what_they_are(tmp_path):
    for name, changes in (("a", {}), ("b", {"recipe": "paper"}), ("c", {"study": "optimiser"})):
        start(**changes).save(tmp_path / "atzori2016" / f"{name}.json")
    assert len(load_records("atzori2016", tmp_path)) == 2
    assert len(load_records("atzori2016", tmp_path, recipe="paper")) == 1
    assert load_records("atzori2016", tmp_path, study="optimiser")[0].study == "optimiser"


def test_missing_results_are_told(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"no results of 'atzori2061': choose from atzori2016, "):
        load_records("atzori2061")
    assert load_records("atzori2016", recipe="nobody's") == []
    assert load_records("atzori2016", tmp_path) == []  # a paper, without results so far
    monkeypatch.setattr(records_, "RESULTS", tmp_path / "results")  # as in an installed copy
    with pytest.raises(DataError, match="no stored results there: git clone https"):
        load_records("atzori2016")


def test_a_notebook_goes_on_without_results(tmp_path, monkeypatch):
    mine = [start()]
    with pytest.warns(DataWarning, match="no record of atzori2016 with .*'seed': 77"):
        assert load_records("atzori2016", default=mine, seed=77) is mine
    monkeypatch.setattr(records_, "RESULTS", tmp_path / "results")
    with pytest.warns(DataWarning, match="no stored results there"):
        assert load_records("atzori2016", default=mine) is mine


@pytest.mark.parametrize(
    "path", sorted(RESULTS.glob("*/*.json")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_no_stored_score_counts_twice(path):
    scores = [(score.subject, score.method) for score in load_record(path).scores]
    assert len(scores) == len(set(scores))


@pytest.mark.parametrize("record", load_records("atzori2016"), ids=lambda r: f"{r.recipe}{r.seed}")
def test_stored_records_agree_with_themselves(record):
    assert not record.simulated
    assert {s.subject for s in record.scores} == set(record.subjects)
    for method, matrix in record.confusion.items():
        scores = [s for s in record.scores if s.method == method]
        counts = np.array(matrix)
        assert counts.sum() == sum(s.n_test for s in scores)
        right = sum(s.accuracy * s.n_test for s in scores)
        assert np.trace(counts) == pytest.approx(right, abs=1e-6)
    for curves in record.losses.values():
        assert all(math.isfinite(v) for curve in curves for v in curve)


def over_sessions(subject, method, right=(1, 1, 0, 1)):
    label = np.array([1, 2, 1, 2])
    return SessionOutcome(
        subject=subject,
        method=method,
        label=label,
        predicted=np.where(right, label, 0),
        session=np.array([1, 1, 2, 2]),
        corrected=label,
    )


def test_sessions_are_kept_and_read_back(tmp_path):
    record = start(study="drift")
    for method in ("0.5: cnn_none", "0.5: cnn_oracle", "1: cnn_none", "1: cnn_oracle"):
        record.add(
            over_sessions(1, method, (1, 1, 1, 1) if method == "1: cnn_oracle" else (1, 1, 0, 1))
        )
    record.save(tmp_path / "r.json")
    (again,) = [load_record(tmp_path / "r.json")]
    assert again.scores == record.scores
    assert again.scores[0].sessions == [1, 0.5]
    assert again.scores[0].accuracy == 0.75
    table = summaries.by_session([again])
    assert table.loc[("0.5: cnn_none", 1)].tolist() == [1, 0.5]
    later = summaries.recalibrated([again])
    assert later.columns.tolist() == ["cnn_none", "cnn_oracle"]
    assert later.loc[("0.5", 1)].tolist() == [0.5, 0.5]
    assert later.loc[("1", 1)].tolist() == [0.5, 1]
    corrected = summaries.by_session([again], value="corrected")
    assert corrected.loc[("0.5: cnn_none", 1)].tolist() == [1, 1]


def test_sessions_keep_their_numbers_where_a_recording_lacks_one(tmp_path):
    """Without repetition 3, the second session that is tested is repetition 4: session 3."""
    chosen = zhai2017.Settings.named("db2")
    lacking = {1: [1, 2, 3, 4, 5, 6], 2: [1, 2, 4, 5, 6], 3: [1, 3, 4, 5, 6]}
    recordings = {}
    one = simulator.simulate("db2", 1, "B", movements=(1,), labels="stimulus")
    for subject, repetitions in lacking.items():
        kept = np.isin(one.repetition, [0, *repetitions])
        parts = {
            name: getattr(one, name)[kept] for name in ("emg", "label", "repetition", "exercise")
        }
        recordings[subject] = dataclasses.replace(one, subject=subject, simulated=False, **parts)
    source = SimpleNamespace(
        database="db2", exercises="B", root="somewhere",
        simulated=lambda subject: False, load=lambda subject, labels: recordings[subject],
    )  # fmt: skip
    what = RUN | {"paper": "zhai2017", "settings": chosen, "subjects": [1, 2, 3]}
    record = Record.start(source, **what)
    assert record.repetitions == {2: lacking[2], 3: lacking[3]}
    assert len(record.data) == 3
    for subject, n in ((1, 5), (2, 4), (3, 4)):
        label = np.tile([1, 2], n)
        record.add(SessionOutcome(
            subject, "svm_none", label, label, session=np.repeat(np.arange(1, n + 1), 2)
        ))  # fmt: skip
        for k, each in enumerate(record.scores[-1].sessions):
            assert each == 1
            record.scores[-1].sessions[k] = k / 10
    record.save(tmp_path / "record.json")
    table = summaries.by_session([load_record(tmp_path / "record.json")]).loc["svm_none"]
    gap = float("nan")
    np.testing.assert_array_equal(
        table, [[0, 0.1, 0.2, 0.3, 0.4], [0, gap, 0.1, 0.2, 0.3], [gap, 0, 0.1, 0.2, 0.3]]
    )
    assert table.columns.tolist() == [1, 2, 3, 4, 5]
    every = summaries.over_sessions(summaries.by_session([record]))
    assert every.loc["n"].tolist() == [2, 2, 3, 3, 3]
    assert every.loc["svm_none"].tolist() == pytest.approx([0, 5, 40 / 3, 70 / 3, 100 / 3])
    whole = summaries.by_session([record]).xs(1, level="subject", drop_level=False)
    assert (
        whole.index.tolist() == summaries.over_sessions(whole).index.map(lambda m: (m, 1)).tolist()
    )
    later = summaries.recalibrated([record])["svm_none"]
    assert later.tolist() == pytest.approx([0.25, 0.2, 0.15])
    drawn = figures.sessions(summaries.by_session([record]))
    assert "0 to 33 %" in drawn.alt
    assert "nan" not in drawn.alt


def test_the_full_run_is_as_good_as_it_should_be():
    stored = load_records("atzori2016", recipe="recommended", database="db1", simulated=False)
    assert {r.seed for r in stored} >= {0, 1, 2}
    summary = summaries.summary(stored)
    assert (summary.loc[["cnn", *baselines.NAMES], "subjects"] == 18).all()
    assert summary.loc["cnn", "mean"] >= 77.5
    assert summary.loc["random_forest", "mean"] >= 77
    assert set(atzori2016.METHODS) <= set(summary.index)
