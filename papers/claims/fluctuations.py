"""What decides the claims about fluctuations of the length: the variance over the layers, and E M_d^2 behind it.

Reference: hanin2018start.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Point
from papers.claims.points import telling, text
from papers.claims.properties import Decision, smallest_failing
from theory.proof.library import find
from theory.proof.normal import difference
from theory.proof.notation import unicode
from theory.proof.theorem import Derivation
from theory.symbols import d, j, kurtosis, n

MOMENT, VARIANCE = "failure_modes.second_moment", "failure_modes.layer_variance"
DIGITS = 25


def _at(theorem: str, widths: Sequence[int]) -> Fraction:
    """A theorem's value for the widths n_1..n_d; n_0 does not matter to it."""
    return Fraction(value(theorem, DIGITS, widths=(widths[0], *widths)))


def _statement(theorem: str) -> Derivation:
    """The proof of a theorem that stands; DoesNotStand for any other."""
    find(theorem).value()
    return find(theorem).derivation()


def _is_width(part: sp.Basic) -> bool:
    return isinstance(part, sp.Indexed) and part.base == n


# --- depth and width -----------------------------------------------------------------------------------------------


def between_bounds(printed: sp.Basic) -> Decision:
    """Whether (d - 1)/d^2 <= V/(Q_d - Q_1) <= 1/4 for the variance V over the layers, Q_j = E M_j^2/M_0^2.

    V is a sum of weight(j)/d^2 times Q_j - Q_{j-1}; what is left is to bound the weights, 1 <= j <= d, 2 <= j where
    the weight is not 0.
    """
    total = next(iter(find(VARIANCE).value(stable=True).atoms(sp.Sum)))
    before = next(iter(total.function.atoms(sp.Product)))
    weight = sp.simplify(total.function / (5 / n[j] * before))
    least = sp.expand(weight - (d - 1) - (j - 2) * (d - j)) == 0 and weight.subs(j, 1) == 0
    most = sp.expand(d**2 / 4 - weight - (d / 2 - (j - 1)) ** 2) == 0
    w = sp.Symbol("w", positive=True)
    growth = next(iter(find(MOMENT).value().atoms(sp.Product))).function.replace(_is_width, lambda part: w)
    # concave in 1/w: the logarithm lies between its chord on (0, 1] and its tangent at 0
    chord, tangent = sp.log(growth.subs(w, 1)), sp.simplify(w * (growth - 1))
    sizes = ((10, 10), (30, 10), (100, 10), (30, 30), (100, 100))
    return Decision(
        True if least and most and tangent.is_number else None,
        "for normal weights it lies between (d - 1)/d^2 and 1/4 of E M_d^2 - E M_1^2 (in units of M_0^2), and E M_d^2 "
        f"between exp({unicode(chord)} sum 1/n_j) and exp({unicode(tangent)} sum 1/n_j)",
        (VARIANCE, MOMENT),
        derived=find(VARIANCE).value(stable=True),
        points=tuple(
            Point(f"{depth} layers of width {width}", "", f"variance {text(_at(VARIANCE, (width,) * depth))}")
            for depth, width in sizes
        ),
    )


def width_exponent(printed: sp.Basic) -> Decision:
    """FM2 is avoided with n = d^a if and only if a is at least the printed exponent: E M_d^2 stays bounded."""
    (product,) = find(MOMENT).value().atoms(sp.Product)
    depth = sp.Symbol("d", positive=True)

    def bounded(power: sp.Expr) -> bool:
        growth = product.function.replace(_is_width, lambda part: depth**power)
        return bool(sp.limit(depth * sp.log(growth), depth, sp.oo) < sp.oo)

    powers = (sp.S.One, sp.S.Half, printed, sp.S(2))
    off = smallest_failing(powers, lambda power: bounded(power) is bool(power >= printed))
    grown = tuple(
        Point(f"depth {depth}, width {width}", "", f"E M_d^2/M_0^2 = {text(_at(MOMENT, (width,) * depth))}")
        for depth, width in ((10, 10), (100, 100), (1000, 1000), (100, 10), (1000, 100))
    )
    return Decision(
        off is None,
        "E M_d^2/M_0^2 = (1 + 5/n)^d for normal weights: bounded, by e^(5 d/n), for n in proportion to d, and unbounded "
        f"for n = d^a with a < 1 ({MOMENT}); the variance over the layers is bounded by a quarter of it ({VARIANCE})",
        (MOMENT, VARIANCE),
        counterexample=f"n = d^{off}",
        points=grown,
    )


def deeper_is_calmer(printed: sp.Basic) -> Decision:
    """Whether more layers of one width ever lessen the variance over the layers: the depth as a remedy."""
    sizes = itertools.product(range(1, 4), range(1, 6))

    def variance(width: int, depth: int) -> Fraction:
        return _at(VARIANCE, (width,) * depth)

    off = smallest_failing(sizes, lambda size: variance(size[0], size[1] + 1) <= variance(*size))
    rise = "" if off is None else f"width {off[0]}, {off[1]} to {off[1] + 1} layers: {variance(*off)} to "
    rise += "" if off is None else f"{variance(off[0], off[1] + 1)}"
    seen = {few: text(variance(100, few)) for few in (2, 10, 100, 200)}
    shown = ", ".join(f"{found} for {few} layers" for few, found in seen.items())
    return Decision(
        off is None,
        f"the variance over the layers, at a given width, is {shown} of width 100",
        (VARIANCE, MOMENT),
        counterexample=rise,
        right="the roles are exchanged: the width has to grow at least linearly with the depth",
        points=tuple(Point(f"{few} layers of width 100", "", f"variance {found}") for few, found in seen.items()),
    )


def lower_constant(printed: sp.Basic) -> Decision:
    """exp(c sum 1/n_j) <= E M_d^2/M_0^2 <= C_1 exp(C_2 sum 1/n_j) for the printed c, and C_1, C_2 by the kurtosis."""
    names = tuple(f"failure_modes.second_moment_{part}" for part in ("lower", "upper", "step"))
    (low,) = _statement(names[0]).statement.left.atoms(sp.Sum)
    upper = find(names[1]).value()
    (high,) = upper.atoms(sp.Sum)
    best, most = (sp.simplify(total.function * n[total.limits[0][0]]) for total in (low, high))
    front = sp.simplify(upper / sp.exp(high))
    # one unit on one unit, weights +-sqrt 2: |h|_4^4 = |h|^4 and kurtosis 1, the least that is possible
    layer = {"width_in": 1, "width_out": 1, "kurtosis": 1, "length": 1, "fourth_power": 1}
    sharp = Fraction(value(names[2], DIGITS, **layer, bias_variance=0, bias_kurtosis=1))
    return Decision(
        bool(printed <= best),
        f"exp({unicode(best)} sum 1/n_j) <= E M_d^2/M_0^2 <= C_1 exp(C_2 sum 1/n_j) with C_1 = {front} and "
        f"C_2 = {unicode(most)} for weights of {unicode(kurtosis)} = E w^4/(E w^2)^2, and {unicode(best)} >= {printed}",
        names,
        derived=sp.exp(low),
        counterexample=f"a layer of one unit on one with weights +-sqrt(2): E M_1^2/M_0^2 = {sharp}, "
        f"below exp({printed}) = {text(float(sp.exp(printed)))}",
        points=(
            Point("a layer of one unit on one, weights +-sqrt(2)", text(float(sp.exp(printed))), text(sharp)),
            Point("2 normal layers of width 5", text(float(sp.exp(printed * 2 / 5))), text(_at(MOMENT, (5, 5)))),
        ),
    )


# --- which widths --------------------------------------------------------------------------------------------------


def best_for_neurons(printed: sp.Basic) -> Decision:
    """The printed value is the least sum of the reciprocal widths for a given number of neurons, met at equal widths."""
    name = "failure_modes.equal_widths"
    statement = _statement(name).statement
    equal = telling(printed, statement.right, [{n: (0, 2, 2, 2), d: 3}])
    return Decision(
        difference(printed, statement.left) == 0,
        f"for a given number of neurons equal widths have the least sum 1/n_j, {unicode(statement.left)} ({name})",
        (name,),
        derived=statement.left,
        counterexample="" if equal is None else f"widths 2, 2, 2: {equal.derived}, not {equal.printed}",
    )


def best_for_parameters(printed: sp.Basic) -> Decision:
    """Whether equal widths have the least sum of the reciprocal widths for a given number of weights: two layers."""
    off = smallest_failing(_two_equal_layers(), lambda size: _better(*size) is None)
    shown = ""
    if off is not None and (better := _better(*off)):
        pairs = ((off[1], off[1]), better)
        shown = f"n_0 = {off[0]}: " + ", ".join(
            f"n_1, n_2 = {first}, {second} has {off[0] * first + first * second} weights and sum 1/n = "
            f"{Fraction(1, first) + Fraction(1, second)}"
            for first, second in pairs
        )
    return Decision(
        off is None,
        "for a given number of weights equal widths have "
        + ("the least sum 1/n_j" if off is None else "not always the least sum 1/n_j"),
        ("failure_modes.equal_widths",),
        counterexample=shown,
        right="unequal widths can do better, as the first layer pays for the input and the last for nothing",
    )


def _two_equal_layers() -> Iterator[tuple[int, int]]:
    """(n_0, w) for the widths n_0, w, w: fewest weights first among small ones."""
    sizes = itertools.product(range(1, 21), range(1, 21))
    return iter(sorted(sizes, key=lambda size: (size[0] * size[1] + size[1] ** 2, size)))


def _better(start: int, equal: int) -> tuple[int, int] | None:
    """Widths n_1, n_2 of no more weights than n_0, w, w has, and of a smaller sum 1/n_1 + 1/n_2."""
    weights = start * equal + equal**2
    for first in range(1, weights // start + 1):
        second = (weights - start * first) // first  # as wide as the weights allow
        if second > 0 and Fraction(1, first) + Fraction(1, second) < Fraction(2, equal):
            return first, second
    return None


PATTERNS = {
    "30 and 10 in turns": (30, 10) * 50,
    "30 first": (30,) * 50 + (10,) * 50,
    "10 first": (10,) * 50 + (30,) * 50,
    "all 15": (15,) * 100,
    "all 20": (20,) * 100,
}


def order_of_moment(printed: sp.Basic) -> Decision:
    """Whether E M_d^2 changes by the printed number, 0, when layers change places; and the patterns of the paper."""
    widths = (2, 3, 5, 7)
    first = _at(MOMENT, widths)
    off = smallest_failing(itertools.permutations(widths), lambda order: _at(MOMENT, order) - first == printed)
    points = tuple(
        Point(
            f"100 layers, {name}",
            "",
            f"variance over the layers {text(_at(VARIANCE, sizes))}, E M_d^2 {text(_at(MOMENT, sizes))}, over M_0^2",
        )
        for name, sizes in PATTERNS.items()
    )
    return Decision(
        off is None,
        f"E M_d^2 does not see the order of the layers, tried for all orders of {widths} ({MOMENT})",
        (MOMENT, VARIANCE),
        counterexample=f"the order {off}",
        points=points,
    )


# --- residual networks ---------------------------------------------------------------------------------------------


def rectifier_variance(printed: sp.Basic) -> Decision:
    """For modules that end in a rectifier, FM1 is avoided where sum eta is finite."""
    return _residual_variance("a rectifier", "resnet_layer_variance", "rectifier_module_step", 1)


def linear_variance(printed: sp.Basic) -> Decision:
    """For modules of a hidden rectifier layer and a linear one, FM1 is avoided where sum eta^2 is finite."""
    return _residual_variance("a linear layer", "linear_module_layer_variance", "linear_module_step", 2)


def _residual_variance(last: str, bound: str, step: str, least: int) -> Decision:
    """Whether the bound on the variance over the layers is finite whenever sum |eta|^least is.

    Its exponent is a sum over the modules of non-negative multiples of eta^p, p >= least, and sum |eta|^p <=
    (sum |eta|^least)^(p/least).
    """
    name = f"failure_modes.{bound}"
    most = find(name).value()
    (total,) = most.atoms(sp.Sum)
    (entry,) = total.function.atoms(sp.Indexed)
    terms = sp.Poly(total.function, entry).terms()
    finite = all(power >= least and coefficient.is_nonnegative for (power,), coefficient in terms)
    return Decision(
        True if finite else None,
        f"for modules that end in {last}, with normal weights, at every depth the variance over the layers is at most "
        f"{unicode(most)}, finite whenever sum {'eta' if least == 1 else f'eta^{least}'} is, which is where FM1 is avoided",
        (name, f"failure_modes.{step}"),
        derived=most,
    )
