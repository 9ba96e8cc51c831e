import pytest

from semg_lib.errors import DataError
from semg_lib.running.subjects import parse_subjects, ranges


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", [1]),
        ("2,1", [1, 2]),
        ("1-3,7", [1, 2, 3, 7]),
        ("all", [1, 2, 3, 4]),
        ("1,1-2", [1, 2]),
    ],
)
def test_subjects_are_numbers_ranges_or_all(text, numbers):
    assert parse_subjects(text, 4) == numbers


@pytest.mark.parametrize(("text", "said"), [("one", "are not numbers"), ("3-1", "write 1-3")])
def test_subjects_that_are_not_are_told(text, said):
    with pytest.raises(DataError, match=said):
        parse_subjects(text, 4)


def test_ranges_name_folders():
    assert ranges([1, 2, 3, 5, 8, 9]) == "1-3.5.8-9"
