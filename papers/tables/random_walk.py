"""The random-walk gains of Sussillo and Abbott (2014): exact at every width, beside the printed formulas.

Reference: sussillo2014, S-02 to S-07.  Assumptions: those of the theorems, which the notes repeat.
"""

from __future__ import annotations

from decimal import Context, Decimal

import sympy as sp

from numerics.evaluate import value
from numerics.evaluate.exact import rational
from papers.claims import ledger
from papers.table import Cell, Column, Table
from papers.tables.notes import DIGITS, exact, resting_on
from theory.probability.expectation import E, Var
from theory.proof.balls import enclose
from theory.proof.library import find
from theory.random_walk.walk import unbiased_g
from theory.symbols import N

WIDTHS = (1, 2, 3, 5, 6, 7, 10, 20, 50, 100, 200, 500, 1000)
GUARD = 15  # more digits for the error: where printed and exact agree to k digits, the difference has lost k
KINDS = {
    "relu": {"log_mean": "S-05", "log_variance": "S-06", "gain": "S-07"},
    "linear": {"log_mean": "S-02", "log_variance": "S-04", "gain": "S-03"},
}
_log_z = sp.log(sp.Symbol("z"))
_QUANTITIES = {"log_mean": E(_log_z), "log_variance": Var(_log_z), "gain": unbiased_g}


def printed_value(name: str, claim: str, width: int, digits: int = DIGITS) -> Decimal:
    """The value at one width of the formula printed under a claim's number, to `digits` digits."""
    theorem = find(name)
    _, values = theorem.bind({"N": width})
    env = theorem.environment(values)
    expr = ledger.find(claim).printed
    ratio = rational(expr, env)
    if ratio is not None:
        return Context(prec=digits).divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    middle = Decimal(enclose(expr, env, digits + GUARD).mid().str(digits + GUARD, radius=False))
    return Context(prec=digits).plus(middle)


def relative_error(name: str, claim: str, width: int) -> Decimal:
    """(printed - exact)/exact in percent, to `DIGITS` digits."""
    digits = DIGITS + 2 * GUARD
    derived = Decimal(value(name, digits=digits, N=width))
    context = Context(prec=digits)
    error = context.divide(context.subtract(printed_value(name, claim, width, digits), derived), derived)
    return Context(prec=DIGITS).multiply(error, Decimal(100))


def gains(kind: str, widths: tuple[int, ...] = WIDTHS) -> Table:
    """The table for one kind of layer, "relu" or "linear", with a row for each width."""
    columns = [Column(N, decimals=0)]
    rows: list[list[Cell]] = [[Decimal(width)] for width in widths]
    names = {quantity: f"random_walk.{kind}_{quantity}" for quantity in _QUANTITIES}
    for quantity, name in names.items():
        claim = KINDS[kind][quantity]
        group = (_QUANTITIES[quantity], f", {claim}")
        places = 5 if quantity == "gain" else 4  # as many as a page is wide; the CSV has them all
        columns += [Column("exact", group, decimals=places), Column("printed", group, decimals=places)]
        columns += [Column("error, %", group, significant=2)]
        for row, width in zip(rows, widths, strict=True):
            row += [exact(value(name, digits=DIGITS, N=width), name)]
            row += [exact(held(name, claim, width), name) for held in (printed_value, relative_error)]
    condition = ", given that the layer is not dead" if kind == "relu" else ""
    return Table(
        "random_walk_gains" if kind == "relu" else "random_walk_gains_linear",
        (
            f"Random-walk initialisation of {'rectifier' if kind == 'relu' else kind} layers of width ",
            N,
            ": mean and variance of the logarithm of the squared-norm ratio z of one backward step at gain 1",
            condition,
            ", and the gain ",
            unbiased_g,
            " of an unbiased walk; exact, and as printed by Sussillo and Abbott (2014). "
            "Errors are relative to the exact value.",
        ),
        tuple(columns),
        tuple(map(tuple, rows)),
        resting_on(list(names.values())),
    )
