"""The handbook: what it says is escaped, its formulas are the theorems', all of them are in it, and it compiles clean."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from papers import handbook, latex
from papers.arguments import NotHad
from papers.claims import ledger
from papers.claims.claim import Finding, Point, Verdict
from papers.figures import FIGURES
from papers.figures.picture import Picture
from papers.handbook import abbreviations, exhibits, pdf
from papers.handbook.breaking import breakable
from papers.handbook.document import document
from papers.table import Column, Table
from theory.proof import notation
from theory.proof.library import theorems
from theory.proof.nodes import DominatedIntegral
from theory.symbols import N, k, x

needs_tex = pytest.mark.skipif(
    not pdf.can_be_built(), reason="pdflatex and bibtex are not installed, so nothing was compiled"
)
HOSTILE = (
    r"""100% of_x & #1 $a$ {b} ~c^d \input{/etc/passwd} <|> "q" 'r' x_{ E[ (a ^ é ± Ω 漢 \end{document} x^% y_\input"""
    r""" x^2^3 x_1_2 a^2'' =_b"""
)
WIDEST = 5  # points by which a line may stick out: what TeX calls overfull and no reader sees


# --- formulas --------------------------------------------------------------------------------------


def flat(text: str) -> str:
    """The opened form of everything, brackets as the compact form has them, without the places where a line may end."""
    while (at := text.find(r"\fit{")) >= 0:
        _, end = group(text, at + 4)
        opened, end = group(text, end)
        text = f"{text[:at]}{opened}{text[end:]}"
    while (at := text.find(r"\opening")) >= 0:
        _, end = group(text, at + 9)
        text = rf"{text[:at]}\left{text[at + 8]}{text[end:]}"
    while (at := text.find(r"\closing")) >= 0:
        _, end = group(text, at + 9)
        text = rf"{text[:at]}\right{text[at + 8]}{text[end:]}"
    return re.sub(r"\\brk\{\d\}|\\timesbrk|\s+", "", text)


def group(text: str, at: int) -> tuple[str, int]:
    """The braced group that starts there, and where it ends."""
    assert text[at] == "{", text[at:]
    depth = 0
    for here in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[here], 0)
        if depth == 0:
            return text[at + 1 : here], here + 1
    raise AssertionError(f"an open group: {text[at:]}")


y, z = sp.symbols("y z", positive=True)
quotientless = st.recursive(
    st.sampled_from([x, y, z, N, sp.S(2), sp.S(3)]),
    lambda inner: st.one_of(
        st.builds(lambda one, two, three: one - two + three, inner, inner, inner),
        st.builds(sp.Mul, inner, inner),
        st.builds(lambda base: base**2, inner),
        st.builds(lambda term, inside: term + sp.log(x + inside), inner, inner),
        st.builds(lambda body: sp.Sum(body + k, (k, 1, N)), inner),
    ),
    max_leaves=30,
)


@given(quotientless)
def test_places_to_end_a_line_change_nothing_else(tree):
    assert flat(breakable(tree)) == re.sub(r"\s+", "", notation.latex(tree))


def test_a_quotient_that_is_too_wide_becomes_a_short_fraction_before_its_numerator():
    wide = sp.Add(*(x**n for n in range(1, 12))) / (1 + y)
    assert r"\frac{1}{y + 1} \fit{\left(" in breakable(wide)


@pytest.fixture(scope="module")
def lines() -> list[tuple[sp.Basic, sp.Basic]]:
    """Both sides of every step of the library."""
    steps = [step for theorem in theorems() for derivation in theorem.derivations() for step in derivation.steps]
    return [(step.left, step.right) for step in steps]


def test_letters_for_what_repeats_stand_for_the_line_that_was_judged(lines):
    named = 0
    for side in {side for sides in lines for side in sides}:
        shown, names = abbreviations.abbreviated(side, ())
        named += bool(names)
        assert abbreviations.leaves(side) <= abbreviations.LONG or names or shown == side
        for name, meaning in reversed(names):
            assert not side.has(name)
            shown = shown.xreplace({name: meaning})
        assert notation.unicode(shown) == notation.unicode(side)  # the majorants of integrals are not shown
    assert named


def test_a_letter_in_use_is_not_given_a_second_meaning():
    part = 1 + sp.exp(x) * y**3 + z
    tree = sp.Add(*(part**n * sp.log(n * part) for n in range(2, 12)))
    (name, meaning), *_ = abbreviations.abbreviated(tree, {"R"})[1]
    assert (str(name), meaning) == ("A", part)
    bound = sp.Integral(tree, (x, 0, 1))
    assert str(abbreviations.abbreviated(bound, ())[1][0][0]) == "R(x)"


def test_a_sum_starts_with_a_term_that_has_no_minus_and_binders_follow_short_fractions():
    gauss = DominatedIntegral(sp.exp(-(x**2)), (x, -sp.oo, sp.oo), 1, 1)
    assert notation.latex(-sp.exp(-x) + 1 - x).startswith("1 ")
    assert notation.latex(sp.Sum(k * y, (k, 1, N)) / (N + 1)).startswith(r"\frac{1}{N + 1} \sum_{k=1}^{N}")
    assert notation.latex((2 + gauss) / N).startswith(r"\frac{1}{N} \left(2 + \int")
    assert notation.latex(sp.Rational(10**50 + 1, 10**50) * x) == r"1.0000000000\dots\, x"
    assert notation.latex(sp.exp(x + y * z + sp.log(x + y) ** 2 + z**2)).startswith(r"\exp\left(")


# --- the document ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The handbook with every theorem, every claim with hostile words in its finding, one table and one figure."""
    from matplotlib.figure import Figure

    said = Finding(
        Verdict.IDEALISED, HOSTILE, ("variance.activation",), x**2, x, (Point(HOSTILE, "1", HOSTILE),), (HOSTILE,)
    )
    claims = tuple(replace(claim, settle=lambda printed: said, note=HOSTILE) for claim in ledger.claims())
    picture = Picture("hostile", HOSTILE, dict, lambda data: Figure())
    table = Table("hostile", HOSTILE, (Column(HOSTILE[:30]),), ((HOSTILE[-30:],),), (HOSTILE,))
    folder = tmp_path_factory.mktemp("handbook")
    for name, text in (("tables", latex.table(table)), ("figures", "")):
        (folder / name).mkdir()
        (folder / name / "hostile.tex").write_text(text)
    picture.draw({}).savefig(folder / "figures" / "hostile.pdf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "claims", lambda: claims)
        patch.setattr(exhibits, "TABLES", {"hostile": lambda: table})
        patch.setattr(exhibits, "FIGURES", {"hostile": picture})
        handbook.source(folder)
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "handbook.tex").read_text()


def test_every_theorem_and_every_claim_is_in_the_book_once(text):
    opened = re.findall(r"^\\theoremopens\{([^}]*)\}", text, re.MULTILINE)
    assert sorted(opened) == sorted(theorem.name for theorem in theorems())
    assert sorted(re.findall(r"^\\claimopens\{([^}]*)\}", text, re.MULTILINE)) == sorted(ledger.IDS)
    assert set(re.findall(r"\\thm\{([^}]*)\}", text)) <= set(opened)


def test_every_line_of_every_proof_has_its_brackets_and_braces_in_pairs(text):
    lines = re.findall(r"^\\(?:step|statement|chainopens)\{.*$", text, re.MULTILINE)
    assert len(lines) > len(theorems())
    for shown in lines:
        assert shown.count(r"\opening") == shown.count(r"\closing")
        bare = re.sub(r"\\[{}]", "", shown)
        assert bare.count("{") == bare.count("}")


def test_every_step_is_printed_with_its_verdict_unless_it_is_proved(text):
    steps = [step for theorem in theorems() for d in theorem.derivations() for step in d.steps]
    printed = re.findall(r"^\\step\{.*$", text, re.MULTILINE)
    assert len(printed) == len(steps)
    enclosed = sum(r"\verdict{enclosed}" in step for step in printed)
    from theory.proof.cache import record_of

    assert enclosed == sum(record_of(theorem).counts.get("enclosed", 0) for theorem in theorems())
    assert "unchecked" not in text


@needs_tex
def test_the_book_compiles_without_a_warning_that_a_reader_would_see(folder):
    path, log = pdf.compiled(folder)
    wide = [float(width) for width in re.findall(r"Overfull \\hbox \(([0-9.]+)pt", log)]
    assert max(wide, default=0) <= WIDEST
    assert [told for told in log.splitlines() if "Warning" in told or "Missing character" in told] == []
    assert path.stat().st_size > 0
    if not shutil.which("pdffonts"):
        pytest.skip("pdffonts is not installed, so no font was looked at")
    listed = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert listed
    for font in listed:
        *_, embedded, _, _, _, _ = font.split()
        assert embedded == "yes", font
        assert "Type 3" not in font, font


def test_without_tex_the_text_is_written_and_one_sentence_names_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda program: None)
    monkeypatch.setattr("papers.handbook.document.document", lambda folder: "text")
    assert not handbook.can_be_built()
    with pytest.raises(NotHad, match=r"texlive-latex-base.*texlive-fonts-recommended"):
        handbook.write(tmp_path)
    assert (tmp_path / "handbook.tex").read_text() == "text"


@needs_tex
@pytest.mark.parametrize(
    ("body", "reason"),
    [(r"\nonsense", "Undefined control sequence"), (r"\usepackage{no-such-package}", "no-such-package.sty")],
)
def test_what_tex_refuses_is_told_in_one_sentence(tmp_path, body, reason):
    (tmp_path / "handbook.tex").write_text(rf"\documentclass{{article}}{body}\begin{{document}}x\end{{document}}")
    with pytest.raises(NotHad, match=reason):
        pdf.compiled(tmp_path)
    assert not (tmp_path / "handbook.pdf").exists()


@needs_tex
def test_the_same_text_gives_the_same_pdf(tmp_path):
    preamble = r"\pdfinfoomitdate=1 \pdftrailerid{} \pdfsuppressptexinfo=-1 "
    (tmp_path / "handbook.tex").write_text(
        rf"\documentclass{{article}}{preamble}\begin{{document}}\today\cite{{x}}\bibliographystyle{{plain}}"
        r"\bibliography{references}\end{document}"
    )
    (tmp_path / "references.bib").write_text("@misc{x, title={A title}, year={2000}}")
    first, second = (pdf.compiled(tmp_path)[0].read_bytes() for _ in range(2))
    assert first == second


def test_the_figures_and_tables_of_the_folder_are_taken_in_and_no_others(tmp_path):
    assert exhibits.names(tmp_path) == ([], [])
    name = next(iter(FIGURES))
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / f"{name}.pdf").touch()
    assert exhibits.names(tmp_path) == ([], [name])
    (chapter,) = exhibits.chapters(tmp_path)
    assert rf"\exhibit{{{name}}}" in chapter
    assert "document" in document.__name__
