"""Experiments on starts of training: they run, are kept, resume, rest on the theorems, and tell who is who."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from numerics.evidence.kept import keeping
from numerics.sampling.streams import numpy_generator
from numerics.training import run
from numerics.training.experiments import (
    convolution_lengths,
    courses,
    initialisations,
    parameter_budget,
    random_walk,
    residual_start,
    shares,
    start,
    start_laws,
    tanh_gain,
)
from numerics.training.experiments.courses import Course

TRAINED = (random_walk, parameter_budget, tanh_gain, start, start_laws, residual_start)
RESTS_ON = {  # where a theorem's function is asked for, and which
    random_walk: [(random_walk, "random_walk.walk_mean"), (random_walk, "random_walk.walk_variance")],
    parameter_budget: [(random_walk, "random_walk.walk_mean"), (random_walk, "random_walk.walk_variance")],
    tanh_gain: [
        (tanh_gain, f"{name}")
        for name in ("variance.jacobian_factor", "random_walk.linear_log_mean", "random_walk.linear_log_variance")
    ],
    start: [
        (start, f"failure_modes.{name}")
        for name in (
            "second_moment",
            "layer_variance",
            "log_length_mean",
            "log_length_variance",
            "dead_layer_probability",
        )
    ],
    start_laws: [
        (start_laws, "failure_modes.log_length_mean"),
        (start_laws, "failure_modes.log_length_variance"),
        (initialisations, "failure_modes.length_factor"),
        (initialisations, "failure_modes.mean_length"),
    ],
    residual_start: [
        (residual_start, "failure_modes.resnet_mean_length"),
        (residual_start, "failure_modes.linear_module_second_moment"),
    ],
    convolution_lengths: [
        (initialisations, "failure_modes.length_factor"),
        (initialisations, "failure_modes.mean_length"),
    ],
}


def short(module):
    return module.__name__.rpartition(".")[2]


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("module", TRAINED, ids=short)
def test_a_run_that_is_killed_ends_as_one_that_was_not(module, tmp_path, monkeypatch):
    """Killed once in the middle of its last fleet, with checkpoints at every look at the clock."""
    config = module.SIZES["s"]
    with keeping(into=tmp_path / "whole"):
        whole = module.observe(config)
    monkeypatch.setattr(run, "EVERY", 0.0)
    drawn, last, killed = courses.minibatches, [], []

    def dying(*args):
        batch = drawn(*args)
        last.append(None)

        def at(step):
            if step == run.PIECE + 5 and len(last) == fleets and not killed:
                killed.append(step)
                raise KeyboardInterrupt
            return batch(step)

        return at

    fleets = _fleets(module, config)
    monkeypatch.setattr(courses, "minibatches", dying)
    with keeping(into=tmp_path / "broken"), pytest.raises(KeyboardInterrupt):
        module.observe(config)
    with keeping(into=tmp_path / "broken"):
        assert module.observe(config) == whole
    assert killed == [run.PIECE + 5]


def _fleets(module, config):
    return {
        random_walk: lambda: 1,
        tanh_gain: lambda: 1,
        parameter_budget: lambda: len(config.depths),
        start: lambda: len(start.FAMILIES) * len(config.sums),
        start_laws: lambda: len(config.depths),
        residual_start: lambda: len(residual_start.BASES) * len(config.depths),
    }[module]()


@pytest.mark.parametrize(
    ("module", "place", "theorem"),
    [(module, place, name) for module, places in RESTS_ON.items() for place, name in places],
    ids=lambda value: value if isinstance(value, str) else short(value),
)
def test_a_prediction_is_another_where_its_theorem_is(module, place, theorem, monkeypatch):
    config = module.SIZES["s"]
    if module in TRAINED:
        config = replace(config, steps=10**6)  # in 40 steps so few can start that no digit shows it
    before, real = module.predictions(config), place.function

    def other(name):
        return (lambda **at: real(name)(**at) * 0.9) if name == theorem else real(name)

    monkeypatch.setattr(place, "function", other)
    assert module.predictions(config) != before


def test_shares_are_others_where_their_theorems_are(monkeypatch):
    given, real = shares.Shares(0.01, 0.3), shares.function
    before = shares.below_rectifiers(given, 5)
    for theorem in ("shattering.relu_correlation", "shattering.coactivation"):
        monkeypatch.setattr(
            shares, "function", lambda name, theorem=theorem: _scaled(real(name)) if name == theorem else real(name)
        )
        assert shares.below_rectifiers(given, 5).told != before.told


def _scaled(function):
    return lambda **at: function(**at) * 0.9


# --- observations as predicted, and swapped ----------------------------------------------------------


def verdicts(module, predicted, observed):
    return {row.what: row.verdict for row in module.compare(predicted, observed)}


def course(loss, error):
    return Course((0, 9), (9.0, loss), (1.0, error))


def drawn(*key):
    return numpy_generator("test of experiments", *key)


def test_random_walks_that_are_swapped_with_those_of_glorot_differ():
    config = replace(random_walk.SIZES["m"], data="shapeset", features=1024, classes=9, examples=400, networks=8)
    predicted = random_walk.predictions(config)
    networks = []
    for at in predicted.starts:
        for walk in drawn(at.init, str(at.rate)).normal(at.mean, at.deviation, config.networks):
            loss = 1.5 if at.init == "random walk" else 2.197
            networks.append(random_walk.Trained(at.init, at.rate, float(walk), course(loss, 0.5)))
    observed = random_walk.Observations(config, "", tuple(networks))
    names = {"Glorot": "random walk", "random walk": "Glorot", "He": "He"}
    swapped = replace(observed, networks=tuple(replace(each, init=names[each.init]) for each in networks))
    walks = [f"{init}: ln of the gradient's squared norm" for init in ("random walk", "Glorot")]
    losses = "training loss: Glorot above random walk"
    right, wrong = verdicts(random_walk, predicted, observed), verdicts(random_walk, predicted, swapped)
    assert [right[what] for what in (*walks, losses)] == ["agrees"] * 3
    assert [wrong[what] for what in (*walks, losses)] == ["differs"] * 3
    assert right["Glorot, rate 0.001: networks that start"] == "agrees"
    assert wrong["Glorot, rate 0.001: networks that start"] == "differs"


def budget(errors):
    """Seven networks a depth and a rate; errors by depth, the other rate is worse."""
    config = replace(parameter_budget.SIZES["s"], networks=7)
    spent = []
    for depth, error in zip(config.depths, errors, strict=True):
        several = []
        for rate in config.rates:
            for at, noise in enumerate(drawn("budget", depth, at_rate(rate)).random(config.networks)):
                worse = 1.0 if rate == config.rates[0] else 0.0
                several.append(
                    parameter_budget.Trained(rate, course(1 + worse, min(error + 0.01 * noise + worse, 1 + at)))
                )
        spent.append(parameter_budget.Spent(depth, parameter_budget.width(config, depth), tuple(several)))
    return parameter_budget.predictions(config), parameter_budget.Observations(config, "", tuple(spent))


def at_rate(rate):
    return f"{rate:g}"


def test_errors_that_fall_with_depth_differ_from_what_a_budget_allows():
    rising = verdicts(parameter_budget, *budget((0.1, 0.2, 0.3)))
    falling = verdicts(parameter_budget, *budget((0.3, 0.2, 0.1)))
    for what in ("training error rises with the depth", "training error: 32 layers above 2"):
        assert (rising[what], falling[what]) == ("agrees", "differs")


def test_the_best_rate_is_that_of_the_typical_network_whoever_diverged():
    """One of three diverges at the better rate; where two do at both, the smaller rate counts."""
    better, worse = [0.5, 0.6, math.inf], [2.0, 2.1, 2.2]
    for losses, best in ((([*worse], [*better]), 0.01), ((better, worse), 0.003), (([math.inf] * 3,) * 2, 0.003)):
        networks = [
            parameter_budget.Trained(rate, course(loss, 0.5))
            for rate, several in zip((0.003, 0.01), losses, strict=True)
            for loss in several
        ]
        assert {net.rate for net in parameter_budget.Spent(2, 8, tuple(networks[::-1])).best} == {best}


def gains(losses):
    config = replace(tanh_gain.SIZES["s"], networks=9)
    predicted = tanh_gain.predictions(config)
    networks = [
        tanh_gain.Trained(at.gain, 0.01, float(walk), course(losses[at.gain], 0.5))
        for at in predicted.starts
        for walk in drawn("gain", str(at.gain)).normal(at.mean, at.deviation, config.networks)
    ]
    return predicted, tanh_gain.Observations(config, "", tuple(networks))


def test_gains_that_train_best_outside_of_the_range_differ():
    inside = verdicts(tanh_gain, *gains({1.0: 2.0, 1.15: 1.0, 1.5: 2.0}))
    outside = verdicts(tanh_gain, *gains({1.0: 1.0, 1.15: 2.0, 1.5: 1.0}))
    for what in ("training loss: gain 1 above 1.1 to 1.3", "training loss: gain 1.5 above 1.15"):
        assert (inside[what], outside[what]) == ("agrees", "differs")
    assert inside["gain 1: ln of the gradient's squared norm"] == "agrees"


def begun(step):
    """Eight networks a family and sum; the middle step as a function of family, sum and depth."""
    config = replace(start.SIZES["m"], data="shapeset", features=1024, classes=9, examples=400)
    starts = []
    for family in start.FAMILIES:
        for total in config.sums:
            depth = len(start.hidden(family, total))
            noise = drawn("start", family, at_rate(total)).random(8)
            starts.append(start.Starts(family, total, depth, tuple(step(family, total, depth) + 20 * u for u in noise)))
    return start.predictions(config), start.Observations(config, "", tuple(starts))


def test_starts_that_depend_on_the_depth_do_not_collapse_onto_the_sum():
    by_sum = verdicts(start, *begun(lambda family, total, depth: 100 * total))
    by_depth = verdicts(start, *begun(lambda family, total, depth: 10 * depth))
    by_order = verdicts(start, *begun(lambda family, total, depth: 100 * total * (2 - (family == "10 first"))))
    within, one = "at one depth, steps rise with the sum", "at one sum, families start alike: share of one curve"
    assert (by_sum[within], by_sum[one]) == ("agrees", "agrees")
    assert (by_depth[within], by_depth[one]) == ("undecided", "differs")
    assert by_order[one] == "differs"
    never = verdicts(start, *begun(lambda family, total, depth: math.inf))
    assert never["sum of reciprocal widths 6.4: networks that start"] == "agrees"


def lawful(predicted, config, names):
    """As many networks start as the chances say, the laws by other names."""
    return start_laws.Observations(
        config,
        "",
        tuple(
            start_laws.Starts(names.get(at.law, at.law), at.depth, (20.0 if at.chance > 0.5 else math.inf,) * 8)
            for at in predicted.lengths
        ),
    )


def test_laws_that_are_swapped_differ():
    config = replace(start_laws.SIZES["m"], data="shapeset", features=1024, classes=9, examples=400, steps=10**5)
    predicted = start_laws.predictions(config)
    right = verdicts(start_laws, predicted, lawful(predicted, config, {}))
    names = {"he_normal": "glorot_normal", "glorot_normal": "he_normal"}
    wrong = verdicts(start_laws, predicted, lawful(predicted, config, names))
    for what in ("he_normal, 40 deep: networks that start", "glorot_normal, 40 deep: networks that start"):
        assert (right[what], wrong[what]) == ("agrees", "differs")
    last = "40 deep: steps where the mean length is lost above those where it is kept"
    assert (right[last], wrong[last]) == ("agrees", "undecided")


def grown(config, starts_at):
    return residual_start.Observations(
        config,
        "",
        tuple(
            residual_start.Starts(base, depth, rate, (9.0 if starts_at(base) else math.inf,) * 11)
            for base in residual_start.BASES
            for depth in config.depths
            for rate in config.rates
        ),
    )


def test_residual_networks_that_start_with_scales_1_only_differ():
    config = replace(residual_start.SIZES["m"], data="shapeset", features=1024, classes=9, examples=400)
    predicted = residual_start.predictions(config)
    right = verdicts(residual_start, predicted, grown(config, lambda base: base < 1))
    wrong = verdicts(residual_start, predicted, grown(config, lambda base: base == 1))
    last = ["eta = 1, 60 modules: networks that do not start, at all rates"]
    last += [
        f"eta = {base:g}^l, 60 modules: networks that start, at the best rate" for base in residual_start.BASES[1:]
    ]
    assert {right[what] for what in last} == {"agrees"}
    assert {wrong[what] for what in last} == {"differs"}
    assert wrong["eta = 1^l, 60 modules, rate 0.001: networks that start"] == "differs"


def test_convolutions_whose_laws_are_swapped_differ(tmp_path):
    config = replace(convolution_lengths.SIZES["s"], networks=60)
    predicted = convolution_lengths.predictions(config)
    with keeping(into=tmp_path / "kept"):
        observed = convolution_lengths.observe(config)
    right = verdicts(convolution_lengths, predicted, observed)
    assert set(right.values()) == {"agrees"}
    swapped = replace(observed, lengths=observed.lengths[::-1])
    wrong = convolution_lengths.compare(predicted, swapped)
    assert [row.verdict for row in wrong[::2]].count("differs") == 6  # all but the law in the middle
