"""Claims of Sussillo and Abbott (2014), "Random walk initialization for training very deep feedforward networks"."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy as sp

from numerics.evaluate import function, value
from papers.claims.accuracy import accuracy
from papers.claims.claim import NOTHING, Claim, Point, Settler
from papers.claims.experiments import beside, experiment, out_of_reach
from papers.claims.formulas import formula
from papers.claims.growth import grows_as
from papers.claims.properties import Decision, proposition, smallest_failing
from papers.claims.together import every, together
from theory.proof.library import find
from theory.random_walk.series import C, J, coefficient
from theory.random_walk.walk import gain, mu
from theory.symbols import D, N

PAPER = "sussillo2014"
ORDER = 2  # of the expansions in 1/N
WIDEST = 1000  # up to which a statement on all widths is tried
KINDS = ("linear", "relu")


# --- what is held against the formulas -------------------------------------------------------------


def _walk_mean(kind: str) -> Callable[[sp.Basic], sp.Basic]:
    """The derived mean of ln Z with the mean of ln z written as mu."""

    def in_print(derived: sp.Basic) -> sp.Basic:
        mean = find(f"random_walk.{kind}_log_mean").value()
        return sp.expand(sp.expand(derived) - D * mean + D * mu)

    return in_print


def _relu_gain_exponent() -> sp.Expr:
    """ln(g/sqrt 2) up to 1/N^2, from the theorem on the series."""
    series = find("random_walk.relu_gain_series").value().subs(J, ORDER)
    (exponent,) = series.atoms(sp.Sum)
    terms = exponent.doit().replace(
        lambda e: isinstance(e, sp.Indexed) and e.base == C,
        lambda e: sp.Rational(*coefficient(int(e.indices[0])).as_integer_ratio()),
    )
    return sp.expand(terms)


def _relu_gain() -> sp.Expr:
    return sp.sqrt(2) * sp.exp(_relu_gain_exponent())


def _relu_log_mean() -> sp.Expr:
    """E ln z = -2 ln g at the unbiased gain."""
    return -sp.log(2) - 2 * _relu_gain_exponent()


def _large(theorem: str) -> Callable[[], sp.Expr]:
    """The theorem's polygamma functions by their asymptotic series (SymPy), up to 1/N^2."""

    def expansion() -> sp.Expr:
        h = sp.Symbol("h", positive=True)
        return sp.series(find(theorem).value().subs(N, 1 / h), h, 0, ORDER + 1).removeO().subs(h, 1 / N)

    return expansion


def _linear_gain() -> sp.Expr:
    return sp.exp(-_large("random_walk.linear_log_mean")() / 2)


def _places(kind: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The walk along the width, and along the depth."""
    common = {"gain": 1, "activation": kind}
    widths = [{"N": 10**power, "depth": 10, **common} for power in (2, 3, 4, 5)]
    return widths, [{"N": 100, "depth": 10**power, **common} for power in (1, 2, 3)]


def _walk_variance(kind: str) -> tuple[Settler, ...]:
    along_width, along_depth = _places(kind)
    name = "random_walk.walk_variance"
    return grows_as(name, along_width, along="N"), grows_as(name, along_depth, along="depth")


def _wider_is_steadier(printed: sp.Basic) -> Decision:
    """At the unbiased gain only fluctuations are left: does the variance of ln z fall at every step of the width?"""
    names = [f"random_walk.{kind}_log_variance" for kind in KINDS]
    points = []
    for name in names:
        variances = function(name)(N=np.arange(1, WIDEST + 2))
        failing = smallest_failing(range(1, WIDEST + 1), lambda width: variances[width] < variances[width - 1])  # noqa: B023
        if failing is not None:
            return Decision(
                False, f"{name} does not fall", tuple(names), counterexample=f"N = {failing} to {failing + 1}"
            )
        shown = ", ".join(value(name, 4, N=width) for width in (10, 100, WIDEST))
        points.append(Point("N = 10, 100, 1000", "", f"{name} is {shown}"))
    because = (
        f"the variance of ln Z falls with every unit up to N = {WIDEST} for linear and rectifier layers (beyond, as S-10), "
        "and so does the chance of a dead layer"
    )
    dead = [value("random_walk.dead_probability", 4, N=width) for width in (10, 100)]
    evidence = (f"a rectifier layer is dead with probability {dead[0]} at N = 10 and {dead[1]} at N = 100",)
    return Decision(True, because, (*names, "random_walk.dead_probability"), points=tuple(points), evidence=evidence)


_fit = sp.Rational(12, 5)
_WALK = {D: 3, mu: Fraction(-1, 2), gain: 2}
_budget = "training error against depth at a fixed number of parameters, plain SGD, gain and learning rates searched"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "S-01", PAPER, "second-hand", "The mean of ln Z is D (ln g^2 + mean of ln z); it is 0 iff g = exp(-mean/2).",
        together(
            *(formula("random_walk.walk_mean", kind, in_print=_walk_mean(kind), at=(_WALK,)) for kind in KINDS),
            formula("random_walk.unbiased_gain", at=(_WALK,)),
        ),
        sp.Tuple(*(D * (sp.log(gain**2) + mu),) * 2, sp.Eq(gain, sp.exp(-mu / 2))),
        "For rectifier layers given that no layer is dead: a dead one has ln z = -infinity, with probability 2^-N a layer.",
    ),
    Claim(
        "S-02", PAPER, "second-hand", "Linear layers: the mean of ln z is about -1/N.",
        accuracy("random_walk.linear_log_mean", expansion=_large("random_walk.linear_log_mean")), -1 / N,
    ),
    Claim(
        "S-03", PAPER, "second-hand", "Linear layers: the unbiased gain is exp(1/(2N)).",
        accuracy("random_walk.linear_gain", expansion=_linear_gain), sp.exp(1 / (2 * N)),
    ),
    Claim(
        "S-04", PAPER, "second-hand", "Linear layers: the variance of ln z is 1/(2N).",
        accuracy("random_walk.linear_log_variance", expansion=_large("random_walk.linear_log_variance")), 1 / (2 * N),
        "1/(2N) is near the variance of the logarithm of the norm, ln sqrt(z).",
    ),
    Claim(
        "S-05", PAPER, "second-hand", "Rectifier layers: the mean of ln z is about -ln 2 - 2.4/(max(N, 6) - 2.4).",
        accuracy("random_walk.relu_log_mean", expansion=_relu_log_mean), -sp.log(2) - _fit / (sp.Max(N, 6) - _fit),
    ),
    Claim(
        "S-06", PAPER, "second-hand", "Rectifier layers: the variance of ln z is about 5/(max(N, 6) - 4).",
        accuracy("random_walk.relu_log_variance", far=10**6), 5 / (sp.Max(N, 6) - 4),
    ),
    Claim(
        "S-07", PAPER, "second-hand", "Rectifier layers: the unbiased gain is sqrt(2) exp(1.2/(max(N, 6) - 2.4)).",
        accuracy("random_walk.relu_gain", expansion=_relu_gain),
        find("random_walk.relu_gain_fit").derivation().statement.right,
    ),
    Claim(
        "S-08", PAPER, "second-hand", "Tanh: no formula; gains from 1.1 to 1.3 work.",
        experiment(
            "tanh_gain", "S-08",
            "training loss of deep tanh nets against the gain, from 0.9 to 1.5", about=("training loss",),
        ),
    ),
    Claim(
        "S-09", PAPER, "second-hand", "Constants for practice: 1.0 linear, about 1.43 rectifier, about 1.15 tanh.",
        together(
            accuracy("random_walk.linear_gain"),
            beside(accuracy("random_walk.relu_gain"), "random_walk", "S-09"),
            experiment("tanh_gain", "S-09", "training loss of deep tanh nets at gain 1.15"),
        ),
        sp.Tuple(sp.S.One, sp.Rational(143, 100), NOTHING),
    ),
    Claim(
        "S-10", PAPER, "text", "The variance of ln Z grows in proportion to D and to 1/N.",
        every(*(settler for kind in KINDS for settler in _walk_variance(kind))), D / N,
    ),
    Claim(
        "S-11", PAPER, "text", "Widening the layers mitigates vanishing gradients.",
        proposition(_wider_is_steadier),
        note="At the unbiased gain of each width; a wrong gain makes a drift that no width removes.",
    ),
    Claim(
        "S-12", PAPER, "second-hand", "Nets of 1000 layers can be trained, to about 50 training mistakes on MNIST.",
        experiment(
            "random_walk", "S-12", "training mistakes on MNIST of rectifier nets up to 1000 layers at the unbiased gain",
            beyond="the 1000 layers and 50 mistakes in print are those of size full",
        ),
    ),
    Claim(
        "S-13", PAPER, "second-hand", "TIMIT: training error is least at depth 16, almost the same at 32.",
        out_of_reach("TIMIT is licensed and its frame features are not described"),
    ),
    Claim(
        "S-14", PAPER, "second-hand", "With a fixed number of parameters, great depth does not lower the training error.",
        experiment("parameter_budget", "S-14", f"{_budget}; MNIST"),
    ),
)  # fmt: skip
