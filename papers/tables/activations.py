"""Gains of activations: those that keep second moments forward and backward, beside the constants that torch gives.

Reference: he2015; klambauer2017; torch.nn.init.calculate_gain.  Assumptions: standard normal pre-activations.
"""

from __future__ import annotations

from decimal import Decimal

import sympy as sp

import theory.gains
from numerics.evaluate import value
from papers.table import Cell, Column, Table
from papers.tables.notes import DIGITS, exact, held, resting_on
from theory.activations import ACTIVATIONS
from theory.gains import TORCH
from theory.networks import df, f
from theory.probability.expectation import E
from theory.symbols import a, x

FORWARD, BACKWARD = "gains.forward", "gains.backward"


def activation_gains() -> Table:
    """Both gains of every activation, torch's constant where it has one, and how far that is from each."""
    return Table(
        "activation_gains",
        (
            "By which gain the weights behind an activation ",
            *(f(x), " are to be multiplied so that its layer keeps second moments: forward ", 1 / sp.sqrt(E(f(x) ** 2))),
            *(", those of the activations, and backward ", 1 / sp.sqrt(E(df(x) ** 2)), ", those of the gradients, for a "),
            *("standard normal pre-activation ", x, "; beside them the constant of torch's calculate_gain, and how far it "),
            "is from each.",
        ),
        (
            Column("activation"),
            *(Column(way, "gain that keeps", decimals=6) for way in ("forward", "backward")),
            Column("constant", "torch", decimals=6),
            *(Column(f"off {way}, %", "torch", decimals=2) for way in ("forward", "backward")),
        ),
        tuple(map(_row, ACTIVATIONS)),
        (
            "A weight has the variance of the gain's square over the fan-in to keep activations, over the fan-out to keep "
            "gradients; for a positively homogeneous activation the two gains agree. Pre-activations are normal in the "
            "limit of wide layers, and have variance 1 where the gains kept it.",
            f"The slope is {_slopes()}; both parts of crelu count; gelu is the exact one, not its approximation by tanh.",
            "Torch's constants are those of its documentation, which derives none; an empty place means that it has none.",
            *resting_on([FORWARD, BACKWARD]),
        ),
    )  # fmt: skip


def _row(activation: str) -> tuple[Cell, ...]:
    gains = [exact(value(name, digits=DIGITS, activation=activation), name) for name in (FORWARD, BACKWARD)]
    if activation not in TORCH:
        return activation, *gains, "", "", ""
    says = sp.S(TORCH[activation]).subs(a, ACTIVATIONS[activation].standard_slope or 0)
    constant = held(Decimal(str(sp.N(says, DIGITS))), theory.gains, "TORCH")
    gaps = [exact(100 * (float(constant.value) / float(gain.value) - 1), gain.source.name) for gain in gains]
    return activation, *gains, constant, *gaps


def _slopes() -> str:
    """The slopes of the activations that have one, in words."""
    sloped = [each for each in ACTIVATIONS.values() if each.standard_slope is not None]
    return " and ".join(f"{each.standard_slope} for {each.name}" for each in sloped)
