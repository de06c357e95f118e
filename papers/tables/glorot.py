"""The variance conditions of Glorot and Bengio (2010), printed and derived, and the weight variances they ask for.

Reference: glorot2010, equations 5 to 16.  Assumptions: those of the theorems, which the notes repeat.
"""

from __future__ import annotations

import sympy as sp

from papers.claims import ledger
from papers.claims.claim import Verdict
from papers.claims.comparison import WIDTHS, for_layer, quotient
from papers.table import Cell, Column, Table
from papers.tables.notes import resting_on
from theory.networks import dense
from theory.proof.library import find
from theory.symbols import d, i, n, v

FORMULAS = ("G-05", "G-06", "G-07", "G-13", "G-14")
UNIFORM = ("G-13", "G-14")  # printed for equal widths
CONDITIONS = ("G-08", "G-09")
COMPROMISE = "G-12"
KEPT_BY = {"forward-keeping": "variance.forward_condition", "backward-keeping": "variance.backward_condition"}
n_in, n_out = sp.symbols("n_in n_out", integer=True, positive=True)


def variance_conditions() -> Table:
    """Each claim with the formula as printed, as derived, its verdict, and how the two differ."""
    rows = sorted([*map(_formula, FORMULAS), *map(_condition, CONDITIONS), _compromise()], key=lambda row: str(row[0]))
    names = [name for claim in (*FORMULAS, *CONDITIONS) for name in ledger.find(claim).finding.theorems]
    notation: list[sp.Basic | str] = ["Notation: "]
    for base, meaning in dense.notations.items():
        notation += [base[i], " = ", meaning(i), ", "]
    widths = ", ".join(map(str, WIDTHS))
    return Table(
        "variance_conditions",
        "Variances at initialisation in the linear regime of a dense network: the formulas of Glorot and Bengio "
        "(2010) as printed and as derived. The factor is printed over derived; it is 1 where they are equal.",
        (
            Column("claim"),
            Column("of"),
            Column("printed"),
            Column("derived", below=True),
            Column("verdict"),
            Column("factor", below=True),
        ),
        tuple(rows),
        (
            (*notation, n[i], " units in layer ", i, ", weights up to layer ", d, "."),
            f"{' and '.join(UNIFORM)} are printed for one width and one weight variance in all layers. {COMPROMISE} makes "
            "the larger relative error of the factors a u and b u least, for a units below and b above.",
            f"{' and '.join(CONDITIONS)} were decided exactly in the network of widths {widths}: a condition is not "
            "needed at a layer if the variance is kept without it there.",
            *resting_on([*dict.fromkeys(names), "variance.compromise"]),
        ),
    )


def _formula(id: str) -> tuple[Cell, ...]:
    claim = ledger.find(id)
    found = claim.finding
    assert found.derived is not None
    assert found.factor is not None
    subject = find(found.theorems[0]).derivation().statement.left
    return id, subject, claim.printed, found.derived, str(found.verdict), found.factor


def _condition(id: str) -> tuple[Cell, ...]:
    claim = ledger.find(id)
    found = claim.finding
    assert found.derived is not None
    subject = find(found.theorems[0]).derivation().statement.left
    where = found.reason.partition(":")[0] if found.verdict == Verdict.CORRECTED else sp.S.One
    return id, subject, claim.printed, found.derived, str(found.verdict), where


def _compromise() -> tuple[Cell, ...]:
    claim = ledger.find(COMPROMISE)
    assert claim.finding.derived is not None
    printed, derived = claim.printed.args[0], claim.finding.derived.args[0]
    return COMPROMISE, "compromise", printed, derived, str(claim.finding.verdict), sp.cancel(quotient(printed, derived))


# --- initialisations -------------------------------------------------------------------------------


def weight_variances() -> dict[str, sp.Expr]:
    """The variance of one weight between n_in and n_out units, for each initialisation: from the theorems."""
    standard, normalized = (find(f"variance.{name}_weight") for name in ("standard", "normalized"))
    at = {sp.Symbol("n", integer=True, positive=True): n_in}
    kept = {
        name: sp.solve(for_layer(find(theorem).value()), v[i])[0].subs({n[i]: n_in, n[i + 1]: n_out})
        for name, theorem in KEPT_BY.items()
    }
    return {"standard": standard.value().xreplace(at), "normalized": normalized.value(), **kept}


def at_equal_sizes(variance: sp.Expr) -> sp.Expr:
    """The factor of both variances where a layer has as many units above as below."""
    return sp.cancel((n_in * variance).subs(n_out, n_in))
