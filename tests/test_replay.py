"""Stored numbers that come out, and some that do not."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from semg_lib.evaluation.records import Record, load_record
from semg_lib.learning.settings import change
from semg_lib.papers import atzori2016
from semg_lib.publishing import replay
from semg_lib.recordings.source import Source


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A record of two classical methods on a simulated subject."""
    settings = atzori2016.Settings.named("db1", preset="quick")
    source = Source("db1", "A")
    record = Record.start(
        source, paper="atzori2016", subjects=[1], settings=settings, device="cpu", seed=0,
        recipe="recommended", preset="quick",
    )  # fmt: skip
    for outcome in atzori2016.replicate([source.load(1)], settings, methods=["lda", "knn"]):
        record.add(outcome)
    path = tmp_path_factory.mktemp("atzori2016") / "db1-A-quick.json"
    record.save(path)
    return path


@pytest.fixture
def changed(stored, tmp_path):
    """Write the record with some of its content changed."""

    def write(edit):
        content = json.loads(stored.read_text())
        edit(content)
        path = tmp_path / stored.name
        path.write_text(json.dumps(content))
        return path

    return write


def test_a_record_comes_out_and_is_stamped(stored, changed):
    row = replay.replay(stored, "", load_record(stored).code)
    assert (row.equal, row.same_code, row.methods, row.score) == (True, True, 2, 0)
    assert "equal: 2 methods" in str(row)
    old = changed(lambda content: content.update(code="0123456789ab"))
    assert not replay.replay(old, "", load_record(stored).code).same_code
    replay.stamp(old, "ba9876543210")
    stamped = load_record(stored).model_dump() | {"code": "ba9876543210"}
    assert load_record(old).model_dump() == stamped


def test_a_number_that_does_not_come_out_is_told(changed):
    def worse(content):
        content["scores"][1]["accuracy"] -= 2e-6

    row = replay.replay(changed(worse), "", "")
    assert not row.equal
    assert "DIFFERS" in str(row)
    assert row.apart == ("knn",)
    assert "(knn)" in str(row)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda c: c["settings"].update(window_ms=200), "its settings are others now: window_ms"),
        (lambda c: c.update(recipe="best"), "unknown recipe 'best'"),
        (lambda c: c.update(simulated=False), "set SEMG_DATA"),
        (lambda c: c.update(device="NVIDIA H200"), "made on NVIDIA H200"),
    ],
)
def test_what_cannot_be_replayed_says_why(changed, edit, why):
    row = replay.replay(changed(edit), "", "")
    assert not row.equal
    assert why in str(row)


@pytest.mark.slow
def test_a_study_is_replayed_for_the_methods_that_its_record_holds(tmp_path):
    settings = atzori2016.Settings.named("db1", preset="quick")
    source, study = Source("db1", "A"), atzori2016.STUDIES["filter"]
    record = Record.start(
        source, paper="atzori2016", subjects=[1], settings=settings, device="cpu", seed=0,
        recipe="recommended", preset="quick", study="filter",
    )  # fmt: skip
    alone = dataclasses.replace(study, methods=("lda",))
    for outcome in alone.run(atzori2016.replicate, source.load(1), settings):
        record.add(dataclasses.replace(outcome, method=f"{outcome.method}: lda"))
    path = tmp_path / "some.json"
    record.save(path)
    row = replay.replay(path, "", record.code)
    assert (row.equal, row.methods) == (True, len(study.names))
    record.scores = [each.model_copy(update={"method": "other: lda"}) for each in record.scores]
    record.save(path)
    assert "none of its methods" in str(replay.replay(path, "", record.code))


def test_losses_are_the_subjects_own_whoever_ended_first():
    record = Record.model_construct(
        scores=[SimpleNamespace(subject=k, method="cnn") for k in (2, 1, 4)],
        losses={"cnn": [[0.2], [0.1], [0.4]]},
    )
    assert [replay._curves(record, k) for k in (1, 2, 4)] == [
        {"cnn": [0.1]}, {"cnn": [0.2]}, {"cnn": [0.4]}
    ]  # fmt: skip


def test_what_is_not_finite_equals_only_its_like():
    nan, inf = float("nan"), float("inf")
    assert replay._apart([0.5, None], [0.25, inf]) == 0.25
    assert replay._apart(nan, None) == 0
    assert replay._apart(nan, 0.5) == replay._apart(0.5, None) == inf
    assert replay._apart([1.0], [1.0, 2.0]) == inf


def test_a_paper_without_records_is_told(capsys):
    assert replay.main(["wei2019"]) == 2
    assert "no record of 'wei2019': choose from atzori2016" in capsys.readouterr().err
    assert change(atzori2016.Settings(), {}) == atzori2016.Settings()


def test_where_all_subjects_of_a_run_train_they_are_all_loaded(monkeypatch):
    asked = []

    def replicate(recordings, settings, *, methods, seed, only=()):
        asked.append((recordings, methods, seed, only))
        yield "an outcome"

    monkeypatch.setitem(replay.PAPERS, "pooled", SimpleNamespace(replicate=replicate))
    scores = [SimpleNamespace(subject=each, method="net") for each in (4, 7)]
    record = SimpleNamespace(paper="pooled", study="", subjects=[4, 7], seed=3, scores=scores)
    source = SimpleNamespace(load=lambda subject, labels: f"{subject}, {labels}")
    settings = SimpleNamespace(labels="stimulus")
    assert list(replay._outcomes(record, settings, source, 4)) == ["an outcome"]
    assert asked == [(["4, stimulus", "7, stimulus"], ["net"], 3, [4])]
