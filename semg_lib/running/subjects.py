"""Subjects in words: the numbers that a text asks for, and the text that numbers make."""

from __future__ import annotations

from collections.abc import Sequence

from semg_lib.errors import DataError


def parse_subjects(text: str, n_subjects: int) -> list[int]:
    """Turn ``"1,4-6"`` or ``"all"`` into sorted subject numbers.

    Raises
    ------
    DataError
        If the text is neither numbers nor ranges.
    """
    if text.strip().lower() == "all":
        return list(range(1, n_subjects + 1))
    chosen: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        try:
            low, high = int(first), int(last or first)
        except ValueError:
            raise DataError(
                f"subjects {text!r} are not numbers: write such as 1,2 or 1-3 or all"
            ) from None
        if low > high:
            raise DataError(f"subjects {part.strip()!r} run backwards: write {high}-{low}")
        chosen.update(range(low, high + 1))
    return sorted(chosen)


def ranges(numbers: Sequence[int]) -> str:
    """Turn sorted numbers into text fit for a file's name: ``[1, 2, 3, 5]`` is ``"1-3.5"``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ".".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
