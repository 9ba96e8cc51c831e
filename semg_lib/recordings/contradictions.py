"""What cannot be so in a database that somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semg_lib.recordings.databases import Database


def contradictions(spec: Database) -> Iterator[str]:
    """Yield what contradicts itself in a database, in words."""
    if not re.fullmatch(r"(?=.*[a-z])[a-z0-9][a-z0-9_]*", spec.name):
        yield "a name has lower-case letters, digits and underscores"
    for name in ("rate", "n_channels", "n_subjects", "n_repetitions"):
        if not getattr(spec, name) > 0:
            yield f"{name} is {getattr(spec, name)}, expected more than 0"
    if not spec.exercises:
        yield "it has no exercise; a data set that is not divided has one"
    offset = 0
    for number, each in enumerate(spec.exercises, 1):
        wanted = replace(each, number=number, n_movements=max(1, each.n_movements), offset=offset)
        if each != wanted or not re.fullmatch("[A-Z]", each.letter):
            yield f"{each} should be {wanted}, with one capital letter"
        if each.names and len(each.names) != each.n_movements:
            yield f"exercise {each.letter} names {len(each.names)} of {each.n_movements} movements"
        offset += each.n_movements
    if len({each.letter for each in spec.exercises}) < len(spec.exercises):
        yield "two exercises have one letter"
    if not set() < {*spec.test_repetitions} < {*range(1, spec.n_repetitions + 1)}:
        yield f"test_repetitions {spec.test_repetitions} must be some of 1 to {spec.n_repetitions}"
    for strange in sorted({*spec.channels_of, *spec.classes_of} - {*spec.subjects}):
        yield f"channels_of or classes_of names subject {strange}, of 1 to {spec.n_subjects}"
    if spec.find and not spec.read:
        yield "it has a find but no read"
    every = [(subject, each) for each in spec.exercises for subject in spec.subjects]
    try:
        names = {spec.file_name.format(subject=s, exercise=each.number) for s, each in every}
    except (KeyError, IndexError, ValueError) as error:
        yield f"file_name {spec.file_name!r} cannot be filled in ({error!r})"
    else:
        if len(names) < len(every) and not spec.find:
            yield f"file_name {spec.file_name!r} lacks {{subject}} or {{exercise}}; or give find"
