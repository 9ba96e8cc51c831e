import pytest

from semg_lib.evaluation import provenance
from semg_lib.papers import PAPERS

LIBRARY = {
    "papers/some2016.py": (
        "from semg_lib import helpers\nfrom semg_lib.evaluation.scores import Outcome\n\n"
        "def replicate():\n    return Outcome(helpers.used())\n\n"
        "def study():\n    pass\n\n"
        "STUDIES = {'a': study}\n\n"
        "class Settings:\n    rate: float = setting(1, 'A', 'rate, Hz')\n\n"
        "NEVER = helpers.unused\n"
    ),
    "helpers.py": (
        '"""Help."""\nTABLE = {}\nTABLE["a"] = 1\n\n'
        'def used():\n    """Say."""\n    # why\n    return TABLE\n\n'
        "def unused():\n    return 1\n"
    ),
    "evaluation/scores.py": "class Outcome:\n    pass\n\ndef confusion():\n    pass\n",
    "studies/entries/one2020.py": "def look():\n    pass\n\ndef method():\n    return 1\n",
    "recordings/ninapro.py": "def load():\n    pass\n",
    "recordings/simulator.py": "def simulate():\n    pass\n",
}


@pytest.fixture
def hashed(tmp_path, monkeypatch):
    """Return the hash of a small library in which a piece of text was replaced."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    for room in ("papers", "evaluation", "recordings", "studies/entries"):
        (tmp_path / room).mkdir(parents=True)

    def with_change(old="", new="", *, simulated=False, entries=()):
        for name, text in LIBRARY.items():
            (tmp_path / name).write_text(text.replace(old, new) if old else text)
        provenance._module.cache_clear()
        return provenance.code_hash("some2016", simulated=simulated, entries=entries)

    yield with_change
    provenance._module.cache_clear()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return TABLE", "return dict(TABLE)"),
        ('["a"] = 1', '["a"] = 2'),
        ("TABLE = {}", "TABLE = dict()"),
        ("class Outcome:\n    pass", "class Outcome:\n    x = 1"),
        ("def study():\n    pass", "def study():\n    return 1"),
        ("setting(1,", "setting(2,"),
        ("rate: float", "rate: int"),
        ('"""Help."""', "import warnings\nwarnings.simplefilter('error')"),
    ],
)
def test_code_that_a_score_can_reach_counts(hashed, old, new):
    assert hashed() != hashed(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why", "# because"),
        ('"""Say."""', '"""Tell."""'),
        ("return 1", "return 2"),
        ("NEVER", "EVER"),
        ('"""Help."""', "if TYPE_CHECKING:\n    import unused"),
        ("return TABLE", "return (\n        TABLE\n    )"),
        ("def used():", "def used() -> dict[str, int]:"),
        ("TABLE = {}", "TABLE: dict[str, int] = {}"),
        ("'A', 'rate, Hz'", "'S', 'rate in Hz'"),
        ("def simulate():\n    pass", "def simulate():\n    return 1"),
        ("def load():\n    pass", "def load():\n    return 1"),
    ],
)
def test_comments_and_what_is_out_of_reach_do_not_count(hashed, old, new):
    assert hashed() == hashed(old, new)


def test_the_place_of_a_definition_does_not_count(hashed, tmp_path):
    before = hashed()
    (tmp_path / "room").mkdir()
    (tmp_path / "helpers.py").rename(tmp_path / "room" / "inner.py")
    changed = "from semg_lib import helpers", "from semg_lib.room import inner as helpers"
    assert hashed(*changed) == before
    assert ("room.inner", "used") in provenance.reached("some2016", simulated=False)


def test_a_definition_is_followed_through_a_room_that_passes_it_on(hashed, tmp_path):
    before = hashed()
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "__init__.py").write_text(
        "from semg_lib.evaluation.scores import Outcome\n"
    )
    changed = "from semg_lib.evaluation.scores import Outcome", "from semg_lib.room import Outcome"
    assert hashed(*changed) == before


def test_a_simulated_run_depends_on_the_simulator(hashed):
    assert hashed(simulated=True) != hashed()
    changed = "def simulate():\n    pass", "def simulate():\n    return 1"
    assert hashed(simulated=True) != hashed(*changed, simulated=True)


def test_how_files_are_read_does_not_count_even_where_a_source_is_named():
    for simulated in (False, True):
        modules = {each for each, _ in provenance.reached("protocols", simulated=simulated)}
        assert not modules & set(provenance._READING)
        assert "signals.protocol" in modules


@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_reaches_windows_split_and_training(paper):
    reached = provenance.reached(paper, simulated=False)
    assert {("signals.windows", "cut"), ("learning.training", "fit")} <= set(reached)
    assert ("recordings.ninapro", "load") not in reached
    assert ("signals.splits", "audit") in reached
    assert ("recordings.forearm", "trial") not in reached
    assert ("recordings.forearm", "trial") in provenance.reached(paper, simulated=True)


def test_an_entry_counts_where_it_ran(hashed):
    change = "def method():\n    return 1", "def method():\n    return 2"
    assert hashed() == hashed(*change)
    assert hashed(entries=["one2020"]) != hashed()
    assert hashed(entries=["one2020"]) != hashed(*change, entries=["one2020"])
