"""The page shows everything, escapes everything, loads nothing, and works: by keyboard, on a phone, in print."""

import base64
import html.parser
import itertools
import json
import math
import re
import shutil
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
import sympy as sp

from numerics.checks import Result
from numerics.evidence import Evidence
from papers import web
from papers.claims.claim import Claim, Finding, Point, Verdict
from papers.claims.contradictions import Contradiction
from papers.claims.ledger import claims
from papers.claims.ledger import find as find_claim
from papers.committed import PRINTED
from papers.figures import FIGURES
from papers.table import Column, Number, Source, Table
from papers.tables import TABLES
from papers.web import citing, plot
from papers.web.claims import parts
from papers.web.tables import LARGEST as VECTOR
from papers.web.tables import shown
from papers.web.tables import table as table_view
from papers.web.words import linker, powers
from theory.probability.setting import DETERMINISTIC
from theory.proof.library import find, theorems
from theory.proof.markup import name
from theory.proof.mathml import mathml
from theory.proof.rules import algebra
from theory.proof.theorem import Theorem
from theory.symbols import N, x

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'too' </style> <img src=x onerror=alert(2)> {{ 7 * 7 }}"
SOME = (
    *(
        "probability.gaussian_transform",
        "random_walk.relu_log_variance",
        "random_walk.ratio_cdf",
        "variance.activation",
    ),
    *("random_walk.ratio_transform", "shattering.relu_correlation", "failure_modes.layer_variance"),
)
LARGEST = 6_000_000  # bytes: what a browser on a phone still opens at once
AA = 4.5  # the contrast of text that WCAG 2 asks for at level AA


def result(verdict, estimate, theorem="random_walk.relu_log_variance", kind="mean", error=0.01):
    """A sampled check that claims 1 and would find a shift of 0.1."""
    evidence = Evidence(
        verdict, HOSTILE, estimate, error, 0.0, 0.0, 0.05, 1e-6, 1e-3, 0.1, 12345 * (estimate == estimate), 0, "", 1.0, kind
    )  # fmt: skip
    return Result(theorem, {"N": "7"}, HOSTILE, 1.0, 1.0 if kind == "mean" else 0.0, "cpu", evidence)


def hostile_claim():
    found = Finding(Verdict.REFUTED, HOSTILE, (HOSTILE,), sp.Symbol("y<b>"), sp.Symbol("&z"),
                    (Point(HOSTILE, HOSTILE, HOSTILE),), (HOSTILE,))  # fmt: skip
    return Claim("X-01", HOSTILE, "text", HOSTILE, lambda printed: found, sp.Symbol("x</math><script>"), HOSTILE)


def hostile_theorem():
    def builder(p):
        return p.calc((x + 1) ** 2, "=", x**2 + 2 * x + 1, algebra)

    builder.__doc__ = HOSTILE + "\n\n" + HOSTILE
    return Theorem("hostile.square", builder, (), HOSTILE, DETERMINISTIC, lambda values: None, {})


def hostile_table():
    number = Number(Decimal("1.25"), Source(HOSTILE, "computation", "0" * 64), Decimal("0.01"))
    return Table("hostile", HOSTILE, (Column(HOSTILE, HOSTILE), Column(N)), ((HOSTILE, number),), (HOSTILE,))


# --- pages -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def small():
    """A page of a few of everything, hostile words among them."""
    return web.page(
        theorems=[*map(find, SOME), hostile_theorem()],
        claims=[*map(find_claim, ("G-01", "G-06", "S-02", "S-04", "R-03")), hostile_claim()],
        results=[result("agrees", 1.02), result("refuted", 1.9), result("undecided", math.nan),
                 result("agrees", 0.03, kind="law", error=math.nan)],
        contradictions=[Contradiction(HOSTILE, HOSTILE, (HOSTILE,), ((HOSTILE,),), HOSTILE, ("variance.activation",))],
        tables=[TABLES["random_walk_gains"](), hostile_table()],
        figures=[shown(FIGURES["random_walk_gain"])],
        references={"sussillo2014": HOSTILE, "glorot2010": "Understanding. https://example.org"},
    )  # fmt: skip


class Elements(html.parser.HTMLParser):
    """Every start tag with its attributes, and the text outside script and style."""

    def __init__(self, page):
        super().__init__()
        self.found, self.text, self.inside = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if not self.inside:
            self.text.append(data)

    def every(self, attribute):
        return [given[attribute] for _, given in self.found if given.get(attribute) is not None]

    def tags(self, name):
        return [given for tag, given in self.found if tag == name]


def assert_closed(page):
    """Ids are unique, links lead somewhere on the page, nothing leads or loads from elsewhere."""
    elements = Elements(page)
    ids = elements.every("id")
    assert len(ids) == len(set(ids))
    for reference in [
        *elements.every("aria-labelledby"),
        *(target[1:] for target in elements.every("href") if target[0] == "#"),
    ]:
        assert reference in ids
    loaded = [*elements.every("href"), *elements.every("src"), *elements.every("action"), *elements.every("srcset")]
    assert all(target.startswith(("#", "data:")) for target in loaded)
    assert not elements.every("style")  # the policy would refuse them
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style
    assert not [attribute for _, given in elements.found for attribute in given if attribute.startswith("on")]


def test_hostile_words_are_shown_as_they_are(small):
    elements = Elements(small)
    assert len(elements.tags("script")) == len(elements.tags("style")) == 1
    assert [image["src"][:5] for image in elements.tags("img")] == ["data:"]
    seen = "".join(elements.text)
    places = (
        15  # says, reason, theorem, 3 of a point, evidence, note; summary, remark, source; table; checks; reference
    )
    assert seen.count(HOSTILE) > places
    assert "49" not in re.findall(r"\{\{ 7 \* 7 \}\}|\b49\b", seen)
    assert "x</math><script>" in seen.replace("\u2062", "")


def test_a_page_of_a_few_is_closed_and_the_same_each_time(small):
    assert_closed(small)
    assert small.startswith("<!DOCTYPE html>")
    again = [web.page(theorems=[find("variance.activation")], claims=[find_claim("G-01")]) for _ in range(2)]
    assert again[0] == again[1]


def test_a_crowded_picture_is_pixels_and_smaller_than_a_vector_picture_may_be():
    name = "training_glorot_activations"
    data = json.loads((PRINTED / "figures" / f"{name}.json").read_text(encoding="utf-8"))
    uri = shown(replace(FIGURES[name], data=lambda: data)).uri
    assert uri.startswith("data:image/png;base64,")
    assert len(base64.b64decode(uri.partition(",")[2])) < VECTOR


def test_every_theorem_and_claim_is_on_the_page_with_its_formulas():
    page = web.page(
        theorems=theorems(), claims=claims(), tables=[TABLES["variance_conditions"]()],
        figures=[shown(FIGURES["random_walk_gain"])],
    )  # fmt: skip
    assert_closed(page)
    assert len(page.encode()) < LARGEST
    ids = set(Elements(page).every("id"))
    assert ids >= {f"theorem-{theorem.name}" for theorem in theorems()} | {f"claim-{claim.id}" for claim in claims()}
    steps = sum(len(derivation.steps) for theorem in theorems() for derivation in theorem.derivations())
    assert page.count('<li class="step">') == steps
    seen = "".join(Elements(page).text)
    for claim in claims():
        assert claim.says in seen
    expressions = [tree for claim in claims() for tree in (claim.printed, claim.finding.derived, claim.finding.factor)]
    for tree in filter(lambda tree: tree is not None, expressions):
        formula = visible(mathml(tree))
        assert all(visible(f"<m>{name(symbol.name)}</m>") in formula for symbol in tree.atoms(sp.Symbol))


def visible(markup):
    """The text of well-formed markup."""
    return "".join(ET.fromstring(markup).itertext())


def test_headings_are_in_order_and_every_control_and_picture_has_a_name(small):
    elements = Elements(small)
    levels = [int(tag[1]) for tag, _ in elements.found if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))
    assert all(image["alt"] for image in elements.tags("img"))
    labels = small.count("<label")
    assert labels == len(elements.tags("input")) + len(elements.tags("select"))
    assert [given for tag, given in elements.found if tag == "main"] == [{"id": "content", "tabindex": "-1"}]


def test_neighbours_are_linked_both_ways(small):
    def section(name):
        return small.partition(f'id="theorem-{name}"')[2].partition("</article>")[0]

    assert 'href="#theorem-random_walk.ratio_transform"' in section("random_walk.relu_log_variance")
    used_by = section("random_walk.ratio_transform").partition("<dt>used by</dt>")[2]
    assert 'href="#theorem-random_walk.relu_log_variance"' in used_by
    assert 'href="#table-random_walk_gains"' in section("random_walk.relu_log_variance")
    assert "random_walk.active_log_variance" in section("random_walk.relu_log_variance")  # not on the page: words alone
    assert "#theorem-random_walk.active_log_variance" not in small


def test_a_theorem_without_samples_says_why(small):
    assert "its checks were not part of this run" in small
    assert "a limit, width to infinity: no network has this value" in small


def test_the_page_is_written_whole_under_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr("papers.tables.TABLES", {"hostile": hostile_table})
    monkeypatch.setattr("papers.figures.FIGURES", {})
    few = (find_claim("G-01"),)
    monkeypatch.setattr("papers.claims.ledger.claims", lambda: few)
    monkeypatch.setattr("papers.claims.contradictions.contradictions", lambda: ())
    one = (find("variance.activation"),)
    monkeypatch.setattr("theory.proof.library.theorems", lambda: one)
    (path,) = web.write(tmp_path / "new", [result("agrees", 1.0, "variance.activation")])
    text = path.read_text(encoding="utf-8")
    assert path == tmp_path / "new" / "report.html"
    assert "doi:10.1214/11-AIHP454" in text  # of catoni2012, in words
    assert_closed(text)


# --- parts -----------------------------------------------------------------------------------------


def test_numbers_stand_below_each_other_at_the_decimal_mark():
    source = Source("s", "computation", "0" * 64)
    cells = [Decimal("10"), Number(Decimal("1.25"), source, Decimal("0.01")), Number(Decimal("-0.5"), source), "none"]
    view = table_view(Table("t", "c", (Column("h"),), tuple((cell,) for cell in cells), ()), linker({}))
    rows = [row[0] for row in view["rows"]]
    assert [row["text"] for row in rows] == ["10", "1.250(10)", "−0.5", "none"]
    ends = [row["text"].lstrip("−0123456789") + row["missing"] for row in rows[:3]]
    assert {"".join(sorted(re.sub(r"\d", "0", "." + end if end[0] != "." else end))) for end in ends[1:]} == {
        "()" + "." + "00000"
    }
    assert sorted(rows[0]["missing"]) == sorted(".00000()")


def test_names_are_linked_where_the_page_has_them_and_nowhere_else():
    linked = linker({"he2015": "reference", "a.b_c": "theorem", "S-06": "claim"})
    assert linked("he2015, S-06; by a.b_c.") == (
        '<a href="#reference-he2015">he2015</a>, <a href="#claim-S-06">S-06</a>; by <a href="#theorem-a.b_c">a.b_c</a>.'
    )
    assert linked("he2015b & a.b") == "he2015b &amp; a.b"


def test_a_reason_falls_into_the_parts_of_its_claim():
    assert parts("equal; confirmed: by hand") == [("", "equal; confirmed: by hand")]
    assert parts("idealised: a; b; refuted: c") == [("idealised", "a; b"), ("refuted", "c")]


def test_a_power_of_ten_is_raised():
    assert powers("2.5e-07 < 3") == "2.5·10<sup>−7</sup> &lt; 3"
    assert powers("he2015e, 1e5") == "he2015e, 1·10<sup>5</sup>"


def test_an_estimate_stands_where_it_lies_between_the_shifts():
    assert plot.place(0) == plot.WIDTH / 2
    assert plot.place(-1) + plot.place(1) == plot.WIDTH
    assert plot.place(9) == plot.WIDTH

    def marks(found):
        root = ET.fromstring(plot.strip(found))
        return {part.get("class") or part.tag: part for part in root}, root.get("aria-label")

    inside, words = marks(result("agrees", 1.02))
    assert float(inside["circle"].get("cx")) == plot.place(0.2)
    assert [float(inside["band"].get(end)) for end in ("x1", "x2")] == [plot.place(0.0), plot.place(0.4)]
    assert "0.2 detectable shifts" in words
    beyond, _ = marks(result("refuted", 1.9))
    assert "path" in beyond
    assert "circle" not in beyond
    nothing, words = marks(result("undecided", math.nan))
    assert set(nothing) == {"zero", "shift"}
    assert words == "undecided; no estimate"
    law, _ = marks(result("agrees", 0.03, kind="law", error=math.nan))
    assert "threshold" in law
    assert "band" not in law


def test_a_citation_names_program_theorem_and_hash():
    theorem = find("variance.activation")
    key = citing.short_hash(theorem)
    assert len(key) == citing.SHORT
    assert citing.plain(theorem, "proved").endswith(
        f"theorem variance.activation (proved; after glorot2010, eq. 5), {key}."
    )
    entry = citing.bibtex(hostile_theorem(), "proved")
    assert entry.startswith("@misc{initium-hostile-square,\n")
    assert r"\textless{}script\textgreater{}" in entry
    assert entry.count("{") == entry.count("}")


# --- in a browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no Chromium on this machine (Debian's package is chromium)")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(small, encoding="utf-8")
    return path.as_uri()


@contextmanager
def opened(chromium, address, *, width=1280, after="", **options):
    """The page in a window of its own; at the end nothing may have complained or left the file."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
    page, heard = context.new_page(), []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: heard.append(request.url) if request.url.split("#")[0] != address else None)
    page.goto(address + after)
    yield page
    assert [each for each in heard if not each.startswith("data:")] == []
    context.close()


def listed(page):
    return page.locator('[data-entry="theorems"]:visible > a').all_inner_texts()


def unfold(page):
    page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")


def test_words_and_selections_filter_the_list_and_the_address_keeps_them(chromium, address):
    with opened(chromium, address) as page:
        found = page.locator('form[data-list="theorems"] .found')
        assert found.inner_text() == f"{len(SOME) + 1} of {len(SOME) + 1} theorems"
        search = page.locator('form[data-list="theorems"] [name="q"]')
        search.fill("RATIO layer")
        assert sorted(listed(page)) == ["random_walk.ratio_cdf", "random_walk.ratio_transform"]
        page.locator('form[data-list="theorems"] [name="verdict"]').select_option("enclosed")
        assert listed(page) == ["random_walk.ratio_cdf"]
        assert found.inner_text() == f"1 of {len(SOME) + 1} theorems"
        assert page.locator('[data-group="theorems"]:visible h3').all_inner_texts() == ["random_walk"]
        assert page.evaluate("location.hash") == "#theorems?q=RATIO+layer&verdict=enclosed"
        page.reload()
        assert listed(page) == ["random_walk.ratio_cdf"]
        search.press("Escape")
        assert sorted(listed(page)) == sorted(name for name in SOME if str(find(name).verdict) == "enclosed")
        claim_search = page.locator('form[data-list="claims"] [name="verdict"]')
        claim_search.select_option("corrected")
        assert page.locator('[data-entry="claims"]:visible > tr > th').all_inner_texts() == ["G-06", "S-04"]
        assert page.locator('[data-group="claims"]:visible').count() == 2


def test_an_address_with_a_query_opens_the_filtered_list(chromium, address):
    with opened(chromium, address, after="#theorems?paper=glorot2010&subject=variance") as page:
        assert listed(page) == ["variance.activation"]
        assert page.locator("#theorems-heading").bounding_box()["y"] < 900  # scrolled to


def test_the_page_works_by_keyboard(chromium, address):
    with opened(chromium, address) as page:
        focused = "document.activeElement.matches({!r})"
        page.keyboard.press("Tab")
        assert page.evaluate(focused.format(".skip"))
        assert page.locator(".skip").bounding_box()["x"] >= 0  # it is seen once it has the focus
        page.keyboard.press("Enter")
        assert page.evaluate(focused.format("main"))
        page.keyboard.press("/")
        assert page.evaluate(focused.format('form[data-list="theorems"] [name="q"]'))
        page.keyboard.type("a/b")
        assert page.evaluate("document.activeElement.value") == "a/b"
        page.keyboard.press("Enter")  # submits nothing
        page.keyboard.press("Escape")
        assert len(listed(page)) == len(SOME) + 1
        page.locator("article summary").first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.parentElement.open")
        page.locator(".theme").focus()
        page.keyboard.press("Space")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_the_page_itself_never_scrolls_sideways(chromium, address, width):
    with opened(chromium, address, width=width) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width


CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const found = {};
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const [a, b] = [luminance(rgb(e.namespaceURI.endsWith("svg") ? style.fill : style.color)), luminance(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = `${e.tagName}.${e.getAttribute("class")}`;
    found[name] = Math.min(found[name] ?? 99, ratio);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_level_aa(chromium, address, scheme):
    with opened(chromium, address, color_scheme=scheme) as page:
        unfold(page)
        found = page.evaluate(CONTRASTS)
        assert {name for name in found if name.startswith("SPAN.badge")}  # badges were among them
        assert {name: ratio for name, ratio in found.items() if ratio < AA} == {}


def test_the_scheme_is_the_systems_until_the_reader_chooses(chromium, address):
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(chromium, address, color_scheme="dark") as page:
        dark = page.evaluate(ground)
        assert page.locator(".theme").get_attribute("aria-pressed") == "true"
    with opened(chromium, address, color_scheme="light") as page:
        assert page.evaluate(ground) != dark
        page.locator(".theme").click()
        assert page.evaluate(ground) == dark
        assert page.locator(".theme").get_attribute("aria-pressed") == "true"
        assert page.evaluate("localStorage.getItem('theme')") == "dark"  # for the next visit,
        page.add_init_script("localStorage.setItem('theme', 'dark')")  # which starts with what was kept
        page.reload()
        assert page.evaluate(ground) == dark


def test_without_javascript_the_list_is_whole_and_has_no_search(chromium, address):
    with opened(chromium, address, java_script_enabled=False) as page:
        assert page.locator('[data-entry="theorems"]:visible').count() == len(SOME) + 1
        assert page.locator(".needs-script:visible").count() == 0
        page.locator("article summary").first.click()
        assert page.locator("article .proof").first.is_visible()


def test_print_unfolds_everything_and_leaves_the_navigation_out(chromium, address):
    with opened(chromium, address, java_script_enabled=False) as page:
        page.emulate_media(media="print")
        assert not page.locator(".bar").is_visible()
        proof = page.locator("article .proof").first
        assert proof.bounding_box()["height"] > 0
        assert page.pdf().startswith(b"%PDF")


def test_for_print_wide_formulas_are_made_to_fit_and_then_restored(chromium, address):
    widths = "() => [...document.querySelectorAll('.display math')].map((m) => m.getBoundingClientRect().width)"
    with opened(chromium, address) as page:
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.proof math')).fontSize)")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        printed = page.evaluate(widths)
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        unfold(page)
        before = page.evaluate(widths)
        assert max(before) > 42 * size  # the page has a formula that is too wide
        assert max(printed) < 44 * size  # 42 em, and rounding of glyphs' sizes
        assert page.locator("details[open]").count() == page.locator("details").count()
