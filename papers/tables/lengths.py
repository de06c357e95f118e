"""The failure modes of Hanin and Rolnick (2018): mean lengths by initialisation, their fluctuation by the pattern of widths.

FM1 is a mean length that grows or shrinks exponentially with depth, FM2 a variance of the lengths over the layers of one
network that does; He's weights have the second alone.  Patterns are compared for one number of neurons, N d.
Reference: hanin2018start.  Assumptions: those of the theorems, which the notes repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal
from fractions import Fraction

import sympy as sp

from numerics.evaluate import function, value
from numerics.evaluate.exact import rational
from papers.table import Cell, Column, Table
from papers.tables.notes import DIGITS, exact, resting_on
from theory.failure_modes.initialisations import INITIALISATIONS
from theory.probability.expectation import E
from theory.proof.library import find
from theory.symbols import N, d, j, n

WIDTHS, DEPTHS = (20, 100), (5, 25)  # 25 layers of 20 units and 5 of 100 are 500 neurons either way
Widths = tuple[int, ...]
MEAN, MOMENT, VARIANCE = "failure_modes.mean_length", "failure_modes.second_moment", "failure_modes.layer_variance"
RECIPROCALS, LOGARITHM = "failure_modes.equal_widths", "failure_modes.log_length_variance"
DEAD, FACTOR = "failure_modes.dead_layer_probability", "failure_modes.length_factor"
_M, _M0 = sp.symbols("M M_0")  # the lengths of the last layer and of the input


# --- patterns of widths --------------------------------------------------------------------------------------------


def constant(mean: int, depth: int) -> Widths:
    """Every layer as wide as the mean."""
    return (mean,) * depth


def pyramid(mean: int, depth: int) -> Widths:
    """From half as much again down to half of the mean, in equal steps up to rounding."""
    most, steps = mean // 2, max(1, depth - 1)
    upper = [mean + round(Fraction(most * (steps - 2 * at), steps)) for at in range(depth // 2)]
    return (*upper, *(mean,) * (depth % 2), *(2 * mean - width for width in reversed(upper)))


def inverse_pyramid(mean: int, depth: int) -> Widths:
    """The pyramid's layers, narrowest first."""
    return pyramid(mean, depth)[::-1]


def bottleneck(mean: int, depth: int) -> Widths:
    """The pyramid's layers, the narrowest in the middle."""
    layers = pyramid(mean, depth)
    return layers[::2] + layers[1::2][::-1]


def alternating(mean: int, depth: int) -> Widths:
    """Half as much again and half of the mean in turn."""
    return (mean + mean // 2, mean - mean // 2) * (depth // 2) + (mean,) * (depth % 2)


def one_narrow(mean: int, depth: int) -> Widths:
    """A tenth of the mean in the middle, the others as equal as they can be."""
    if depth == 1:
        return (mean,)
    narrow = max(1, mean // 10)
    width, rest = divmod(mean * depth - narrow, depth - 1)
    others = (width + 1,) * rest + (width,) * (depth - 1 - rest)
    return (*others[: depth // 2], narrow, *others[depth // 2 :])


PATTERNS: dict[str, Callable[[int, int], Widths]] = {
    "constant": constant,
    "pyramid": pyramid,
    "inverse pyramid": inverse_pyramid,
    "bottleneck": bottleneck,
    "alternating": alternating,
    "one narrow": one_narrow,
}


# --- by pattern ----------------------------------------------------------------------------------------------------


def failure_modes(widths: tuple[int, ...] = WIDTHS, depths: tuple[int, ...] = DEPTHS) -> Table:
    """Both failure modes for each pattern of widths, at each mean width and depth."""
    rows = [
        (Decimal(mean), Decimal(depth), name, *_row(pattern(mean, depth)))
        for mean in widths
        for depth in depths
        for name, pattern in PATTERNS.items()
    ]
    return Table(
        "failure_modes",
        (
            *("The failure modes of rectifier networks with He's normal weights by the pattern of their widths, for ", d),
            *(" layers of mean width ", N, ", so of one number of neurons. The length ", _M, " is the mean square of the "),
            *("last layer's activations, ", _M0, " that of the input."),
        ),
        (
            *(Column(N, decimals=0), Column(d, decimals=0), Column("widths")),
            Column(("sum ", 1 / n[j]), decimals=3),
            Column(E(_M) / _M0, decimals=0),
            Column(E(_M**2) / _M0**2, decimals=2),
            Column("layers", decimals=3),
            Column(("Var ln ", _M), decimals=2),
            Column("dead", decimals=3),
            *(Column("FM1"), Column("FM2")),
        ),
        tuple(rows),
        (
            (
                *("Up to rounding, a pyramid's widths go from ", 3 * N / 2, " down to ", N / 2, " in equal steps; inverse "),
                *("pyramid and bottleneck have the same layers in another order; alternating are ", 3 * N / 2, " and "),
                *(N / 2, "; one narrow layer of ", N / 10, " stands in the middle of equal ones."),
            ),
            ("Layers: the mean variance of the lengths over the layers of one network, in units of ", _M0**2, ". Dead: the "
            "probability that some layer has no active unit; the logarithm's variance is given that none is dead."),
            "FM1 passes where the mean length is exactly the input's, FM2 where the variance over the layers is at most 1: "
            "the lengths within one network vary by no more than the input's length.",
            *resting_on([RECIPROCALS, MEAN, MOMENT, VARIANCE, LOGARITHM, DEAD]),
        ),
    )  # fmt: skip


def _row(layers: Widths) -> Iterator[Cell]:
    given = (layers[0], *layers)  # the input is as wide as the first layer; nothing here depends on it
    mean = value(MEAN, digits=DIGITS, widths=given, scale=1, bias_variance=0, input_length=1)
    spread = value(VARIANCE, digits=DIGITS, widths=given)
    reciprocals = rational(find(RECIPROCALS).value(), {d: len(layers), n: given.__getitem__})
    assert reciprocals is not None
    yield exact(Context(prec=DIGITS).divide(reciprocals.numerator, reciprocals.denominator), RECIPROCALS)
    yield exact(mean, MEAN)
    yield exact(value(MOMENT, digits=DIGITS, widths=given), MOMENT)
    yield exact(spread, VARIANCE)
    yield exact(function(LOGARITHM)(widths=given), LOGARITHM)
    yield exact(value(DEAD, digits=DIGITS, widths=given), DEAD)
    yield from ("passes" if held else "fails" for held in (Decimal(mean) == 1, Decimal(spread) <= 1))


# --- by initialisation ---------------------------------------------------------------------------------------------


def mean_lengths(depths: tuple[int, ...] = (10, 30, 100)) -> Table:
    """The first failure mode: the factor of a layer under each initialisation, and the mean length at each depth."""
    columns = [Column("initialisation"), Column("factor a layer", decimals=6)]
    columns += [Column((d, f" = {depth}"), ("power of ten of ", E(_M) / _M0), decimals=1) for depth in depths]
    return Table(
        "mean_lengths",
        (
            *("The first failure mode by initialisation: the mean length ", E(_M), " after ", d, " rectifier layers of "),
            *("one width, ", _M0, " that of the input; a layer's length is its activations' mean square."),
        ),
        (*columns, Column("FM1")),
        tuple((init, *_length(init, depths)) for init in INITIALISATIONS),
        (
            "FM1 passes where the factor is exactly 1, which keeps the mean at every depth. Truncated laws are cut at two "
            "standard deviations and not corrected. Torch_linear is torch's default for Linear, without its biases.",
            *resting_on([FACTOR]),
        ),
    )  # fmt: skip


def _length(init: str, depths: Sequence[int]) -> Iterator[Cell]:
    factor = Decimal(value(FACTOR, digits=DIGITS, init=init, fan_in=1, fan_out=1))  # the width does not matter
    yield exact(factor, FACTOR)
    context = Context(prec=DIGITS)
    yield from (exact(context.multiply(depth, context.log10(factor)), FACTOR) for depth in depths)
    yield "passes" if find(FACTOR).value(init) == 1 else "fails"
