"""The published book as files: what every page has, whatever shows it."""

import re
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import parse_string

import semg_lib
from semg_lib.publishing import pdf, sources

ROOT = Path(__file__).parent.parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
OWNER, NAME = CONFIG["repository"]["url"].split("/")[-2:]
BASE = f"https://{OWNER.lower()}.github.io/{NAME}/"
CONTENTS = tuple(pdf.contents())


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda p: p.stem)
def test_a_downloaded_notebook_is_the_clean_source(site, path):
    """The sources run as they are: ``make test`` runs every one of them."""
    [downloaded] = site.glob(f"_sources/**/{path.name}")
    assert downloaded.read_bytes() == path.read_bytes()
    assert '= "..."' not in downloaded.read_text()
    assert sources.problems(downloaded) == []
    page = (site / "book" / "executed" / f"{path.stem}.html").read_text()
    assert f'href="../../{downloaded.relative_to(site).as_posix()}"' in page


def parsed(path):
    return BeautifulSoup(path.read_text(), "html.parser")


def meta(page, name):
    found = page.find_all("meta", {"name": name}) + page.find_all("meta", {"property": name})
    assert len(found) == 1, name
    return found[0]["content"]


def local(site, url):
    """The file behind an address of the published site."""
    assert url.startswith(BASE), url
    return site / (url.removeprefix(BASE) or "index.html")


@pytest.mark.parametrize("name", [*CONTENTS, "search"])
def test_a_page_has_one_title_and_says_what_it_is(site, name):
    page = parsed(site / f"{name}.html")
    [title] = page.find_all("h1")
    assert title.get_text(strip=True).rstrip("#") == meta(page, "og:title")
    about = meta(page, "description")
    assert meta(page, "og:description") == about
    assert 30 < len(about) <= 200
    assert "{{" not in about
    assert local(site, meta(page, "og:image")).is_file()
    [canonical] = page.find_all("link", rel="canonical")
    assert canonical["href"] == meta(page, "og:url") == f"{BASE}{name}.html"


@pytest.mark.parametrize("name", CONTENTS)
def test_the_footer_has_licence_version_and_citation(site, name):
    footer = parsed(site / f"{name}.html").find(class_="bd-footer-content")
    assert f"Version {semg_lib.__version__}" in footer.get_text()
    licences = [each["href"] for each in footer.find_all("a", rel="license")]
    assert any("creativecommons.org/licenses/by/4.0" in each for each in licences)
    assert any(each.endswith("/LICENSE") for each in licences)
    cited = footer.find_all("a", href=re.compile(r"\.bib$"))
    assert len(cited) == (1 if name == "genindex" else 2)
    for link in cited:
        text = ((site / name).parent / link["href"]).resolve().read_text()
        known = parse_string(text, "bibtex").entries
        [own] = [each for key, each in known.items() if key.startswith("dl-for-semg")]
        assert str(own.persons["author"][0]) == CONFIG["author"]
        assert local(site, own.fields["url"]).is_file()
        stem = name.rpartition("/")[2]
        assert (stem in known) == ("/papers/" in name and "page" in link.text)


def test_what_is_cited_has_the_authors_of_the_repository():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["authors"] == [{"name": CONFIG["author"]}]


def test_the_map_of_the_site_names_every_page(site):
    listed = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text())
    assert sorted(listed) == sorted(f"{BASE}{name}.html" for name in CONTENTS)


def test_an_address_that_is_none_leads_back(site):
    page = parsed(site / "404.html")
    assert page.h1
    links = [each["href"] for each in page.find_all("a")]
    assert links
    assert all(local(site, each).is_file() for each in links)
    assert not page.find_all(["link", "script", "img"])  # their addresses would not be found either


def test_the_root_is_a_page(site):
    page = parsed(site / "index.html")
    assert page.find("article").find(class_="dial")
    assert not page.find("meta", {"http-equiv": "Refresh"})
