import bz2
import re

import numpy as np
import pytest

from semg_lib.download import verify
from semg_lib.errors import DataError
from semg_lib.recordings import registered
from semg_lib.recordings.source import Source
from semg_lib.recordings.text import Columns

SPACED, WHOLE = Columns(4, " ", ended=True), Columns(10, ",", whole=True)
ROWS = 12_000


@pytest.fixture(scope="module")
def good():
    """The bytes of a contraction as published: 4 columns, numbers written as NumPy does."""
    emg = np.random.default_rng(0).normal(0, [60, 80, 20, 0.5], (ROWS, 4)).round(3)
    return "".join(f"{' '.join(f'{x:.18e}' for x in row)}\n" for row in emg).encode()


def test_rows_are_those_that_numpy_reads(good, tmp_path):
    for name, data in (("a.csv", good), ("a.csv.bz2", bz2.compress(good)), ("A.BZ2", None)):
        (tmp_path / name).write_bytes(data or bz2.compress(good))
        emg = SPACED.read(tmp_path / name)
        assert emg.dtype == np.float32
        np.testing.assert_array_equal(emg, np.loadtxt(good.splitlines()).astype(np.float32))
    counts = np.random.default_rng(1).integers(-(1 << 15), 1 << 15, (500, 10))
    text = "\n".join(",".join(map(str, row)) for row in counts)  # the last row has no line break
    (tmp_path / "b.txt").write_text(text)
    np.testing.assert_array_equal(WHOLE.read(tmp_path / "b.txt"), counts)


def lines(data, change):
    """Return bytes with the list of their lines changed."""
    rows = data.splitlines(keepends=True)
    change(rows)
    return b"".join(rows)


def cut_column(rows):
    rows[6] = b" ".join(rows[6].split()[:3]) + b"\n"


def cut_columns(rows):
    rows[:] = [b" ".join(row.split()[:3]) + b"\n" for row in rows]


def put(row, value):
    def change(rows):
        values = rows[row - 1].split()
        values[1] = value
        rows[row - 1] = b" ".join(values) + b"\n"

    return change


EXPECTED = "expected 4 numbers between spaces; get it again"
BAD = "S0_D1_C0.csv"
DAMAGE = [
    (BAD, lambda d: d[: d.index(b"\n") * 50 + 30], rf"row \d+ has \d columns?, {EXPECTED}"),
    (BAD, lambda d: d[:-2], rf"row {ROWS}, the last, is cut short; get it again"),
    (BAD, lambda d: lines(d, cut_column), f"row 7 has 3 columns, {EXPECTED}"),
    (BAD, lambda d: lines(d, cut_columns), f"row 1 has 3 columns, {EXPECTED}"),
    (BAD, lambda d: d.replace(b"\n", b"\n\n", 3), f"row 2 has 1 column, {EXPECTED}"),
    (BAD, lambda d: b"a b c d\n" + d, f"row 1 holds 'a', {EXPECTED}"),
    (BAD, lambda d: lines(d, put(9, b"1.5x")), f"row 9 holds '1.5x', {EXPECTED}"),
    (BAD, lambda d: lines(d, put(5, b"nan")), f"row 5 holds 'nan', {EXPECTED}"),
    (BAD, lambda d: lines(d, put(5, b"NA")), f"row 5 holds 'NA', {EXPECTED}"),
    (BAD, lambda d: lines(d, put(8, b"-inf")), f"row 8 holds '-inf', {EXPECTED}"),
    (BAD, lambda d: lines(d, put(8, b'"2"')), f"""row 8 holds '"2"', {EXPECTED}"""),
    (BAD, lambda d: lines(d, put(8, b"1\x002")), f"row 8 holds no text, {EXPECTED}"),
    (BAD, lambda d: d.replace(b" ", b","), f"row 1 has 1 column, {EXPECTED}"),
    (BAD, lambda _: b"", "the file is empty; get it again"),
    (BAD, lambda _: b"\n\n", "the file is empty; get it again"),
    (BAD, lambda _: bytes(range(256)) * 50, rf"row 1 has \d+ columns?, {EXPECTED}"),
    (BAD, lambda d: d.decode().encode("utf-16"), f"row 1 holds no text, {EXPECTED}"),
    (BAD, bz2.compress, "it is packed by bzip2; end its name in .bz2"),
    (f"{BAD}.bz2", lambda d: d, "not packed by bzip2, or damaged; get it again"),
    (f"{BAD}.bz2", lambda d: bz2.compress(d)[:-30], "the packed file is cut short; get it again"),
    (f"{BAD}.bz2", lambda d: bz2.compress(d)[:2000] + b"x" * 99 + bz2.compress(d)[2099:],
     "not packed by bzip2, or damaged; get it again"),
    (f"{BAD}.bz2", lambda _: b"", "the packed file is cut short; get it again"),
    (BAD, lambda d: lines(d, lambda rows: rows.__delitem__(slice(1000, None))),
     "it holds 0.49 s, too short to use; get it again"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "said"), DAMAGE, ids=[said for *_, said in DAMAGE])
def test_a_damaged_file_is_one_line_that_names_file_row_and_remedy(
    good, tmp_path, name, damage, said
):
    (tmp_path / "S0_D1_C1.csv").write_bytes(good)
    (tmp_path / name).write_bytes(damage(good))
    with pytest.raises(DataError) as error:
        Source("multiday", "A", str(tmp_path)).load(1)
    assert re.fullmatch(f"{re.escape(str(tmp_path / name))}: {said}", str(error.value))
    broken, sound = verify.verify(tmp_path)
    assert (broken.path.name, broken.content, broken.status) == (name, "unknown", "broken")
    assert re.fullmatch(said, "; ".join(broken.reasons))
    assert (sound.content, sound.status) == ("multiday subject 1, contraction 1, session 1", "ok")


def test_a_number_that_the_converter_cannot_give_is_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1,2,3,4,5,6,7,8,9,10\n1,2,3,4,5,6,7.5,8,9,10\n")
    with pytest.raises(DataError, match=r"row 2 holds '7\.5', expected 10 whole numbers between c"):
        WHOLE.read(path)


def test_a_small_file_that_unpacks_to_too_much_is_told(tmp_path):
    path = tmp_path / "a.csv.bz2"
    path.write_bytes(bz2.compress(bytes(1 << 24)) * 17)
    with pytest.raises(DataError, match="more than 256 MB unpacked"):
        SPACED.read(path)


@pytest.mark.parametrize(
    ("text", "spaced", "whole"),
    [
        ("1 2 3 4\n" * 3, True, False),
        ("1 2 3 4\n" * 2, False, False),
        ("1,2,3,4,5,6,7,8,9,10\n" * 3, False, True),
        ("1,2,3,4,5,6,7,8,9,10.5\n" * 3, False, False),
        ("emg1 emg2 emg3 emg4\n" + "1 2 3 4\n" * 3, False, False),
        ("x" * 5000, False, False),
        ("", False, False),
    ],
)
def test_a_kind_of_file_is_told_from_its_first_rows(tmp_path, text, spaced, whole):
    (tmp_path / "a").write_text(text)
    (tmp_path / "b.bz2").write_bytes(bz2.compress(text.encode()))
    (tmp_path / "c.bz2").write_text(text)
    assert [SPACED.begins(tmp_path / name) for name in ("a", "b.bz2", "c.bz2")] == [
        spaced, spaced, False
    ]  # fmt: skip
    assert WHOLE.begins(tmp_path / "a") == whole


def test_registered_readers_errors_keep_their_words(tmp_path):
    spec = registered.databases.database("multiday")
    with pytest.raises(DataError, match=r"x\.csv: its place and name are not such as S0_D1_C0_sim"):
        registered.read_file(tmp_path / "x.csv", spec, 1, spec.exercises[0])
