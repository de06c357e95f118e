"""Fluctuations of residual modules of mean 0, z' = z + eta V relu(U z): exact second moments of the length.

Let u = V relu(U z) have h hidden units, R = |relu(U z)|^2 and weights like normal ones.  Given z and U the entries of u are
uncorrelated, of mean 0, variance 2R/h and fourth moment 3 (2R/h)^2; E R = h |z|^2/n and E R^2 = h (h + 5) |z|^4/n^2 given z.
Odd powers of V average to 0, so that

    E|z'|^4 = |z|^4 + 4 eta^2 E<z, u>^2 + 2 eta^2 |z|^2 E|u|^2 + eta^4 E|u|^4
            = (1 + 4 eta^2 (1 + 2/n) + 4 eta^4 (1 + 2/n)(1 + 5/h)) |z|^4.

The mean length is bounded if and only if sum eta^2 is (`linear_modules`), and then so are sum eta^4, every E M_l^2 and the
mean empirical variance over any number of layers: no FM2 once FM1 is avoided.
Reference: hanin2018start, theorem 6.  Assumptions: weights as normal ones up to the fourth moment, He's variance.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.failure_modes.linear_modules import (
    U,
    V,
    entries,
    eta,
    hidden,
    module,
    outer,
    residual,
    small,
    squares_of,
    z,
)
from theory.failure_modes.network import HE_NORMAL
from theory.failure_modes.residual_variance import M, bounded_variance, has_he_moments, length_of_state
from theory.probability.calculus import notation
from theory.probability.expectation import E
from theory.probability.setting import Assumption, Family
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, by_theorem, definition
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import i, k, n_in

Q = sp.IndexedBase("Q", positive=True)  # Q[l] = E|z_l|^4
LIKE_NORMAL = Assumption(
    "modules of weights like normal ones",
    "the weights are independent, symmetric, of variance 2/fan-in and kurtosis 3, as normal weights are",
    lambda model: all(
        has_he_moments(model, entry, fan_in)
        for base, fan_in in ((U, n_in), (V, hidden))
        for entry in entries(model, base)
    ),
)
normal_modules = replace(
    residual,
    name="residual network of linear modules, weights like normal ones",
    families=(*residual.families, Family(M, span=lambda layer: (-sp.oo, layer))),
    definitions=(*residual.definitions, length_of_state),
    notations={Q: lambda layer: E(squares_of(layer) ** 2)},
    instances=tuple(small(*sizes, HE_NORMAL) for sizes in ((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1))),
)

_units = (k, 1, n_in)
_length = squares_of(i)  # |z|^2
_along = sp.Sum(z[i, k] * outer(i + 1, k), _units)  # <z, u>
_output = sp.Sum(outer(i + 1, k) ** 2, _units)  # |u|^2
_above = sp.Sum(module.body.subs(i, i + 1) ** 2, _units)  # |z + eta u|^2


def _growth(at: sp.Expr) -> sp.Expr:
    return 1 + _exponent(at)


def _exponent(at: sp.Expr) -> sp.Expr:
    return 4 * (1 + 2 / n_in) * eta[at] ** 2 + 4 * (1 + 2 / n_in) * (1 + 5 / hidden) * eta[at] ** 4


def _even_in_outer_weights(line: sp.Basic, context: Context) -> sp.Basic:
    """V and -V have one law: of |z + eta u|^4 the powers that are even in u remain."""
    if not context.grants(LIKE_NORMAL):
        raise RuleDoesNotApply(f"'{LIKE_NORMAL.name}' is not assumed")
    at = eta[i]
    square = E(_length**2) + 2 * at**2 * E(_length * _output) + at**4 * E(_output**2)
    return line.xreplace({E(_above**2): square + 4 * at**2 * E(_along**2)})


def _given_state(line: sp.Basic, context: Context) -> sp.Basic:
    """Given z: E<z, u>^2 = 2|z|^4/n, E|u|^2 = 2|z|^2 and E|u|^4 = 4 (1 + 2/n)(1 + 5/h)|z|^4."""
    if not context.grants(LIKE_NORMAL):
        raise RuleDoesNotApply(f"'{LIKE_NORMAL.name}' is not assumed")
    given = {
        E(_along**2): 2 / n_in,
        E(_length * _output): sp.S(2),
        E(_output**2): 4 * (1 + 2 / n_in) * (1 + 5 / hidden),
    }
    return line.xreplace({mean: factor * E(_length**2) for mean, factor in given.items()})


even_powers = Rule("odd powers of a symmetric module average to 0", _even_in_outer_weights)
given_state = Rule("moments of the module given the state", _given_state)


@theorem("failure_modes.linear_module_second_step", source="hanin2018start, theorem 6", setting=normal_modules)
def linear_module_second_step(p: Proof) -> Chain:
    """A module multiplies E|z|^4 by 1 + 4 eta^2 (1 + 2/n) + 4 eta^4 (1 + 2/n)(1 + 5/h), at every width."""
    p.assume(LIKE_NORMAL)
    at = eta[i]
    square = E(_length**2) + 4 * at**2 * E(_along**2) + 2 * at**2 * E(_length * _output) + at**4 * E(_output**2)
    return p.calc(
        Q[i + 1],
        *("=", E(squares_of(i + 1) ** 2), notation(Q)),
        *("=", E(_above**2), definition(module)),
        *("=", square, even_powers),
        *("=", _growth(i) * E(_length**2), given_state),
        *("=", _growth(i) * Q[i], backwards(notation(Q))),
    )


@theorem(
    "failure_modes.linear_module_second_moment",
    source="hanin2018start, theorem 6",
    setting=normal_modules,
    parameters=(
        Parameter("scale", Reals(None), eta[i]),
        Parameter("width", Integers(1), n_in),
        Parameter("hidden", Integers(1), hidden),
    ),
)
def linear_module_second_moment(p: Proof) -> Chain:
    """What one module multiplies E|z|^4 by, as a function of its scale, the width and its hidden units."""
    p.assume(LIKE_NORMAL)
    return p.calc(
        E(squares_of(i + 1) ** 2) / E(squares_of(i) ** 2),
        *("=", Q[i + 1] / Q[i], backwards(notation(Q))),
        *("=", _growth(i), by_theorem(linear_module_second_step)),
    )


@theorem("failure_modes.linear_module_layer_variance", source="hanin2018start, theorem 6", setting=normal_modules)
def linear_module_layer_variance(p: Proof) -> Chain:
    """The mean empirical variance over the layers is at most E M_0^2 exp(sum of what E M^2 grows by), at every depth."""
    p.assume(LIKE_NORMAL)
    p.array(eta, lambda layer: Fraction(1, layer + 1))
    p.let(hidden, Integers(1))
    return bounded_variance(p, linear_module_second_step, LIKE_NORMAL, _growth, _exponent)
