"""The published book as files: what every page has, whatever shows it."""

import functools
import gzip
import re
from pathlib import Path

import pandas as pd
import PIL.Image
import pytest
import yaml
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from pybtex.database import parse_string

import semg_lib
from semg_lib.evaluation.records import RESULTS, load_record
from semg_lib.papers import PAPERS
from semg_lib.publishing import pdf, sources
from semg_lib.running import notebooks
from tests.extensions import extension

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


@functools.cache
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
        assert str(own.persons["author"][0]).strip("{}") == CONFIG["author"]
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


def waited_for(site, name):
    """What a page is not painted without: its style sheets, and the scripts that wait for nothing.

    What hosts send of each, compressed, in bytes by name.
    """
    found, path = {}, site / f"{name}.html"
    for each in parsed(path).head.find_all(["link", "script"]):
        script = each.name == "script" and not (each.has_attr("defer") or each.has_attr("async"))
        sheet = each.name == "link" and each.get("rel") == ["stylesheet"]
        if address := (script and each.get("src")) or (sheet and each["href"]):
            file = path.parent / address.partition("?")[0]
            found[file.name] = len(gzip.compress(file.read_bytes()))
    return found


@pytest.mark.parametrize("name", [*CONTENTS, "search"])
def test_little_keeps_a_page_from_being_painted(site, name):
    found = waited_for(site, name)
    sheets = {each: size for each, size in found.items() if each.endswith(".css")}
    assert list(sheets) == ["pages.css"]
    assert 20_000 < sheets["pages.css"] < 45_000
    assert len(found) == 1 or name == "search"


@pytest.mark.parametrize("name", [*CONTENTS, "search"])
def test_mathematics_and_sorting_come_where_they_are_used(site, name):
    page = parsed(site / f"{name}.html")
    scripts = [each.get("src") or each.get_text() for each in page.find_all("script")]
    formulas = bool(page.find(class_="math"))
    assert any("mathjax" in each.lower() for each in scripts) == formulas
    assert not any("fontawesome" in each or "thebe" in each for each in scripts)
    sorts = page.find("table", class_="sortable")
    assert any("tables.js" in each for each in scripts) == bool(sorts)
    if sorts:  # before all that the theme brings
        assert "tables.js" in page.head.find("script", defer=True)["src"]


@pytest.fixture(scope="module")
def fonts(site):
    """The signs of every font that the style sheet of all pages names."""
    found = re.findall(
        r'url\("([^"]+)"\) format\("woff', (site / "_static" / "pages.css").read_text()
    )
    assert len(found) == 3
    paths = [site / "_static" / each for each in found]
    assert all(path.stat().st_size < 12_000 for path in paths)
    return {path.stem: set(TTFont(path).getBestCmap()) for path in paths}


@pytest.mark.parametrize("name", [*CONTENTS, "search"])
def test_icons_are_in_their_fonts(site, fonts, name):
    styled = (site / "_static" / "pages.css").read_text()
    icons = parsed(site / f"{name}.html").select(".fas, .fa-solid, .fab")
    assert len(icons) > 5
    for each in icons:
        font = fonts["fa-brands-400" if "fab" in each["class"] else "fa-solid-900"]
        for icon in set(each["class"]) - {"fas", "fab", "fa-solid", "fa-lg", "theme-switch"}:
            rule = rf'\.{icon}:before[^{{}}]*{{content:"(\\[0-9a-f]+|.)"}}'
            sign = re.search(rule, styled)[1].strip("\\")
            assert (ord(sign) if len(sign) == 1 else int(sign, 16)) in font


@pytest.mark.parametrize("name", CONTENTS)
def test_pictures_have_their_room_and_come_when_they_are_in_sight(site, name):
    page = parsed(site / f"{name}.html")
    pictures = [each for each in page.article.find_all("img") if "_images" in each["src"]]
    assert pictures or name not in ("book/executed/comparison", "book/papers/zhai2017")
    for each in pictures:
        with PIL.Image.open((site / f"{name}.html").parent / each["src"]) as image:
            assert (int(each["width"]), int(each["height"])) == image.size
        assert each["loading"] == "lazy"
        assert each.parent["class"] == ["picture"]
        assert each.parent["style"] == f"--drawn: {each['width']}px"


def test_a_rule_that_nothing_can_match_is_left_out():
    sheets = extension("sheets")
    known = sheets.Vocabulary('<p class="note" id="top">', 'add("bs-tip-" + side); hide = "tip"')
    css = """/*! Licence */ /* a remark */
    p, .absent { color: red }
    .note .absent, .absent { color: red }
    #top.note:not(.absent)::before { content: "a, .b" }
    #bottom { color: red }
    .bs-tip-left { color: red }
    .tip-left { color: red }
    :is(.absent, .note) { color: red }
    @media print { .absent { color: red } #top { color: blue } }
    @media screen { .absent { color: red } }
    @font-face { font-family: "absent" }
    """
    rules = sheets.tinycss2.parse_stylesheet(css, skip_whitespace=True)
    kept = [each.partition("{")[0].strip() for each in sheets.used(rules, known)]
    assert kept == [
        "/*! Licence */",
        "p, .absent",
        "#top.note:not(.absent)::before",
        ".bs-tip-left",
        ":is(.absent, .note)",
        "@media print",
        "@font-face",
    ]
    with pytest.raises(ValueError, match="no style sheet"):
        list(sheets.used(sheets.tinycss2.parse_stylesheet("p { }}"), known))


def captioned(page):
    """Every table and figure of a page, each with its caption's text."""
    for each in page.find("article").find_all(["table", "img"]):
        if each.find_parent(class_="genindextable") or "genindextable" in each.get("class", []):
            continue
        frame = each.find_parent("figure")
        own = each.caption if each.name == "table" else None
        told = own or (frame and frame.figcaption)
        yield each, told.get_text(" ", strip=True) if told else ""


def headings(table):
    """The cells above a table's first row of values, row by row."""
    return [row.find_all("th") for row in table.thead.find_all("tr")]


@pytest.mark.parametrize("name", CONTENTS)
def test_every_table_and_figure_has_a_caption_and_a_number(site, name):
    page = parsed(site / f"{name}.html")
    for each, told in captioned(page):
        if each.find_parent(class_=["dial", "decoder"]):
            assert told  # what is played with is no figure of the text
            continue
        what = "Table" if each.name == "table" else "Fig."
        found = re.match(rf"{what} \d+ (\S.*)", told, re.S)
        assert found, f"{each.name} {each.get_text()[:80]!r} {each.get('alt')}: {told!r}"
    numbers = [
        told.split()[1] for _, told in captioned(page) if re.match(r"(Table|Fig\.) \d", told)
    ]
    kinds = [told.split()[0] for _, told in captioned(page) if re.match(r"(Table|Fig\.) \d", told)]
    pairs = list(zip(kinds, numbers, strict=True))
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("name", CONTENTS)
def test_every_column_has_a_name_that_a_stranger_understands_and_no_cell_is_cut_off(site, name):
    for table, _ in captioned(parsed(site / f"{name}.html")):
        if table.name == "table":
            rows = [[cell.get_text(strip=True) for cell in row] for row in headings(table)]
            assert not {"of", "whose", "code since"} & {cell for row in rows for cell in row}
            if len(rows) == 1:
                assert all(rows[0]), rows[0]
            cells = [each.get_text(strip=True) for each in table.find_all("td")]
            assert not [each for each in cells if each.endswith(("...", "…"))]  # cut off by pandas


@pytest.mark.parametrize("paper", PAPERS)
def test_a_chapter_refers_to_its_tables_and_figures(site, paper):
    page = parsed(site / "book" / "papers" / f"{paper}.html")
    referred = page.find("article").find_all("span", class_="std-numref")
    assert len(referred) >= 6
    known = {" ".join(told.split()[:2]) for _, told in captioned(page)}
    assert {each.get_text() for each in referred} <= known


@pytest.mark.parametrize("folder", sorted({path.parent.name for path in RESULTS.glob("*/*.json")}))
def test_every_score_can_be_downloaded(site, folder):
    read = pd.read_csv(site / "_static" / "records" / f"{folder}.csv")
    stored = [load_record(path) for path in sorted((RESULTS / folder).glob("*.json"))]
    scores = [score for record in stored for score in record.scores]
    assert read["accuracy"].tolist() == pytest.approx([each.accuracy for each in scores])
    assert read["method"].tolist() == [each.method for each in scores]
    kinds = [record.simulated for record in stored for _ in record.scores]
    assert read["simulated"].tolist() == kinds
    if folder in PAPERS:
        page = site / "book" / "papers" / f"{folder}.html"
        [link] = parsed(page).find("article").find_all("a", href=re.compile(r"\.csv$"))
        assert (page.parent / link["href"]).resolve() == (
            site / "_static" / "records" / f"{folder}.csv"
        )


def means(records):
    """What the page of a paper may show of some records: means over subjects, to one decimal."""
    found = set()
    for record in records:
        scores = pd.DataFrame([score.model_dump() for score in record.scores])
        found |= {f"{100 * mean:.1f}" for mean in scores.groupby("method")["accuracy"].mean()}
    return found


def unmarked(table, told, wanted):
    """The cells that show one of some numbers, and say nowhere that it is simulated.

    A table of what a copy ran itself is left to the test of copies that ran on simulations. One
    that says it is of real recordings may show the same digits by chance.
    """
    if re.search(r"of this run|\breal\b", told) and "imulated" not in told:
        return
    *_, names = headings(table)
    for row in table.find_all("tr"):
        cells = row.find_all(["th", "td"])
        for number, cell in enumerate(cells):
            shown = re.match(r"[\d.]+", cell.get_text(strip=True))
            if shown and shown.group() in wanted:
                above = names[number].get_text() if number < len(names) else ""
                if "imulated" not in " ".join((told, row.get_text(" "), above)):
                    yield f"{cell.get_text(strip=True)} in {told or 'a table'}"


@pytest.mark.parametrize("paper", PAPERS)
def test_a_simulated_number_says_so_where_it_stands(site, paper):
    stored = [load_record(path) for path in sorted((RESULTS / paper).glob("*.json"))]
    real = means(each for each in stored if not each.simulated)
    said = {f"{each.mean:.1f}" for each in PAPERS[paper].REPORTED if each.mean is not None}
    only = means(each for each in stored if each.simulated) - real - said
    for folder in ("papers", "executed"):
        page = parsed(site / "book" / folder / f"{paper}.html")
        tables = [each for each in captioned(page) if each[0].name == "table"]
        assert [line for table, told in tables for line in unmarked(table, told, only)] == []


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_of_a_set_that_was_not_at_hand_says_that_it_is_simulated(site, name):
    """Nobody's recordings of DB2 or DB3 are behind any number of ours."""
    for each, told in captioned(parsed(site / f"{name}.html")):
        words = f"{told} {each.get('alt') or ''}"
        if re.search(r"\bDB[23]\b", words) and re.search("accuracy|points|claims", words, re.I):
            assert re.search("imulated|paper", words), words


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/executed/*.ipynb")), ids=lambda p: p.stem)
def test_what_ran_on_simulated_recordings_says_so_in_every_caption(site, path):
    if "**simulated**" not in notebooks.read(path).cells[1].source:
        return
    for each, told in captioned(parsed(site / "book" / "executed" / f"{path.stem}.html")):
        heads = each.name == "table" and [cell.get_text() for cell in headings(each)[0]]
        if not heads or "mark" not in heads:
            assert re.search("imulated|real|paper", told + " ".join(heads or [])), told


def test_a_simulated_number_without_the_word_is_found():
    page = "<table><thead><tr><th>method</th><th>{0}</th></tr></thead><tr><td>CNN</td><td>{1}</td>"
    plain = BeautifulSoup(page.format("accuracy, %", "71.3 ± 2.0"), "html.parser").table
    marked = BeautifulSoup(page.format("simulated, %", "71.3 ± 2.0"), "html.parser").table
    assert list(unmarked(plain, "Table 1 Accuracy.", {"71.3"}))
    assert not list(unmarked(plain, "Table 1 Simulated DB2.", {"71.3"}))
    assert not list(unmarked(marked, "Table 1 Accuracy.", {"71.3"}))
    assert not list(unmarked(plain, "Table 1 Accuracy.", {"71.4"}))


def test_captions_are_of_cells_that_are_there():
    known = extension("captions").known()
    assert known.keys() == {path.stem for path in ROOT.glob("notebooks/*.ipynb")}
    for name, captions in known.items():
        ids = {cell.id for cell in notebooks.read(ROOT / "notebooks" / f"{name}.ipynb").cells}
        assert captions.keys() <= ids | {"text"}, name


def test_names_of_the_index_of_a_table_become_headings():
    table = pd.DataFrame({"CNN": [1.0]}, index=pd.Index([3], name="subject"))
    text, _ = extension("captions").headed(table.to_html())
    soup = BeautifulSoup(text, "html.parser")
    assert [[cell.get_text() for cell in row] for row in headings(soup.table)] == [
        ["subject", "CNN"]
    ]
    assert all("text-right" in cell["class"] for cell in soup.find_all(["th", "td"])[1::2])
    words, _ = extension("captions").headed(table.astype(str).replace("1.0", "so").to_html())
    assert "text-right" not in words
    text, own = extension("captions").headed(
        table.rename_axis(None).to_html().replace("<thead>", "<caption>All</caption><thead>"), "who"
    )
    soup = BeautifulSoup(text, "html.parser")
    assert own == "All"
    assert not soup.caption
    assert [cell.get_text() for cell in headings(soup.table)[0]] == ["who", "CNN"]
