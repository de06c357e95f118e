"""The mean length of a residual network, z_l = z_{l-1} + eta_l module_l(z_{l-1}): which sum of the scales it feels.

Modules of mean 0 (`linear_modules`) multiply it by 1 + 2 eta^2.  A module that ends in a rectifier has an output of mean
sqrt(M/pi) in every unit, which adds up coherently with what earlier modules added.  With m the mean over the units and M
the length, given z exactly

    E[M' | z] = (1 + eta^2) M + 2 eta m sqrt(M/pi),      E[m' | z] = m + eta sqrt(M/pi),

and for width to infinity M and m follow these means (law of large numbers over the units).  Starting from m = 0 the growth
is of order eta^2 at first; once the mean carries the length it is of order eta.  So sum eta is the right sum for modules
that end in a rectifier, sum eta^2 for modules of mean 0.
Reference: hanin2018start, theorem 6; yang2019 (the limit, cited).
Assumptions: normal weights of He's variance, zero-mean input.
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
from theory.failure_modes.linear_modules import (
    LAWS,
    SYMMETRIC_HE,
    ZERO_MEAN_INPUT,
    S,
    eta,
    linear_module_step,
    residual,
    squares_of,
)
from theory.failure_modes.rules import equal_terms, over_layers
from theory.probability.calculus import linearity, notation
from theory.probability.expectation import E
from theory.probability.facts import STANDARD_NORMAL
from theory.probability.gaussian import density, gaussian_integral
from theory.proof.domains import Lists, Names, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral, Iterate
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import d, i, k, l, length, n_in, r

Pairs = frozenset[frozenset[sp.Basic]]


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
            laws={**at.laws, w: lambda unit, below, size=at.values[n_in]: LAWS[size]},
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

_limit = sp.Limit(E(squares_of(d)) / E(squares_of(0)), n_in, sp.oo)
_at = sp.Symbol("r", integer=True, nonnegative=True)


def _recursion() -> Iterate:
    """Length and mean, module after module, from length 1 and mean 0; the last variable counts the modules."""
    steps = [
        each.derivation().statement.right.subs(eta_, eta[_at])
        for each in (rectifier_module_step, rectifier_module_mean)
    ]
    return Iterate((length, mean, _at), (*steps, _at + 1), (1, 0, 0), d)


def _follow_means(line: sp.Basic, context: Context) -> sp.Basic:
    if not context.grants(ZERO_MEAN_INPUT):
        raise RuleDoesNotApply(f"'{ZERO_MEAN_INPUT.name}' is not assumed")
    return line.xreplace({_limit: _recursion()})


wide = Rule(
    "for width to infinity, length and mean over the units follow their conditional means",
    _follow_means,
    kind="cited",
    source="yang2019",
    uses=(rectifier_module_step.name, rectifier_module_mean.name),
)


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
    if module == "linear":
        p.assume(SYMMETRIC_HE)
        return p.calc(
            E(squares_of(d)) / E(squares_of(0)),
            *("=", S[d] / S[0], backwards(notation(S))),
            *("=", sp.Product(1 + 2 * eta[r] ** 2, (r, 0, d - 1)), over_layers(linear_module_step, i, d)),
        )
    p.assume(ZERO_MEAN_INPUT)
    return p.calc(_limit, "=", _recursion(), wide)
