"""Tables: their numbers are the theorems', their verdicts are computed, and what is written compiles."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from numerics.checks.mutation import Resolution
from numerics.checks.resolution import counted
from numerics.checks.specimens import Outcome
from numerics.evaluate import value
from numerics.evaluate.exact import rational
from numerics.evidence.kept import Shelf, code_of, keeping
from numerics.evidence.provenance import theorem_hash
from papers import latex, tables
from papers.arguments import NotHad
from papers.claims import comparison, ledger
from papers.committed import committed
from papers.files import write_whole
from papers.table import Column, Number, Source, Table, as_csv, as_markdown, plain, rounded
from papers.tables import lengths, random_walk
from papers.tables.mutation import resolutions
from theory.proof.library import find
from theory.symbols import d, g, i, n, r, v

PDFLATEX = shutil.which("pdflatex")
needs_latex = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed, so nothing was compiled")
HOSTILE = r"""100% of_x & #1 $a$ {b} ~c^d \input{/etc/passwd} <|> "q" 'r' -- --- `` '' é ± Ω 漢 \end{table}"""
CLAIMS = ("G-05", "G-06", "G-07", "G-08", "G-09", "G-12", "G-13", "G-14")


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    """The measurements behind the tables; what is committed is not drawn again."""
    with keeping(known=committed()) as measurements:
        yield measurements


@pytest.fixture(scope="module")
def built(shelf) -> dict[str, Table]:
    return {name: build() for name, build in tables.TABLES.items()}


def read(table: Table) -> list[dict[str, str]]:
    """The CSV, read back by its headings."""
    return list(csv.DictReader(io.StringIO(as_csv(table))))


# --- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "table"), [("relu", "random_walk_gains"), ("linear", "random_walk_gains_linear")])
def test_the_csv_has_the_theorems_own_digits(built, kind, table):
    rows = read(built[table])
    assert [int(row["N"]) for row in rows] == list(random_walk.WIDTHS)
    columns = [name for name in rows[0] if name.endswith("exact")]
    assert len(columns) == 3
    for column, quantity in zip(columns, ("log_mean", "log_variance", "gain"), strict=True):
        for row in rows:
            exact = value(f"random_walk.{kind}_{quantity}", digits=random_walk.DIGITS, N=int(row["N"]))
            assert Decimal(row[column]) == Decimal(exact)


def test_the_printed_gain_is_the_registered_fit_and_its_error_is_relative_to_the_exact_gain(built):
    for row in read(built["random_walk_gains"]):
        printed, error = (
            next(text for name, text in row.items() if re.search(rf"S-07, {what}", name))
            for what in ("printed", "error")
        )
        fit, exact = (
            Fraction(value(f"random_walk.relu_gain{form}", digits=50, N=int(row["N"]))) for form in ("_fit", "")
        )
        half_a_unit = Fraction(1, 2 * 10 ** (random_walk.DIGITS - 1))  # of the last digit, relative to the number
        assert abs(Fraction(printed) / fit - 1) <= half_a_unit
        assert abs(Fraction(error) / (100 * (fit / exact - 1)) - 1) <= half_a_unit


def test_the_gap_is_one_minus_the_factor_of_every_activation(built):
    rows = read(built["linear_regime_gap"])
    factors, gaps = ([name for name in rows[0] if name.endswith(end)] for end in ("factor", "gap"))
    assert len(factors) == len(gaps) == 2
    for row in rows:
        for factor, gap, variance in zip(factors, gaps, (Fraction(1, 3), 1), strict=True):
            exact = value("variance.jacobian_factor", activation=row["activation"], preactivation_variance=variance)
            assert Decimal(row[factor]) == Decimal(exact)
            assert Decimal(row[factor]) + Decimal(row[gap]) == 1


@given(st.decimals(-(10**6), 10**6, places=9), st.integers(0, 6))
def test_a_rounded_number_is_within_half_a_unit_of_its_last_place(number, decimals):
    text = rounded(number, Column("", decimals=decimals))
    assert len(text.partition(".")[2]) == decimals
    assert abs(Fraction(text) - Fraction(number)) <= Fraction(1, 2 * 10**decimals)


@given(st.decimals(-(10**6), 10**6, places=9).filter(bool), st.integers(1, 6))
def test_a_number_keeps_its_significant_digits(number, digits):
    shown = Fraction(rounded(number, Column("", significant=digits)))
    assert abs(shown - Fraction(number)) <= Fraction(10) ** (number.adjusted() - digits + 1) / 2


def test_every_number_knows_what_it_rests_on_by_the_hash_that_this_has_today(built, shelf):
    results = [cell for table in built.values() for row in table.rows for cell in row if isinstance(cell, Number)]
    hashes = {
        "theorem": lambda name: theorem_hash(find(name)),
        "measurement": lambda name: shelf.used[name].digest,
        "computation": lambda name: code_of(name.rpartition(".")[0]),
    }
    sources = {number.source for number in results}
    assert {source.kind for source in sources} == hashes.keys()
    assert {source: hashes[source.kind](source.name) for source in sources} == {each: each.hash for each in sources}
    without = ("checks.resolution", "training.experiments")  # counts, extremes, and statistics of ranks
    estimates = [number for number in results if not any(part in number.source.name for part in without)]
    assert all((number.source.kind == "measurement") == (number.error is not None) for number in estimates)


def test_a_number_without_a_source_is_a_parameter_of_its_row(built):
    for table in built.values():
        given = {at for row in table.rows for at, cell in enumerate(row) if isinstance(cell, Decimal)}
        assert {plain(table.columns[at].heading) for at in given} <= {"N", "L", "d", "k", "ρ", "β"}


# --- printed against derived -----------------------------------------------------------------------

offsets = st.integers(-2, 2)


@given(offsets, offsets, offsets, offsets, st.integers(2, 4), st.integers(5, 9), st.integers(-2, 2))
def test_the_quotient_times_the_derived_formula_is_the_printed_one(a, b, low, high, at, last, power):
    body = n[r + 1] * v[r]
    printed = g[d] * sp.Product(body, (r, i + a, d + b)) * v[i] ** power
    derived = g[d] * sp.Product(body, (r, i + low, d + high))
    env = {i: at, d: last, n: lambda k: k + 2, v: lambda k: Fraction(1, 2 * k + 3), g: lambda k: Fraction(k + 5, 7)}
    ratio = comparison.quotient(printed, derived)
    assert rational(printed, env) == rational(ratio, env) * rational(derived, env)
    assert (ratio == 1) == ((a, b, power) == (low, high, 0))


def test_the_table_says_what_the_ledger_finds_and_how_the_others_differ(built):
    found = {row["claim"]: (row["verdict"], row["factor"]) for row in read(built["variance_conditions"])}
    assert tuple(found) == CLAIMS
    assert {claim: verdict for claim, (verdict, _) in found.items()} == {
        claim: str(ledger.find(claim).finding.verdict) for claim in CLAIMS
    }
    wrong = {claim: factor for claim, (_, factor) in found.items() if factor != "1"}
    assert set(wrong) == {"G-06", "G-07", "G-09", "G-13"}
    assert wrong["G-09"] == "not needed at i = 0"
    assert wrong["G-06"] == plain(n[i + 1] * v[i])


def test_a_condition_that_does_not_keep_the_variance_is_said_not_to_suffice():
    assert comparison.needed_at(sp.Eq(n[i + 1] * v[i], 1), find("variance.activation")) is None
    every_layer = list(range(len(comparison.WIDTHS) - 1))
    assert comparison.needed_at(sp.Eq(n[i] * v[i], 1), find("variance.activation")) == every_layer


# --- words and files -------------------------------------------------------------------------------

WELL_FORMED = re.compile(
    r"\\[&%$#_{}]|\\(textbackslash|textasciitilde|textasciicircum|textasciigrave|textless|textgreater|textbar"
    r"|textendash|textemdash|dots|ss|dag|ddag|textdegree|textquotedblleft|textquotedblright)\{\}"
    r"|\\text(sub|super)script\{[A-Za-z0-9+-]\}|\\\([\\A-Za-z'-]+\\\)|\\texttt\{U\+[0-9A-F]{4,6}\}"
    r"|\\[`'^~\"rcv]\{[A-Za-z]\}|[-']\{\}|[^\\&%$#_{}~^<>|`]"
)


@given(st.text())
def test_escaped_text_is_ascii_on_one_line_and_has_no_live_command(text):
    escaped = latex.escape(text)
    assert escaped.isascii()
    assert escaped.isprintable()
    assert WELL_FORMED.sub("", escaped) == ""


@given(st.text(), st.text())
def test_no_text_adds_a_cell_to_a_markdown_table(heading, text):
    table = Table("t", "c", (Column(heading), Column("b")), ((text, "2"),), ())
    rows = [line for line in as_markdown(table).split("\n") if line.startswith("| ")]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows] == [3, 3, 3]


def test_the_numbers_of_a_column_fit_its_format(built):
    for table in built.values():
        text = latex.table(table)
        formats = re.findall(r"S\[table-format=(-?)(\d+)\.(\d+)(?:\((\d+)\))?(?:e(-?)(\d+))?\]", text)
        numeric = [at for at in range(len(table.columns)) if table.is_number(at)]
        pages = text.count(r"\begin{tabular}") + text.count(r"\begin{longtable}")
        assert formats == pages * formats[: len(numeric)]
        for at, (sign, whole, places, error, minus, power) in zip(numeric, formats[: len(numeric)], strict=True):
            numbers = [row[at] for row in table.rows if isinstance(row[at], (Decimal, Number))]
            for shown in (rounded(number, table.columns[at]) for number in numbers):
                number = re.fullmatch(r"(-?)(\d+)\.?(\d*)(?:\((\d+)\))?(?:e(-?)(\d+))?", shown)
                assert len(number[1]) <= len(sign)
                assert len(number[2]) <= int(whole)
                assert len(number[3]) <= int(places)
                assert len(number[4] or "") <= int(error or 0)
                assert len(number[5] or "") <= len(minus)
                assert len(number[6] or "") <= int(power or 0)


def compiled(body: str, folder: Path) -> str:
    """Compile a document that inputs the table and return what TeX said."""
    (folder / "table.tex").write_text(body, encoding="utf-8")
    (folder / "page.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs,siunitx}\begin{document}\input{table}\end{document}"
    )
    line = [PDFLATEX, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@needs_latex
@pytest.mark.parametrize("name", list(tables.TABLES))
def test_each_table_compiles_alone_and_fits_the_page(built, tmp_path, name):
    assert "Overfull" not in compiled(latex.table(built[name]), tmp_path)


@needs_latex
def test_a_table_of_hostile_words_compiles_and_shows_them_as_they_are(tmp_path):
    columns = (Column(HOSTILE, group=HOSTILE), Column("number", decimals=2), Column(HOSTILE, below=True))
    rows = ((HOSTILE, Decimal("1.5"), HOSTILE), ("", HOSTILE, "%"))
    compiled(latex.table(Table("hostile", HOSTILE, columns, rows, (HOSTILE,))), tmp_path)
    if shutil.which("pdftotext"):
        shown = subprocess.run(["pdftotext", "page.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert r"\input{/etc/passwd}" in shown.stdout.replace("\n", "")


def test_tables_are_written_in_every_format_and_nothing_else_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "TABLES", {"mean_lengths": lengths.mean_lengths})
    paths = tables.write(tmp_path)
    assert [path.suffix for path in paths] == [".tex", ".csv", ".md", ".json"]
    assert sorted(tmp_path.rglob("*.*")) == sorted(paths)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_file_is_written_whole_or_not_at_all(tmp_path, failure):
    path = write_whole(tmp_path / "kept", lambda file: file.write(b"whole"))

    def breaks(file):
        file.write(b"half")
        raise failure

    with pytest.raises((KeyboardInterrupt, NotHad)) as raised:
        write_whole(path, breaks)
    assert path.read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["kept"]
    if raised.type is NotHad:
        assert str(raised.value).count("\n") == 0
        assert "No space left on device" in str(raised.value)


# --- the resolution of the checks ------------------------------------------------------------------


def test_the_table_of_resolutions_counts_what_became_of_the_mutants():
    def outcomes(*fates):
        return tuple(Outcome(f"{fate} {at}", fate, 0.02 + at, {}) for at, fate in enumerate(fates))

    first = Resolution("a.theorem", outcomes("killed", "killed", "survived", "below", "no value"), ())
    second = Resolution("another.theorem", outcomes("survived"), ("a check of it: refuted",))
    run = Source("a run", "computation", "0")
    table = resolutions([(each.theorem, counted(each), run) for each in (first, second)])
    above, refuted, resolution = ("mutants, line at 1%, above", "refuted", "resolution, %")
    rows = read(table)
    assert [(row["theorem"], row[above], row[refuted]) for row in rows] == [
        ("a.theorem", "3", "2"),
        ("another.theorem", "1", "0"),
    ]
    assert float(rows[0][resolution]) == pytest.approx(2)
    assert rows[1][resolution] == "none"
    assert any("a check of it: refuted" in plain(note) for note in table.notes)
