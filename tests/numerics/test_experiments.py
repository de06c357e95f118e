"""Experiments sample what the theorems beside them speak of: walks, lengths and variances of real networks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import evidence
from numerics.ensembles import Weights
from numerics.evaluate import function
from numerics.evidence import ErrorBudget, judge
from numerics.experiments import layer_variances, lengths, walks
from numerics.sampling import tilting
from numerics.sampling.choice import cheapest

RATES = ErrorBudget(1)
EXAMPLES = 4  # each with two verdicts
ALPHA, BETA = RATES.take() / (2 * EXAMPLES), 1e-3  # chances that a true claim is refuted, a false one passed
ERRORS = 6  # standard errors between a sampled mean and the truth, where tails are light: 2e-9 for a normal law


@given(
    st.integers(4, 24), st.integers(1, 6), st.floats(0.5, 2), st.sampled_from(["relu", "linear"]), st.integers(0, 2**32)
)
@settings(max_examples=EXAMPLES)
def test_walks_end_where_the_theorem_says_on_average_and_not_where_another_gain_leads(width, depth, gain, kind, seed):
    network = walks.network(width, depth, gain, kind)
    given_all = {"N": width, "depth": depth, "activation": kind}
    spread = float(function("random_walk.walk_variance")(gain=gain, **given_all))
    shift = math.sqrt(spread)
    for factor, expected in ((1.0, "agrees"), (math.exp(shift / depth / 2), "refuted")):  # off by one deviation
        claim = float(function("random_walk.walk_mean")(gain=gain * factor, **given_all))
        plan = evidence.plan(claim, spread, shift=shift, alpha=ALPHA, beta=BETA, condition="no dead layer")
        real = cheapest(network).sample(
            network,
            plan.budget,
            experiment=f"walks {seed}",
            measure=lambda seen: walks._walk(seen)[:, -1],
            device="cpu",
        )
        assert judge(plan, real).verdict == expected


@given(st.integers(2, 12), st.integers(1, 5))
@settings(max_examples=3)
def test_a_walk_starts_at_zero_and_has_a_step_for_every_layer(width, depth):
    found = walks.walks.function(width, depth, 1.0, "linear", 5)
    assert found.shape == (5, depth + 1)
    assert (found[:, 0] == 0).all()
    assert np.isfinite(found).all()


def test_networks_with_a_dead_layer_have_no_walk():
    # one unit and ten layers: alive with chance 2^-10, so of 20 networks none with chance 0.98; the seed is fixed
    assert len(walks.walks.function(1, 10, 1.0, "relu", 20)) < 20


@pytest.mark.parametrize("widths", [(5, 12, 3), (4, 4, 4, 4), (9, 2, 30)])
def test_second_moments_under_tilting_are_those_of_the_last_length(widths):
    found, exact = lengths.second_moment(widths), float(function("failure_modes.second_moment")(widths=widths))
    variance = tilting.relative_variance(lengths.rectifier(widths), 2, lengths.TILT)
    assert abs(found.value / exact - 1) < ERRORS * math.sqrt(variance / lengths.TILTED) < 1 / 3


@pytest.mark.parametrize("widths", [(5, 12, 3), (4, 4, 4, 4), (9, 2, 30)])
def test_variances_over_layers_under_tilting_are_those_of_the_theorem(widths):
    found, exact = lengths.layer_variance(widths), float(function("failure_modes.layer_variance")(widths=widths))
    assert abs(found.value - exact) < ERRORS * found.error
    assert ERRORS * found.error < exact / 3


@pytest.mark.parametrize(
    ("init", "weights"),
    [
        ("he_uniform", Weights("uniform", 2, "fan_in")),
        ("glorot_normal", Weights("normal", 1, "fan_average")),
        ("torch_linear", Weights("uniform", 1 / 3, "fan_in")),
    ],
)
def test_the_sampled_mean_length_of_each_layer_is_a_power_of_the_initialisations_factor(init, weights):
    width = 40
    factor = float(function("failure_modes.length_factor")(init=init, fan_in=width, fan_out=width))
    found = lengths.mean_lengths(init, (width,) * 4, weights, None)
    for layer, estimate in enumerate(found, start=1):
        assert abs(estimate.value - factor**layer) < ERRORS * estimate.error < factor**layer / 3


def test_biases_of_torchs_default_hold_the_length_where_the_theorem_says():
    width, depth = 20, 8
    bias = Weights("uniform", 1 / (3 * width))
    found = lengths.mean_lengths("biased", (width,) * (depth + 1), Weights("uniform", 1 / 3, "fan_in"), bias)[-1]
    given_all = {"widths": (width,) * (depth + 1), "scale": 1 / 6, "bias_variance": bias.variance, "input_length": 1}
    exact = float(function("failure_modes.mean_length")(**given_all))
    assert abs(found.value - exact) < ERRORS * found.error < exact / 3


def test_layer_variances_are_those_of_both_directions_in_their_order():
    widths, variances = (4, 12, 3, 6), (0.5, 0.1, 0.4)
    forward, backward = layer_variances.estimates("order", widths, variances)
    below, above = function("variance.activation"), function("variance.backpropagated")
    given_all = {"widths": widths, "weight_variances": variances}
    assert (len(forward), len(backward)) == (4, 3)
    for layer, found in enumerate(forward):
        exact = below(**given_all, input_variance=1, layer=layer)
        assert abs(found.value - exact) < ERRORS * found.error < exact / 2
    for layer, found in enumerate(backward):
        exact = above(**given_all, output_gradient_variance=1, layer=layer)
        assert abs(found.value - exact) < ERRORS * found.error < exact / 2
