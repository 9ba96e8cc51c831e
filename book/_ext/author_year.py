"""Sphinx extension: the bibliography names its entries by author and year, as the text does."""

from collections import Counter

import pybtex.plugin
from pybtex.richtext import Text
from pybtex.style.formatting.plain import Style
from pybtex.style.labels import BaseLabelStyle


class AuthorYearLabels(BaseLabelStyle):
    def format_labels(self, entries):
        entries = list(entries)
        labels = [self._label(entry) for entry in entries]
        counts, seen = Counter(labels), Counter()
        for label in labels:
            seen[label] += 1
            yield label + ("abcdefghij"[seen[label] - 1] if counts[label] > 1 else "")

    @staticmethod
    def _label(entry) -> str:
        people = [" ".join(each.last_names) for each in entry.persons.get("author", [])]
        people = [str(Text.from_latex(name)) for name in people]
        year = entry.fields.get("year", "")
        if len(people) > 2 or "others" in people:
            return f"{people[0]} et al., {year}"
        return f"{' and '.join(people)}, {year}"


class AuthorYearStyle(Style):
    default_label_style = "author_year"
    default_sorting_style = "author_year_title"


def setup(app) -> dict:
    pybtex.plugin.register_plugin("pybtex.style.labels", "author_year", AuthorYearLabels)
    pybtex.plugin.register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
