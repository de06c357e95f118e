"""The ledger, the trust table, shattered gradients and contradictions: complete, in order, and good to look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
import sympy as sp
from compiling import HOSTILE, PACKAGES, compiled, fits, needs_latex
from hypothesis import given
from hypothesis import strategies as st

from numerics.checks import resolution
from numerics.checks.mutation import BUDGET, Resolution, checked
from numerics.checks.resolution import Resolved
from numerics.checks.specimens import Outcome
from numerics.evaluate import value
from numerics.evidence import RUN_ALPHA
from numerics.evidence.kept import Shelf, keeping
from papers import latex
from papers.claims import contradictions, ledger
from papers.claims.claim import Claim, Finding, Verdict
from papers.committed import committed
from papers.mutation import of_formulas
from papers.table import Number, Table, as_csv, as_markdown, plain
from papers.tables import TABLES
from papers.tables import ledger as page
from papers.tables import shattering as shattered
from papers.tables.mutation import UNMEASURED, resolution_table
from papers.tables.trust import trust_table
from theory.proof.cache import record_of
from theory.proof.library import find, theorems

NAMES = ("claims_ledger", "trust", "mutation", "shattering", "contradictions_gains", "contradictions_scales")


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    """The measurements behind the tables; what is committed is not drawn again."""
    with keeping(known=committed()) as measurements:
        yield measurements


@pytest.fixture(scope="module")
def built(shelf) -> dict[str, Table]:
    few = {"shattering": {"depths": (2, 5), "betas": (Fraction(1, 2),)}}
    return {name: TABLES[name](**few.get(name, {})) for name in NAMES}


def read(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(table))))


@needs_latex
@pytest.mark.parametrize("packages", PACKAGES)
@pytest.mark.parametrize("name", NAMES)
def test_each_compiles_and_fits_its_pages(built, tmp_path, name, packages):
    assert fits(compiled(latex.table(built[name]), tmp_path, packages))


# --- the ledger ------------------------------------------------------------------------------------


def test_the_ledger_has_every_claim_once_in_order_under_its_paper(built):
    rows = built["claims_ledger"].rows
    headings = [row[0] for row in rows if not any(row[1:])]
    claims = [row for row in rows if any(row[1:])]
    assert len(headings) == len(ledger.PAPERS)
    assert headings[:2] == ["Glorot and Bengio (2010)", "Sussillo and Abbott (2014)"]
    assert [row[0].rstrip("*†") for row in claims] == [claim.id for claim in ledger.claims()]
    assert [row[2] for row in claims] == [str(claim.finding.verdict) for claim in ledger.claims()]
    assert [row[0][-1] in "*†" for row in claims] == [claim.mark != "text" for claim in ledger.claims()]


def test_every_verdict_that_was_met_is_explained_and_counted(built):
    met = {str(claim.finding.verdict) for claim in ledger.claims()}
    assert all(f"{verdict}: " in built["claims_ledger"].notes[0] for verdict in met)
    counts = [f"{sum(c.finding.verdict == verdict for c in ledger.claims())} {verdict}" for verdict in met]
    assert all(count in plain(built["claims_ledger"].caption) for count in counts)


@given(st.lists(st.text("abc (),;:", min_size=1, max_size=120), min_size=1, max_size=8).map("; ".join))
def test_a_shortened_finding_has_whole_words_of_the_finding_alone(reason):
    shown = page.short(reason)
    assert set(shown.replace("…", " ").replace(";", " ").split()) <= set(reason.replace(";", " ").split())
    assert len(shown) <= len(reason) + 2 * shown.count("…")


def test_short_findings_are_whole_and_long_ones_keep_their_counterexample():
    assert (
        page.short("to 1 % for N >= 5; printed/derived tends to 1") == "to 1 % for N >= 5; printed/derived tends to 1"
    )
    long = page.short(f"{'many words ' * 40}; {'more words ' * 40}; counterexample: depth 2")
    assert long.endswith("; counterexample: depth 2")
    assert len(long) <= page.SHORT + len(" …")


@needs_latex
def test_a_hostile_claim_stands_for_itself(monkeypatch, tmp_path):
    finding = Finding(Verdict.REFUTED, HOSTILE, (HOSTILE,))
    claim = Claim("G-01", "glorot2010", "recollected", HOSTILE, lambda printed: finding, sp.Tuple())
    monkeypatch.setattr(ledger, "claims", lambda: (claim,))
    table = page.claims_ledger()
    for packages in PACKAGES:
        compiled(latex.table(table), tmp_path, packages)
    assert "<script>" not in as_markdown(table).replace(r"\<script\>", "")


# --- trust -----------------------------------------------------------------------------------------


def test_trust_has_every_theorem_with_its_verdict_steps_and_assumptions(built):
    rows = {row["theorem"]: row for row in read(built["trust"]) if row["verdict"]}
    assert sorted(rows) == sorted(theorem.name for theorem in theorems())
    labelled = dict(note[1:].split(") ", 1) for note in map(plain, built["trust"].notes) if note.startswith("("))
    for name, row in rows.items():
        record = record_of(find(name))
        assert row["verdict"] == record.verdict
        counts = {kind.removeprefix("steps, "): int(count) for kind, count in row.items() if kind.startswith("steps, ")}
        assert {kind: count for kind, count in counts.items() if count} == record.counts
        letters = filter(None, row["assumes"].split(", "))
        assert sorted(labelled[letter] for letter in letters) == sorted(
            f"{fact}: {text}" for fact, text in record.assumptions
        )


def test_resolutions_are_those_on_record_and_nothing_is_drawn_for_them():
    name, *others = (row[0] for row in resolution_table().rows)
    record = Resolved(7, 0, 2, 1, 0.0123456789, ())
    with keeping(draw=False):
        resolution.resolution.keep(record, name, resolution.identity_of(name))
        (known, *unknown), trusted = resolution_table().rows, {row[0]: row[-1] for row in trust_table().rows}
    assert [cell.value for cell in known[1:]] == [7, 2, 7, Decimal("1.23457")]
    assert {cell.source.kind for cell in known[1:]} == {"measurement"}
    assert all(row[1:] == (UNMEASURED,) * 4 for row in unknown)
    assert trusted[name] == known[-1]
    assert {trusted[other] for other in others} == {UNMEASURED}


@pytest.mark.parametrize(("alpha", "kept"), [(RUN_ALPHA, True), (RUN_ALPHA / 2, False)])
def test_what_mutate_finds_at_its_usual_rates_is_kept(monkeypatch, capsys, alpha, kept):
    name = next(iter(checked()))
    outcome = Outcome("a change", "killed", 0.02, {})
    monkeypatch.setattr("numerics.checks.mutation.mutate", lambda names, **rates: [Resolution(name, (outcome,), ())])
    with keeping():
        assert of_formulas([name], into=None, json=True, alpha=alpha, budget=BUDGET, device="cpu") == 0
        assert (resolution.recalled(name) is not None) == kept


# --- shattering and contradictions -----------------------------------------------------------------


def test_shattering_has_the_theorems_values_and_estimates_near_those_that_hold(built):
    rows = [row for row in built["shattering"].rows if any(row[1:])]
    assert len(rows) == 2 + 2 + 2 + 2 + 1  # depths of four architectures, and mirrored weights
    for row, depth in zip(rows[:2], (2, 5), strict=True):
        assert row[2].value == Fraction(1, 2**depth)
        assert row[3].value == Decimal(value(shattered.REAL, digits=shattered.DIGITS, depth=depth, correlation=0))
        # wide networks are off by about 1/N of the value; six standard errors miss once in 5e8
        assert abs(row[4].value - row[3].value) <= 6 * row[4].error + row[3].value / 20
    assert rows[2][2].value == Decimal(
        value(shattered.SKIPPED, digits=shattered.DIGITS, depth=2, alpha=1, beta=Fraction(1, 2))
    )
    assert all(isinstance(row[4], Number) and row[4].error > 0 for row in rows[:-1])
    assert rows[-1][3].value == 1


def test_a_normalised_network_without_layers_has_nothing_to_sample():
    table = shattered.gradient_correlations(depths=(1,), betas=(1,))
    (row,) = (row for row in table.rows if row[0] == 1 and row[2].source.name == shattered.NORMALIZED)
    assert (row[2].value, row[4]) == (1, "")


def test_contradictions_have_the_computed_numbers(built):
    for name, found in zip(NAMES[-2:], contradictions.contradictions(), strict=True):
        table = built[name]
        shown = [plain(cell) for row in table.rows for cell in row]
        numbers = [
            Decimal(text) for row in found.rows for text in row if text.replace(".", "").replace("e", "").isdigit()
        ]
        assert {Decimal(text) for text in shown if text.replace(".", "").isdigit()} >= {n for n in numbers if n < 10**6}
        assert len(table.rows) == len(found.rows)
