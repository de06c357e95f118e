"""Experiments on shattered gradients: deterministic, kept, resumed, and able to say that a prediction is wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.ensembles import Affine
from numerics.evaluate import function
from numerics.training import data, loop, run
from numerics.training.data import shapeset
from numerics.training.data.images import images
from numerics.training.experiments import (
    comparison,
    deep_linear,
    gradient_structure,
    looks_linear,
    picture_gradients,
    pictures,
)
from numerics.training.experiments.comparison import ALPHA

GUESSING = 0.9


@pytest.fixture(autouse=True)
def _few_pictures(monkeypatch, tmp_path):
    """The first pictures of each part of Shapeset, as whole parts take long; checkpoints go to a folder of the test."""

    def load(name, part):
        inputs, labels = shapeset.endless(part)(0, 400)
        shape = (-1, 1, shapeset.SIZE, shapeset.SIZE)
        return images(name, part, inputs.reshape(shape), labels, classes=len(shapeset.CLASSES), source="of a test")

    monkeypatch.setattr(data, "load", load)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pictures.examples.cache_clear()
    yield
    pictures.examples.cache_clear()


# --- rules ---------------------------------------------------------------------------------------------


def sample(seed, count, shift=0.0):
    return (np.random.default_rng(seed).standard_normal(count) + shift).tolist()


@given(st.integers(0, 2**32), st.integers(8, 30))
def test_samples_apart_are_ordered_and_swapped_ones_differ(seed, count):
    low, high = sample(seed, count), sample(seed + 1, count, 100.0)
    for rule in (comparison.order, comparison.mean_order):
        assert rule("", "", high, low).verdict == "agrees"
        assert rule("", "", low, high).verdict == "differs"
        assert rule("", "", low, low).verdict == "undecided"


def test_three_networks_decide_no_ranks():
    assert comparison.order("", "", [2.0, 3.0, 4.0], [-3.0, -2.0, -1.0]).verdict == "undecided"


def test_equal_constants_are_not_ordered_and_different_ones_are():
    assert comparison.mean_order("", "", [1.0] * 3, [1.0] * 3).verdict == "undecided"
    assert comparison.mean_order("", "", [2.0] * 3, [1.0] * 3).verdict == "agrees"


@given(st.integers(0, 20))
def test_a_majority_is_decided_at_the_error_rate_of_the_sign_test(successes):
    tail = sum(math.comb(20, n) for n in range(max(successes, 20 - successes), 21)) / 2**20
    verdict = comparison.majority("", "", [True] * successes + [False] * (20 - successes)).verdict
    decided = "agrees" if successes > 10 else "differs"
    assert verdict == (decided if min(2 * tail, 1) < ALPHA else "undecided")


@given(st.integers(0, 2**32))
def test_a_mean_far_from_its_prediction_differs(seed):
    values = sample(seed, 10)
    mean, error = np.mean(values), np.std(values, ddof=1) / math.sqrt(10)
    # 4.781 is the quantile of Student's law at 1 - 1e-3/2 with 9 degrees of freedom
    assert comparison.near("", "", mean + 4.77 * error, values).verdict == "agrees"
    assert comparison.near("", "", mean - 4.79 * error, values).verdict == "differs"


# --- all experiments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "train",
    [
        lambda: deep_linear.trained.function(deep_linear.SIZES["s"], "normal", 2),
        lambda: looks_linear.trained.function(looks_linear.SIZES["s"], "orthogonal", 2),
    ],
    ids=["deep_linear", "looks_linear"],
)
def test_a_training_that_was_interrupted_ends_the_same(train, monkeypatch):
    whole, descend = train(), loop.Training._descend
    started = []

    def interrupted(self, *batch):
        started.append(self.step)
        if self.step == 25 and started.count(25) == 1:
            raise KeyboardInterrupt
        descend(self, *batch)

    monkeypatch.setattr(run, "EVERY", 0.0)
    monkeypatch.setattr(loop.Training, "_descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train()
    assert train() == whole
    assert started.count(0) == 1
    assert started.count(run.PIECE) == 2


# --- structure of gradients ----------------------------------------------------------------------------


def line(kind, depth, *curves):
    return gradient_structure.Line(kind, depth, tuple(map(tuple, curves)))


def test_noise_lies_at_the_ends_of_the_scale_and_a_constant_gradient_is_correlated_throughout():
    config = gradient_structure.SIZES["s"]
    observed = gradient_structure.Observations(
        config, (line("white", 0, (0.0, 0.0)), line("brown", 0, (0.8, 0.6)), line("x", 1, (0.4, 0.3))), (), ()
    )
    at = gradient_structure.positions(observed)
    assert at["white", 0] == [0.0]
    assert at["brown", 0] == [1.0]
    assert at["x", 1] == pytest.approx([0.5], rel=2**-50)
    assert gradient_structure._curve(np.full(9, 3.7), 3) == (1.0, 1.0, 1.0)
    assert gradient_structure._curve(np.array([1.0, -1.0] * 3), 2) == (-5 / 6, 4 / 6)


def test_gradients_that_are_like_noise_decide_and_swapped_ones_are_refused():
    config = gradient_structure.SIZES["s"]
    deep, last = config.deep, config.depths[-1]

    def decided(shallow, deepest):
        lines = [line("white", 0, (0.0,)), line("brown", 0, (1.0,))]
        spread = np.arange(12) / 1000
        for kind in gradient_structure.PLAIN:
            lines += [line(kind, config.depths[0], *((shallow + x,) for x in spread))]
            lines += [line(kind, deep, *((deepest + x,) for x in spread))]
        for kind in gradient_structure.SKIPS:
            lines += [line(kind, last, *((0.5 + x,) for x in spread))]
        return {
            row.verdict
            for row in gradient_structure._noise(gradient_structure.Observations(config, tuple(lines), (), ()))
        }

    assert decided(0.9, 0.1) == {"agrees"}
    assert decided(0.1, 0.9) == {"differs"}


def test_the_rank_that_grows_with_skips_alone_is_a_difference():
    config = replace(gradient_structure.SIZES["s"], picture_depths=(1, 6))

    def decided(plain, skipped):
        batches = []
        for kind in picture_gradients.CONVOLUTIONAL:
            growth = plain if kind in picture_gradients.PLAIN else skipped
            for depth, rise in ((1, 0.0), (6, growth)):
                ranks = tuple(0.1 + rise + x / 1000 for x in range(12))
                batches.append(picture_gradients.Batch("x", "dense", kind, depth, (0.0,) * 12, ranks))
        observed = gradient_structure.Observations(config, (), tuple(batches), ())
        return {row.verdict for row in gradient_structure._grown(observed)}

    assert decided(0.5, 0.1) == {"agrees"}
    assert decided(0.1, 0.5) == {"differs"}


def test_residual_layers_without_normalisation_have_the_correlation_of_theorem_2():
    config = replace(gradient_structure.SIZES["s"], picture_depths=(1, 2, 5))
    found = {
        L: value
        for kind, L, value in gradient_structure.predictions(config).correlations
        if kind == picture_gradients.BARE
    }
    assert [found[L] for L in (1, 2, 5)] == pytest.approx([1.0, 0.75, 0.75**4], rel=2**-45)


def test_pixels_normalised_one_by_one_decide_nothing_about_convolutions():
    claims = gradient_structure._claims
    assert claims("mnist", "convolutional", ("normalised", "residual, beta 1")) == ""
    assert claims("mnist", "convolutional", ("feed-forward", picture_gradients.BARE)) == "B-19"
    described = pictures.examples("normal", "train", 4)[3]
    assert claims(described, "convolutional", ("normalised", "residual, beta 1")) == "B-19"
    assert claims("mnist", "dense", ("normalised", "residual, beta 1")) == "B-18"


def test_correlations_of_theorems_put_the_architectures_in_order():
    config = gradient_structure.SIZES["s"]
    expected = {(kind, depth): value for kind, depth, value in gradient_structure.predictions(config).correlations}
    for depth in (6, 12, 16):
        order = ("normalised", "residual, beta 1", "residual, beta 0.1", "looks linear")
        assert sorted(order, key=lambda kind: expected[kind, depth]) == list(order)
    assert expected["normalised", 12] == 2.0**-12


def test_a_network_that_looks_linear_has_one_gradient_for_all_pictures():
    found = picture_gradients.batch.function("shapeset", "dense", "looks linear", 3, 8, 5, 2)
    # float32 sums along 4 layers of at most 1024 terms, relative error below 4 * 1024 * 2^-24 = 2.5e-4, squared in a cosine
    assert found.cosines == pytest.approx((1.0, 1.0), abs=2.5e-4)
    gaussian = picture_gradients.gaussian_rank(5, 1024, 2)
    assert [rank * gaussian for rank in found.ranks] == pytest.approx([1.0, 1.0], abs=2.5e-4)


def test_centred_pictures_have_mean_0_and_one_length():
    inputs = torch.randn(6, 50, generator=torch.Generator().manual_seed(1))
    rows = pictures.centred(torch.cat([inputs, inputs.mean(0, keepdim=True)]))
    # one row is the mean itself and stays 0 up to rounding, whatever that is scaled to
    assert rows[:6].square().mean(1).tolist() == pytest.approx([1.0] * 6, rel=50 * 2**-23)


# --- training ------------------------------------------------------------------------------------------


def observed_errors(errors):
    config = looks_linear.SIZES["s"]
    runs = tuple(
        looks_linear.Trained(kind, depth, 0.1, errors(kind, depth))
        for kind in looks_linear.ARCHITECTURES
        for depth in config.depths
    )
    return looks_linear.Observations(config, "none", GUESSING, runs)


def test_errors_as_predicted_agree_and_swapped_ones_differ():
    config = looks_linear.SIZES["s"]
    predicted = looks_linear.predictions(config)
    starts = {(start.architecture, start.depth): start.trains for start in predicted}
    assert [start.architecture for start in predicted if not start.trains] == ["he"]

    def as_predicted(kind, depth):
        return (0.1, 0.11, 0.12) if starts[kind, depth] else (0.9, 0.91, 0.92)

    def swapped(kind, depth):
        return as_predicted("linear" if (kind, depth) == ("he", 20) else "he", depth)

    rows = looks_linear.compare(predicted, observed_errors(as_predicted))
    assert {row.verdict for row in rows[:-1]} == {"agrees"}
    assert rows[-1].verdict == "undecided"
    verdicts = [row.verdict for row in looks_linear.compare(predicted, observed_errors(swapped))]
    assert [verdicts[at] for at in (1, 3, 5, 7, 9, 10, 11, 12)] == ["differs"] * 8


def test_where_even_shallow_networks_do_not_learn_nothing_is_decided():
    rows = looks_linear.compare(
        looks_linear.predictions(looks_linear.SIZES["s"]), observed_errors(lambda kind, depth: (0.9, 0.91, 0.92))
    )
    assert {row.verdict for row in rows} == {"undecided"}


def test_the_drift_predicted_for_he_networks_is_that_of_the_walk():
    config = looks_linear.SIZES["s"]
    (start,) = (each for each in looks_linear.predictions(config) if (each.architecture, each.depth) == ("he", 20))
    one = function("random_walk.walk_mean")(N=config.width, depth=1, gain=math.sqrt(2), activation="relu")
    assert start.log_mean == pytest.approx(20 * one, rel=2**-40)
    assert start.log_mean < 0
    assert start.correlation == function("shattering.relu_gradient_correlation")(depth=20, correlation=0)


@pytest.mark.parametrize("kind", looks_linear.ARCHITECTURES)
def test_architectures_have_about_one_number_of_parameters(kind):
    law, he = (looks_linear.network(each, 50, 48, 48, 10) for each in (kind, "he"))
    # rounding the width by 1/2 of 34 changes a square layer by 1/34; the first layer has half as many, one of 50
    assert law.weight_count * (2 if kind in looks_linear.MIRRORED else 1) == pytest.approx(
        he.weight_count, rel=1 / 34 + 1 / 50
    )
    assert sum(isinstance(layer, Affine) for layer, _ in law.matrices()) == 51


def observed_steps(orthogonal, normal):
    config = deep_linear.SIZES["s"]
    given = {"orthogonal": orthogonal, "normal": normal}
    runs = tuple(
        deep_linear.Steps(law, depth, 0.1, steps, 0)
        for law in deep_linear.LAWS
        for depth, steps in zip(config.depths, given[law], strict=True)
    )
    return deep_linear.Observations(config, "none", runs)


def test_steps_that_grow_with_depth_are_told_from_steps_that_do_not():
    predicted = deep_linear.predictions(deep_linear.SIZES["s"])
    flat, growing = ((100, 104, 96), (98, 100, 102)), ((100, 104, 96), (1600, 1640, 1560))
    assert [row.verdict for row in deep_linear.compare(predicted, observed_steps(flat, growing))] == ["agrees"] * 2
    assert [row.verdict for row in deep_linear.compare(predicted, observed_steps(growing, flat))] == ["differs"] * 2


def test_a_slope_is_resolved_to_one_step_of_the_grid_of_rates():
    config = replace(deep_linear.SIZES["s"], rates=(0.01, 0.02, 0.04), depths=(4, 16, 64))
    assert deep_linear.resolution(config) == pytest.approx(1 / 4, rel=2**-48)
    assert comparison.near("", "", 0.0, [0.25, 0.25, 0.25], 0.25).verdict == "agrees"
    assert comparison.near("", "", 0.0, [0.26, 0.26, 0.26], 0.25).verdict == "differs"


def test_the_slope_of_steps_proportional_to_depth_is_1():
    observed = observed_steps(((10, 20), (40, 80)), ((3, 3), (3, 3)))
    assert deep_linear.slopes(observed, "orthogonal") == pytest.approx(
        [1.0, 1.0], rel=1e-12
    )  # a fit through two points


def test_laws_of_walks_are_those_of_the_theorems():
    walks = deep_linear.predictions(deep_linear.SIZES["s"]).walks
    assert all(walk.mean == walk.deviation == 0 for walk in walks if walk.law == "orthogonal")
    means = [walk.mean for walk in walks if walk.law == "normal"]
    assert all(mean < 0 for mean in means)
    assert means == sorted(means, reverse=True)


def test_pictures_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="at most 400"):
        pictures.examples("shapeset", "train", 401)


def test_normal_pictures_are_the_same_for_all_who_ask_and_other_parts_have_others():
    first, labels, shape, _ = pictures.examples("normal", "train", 5)
    pictures.examples.cache_clear()
    again = pictures.examples("normal", "train", 5)
    assert torch.equal(first, again[0])
    assert torch.equal(labels, again[1])
    assert shape == (1, 28, 28)
    assert not torch.equal(first, pictures.examples("normal", "test", 5)[0])
