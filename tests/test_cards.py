import pytest
from typer.testing import CliRunner

from semg_lib.cli import app
from semg_lib.evaluation import statistics, summaries
from semg_lib.evaluation.records import RESULTS, load_record, load_records
from semg_lib.learning import settings
from semg_lib.papers import PAPERS, atzori2016
from semg_lib.publishing import cards
from tests.markdown import rows


@pytest.fixture(params=PAPERS)
def records(request):
    found = load_records(request.param, recipe="recommended", preset="full")
    return [record for record in found if record.database == found[-1].database]


def made(records, judged=None):
    return dict(rows(cards.card(PAPERS[records[0].paper], records, judged or {}))[2:])


def test_cards_have_one_form_and_count_every_setting(records):
    card = made(records)
    first = records[0]
    n = len(settings.table(PAPERS[first.paper].Settings.named(first.database)))
    counted = card[f"{n} settings"]
    assert sum(int(part.split()[0]) for part in counted.split(", ")) == n
    assert list(card)[:1] == ["data"]
    assert list(card)[-3:] == ["it took", "code since the runs", "again, on the same data"]
    assert ("simulated" in card["data"]) == any(r.simulated for r in records)


def test_a_card_follows_its_records(records):
    changed = [record.model_copy(update={"code": "0" * 12}) for record in records]
    assert (
        made(changed)["code since the runs"]
        == f"changed under {len(records)} of {len(records)} runs"
    )
    longer = [record.model_copy(update={"wall_seconds": 36000}) for record in records]
    assert made(longer)["it took"].startswith(f"{10 * len(records)}.0 h")


def test_a_card_tells_every_verdict():
    records = load_records("atzori2016", recipe="recommended", database="db1")
    verdicts = statistics.judge(atzori2016.claims(summaries.by_subject(records)))
    card = made(records, {"DB1": verdicts})
    for claim, row in verdicts.iterrows():
        assert card[f"claim: {claim}"].startswith(f"**{row['verdict']}**")


def test_badges_count_verdicts():
    records = load_records("atzori2016", recipe="recommended", database="db1")
    verdicts = statistics.judge(atzori2016.claims(summaries.by_subject(records)))
    names = ["undecided", "supported"]
    judged = {"real DB1, 4 subjects": verdicts.assign(verdict=names)}
    judged["simulated DB2"] = verdicts.assign(verdict="not supported")
    judged["simulated DB3"] = verdicts.assign(verdict=["fails in simulation", "undecided: 1 of 2"])
    assert cards.badges(judged).split("<br>") == [
        'real DB1, 4 subjects: <span class="verdict supported">1 supported</span> '
        '<span class="verdict undecided">1 undecided</span>',
        '**simulated** DB2: <span class="verdict not-supported">2 not supported</span>',
        '**simulated** DB3: <span class="verdict fails-in-simulation">1 fails in simulation</span> '
        '<span class="verdict undecided">1 undecided</span>',
    ]


def test_the_command_is_one_that_semg_knows(records):
    words = cards.command(records[0]).split()[1:]
    known = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "200"}).output
    for option in (word for word in words if word.startswith("--")):
        assert option in known


def test_every_record_has_its_file_and_its_command():
    table = rows(cards.files())
    names = sorted(path.relative_to(RESULTS).as_posix() for path in RESULTS.glob("*/*.json"))
    assert len(table) == 2 + len(names)
    for name, (link, of, made) in zip(names, table[2:], strict=True):
        record = load_record(RESULTS / name)
        assert link.endswith(f"/blob/main/results/{name})")
        assert ("**simulated**" in of) == record.simulated
        if record.paper not in PAPERS:
            assert made == "`SEMG_DATA=FOLDER make replicate`"
            continue
        assert f"semg run {record.paper} --database {record.database} " in made
        assert f"--seed {record.seed}" in made
        assert ("--root FOLDER" in made) == (not record.simulated)
        assert (f"--study {record.study}" in made) == bool(record.study)


def test_a_part_of_the_methods_is_named():
    made = {row[0].split("/")[-1]: row[2] for row in rows(cards.files())[2:]}
    assert made["db1-A-full-recommended-seed1.json)"].endswith("--methods cnn`")
    assert "--methods" not in made["db3-BC-full-recommended-seed0.json)"]
    assert "--methods" not in made["db1-A-full-filter-seed0.json)"]
