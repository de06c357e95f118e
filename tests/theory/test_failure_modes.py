"""Failure modes: values against independent small computations, by exact enumeration wherever a law is finite."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
import sympy as sp
import torch
from flint import acb, arb
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import evaluate
from theory.failure_modes.initialisations import INITIALISATIONS
from theory.proof.balls import ball, enclose, precision
from theory.proof.domains import OutOfDomain
from theory.proof.library import find

Law = dict[Fraction, Fraction]  # value: probability


def value_of(name: str, digits: int = 25, form: str = "plain", **arguments: object) -> arb:
    theorem = find(f"failure_modes.{name}")
    chosen, values = theorem.bind(arguments)
    assert theorem.verdict.stands
    derivation = theorem.derivation(*chosen)
    line = derivation.statement.right if form == "plain" else getattr(derivation, form)
    return enclose(line, theorem.environment(values), digits)


def exactly(value: Fraction | int) -> arb:
    return ball(sp.Rational(value), {}, 300)


# --- brute force, knowing nothing of the theorems ------------------------------------------------------------------


def symmetric_law(sizes: Sequence[tuple[Fraction, int]], zero: int) -> Law:
    law: Law = {}
    total = 2 * sum(weight for _, weight in sizes) + zero
    for size, weight in sizes:
        for value in (size, -size):
            law[value] = law.get(value, Fraction(0)) + Fraction(weight, total)
    if zero:
        law[Fraction(0)] = law.get(Fraction(0), Fraction(0)) + Fraction(zero, total)
    return law


def moment(law: Law, power: int) -> Fraction:
    return sum((value**power * chance for value, chance in law.items()), Fraction(0))


def outcomes(law: Law, count: int) -> Iterator[tuple[tuple[Fraction, ...], Fraction]]:
    for draws in itertools.product(law.items(), repeat=count):
        yield tuple(value for value, _ in draws), math.prod((chance for _, chance in draws), start=Fraction(1))


def layer(law: Law, biases: Law, fan_out: int, below: tuple[Fraction, ...]) -> dict[tuple[Fraction, ...], Fraction]:
    """The law of relu(W below + b), row by row."""
    unit: Law = {}
    for weights, chance in outcomes(law, len(below)):
        for bias, also in biases.items():
            s = max(sum(w * h for w, h in zip(weights, below, strict=True)) + bias, Fraction(0))
            unit[s] = unit.get(s, Fraction(0)) + chance * also
    return {
        units: math.prod((unit[each] for each in units), start=Fraction(1))
        for units in itertools.product(unit, repeat=fan_out)
    }


def paths(
    widths: Sequence[int], laws: Sequence[Law], biases: Law, start: tuple[Fraction, ...]
) -> Iterator[tuple[list[Fraction], Fraction]]:
    """The lengths M_0, ..., M_d of every outcome with its probability."""
    states = [([length(start)], start, Fraction(1))]
    for fan_out, law in zip(widths[1:], laws, strict=True):
        states = [
            ([*seen, length(new)], new, chance * step)
            for seen, below, chance in states
            for new, step in layer(law, biases, fan_out, below).items()
        ]
    return ((seen, chance) for seen, _, chance in states)


def length(units: tuple[Fraction, ...]) -> Fraction:
    return sum((each**2 for each in units), Fraction(0)) / len(units)


NONE: Law = {Fraction(0): Fraction(1)}
# variance 2/fan-in and the fourth moment of a normal law: 5 values for a fan-in of 1 and of 2
LIKE_NORMAL = {
    1: symmetric_law([(Fraction(1), 27), (Fraction(3), 5)], 8),
    2: symmetric_law([(Fraction(1), 2), (Fraction(2), 1)], 6),
}
sizes = st.fractions(Fraction(1, 2), 3, max_denominator=3)
laws = st.builds(
    symmetric_law, st.lists(st.tuples(sizes, st.integers(1, 3)), min_size=1, max_size=2), st.integers(0, 2)
)
entries = st.integers(-3, 3).map(Fraction)


# --- lengths -------------------------------------------------------------------------------------------------------


@given(biases=laws, start=st.tuples(entries, entries), size=st.fractions(Fraction(1, 3), 3, max_denominator=4))
@settings(max_examples=15, deadline=None)
def test_the_mean_length_is_that_of_every_symmetric_network(biases, start, size) -> None:
    widths = (2, 1, 2)  # so the second layer's weights have twice the variance of the first one's
    laws_ = (symmetric_law([(size, 1)], 0), symmetric_law([(2 * size, 1)], 2))
    average = sum((seen[-1] * chance for seen, chance in paths(widths, laws_, biases, start)), Fraction(0))
    derived = value_of(
        "mean_length", widths=widths, scale=size**2, bias_variance=moment(biases, 2), input_length=length(start)
    )
    assert derived.overlaps(exactly(average))


@given(law=laws, biases=laws, start=st.lists(entries, min_size=1, max_size=2).map(tuple), fan_out=st.integers(1, 2))
@settings(max_examples=25, deadline=None)
def test_the_second_moment_step_is_that_of_every_symmetric_law_with_ties_and_biases(
    law, biases, start, fan_out
) -> None:
    # h is scaled so that the weights have He's variance: only the products w h matter
    variance, fan_in = moment(law, 2), len(start)
    square = Fraction(fan_in) * variance / 2  # (scale of h)^2
    fourth = sum((h**4 for h in start), Fraction(0)) * square**2 / fan_in**2
    average = sum(
        (length(units) ** 2 * chance for units, chance in layer(law, biases, fan_out, start).items()), Fraction(0)
    )
    derived = value_of(
        "second_moment_step",
        width_in=fan_in,
        width_out=fan_out,
        kurtosis=moment(law, 4) / variance**2,
        length=length(start) * square,
        bias_variance=moment(biases, 2),
        bias_kurtosis=moment(biases, 4) / moment(biases, 2) ** 2,
        fourth_power=fourth,
    )
    assert derived.overlaps(exactly(average))


@pytest.mark.parametrize("widths", [(1, 1), (1, 2), (2, 1, 1), (1, 2, 1), (1, 1, 1, 1), (2, 2, 1)])
def test_second_moment_and_layer_variance_are_those_of_weights_like_normal_ones(widths: tuple[int, ...]) -> None:
    start = tuple(Fraction(each) for each in (3, -1)[: widths[0]])
    depth = len(widths) - 1
    second = variance = Fraction(0)
    for seen, chance in paths(widths, [LIKE_NORMAL[fan_in] for fan_in in widths[:-1]], NONE, start):
        second += seen[-1] ** 2 * chance
        variance += (sum(m**2 for m in seen[1:]) / depth - (sum(seen[1:]) / depth) ** 2) * chance
    assert value_of("second_moment", widths=widths).overlaps(exactly(second / length(start) ** 2))
    for form in ("plain", "stable"):
        exact = ball(_line("layer_variance", form), _environment("layer_variance", widths=widths), 200)
        assert exact.overlaps(exactly(variance / length(start) ** 2))


def _line(name: str, form: str) -> sp.Expr:
    derivation = find(f"failure_modes.{name}").derivation()
    return derivation.statement.right if form == "plain" else getattr(derivation, form)


def _environment(name: str, **arguments: object) -> dict[sp.Basic, object]:
    theorem = find(f"failure_modes.{name}")
    return theorem.environment(theorem.bind(arguments)[1])


@given(widths=st.lists(st.integers(1, 10**6), min_size=2, max_size=50), seed=st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_second_moment_does_not_see_the_order_of_the_layers(widths: list[int], seed) -> None:
    shuffled = widths[1:]
    seed.shuffle(shuffled)
    order = [value_of("second_moment", widths=(widths[0], *each)) for each in (widths[1:], shuffled)]
    assert order[0].overlaps(order[1])


@given(middle=st.integers(0, 4), a=st.integers(1, 50), b=st.integers(1, 50), rest=st.integers(1, 50))
@settings(max_examples=20, deadline=None)
def test_exchanging_neighbours_changes_the_layer_variance_as_stated(middle: int, a: int, b: int, rest: int) -> None:
    widths = [rest] * 7
    depth, at = 6, middle + 1
    widths[at], widths[at + 1] = a, b
    other = [*widths[:at], b, a, *widths[at + 2 :]]
    one, two = (
        ball(_line("layer_variance", "plain"), _environment("layer_variance", widths=w), 200) for w in (widths, other)
    )
    before = (1 + Fraction(5, rest)) ** (at - 1)
    stated = Fraction(5 * (2 * at - 1 - depth), depth**2) * (Fraction(1, a) - Fraction(1, b)) * before
    assert (one - two).overlaps(exactly(stated))


@given(law=laws, start=st.tuples(entries.filter(bool)), widths=st.sampled_from([(1, 1, 1), (1, 2, 1), (1, 3)]))
@settings(max_examples=15, deadline=None)
def test_second_moments_of_every_symmetric_law_lie_between_the_bounds(law, start, widths) -> None:
    variance = moment(law, 2)
    scale = Fraction(1)
    for fan_in in widths[:-1]:
        scale *= fan_in * variance / 2  # what He's variance would have made 1
    states = paths(widths, [law] * (len(widths) - 1), NONE, start)
    second = sum((seen[-1] ** 2 * chance for seen, chance in states), Fraction(0)) / (length(start) * scale) ** 2
    reciprocals = sum(Fraction(1, width) for width in widths[1:])
    constant = max(Fraction(5), 2 * moment(law, 4) / variance**2 - 1)
    assert ball(sp.exp(sp.log(2) * sp.Rational(reciprocals)), {}, 100) <= exactly(second)
    assert exactly(second) <= ball(sp.exp(sp.Rational(constant * reciprocals)), {}, 100)


@given(widths=st.lists(st.integers(1, 10**6), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_equal_widths_have_the_least_sum_of_reciprocals(widths: list[int]) -> None:
    shown = find("failure_modes.equal_widths").derivation().statement
    env = {
        sp.Symbol("d", integer=True, nonnegative=True): len(widths),
        sp.IndexedBase("n", integer=True, positive=True): (0, *widths).__getitem__,
    }
    low, high = (ball(side, env, 200) for side in (shown.left, shown.right))
    assert not low > high
    assert low.overlaps(exactly(Fraction(len(widths) ** 2, sum(widths))))


# --- logarithms and dead layers ------------------------------------------------------------------------------------


def test_log_lengths_of_one_and_two_units_are_known_in_closed_form() -> None:
    gamma, log2, pi2 = sp.EulerGamma, sp.log(2), sp.pi**2
    # one unit: ln 2 g^2.  Two: with probability 2/3 ln g^2, with 1/3 ln(g^2 + h^2), an exponential variable of mean 2
    one = (-gamma, pi2 / 2)
    squares = sp.Rational(2, 3) * (pi2 / 2 + (gamma + log2) ** 2) + sp.Rational(1, 3) * (pi2 / 6 + (log2 - gamma) ** 2)
    two_mean = -gamma - log2 / 3
    two = (two_mean, squares - two_mean**2)
    for width, known in ((1, one), (2, two)):
        for name, value in zip(("mean", "variance"), known, strict=True):
            for form in ("plain", "rigorous"):
                derived = value_of(f"log_length_{name}", widths=(3, width), form=form)
                assert derived.overlaps(ball(value, {}, 200))


@given(widths=st.lists(st.integers(1, 60), min_size=2, max_size=8))
@settings(max_examples=5, deadline=None)
def test_log_lengths_add_over_layers_in_every_form(widths: list[int]) -> None:
    for name in ("log_length_mean", "log_length_variance"):
        single = sum((value_of(name, widths=(1, width)) for width in widths[1:]), arb(0))
        for form in ("plain", "rigorous"):
            assert value_of(name, widths=widths, form=form).overlaps(single)
        found = evaluate.function(f"failure_modes.{name}")(widths=widths)
        assert abs(found - float(single)) < 1e-12 * (1 + abs(float(single)))  # GAIN_ERROR for each of at most 8 layers


def test_wide_and_deep_networks_have_log_lengths() -> None:
    widths = (1, *(10**6,) * 50)
    for name, first in (("log_length_mean", Fraction(-5, 2)), ("log_length_variance", Fraction(5))):
        value = value_of(name, 12, form="rigorous", widths=widths)
        # one term of the series in 1/n; the second, of 49/12 and 37/2 over n^2, is far below a millionth part of it
        assert abs(value / exactly(first * 50 / 10**6) - 1) < arb(10) ** -5
        assert evaluate.function(f"failure_modes.{name}")(widths=widths) == pytest.approx(float(value), rel=1e-9)


def _dies(widths: tuple[int, ...]) -> Fraction:
    law = symmetric_law([(Fraction(1), 1), (Fraction(7, 3), 1)], 0)
    start = (Fraction(5), Fraction(1, 11))[: widths[0]]
    states = paths(widths, [law] * (len(widths) - 1), NONE, start)
    return sum((chance for seen, chance in states if min(seen) == 0), Fraction(0))


# above the input, whose entries are generic, a fan-in of 1 has no ties
@pytest.mark.parametrize("widths", [(2, 1), (1, 2), (2, 2), (2, 1, 2), (1, 1, 1, 1)])
def test_dead_layers_are_counted_with_their_probability(widths: tuple[int, ...]) -> None:
    assert value_of("dead_layer_probability", widths=widths).overlaps(exactly(_dies(widths)))


def test_ties_kill_more_layers() -> None:
    widths = (2, 2, 1)  # equal units below may cancel
    assert value_of("dead_layer_probability", widths=widths) < exactly(_dies(widths))


def test_the_probability_of_a_dead_layer_has_digits_where_it_is_tiny() -> None:
    with precision(200):
        ratio = value_of("dead_layer_probability", widths=(1, 1000, 1000)) / (arb(2) ** -999)
        assert abs(ratio - 1) < arb(2) ** -80  # two equal layers: twice 2^-1000, less 2^-2000


# --- initialisations -----------------------------------------------------------------------------------------------


@given(cut=st.fractions(Fraction(1, 1000), 12))
@settings(max_examples=20, deadline=None)
def test_the_truncated_variance_is_that_of_the_cut_density(cut: Fraction) -> None:
    def integral(power: int) -> acb:
        return acb.integral(lambda t, analytic: t**power * (-t * t / 2).exp(), -acb(exactly(cut)), acb(exactly(cut)))

    with precision(120):
        direct = (integral(2) / integral(0)).real
    derived = value_of("truncated_normal_variance", cut=cut)
    assert derived.overlaps(direct)
    found = evaluate.function("failure_modes.truncated_normal_variance")(cut=cut)
    assert found == pytest.approx(float(derived), rel=1e-14)  # quadrature: 1e-15 of positive integrands, and a quotient


@given(fan_in=st.integers(1, 10**6), fan_out=st.integers(1, 10**6))
@settings(max_examples=10, deadline=None)
def test_length_factors_are_half_the_fan_in_times_the_variance(fan_in: int, fan_out: int) -> None:
    kept = value_of("truncated_normal_variance", cut=2)
    variances = {"he": Fraction(2, fan_in), "glorot": Fraction(2, fan_in + fan_out), "lecun": Fraction(1, fan_in)}
    for init in INITIALISATIONS:
        derived = value_of("length_factor", init=init, fan_in=fan_in, fan_out=fan_out)
        if init == "torch_linear":
            assert derived.overlaps(exactly(Fraction(1, 6)))
            continue
        name, law = init.split("_")
        assert derived.overlaps(exactly(fan_in * variances[name] / 2) * (kept if law == "truncated" else 1))


def test_torchs_linear_layer_draws_from_the_interval_assumed() -> None:
    weight = torch.nn.utils.skip_init(torch.nn.Linear, 400, 300).weight
    with torch.no_grad():
        torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=torch.Generator().manual_seed(1))
    assert float(weight.abs().max().detach()) <= 1 / 20
    # of 120,000 uniform draws the largest exceeds 0.999 of the end but for a chance of 0.999^120000 < 1e-52
    assert float(weight.abs().max().detach()) > 0.999 / 20


# --- residual networks and convolutions ----------------------------------------------------------------------------


@given(scales=st.lists(st.fractions(-2, 2, max_denominator=10), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_residual_lengths_follow_their_recursion(scales: list[Fraction]) -> None:
    lengths, mean = 1.0, 0.0
    for scale in map(float, scales):
        relu = math.sqrt(lengths / math.pi)
        lengths, mean = lengths * (1 + scale**2) + 2 * scale * mean * relu, mean + scale * relu
    found = float(value_of("resnet_mean_length", scales=scales, module="relu"))
    bound = (
        8 * len(scales) * math.prod((1 + abs(float(scale))) ** 2 for scale in scales)
    )  # size of the terms that cancel
    assert abs(found - lengths) < bound * 2.0**-52
    product = math.prod((1 + 2 * scale**2 for scale in scales), start=Fraction(1))
    assert value_of("resnet_mean_length", scales=scales, module="linear").overlaps(exactly(product))


@given(first=st.fractions(0, 3), second=st.fractions(0, 3))
@settings(max_examples=10, deadline=None)
def test_two_rectifier_modules_in_closed_form(first: Fraction, second: Fraction) -> None:
    one, two = sp.Rational(first), sp.Rational(second)
    known = (1 + one**2) * (1 + two**2) + 2 * one * two * sp.sqrt(1 + one**2) / sp.pi
    assert value_of("resnet_mean_length", scales=(first, second), module="relu").overlaps(ball(known, {}, 200))


def _average_over_filters(row: list[float], kernel: int, mode: str) -> float:
    """The exact mean of the squared rectified output of torch's convolution over all filters of signs."""
    y = torch.tensor(row, dtype=torch.float64)[None, None]
    pad = ((kernel - 1) // 2, kernel // 2)
    padded = torch.nn.functional.pad(y, pad, mode=mode)
    total = 0.0
    for signs in itertools.product((-1.0, 1.0), repeat=kernel):
        out = torch.nn.functional.conv1d(padded, torch.tensor(signs, dtype=torch.float64)[None, None])
        total += float((torch.relu(out) ** 2).mean()) * 2 / kernel / 2**kernel  # variance 2/kernel in place of 1
    return total


@given(row=st.lists(st.integers(-3, 3), min_size=3, max_size=6), kernel=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_torchs_convolutions_keep_the_length_with_circular_padding_and_lose_the_ends_with_zeros(row, kernel) -> None:
    squares = [float(each) ** 2 for each in row]
    mean = sum(squares) / len(row)
    # 100 operations on numbers of size at most 81
    assert abs(_average_over_filters([float(e) for e in row], kernel, "circular") - mean) < 100 * 81 * 2.0**-52
    lost = (squares[0] + squares[-1]) / 3 / len(row)
    assert abs(_average_over_filters([float(e) for e in row], 3, "constant") - (mean - lost)) < 100 * 81 * 2.0**-52


# --- everything answers --------------------------------------------------------------------------------------------

EXAMPLES: dict[str, dict[str, object]] = {
    "mean_length": {"widths": (3, 4, 5), "scale": Fraction(9, 10), "bias_variance": Fraction(1, 10), "input_length": 2},
    "second_moment": {"widths": (4, 5, 3, 6)},
    "layer_variance": {"widths": (4, 5, 3, 6)},
    "log_length_mean": {"widths": (4, 5, 3, 6)},
    "log_length_variance": {"widths": (4, 5, 3, 6)},
    "dead_layer_probability": {"widths": (4, 5, 3, 6)},
    "second_moment_step": {
        **{"width_in": 3, "width_out": 4, "kurtosis": Fraction(9, 5), "length": 2, "bias_variance": Fraction(1, 3)},
        **{"bias_kurtosis": 1, "fourth_power": 2},
    },
    "truncated_normal_variance": {"cut": 2},
    "length_factor": {"init": "glorot_truncated", "fan_in": 3, "fan_out": 5},
    "linear_module_second_moment": {"scale": Fraction(-1, 2), "width": 3, "hidden": 5},
    "resnet_mean_length": {"scales": (1, Fraction(1, 2)), "module": "relu"},
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_values_enclosures_and_floats_agree(name: str) -> None:
    full, arguments = f"failure_modes.{name}", EXAMPLES[name]
    text, enclosure = (f(full, 30, **arguments) for f in (evaluate.value, evaluate.enclosure))
    middle, radius = Fraction(enclosure.midpoint), Fraction(enclosure.radius)
    assert abs(Fraction(text) - middle) <= radius + Fraction(1, 10**29) * abs(middle)  # a unit of the 30th digit
    for backend in ("numpy", "torch"):
        found = Fraction(float(evaluate.function(full, backend)(**arguments)))
        # 1e-12: the integrals of the logarithm's variance, kernel and majorant included; the rest is below 1e-14
        assert abs(found - middle) <= radius + Fraction(1, 10**12) * abs(middle)


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("second_moment", {"widths": (4, 0)}, "widths must be a list"),
    ("second_moment", {"widths": (4,)}, "at least 2"),
    ("mean_length", {"widths": (4, 2), "scale": -1, "bias_variance": 0, "input_length": 1}, "scale must be"),
    ("mean_length", {"widths": (4, 2), "scale": 1, "input_length": 1}, "bias_variance is missing"),
    ("second_moment_step", {**EXAMPLES["second_moment_step"], "kurtosis": Fraction(1, 2)}, "kurtosis must be"),
    ("second_moment_step", {**EXAMPLES["second_moment_step"], "fourth_power": 5}, "between 4/3 and 4, not 5"),
    ("second_moment_step", {**EXAMPLES["second_moment_step"], "fourth_power": 1}, "fourth_power must lie"),
    ("truncated_normal_variance", {"cut": 0}, "cut must be a number > 0"),
    ("length_factor", {"init": "orthogonal", "fan_in": 3, "fan_out": 5}, "init must be one of he_normal"),
    ("resnet_mean_length", {"scales": (), "module": "relu"}, "scales must be a list"),
    ("resnet_mean_length", {"scales": (1,), "module": "tanh"}, "module must be one of"),
    ("log_length_mean", {"widths": (4, Fraction(5, 2))}, "widths must be a list"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), REFUSED)
def test_values_outside_the_domains_are_refused(name: str, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(OutOfDomain, match=message):
        find(f"failure_modes.{name}").bind(arguments)
