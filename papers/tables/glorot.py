"""The variance conditions of Glorot and Bengio (2010), printed and derived; the factors of initialisations.

Reference: glorot2010, equations 5 to 16.  Assumptions: those of the theorems, which the notes repeat.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from papers.table import Cell, Column, Table
from papers.tables.comparison import WIDTHS, at_equal_widths, balanced, for_layer, needed_at, quotient
from papers.tables.notes import resting_on
from theory.networks import dense
from theory.proof.library import find
from theory.proof.theorem import Printed, Theorem
from theory.symbols import d, i, n, v

FORMULAS = {  # claim: the theorem it is held against, and whether it is printed for equal widths
    "G-05": ("variance.activation", False),
    "G-06": ("variance.backpropagated", False),
    "G-07": ("variance.weight_gradient", False),
    "G-13": ("variance.backpropagated", True),
    "G-14": ("variance.weight_gradient", True),
}
CONDITIONS = {  # claim: the condition, and the variance that it is to keep
    "G-08": ("variance.forward_condition", "variance.activation"),
    "G-09": ("variance.backward_condition", "variance.backpropagated"),
}
COMPROMISE = "G-12"
KEPT_BY = {"forward-keeping": "variance.forward_condition", "backward-keeping": "variance.backward_condition"}
n_in, n_out = sp.symbols("n_in n_out", integer=True, positive=True)


def printed_as(theorem: Theorem, claim: str) -> Printed:
    """What the paper prints under a claim's number, as the theorem keeps it."""
    return next(printed for printed in theorem.derivation().printed if printed.claim == claim)


def variance_conditions() -> Table:
    """Each claim with the formula as printed, as derived, whether they are equal, and how they differ."""
    rows = sorted([*_formulas(), *_conditions(), _compromise()], key=lambda row: str(row[0]))
    names = [name for name, _ in FORMULAS.values()] + [name for name, _ in CONDITIONS.values()]
    notation: list[sp.Basic | str] = ["Notation: "]
    for base, meaning in dense.notations.items():
        notation += [base[i], " = ", meaning(i), ", "]
    widths = ", ".join(map(str, WIDTHS))
    uniform = " and ".join(claim for claim, (_, equal_widths) in FORMULAS.items() if equal_widths)
    return Table(
        "variance_conditions",
        "Variances at initialisation in the linear regime of a dense network: the formulas of Glorot and Bengio "
        "(2010) as printed and as derived. The factor is printed over derived; it is 1 where they are equal.",
        (
            Column("claim"),
            Column("of"),
            Column("printed"),
            Column("derived", below=True),
            Column("equal"),
            Column("factor"),
        ),
        tuple(rows),
        (
            (*notation, n[i], " units in layer ", i, ", weights up to layer ", d, "."),
            f"{uniform} are printed for one width and one weight variance in all layers. {COMPROMISE} makes the "
            "larger relative error of the factors a u and b u least, for a units below and b above.",
            f"{' and '.join(CONDITIONS)} were decided exactly in the network of widths {widths}: a condition is not "
            "needed at a layer if the variance is kept without it there.",
            *resting_on([*dict.fromkeys(names), "variance.compromise"]),
        ),
    )


def _formulas() -> Iterator[tuple[Cell, ...]]:
    for claim, (name, equal_widths) in FORMULAS.items():
        theorem = find(name)
        statement, printed = theorem.derivation().statement, printed_as(theorem, claim).expression
        derived = at_equal_widths(theorem.value()) if equal_widths else theorem.value()
        factor = quotient(printed, derived)
        yield claim, statement.left, printed, derived, _yes(factor == 1), factor


def _conditions() -> Iterator[tuple[Cell, ...]]:
    for claim, (name, kept) in CONDITIONS.items():
        theorem = find(name)
        printed, derived = printed_as(theorem, claim).expression, for_layer(theorem.value())
        subject = theorem.derivation().statement.left
        needed, layers = needed_at(printed, find(kept)), len(WIDTHS) - 1
        if needed is None:
            yield claim, subject, printed, derived, _yes(False), "does not suffice"
            continue
        spared = [at for at in range(layers) if at not in needed]
        where = f"not needed at i = {', '.join(map(str, spared))}" if spared else sp.S.One
        yield claim, subject, printed, derived, _yes(not spared), where


def _compromise() -> tuple[Cell, ...]:
    theorem = find("variance.compromise")
    printed, derived = printed_as(theorem, COMPROMISE).expression, balanced(theorem.derivation().statement)
    factor = quotient(printed, derived)
    return COMPROMISE, "compromise", printed, derived, _yes(sp.cancel(factor) == 1), sp.cancel(factor)


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


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


def initialisation_factors() -> Table:
    """By how much one layer multiplies the two variances under each initialisation."""
    rows = []
    for name, variance in weight_variances().items():
        factors = [sp.cancel(width * variance) for width in (n_in, n_out)]
        rows.append((name, variance, *factors, at_equal_sizes(variance)))
    used = ["variance.standard_weight", "variance.normalized_weight", *KEPT_BY.values()]
    return Table(
        "initialisation_factors",
        "By which factor one layer multiplies the forward and the backward variance in the linear regime, under "
        "four initialisations; 1 keeps the variance.",
        (
            Column("initialisation"),
            Column("weight variance"),
            Column("forward", group="factor"),
            Column("backward", group="factor"),
            Column("equal widths", group="factor"),
        ),
        tuple(rows),
        (
            ("The layer's weights join ", n_in, " units below with ", n_out, " units above."),
            *resting_on(used),
        ),
    )
