"""The listing of the library is its architecture: rooms in an order that imports follow."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parent.parent / "semg_lib"
ROOMS = "errors recordings signals learning evaluation figures papers studies download running"
ROOMS = [*ROOMS.split(), "course", "publishing", "cli"]  # each imports from those before it
FOLDERS = [name for name in ROOMS if name not in ("errors", "cli")]
SIZES = {
    path.relative_to(LIBRARY).as_posix(): len(path.read_text().splitlines())
    for path in sorted(LIBRARY.rglob("*.py"))
}


def backward(text, room):
    """Return what a module imports against the order, wherever in it."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            found += [f"{each.name}." for each in node.names]
    allowed = [*ROOMS[: ROOMS.index(room) + 1], "__version__"]
    ours = [name for name in found if name.split(".")[0] in ("", "semg_lib")]
    return [name.rstrip(".") for name in ours if name.split(".")[1] not in allowed]


def test_the_listing_is_the_rooms():
    listed = {path.name for path in LIBRARY.iterdir()} - {"__pycache__"}
    assert listed == {"__init__.py", "errors.py", "cli.py", "py.typed", *FOLDERS}
    for name in FOLDERS:
        assert ast.get_docstring(ast.parse((LIBRARY / name / "__init__.py").read_text())), name


@pytest.mark.parametrize("module", [name for name in SIZES if name != "__init__.py"])
def test_imports_follow_the_order_of_the_rooms(module):
    room = module.removesuffix(".py").split("/")[0]
    assert backward((LIBRARY / module).read_text(), room) == []


@pytest.mark.parametrize(
    "line",
    [
        "from semg_lib.papers import atzori2016",
        "from semg_lib import papers",
        "from semg_lib import load",
        "import semg_lib",
        "from ..papers import ding2018",
        "def late():\n    import semg_lib.papers.ding2018 as paper",
        "if TYPE_CHECKING:\n    from semg_lib.papers.zhai2017 import Net",
    ],
)
def test_an_import_against_the_order_is_found(line):
    assert backward(f"import torch\nfrom semg_lib.signals import windows\n{line}", "learning")


def as_the_locale_says(text):
    """Return calls that read or write text in whatever encoding the locale has, or not whole."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        told = any(each.arg == "encoding" for each in node.keywords)
        modes = [
            a.value for a in node.args if isinstance(a, ast.Constant) and str(a.value).isalpha()
        ]
        opened = name == "open" and any("b" not in mode for mode in modes)
        if name == "write_text" or (not told and (name == "read_text" or opened)):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "path", [*LIBRARY.rglob("*.py"), *(LIBRARY.parent / "book" / "_ext").glob("*.py")], ids=str
)
def test_text_is_utf8_and_written_whole(path):
    """Whatever the locale; what is written goes through `write_atomically`."""
    assert as_the_locale_says(path.read_text(encoding="utf-8")) == []


def test_text_as_the_locale_says_is_seen():
    bad = "a.read_text()\nb.open('w')\nopen(c, 'a')\nd.write_text(e, encoding='utf-8')"
    assert as_the_locale_says(bad) == [
        "a.read_text()",
        "b.open('w')",
        "open(c, 'a')",
        "d.write_text(e, encoding='utf-8')",
    ]
    assert not as_the_locale_says("a.open('rb')\nb.open('w', encoding='utf-8')\nopen(c)")


@pytest.mark.parametrize("module", SIZES)
def test_no_module_is_too_long_to_read(module):
    assert SIZES[module] <= (230 if module.startswith("papers/") else 300)


def test_the_library_does_not_grow():
    assert sum(SIZES.values()) <= 18_465  # meant to fall: 9,000 is the aim
