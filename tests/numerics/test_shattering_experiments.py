"""Networks of the figures on shattered gradients: slopes are derivatives, and what is sampled has the law it should."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics import evidence
from numerics.ensembles.strategies import seeds
from numerics.evaluate import function
from numerics.experiments import coactivation, scalar_inputs, skips
from numerics.sampling import direct
from numerics.sampling.streams import numpy_generator

RATES = {"alpha": 1e-9, "beta": 1e-3}  # of one verdict
FLOAT = 2.0**-53  # a rounding
STEP = 2.0**-10  # between inputs whose difference is exact
BETA = 0.5
NETWORKS = {"feedforward": (), "normalized": (), "residual": (BETA,), "looks_linear": ()}


# --- slopes are derivatives ----------------------------------------------------------------------------


class _Replay:
    """Weights and statistics of a run, given back in a second one whose inputs lie beside the first one's."""

    def __init__(self):
        self.weights, self.statistics, self.given = [], [], None

    def weigh(self, *args):
        self.weights.append(_weights(*args))
        return self.weights[-1]

    def normalize(self, values):
        if self.given is not None:
            return next(self.given)
        self.statistics.append(_statistics(values))
        return self.statistics[-1]

    def again(self):
        self.given, self.weights = iter(self.statistics), []


_weights, _statistics = scalar_inputs._weights, scalar_inputs._statistics


@given(name=st.sampled_from(sorted(NETWORKS)), width=st.integers(1, 8), depth=st.integers(1, 4), seed=seeds())
def test_a_slope_is_the_difference_quotient_of_the_network_between_its_kinks(name, width, depth, seed):
    """Where the slopes at both ends agree no unit switches between, and f is affine there, up to rounding."""
    network, shape, replay = getattr(scalar_inputs, name), (width, depth, *NETWORKS[name]), _Replay()
    inputs = scalar_inputs.grid(17)  # dyadic
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scalar_inputs, "_weights", replay.weigh)
        patch.setattr(scalar_inputs, "_statistics", replay.normalize)
        here = network(inputs, numpy_generator("slopes", seed), *shape)
        replay.again()
        there = network(inputs + STEP, numpy_generator("slopes", seed), *shape)
    smooth = here[1] == there[1]
    # all 17 steps together are 1/4096 of the line, on which some ten units switch
    assert smooth.sum() > 8
    error = _rounding(name, depth, replay)
    quotient = (there[0] - here[0]) / STEP
    assert (np.abs(quotient - here[1])[smooth] <= (2 / STEP + 1) * error).all()


def _rounding(name, depth, replay):
    """Of f: gamma_n times the sum of the absolute values of its terms (higham2002, section 3.1)."""
    size, statistics = np.array([scalar_inputs.END + STEP, 1.0]), iter(replay.statistics)
    for number, weights in enumerate(replay.weights):
        module = name == "residual" and 0 < number < depth
        mean, deviation = next(statistics) if module or (name == "normalized" and number) else (0.0, 1.0)
        product = (size + np.abs(mean)) / deviation @ np.abs(weights)
        halves = 2 if name == "looks_linear" and number else 1
        size = size + BETA * product if module else halves * product
    roundings = sum(len(weights) + 6 for weights in replay.weights)  # a product's, and those around it
    return 2 * roundings * FLOAT * size[0]


def test_a_network_that_looks_linear_has_one_slope():
    slopes = scalar_inputs.looks_linear(scalar_inputs.grid(33), numpy_generator("one slope"), 8, 5)[1]
    # six products of at most nine terms; cancellation is bounded by the test above
    assert np.ptp(slopes) <= 1e-12
    assert abs(slopes[0]) > 1e-3


# --- laws ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "growth"), [("feedforward", 5), ("looks_linear", 2)])
def test_slopes_have_mean_square_one(name, growth):
    """A layer multiplies |slope|^2 by (2/N) chi^2_K, K ~ Bin(N, 1/2), or chi^2_N/N: second moment 1 + growth/N."""
    width, depth = 4, 3
    spread = 3 * (1 + growth / width) ** depth - 1  # the output is normal given the rest; the first layer is smaller
    plan = evidence.plan(1.0, spread, shift=0.4, **RATES)
    slopes = (
        getattr(scalar_inputs, name)(np.array([0.5, 1.0]), numpy_generator(f"mean square, {name}", at), width, depth)[
            1, 0
        ]
        for at in range(plan.networks)
    )
    squares = torch.tensor([slope**2 for slope in slopes], dtype=torch.float64)
    assert evidence.judge(plan, [squares]).verdict == "agrees"


def test_the_covariance_of_brown_noise_is_the_theorems():
    """n normal vectors: 4 n C(s, t) is a difference of two chi^2_n, of variances Var(x +- y), whose tails are bounded.

    laurent2000, lemma 1: each leaves n by more than 2 sqrt(n u) + 2 u with a chance of at most exp(-u) on either side.
    """
    points, networks = 8, 4000
    first, second = np.triu_indices(points)
    shares = np.arange(1, points + 1) / points
    theory = function("shattering.brownian_covariance")(s=shares[first], t=shares[second])
    u = math.log(4 * len(first) / RATES["alpha"])  # all places together
    error = (shares[first] + shares[second]) / 2 * (2 * math.sqrt(u / networks) + 2 * u / networks)
    found = scalar_inputs.covariance.function(scalar_inputs.brown, (), points, networks)
    rounded = 0.5 * 10.0 ** (1 - scalar_inputs.DIGITS)  # of values below 2
    assert (np.abs(found - theory) <= error + rounded).all()
    assert error.max() < 0.2  # white noise would have covariance 0, and a walk of other steps another variance


def test_white_noise_is_uncorrelated():
    """As above, with Var(x +- y) = 2."""
    points, networks = 8, 4000
    first, second = np.triu_indices(points)
    u = math.log(4 * len(first) / RATES["alpha"])
    found = scalar_inputs.covariance.function(scalar_inputs.white, (), points, networks)
    error = 2 * math.sqrt(u / networks) + 2 * u / networks
    assert (np.abs(found - (first == second)) <= error + 0.5 * 10.0 ** (1 - scalar_inputs.DIGITS)).all()


@pytest.mark.parametrize(("normalized", "coactive"), [(False, 1 / 4), (True, 1 / 6)])
def test_the_first_layer_has_the_coactivation_of_the_theorems(normalized, coactive):
    """Shares lie in [0, 1]: hoeffding1963."""
    networks = 10_000
    found = coactivation.shares.function(8, 1, 3, normalized, networks)
    error = math.sqrt(math.log(4 / RATES["alpha"]) / (2 * networks))  # two verdicts
    assert len(found) == 1
    assert abs(found[0].active.value - 1 / 2) <= error
    assert abs(found[0].coactive.value - coactive) <= error
    assert error < 0.04  # half of what normalisation changes


def test_coactivation_climbs_without_normalisation_and_stays_with_it():
    """At layer 8 a wide network has 0.407, against 1/4 in the first; hoeffding1963 as above."""
    networks = 4000
    error = math.sqrt(math.log(4 / RATES["alpha"]) / (2 * networks))
    without, with_it = (coactivation.shares.function(16, 8, 3, normalized, networks) for normalized in (False, True))
    assert len(without) == len(with_it) == 8
    assert without[7].coactive.value - without[0].coactive.value > 2 * error
    assert abs(with_it[7].coactive.value - with_it[0].coactive.value) < 2 * error


def test_one_residual_module_has_the_correlation_of_typical_datapoints():
    """E[<g_1, g_2> - 3/4 |g|^2] = 0 at any width, for g = (G + a W G)/sqrt 2 with independent fair masks a.

    |<g_1, g_2> - 3/4 |g|^2| <= 7/4 (|G|^2 + |W G|^2), and |W G|^2 = (2/N) chi^2_N |G|^2, E |G|^4 = N^2 (1 + 2/N).
    """
    width, half = 4, 0.5**0.5
    network = skips.network(width, 1, half, half, 2, False)
    spread = (7 / 4) ** 2 * (9 + 8 / width) * (1 + 2 / width)
    plan = evidence.plan(0.0, spread, shift=0.15, **RATES)

    def gap(seen):
        correlated, square = skips._moments(seen).T
        return correlated - 0.75 * square

    sampled = direct.sample(network, plan.networks, experiment="one module", measure=gap, device="cpu")
    assert evidence.judge(plan, sampled).verdict == "agrees"


def test_the_correlation_is_the_quotient_of_the_two_means():
    """Identical inputs have identical gradients, and so have two inputs where no branch is added: correlation 1."""
    found = skips.correlation.function(4, 3, 1.0, 0.0, 3, False, 10)
    assert found.value == pytest.approx(1, abs=1e-12)  # sums of some dozen products in float64
