"""The figures of the README's table of papers, a line each."""

from semg_lib.publishing import chapters

print("\n".join(chapters.readme_rows()))
