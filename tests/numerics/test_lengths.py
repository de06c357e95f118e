"""The derived moments of lengths and gains, each against another computation; what is out of reach is refused in advance."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import roots_genlaguerre

from numerics.checks import failure_modes, gains, lengths
from numerics.checks.check import derived
from numerics.checks.run import judged
from numerics.ensembles import Activation, Weights
from numerics.sampling import activations, ratios, tilting
from numerics.sampling.tilting import Tilted, TiltedWalk

ROUNDED = 1e-12  # sums of up to some hundred positive products of some ten factors, each rounded once


def test_a_plain_average_of_a_deep_narrow_network_is_refused_in_advance_and_told_the_structural_check(monkeypatch):
    """Width 10, depth 50: 7e28 networks for a standard error of 1 %; to find 10 % needs about as many."""
    monkeypatch.setattr("numerics.sampling.blocks.measured", None)
    check = failure_modes.second_moment(failure_modes.DEEP)
    claim = check.claim(check.value, 0.1)
    plan = claim.plan(alpha=1e-6, beta=1e-3, budget=10**9)
    plain = tilting.networks_needed(claim.network, 2, 0.01)
    assert plain == pytest.approx(7.2e28, rel=0.01)  # two digits of a number that another module derives
    assert plan.networks == pytest.approx(plain, rel=0.25)  # 4 ln(2e6 1e3)/100 = 0.86 of it
    found = judged(claim, "refused", alpha=1e-6, beta=1e-3, device="cpu")
    assert (found.verdict, found.networks) == ("undecided", 0)
    assert found.reason.startswith("needs 6.1e+28 networks, but the budget is ")
    assert found.reason.endswith("; use the structural check from the tilted law of the lengths")


# --- one layer ---------------------------------------------------------------------------------------------


@given(
    shape=st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]),
    length=st.fractions(Fraction(1, 4), 4, max_denominator=4),
    bias_variance=st.fractions(0, 4, max_denominator=4),
)
def test_moments_of_a_layer_of_signs_equal_an_enumeration(shape, length, bias_variance):
    incoming, width = shape
    term, bias = math.sqrt(2 * length / incoming), math.sqrt(bias_variance)
    exact = [0.0] * 5
    for signs in itertools.product((-1, 1), repeat=(incoming + 1) * width):
        units = [signs[k::width] for k in range(width)]
        square = math.fsum(max(0.0, bias * unit[0] + term * sum(unit[1:])) ** 2 for unit in units) / width
        exact = [total + square**p / 2 ** len(signs) for p, total in enumerate(exact)]
    biases = Weights("sign", float(bias_variance))
    moments = lengths.flat_layer_moments(incoming, width, length, Weights("sign"), biases)
    assert moments == pytest.approx(exact, rel=ROUNDED)


@pytest.mark.parametrize("width", [1, 4, 20])
def test_moments_of_a_ratio_equal_those_of_the_radial_law(width):
    law = ratios.Ratio(2 / width, width, 0.0)
    for power, moment in enumerate(lengths.ratio_moments(width)[1:], start=1):
        assert moment == pytest.approx(math.exp(ratios.log_moment(law, power)), rel=ROUNDED)


@given(density=st.floats(0.1, 1))
def test_moments_of_sparse_entries_are_those_of_a_normal_or_zero(density):
    moments = lengths.law_moments(Weights("sparse", density=density))
    exact = [density * odd / density ** (p // 2) if p % 2 == 0 else 0.0 for p, odd in enumerate(DOUBLE, start=1)]
    assert moments == pytest.approx([1.0, *exact], rel=ROUNDED)


DOUBLE = (0, 1, 0, 3, 0, 15, 0, 105)  # (p - 1)!! for even p


@given(
    width=st.integers(1, 8),
    scale=st.fractions(Fraction(1, 4), 3, max_denominator=4),
    bias_variance=st.fractions(0, 3, max_denominator=4),
    law=st.sampled_from(["normal", "uniform", "sign"]),
)
def test_the_variance_of_one_layers_length_is_exact_for_normal_laws_and_a_bound_for_lighter_ones(
    width, scale, bias_variance, law
):
    variance = lengths.length_variance((3, width), scale, bias_variance, Fraction(2))
    biases = Weights(law, float(bias_variance))
    _, mean, square, *_ = lengths.flat_layer_moments(3, width, 2 * scale, Weights(law), biases)
    if law == "normal":
        assert variance == pytest.approx(square - mean**2, rel=100 * ROUNDED)  # E M^2 < 20 Var M here, and squares
    else:
        assert variance >= (square - mean**2) * (1 - 100 * ROUNDED)


def test_the_variance_of_a_deep_length_without_biases_is_that_of_a_product():
    widths, scale = (3, 4, 5, 7), Fraction(3, 2)
    squares = math.prod(lengths.ratio_moments(width)[2] for width in widths[1:])
    exact = float(scale) ** 6 * 4 * (squares - 1)
    assert lengths.length_variance(widths, scale, Fraction(0), Fraction(2)) == pytest.approx(exact, rel=ROUNDED)


def test_the_moments_of_a_module_of_one_unit_are_those_of_a_product_of_normals():
    """u = V relu(U z) is symmetric; with V and U ~ N(0, 2), E u^2p = (1/2) (2^p (2p - 1)!!)^2 z^2p."""
    eta = Fraction(3, 4)
    even = [1, *(Fraction((2**p * DOUBLE[2 * p - 1]) ** 2, 2) for p in range(1, 5))]
    for power in range(5):
        exact = sum(math.comb(2 * power, 2 * p) * eta ** (2 * p) * even[p] for p in range(power + 1))
        assert lengths.module_moments(1, 1, (eta,))[power] == pytest.approx(float(exact), rel=100 * ROUNDED)


def test_modules_multiply_the_length_independently():
    scales = (Fraction(1, 2), Fraction(3, 2))
    apart = zip(*(lengths.module_moments(4, 3, (eta,)) for eta in scales), strict=True)
    assert lengths.module_moments(4, 3, scales) == pytest.approx([one * other for one, other in apart], rel=ROUNDED)


@given(width=st.integers(1, 20), hidden=st.integers(1, 20), eta=st.fractions(-2, 2, max_denominator=8))
def test_the_second_moment_of_a_module_is_the_theorems(width, hidden, eta):
    square = derived("failure_modes.linear_module_second_moment", scale=eta, width=width, hidden=hidden)
    moments = lengths.module_moments(width, hidden, (eta,))
    assert moments[2] == pytest.approx(square, rel=100 * ROUNDED)
    assert moments[1] == pytest.approx(1 + 2 * float(eta) ** 2, rel=100 * ROUNDED)


# --- over the layers ---------------------------------------------------------------------------------------


def _grid(depth, tilt):
    """Ratios of a live layer of one unit, R = 4 Gamma(1/2 + t), at the nodes that integrate polynomials of degree 15."""
    nodes, weights = roots_genlaguerre(8, tilt - 0.5)
    points = np.array(list(itertools.product(4 * nodes, repeat=depth)))
    return points, np.array([math.prod(p) for p in itertools.product(weights / weights.sum(), repeat=depth)])


def test_the_weighted_variance_over_the_layers_has_its_derived_moments():
    """At tilt 1 and width 1 it is a polynomial in the ratios."""
    widths = (1, 1, 1, 1)
    points, weights = _grid(3, 1)
    logs = torch.from_numpy(np.concatenate([np.zeros((len(points), 1)), np.log(points).cumsum(1)], axis=1))
    values = lengths.weighted_variance(widths, 1.0)(TiltedWalk(logs, logs[:, -1], 1.0)).numpy()
    size = (weights * np.abs(values)).sum()
    mean = derived("failure_modes.layer_variance", widths=widths)
    assert (weights * values).sum() == pytest.approx(mean, abs=ROUNDED * size)
    assert (weights * values**2).sum() == pytest.approx(
        lengths.weighted_variance_square(widths, 1.0), rel=100 * ROUNDED
    )


def test_the_plain_variance_over_the_layers_has_its_derived_second_moment():
    """Width 1: each layer is dead with probability 1/2, and so is all above it."""
    exact = 0.0
    for alive in range(4):
        points, weights = _grid(alive, 0) if alive else (np.zeros((1, 0)), np.ones(1))
        layers = np.concatenate([points.cumprod(1), np.zeros((len(points), 3 - alive))], axis=1)
        exact += 0.5 ** min(alive + 1, 3) * (weights * layers.var(axis=1) ** 2).sum()
    assert lengths.weighted_variance_square((1, 1, 1, 1)) == pytest.approx(exact, rel=100 * ROUNDED)


def test_the_tilted_sampler_is_the_tilting_module_at_its_tilt():
    network, measure = lengths.rectifier((3, 4, 3)), tilting.weighted_power(2)
    about = {"experiment": "tilted", "measure": measure, "device": "cpu"}
    (one,) = Tilted(Fraction(3, 2)).sample(network, 50, **about)
    (other,) = tilting.sample(network, 50, tilt=1.5, **about)
    assert torch.equal(one, other)
    assert Tilted(Fraction(3, 2)).block_size(network) == tilting.block_size(network)


# --- gains -------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(check=st.sampled_from([c for c in gains.checks() if c.theorem == "gains.forward"]))
def test_the_variance_bound_of_a_gain_holds(check):
    """E f^4 by the trapezoidal rule, exact to roundings for the polynomials of linear and abs, which attain the bound."""
    claim = check.claim(check.value, 0.01)
    slope = check.parameters.get("slope")
    activation = Activation(check.parameters["activation"], None if slope is None else float(slope))
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    squares = activations.apply(activation, x.reshape(1, 1, -1)).square().reshape(-1, len(x)).sum(0)
    fourth = torch.trapezoid(squares**2 * torch.exp(-(x**2) / 2), x).item() / math.sqrt(2 * math.pi)
    assert fourth - claim.mean**2 <= claim.variance * 16 * (1 + 1e-9)


@given(error=st.floats(0.001, 0.9))
def test_a_gain_off_by_what_is_to_be_detected_moves_the_mean_by_the_shift(error):
    check = gains.checks()[0]
    for claimed in (check.value / (1 - error), check.value / (1 + error)):
        claim = check.claim(claimed, error)
        assert abs(claim.mean - check.value**-2) >= claim.shift * (1 - ROUNDED / error)
