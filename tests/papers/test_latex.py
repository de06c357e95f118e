"""LaTeX: words stand for themselves and formulas among them are formulas; long tables are whole on any page."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import sympy as sp
from compiling import HOSTILE, PACKAGES, compiled, fits, needs_latex, read
from hypothesis import given
from hypothesis import strategies as st

from papers import latex
from papers.table import Column, Number, Source, Table
from papers.words import typeset

SOURCE = Source("a.theorem", "theorem", "0")


# --- words -----------------------------------------------------------------------------------------

SIGNS = st.sampled_from(
    [*"abNex12_^{}()[]'′ √ₙᵢ²ⁱ·-+./,=<>|\\%#&$~βΣ∏…", "sqrt", "beta", "<=", "1e-5", "https://", "Var "]
)


@needs_latex
def test_whatever_is_typed_compiles(tmp_path):
    """TeX runs once over all examples: a second script, an open group or a live command would stop it."""
    examples: list[str] = []

    @given(st.lists(st.lists(SIGNS, min_size=1, max_size=16).map("".join), min_size=20, max_size=20))
    def collect(texts):
        examples.extend(map(typeset, texts))

    collect()
    assert len(set(examples)) > 100
    compiled("\n\n".join(f"{text}." for text in examples), tmp_path)


@given(st.text())
def test_typeset_words_are_ascii_on_one_line(text):
    assert typeset(text).isascii()
    assert typeset(text).isprintable()


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("n_i and n_{i+1}", r"\(n_{i}\) and \(n_{i+1}\)"),
        ("nᵣ₊₁·vᵣ", r"\(n_{r+1}\)\(\cdot\)\(v_{r}\)"),
        ("M_d^2", r"\(M_{d}^{2}\)"),
        ("(3/4)^L", r"(\(3/4\))\(^{L}\)"),
        ("1/N^2", r"1/\(N^{2}\)"),
        ("sqrt(n_in + n_out)", r"\(\sqrt{n_{\mathrm{in}} + n_{\mathrm{out}}}\)"),
        ("dC/ds^d", r"\(dC/ds^{d}\)"),
        ("5.66e-07", r"\(5.66 \cdot 10^{-7}\)"),
        ("off by -75.01 %", r"off by \(-75.01\) \%"),
        ("a <= 2 +- 1", r"\(a\) \(\le\) 2 \(\pm\) 1"),
        ("for beta > 0", r"for \(\beta\) \(>\) 0"),
        ("he_normal", r"he\_\penalty50{}normal"),
        ("gains.forward", r"gains.\allowbreak{}forward"),
        ("a^b^c", r"a\textasciicircum{}\(b^{c}\)"),
        ("\\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
    ],
)
def test_what_is_typed_as_a_formula_is_set_as_one_and_names_may_be_broken(typed, set_):
    assert typeset(typed) == set_


# --- tables ----------------------------------------------------------------------------------------


def numbered(count: int, words: str = "words", long: bool = True) -> Table:
    """Rows with a number of their own, under a heading in every tenth."""
    rows = [
        [(f"block {at // 10}", "", "")] * (at % 10 == 0)
        + [(f"row{at}q", words, Number(Decimal(at), SOURCE, Decimal("0.5")))]
        for at in range(count)
    ]
    columns = (Column("row"), Column("words", width=0.4), Column("number"))
    return Table("numbered", "A caption.", columns, tuple(row for block in rows for row in block), ("A note.",), long)


@needs_latex
@pytest.mark.parametrize("packages", PACKAGES)
def test_a_long_table_has_each_row_once_in_their_order_on_several_pages(tmp_path, packages):
    said = compiled(
        latex.table(numbered(150, "several words that fill two lines of a column or so " * 2)), tmp_path, packages
    )
    assert fits(said)
    assert int(re.search(r"\((\d+) pages?", said)[1]) > 3
    assert re.findall(r"row\d+q", read(tmp_path)) == [f"row{at}q" for at in range(150)]
    assert "Table1(continued)" in read(tmp_path)


@needs_latex
@pytest.mark.parametrize("packages", PACKAGES)
def test_hostile_words_in_a_long_table_stand_for_themselves(tmp_path, packages):
    columns = (Column(HOSTILE, width=0.3), Column("number", decimals=2), Column(HOSTILE, width=0.3))
    rows = ((HOSTILE, Decimal("1.5"), HOSTILE), (HOSTILE, "", ""), ("", HOSTILE[:9], "%"))
    compiled(latex.table(Table("hostile", HOSTILE, columns, rows, (HOSTILE,), long=True)), tmp_path, packages)
    shown = read(tmp_path)
    assert r"\input{/etc/passwd}" in shown
    assert "<script>alert(1)</script>" in shown


def test_a_long_table_writes_each_row_once():
    text = latex.table(numbered(60))
    assert [text.count(f"row{at}q") for at in range(60)] == [1] * 60
    assert text.count(r"\begin{longtable}") == 1


def test_a_heading_stands_on_the_page_of_the_row_below_it():
    pages = re.findall(r"\\def\\InitiumRows\w+\{%\n(.*?)\n\}\n", latex.table(numbered(200, "x" * 100)), re.DOTALL)
    assert len(pages) > 3
    assert not any(r"\multicolumn" in page.splitlines()[-1] for page in pages)


def test_a_short_table_is_one_float_and_its_words_are_broken_too():
    text = latex.table(numbered(3, long=False))
    assert text.count(r"\begin{table}") == 1
    assert r">{\raggedright\arraybackslash}p{0.4\linewidth}" in text


@given(st.lists(st.tuples(st.decimals(-99, 99, places=6), st.decimals("0.0001", 2, places=4)), min_size=1))
def test_a_column_of_estimates_has_room_for_each_with_its_error(estimates):
    rows = tuple((Number(value, SOURCE, error),) for value, error in estimates)
    text = latex.table(Table("t", "c", (Column("estimate"),), rows, ()))
    sign, whole, places, error = re.search(r"table-format=(-?)(\d+)\.(\d+)\((\d+)\)\]", text).groups()
    for shown in re.findall(r"^(-?\d[\d.()]*) \\\\$", text, re.MULTILINE):
        number = re.fullmatch(r"(-?)(\d+)\.?(\d*)\((\d+)\)", shown)
        assert len(number[1]) <= len(sign)
        assert (len(number[2]) <= int(whole), len(number[3]) <= int(places), len(number[4]) <= int(error)) == (
            True,
        ) * 3


@needs_latex
def test_numbers_far_from_1_and_formulas_in_a_column_of_numbers_compile(tmp_path):
    column = Column("value", significant=3)
    numbers = (Number(Decimal(text), SOURCE) for text in ("4.4375e-14", "0.0787", "3.1e48", "-1"))
    rows = tuple((cell,) for cell in (*numbers, 1 / sp.Symbol("L")))
    text = latex.table(Table("far", "c", (column,), rows, ()))
    assert "4.44e-14" in text
    assert "3.10e48" in text
    assert fits(compiled(text, tmp_path))
