"""Write the README's table of papers anew: ``python -m semg_lib.publishing.chapters``."""

from semg_lib.publishing import chapters

chapters.write_readme()
