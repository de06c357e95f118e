"""Figures of trained deep networks: every network is in them, what never happened is marked so, lines are the theorems'."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from numerics.evaluate import function
from numerics.evidence.kept import Kept, keeping
from numerics.training.experiments import deep_linear, looks_linear, parameter_budget, random_walk, tanh_gain
from numerics.training.experiments.courses import Course
from numerics.training.experiments.shares import Shares, shares_of
from papers.figures import training_depth, training_linear
from papers.figures.networks import draw_singles, singles
from papers.figures.picture import Picture, as_json, as_kept
from papers.figures.style import style
from papers.training import Outcome

MODULES = {
    "random_walk": random_walk, "parameter_budget": parameter_budget, "tanh_gain": tanh_gain,
    "looks_linear": looks_linear, "deep_linear": deep_linear,
}  # fmt: skip
PICTURES: dict[str, Picture] = {
    picture.name.removeprefix("training_"): picture for picture in (*training_depth.PICTURES, *training_linear.PICTURES)
}
ENDS = (0.5, 0.9, 1.0, math.inf)  # of the losses of networks, in units of guessing's: the first two started
NEVER = 61  # one more than all steps of size s
GUESSING = 0.87


# --- made-up observations --------------------------------------------------------------------------


def course(config, number):
    """A course of two measurements whose last loss is of `ENDS`; its errors are all different."""
    unit = math.log(config.classes)
    return Course((0, config.steps), (unit, ENDS[number % len(ENDS)] * unit), (0.9, 0.5 + number / 1000))


def observations(name, config):
    """Two networks of each kind, and in each kind of the first rate one that started."""
    module, pair = MODULES[name], range(2)
    if name == "random_walk":
        kinds = [(init, rate) for init in random_walk.INITS for rate in config.rates for _ in pair]
        walks = [-math.inf if at == 0 else -3.0 - at for at in range(len(kinds))]
        return module.Observations(
            config, "", tuple(module.Trained(*kind, walks[at], course(config, at)) for at, kind in enumerate(kinds))
        )
    if name == "parameter_budget":
        rated = [rate for rate in config.rates for _ in pair]
        ends = (0, 1, 2, 3), (2, 3, 0, 1), (2, 3, 3, 1)  # the first rate is the best, the second; both diverged
        spent = [
            module.Spent(depth, parameter_budget.width(config, depth), tuple(
                module.Trained(rate, course(config, 4 * depth + end)) for rate, end in zip(rated, each, strict=True)
            )) for depth, each in zip(config.depths, ends, strict=True)
        ]  # fmt: skip
        return module.Observations(config, "", tuple(spent))
    if name == "tanh_gain":
        kinds = [(gain, rate) for gain in config.gains for rate in config.rates for _ in range(len(ENDS))]
        return module.Observations(
            config, "", tuple(module.Trained(*kind, 0.0, course(config, at)) for at, kind in enumerate(kinds))
        )
    if name == "looks_linear":
        runs = [
            module.Trained(kind, depth, 0.003, (0.1 + at / 100, 0.2 + at / 100, 0.4))
            for at, (kind, depth) in enumerate((kind, d) for kind in looks_linear.ARCHITECTURES for d in config.depths)
        ]
        return module.Observations(config, "", GUESSING, tuple(runs))
    every = [(law, depth) for law in deep_linear.LAWS for depth in config.depths]
    runs = [module.Steps(law, depth, 0.1, (depth, 4 * depth, NEVER), 1) for law, depth in every]
    return module.Observations(config, "", tuple(runs))


@pytest.fixture(scope="module")
def outcomes():
    """Of all experiments, with the predictions for size s and shares that are made up."""
    found, config = {}, random_walk.SIZES["s"]
    with keeping(draw=False):
        shares_of.keep(Shares(0.006, 0.3), config.data, config.examples, config.classes)
        for name, module in MODULES.items():
            config = module.SIZES["s"]
            kept, seen = Kept(f"{name}, made up", "", name, 0.0, ""), observations(name, config)
            found[name] = Outcome(name, "s", config, kept, module.predictions(config), seen, ())
        yield found


@pytest.fixture(scope="module")
def data(outcomes):
    with pytest.MonkeyPatch.context() as patch:
        for module in (training_depth, training_linear):
            patch.setattr(module, "required", outcomes.__getitem__)
            patch.setattr(module, "PLACES", 5)
        return {name: picture.data() for name, picture in PICTURES.items()}


@pytest.fixture(scope="module")
def drawn(data):
    with style():
        return {name: picture.draw(as_kept(data[name])) for name, picture in PICTURES.items()}


# --- all figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_data_are_finite_and_name_the_measurement_and_the_theorems(data, outcomes, name):
    as_json(data[name])  # refuses what is not finite
    kept, known = outcomes[name].kept, data[name]["sources"]
    assert known[kept.name] == {"kind": "measurement", "hash": kept.digest}
    assert sum(source["kind"] == "theorem" for source in known.values()) >= 3


@pytest.mark.parametrize("name", MODULES)
def test_the_head_says_what_was_trained_and_nothing_hangs_over_the_edge(data, drawn, outcomes, name):
    figure = drawn[name]
    assert f"{outcomes[name].config.steps:,} steps" in data[name]["about"]
    assert figure.get_suptitle() == data[name]["about"]
    with style():
        figure.draw_without_rendering()
        around = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert 0 <= around.x0 < around.x1 <= width
    assert 0 <= around.y0 < around.y1 <= height


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 4.0]), st.floats())), st.floats(-10, 10))
def test_each_network_is_one_mark_and_those_above_the_top_are_open_on_it(points, top):
    found = singles("", "second", points, top)
    assert Counter(place for place, _ in points) == Counter([x for x, _ in found["shown"]] + found["above"])
    assert sorted(value for _, value in found["shown"]) == sorted(value for _, value in points if value <= top)
    axes = Figure().subplots()
    draw_singles(axes, {**found, "shown": [[x, max(y, -1e9)] for x, y in found["shown"]]}, top, room=10)
    assert len(axes.get_lines()) == len(points)
    open_marks = [mark for mark in axes.get_lines() if mark.get_markerfacecolor() == "none"]
    assert sorted(float(mark.get_xdata()[0]) for mark in open_marks) == sorted(found["above"])
    assert all(mark.get_ydata()[0] == top for mark in open_marks)


# --- each figure -----------------------------------------------------------------------------------


def test_each_course_and_each_walk_is_drawn_with_whether_the_network_started(data, outcomes):
    outcome, panels = outcomes["random_walk"], data["random_walk"]["panels"]
    unit, top = math.log(outcome.config.classes), data["random_walk"]["top"]
    for init, above, below in zip(random_walk.INITS, panels[:3], panels[3:], strict=True):
        mean, deviation = random_walk.walk(
            outcome.config.width, outcome.config.depth, random_walk.gain(init, outcome.config.width)
        )
        least = mean - training_depth.FARTHEST * deviation
        assert init in above["title"]
        assert above["lines"][0]["y"] == [unit, unit]
        for rate, courses, walks in zip(outcome.config.rates, above["courses"], below["walks"], strict=True):
            networks = [each for each in outcome.observed.networks if (each.init, each.rate) == (init, rate)]
            assert courses["losses"] == [[min(loss, top) for loss in each.course.losses] for each in networks]
            started = [max(each.walk, least) for each in networks if each.course.losses[-1] < 0.95 * unit]
            assert walks["started"] == started
            assert Counter(walks["started"] + walks["stayed"]) == Counter(max(each.walk, least) for each in networks)
    assert panels[0]["courses"][1]["losses"][1][-1] == top  # an infinite loss
    assert len([one for each in panels[3:] for rate in each["walks"] for one in rate["started"]]) == 6


def test_shades_are_the_theorems_mean_and_two_standard_deviations(data, outcomes):
    config = outcomes["random_walk"].config
    for init, part in zip(random_walk.INITS, data["random_walk"]["panels"][3:], strict=True):
        at = {"N": config.width, "depth": config.depth - 1, "gain": random_walk.gain(init, config.width)}
        mean, variance = (float(function(name)(activation="relu", **at)) for name in training_depth.WALKS)
        reach = 2 * math.sqrt(variance)
        assert part["predicted"] == [mean - reach, mean, mean + reach]


def test_brackets_are_the_windows_of_the_predicted_chances(data, outcomes):
    config = outcomes["random_walk"].config
    windows = dict(zip(config.rates, random_walk.windows_to_start(config, config.width, config.depth), strict=True))
    for start in outcomes["random_walk"].predicted.starts:
        found = windows[start.rate]
        assert found.chance(start.mean, start.deviation) == start.chance
        part = data["random_walk"]["panels"][3 + random_walk.INITS.index(start.init)]
        drawn = next(each for each in part["walks"] if each["rate"] == f"{start.rate:g}")
        assert drawn["window"] == [found.low, found.high]


def test_errors_are_those_of_each_network_at_the_best_rate_and_diverged_ones_are_marked_so(data, outcomes):
    left, _ = data["parameter_budget"]["panels"]
    spent = outcomes["parameter_budget"].observed.depths
    best = [(some.depth, each.course) for some in spent for each in some.best]
    diverged = [depth for depth, each in best if math.isinf(each.losses[-1])]
    assert [depth for each in left["networks"] for depth in each["above"]] == diverged
    shown = [point for each in left["networks"] for point in each["shown"]]
    assert sorted(shown) == sorted([depth, each.errors[-1]] for depth, each in best if math.isfinite(each.losses[-1]))
    assert [len(each["shown"]) for each in left["networks"]] == [3, 2]  # each rate is the best one somewhere


def started(networks, rate, config):
    return np.mean([each.course.losses[-1] < 0.95 * math.log(config.classes) for each in networks if each.rate == rate])


@pytest.mark.parametrize("name", ["parameter_budget", "tanh_gain"])
def test_shares_that_started_are_beside_the_predicted_chances(data, outcomes, name):
    outcome = outcomes[name]
    config, right = outcome.config, data[name]["panels"][1]
    if name == "tanh_gain":
        predicted, places = outcome.predicted.starts, config.gains
        groups = [[each for each in outcome.observed.networks if each.gain == gain] for gain in places]
        assert {share for each in right["dots"] for share in each["y"]} == {0.5}  # two of `ENDS`
    else:
        predicted, places = outcome.predicted.depths, config.depths
        groups = [each.networks for each in outcome.observed.depths]
    for at, (rate, line, dots) in enumerate(zip(config.rates, right["lines"], right["dots"], strict=True)):
        chances = [each.chances[at] for each in predicted]
        assert f"{rate:g}" in line["label"] == dots["label"]
        assert [line["y"][0], line["y"][-1]] == [chances[0], chances[-1]]
        assert [line["x"][0], line["x"][-1]] == [places[0], places[-1]]
        assert dots["y"] == [started(each, rate, config) for each in groups]
        size = sum(each.rate == rate for each in groups[0])
        assert dots["error"] == [math.sqrt(chance * (1 - chance) / size) for chance in chances]
    assert any(0.01 < chance < 0.99 for each in predicted for chance in each.chances)


def test_losses_of_tanh_networks_off_the_scale_are_marked_so(data, drawn, outcomes):
    found, config = data["tanh_gain"], outcomes["tanh_gain"].config
    (each,) = found["panels"][0]["networks"]
    assert each["above"] == list(config.gains)  # one infinite loss each
    assert len(each["shown"]) == (len(ENDS) - 1) * len(config.gains)
    assert [text.get_text() for text in drawn["tanh_gain"].axes[0].texts] == ["higher"]
    assert (found["works"], found["practice"]) == ((1.1, 1.3), 1.15)


def test_test_errors_are_those_of_each_network_with_their_mean_and_its_error(data, outcomes):
    left, right = data["looks_linear"]["panels"]
    runs = outcomes["looks_linear"].observed.runs
    shown = [tuple(point) for each in right["networks"] for point in each["shown"]]
    assert Counter(shown) == Counter((run.depth, error) for run in runs for error in run.errors)
    for run in runs:
        place = list(training_linear.ARCHITECTURES).index(run.architecture)
        dots = right["dots"][place]
        at = dots["x"].index(run.depth)
        assert dots["y"][at] == np.mean(run.errors)
        assert dots["error"][at] == np.std(run.errors, ddof=1) / math.sqrt(3)
    assert right["lines"][0]["y"] == [GUESSING] * 2
    assert left["lines"][-1]["y"] == [1.0, 1.0]


def test_agreement_of_gradients_is_that_of_the_theorems(data, outcomes):
    config, left = outcomes["looks_linear"].config, data["looks_linear"]["panels"][0]
    he, residual, linear, _ = left["lines"]
    relu, normalized = map(function, training_linear.GRADIENTS)
    assert he["y"] == [(config.batch - 1) * float(relu(depth=depth, correlation=0)) for depth in he["x"]]
    assert residual["y"] == [(config.batch - 1) * float(normalized(depth=depth, beta=1)) for depth in residual["x"]]
    assert set(linear["y"]) == {config.batch - 1}
    whole = {each.architecture for each in outcomes["looks_linear"].predicted if each.correlation == 1}
    assert whole == {*training_linear.NEVER_SHATTER}  # for all of which that one line stands


def test_steps_are_those_of_each_network_and_those_that_never_arrived_are_marked_so(data, drawn, outcomes):
    found, config = data["deep_linear"], outcomes["deep_linear"].config
    for law, each in zip(training_linear.LAWS, found["panels"][0]["networks"], strict=True):
        assert law in each["label"]
        assert Counter(map(tuple, each["shown"])) == Counter(
            (d, factor * d) for d in config.depths for factor in (1, 4)
        )
        assert each["above"] == list(config.depths)
    left = drawn["deep_linear"].axes[0]
    never = [line for line in left.get_lines() if line.get_markerfacecolor() == "none"]
    assert [line.get_ydata()[0] for line in never] == [found["never"]] * 2 * len(config.depths)
    assert found["never"] > config.steps
    assert [text.get_text() for text in left.texts] == ["never"]


def test_the_level_of_orthogonal_weights_is_flat_at_the_geometric_mean_of_what_arrived(data):
    (level,) = data["deep_linear"]["panels"][0]["lines"]
    # steps 2, 8, 8, 32; exp and log of it round to a few units of 2^-53
    assert level["y"][0] == level["y"][1] == pytest.approx(8, rel=16 * 2.0**-53)


def test_walks_of_normal_weights_are_the_theorems_and_those_of_orthogonal_ones_stay(data, outcomes):
    config, part = outcomes["deep_linear"].config, data["deep_linear"]["panels"][1]
    orthogonal, normal = part["lines"]
    assert set(orthogonal["y"]) == {0.0}
    for at, depth in enumerate(normal["x"]):
        given_at = {"N": config.width, "depth": depth, "gain": 1, "activation": "linear"}
        mean, variance = (float(function(name)(**given_at)) for name in training_linear.WALKS)
        assert normal["y"][at] == mean
        assert [part["band"]["low"][at], part["band"]["high"][at]] == [
            mean - 2 * variance**0.5,
            mean + 2 * variance**0.5,
        ]


def test_more_learning_rates_than_looks_are_refused(outcomes, monkeypatch):
    outcome = outcomes["tanh_gain"]
    many = replace(outcome, config=replace(outcome.config, rates=(0.01,) * 4))
    monkeypatch.setattr(training_depth, "required", lambda name: many)
    monkeypatch.setattr(training_depth, "PLACES", 2)
    with pytest.raises(ValueError, match="zip"):
        PICTURES["tanh_gain"].data()
