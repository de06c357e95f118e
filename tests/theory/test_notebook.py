"""What a notebook shows is what was judged, as well-formed HTML and as LaTeX that MathJax reads; words stay words."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.probability.setting import DETERMINISTIC
from theory.proof.cache import record_of
from theory.proof.domains import Reals
from theory.proof.judges import Verdict
from theory.proof.library import find, theorems
from theory.proof.notation import unicode
from theory.proof.notebook import as_html, as_latex, as_text, words
from theory.proof.rules import Rule, algebra
from theory.proof.shown import Facts, Grid, Page, Shown, Words
from theory.proof.theorem import Theorem
from theory.symbols import N

x, y = sp.symbols("x y")
PROVED = (
    "variance.forward_step",
    "random_walk.relu_gain",
    "gains.backward",
    "shattering.coactivation",
    "random_walk.fair_coin_masks",
)
HOSTILE = (
    r"""100% of_x & #1 $a$ {b} ~c^d \input{/etc/passwd} <script>alert("q")</script> 'r' é ≤ ψ ± $$ \] \end{aligned}"""
)
COMMANDS = """
    left right frac text sqrt sum infty begin end pi mathbb int limits ln leq le ne prod rho operatorname max min Gamma beta
    tanh psi arccos kappa hat binom delta mid eta sigma substack mu gamma mapsto circ chi theta partial cos sin sim iff lim
    to ell Lambda xi alpha pm backslash exp mathrm dots
"""  # MathJax 3 and KaTeX were seen to read all displays of all theorems, which use these
KNOWN = {"\\" + name for name in (*COMMANDS.split(), *"\\,: _%&#${}")}


def commands(latex: str) -> set[str]:
    return set(re.findall(r"\\(?:[A-Za-z]+|.)", latex))


def displays(latex: str) -> list[str]:
    """The bodies of $$ ... $$; nothing else may be there."""
    parts = re.split(r"(?<!\\)\$\$", latex)
    assert not "".join(parts[::2]).strip(), parts[::2]
    return parts[1::2]


def balanced(latex: str) -> bool:
    """Whether braces, environments and brackets that grow are closed in the order in which they were opened."""
    opened = []
    closing = {"}": "{", r"\right": r"\left", r"\end": r"\begin"}
    for token in re.findall(r"\\[A-Za-z]+|\\.|[{}]", latex):
        if token in closing.values():
            opened.append(token)
        elif token in closing and (not opened or opened.pop() != closing[token]):
            return False
    return not opened


def read(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{html}</div>")


def words_of(html: str) -> str:
    return " ".join("".join(read(html).itertext()).split())


def made(rule: Rule = algebra, name: str = "example.square_of_100%") -> Theorem:
    def builder(p):
        """A square, <b>written</b> out."""
        p.let(x, Reals(0))
        return p.calc((x + 1) ** 2, "=", x**2 + 2 * x + 1, rule, "=", x * (x + 2) + 1, algebra)

    return Theorem(name, builder, (), "key & page_1", DETERMINISTIC, lambda values: None, {})


# --- theorems -------------------------------------------------------------------------------------


@pytest.mark.parametrize("theorem", theorems(), ids=lambda theorem: theorem.name)
def test_every_theorem_shows_all_its_steps_in_html_and_in_latex(theorem) -> None:
    steps = [step for derivation in theorem.derivations() for step in derivation.steps]
    html, latex = theorem._repr_html_(), theorem._repr_latex_()
    tree = read(html)
    numbered = [row[0].text for row in tree.findall("details/table/tr") if row[0].text]
    assert numbered == [step.name for step in steps]
    assert "<code>" not in html  # every node has a notation
    assert sum(body.count("&& ") for body in displays(latex)) >= len(steps)
    for body in displays(latex):
        assert balanced(body), body
        assert commands(body) <= KNOWN, commands(body) - KNOWN


@pytest.mark.parametrize("name", PROVED)
def test_a_theorem_shows_its_verdict_source_parameters_and_assumptions(name) -> None:
    theorem = find(name)
    record = record_of(theorem)
    parameters = [f"{p.name}{p.domain.describe()}" for p in theorem.parameters]
    assumptions = [f"{fact}: {text}" for fact, text in record.assumptions]
    parts = [f"{name}: {record.verdict}", theorem.summary, theorem.source, *parameters, *assumptions]
    shown = words_of(theorem._repr_html_())
    assert all(" ".join(part.split()) in shown for part in parts), shown
    text = as_text(theorem._page())
    assert all(part in text for part in (f"{name}: {record.verdict}", theorem.summary, theorem.source))
    for derivation in theorem.derivations():
        assert unicode(derivation.statement.right) in text


def test_nothing_is_shown_as_proved_before_it_was_judged_and_all_is_after() -> None:
    theorem = made()
    before = [theorem._repr_html_(), theorem._repr_latex_(), theorem.derivation()._repr_html_()]
    assert all("unchecked" in shown and "proved" not in shown for shown in before)
    assert theorem.derivation().judgements[0].verdict == Verdict.PROVED
    after = [theorem._repr_html_(), theorem._repr_latex_(), theorem.derivation()._repr_html_()]
    assert not any("unchecked" in shown for shown in after)


def test_what_was_refuted_is_shown_as_refuted() -> None:
    theorem = made(Rule("a wrong turn", lambda line, context: line + 1, "derived"))
    assert str(theorem.verdict) == "refuted"
    assert "a wrong turn [refuted]" in words_of(theorem._repr_html_())
    assert r"\text{a wrong turn [refuted]}" in theorem._repr_latex_()
    assert "a wrong turn [refuted]" in as_text(theorem.derivation()._page())


def test_a_statement_is_one_display() -> None:
    statement = made().derivation().statement
    assert statement._repr_latex_() == r"$$\left(x + 1\right)^{2} = x \left(x + 2\right) + 1$$"
    assert words_of(statement._repr_html_()) == "(x+1)2 =x\u2062(x+2)+1"


def test_a_verdict_shows_its_word() -> None:
    assert words_of(Verdict.CITED._repr_html_()) == "cited"
    assert Verdict.CITED._repr_latex_() == r"$$\text{cited}$$"


def test_a_node_without_a_notation_is_shown_as_text() -> None:
    page = Page("", (Words((sp.Function("unheard")(x), sp.besselj(2, x))),))
    assert "<code>besselj(2, x)</code>" in as_html(page)


# --- words ----------------------------------------------------------------------------------------


def test_hostile_words_stay_words() -> None:
    theorem = made(Rule(HOSTILE, algebra.derive, "cited", source=HOSTILE), name=HOSTILE)
    assert f"{HOSTILE}: unchecked" in words_of(theorem._repr_html_())
    assert words_of(theorem._repr_html_()).count(HOSTILE) == 3
    assert {element.tag for element in read(theorem._repr_html_()).iter()} & {"script", "b"} == set()
    for body in displays(theorem._repr_latex_()):
        assert balanced(body), body
        assert commands(body) <= KNOWN, commands(body) - KNOWN


@given(st.text(alphabet="ab {}\\&%$#_^~²≤Σψ′<>±·é∏", min_size=1))
def test_words_in_math_mode_are_read_as_themselves(written) -> None:
    meanings = {
        r"{\backslash}": "\\", r"{\sim}": "~", r"\hat{\ }": "^", " {<} ": "<", " {>} ": ">", "{}^{2}": "²", "{}'": "′",
        r"{\Pi}": "∏", r"{\le}": "≤", r"{\Sigma}": "Σ", r"{\psi}": "ψ", r"{\pm}": "±", r"{\cdot}": "·",
        **{"\\" + mark: mark for mark in "{}&%$#_"},
    }  # fmt: skip
    mark = "|".join(sorted(map(re.escape, meanings), key=len, reverse=True))
    token = re.compile(rf"\\text\{{([ab é]+)\}}|({mark})")
    shown = words(written)
    assert token.sub("", shown) == ""
    assert "".join(found[1] or meanings[found[2]] for found in token.finditer(shown)) == written


@given(st.lists(st.sampled_from(["word", "longer-word", "100%", x**2, N]), min_size=30, max_size=60))
def test_long_words_are_broken_into_lines_and_nothing_is_lost(parts) -> None:
    content = tuple(each if isinstance(each, sp.Basic) else f"{each} " for each in parts)
    page = Page("", (Words(content), Facts((("label", content), ("label", "once")))))
    first, second = displays(as_latex(page))
    for body in (first, second):
        plain = re.sub(r"\\text|\\begin\{aligned\}|\\end\{aligned\}|\\\\|[{}&\n]|label|once", "", body)
        expected = "".join("x^2" if each == x**2 else str(each) for each in parts)
        assert re.sub(r"[\s\\]", "", plain) == expected
    assert second.count(r"\text{label}") == 1
    lines = first.splitlines()[1:-1]
    assert len(lines) > 1 or len("".join(map(str, content))) <= 88  # as many characters as the module says


def test_a_grid_has_its_numbers_at_the_right_and_a_rule_below_its_headings() -> None:
    grid = Grid((N, ("gain, ", x)), (("3", "1.25(3)"), ("none", "-0.5")), frozenset({1}))
    body = "N & \\text{gain, }x \\\\ \\hline\n3 & 1.25(3) \\\\\n\\text{none} & -0.5"
    assert as_latex(Page("", (grid,))) == f"$$\\begin{{array}}{{lr}}\n{body}\n\\end{{array}}$$"
    assert as_text(Page("title", (grid,))).splitlines() == ["title", "   N  gain, x", "   3  1.25(3)", "none     -0.5"]
    rows = read(as_html(Page("", (grid,)))).findall("table/tbody/tr")
    assert [[cell.get("style") for cell in row] for row in rows] == [["text-align:left", None]] * 2


def test_a_page_of_its_own_is_all_that_a_class_needs() -> None:
    class Mine(Shown):
        def _page(self) -> Page:
            return Page("mine")

    class Printer:
        shown = ""

        def text(self, text: str) -> None:
            self.shown += text

    printer = Printer()
    Mine.__dict__["_repr_pretty_"](Mine(), printer, False)  # IPython looks into the class's own dictionary
    assert (printer.shown, Mine()._repr_latex_()) == ("mine", r"$$\text{mine}$$")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed, so nothing was compiled")
def test_latex_sets_what_mathjax_would(tmp_path: Path) -> None:
    """As `nbconvert --to pdf` does; only width is not asked for, since a display does not break."""
    shown = [find(name)._repr_latex_() for name in PROVED] + [as_latex(Page(HOSTILE, (Words(HOSTILE),)))]
    page = "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n%s\n\\end{document}\n"
    (tmp_path / "page.tex").write_text(page % "\n\n".join(shown), encoding="utf-8")
    line = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode("latin-1")
    assert "Missing character" not in (tmp_path / "page.log").read_text(encoding="latin-1")
