"""Figures of when networks start and of convolutions' lengths: the experiments' networks and chances, and no others."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.evidence.kept import Kept, keeping
from numerics.training.experiments import convolution_lengths, ranks, residual_start, start, start_laws
from numerics.training.experiments.shares import Shares, shares_of
from papers.claims import hanin2018start
from papers.figures import training_lengths, training_start
from papers.figures.picture import as_json, as_kept
from papers.figures.starts import BEYOND
from papers.figures.style import FULL, style
from papers.training import Outcome

PICTURES = {picture.name: picture for picture in (*training_start.PICTURES, *training_lengths.PICTURES)}
EXPERIMENTS = {
    "start": start,
    "start_laws": start_laws,
    "residual_start": residual_start,
    "convolution_lengths": convolution_lengths,
}
SHARES = Shares(0.01, 0.9)
ROUNDING = 8 * 2.0**-53  # of at most eight operations with numbers of one sign, relative

steps = st.one_of(st.just(math.inf), st.integers(0, 4).map(lambda count: 10.0 * count))


def small(name):
    """The settings of size s, with what these predict."""
    experiment = EXPERIMENTS[name]
    config = experiment.SIZES["s"]
    if name != "convolution_lengths":
        shares_of.keep(SHARES, config.data, config.examples, config.classes)
    return config, experiment.predictions(config)


@pytest.fixture(scope="module")
def predicted():
    with keeping():
        return {name: small(name) for name in EXPERIMENTS}


def cells(name, config, expected):
    """What names each observed set of networks, in the experiment's order."""
    if name == "start":
        return [(each.family, each.sum, each.depth) for each in expected.lengths]
    if name == "start_laws":
        return [(law, depth) for depth in config.depths for law in start_laws.LAWS]
    return [(each.base, each.depth, rate) for each in expected.growths for rate in config.rates]


def outcome(name, predicted, drawn):
    """With the steps that are drawn in turn, as many networks in each cell as in the first list."""
    config, expected = predicted[name]
    module = EXPERIMENTS[name]
    starts = tuple(module.Starts(*cell, tuple(next(drawn) for _ in range(3))) for cell in cells(name, config, expected))
    observed = module.Observations(config, "made by hand", starts)
    return Outcome(name, "s", config, Kept(f"{name}.observe()", "", None, 0.0, ""), expected, observed, ())


def lengths(predicted):
    """Ratios about the predicted ones, with errors that differ from layer to layer."""
    config, expected = predicted["convolution_lengths"]
    found = []
    for at, each in enumerate(expected.factors):
        ratios = tuple(each.factor * (1 + 0.01 * (at + layer)) for layer in range(config.depth))
        errors = tuple(0.02 * ratio * (1 + layer) for layer, ratio in enumerate(ratios))
        found.append(convolution_lengths.Lengths(each.law, (each.factor,) * config.networks, ratios, errors))
    observed = convolution_lengths.Observations(config, "made by hand", tuple(found))
    kept = Kept("convolution_lengths.observe()", "", None, 0.0, "")
    return Outcome("convolution_lengths", "s", config, kept, expected, observed, ())


def cycled():
    return itertools.cycle([10.0, math.inf, 30.0, math.inf, 0.0, math.inf, 40.0])


def data_of(picture, found):
    """The data of a picture where an experiment has that outcome."""
    module = training_lengths if picture == "training_convolution_lengths" else training_start
    with pytest.MonkeyPatch.context() as patch, keeping():
        patch.setattr(module, "required", lambda name: found if name == found.name else pytest.fail(name))
        if picture != "training_convolution_lengths":
            shares_of.keep(SHARES, found.config.data, found.config.examples, found.config.classes)
        return PICTURES[picture].data()


@pytest.fixture(scope="module")
def outcomes(predicted):
    starting = {f"training_{name}": outcome(name, predicted, cycled()) for name in EXPERIMENTS if "start" in name}
    return {**starting, "training_convolution_lengths": lengths(predicted)}


@pytest.fixture(scope="module")
def data(outcomes):
    return {name: data_of(name, found) for name, found in outcomes.items()}


@pytest.fixture(scope="module")
def drawn(data):
    with style():
        return {name: PICTURES[name].draw(as_kept(found)) for name, found in data.items()}


STARTING = ("start", "start_laws", "residual_start")


def in_the_data(name, found):
    """For each column and series of a figure, by its place, steps and chance."""
    figure = data_of(f"training_{name}", found)
    half = len(figure["panels"]) // 2
    for above, below in zip(figure["panels"][:half], figure["panels"][half:], strict=True):
        for series, line, dots in zip(above["networks"], below["lines"], below["dots"], strict=True):
            assert series["x"] == line["x"] == dots["x"]
            rows = (series["x"], series["steps"], series["medians"], line["y"], dots["y"], dots["error"])
            for cell in zip(*rows, strict=True):
                yield above["title"], series["label"], *cell


def in_the_evidence(name, found):
    """Title, label, place, steps and chance of each cell; those of the experiment start by the sum and by the depth."""
    if name == "start":
        chances = {(each.family, each.sum): each.chance for each in found.predicted.lengths}
        for start in found.observed.starts:
            for place in (start.sum, start.depth):
                yield start.family, place, start.steps, chances[start.family, start.sum]
    elif name == "start_laws":
        chances = {(each.law, each.depth): each.chance for each in found.predicted.lengths}
        for start in found.observed.starts:
            yield training_start.LAWS[start.law], start.depth, start.steps, chances[start.law, start.depth]
    else:
        chances = {(each.base, each.depth): each.chances for each in found.predicted.growths}
        for start in found.observed.starts:
            at = found.config.rates.index(start.rate)
            title = rf"$\eta_l={start.base:g}^{{\,l}}$" if start.base != 1 else r"$\eta_l=1$"
            label = f"{title} rate {start.rate:g}"
            yield label, start.depth, start.steps, chances[start.base, start.depth][at]


def named(name, title, label):
    """How ``in_the_evidence`` names a series."""
    return {"start": label, "start_laws": title.rpartition("\n")[0], "residual_start": f"{title} {label}"}[name]


@pytest.mark.parametrize("name", STARTING)
@settings(max_examples=25)
@given(drawn=st.lists(steps, min_size=60, max_size=60))
def test_each_network_is_there_beside_its_chance_and_none_other(predicted, name, drawn):
    found = outcome(name, predicted, itertools.cycle(drawn))  # three networks in each of at most 20 cells
    left = list(in_the_evidence(name, found))
    for title, label, place, seen, median, chance, share, error in in_the_data(name, found):
        as_evidence = tuple(math.inf if step is None else step for step in seen)
        left.remove((named(name, title, label), place, as_evidence, chance))
        assert sorted(as_evidence)[1] == (math.inf if median is None else median)
        assert share == sum(math.isfinite(step) for step in as_evidence) / 3
        # four operations, each rounded once
        assert math.isclose(3 * error**2, chance * (1 - chance), rel_tol=ROUNDING)
    assert not left


@settings(max_examples=25)
@given(drawn=st.lists(steps, min_size=36, max_size=36).filter(lambda drawn: len(set(drawn)) > 1))
def test_titles_have_the_shares_that_sum_and_depth_explain(predicted, drawn):
    found = outcome("start", predicted, iter(drawn))
    titles = [part["title"] for part in data_of("training_start", found)["panels"][:2]]
    every = [(step, each) for each in found.observed.starts for step in each.steps]
    for title, place in zip(titles, ("sum", "depth"), strict=True):
        share = ranks.explained([step for step, _ in every], [getattr(each, place) for _, each in every])
        assert place in title
        assert f"{share:.0%}" in title


def test_laws_are_told_apart_by_what_becomes_of_the_mean_length(data):
    labels = [part["networks"][0]["label"] for part in data["training_start_laws"]["panels"][:7]]
    assert labels == ["mean length grows", *["mean length kept"] * 2, *["mean length shrinks"] * 4]


@pytest.mark.parametrize("name", STARTING)
def test_never_is_open_on_a_line_of_its_own_above_the_last_step(data, drawn, outcomes, name):
    found, figure = outcomes[f"training_{name}"], drawn[f"training_{name}"]
    never, tops = BEYOND * found.config.steps, figure.axes[: len(figure.axes) // 2]
    count = {True: 0, False: 0}
    for line in (line for axes in tops for line in axes.get_lines() if line.get_marker() not in ("", "None")):
        for height in line.get_ydata():
            assert (line.get_markerfacecolor() == "white") is bool(height == never)
            assert height == never or height <= found.config.steps < never
            count[bool(height == never)] += 1
    networks = [series for part in data[f"training_{name}"]["panels"] for series in part.get("networks", ())]
    marked = [step for series in networks for cell in (*series["steps"], series["medians"]) for step in cell]
    assert count == {True: marked.count(None), False: len(marked) - marked.count(None)}
    assert min(count.values()) > 0
    names = dict(zip(tops[0].get_yticks(), tops[0].get_yticklabels(), strict=True))
    assert names[never].get_text() == "never"


# --- lengths -------------------------------------------------------------------------------------------------------


def test_lines_of_lengths_are_straight_from_the_first_layer_to_the_predicted_exponent(data, outcomes):
    lines = data["training_convolution_lengths"]["panels"][0]["lines"]
    factors = {
        training_lengths.LAWS[each.law][0]: each for each in outcomes["training_convolution_lengths"].predicted.factors
    }
    depth = outcomes["training_convolution_lengths"].config.depth
    for line in lines:
        each = factors[line["label"]]
        assert line["x"] == [0, 1, depth]
        assert line["y"][0] == 0
        assert line["y"][2] == each.exponent
        # differences of numbers below 8, which are each rounded
        assert math.isclose(line["y"][2] - line["y"][1], (depth - 1) * math.log10(each.factor), abs_tol=8 * 2.0**-49)
    assert [line["label"] for line in lines] == [
        label for label in factors if label not in ("He, uniform", "Glorot, uniform")
    ]


def test_dots_of_lengths_are_products_of_ratios_and_the_last_has_the_experiments_error(data, outcomes):
    powers, quotients = data["training_convolution_lengths"]["panels"]
    found = outcomes["training_convolution_lengths"]
    rows = (found.observed.lengths, found.predicted.factors, powers["dots"], quotients["dots"])
    for seen, expected, dots, over in zip(*rows, strict=True):
        assert dots["label"] == over["label"] == training_lengths.LAWS[seen.law][0]
        exact = np.log10([np.prod(seen.layers[:layer]) for layer in dots["x"]])
        # sums of eight logarithms of at most 1, and those of products
        assert np.allclose(dots["y"], exact, rtol=0, atol=32 * 2.0**-53 * found.config.depth)
        assert dots["x"][-1] == found.config.depth
        assert np.allclose((dots["y"][-1], dots["error"][-1]), seen.exponent, rtol=0, atol=64 * 2.0**-53 * 8)
        assert math.isclose(over["y"][-1], seen.exponent[0] - expected.exponent, abs_tol=64 * 2.0**-53 * 8)
        assert over["error"] == dots["error"] == sorted(dots["error"])


def test_printed_powers_are_those_of_the_claim_relative_to_hes(data):
    claim = next(claim for claim in hanin2018start.CLAIMS if claim.id == "H-09")
    double, he, *others = map(float, claim.printed.args)
    printed = data["training_convolution_lengths"]["printed"]["exponents"]
    assert printed == [power - he for power in (double, *others)]


# --- all -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_data_are_small_json_that_name_their_evidence_and_theorems(data, outcomes, name):
    text = as_json(data[name])
    assert len(text) < 150_000
    assert json.loads(text)["sources"] == data[name]["sources"]
    kinds = [source["kind"] for source in data[name]["sources"].values()]
    assert set(kinds) == {"theorem", "measurement"}
    assert outcomes[name].kept.name in data[name]["sources"]


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_hangs_over_the_edge(drawn, name):
    figure = drawn[name]
    with style():
        around = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert width == FULL
    assert 0 <= around.x0 < around.x1 <= width
    assert 0 <= around.y0 < around.y1 <= height
