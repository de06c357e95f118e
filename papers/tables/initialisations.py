"""By which factor one layer multiplies second moments, under every popular initialisation.

With weights of variance v between n_in units below and n_out above, a linear layer multiplies the variance of activations
by n_in v and that of gradients by n_out v; a rectifier halves both.  All of it, and every v, is taken from the theorems.
Reference: glorot2010, equations 8 to 16; he2015; lecun1998.  Assumptions: those of the theorems, which the notes repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from itertools import pairwise

import sympy as sp

from papers.table import Cell, Column, Number, Table
from papers.tables.glorot import KEPT_BY, n_in, n_out, weight_variances
from papers.tables.notes import DIGITS, resting_on, theorem
from theory.failure_modes.network import weight_variance
from theory.proof.domains import Integers, Lists, checked
from theory.proof.library import find
from theory.shattering.looks_linear import x as vector
from theory.symbols import N, g, i, l, n, q, v

WIDTHS = (512, 2048)  # of a layer that widens by four, as in the feed-forward blocks of transformers
BY_LENGTH = {"LeCun": "lecun_normal", "He, fan-in": "he_normal", "torch's Linear": "torch_linear"}
FORWARD, BACKWARD, ISOMETRY = "variance.forward_step", "variance.backward_step", "shattering.orthonormal_layer"
RECTIFIED, SLOPE, MASKS = "failure_modes.fan_in_factor", "variance.jacobian_factor", "random_walk.fair_coin_masks"
SOURCES = {"linear": (FORWARD, BACKWARD), "rectifier": (RECTIFIED, SLOPE)}  # of the forward and the backward factor
WEIGHTS = ("failure_modes.length_factor", "variance.standard_weight", "variance.normalized_weight", *KEPT_BY.values())
MORE = {"linear": (*WEIGHTS, ISOMETRY), "rectifier": (BACKWARD, MASKS, *WEIGHTS)}
NOTES = {
    "linear": "Glorot (10) and (11) keep one way by the conditions of those numbers in Glorot and Bengio's paper, Glorot is "
    "their compromise, standard what they compare it with. Orthogonal weights are square.",
    "rectifier": "The factors hold at every width: a mask is a fair coin, independent of the square that it meets "
    f"({MASKS}), and lets half of it pass ({SLOPE}). {BACKWARD} is used for the weights alone; its linear regime is "
    "what the mask replaces. No theorem here covers orthogonal weights before a rectifier.",
}


def popular() -> dict[str, sp.Expr]:
    """The variance of one weight between n_in and n_out units under each initialisation, from the theorems."""
    known = weight_variances()
    half = find(RECTIFIED).value() / weight_variance  # the factor per unit of variance
    by_length = {name: find("failure_modes.length_factor").value(law) / half for name, law in BY_LENGTH.items()}
    he = by_length["He, fan-in"]
    return {
        "LeCun": by_length["LeCun"],
        "Glorot": known["normalized"],
        "He, fan-in": he,
        "He, fan-out": he.xreplace({n_in: n_out}),
        "standard": known["standard"],
        "torch's Linear": by_length["torch's Linear"],
        "Glorot (10)": known["forward-keeping"],
        "Glorot (11)": known["backward-keeping"],
    }


def factors(layer: str, variance: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """By what a "linear" or "rectifier" layer of weights of this variance multiplies the two second moments."""
    forward = (find(FORWARD).value() / q[i]).xreplace({n[i]: n_in, v[i]: variance})
    backward = (find(BACKWARD).value() / g[i + 1]).xreplace({n[i + 2]: n_out, v[i + 1]: variance})
    if layer == "rectifier":
        forward = find(RECTIFIED).value().xreplace({weight_variance: variance})
        backward *= find(SLOPE).value("relu")
    return sp.cancel(forward), sp.cancel(backward)


def kept_at(factor: sp.Expr) -> Cell:
    """The n_out at which a factor is 1, if not any or none."""
    if factor == 1:
        return "any"
    solved = sp.solve(sp.Eq(factor, 1), n_out) if factor.has(n_out) else []
    return solved[0] if solved else "none"


def initialisation_factors(layer: str = "linear", widths: tuple[int, ...] = WIDTHS) -> Table:
    """The factors of "linear" or "rectifier" layers: as formulas, at equal widths, and between neighbouring `widths`.

    Raises OutOfDomain for fewer than two widths.
    """
    name = "initialisation_factors" if layer == "linear" else f"initialisation_factors_{layer}"
    checked(name, "widths", Lists(Integers(1), shortest=2), widths)
    pairs, ways = list(pairwise(widths)), ("forward", "back")
    columns = [Column("initialisation"), Column("variance")]
    columns += [*(Column(way, "factor") for way in ways), Column("equal", "factor")]
    columns += [Column(way, f"from {a} to {b}", decimals=3) for a, b in pairs for way in ways]
    columns += [Column(way, ("kept for ", n_out, " =")) for way in ways]
    rows = [_row(layer, name, variance, pairs) for name, variance in popular().items()]
    return Table(
        name,
        (
            f"By which factor one {layer} layer multiplies the second moment of an activation on the way forward and of a "
            "gradient on the way back, under popular initialisations; 1 keeps it. The weights, whose variance is given, ",
            *("join ", n_in, " units below with ", n_out, " above."),
        ),
        tuple(columns),
        (*rows, *([_orthogonal(pairs)] if layer == "linear" else [])),
        ("Equal: as many units above as below. " + NOTES[layer], *resting_on([*SOURCES[layer], *MORE[layer]])),
    )


def _row(layer: str, name: str, variance: sp.Expr, pairs: Sequence[tuple[int, int]]) -> tuple[Cell, ...]:
    both = factors(layer, variance)
    (equal,) = {sp.cancel(factor.subs(n_out, n_in)) for factor in both}
    between = [_at(pair, *part) for pair in pairs for part in zip(both, SOURCES[layer], strict=True)]
    return name, variance, *both, equal, *between, *map(kept_at, both)


def _at(pair: tuple[int, int], factor: sp.Expr, name: str) -> Number:
    found = sp.Rational(factor.subs(dict(zip((n_in, n_out), pair, strict=True))))
    return Number(Context(prec=DIGITS).divide(Decimal(found.p), Decimal(found.q)), theorem(name))


def _orthogonal(pairs: Sequence[tuple[int, int]]) -> tuple[Cell, ...]:
    """A square orthonormal matrix multiplies the squared length of every vector by this; so does its transpose."""
    factor = find(ISOMETRY).value() / sp.Sum(vector[l] ** 2, (l, 1, N))
    between = [_at(pair, factor, ISOMETRY) if pair[0] == pair[1] else "" for pair in pairs for _ in range(2)]
    return "orthogonal", "", "", "", factor, *between, n_in, n_in
