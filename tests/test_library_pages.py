"""The pages "The library in an hour" and "The API" show the library as it is."""

import re
from pathlib import Path

import semg_lib
from tests.extensions import extension

ROOT = Path(__file__).parent.parent
PACKAGE = Path(semg_lib.__file__).parent


def test_the_pages_know_every_room_and_no_other():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert set(extension("library").ROOMS) == folders | files
    page = (ROOT / "book" / "api.md").read_text()
    assert re.findall(r"^```\{room\} (\w+)$", page, re.M) == list(extension("library").ROOMS)


def test_the_api_documents_every_module_of_a_room():
    expected = {path.stem for path in (PACKAGE / "signals").glob("*.py")} - {"__init__"}
    assert extension("library").modules("signals") == sorted(
        f"semg_lib.signals.{each}" for each in expected
    )
    assert extension("library").modules("errors") == ["semg_lib.errors"]


def test_the_hour_is_ten_files_in_the_order_of_imports_that_can_be_read_in_one():
    library = extension("library")
    page = (ROOT / "book" / "library.md").read_text()
    files = library._COUNTED.findall(page)
    assert files == re.findall(r"^\d+\. `([\w/]+\.py)`", page, re.M)
    assert len(files) == 10
    rooms = [library.ROOMS.index(name.partition("/")[0]) for name in files]
    assert rooms == sorted(rooms)
    assert library.n_lines(files) <= 1650
