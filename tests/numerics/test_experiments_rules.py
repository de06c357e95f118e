"""Rules that compare predictions with observations, and what predictions of training are made of."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.ensembles import Activation, Affine, Inputs, Network, Residual, Weights, dense
from numerics.ensembles.strategies import seeds
from numerics.evaluate import function
from numerics.sampling.streams import generator, numpy_generator
from numerics.training.experiments import parameter_budget, random_walk, residual_start, start, tanh_gain
from numerics.training.experiments.chances import counted, walked
from numerics.training.experiments.comparison import ALPHA, mean_order, near
from numerics.training.experiments.initialisations import LAWS, length_factor
from numerics.training.experiments.ranks import collapse, explained, trend, trend_within
from numerics.training.experiments.reach import CLIMBED, Descent, Window, kernel
from numerics.training.experiments.shares import Shares, below_rectifiers, shares
from numerics.training.experiments.walk import log_walks
from numerics.training.fleet import Fleet, Ship

CPU = torch.device("cpu")
HE = Weights("normal", 2, "fan_in")
FAR = NormalDist().inv_cdf(1 - 1e-9)  # standard errors: one false alarm in 5e8 checks
ROUNDING = 1e-9  # relative, of sums and quotients of float64 numbers

chances = st.lists(st.floats(0, 1), min_size=1, max_size=9)


# --- counts and means ------------------------------------------------------------------------------


@given(chances)
def test_a_count_of_known_chances_differs_by_mistake_at_most_at_the_error_rate(given):
    """All outcomes of the coins, each with its chance, by the product rule."""
    wrong = 0.0
    for outcome in itertools.product((False, True), repeat=len(given)):
        if counted("", "", given, outcome).verdict == "differs":
            wrong += math.prod(p if happened else 1 - p for p, happened in zip(given, outcome, strict=True))
    assert wrong <= ALPHA * (1 + ROUNDING)


def test_a_count_decides_where_it_could_have_differed():
    assert counted("", "", [1e-9] * 3, [False] * 3).verdict == "agrees"
    assert counted("", "", [1e-9] * 3, [False, True, False]).verdict == "differs"
    assert counted("", "", [0.9] * 8, [False] * 8).verdict == "differs"
    assert counted("", "", [0.9] * 8, [True] * 8).verdict == "agrees"
    assert counted("", "", [0.5] * 3, [True] * 3).verdict == "undecided"  # 1/8 at the least


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(0.1, 3))
def test_a_mean_of_known_deviation_agrees_up_to_its_quantile(values, deviation):
    reach = NormalDist().inv_cdf(1 - ALPHA / 2) * deviation / math.sqrt(len(values))
    mean = float(np.mean(values))
    assert walked("", "", mean + 0.99 * reach, deviation, values).verdict == "agrees"
    assert walked("", "", mean - 1.01 * reach, deviation, values).verdict == "differs"


@given(st.sampled_from([math.nan, math.inf, -math.inf]), st.integers(0, 3))
def test_what_is_not_finite_decides_nothing(broken, at):
    values = [1.0, 1.1, 0.9, 1.05]
    values[at] = broken
    assert near("", "", 1, values).verdict == "undecided"
    assert walked("", "", 1, 0.1, values).verdict == "undecided"
    assert mean_order("", "", values, [0.0, 0.1, 0.2, 0.1]).verdict == "undecided"


# --- ranks -----------------------------------------------------------------------------------------


def test_a_trend_has_a_direction_and_what_never_happened_comes_last():
    places = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    rising = [10.0, 12, 20, 19, 31, 30, 44, 41, 52, math.inf, math.inf, math.inf]
    assert trend("", "", places, rising).verdict == "agrees"
    assert trend("", "", places, rising[::-1]).verdict == "differs"
    assert trend("", "", places[:3], rising[:3]).verdict == "undecided"


def test_a_trend_between_groups_is_none_within_them():
    """Values that follow the group alone, in noise, against values that follow the place inside each group."""
    noise = numpy_generator("test", "trend").random(40)
    groups, places = [0.0] * 20 + [1.0] * 20, [1.0] * 10 + [2.0] * 20 + [3.0] * 10
    by_group = [10 * group + u for group, u in zip(groups, noise, strict=True)]
    by_place = [place - 5 * group + 0.9 * u for place, group, u in zip(places, groups, noise, strict=True)]
    assert trend("", "", places, by_group).verdict == "agrees"
    assert trend_within("", "", places, by_group, groups).verdict == "undecided"
    found = trend_within("", "", places, by_place, groups)
    assert found.verdict == "agrees"
    assert 0.8 < found.observed < 1  # ten ties on either side: the correlation of two ranks with twenty is sqrt(3/4)
    assert trend_within("", "", places, [-value for value in by_place], groups).verdict == "differs"


def test_families_collapse_where_the_place_decides_and_do_not_where_the_family_does():
    noise = numpy_generator("test", "collapse").random(60)
    places, families = [float(i // 20) for i in range(60)], [("a", "b")[i % 2] for i in range(60)]
    one = [3 * place + u for place, u in zip(places, noise, strict=True)]
    two = [value + 2 * (family == "b") for value, family in zip(one, families, strict=True)]
    kept, broken = collapse("", "", families, one, places), collapse("", "", families, two, places)
    assert (kept.verdict, broken.verdict) == ("agrees", "differs")
    assert broken.observed < kept.observed <= 1
    assert collapse("", "", families, [math.inf] * 60, places).verdict == "undecided"
    assert explained(one, places) == pytest.approx(8 / 9, rel=0.01)  # 60 ranks in three blocks: 1 - 1/9, and 1/60^2


@given(seed=seeds())
@settings(max_examples=5)
def test_permutation_tests_are_silent_where_nothing_is_there(seed):
    """Ten verdicts in all, each wrong with a chance of ALPHA, on examples that are always the same: 1 % that any is."""
    drawn = numpy_generator("test", seed)
    values, groups = drawn.random(24).tolist(), [float(i // 8) for i in range(24)]
    places, families = drawn.random(24).tolist(), [("a", "b")[i % 2] for i in range(24)]
    assert trend_within("", "", places, values, groups).verdict == "undecided"
    assert collapse("", "", families, values, groups).verdict == "agrees"


# --- windows ---------------------------------------------------------------------------------------


@given(st.floats(-20, 20), st.floats(0, 20), st.floats(-20, 20), st.floats(0.1, 9))
def test_the_chance_of_a_window_is_that_of_a_normal_number(low, size, mean, deviation):
    law = NormalDist(mean, deviation)
    expected = law.cdf(low + size) - law.cdf(low)
    assert Window(low, low + size).chance(mean, deviation) == pytest.approx(expected, abs=1e-12)  # erfc to 1e-15
    assert Window(low, low + size).chance(low + size / 2, 0) == 1
    assert Window(low, low + size).chance(low + 2 * size + 1, 0) == 0


@given(st.floats(1e-4, 0.1), st.floats(0.01, 1), st.integers(200, 2000), st.floats(10, 1e5))
def test_a_window_opens_where_the_steps_add_up_and_closes_where_the_first_one_is_too_long(rate, final, steps, size):
    """The sum of all rates, and its integral in closed form, differ by at most the first rate."""
    shares = Shares(0.01, 0.3)
    descent, total = Descent(rate, steps, 10, shares, final), sum(rate * final ** (t / steps) for t in range(steps))
    lowest = math.exp(descent.lowers(size, 0.1).low)
    assert lowest * size * shares.told * total == pytest.approx(0.1, rel=rate / total + ROUNDING)
    ranking = math.exp(descent.ranks(size, 2.0).low)
    moved, varies = ranking * size * shares.told * total, math.sqrt(4 * ranking * 0.3)
    assert moved == pytest.approx(varies, rel=rate / total + ROUNDING)
    assert math.exp(descent.ranks(size, 2.0).high) * size * rate / 10 == pytest.approx(CLIMBED, rel=ROUNDING)


def tangents(layers, features, networks, seed):
    """|d f_1/d weights|^2 and f_1^2 of networks whose input has |x|^2 = n_0, by automatic differentiation."""
    ships = [Ship(Network(Inputs((features,)), layers), f"{seed} {at}") for at in range(networks)]
    fleet = Fleet(ships, CPU)
    example = torch.ones(1, 1, features)
    logits = fleet.forward(example)[-1][:, 0, 0]
    gradients = torch.autograd.grad(logits.sum(), fleet.weights)
    squares = sum(g.double().square().flatten(1).sum(1) for g in gradients)
    return squares.numpy(), logits.detach().double().square().numpy()


def close(values, expected):
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert abs(values.mean() - expected) <= FAR * error


@given(seed=seeds())
@settings(max_examples=3)
def test_the_kernel_of_a_dense_network_is_that_of_the_mean_network(seed):
    """He's variance keeps all means, so E K = k and E f^2 = n_D v exactly; the output weights have another variance."""
    widths, output = (8, 30, 20, 25), Weights("normal", 3, "fan_in")
    law = dense((*widths, 4), (HE, HE, HE, output), "relu", last_activation=False)
    squares, logits = tangents(law.layers, 8, 3000, seed)
    close(squares, kernel(widths, 3 / 25))
    close(logits, 3)


@given(seed=seeds())
@settings(max_examples=3)
def test_the_kernel_of_a_residual_network_is_that_of_the_mean_network(seed):
    """E K = k G and E f^2 = 4 G, G what the modules multiply the mean squared length by."""
    width, hidden, features, eta = 12, 5, 9, (0.8, 0.5, 0.3)
    body = Affine(hidden, HE), Activation("relu"), Affine(width, HE)
    layers = (Affine(width, HE), *(Residual(body, 1.0, each) for each in eta), Affine(4, HE))
    squares, logits = tangents(layers, features, 4000, seed)
    grown = float(function("failure_modes.resnet_mean_length")(scales=list(eta), module="linear"))
    close(squares, grown * residual_start.kernel(features, width, hidden, eta))
    close(logits, 4 * grown)


# --- shares ----------------------------------------------------------------------------------------


def test_shares_of_opposite_classes_and_of_none():
    """Inputs +-m + a, by hand: e = (1/2, -1/2) or its negative, so |E e x|^2 = 2 |m|^2/4, and E x = a."""
    m, a = torch.tensor([1.0, 2.0, 2.0]), torch.tensor([2.0, 1.0, -2.0])  # orthogonal, both of squared length 9
    inputs, labels = torch.stack([a + m, a - m, a + m, a - m]), torch.tensor([0, 1, 0, 1])
    found = shares(inputs, labels, 2)
    assert (found.told, found.varies) == pytest.approx((4.5 / 18, 0.5), rel=1e-6)  # float32
    assert shares(inputs, torch.tensor([0, 0, 1, 1]), 2).told == pytest.approx(0, abs=1e-6)


def test_shares_below_one_rectifier_layer_by_hand():
    """T(c) = (c q(c) + r(c))/2 with the arc-cosine kernels q = 1 - a/pi and r = (sin a + (pi - a) cos a)/pi, cos a = c.

    dr/dc = q and dq/dc = 1/(pi sin a), so T' = q + c/(2 pi sin a).
    """
    c = 0.6
    angle = math.acos(c)
    q, r = 1 - angle / math.pi, (math.sin(angle) + (math.pi - angle) * c) / math.pi
    found = below_rectifiers(Shares(0.02, 1 - c), 1)
    slope = q + c / (2 * math.pi * math.sin(angle))
    assert found.told == pytest.approx(0.02 * slope, rel=1e-6)  # STEP^2 of a central difference
    assert found.varies == pytest.approx(1 - r, rel=ROUNDING)


@given(st.floats(0.1, 0.9))
def test_depth_takes_shares_away(varies):
    found = [below_rectifiers(Shares(0.01, varies), depth) for depth in (3, 10, 30, 100)]
    for one, two in itertools.pairwise(found):
        assert 0 < two.told < one.told
        assert 0 < two.varies < one.varies < varies


# --- walks -----------------------------------------------------------------------------------------


def real_walk(hidden, example, activation, derivative, normal):
    """In float64, by the chain rule, layer by layer."""
    value, slopes = example.double(), []
    for weights in hidden:
        slopes.append(derivative(value @ weights))
        value = activation(value @ weights)
    gradient = slopes[-1] * normal
    last = gradient.square().sum()
    for weights, slope in zip(hidden[:0:-1], slopes[-2::-1], strict=True):
        gradient = slope * (gradient @ weights.T)
    return float((gradient.square().sum() / last).log())


@pytest.mark.parametrize("name", ["relu", "tanh"])
@given(seed=seeds(), depth=st.integers(2, 6))
@settings(max_examples=10)
def test_a_walk_is_that_of_the_chain_rule(name, seed, depth):
    law = random_walk.network(9, depth, 7, 3, Weights("normal", 2, "fan_in"), name)
    fleet = Fleet([Ship(law, f"{seed} {at}") for at in range(3)], CPU)
    example = torch.randn(7, generator=torch.Generator().manual_seed(seed % 2**32))
    found = log_walks(fleet, example, name, f"walk {seed}")
    drawn = torch.randn(3, 1, 9, generator=generator(CPU, f"walk {seed}")).double()
    activation = torch.tanh if name == "tanh" else (lambda s: s.clamp(min=0))
    derivative = (lambda s: 1 - s.tanh() ** 2) if name == "tanh" else (lambda s: (s > 0).double())
    for at, one in enumerate(found):
        hidden = [w[at].detach().double() for w in fleet.weights[:-1]]
        expected = real_walk(hidden, example, activation, derivative, drawn[at, 0])
        if math.isfinite(one) or name == "tanh":  # where no layer is dead
            assert one == pytest.approx(expected, abs=1e-3)  # float32, 1e-7 a product, and a cancellation to 1e-4 of it
        else:
            assert not math.isfinite(expected)


@pytest.mark.parametrize("init", random_walk.INITS)
def test_a_walk_has_the_mean_of_the_theorem_at_any_depth(init):
    """300 layers, where Glorot's variance loses e^-230: far below what float32 could hold of a squared norm."""
    width, depth = 24, 300
    gain = random_walk.gain(init, width)
    law = random_walk.network(width, depth, 10, 3, Weights("normal", gain**2, "fan_in"))
    fleet = Fleet([Ship(law, f"{init} {at}") for at in range(40)], CPU)
    found = np.array(log_walks(fleet, torch.ones(10), "relu", "walk"))
    mean, deviation = random_walk.walk(width, depth, gain)
    assert abs(found.mean() - mean) <= FAR * deviation / math.sqrt(len(found))


def test_the_gain_is_the_printed_fit():
    for width in (1, 5, 6, 7, 30, 1000):
        fit = float(function("random_walk.relu_gain_fit")(N=width))
        assert random_walk.gain("random walk", width) == pytest.approx(fit, rel=ROUNDING)


@given(st.floats(0.01, 2.25))
@settings(max_examples=20)
def test_the_moments_of_tanh_are_those_of_quadrature(q):
    """Trapezoids over ten standard deviations are exact to far below 1e-9 here: both functions are analytic, and even."""
    square, slope = tanh_gain.moments(2.25)
    nodes = np.linspace(-10, 10, 801)
    weights = np.exp(-(nodes**2) / 2)
    values = np.tanh(math.sqrt(q) * nodes) ** 2
    assert square(q) == pytest.approx(float(values @ weights / weights.sum()), abs=1e-6)  # the spline: KNOTS
    assert slope(q) == pytest.approx(float((1 - values) ** 2 @ weights / weights.sum()), abs=1e-6)


@pytest.mark.parametrize("law", sorted(LAWS))
@given(fan_in=st.integers(1, 500), fan_out=st.integers(1, 500))
@settings(max_examples=10)
def test_a_law_multiplies_the_length_as_the_theorem_says(law, fan_in, fan_out):
    """Half of fan-in times the variance of what is drawn."""
    drawn = LAWS[law].entry_variance(fan_in, fan_out) * fan_in / 2
    assert length_factor(law, fan_in, fan_out) == pytest.approx(drawn, rel=ROUNDING)


# --- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["s", "m", "full"])
def test_all_sizes_have_networks(size):
    for total in start.SIZES[size].sums:
        for family, (layers, _) in start.FAMILIES.items():
            widths = start.hidden(family, total)
            assert math.isclose(sum(1 / width for width in widths), total)
            assert len(widths) == round(layers * total)
    config = parameter_budget.SIZES[size]
    for depth in config.depths:
        width, ends = parameter_budget.width(config, depth), config.features + config.classes
        assert ends * width + (depth - 1) * width**2 <= config.parameters
        assert ends * (width + 1) + (depth - 1) * (width + 1) ** 2 > config.parameters


def test_what_cannot_be_built_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"30 first.*multiples of 0\.8"):
        start.hidden("30 first", 1.0)
    few = replace(parameter_budget.SIZES["s"], parameters=500)
    with pytest.raises(ValueError, match="500 weights are too few for 2 layers"):
        parameter_budget.width(few, 2)
