"""The published book as files: what every page has, whatever shows it."""

from pathlib import Path

import pytest

from semg_lib.publishing import sources

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda p: p.stem)
def test_a_downloaded_notebook_is_the_clean_source(site, path):
    """The sources run as they are: ``make test`` runs every one of them."""
    [downloaded] = site.glob(f"_sources/**/{path.name}")
    assert downloaded.read_bytes() == path.read_bytes()
    assert '= "..."' not in downloaded.read_text()
    assert sources.problems(downloaded) == []
    page = (site / "book" / "executed" / f"{path.stem}.html").read_text()
    assert f'href="../../{downloaded.relative_to(site).as_posix()}"' in page
