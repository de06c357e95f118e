"""Residual modules of mean 0, z_l = z_{l-1} + eta_l V relu(U z_{l-1}): exact at every width, for every symmetric law.

U and V have He's variance.  Given z the output u has mean 0, so the cross term vanishes, and E|u|^2 = 2|z|^2: the linear
layer V keeps what a rectifier would halve.  Each module multiplies E|z|^2 by 1 + 2 eta^2.
Reference: hanin2018start, theorem 6.  Assumptions: independent symmetric weights of He's variance, no biases.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from theory.failure_modes.hypotheses import h
from theory.failure_modes.network import signed
from theory.probability.calculus import notation
from theory.probability.expectation import E
from theory.probability.setting import Assumption, Definition, Family, Instance, Law, Setting
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, definition
from theory.proof.theorem import Chain, Proof
from theory.symbols import d, i, k, l, m, n_in

eta = sp.IndexedBase("eta", real=True)  # eta[0], eta[1], ...: the scales of the modules, from the input up

z, U, V = (sp.IndexedBase(name) for name in ("z", "U", "V"))  # the state; hidden and outer weights of a module
hidden = sp.Symbol("h", integer=True, positive=True)  # units of the hidden layer
S = sp.IndexedBase("S", positive=True)  # S[l] = E|z_l|^2


def entries(model: object, base: sp.IndexedBase) -> list[sp.Indexed]:
    """The entries of all matrices U, or of all V, of an instance."""
    values = model.instance.values  # type: ignore[attr-defined]
    shape = (hidden, n_in) if base == U else (n_in, hidden)
    rows, columns = (range(1, values[size] + 1) for size in shape)
    return [base[layer, row, column] for layer in range(1, values[d] + 1) for row in rows for column in columns]


SYMMETRIC_HE = Assumption(
    "symmetric weights of He's variance",
    "the weights are independent, symmetric about 0, and of variance 2/fan-in",
    lambda model: all(
        model.evaluate(E(entry)) == 0 and model.evaluate(E(entry**2) * fan_in - 2) == 0
        for base, fan_in in ((U, n_in), (V, hidden))
        for entry in entries(model, base)
    ),
)

ZERO_MEAN_INPUT = Assumption(
    "zero-mean input",
    "the entries of the input add up to 0",
    lambda model: model.evaluate(sp.Sum(z[0, k], (k, 1, n_in))) == 0,
)


def outer(layer: sp.Expr, unit: sp.Expr) -> sp.Expr:
    """u_unit, the output of the module of a layer."""
    inner = sp.Sum(U[layer, m, l] * z[layer - 1, l], (l, 1, n_in))
    return sp.Sum(V[layer, unit, m] * sp.Max(inner, 0), (m, 1, hidden))


def _he(base: sp.IndexedBase) -> Family:
    return Family(
        base,
        span=lambda layer, unit, below: (layer, layer),
        independent=SYMMETRIC_HE,
        independent_entries=SYMMETRIC_HE,
        symmetric=SYMMETRIC_HE,
    )


module = Definition("the residual module", z[i, k], z[i - 1, k] + eta[i - 1] * outer(i, k), (i, k), sp.Gt(i, 0))


def squares_of(layer: sp.Expr) -> sp.Expr:
    """|z|^2 of a layer."""
    return sp.Sum(z[layer, k] ** 2, (k, 1, n_in))


LAWS: dict[int, Law] = {1: signed((2, 1), zero=2), 2: signed((1, 1))}  # variance 2/fan-in


def small(width: int, inside: int, depth: int, laws: Mapping[int, Law] = LAWS) -> Instance:
    """A network with the law of a weight for each fan-in."""
    return Instance(
        {n_in: width, hidden: inside, d: depth, i: depth - 1},
        {h: lambda unit: (3, -3)[unit - 1], eta: lambda layer: Fraction(layer + 1, 2)},
        {U: lambda layer, unit, below: laws[width], V: lambda layer, unit, below: laws[inside]},
    )


residual = Setting(
    "residual network of linear modules",
    (_he(U), _he(V), Family(z, span=lambda layer, unit: (-sp.oo, layer))),
    (module, Definition("the input", z[0, k], h[k], (k,))),
    {S: lambda layer: E(squares_of(layer))},
    (small(1, 1, 1), small(1, 1, 2), small(1, 2, 1), small(2, 1, 1), small(2, 2, 1)),
)


def _average(line: sp.Basic, context: Context) -> sp.Basic:
    """E|z + eta u|^2 = (1 + 2 eta^2) E|z|^2: given z, u has mean 0, and E|u|^2 = 2|z|^2.

    E u_k^2 = sum_m (2/hidden) E relu(s_m)^2 and E relu(s_m)^2 = |z|^2/n by symmetry, for each of n units.
    """
    if not context.grants(SYMMETRIC_HE):
        raise RuleDoesNotApply(f"'{SYMMETRIC_HE.name}' is not assumed")
    above = sp.Sum(module.body.subs(i, i + 1) ** 2, (k, 1, n_in))
    return line.xreplace({E(above): (1 + 2 * eta[i] ** 2) * E(squares_of(i))})


module_averages = Rule("given z, the module has mean 0 and mean square 2|z|^2", _average)


@theorem("failure_modes.linear_module_step", source="hanin2018start, theorem 6", setting=residual)
def linear_module_step(p: Proof) -> Chain:
    """A module of a hidden rectifier layer and a linear layer multiplies E|z|^2 by 1 + 2 eta^2, at every width."""
    p.assume(SYMMETRIC_HE)
    above = sp.Sum(module.body.subs(i, i + 1) ** 2, (k, 1, n_in))
    return p.calc(
        S[i + 1],
        *("=", E(squares_of(i + 1)), notation(S)),
        *("=", E(above), definition(module)),
        *("=", (1 + 2 * eta[i] ** 2) * E(squares_of(i)), module_averages),
        *("=", (1 + 2 * eta[i] ** 2) * S[i], backwards(notation(S))),
    )
