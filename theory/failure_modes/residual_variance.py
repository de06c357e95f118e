"""Residual networks have no FM2 once FM1 is avoided: the variance over the layers stays bounded for summable scales.

For modules u = relu(W z) of normal weights of He's variance, E|u|^2 = |z|^2 and E|u|^4 = (1 + 5/n)|z|^4 given z.  With
2 <z, u> <= |z|^2 + |u|^2 one has |z + eta u|^2 <= (1 + eta)(|z|^2 + eta |u|^2) for eta >= 0, hence

    E|z + eta u|^4 <= (1 + eta)^2 ((1 + eta)^2 + 5 eta^2/n) |z|^4 <= exp(4 eta + 5 eta^2/n) |z|^4,

so every E M_l^2, and with it the mean empirical variance over any number of layers, is at most
M_0^2 exp(sum (4 eta + 5 eta^2/n)), which is finite for summable scales, whatever the depth.
Reference: hanin2018start, theorem 6.  Assumptions: weights as normal ones up to the fourth moment, He's variance.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from theory.failure_modes.hypotheses import h
from theory.failure_modes.network import HE_NORMAL
from theory.failure_modes.rules import equal_terms
from theory.probability.calculus import linearity
from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.domains import Integers
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, definition
from theory.proof.theorem import Chain, Proof, Theorem
from theory.symbols import d, i, j, k, l, n_in, r

z, W = sp.IndexedBase("z"), sp.IndexedBase("W")
eta = sp.IndexedBase("eta", nonnegative=True)  # eta[0], eta[1], ...
M = sp.IndexedBase("M", nonnegative=True)  # M[l] = |z_l|^2/n


def has_he_moments(model: Enumeration, entry: sp.Expr, fan_in: sp.Expr) -> bool:
    """Whether an entry's first, second and fourth moments are those of N(0, 2/fan_in)."""
    wrong = (E(entry), E(entry**2) * fan_in - 2, E(entry**4) - 3 * E(entry**2) ** 2)
    return all(model.evaluate(each) == 0 for each in wrong)


LIKE_NORMAL = Assumption(
    "weights like normal ones of He's variance",
    "the weights are independent, symmetric, of variance 2/fan-in and kurtosis 3, as normal weights are",
    lambda model: all(
        has_he_moments(model, entry, n_in)
        for layer in range(1, model.instance.values[d] + 1)
        for row in range(1, model.instance.values[n_in] + 1)
        for entry in [W[layer, row, below] for below in range(1, model.instance.values[n_in] + 1)]
    ),
)


def _output(layer: sp.Expr) -> sp.Expr:
    """u_k, unit k of the module's output."""
    return sp.Max(sp.Sum(W[layer, k, l] * z[layer - 1, l], (l, 1, n_in)), 0)


def _units(body: sp.Expr) -> sp.Expr:
    return sp.Sum(body, (k, 1, n_in)) / n_in


length_of_state = Definition("the length, M = |z|²/n", M[i], _units(z[i, k] ** 2), (i,))
_module = Definition("the residual module", z[i, k], z[i - 1, k] + eta[i - 1] * _output(i), (i, k), sp.Gt(i, 0))


def _network(width: int, depth: int, slower: int) -> Instance:
    return Instance(
        {n_in: width, d: depth, i: 0},
        {h: lambda unit: (3, -1)[unit - 1], eta: lambda layer: Fraction(1, layer + slower)},
        {W: lambda layer, unit, below: HE_NORMAL[width]},
    )


residual = Setting(
    "residual network of rectifier modules",
    (
        Family(W, span=lambda layer, unit, below: (layer, layer)),
        Family(z, span=lambda layer, unit: (-sp.oo, layer)),
        Family(M, span=lambda layer: (-sp.oo, layer)),
    ),
    (length_of_state, _module, Definition("the input", z[0, k], h[k], (k,))),
    instances=(_network(1, 1, 1), _network(1, 2, 2), _network(2, 1, 1)),
)


def _young(line: sp.Basic, context: Context) -> sp.Basic:
    """|z + eta u|^2 <= (1 + eta)(|z|^2 + eta |u|^2) under a mean of the square of both sides."""
    if not eta[i].is_nonnegative:
        raise RuleDoesNotApply(f"{eta[i]} is not known to be non-negative")
    both = (1 + eta[i]) * (M[i] + eta[i] * _module_square)
    return line.xreplace({E(_units((z[i, k] + eta[i] * _output(i + 1)) ** 2) ** 2): E(both**2)})


def _given_state(line: sp.Basic, context: Context) -> sp.Basic:
    """Given z_i: E|u|^2/n = M_i and E(|u|^2/n)^2 = (1 + 5/n) M_i^2 (failure_modes.normal_step)."""
    if not context.grants(LIKE_NORMAL):
        raise RuleDoesNotApply(f"'{LIKE_NORMAL.name}' is not assumed")
    cross, square = E(M[i] * _module_total), E(_module_total**2)
    return line.xreplace({cross: n_in * E(M[i] ** 2), square: n_in**2 * (1 + 5 / n_in) * E(M[i] ** 2)})


_module_total = sp.Sum(_output(i + 1) ** 2, (k, 1, n_in))  # |u|^2
_module_square = _module_total / n_in
young = Rule("2⟨z, u⟩ <= |z|² + |u|²", _young, relation="<=")
given_state = Rule("moments of the module's length given the state", _given_state, uses=("failure_modes.normal_step",))


def _growth(at: sp.Expr) -> sp.Expr:
    return (1 + eta[at]) ** 2 * ((1 + eta[at]) ** 2 + 5 * eta[at] ** 2 / n_in)


@theorem("failure_modes.residual_second_step", source="hanin2018start, theorem 6", setting=residual)
def residual_second_step(p: Proof) -> Chain:
    """A rectifier module multiplies E M^2 by at most (1 + eta)^2 ((1 + eta)^2 + 5 eta^2/n)."""
    p.assume(LIKE_NORMAL)
    at, cross, square = eta[i], E(M[i] * _module_total) / n_in, E(_module_total**2) / n_in**2
    return p.calc(
        E(M[i + 1] ** 2),
        *("=", E(_units((z[i, k] + at * _output(i + 1)) ** 2) ** 2), definition(length_of_state) & definition(_module)),
        *("<=", E(((1 + at) * (M[i] + at * _module_square)) ** 2), young),
        *("=", (1 + at) ** 2 * (E(M[i] ** 2) + 2 * at * cross + at**2 * square), linearity),
        *("=", _growth(i) * E(M[i] ** 2), given_state),
    )


# --- over the layers -----------------------------------------------------------------------------------------------

_mean_square = sp.Sum(M[j] ** 2, (j, 1, d)) / d
_empirical_variance = _mean_square - (sp.Sum(M[j], (j, 1, d)) / d) ** 2
drop_square = Rule(
    "the square of the mean is not negative",
    lambda line, context: line.xreplace({_empirical_variance: _mean_square}),
    relation="<=",
)


def bounded_variance(
    p: Proof,
    step: Theorem,
    assumption: Assumption,
    growth: Callable[[sp.Expr], sp.Expr],
    exponent: Callable[[sp.Expr], sp.Expr],
) -> Chain:
    """The mean empirical variance of M_1, ..., M_d is at most E M_0^2 exp(sum of exponents), where layers multiply E M^2.

    By ``step`` module r + 1 multiplies E M^2 by at most growth(r), and 1 <= growth(r) <= exp(exponent(r)).
    """
    start, product = E(M[0] ** 2), sp.Product(growth(r), (r, 0, j - 1))
    total = sp.exp(sp.Sum(exponent(r), (r, 0, d - 1)))
    products = sp.Sum(product, (j, 1, d)) / d

    def induction(line: sp.Basic, context: Context) -> sp.Basic:
        if not context.grants(assumption):
            raise RuleDoesNotApply(f"'{assumption.name}' is not assumed")
        return line.xreplace({E(M[j] ** 2): start * product})

    layer_by_layer = Rule("induction over the layers", induction, relation="<=", uses=(step.name,))
    bounded = Rule("1 + x <= exp(x)", lambda line, context: line.xreplace({product: total}), relation="<=")
    as_shown = Rule(
        "the products, as shown",
        lambda line, context: start * total if line == start * products else line,
        relation="<=",
        appeal=True,
    )
    p.let(d, Integers(1, 5))
    p.let(n_in, Integers(1))
    p.calc(products, "<=", total, bounded & equal_terms)
    return p.calc(
        E(_empirical_variance),
        *("<=", E(_mean_square), drop_square),
        *("=", sp.Sum(E(M[j] ** 2), (j, 1, d)) / d, linearity),
        *("<=", start * products, layer_by_layer & equal_terms),
        *("<=", start * total, as_shown),
    )


@theorem("failure_modes.resnet_layer_variance", source="hanin2018start, theorem 6", setting=residual)
def resnet_layer_variance(p: Proof) -> Chain:
    """The mean empirical variance over the layers is at most E M_0^2 exp(sum (4 eta + 5 eta^2/n)), at every depth."""
    p.assume(LIKE_NORMAL)
    p.array(eta, lambda layer: Fraction(1, layer + 1))
    return bounded_variance(
        p, residual_second_step, LIKE_NORMAL, _growth, lambda at: 4 * eta[at] + 5 * eta[at] ** 2 / n_in
    )
