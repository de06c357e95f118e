"""Mean and variance of ln z, the logarithm of a layer's squared-norm ratio, exactly at every width.

Linear layer: N z is chi-square with N degrees of freedom.  Rectifier layer, given that at least one unit is active: with
k active units N z is chi-square with k, and k is binomial.  A dead layer (probability 2^-N) has ln z = -infinity, so the
unconditional mean does not exist; Sussillo and Abbott (2014) leave this open.  Leaky layers with slope a > 0 never die.

Sums over k cost O(N) and cancel in floating point.  `gap` is the transform of z / E z minus that of the constant 1,
written without cancellation; the stable forms are integrals of it that cost the same at every width.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from theory.probability.calculus import variance_as_moments
from theory.probability.expectation import E, Given, Var
from theory.probability.facts import (
    STANDARD_NORMAL,
    chi_square_log_mean,
    chi_square_log_square,
    known_integral,
    logarithm_by_transform,
    x,
    y,
)
from theory.proof.domains import Integers, Reals
from theory.proof.forms import in_all_forms
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral, log1pmx
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.random_walk.ratio import (
    FAIR_COINS,
    GAUSSIAN_WEIGHTS,
    UNIT_DIRECTION,
    active_sum,
    active_transform,
    count_active,
    counting,
    layer,
    normal_ratio,
    ratio,
    ratio_transform,
    some_active,
    transform,
)
from theory.symbols import N, a, i, k, s

Pairs = frozenset[frozenset[sp.Basic]]

WIDTH = Parameter("N", Integers(1), N)
SLOPE = Parameter("slope", Reals(0, 1), a)
HYPOTHESES = (GAUSSIAN_WEIGHTS, UNIT_DIRECTION, STANDARD_NORMAL)
LINE = (y, -sp.oo, sp.oo)
none_active = sp.Integer(2) ** -N


# --- rules ---------------------------------------------------------------------------------------------------------


def _same_law(line: sp.Basic, context: Context) -> sp.Basic:
    """z and its copy in standard normals have equal transforms, hence equal laws (Feller 1971, XIII.1)."""
    if not all(context.grants(fact) for fact in HYPOTHESES):
        raise RuleDoesNotApply("Gaussian weights and a unit direction are not both assumed")
    pairs = [(ratio.subs(a, slope), normal_ratio.subs(a, slope)) for slope in (a, 0, 1)]
    return line.xreplace(dict(pairs))


equal_transforms = Rule("equal transforms, equal laws", _same_law, uses=(ratio_transform.name,), appeal=True)


def _scaled_logarithm(line: sp.Basic, context: Context) -> sp.Basic:
    """ln(c X) = ln c + ln X under an expectation, for a constant c > 0, to the first or second power."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, (E, Given)):
            return part
        base, power = part.body.as_base_exp()
        if not isinstance(base, sp.log) or power not in (1, 2):
            return part
        factors = sp.Mul.make_args(base.args[0])
        constant = sp.Mul(*(f for f in factors if not context.setting.random(f)))
        if not constant.is_positive:
            return part
        shift = sp.log(constant)
        mean = part.func(sp.log(base.args[0] / constant), *part.args[1:])
        if power == 1:
            return shift + mean
        return shift**2 + 2 * shift * mean + part.func(mean.body**2, *part.args[1:])

    return rewrite(line, visit)


scaled_logarithm = Rule("ln(cX) = ln c + ln X", _scaled_logarithm, judged_in=counting)


def in_units_of(constant: sp.Expr) -> Rule:
    """E ln X = ln c + E ln(X/c) for a given constant c > 0."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            if not isinstance(part, (E, Given)) or not isinstance(part.body, sp.log) or not constant.is_positive:
                return part
            return sp.log(constant) + part.func(sp.log(part.body.args[0] / constant), *part.args[1:])

        return rewrite(line, visit)

    return Rule(f"ln X = ln c + ln(X/c), c = {constant}", derive, judged_in=counting)


known_identity = Rule("the same function without cancellation", None, kind="computed")


# --- the integrand without cancellation ----------------------------------------------------------------------------


def _excess(share: sp.Expr) -> sp.Expr:
    """(1 + b)^(-1/2) - 1 + b/2 for b = 4 share e^y / N, a quotient of positive terms."""
    b = 4 * share * sp.exp(y) / N
    r = sp.sqrt(1 + b)
    return (b / (1 + r)) ** 2 * (r + 2) / (2 * r)


def _loss(share: sp.Expr) -> sp.Expr:
    """(1 + b)^(-1/2) - 1 for the same b."""
    b = 4 * share * sp.exp(y) / N
    r = sp.sqrt(1 + b)
    return -b / (r * (1 + r))


def gap(slope: sp.Expr) -> sp.Expr:
    """E exp(-e^y z/E z) - exp(-e^y) >= 0 without cancellation: P^N - e^-t = -P^N expm1(-(t + N ln P)).

    With w = P - 1 and q = w + t/N, both sums of terms of one sign, t + N ln P = N (q + log1pmx(w)).
    """
    shares = (1 / (1 + slope**2), slope**2 / (1 + slope**2))
    w = sum(_loss(share) for share in shares) / 2
    q = sum(_excess(share) for share in shares) / 2
    return -sp.exp(N * log1p(w)) * expm1(-N * (q + log1pmx(w)))


active_gap = (gap(sp.S.Zero) + none_active * expm1(-sp.exp(y))) / (1 - none_active)

# |gap| is at most (E z/E z) e^y = e^y for y < 0 (2 e^y given some activity); for y > 0 both transforms decay at least like
# the slowest unit's, (4 share e^y/N)^(-1/2), and exp(-e^y) <= e^(-y/2)
HALF, QUARTER = sp.Rational(1, 2), sp.Rational(1, 4)
ACTIVE_SCALE = 2 + sp.sqrt(N)
LEAKY_SCALE = 2 + sp.sqrt(N) * (1 + 1 / a)
SQUARE_KERNEL = 2 * (y + sp.EulerGamma)  # at most 4 exp(|y|/4) in absolute value


def _line(body: sp.Expr, scale: sp.Expr, rate: sp.Expr = HALF) -> DominatedIntegral:
    return DominatedIntegral(body, LINE, scale, rate)


EXPONENTIAL = sp.exp(-sp.exp(y))
_POINT = Parameter("y", Reals(-20, 4), y)  # exp(-e^4) is 10^-24 already


def transform_at(rate: sp.Expr, slope: sp.Expr) -> sp.Expr:
    """E exp(-rate z) for a leaky layer."""
    return transform.subs({s: rate, a: slope}, simultaneous=True)


MEAN = (1 + a**2) / 2  # E z of a leaky layer
plain_gap = transform_at(sp.exp(y) / MEAN, a) - EXPONENTIAL
plain_active_gap = (transform_at(2 * sp.exp(y), sp.S.Zero) - none_active) / (1 - none_active) - EXPONENTIAL


@theorem("random_walk.gap", source="Initium", parameters=(WIDTH, SLOPE, _POINT))
def stable_gap(p: Proof) -> Chain:
    """The transform of z/E z minus that of the constant 1, written without cancellation."""
    return p.calc(plain_gap, "=", gap(a), known_identity)


@theorem("random_walk.active_gap", source="Initium", parameters=(WIDTH, _POINT))
def stable_active_gap(p: Proof) -> Chain:
    """The same for 2z of a rectifier layer, given at least one active unit."""
    return p.calc(plain_active_gap, "=", active_gap, known_identity)


# --- linear layers -------------------------------------------------------------------------------------------------

_sum_of_squares = sp.Sum(x[i] ** 2, (i, 1, N))
_linear_ratio, _linear_copy = ratio.subs(a, 1), normal_ratio.subs(a, 1)


@theorem("random_walk.normal_log_mean", source="johnson1994", setting=layer, parameters=(WIDTH,))
def normal_log_mean(p: Proof) -> Chain:
    """E ln z of a linear layer, z written in standard normal variables."""
    p.assume(STANDARD_NORMAL)
    value = sp.polygamma(0, N / 2) + sp.log(2) - sp.log(N)
    plain, stable = (-_line(body, ACTIVE_SCALE) for body in (plain_gap.subs(a, 1), gap(sp.S.One)))
    by_transform = p.calc(value, "=", plain, known_integral("the same mean by the transform"))
    p.evaluate_by(p.calc(by_transform.right, "=", stable, by_theorem(stable_gap, at={a: 1})))
    return p.calc(
        E(sp.log(_linear_copy)),
        *("=", E(sp.log(_sum_of_squares)) - sp.log(N), scaled_logarithm),
        *("=", value, by_theorem(chi_square_log_mean, at={k: N})),
    )


@theorem("random_walk.linear_log_mean", source="sussillo2014, S-02", setting=layer, parameters=(WIDTH,))
def linear_log_mean(p: Proof) -> Chain:
    """E ln z of a linear layer of width N."""
    p.assume(*HYPOTHESES)
    copy = E(sp.log(_linear_copy))
    return p.calc(E(sp.log(_linear_ratio)), "=", copy, equal_transforms) + in_all_forms(p, copy, copy, normal_log_mean)


@theorem("random_walk.linear_log_variance", source="sussillo2014, S-04", setting=layer, parameters=(WIDTH,))
def linear_log_variance(p: Proof) -> Chain:
    """Var ln z of a linear layer of width N."""
    p.assume(*HYPOTHESES)
    square, mean = E(sp.log(_sum_of_squares) ** 2), E(sp.log(_sum_of_squares))
    appeal = by_theorem(chi_square_log_mean, at={k: N}) & by_theorem(chi_square_log_square, at={k: N})
    return p.calc(
        Var(sp.log(_linear_ratio)),
        *("=", Var(sp.log(_linear_copy)), equal_transforms),
        *("=", square - mean**2, variance_as_moments & scaled_logarithm),
        *("=", sp.polygamma(1, N / 2), appeal),
    )


# --- rectifier layers ----------------------------------------------------------------------------------------------

_relu_ratio = ratio.subs(a, 0)


def _over_active(term: sp.Expr) -> sp.Sum:
    return sp.Sum(sp.binomial(N, k) / (sp.Integer(2) ** N - 1) * term, (k, 1, N))


_units = sp.Sum(x[i] ** 2, (i, 1, k))
_log_k = sp.polygamma(0, k / 2) + sp.log(2) - sp.log(N)  # E ln(S_k/N)
relu_mean = _over_active(_log_k)
active_variance = Given(sp.log(active_sum) ** 2, some_active) - Given(sp.log(active_sum), some_active) ** 2
relu_mean_stable = -sp.log(2) - _line(active_gap, ACTIVE_SCALE)


@theorem("random_walk.active_log_mean", source="sussillo2014, section 3", setting=layer, parameters=(WIDTH,))
def active_log_mean(p: Proof) -> Chain:
    """E ln z of a rectifier layer given at least one active unit, z written in standard normal variables and coins."""
    p.assume(STANDARD_NORMAL, FAIR_COINS)
    doubled = Given(sp.exp(-2 * sp.exp(y) * active_sum), some_active) - EXPONENTIAL
    p.calc(
        Given(sp.log(2 * active_sum), some_active),
        *("=", -_line(doubled, ACTIVE_SCALE), logarithm_by_transform(ACTIVE_SCALE)),
        *("=", -_line(plain_active_gap, ACTIVE_SCALE), by_theorem(active_transform, at={s: 2 * sp.exp(y)})),
    )
    plain = -sp.log(2) - _line(plain_active_gap, ACTIVE_SCALE)
    p.enclose_by(p.calc(relu_mean, "=", plain, known_integral("the same mean by the transform")))
    p.evaluate_by(p.calc(plain, "=", relu_mean_stable, by_theorem(stable_active_gap)))
    return p.calc(
        Given(sp.log(active_sum), some_active),
        *("=", _over_active(E(sp.log(_units / N))), count_active),
        *("=", _over_active(E(sp.log(_units)) - sp.log(N)), scaled_logarithm),
        *("=", relu_mean, by_theorem(chi_square_log_mean)),
    )


@theorem("random_walk.relu_log_mean", source="sussillo2014, S-05", setting=layer, parameters=(WIDTH,))
def relu_log_mean(p: Proof) -> Chain:
    """E ln z of a rectifier layer of width N, given at least one active unit."""
    p.assume(*HYPOTHESES)
    copy = Given(sp.log(active_sum), some_active)
    same = p.calc(Given(sp.log(_relu_ratio), some_active), "=", copy, equal_transforms)
    return same + in_all_forms(p, copy, copy, active_log_mean)


@theorem("random_walk.active_log_variance", source="sussillo2014, section 3", setting=layer, parameters=(WIDTH,))
def active_log_variance(p: Proof) -> Chain:
    """Var ln z of a rectifier layer given at least one active unit, z written in standard normal variables and coins."""
    p.assume(STANDARD_NORMAL, FAIR_COINS)
    square = _over_active(sp.polygamma(1, k / 2) + _log_k**2)
    value = square - relu_mean**2
    plain, stable = (
        _line(SQUARE_KERNEL * body, 4 * ACTIVE_SCALE, QUARTER) - _line(body, ACTIVE_SCALE) ** 2
        for body in (plain_active_gap, active_gap)
    )
    p.enclose_by(p.calc(value, "=", plain, known_integral("the same variance by the transform")))
    p.evaluate_by(p.calc(plain, "=", stable, by_theorem(stable_active_gap)))
    log_n, log_s = sp.log(N), sp.log(_units)
    return p.calc(
        active_variance,
        *("=", _over_active(E(sp.log(_units / N) ** 2)) - _over_active(E(sp.log(_units / N))) ** 2, count_active),
        *(
            "=",
            _over_active(log_n**2 - 2 * log_n * E(log_s) + E(log_s**2)) - _over_active(E(log_s) - log_n) ** 2,
            scaled_logarithm,
        ),
        *("=", value, by_theorem(chi_square_log_square) & by_theorem(chi_square_log_mean)),
    )


@theorem("random_walk.relu_log_variance", source="sussillo2014, S-06", setting=layer, parameters=(WIDTH,))
def relu_log_variance(p: Proof) -> Chain:
    """Var ln z of a rectifier layer of width N, given at least one active unit."""
    p.assume(*HYPOTHESES)
    log_z = sp.log(_relu_ratio)
    variance = Given(log_z**2, some_active) - Given(log_z, some_active) ** 2
    same = p.calc(variance, "=", active_variance, equal_transforms)
    return same + in_all_forms(p, active_variance, active_variance, active_log_variance)


# --- leaky layers --------------------------------------------------------------------------------------------------

leaky_mean = sp.log(MEAN) - _line(plain_gap, LEAKY_SCALE)
leaky_mean_stable = sp.log(MEAN) - _line(gap(a), LEAKY_SCALE)


@theorem(
    "random_walk.leaky_log_mean",
    source="sussillo2014, section 3; he2015",
    setting=layer,
    parameters=(WIDTH, Parameter("slope", Reals(0, 1, open_low=True), a)),
)
def leaky_log_mean(p: Proof) -> Chain:
    """E ln z of a leaky rectifier layer with slope a in (0, 1]; it has no dead layers to exclude."""
    p.assume(*HYPOTHESES, FAIR_COINS)
    p.let(a, Reals(0, 1, open_low=True))
    scaled = E(sp.exp(-sp.exp(y) * normal_ratio / MEAN)) - EXPONENTIAL
    p.evaluate_by(p.calc(leaky_mean, "=", leaky_mean_stable, by_theorem(stable_gap)))
    return p.calc(
        E(sp.log(ratio)),
        *("=", E(sp.log(normal_ratio)), equal_transforms),
        *("=", sp.log(MEAN) + E(sp.log(normal_ratio / MEAN)), in_units_of(MEAN)),
        *("=", sp.log(MEAN) - _line(scaled, LEAKY_SCALE), logarithm_by_transform(LEAKY_SCALE)),
        *("=", leaky_mean, by_theorem(ratio_transform, at={s: sp.exp(y) / MEAN})),
    )
