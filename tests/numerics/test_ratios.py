"""One layer's ratio has its exact law, moments and tilt.

Laws are compared by the inequality of Dvoretzky, Kiefer and Wolfowitz (massart1990): the distribution function of n
samples leaves that of their law by more than sqrt(ln(2/alpha)/2n) somewhere with chance at most alpha, for every law.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln
from scipy.stats import beta, binom, chi2, gamma

from numerics import evidence
from numerics.ensembles import Weights, dense
from numerics.sampling import radial, ratios, streams
from numerics.sampling.ratios import Ratio

ERRORS = evidence.ErrorBudget(checks=3)
BETA = 1e-9  # chance that a wrong claim named below slips through one check
SEEDS = st.integers(0, 2**63)
SAMPLES = 2**18  # puts the bound at 0.6 % for the error rates below


def reach(samples, alpha):
    return math.sqrt(math.log(2 / alpha) / (2 * samples))


def farthest(values, law, points=2**10):
    """The distance between the distribution function of the values and the ``law``, at so many of the values."""
    ordered = np.sort(values)
    at = np.unique(ordered[np.linspace(0, len(values) - 1, points).astype(int)])
    return np.abs(np.searchsorted(ordered, at, side="right") / len(values) - law(at)).max()


def one_matrix(fan_in, units, law="normal", variance=1.0, activation="linear", slope=None):
    return dense((fan_in, units), Weights(law, variance), activation, slope=slope)


def over_active(units, given_active):
    """P(R <= r), a mixture over the active units K; R is 0 at K = 0."""
    weights = binom.pmf(np.arange(units + 1), units, 0.5)
    return lambda r: sum((w * given_active(k, r) for k, w in enumerate(weights) if k), start=weights[0])


def two_leaky_units(square):
    """At n = 2 and K = 1, g_1^2 + a^2 g_2^2 is an exponential of mean 2 times c(angle); the mean over the angle of a
    periodic analytic function by 64 midpoints errs by less than 1e-12 at a^2 = 1/4 and r > 1e-3."""
    angles = (np.arange(64) + 0.5) * math.tau / 64
    c = np.cos(angles) ** 2 + square * np.sin(angles) ** 2

    def law(r):
        mixed = -np.expm1(-r[:, None] / (2 * c)).mean(axis=1)
        return chi2.cdf(r, 2) / 4 + chi2.cdf(r / square, 2) / 4 + mixed / 2

    return law


LAWS = {
    **{f"relu {n}": (one_matrix(3, n, "normal", 0.5, "relu"), over_active(n, lambda k, r: chi2.cdf(2 * r, k)))
       for n in (1, 3, 8, 512)},
    "linear": (one_matrix(3, 5), lambda r: chi2.cdf(r, 5)),
    "abs": (one_matrix(3, 5, activation="abs"), lambda r: chi2.cdf(r, 5)),
    "crelu": (one_matrix(3, 5, activation="crelu"), lambda r: chi2.cdf(r, 5)),
    "prelu 1": (
        one_matrix(3, 1, activation="prelu", slope=-0.5), lambda r: (chi2.cdf(r, 1) + chi2.cdf(4 * r, 1)) / 2
    ),
    "leaky 2": (one_matrix(3, 2, activation="leaky_relu", slope=0.5), two_leaky_units(0.25)),
    "orthogonal relu": (
        one_matrix(6, 6, "orthogonal", 1 / 6, "relu"),
        over_active(6, lambda k, r: beta.cdf(r, k / 2, (6 - k) / 2) if k < 6 else (r >= 1 - 2**-50).astype(float)),
    ),
    "tall linear": (one_matrix(7, 3, "orthogonal", 1 / 7), lambda r: beta.cdf(r, 3 / 2, 2)),
    "tall relu": (
        one_matrix(7, 3, "orthogonal", 1 / 7, "relu"), over_active(3, lambda k, r: beta.cdf(r, k / 2, (7 - k) / 2))
    ),
}  # fmt: skip
LAW_ALPHA = ERRORS.take(len(LAWS))


@pytest.mark.parametrize("name", LAWS)
def test_one_layer_has_its_exact_law_and_not_that_of_ten_per_cent_more_variance(name):
    network, law = LAWS[name]
    values = radial.draw(network, 0, experiment=f"law {name}").forward[:SAMPLES, 1].numpy()
    assert farthest(values, lambda x: law(np.exp(x))) <= reach(SAMPLES, LAW_ALPHA)
    assert farthest(values + math.log(1.1), lambda x: law(np.exp(x))) > reach(SAMPLES, LAW_ALPHA)


MOMENT_EXAMPLES = 10
MOMENT_ALPHA = ERRORS.take(2 * MOMENT_EXAMPLES)


@settings(max_examples=MOMENT_EXAMPLES)
@given(seed=SEEDS, width=st.integers(1, 30), slope=st.floats(-1, 1), variance=st.floats(0.1, 3))
def test_a_leaky_layer_has_its_derived_mean_and_not_that_of_one_more_unit(seed, width, slope, variance):
    """R = v sum of c g^2, c = 1 or a^2 by a coin: E R = v n E c, Var R = v^2 n (3 E c^2 - (E c)^2)."""
    first, second = (1 + slope**2) / 2, (1 + slope**4) / 2
    mean, spread = variance * width * first, variance**2 * width * (3 * second - first**2)
    network = one_matrix(3, width, "normal", variance, "leaky_relu", slope)

    def values():
        return radial.sample(
            network, evidence.BUDGET, experiment=f"moment {seed}", measure=lambda w: w.forward[:, 1].exp()
        )

    plan = evidence.plan(mean, spread, shift=mean / width / 2, alpha=MOMENT_ALPHA, beta=BETA)
    assert evidence.judge(plan, values()).verdict == "agrees"
    # one unit more: a claim off by E R/n, with at most twice the variance
    wrong = evidence.plan(mean * (1 + 1 / width), 2 * spread, shift=mean / width, alpha=MOMENT_ALPHA, beta=BETA)
    assert evidence.judge(wrong, values()).verdict == "refuted"


def rising(k, power):
    """Gamma(k/2 + power)/Gamma(k/2) for an integer power."""
    return math.prod((Fraction(k, 2) + j for j in range(power)), start=Fraction(1))


@given(
    units=st.integers(1, 300), rest=st.sampled_from([None, 0, 1, 10]), square=st.sampled_from([0, 1]),
    power=st.integers(1, 6), variance=st.floats(0.1, 3),
)  # fmt: skip
def test_moments_are_the_exact_sums_over_active_units(units, rest, square, power, variance):
    """In rationals. Each log-gamma is off by 2^-49 of itself (cephes: 7e-16), and there are at most eight."""
    found = ratios.log_moment(Ratio(variance, units, square, rest), power)
    scale = Fraction(variance) * (2 if rest is None else units + rest)
    if square:
        exact = rising(units, power)
    else:
        exact = sum(math.comb(units, k) * rising(k, power) for k in range(1, units + 1)) / 2**units
    if rest is not None:
        exact /= rising(units + rest, power)
    exact *= scale**power
    logarithm = math.log(exact.numerator) - math.log(exact.denominator)
    sizes = gammaln(units + (rest or 0) + power + 2) + math.log(exact.denominator)
    assert abs(found - logarithm) <= 8 * 2**-49 * (sizes + 1)


def test_powers_without_a_moment_have_an_infinite_one():
    assert ratios.log_moment(Ratio(1.0, 5, 0), -0.5) == math.inf > ratios.log_moment(Ratio(1.0, 5, 0), -0.49)
    assert ratios.log_moment(Ratio(1.0, 5, 1), -2.5) == math.inf > ratios.log_moment(Ratio(1.0, 5, 1), -2.4)
    assert ratios.log_moment(Ratio(0.5, 5, 1, 0), -9) == pytest.approx(-9 * math.log(2.5), rel=2**-50)
    dead = math.exp(ratios.log_moment(Ratio(1.0, 5, 0), 0))
    assert dead == pytest.approx(1 - 2**-5, rel=2**-45)  # E[R^0; R > 0]; log-gammas up to 5, as above


class Readable:
    """A stream of given uniforms, and of gamma variables equal to their means, which show K."""

    def __init__(self, uniforms):
        self.uniforms = np.asarray(uniforms)

    def random(self, shape):
        return self.uniforms.reshape(shape)

    def standard_gamma(self, shape):
        return shape


@pytest.mark.parametrize("units", [1, 2, 8, 60, 512, 5000])
def test_active_units_are_inverted_from_the_far_tail_of_the_binomial_on(units):
    """A uniform 1 % to either side of P(K <= k), down to the least of 53 bits; no rounding of P(K <= k) is that large."""
    jumps = np.unique(binom.cdf(np.arange(units + 1), units, 0.5))
    jumps = jumps[(jumps > 2**-52) & (jumps < 0.99)]
    uniforms = np.concatenate([[2.0**-53, 0.999], jumps * 0.99, jumps * 1.01])
    found = np.exp(ratios.log_draws(Ratio(1.0, units, 0), uniforms.shape, Readable(uniforms)))
    assert np.array_equal(found.round(6), binom.ppf(uniforms, units, 0.5))


TILTED_ALPHA = ERRORS.take(8)


@pytest.mark.parametrize("units", [1, 3, 10, 300])
@pytest.mark.parametrize("tilt", [0.3, 2.5])
def test_tilted_ratios_have_the_tilted_law_and_not_the_plain_one(units, tilt):
    """P_t(R <= r) is a mixture of the laws 2 Gamma(K/2 + t) with weights Bin(K) Gamma(K/2 + t)/Gamma(K/2)."""
    active = np.arange(1, units + 1)
    weights = np.exp(binom.logpmf(active, units, 0.5) + gammaln(active / 2 + tilt) - gammaln(active / 2))
    mixture = list(zip(active, weights / weights.sum(), strict=True))
    stream = streams.numpy_generator("tilted", units)
    values, bound = ratios.log_draws(Ratio(1.0, units, 0), (SAMPLES,), stream, tilt), reach(SAMPLES, TILTED_ALPHA)
    assert farthest(values, lambda x: sum(w * gamma.cdf(np.exp(x) / 2, k / 2 + tilt) for k, w in mixture)) <= bound
    assert farthest(values, lambda x: over_active(units, lambda k, r: chi2.cdf(r, k))(np.exp(x))) > bound
