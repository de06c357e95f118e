"""The mean length of a residual network, z_l = z_{l-1} + eta_l module_l(z_{l-1}): which sum of the scales it feels.

Module "linear", one hidden rectifier layer and a linear layer, both of He's variance: its output has mean 0 given z, so the
cross term vanishes and, exactly at every width, each module multiplies E|z|^2 by 1 + 2 eta^2 (the linear layer keeps what a
rectifier would halve).  Module "relu", one layer ending in a rectifier: its output has mean sqrt(M/pi) in every unit, which
adds up coherently with what earlier modules added.  With m the mean over the units and M the length, given z exactly

    E[M' | z] = (1 + eta^2) M + 2 eta m sqrt(M/pi),      E[m' | z] = m + eta sqrt(M/pi),

and for width to infinity M and m follow these means (law of large numbers over the units: yang2019).  From m_0 = 0 the
growth is of order eta^2 at first and, once the mean dominates, exp(sum eta / sqrt(pi))-like: sum eta is the right sum for
modules that end in a rectifier, sum eta^2 for modules of mean 0.
Reference: hanin2018start, theorem 6.  Assumptions: normal weights of He's variance for "relu", symmetric ones for "linear".
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.failure_modes.hypotheses import h, w
from theory.failure_modes.length_ratio import (
    ALIVE,
    NORMAL_WEIGHTS,
    normal_layer,
    ratio_transform,
)
from theory.failure_modes.network import signed
from theory.failure_modes.rules import equal_terms, over_layers
from theory.probability.calculus import linearity, notation
from theory.probability.expectation import E
from theory.probability.facts import STANDARD_NORMAL
from theory.probability.gaussian import density, gaussian_integral
from theory.probability.setting import Assumption, Definition, Family, Instance, Law, Setting
from theory.proof.domains import Lists, Names, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral, Iterate
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, definition, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import d, i, k, l, length, m, n_in, r

eta = sp.IndexedBase("eta", real=True)  # eta[0], eta[1], ...: the scales of the modules, from the input up
Pairs = frozenset[frozenset[sp.Basic]]


# --- modules of mean 0: exact at every width -----------------------------------------------------------------------

z, U, V = (sp.IndexedBase(name) for name in ("z", "U", "V"))  # the state; hidden and outer weights of a module
hidden = sp.Symbol("h", integer=True, positive=True)  # units of the hidden layer
S = sp.IndexedBase("S", positive=True)  # S[l] = E|z_l|^2


def _entries(model: object, base: sp.IndexedBase) -> list[sp.Indexed]:
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
        for entry in _entries(model, base)
    ),
)


def _outer(layer: sp.Expr, unit: sp.Expr) -> sp.Expr:
    inner = sp.Sum(U[layer, m, l] * z[layer - 1, l], (l, 1, n_in))
    return sp.Sum(V[layer, unit, m] * sp.Max(inner, 0), (m, 1, hidden))


def _he(size: sp.Symbol, base: sp.IndexedBase) -> Family:
    return Family(
        base,
        span=lambda layer, unit, below: (layer, layer),
        independent=SYMMETRIC_HE,
        independent_entries=SYMMETRIC_HE,
        symmetric=SYMMETRIC_HE,
    )


_module = Definition("the residual module", z[i, k], z[i - 1, k] + eta[i - 1] * _outer(i, k), (i, k), sp.Gt(i, 0))


def _squares(layer: sp.Expr) -> sp.Expr:
    return sp.Sum(z[layer, k] ** 2, (k, 1, n_in))


_LAWS: dict[int, Law] = {1: signed((2, 1), zero=2), 2: signed((1, 1))}  # variance 2/fan-in


def _network(width: int, inside: int, depth: int) -> Instance:
    return Instance(
        {n_in: width, hidden: inside, d: depth, i: depth - 1},
        {h: lambda unit: (3, 1)[unit - 1], eta: lambda layer: Fraction(layer + 1, 2)},
        {U: lambda layer, unit, below: _LAWS[width], V: lambda layer, unit, below: _LAWS[inside]},
    )


residual = Setting(
    "residual network of linear modules",
    (_he(n_in, U), _he(hidden, V), Family(z, span=lambda layer, unit: (-sp.oo, layer))),
    (_module, Definition("the input", z[0, k], h[k], (k,))),
    {S: lambda layer: E(_squares(layer))},
    (_network(1, 1, 1), _network(1, 1, 2), _network(1, 2, 1), _network(2, 1, 1), _network(2, 2, 1)),
)


def _average(line: sp.Basic, context: Context) -> sp.Basic:
    """E|z + eta u|^2 = (1 + 2 eta^2) E|z|^2: given z, u has mean 0, and E|u|^2 = 2|z|^2.

    E u_k^2 = sum_m (2/hidden) E relu(s_m)^2 and E relu(s_m)^2 = |z|^2/n by symmetry, for each of n units.
    """
    if not context.grants(SYMMETRIC_HE):
        raise RuleDoesNotApply(f"'{SYMMETRIC_HE.name}' is not assumed")
    above = sp.Sum(_module.body.subs(i, i + 1) ** 2, (k, 1, n_in))
    return line.xreplace({E(above): (1 + 2 * eta[i] ** 2) * E(_squares(i))})


module_averages = Rule("given z, the module has mean 0 and mean square 2|z|^2", _average)


@theorem("failure_modes.linear_module_step", source="hanin2018start, theorem 6", setting=residual)
def linear_module_step(p: Proof) -> Chain:
    """A module of a hidden rectifier layer and a linear layer multiplies E|z|^2 by 1 + 2 eta^2, at every width."""
    p.assume(SYMMETRIC_HE)
    above = sp.Sum(_module.body.subs(i, i + 1) ** 2, (k, 1, n_in))
    return p.calc(
        S[i + 1],
        *("=", E(_squares(i + 1)), notation(S)),
        *("=", E(above), definition(_module)),
        *("=", (1 + 2 * eta[i] ** 2) * E(_squares(i)), module_averages),
        *("=", (1 + 2 * eta[i] ** 2) * S[i], backwards(notation(S))),
    )


# --- modules that end in a rectifier -------------------------------------------------------------------------------

mean = sp.Symbol("m", real=True)  # the mean of the entries of z
eta_ = sp.Symbol("eta", real=True)
_t = sp.Symbol("t", real=True)


@theorem("failure_modes.rectifier_mean", source="he2015")
def rectifier_mean(p: Proof) -> Chain:
    """The mean of relu(s) for a centred normal s of variance 2 M: the integral of s against its density on s > 0."""
    p.let(length, Reals(0, open_low=True))
    # with s = sqrt(2M) t the majorant of t exp(-t^2/2)/sqrt(2 pi) is exp(-t): t exp(t - t^2/2) < 1.618 e^0.31 < 2.3
    sigma = sp.sqrt(2 * length)
    integral = DominatedIntegral(sigma * _t * density(_t, sp.S.One), (_t, 0, sp.oo), sigma, 1)
    return p.calc(integral, "=", sp.sqrt(length / sp.pi), gaussian_integral)


def _relu(unit: sp.Expr) -> sp.Expr:
    return sp.Max(sp.Sum(w[unit, l] * h[l], (l, 1, n_in)), 0)


_new = sp.Sum((h[k] + eta_ * _relu(k)) ** 2, (k, 1, n_in)) / n_in  # M'
_new_mean = sp.Sum(h[k] + eta_ * _relu(k), (k, 1, n_in)) / n_in  # m'
_known = {sp.Sum(h[k] ** 2, (k, 1, n_in)): n_in * length, sp.Sum(h[k], (k, 1, n_in)): n_in * mean}
square_layer = replace(
    normal_layer,
    name="one residual module of normal weights",
    instances=tuple(
        replace(
            at,
            values={
                **at.values,
                eta_: Fraction(2, 3),
                mean: Fraction(sum(at.arrays[h](unit + 1) for unit in range(at.values[n_in])), at.values[n_in]),
            },
            laws={**at.laws, w: lambda unit, below, size=at.values[n_in]: _LAWS[size]},
        )
        for at in normal_layer.instances
    ),
)


def _normal_means(line: sp.Basic, context: Context) -> sp.Basic:
    """For normal s of variance 2 M: E relu(s)^2 = M and E relu(s) = sqrt(M/pi)."""
    if not all(context.grants(fact) for fact in (NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL)):
        raise RuleDoesNotApply("normal weights are not assumed")

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        base, power = part.body.as_base_exp() if isinstance(part, E) else (part, 0)
        if not isinstance(base, sp.Max) or power not in (1, 2):
            return part
        return length if power == 2 else rectifier_mean.derivation().statement.right

    return rewrite(line, visit)


normal_means = Rule(
    "mean and mean square of a rectified normal variable",
    _normal_means,
    uses=(ratio_transform.name, rectifier_mean.name, "failure_modes.length_step"),
    appeal=True,
)


def _first_unit(line: sp.Basic, context: Context) -> sp.Basic:
    """The units of a layer have one law."""
    if not context.grants(NORMAL_WEIGHTS):
        raise RuleDoesNotApply("the units are not known to have one law")
    return equal_terms.derive(
        rewrite(line, lambda part, distinct: part.subs(k, 1) if isinstance(part, E) else part), context
    )  # type: ignore[misc]


first_unit = Rule("one law for all units", _first_unit)
abbreviate = Rule(
    "notation: length and mean of the units",
    lambda line, context: line.xreplace(_known),
)


@theorem("failure_modes.rectifier_module_step", source="hanin2018start, theorem 6", setting=square_layer)
def rectifier_module_step(p: Proof) -> Chain:
    """The mean length after a module that ends in a rectifier, given what enters, exactly at every width."""
    p.assume(NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL)
    relu, relu_squared = (sp.Sum(part, (k, 1, n_in)) for part in (h[k] * E(_relu(k)), E(_relu(k) ** 2)))
    squares, total = _known
    one, one_squared = E(_relu(1)), E(_relu(1) ** 2)
    return p.calc(
        E(_new),
        *("=", (squares + 2 * eta_ * relu + eta_**2 * relu_squared) / n_in, linearity),
        *("=", (squares + 2 * eta_ * total * one + eta_**2 * n_in * one_squared) / n_in, first_unit),
        *("=", length + 2 * eta_ * mean * one + eta_**2 * one_squared, abbreviate),
        *("=", (1 + eta_**2) * length + 2 * eta_ * mean * sp.sqrt(length / sp.pi), normal_means),
    )


@theorem("failure_modes.rectifier_module_mean", source="hanin2018start, theorem 6", setting=square_layer)
def rectifier_module_mean(p: Proof) -> Chain:
    """The mean over the units after a module that ends in a rectifier, given what enters."""
    p.assume(NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL)
    total = sp.Sum(h[k], (k, 1, n_in))
    one = E(_relu(1))
    return p.calc(
        E(_new_mean),
        *("=", (total + eta_ * sp.Sum(E(_relu(k)), (k, 1, n_in))) / n_in, linearity),
        *("=", (total + eta_ * n_in * one) / n_in, first_unit),
        *("=", mean + eta_ * one, abbreviate),
        *("=", mean + eta_ * sp.sqrt(length / sp.pi), normal_means),
    )


# --- over all modules ----------------------------------------------------------------------------------------------

_limit = sp.Limit(E(_squares(d)) / E(_squares(0)), n_in, sp.oo)
_at = sp.Symbol("r", integer=True, nonnegative=True)


def _recursion() -> Iterate:
    """Length and mean, module after module, from length 1 and mean 0; the last variable counts the modules."""
    steps = [
        each.derivation().statement.right.subs(eta_, eta[_at])
        for each in (rectifier_module_step, rectifier_module_mean)
    ]
    return Iterate((length, mean, _at), (*steps, _at + 1), (1, 0, 0), d)


_wide = "for width to infinity, length and mean over the units follow their conditional means"


@theorem(
    "failure_modes.resnet_mean_length",
    source="hanin2018start, theorem 6",
    setting=residual,
    parameters=(
        Parameter("scales", Lists(Reals(None)), eta),
        Parameter("module", Names(("relu", "linear"))),
    ),
    implied={d: lambda values: len(values["scales"])},
)
def resnet_mean_length(p: Proof, module: str) -> Chain:
    """E M_L/M_0 of a residual network of zero-mean input, width to infinity; for linear modules at every width."""
    p.printed(
        "H-02", sp.exp(sp.Sum(eta[r], (r, 0, d - 1))), "up to constants in the exponent; sum eta^2 for linear modules"
    )
    if module == "linear":
        p.assume(SYMMETRIC_HE)
        return p.calc(
            E(_squares(d)) / E(_squares(0)),
            *("=", S[d] / S[0], backwards(notation(S))),
            *("=", sp.Product(1 + 2 * eta[r] ** 2, (r, 0, d - 1)), over_layers(linear_module_step, i, d)),
        )
    recursion = _recursion()
    uses = (rectifier_module_step.name, rectifier_module_mean.name)
    wide = Rule(
        _wide, lambda line, context: line.xreplace({_limit: recursion}), kind="cited", source="yang2019", uses=uses
    )
    return p.calc(_limit, "=", recursion, wide)
