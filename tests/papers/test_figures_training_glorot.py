"""Figures of glorot2010's trained networks: every network is in them, lines are theorems."""

import math
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from handmade import fits_the_page, is_small_and_sourced, near, outcome, rows, shows_everything
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.evaluate import function
from numerics.training.experiments import glorot_monitors, glorot_table
from numerics.training.experiments.glorot_networks import NAMES, weight_variances, widths
from numerics.training.experiments.glorot_theory import expected
from papers.figures import training_glorot, training_gradients
from papers.figures.picture import as_kept
from papers.figures.style import style

MODULES = training_glorot, training_gradients
PICTURES = {picture.name: picture for module in MODULES for picture in module.PICTURES}
SEEDS = st.integers(0, 2**32 - 1)
NETWORKS, LOOKS = 3, 90  # more looks than are kept

TABLE = replace(glorot_table.SIZES["s"], data=("shapeset", "mnist"), networks=NETWORKS)
MONITORS = replace(glorot_monitors.SIZES["s"], networks=NETWORKS, steps=10 * (LOOKS - 1), every=10)

predicted = cache(glorot_table.predictions)


# --- hand-made evidence --------------------------------------------------------------------------------


def table(numbers):
    results = tuple(
        glorot_table.Result(
            data, name, 0.1, tuple(numbers.integers(1, 500, NETWORKS).tolist()), 500, ((0.1, 0.5),), "made"
        )
        for data in TABLE.data
        for name in NAMES
    )
    return outcome("glorot_table", TABLE, predicted(TABLE), glorot_table.Observations(TABLE, results))


def course(numbers, name, depth):
    shape = LOOKS, NETWORKS, depth
    hidden = (rows(numbers, 0.0, 1.0, *shape) for _ in range(3))
    gradients = (rows(numbers, 0.1, 1.0, *shape[:2], depth + 1) for _ in range(2))
    costs = rows(numbers, 0.0, 1.0, *shape[:2])
    return glorot_monitors.Course(name, depth, tuple(range(0, 10 * LOOKS, 10)), *hidden, *gradients, costs, "made")


@cache
def layers():
    """What is expected for inputs of two lengths."""
    sizes = widths("shapeset", MONITORS.width, MONITORS.depth)
    return glorot_monitors.Predictions(tuple(expected(name, sizes, (0.1, 0.3)) for name in glorot_monitors.ODD), ())


def monitors(numbers):
    depth = MONITORS.depth
    kinds = [*((name, depth) for name in glorot_monitors.ODD), ("sigmoid", depth - 1), ("sigmoid", depth)]
    courses = tuple(course(numbers, *kind) for kind in kinds)
    return outcome("glorot_monitors", MONITORS, layers(), glorot_monitors.Observations(MONITORS, courses, (), ()))


MADE = {"glorot_table": table, "glorot_monitors": monitors}
OF = {
    "training_glorot_table": "glorot_table",
    "training_glorot_activations": "glorot_monitors",
    "training_glorot_gradients": "glorot_monitors",
}


@contextmanager
def evidence(seed):
    """Experiments made from a seed in the place of what is kept."""
    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "required", lambda name: MADE[name](np.random.default_rng(seed)))
        yield


def data_of(name, seed):
    """A picture's data, and the outcome they are made of."""
    with evidence(seed):
        return PICTURES[name].data(), MADE[OF[name]](np.random.default_rng(seed))


# --- courses -------------------------------------------------------------------------------------------


@given(st.integers(1, 600))
def test_a_course_is_thinned_to_forty_looks_with_its_ends(looks):
    kept = training_glorot.kept_looks(range(looks))
    assert len(kept) == min(looks, 40)
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (0, looks - 1)


def is_course(found, values):
    """Whether it has every network's values at the thinned looks, (looks, networks), and their median."""
    kept = training_glorot.kept_looks(range(LOOKS))
    thinned = np.array(values)[kept]
    return near(found["networks"], thinned.T) and near(found["y"], np.median(thinned, axis=1))


# --- the table -----------------------------------------------------------------------------------------


@given(SEEDS)
@settings(max_examples=3)
def test_the_table_has_the_error_of_every_network_with_means_and_two_standard_errors(seed):
    data, made = data_of("training_glorot_table", seed)
    observed = made.observed
    for part, which in zip(data["panels"], TABLE.data, strict=False):
        (means,) = part["dots"]
        for at, name in enumerate(data["names"]):
            shares = np.array(observed.wrong(which, name)) / 5
            assert part["networks"][at] == shares.tolist()
            assert math.isclose(means["y"][at], shares.mean())
            assert math.isclose(means["error"][at], shares.std(ddof=1) / math.sqrt(NETWORKS))


def test_the_table_shows_the_theorems_factor_of_each_name_and_on_shapeset_the_constant_guess():
    data, made = data_of("training_glorot_table", 0)
    errors, flows = data["panels"][:2], data["panels"][2:]
    assert [[line["y"] for line in part["lines"]] for part in errors] == [
        [[100 * made.predicted.constant] * 2],
        [],
    ]
    for part, which in zip(flows, TABLE.data, strict=True):
        sizes = widths(which, TABLE.width, TABLE.depth)
        for line, name in zip(part["lines"], data["names"], strict=True):
            given = {"widths": sizes, "weight_variances": weight_variances(name, sizes)}
            factor = function("variance.backpropagated")(**given, output_gradient_variance=1, layer=0)
            slope = 4.0 ** -(2 * TABLE.depth) if name == "sigmoid" else 1.0  # f'(0)^2 a layer
            # f'^2 over f'(0)^2 falls by at most 4|s|; its mean is taken where E|s| <= sqrt(VANISHING), in every layer
            reach = 4 * TABLE.depth * math.sqrt(glorot_table.VANISHING)
            assert np.allclose(line["y"], slope * float(factor), rtol=reach, atol=0)


# --- monitors ------------------------------------------------------------------------------------------


@given(SEEDS)
@settings(max_examples=3)
def test_activations_have_the_course_of_every_layer_in_every_network(seed):
    data, made = data_of("training_glorot_activations", seed)
    observed, depth = made.observed, MONITORS.depth
    shown = (("sigmoid", depth - 1, "means"), ("sigmoid", depth, "means"))
    shown += (("tanh", depth, "percentiles"), ("softsign", depth, "percentiles"))
    for part, (name, layers, what) in zip(data["panels"], shown, strict=True):
        values = np.array(getattr(observed.of(name, layers), what))
        assert len(part["courses"]) == layers
        assert all(is_course(found, values[:, :, layer]) for layer, found in enumerate(part["courses"]))
        for layer, bars in enumerate(part["deviations"]):
            at = [10 * look for look in training_glorot.kept_looks(range(LOOKS))][layer::5]
            deviations = np.array(observed.of(name, layers).deviations)[np.array(at) // 10, :, layer]
            assert bars["x"] == at
            assert near(bars["half"], np.median(deviations, axis=1))


@given(SEEDS, st.integers(0, NETWORKS), st.integers(0, NETWORKS))
@settings(max_examples=5)
def test_networks_that_stay_saturated_or_pass_the_level_are_counted_and_those_that_never_do(seed, many, fewer):
    in_order, depth = min(many, fewer), MONITORS.depth
    top = tuple((*(0.6,) * (depth - 1), 0.05 if at < many else 0.5) for at in range(NETWORKS))
    rising = tuple(tuple(_passing(look, at, in_order, many, depth) for at in range(NETWORKS)) for look in range(LOOKS))
    made = monitors(np.random.default_rng(seed))
    courses = tuple(replace(each, means=(top,) * LOOKS, percentiles=rising) for each in made.observed.courses)
    made = replace(made, observed=replace(made.observed, courses=courses))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_glorot, "required", lambda name: made)
        titles = [part["title"] for part in PICTURES["training_glorot_activations"].data()["panels"]]
    assert all(f": {many}/{NETWORKS}, at end: {many}/{NETWORKS}" in title for title in titles[:2])
    order = f", in their layers' order in {in_order}" if many else ""
    assert all(title.endswith(f"0.95 passed in {many}/{NETWORKS} networks{order}") for title in titles[2:])


def _passing(look, network, in_order, many, depth):
    """Percentiles of the layers of a network: they pass 0.95 from the first, from the last, or never."""
    layers = range(depth) if network < in_order else range(depth)[::-1]
    return tuple(0.96 if network < many and look >= layer else 0.94 for layer in layers)


def test_percentiles_stand_beside_those_of_normal_activations_of_the_linear_regime():
    data, made = data_of("training_glorot_activations", 0)
    linear = {each.name: each.linear.activations for each in made.predicted.layers}
    for part, name in zip(data["panels"][2:], ("tanh", "softsign"), strict=True):
        *theory, level = part["lines"]
        assert level["y"] == [0.95, 0.95]
        for line, size in zip(theory, linear[name], strict=True):
            outside = 2 * (1 - NormalDist(sigma=size).cdf(line["y"][0]))
            assert math.isclose(outside, 0.02, rel_tol=1e-9)  # a quantile and back, each good to some 1e-15
            assert max(line["x"]) < 0


@given(SEEDS)
@settings(max_examples=3)
def test_gradients_at_first_are_those_of_every_network_over_the_top_beside_both_theories(seed):
    data, made = data_of("training_glorot_gradients", seed)
    theory = {each.name: each for each in made.predicted.layers}
    *back, weights = data["panels"][:3]
    for at, name in enumerate(("tanh", "tanh N")):
        seen = made.observed.of(name, MONITORS.depth)
        first = np.array(seen.back[0])[:, :-1]
        assert near(back[at]["clouds"][0]["networks"], first / first[:, -1:])
        matrices = np.array(seen.weights[0])[:, 1:-1]
        assert near(weights["clouds"][at]["networks"], matrices / matrices[:, -1:])
        assert near(weights["clouds"][at]["y"], np.median(matrices / matrices[:, -1:], axis=0))
        both = theory[name].linear, theory[name].wide
        for line, sizes in zip(back[at]["lines"], both, strict=True):
            assert np.allclose(line["y"], np.array(sizes.back[:-1]) / sizes.back[-2], rtol=4 * 2.0**-53)  # one division
        for line, sizes in zip(weights["lines"][2 * at : 2 * at + 2], both, strict=True):
            assert np.allclose(line["y"], np.array(sizes.weights[1:-1]) / sizes.weights[-2], rtol=4 * 2.0**-53)


@given(SEEDS)
@settings(max_examples=3)
def test_weight_gradients_have_the_course_of_every_inner_matrix_and_their_spread(seed):
    data, made = data_of("training_glorot_gradients", seed)
    *drifts, spreads = data["panels"][3:]
    for at, name in enumerate(("tanh", "tanh N")):
        inner = np.array(made.observed.of(name, MONITORS.depth).weights)[:, :, 1:-1]
        courses = drifts[at]["courses"]
        assert len(courses) == inner.shape[2] == MONITORS.depth - 1
        assert all(is_course(found, inner[:, :, matrix]) for matrix, found in enumerate(courses))
        assert is_course(spreads["courses"][at], np.log(inner).std(axis=2))


# --- drawing -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    """Data as kept, and the figure of them, by name."""
    found = {}
    with evidence(1), style():
        for name, picture in PICTURES.items():
            data = as_kept(picture.data())
            found[name] = data, picture.draw(data)
    return found


@pytest.mark.parametrize("name", PICTURES)
def test_every_network_line_and_dot_is_drawn_within_the_page(drawn, name):
    assert shows_everything(*drawn[name])
    assert fits_the_page(drawn[name][1])


@pytest.mark.parametrize("name", PICTURES)
def test_data_are_small_and_name_the_theorems_and_the_measurement(drawn, name):
    assert is_small_and_sourced(drawn[name][0])
