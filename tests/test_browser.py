"""The published book in a browser: nothing from the network, nothing broken, open to everybody."""

import io
import itertools
import re

import PIL.Image
import pytest

from semg_lib.evaluation import summaries
from semg_lib.evaluation.records import RESULTS, load_record
from semg_lib.publishing import pdf
from semg_lib.studies.protocols import METHODS, PROTOCOLS, able

CONTENTS = tuple(pdf.contents())
PAGES = (*CONTENTS, "search")
SCHEMES = ("light", "dark")
# Pictures come when they are scrolled to; here all of them are asked for at once.
LOADED = """async () => {
    const all = [...document.images];
    for (const each of all) each.loading = "eager";
    await Promise.all(all.map(each => each.decode().catch(() => 0)));
    return all;
}"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_open_to_everybody(address, browser, name):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(
        viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    wrong = []
    page.on(
        "request",
        lambda r: "127.0.0.1" in r.url or r.url.startswith("data:") or wrong.append(r.url),
    )
    page.on("response", lambda r: r.status < 400 or wrong.append(f"{r.status} {r.url}"))
    page.on("console", lambda m: m.type != "error" or wrong.append(m.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    text = page.goto(f"{address}{name}.html", wait_until="networkidle").body()
    assert wrong == []  # axe itself asks for style sheets where there are none
    assert len(text) < 1e6
    assert page.locator("h1").count() == 1
    broken = "all => all.filter(i => !i.alt || !i.naturalWidth).map(i => i.src)"
    assert page.evaluate(f"({LOADED})().then({broken})") == []
    assert "{{" not in page.inner_text("main")
    for width in (768, 390, 360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")  # resized
    # Entries of the API and the index are alike: axe takes half a minute for all of them.
    alike = "[...document.querySelectorAll('dl.py, .genindextable li')]"
    page.evaluate(f"{alike}.slice(20).forEach(each => each.remove())")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(f"document.documentElement.dataset.theme == '{scheme}'")
        rules = {"resultTypes": ["violations"]}
        if scheme == "dark":  # only colours are other ones
            rules["runOnly"] = ["color-contrast"]
        found = [
            f"{each['id']}: {each['nodes'][0]['html'][:100]}"
            for each in Axe().run(page, options=rules).response["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert found == [], scheme
    page.close()


# What of the sheets that themes bring matches an element, but is not in the sheet of all pages.
# What stands after an element's name, as hover or before, is no question of whether it is there.
MISSED = """async sheets => {
    const rules = (of, found = []) => {
        for (const rule of of.cssRules) {
            if (rule.selectorText) found.push(rule.selectorText);
            else if (rule.cssRules && !(rule instanceof CSSKeyframesRule)) rules(rule, found);
        }
        return found;
    };
    const kept = new Set([...document.styleSheets].flatMap(each => rules(each)));
    const there = selector => {
        const plain = selector.replace(
            /::?(hover|focus|focus-visible|focus-within|active|before|after|marker|visited)/g, "");
        try { return document.querySelector(plain || "*"); } catch { return false; }
    };
    const missed = [];
    for (const address of sheets) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync((await (await fetch(address)).text()).replace(/@import[^;]*;/g, ""));
        for (const each of rules(sheet)) if (!kept.has(each) && there(each)) missed.push(each);
    }
    return [kept.size, missed];
}"""


@pytest.mark.parametrize(
    "name", ["index", "book/executed/comparison", "book/papers/zhai2017", "book/api", "search"]
)
def test_no_rule_that_a_page_uses_is_left_out(address, browser, site, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}{name}.html?q=window", wait_until="networkidle")
    static = site / "_static"
    sheets = [*static.glob("*.css"), *static.glob("styles/*.css")]
    paths = [each.relative_to(site).as_posix() for each in sheets if "thebe" not in each.name]
    assert len(paths) > 9
    kept, missed = page.evaluate(MISSED, [f"{address}{each}" for each in paths])
    assert 500 < kept < 3000
    assert missed == []
    page.close()


def test_formulas_are_set_and_tables_filled(address, browser):
    page = browser.new_page()
    page.goto(f"{address}book/papers/atzori2016.html", wait_until="networkidle")
    assert page.locator("mjx-container").count() >= 3
    text = page.inner_text("article")
    assert "Random Forests" in text
    assert "supported" in text
    page.close()


@pytest.mark.parametrize("name", [name for name in CONTENTS if "/executed/" in name])
def test_the_launch_button_opens_the_clean_notebook(address, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}{name}.html", wait_until="domcontentloaded")
    link = page.locator("a[href*='colab.research.google.com']", has_text="Colab").first
    source = name.replace("book/executed/", "notebooks/")
    assert link.get_attribute("href").endswith(f"/blob/main/{source}.ipynb")
    page.close()


@pytest.mark.parametrize(
    ("words", "found"), [("recalibration", "zhai2017"), ("wrist+flexion", "movements")]
)
def test_search_finds(address, browser, words, found):
    page = browser.new_page()
    page.goto(f"{address}search.html?q={words}", wait_until="networkidle")
    page.wait_for_selector("#search-results li a")
    links = page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")
    assert any(found in link for link in links)
    page.close()


def test_the_switch_turns_the_page_dark_and_back(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.goto(f"{address}index.html", wait_until="networkidle")
    seen = set()
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").first.click()
        dark = page.evaluate("document.documentElement.dataset.theme")
        seen.add((dark, page.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert {theme for theme, _ in seen} == {"light", "dark"}
    assert len({colour for _, colour in seen}) == 2
    page.close()


@pytest.mark.parametrize(
    "name", ["book/papers/ding2018", "book/executed/comparison", "book/executed/data"]
)
def test_the_keyboard_alone_reaches_everything(address, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}{name}.html", wait_until="networkidle")
    wanted = """[...document.querySelectorAll('a[href], button, summary, input')]
        .filter(e => e.checkVisibility({visibilityProperty: true}))
        .filter(e => !e.disabled && e.type != 'checkbox')"""
    n = page.evaluate(f"window.wanted = new Set({wanted}); window.wanted.size")
    assert n > 30
    for _ in range(3 * n):
        page.keyboard.press("Tab")
        left = page.evaluate("window.wanted.delete(document.activeElement); window.wanted.size")
        if not left:
            break
    assert page.evaluate("[...window.wanted].map(e => e.outerHTML.slice(0, 120))") == []
    page.close()


@pytest.fixture
def phone(browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("menu", ["primary", "secondary"])
@pytest.mark.parametrize("how", ["tap", "click", "Enter"])
@pytest.mark.parametrize("name", ["index", "book/executed/protocols"])
def test_menus_open_on_a_phone(address, phone, name, how, menu):
    phone.goto(f"{address}{name}.html", wait_until="networkidle")
    button = phone.locator(f"button.{menu}-toggle:visible")
    link = phone.locator(f"#pst-{menu}-sidebar-modal a.reference").last
    assert not link.is_visible()
    button.press("Enter") if how == "Enter" else getattr(button, how)()
    link.wait_for()
    phone.keyboard.press("Escape")
    link.wait_for(state="hidden")
    button.click()
    link.click()
    if menu == "secondary":
        link.wait_for(state="hidden")
        phone.wait_for_function("location.hash && scrollY > 0")
    else:
        phone.wait_for_url(lambda url: not url.endswith(f"/{name}.html"))


def test_menus_open_beside_the_page(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}book/executed/protocols.html", wait_until="networkidle")
    button, link = page.get_by_label("Chapters"), page.locator("#pst-primary-sidebar a").last
    for how in (button.click, lambda: button.press("Enter")):
        assert link.is_visible()
        how()
        link.wait_for(state="hidden")
        button.click()
        link.wait_for()
    page.set_viewport_size({"width": 1000, "height": 900})
    contents = page.locator("#pst-secondary-sidebar-modal a").last
    assert not contents.is_visible()
    page.locator("button.secondary-toggle:visible").click()
    contents.wait_for()
    page.close()


def shown(dial):
    """What a dial says: how wide its bars are, in per cent, and its words."""
    bars = dial.locator("li:not([hidden]) .dial-bar")
    widths = bars.evaluate_all("all => all.map(bar => parseFloat(bar.style.width))")
    return widths, dial.locator("[role=status]").inner_text()


@pytest.mark.parametrize("name", ["index", "book/executed/protocols"])
def test_the_dial_turns_by_keyboard(address, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}{name}.html", wait_until="networkidle")
    dial = page.locator(".dial")
    choices = dial.locator(".dial-protocols").get_by_role("radio")
    while not choices.first.evaluate("radio => radio === document.activeElement"):
        page.keyboard.press("Tab")
    record = load_record(RESULTS / "protocols" / "record.json")
    means = 100 * summaries.by_variant([record]).mean()
    protocols = dial.locator("fieldset").first.get_by_role("radio").count()
    seen = set()
    for _ in range(choices.count()):
        widths, said = shown(dial)
        protocol = said.split("\n")[0].split(" the audit")[0].split(" passes")[0].strip()
        if len(seen) < protocols:
            own = able(protocol, METHODS)
            assert widths == [round(means[protocol, each], 2) for each in own]
            assert ("SVM" in dial.locator(".dial-bars").inner_text()) == ("svm" in own)
        elif "recalibrated" in protocol or "trained once" in protocol:
            assert len(widths) == (1 if "true labels" in protocol else 2)
            assert ("SVM" in dial.locator(".dial-bars").inner_text()) == (len(widths) == 2)
        percents = dial.locator("li:not([hidden]) .dial-percent").all_inner_texts()
        for mean, text in zip(widths, percents, strict=True):
            assert float(text.removesuffix(" %")) == pytest.approx(mean, abs=0.056)
            assert text in said  # heard, as well as seen
        seen.add(protocol)
        page.keyboard.press("ArrowDown")
    assert len(seen) == choices.count()
    assert protocols == (4 if name == "index" else len(PROTOCOLS))
    assert choices.count() - protocols == (0 if name == "index" else 9)
    if name != "index":
        choices.nth(list(PROTOCOLS).index("all rest kept")).check()
        before, _ = shown(dial)
        dial.get_by_label("balanced accuracy").press("Space")
        after, said = shown(dial)
        assert after[0] < before[0]
        assert "balanced accuracy: CNN" in said
    page.close()


@pytest.mark.parametrize("name", ["index", "book/executed/protocols"])
def test_the_dial_turns_by_touch_and_is_the_first_screen(address, phone, name):
    phone.goto(f"{address}{name}.html", wait_until="networkidle")
    dial = phone.locator(".dial")
    for each in (".dial-headline", ".dial-bars"):
        box = dial.locator(each).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 844
    before = shown(dial)
    dial.get_by_text("everything that flatters", exact=True).tap()
    after = shown(dial)
    assert after[1].startswith("everything that flatters")
    assert all(b > a for a, b in zip(before[0], after[0], strict=True))


def test_the_bars_of_the_dial_stay_in_sight_on_a_phone(address, phone):
    phone.goto(f"{address}book/executed/protocols.html", wait_until="networkidle")
    dial = phone.locator(".dial")
    last = dial.locator("label", has_text="everything that flatters")
    last.scroll_into_view_if_needed()
    last.tap()
    bars, choice = dial.locator(".dial-bars").bounding_box(), last.bounding_box()
    bar = phone.locator(".bd-header-article").bounding_box()
    assert bar["y"] + bar["height"] <= bars["y"] + 1
    assert bars["y"] + bars["height"] <= choice["y"]
    assert choice["y"] + choice["height"] <= 844


@pytest.mark.parametrize("how", ["tap", "Enter"])
def test_a_picture_opens_at_its_own_size_on_a_phone(address, phone, how):
    phone.goto(f"{address}book/papers/atzori2016.html", wait_until="networkidle")
    button = phone.locator("figure button.enlarge").first
    small = button.locator("img").bounding_box()
    assert button.locator("..").bounding_box()["width"] <= 390
    button.tap() if how == "tap" else button.press("Enter")
    dialog = phone.locator("dialog.enlarged")
    whole = dialog.locator("img").bounding_box()
    assert whole["width"] > 1.5 * small["width"]
    assert dialog.bounding_box()["width"] <= 390
    phone.keyboard.press("Escape")
    assert dialog.count() == 0
    assert button.evaluate("e => e === document.activeElement")


# Pictures are drawn with 160 pixels to the inch, in which a point is 160 / 72: words of 7 points,
# the smallest of axes and legends, are 9 pixels high where each pixel is 0.58 of one.
SHOWN = """() => [
    ...[...document.querySelectorAll("article .picture img")].map(
        i => [i.alt, 7 * 160 / 72 * i.clientWidth / i.naturalWidth]),
    ...[...document.querySelectorAll("article svg text")].map(
        t => [t.textContent, parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a]),
]"""


@pytest.mark.parametrize("name", CONTENTS)
def test_words_of_pictures_can_be_read_on_a_phone(address, phone, name):
    phone.goto(f"{address}{name}.html", wait_until="networkidle")
    phone.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    phone.evaluate(f"({LOADED})().then(() => 0)")
    assert [(told, size) for told, size in phone.evaluate(SHOWN) if size < 9] == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", ["book/papers/atzori2016", "book/executed/comparison"])
def test_a_wide_picture_scrolls_in_its_frame_by_keyboard(address, phone, name):
    phone.goto(f"{address}{name}.html", wait_until="networkidle")
    frame = phone.locator(".picture").first
    frame.scroll_into_view_if_needed()
    assert frame.bounding_box()["width"] <= 390
    assert frame.evaluate("f => f.scrollWidth > f.clientWidth + 50")
    frame.locator("button").focus()
    for _ in range(3):
        phone.keyboard.press("ArrowRight")
    phone.wait_for_function("document.querySelector('.picture').scrollLeft > 30")
    phone.set_viewport_size({"width": 1280, "height": 900})
    assert frame.evaluate("f => f.scrollWidth <= f.clientWidth")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_captions_are_as_dark_as_the_text(address, browser, scheme):
    page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page.goto(f"{address}book/papers/ding2018.html", wait_until="networkidle")
    colours = (
        """all => all.map(e => getComputedStyle(e)).map(s => [s.color, s.opacity].join(" "))"""
    )
    text = page.locator("article section > p").first.evaluate("e => getComputedStyle(e).color")
    for each in ("figcaption .caption-text", "caption .caption-text", "caption .caption-number"):
        found = page.locator(f"article {each}").evaluate_all(colours)
        assert found
        assert set(found) == {f"{text} 1"}
    page.close()


def colours(png):
    """The colours of a picture by how many pixels have them, most first, as (r, g, b)."""
    image = PIL.Image.open(io.BytesIO(png)).convert("RGB")
    return [colour for _, colour in sorted(image.getcolors(image.width * image.height))[::-1]]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_have_the_pages_ground_and_are_printed_on_white(address, browser, scheme):
    """Drawn by this build or stored with a run: one file serves both schemes and the printer."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.goto(f"{address}book/executed/quirks.html", wait_until="networkidle")
    page.evaluate(f"({LOADED})().then(() => 0)")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ground = [int(each) for each in re.findall(r"\d+", ground)]
    for image in page.locator("article figure img").all()[:3]:
        found = colours(image.screenshot())
        assert all(abs(a - b) <= 12 for a, b in zip(found[0], ground, strict=True))
        luminance = [sum(each) / 3 for each in found]
        assert max(luminance) - min(luminance) > 150
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    style = "e => [getComputedStyle(e).filter, getComputedStyle(document.body).backgroundColor]"
    assert page.locator("article figure img").first.evaluate(style) == [
        "none",
        "rgb(255, 255, 255)",
    ]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.close()


def test_the_first_column_stays_where_a_table_scrolls(address, phone):
    phone.goto(f"{address}book/papers/zhai2017.html", wait_until="networkidle")
    frame = phone.locator(".pst-scrollable-table-container", has=phone.locator("#zhai2017-real"))
    assert frame.evaluate("f => f.scrollWidth > f.clientWidth + 100")
    cell, caption = frame.locator("tbody td").first, frame.locator("caption")
    before = cell.bounding_box()["x"], caption.bounding_box()["x"]
    assert caption.bounding_box()["width"] <= 390
    frame.evaluate("f => f.scrollLeft = 100")
    assert (cell.bounding_box()["x"], caption.bounding_box()["x"]) == pytest.approx(before, abs=1)
    phone.goto(f"{address}book/executed/protocols.html", wait_until="networkidle")
    scrolls = "e => e.scrollWidth > e.clientWidth"
    frames = [each for each in phone.locator(".nb-table > .output").all() if each.evaluate(scrolls)]
    assert frames
    assert {each.get_attribute("tabindex") for each in frames} == {"0"}


@pytest.mark.parametrize("name", ["index", "book/executed/protocols"])
def test_a_picture_stands_in_for_the_dial_without_scripts(address, browser, name):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{address}{name}.html")
    picture = page.locator(".dial img")
    assert picture.is_visible()
    assert picture.bounding_box()["width"] > 600  # its words can be read, and its frame scrolls
    assert page.locator(".dial .picture").bounding_box()["width"] <= 390
    assert picture.get_attribute("alt").startswith("Points gained by each protocol")
    assert not page.locator(".dial-choices").first.is_visible()
    context.close()


def test_verdicts_are_in_sight_on_a_phone(address, phone):
    phone.goto(f"{address}index.html", wait_until="networkidle")
    badges = phone.locator(".verdict")
    assert badges.count() >= 3
    for box in (each.bounding_box() for each in badges.all()):
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    for row in phone.locator(".verdicts tbody tr").all():
        assert "real" in row.locator("td").first.inner_text()
    frame = phone.locator(".verdicts .pst-scrollable-table-container")
    assert frame.evaluate("f => f.scrollWidth <= f.clientWidth")


def test_the_table_of_numbers_sorts_and_filters(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}book/executed/comparison.html", wait_until="networkidle")
    table = page.locator("table.sortable")
    headings = table.locator("th").all_inner_texts()
    column = [text.startswith("accuracy") for text in headings].index(True)

    def shown():
        rows = table.locator("tbody tr:visible")
        return [
            float(each) for each in rows.locator(f"td:nth-child({column + 1})").all_inner_texts()
        ]

    every = shown()
    button = table.locator("th button").nth(column)
    button.click()
    assert shown() == sorted(every)
    assert table.locator("th").nth(column).get_attribute("aria-sort") == "ascending"
    button.focus()
    page.keyboard.press("Enter")
    assert shown() == sorted(every, reverse=True)
    page.get_by_label("Filter").fill("simulated random")
    few = table.locator("tbody tr:visible").all_inner_texts()
    assert 0 < len(few) < len(every)
    assert all("simulated" in row and "Random" in row for row in few)
    assert f"{len(few)} of {len(every)} rows" in page.inner_text(".table-filter")
    page.get_by_label("Filter").fill("")
    assert len(shown()) == len(every)
    page.close()


def test_the_recording_can_be_scrubbed(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}book/executed/data.html", wait_until="networkidle")
    widget = page.locator(".scrubber")
    said = widget.locator("output")
    pixels = "c => c.toDataURL()"
    before = said.inner_text(), widget.locator("canvas").first.evaluate(pixels)
    slider = widget.locator("input")
    slider.focus()
    page.keyboard.press("ArrowRight")
    after = said.inner_text(), widget.locator("canvas").first.evaluate(pixels)
    assert before[0].startswith("0.00 s")
    assert after[0].startswith("0.05 s")
    assert before[1] != after[1]
    slider.evaluate("s => { s.value = s.max; s.dispatchEvent(new Event('input')); }")
    assert said.inner_text().startswith("59.85 s")
    texts = set()
    for at in range(0, 5985, 50):
        slider.evaluate(f"s => {{ s.value = {at}; s.dispatchEvent(new Event('input')); }}")
        texts.add(said.inner_text().split("s: ", 1)[1])
    # Both labels, their disagreement, and windows that are left out are met on the way.
    assert any(
        "asks for 1 index finger flexion, the re-aligned label is rest" in text for text in texts
    )
    assert any("left out" in text for text in texts)
    assert any("counts" in text for text in texts)
    widget.get_by_role("button").click()
    assert widget.get_by_role("button").inner_text() == "Stop"
    page.close()


def test_hints_of_exercises_open(address, browser):
    page = browser.new_page()
    page.goto(f"{address}book/executed/atzori2016.html", wait_until="networkidle")
    hints = page.locator("details:not(.hide)", has_text="Hint")
    assert hints.count() == 4
    for i in range(4):
        hint = hints.nth(i)
        assert not hint.locator("p, div").first.is_visible()
        hint.locator("summary").click()
        assert hint.locator("p, div").first.is_visible()
    page.close()


def test_code_can_be_copied_and_pages_follow_each_other(address, browser):
    page = browser.new_page()
    page.goto(f"{address}book/running.html", wait_until="networkidle")
    assert page.locator("button.copybtn").count() >= 3
    for here, following in itertools.pairwise(CONTENTS):
        page.goto(f"{address}{here}.html", wait_until="domcontentloaded")
        link = page.locator("a.right-next").get_attribute("href")
        assert link.split("/")[-1] == following.split("/")[-1] + ".html"
    page.close()


def test_the_pages_say_when_they_were_built(address, browser):
    page = browser.new_page()
    page.goto(f"{address}index.html", wait_until="domcontentloaded")
    assert "Last updated on" in page.inner_text("footer.bd-footer-content, .footer-content__inner")
    page.close()
