"""Which initialisations keep the mean length: E M_j / E M_{j-1} = fan_in Var W / 2 for each of the usual laws.

The variance of a truncated law is that of what is left: a standard normal kept within +-cut has variance
1 - 2 cut phi(cut)/(2 Phi(cut) - 1), 0.774 at two standard deviations, so that a "truncated" initialisation which does not
correct for the cut loses a factor 0.774 in every layer.  torch's default for nn.Linear, kaiming_uniform with a = sqrt 5, is
uniform on +-1/sqrt(fan_in): factor 1/6 (its biases, uniform on the same interval, add 1/(6 fan_in) to the length).
Reference: hanin2018start, figure 1; he2015; glorot2010; lecun1998 (variance 1/fan_in).
Assumptions: symmetric independent weights of one law in a layer; no biases.
"""

from __future__ import annotations

import sympy as sp

from theory.failure_modes.hypotheses import IDENTICAL, NO_BIASES, SYMMETRIC
from theory.failure_modes.lengths import length_step
from theory.failure_modes.network import rectified, squares, unbiased_layer, weight_variance
from theory.failure_modes.rules import given_layer, no_bias
from theory.probability.expectation import E
from theory.probability.gaussian import density, gaussian_integral
from theory.probability.integrals import power_rule
from theory.proof.domains import Integers, Names, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, backwards, by_theorem, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import bias_variance, n_in, n_out
from theory.weight_laws import CUT, normal_moment, uniform_moment, w

cut = sp.Symbol("c", positive=True)
t = sp.Symbol("t", nonnegative=True)


# --- the truncated normal law --------------------------------------------------------------------------------------


def _truncated_moment(power: int) -> DominatedIntegral:
    return normal_moment(power, (-cut, cut))


def _to_unit_interval(line: sp.Basic, context: Context) -> sp.Basic:
    """The integral of an even function over [-c, c] is 2c times that of g(c t) over [0, 1]."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        if not isinstance(part, DominatedIntegral) or part.lower != -part.upper:
            return part
        return 2 * part.upper * sp.Integral(part.body.subs(part.variable, part.upper * t), (t, 0, 1))

    return rewrite(line, visit)


unit_interval = Rule("an even integrand, w = c t", _to_unit_interval)


@theorem(
    "failure_modes.truncated_normal_variance",
    source="johnson1994; hanin2018start, figure 1",
    parameters=(Parameter("cut", Reals(0, open_low=True), cut),),
)
def truncated_normal_variance(p: Proof) -> Chain:
    """The variance of a standard normal variable x given |x| < cut."""
    second, mass = _truncated_moment(2), _truncated_moment(0)
    kept = sp.erf(cut / sp.sqrt(2))
    value = 1 - 2 * cut * density(w, sp.S.One).subs(w, cut) / kept
    kept_at = density(w, sp.S.One).subs(w, cut * t)
    # for small cuts the closed form cancels: it is about cut^2/3
    stable = sp.Integral((cut * t) ** 2 * kept_at, (t, 0, 1)) / sp.Integral(kept_at, (t, 0, 1))
    p.evaluate_by(p.calc(value, "=", second / mass, backwards(gaussian_integral), "=", stable, unit_interval))
    p.calc(_truncated_moment(1), "=", 0, gaussian_integral)
    return p.calc(second / mass, "=", value, gaussian_integral)


# --- the usual initialisations -------------------------------------------------------------------------------------

MEANT = {"he": 2 / n_in, "glorot": 2 / (n_in + n_out), "lecun": 1 / n_in}  # the variance each is to have
INITIALISATIONS = (
    *(f"{name}_{law}" for name in ("he", "glorot") for law in ("normal", "uniform", "truncated")),
    *("lecun_normal", "lecun_uniform", "torch_linear"),
)


def _law(init: str) -> tuple[sp.Expr, sp.Expr, Rule]:
    """E w^2 under the initialisation's density, its value, and the reason."""
    if init == "torch_linear":
        return uniform_moment(2, 1 / sp.sqrt(n_in)), 1 / (3 * n_in), power_rule(w)
    name, _, law = init.partition("_")
    variance = MEANT[name]
    if law == "uniform":
        return uniform_moment(2, sp.sqrt(3 * variance)), variance, power_rule(w)
    if law == "normal":
        return variance * normal_moment(2), variance, gaussian_integral
    at_cut = {cut: sp.S(CUT)}
    kept, value = (side.subs(at_cut) for side in _truncated_sides())
    by_cut = Rule(
        f"by {truncated_normal_variance.name}",
        lambda line, context: line.subs(kept, value),
        uses=(truncated_normal_variance.name,),
        appeal=True,
    )
    return variance * kept, variance * value, by_cut


def _truncated_sides() -> tuple[sp.Expr, sp.Expr]:
    statement = truncated_normal_variance.derivation().statement
    return statement.left, statement.right


_ratio = E(rectified) / n_out / (squares / n_in)  # E M_j/M_{j-1}


@theorem("failure_modes.fan_in_factor", source="hanin2018start, theorem 4; he2015", setting=unbiased_layer)
def fan_in_factor(p: Proof) -> Chain:
    """Without biases a layer multiplies the mean length by fan_in Var W / 2."""
    p.assume(SYMMETRIC, IDENTICAL, NO_BIASES)
    below = squares / n_in
    return p.calc(
        _ratio,
        *("=", (weight_variance * squares + bias_variance) / 2 / below, given_layer(length_step)),
        *("=", n_in * weight_variance / 2, no_bias),
    )


@theorem(
    "failure_modes.length_factor",
    source="hanin2018start, figure 1; he2015; glorot2010",
    setting=unbiased_layer,
    parameters=(
        Parameter("init", Names(INITIALISATIONS)),
        *(Parameter("fan_in", Integers(1), n_in), Parameter("fan_out", Integers(1), n_out)),
    ),
)
def length_factor(p: Proof, init: str) -> Chain:
    """E M_j / E M_{j-1} under an initialisation; "truncated": cut at two standard deviations and not corrected."""
    p.assume(SYMMETRIC, IDENTICAL, NO_BIASES)
    law, value, reason = _law(init)
    return p.calc(
        _ratio,
        *("=", n_in * law / 2, by_theorem(fan_in_factor, at={weight_variance: law})),
        *("=", n_in * value / 2, reason),
    )
