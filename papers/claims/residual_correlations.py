"""What decides the claims about how skip connections and the scale of branches change the decay of gradient correlation.

Reference: balduzzi2017.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from numerics.evaluate import value
from papers.claims.balduzzi2017 import normalized_cosines
from papers.claims.claim import Point
from papers.claims.idealisations import Gap
from papers.claims.properties import Decision, smallest_failing
from theory.proof.library import find
from theory.proof.notation import unicode
from theory.shattering.architectures import beta
from theory.symbols import L


def smaller_branches_slow(printed: sp.Basic) -> Decision:
    """Whether the correlation exceeds that of beta = 1, at all depths L >= 2 and all beta <= 0.3.

    With y = 1/beta^2 the lower bound is at least sqrt(y/(L + y - 1/2)), and the upper one for beta = 1 is 2/sqrt(pi L).
    The first is larger where L (y - 4/pi) > (4/pi) (y - 1/2), which holds for larger L and y if it holds at some.
    """
    names = tuple(
        f"shattering.normalized_resnet_{end}" for end in ("correlation", "constant", "lower_bound", "upper_bound")
    )
    y, quotient = sp.Rational(100, 9), 4 / sp.pi
    proved = bool(2 * (y - quotient) > quotient * (y - sp.Rational(1, 2)))

    def correlation(depth: int, weight: Fraction) -> Fraction:
        return Fraction(value(names[0], 12, depth=depth, beta=weight))

    tenths = [Fraction(weight, 10) for weight in (1, 2, 3)]
    places = [(depth, weight) for depth in (2, 10, 100, 1000) for weight in tenths]
    failing = smallest_failing(places, lambda at: correlation(*at) > correlation(at[0], Fraction(1)))
    shown = ((100, weight) for weight in (*tenths, Fraction(1)))
    return Decision(
        (True if proved else None) if failing is None else False,
        "for all beta up to 0.3 the bounds put the correlation above that of beta = 1 at every depth L >= 2",
        names,
        counterexample="" if failing is None else f"L = {failing[0]}, beta = {failing[1]}",
        points=tuple(Point(f"L = {at[0]}, beta = {at[1]}", "", f"{float(correlation(*at)):.6g}") for at in shown),
    )


def small_branches() -> Gap:
    """The sampled gap at a scale of the claim and at 1."""
    return normalized_cosines((10, sp.Rational(3, 10), 32, 0.09), (10, sp.S.One, 32, 0.12))


def skips_alone(printed: sp.Basic) -> Decision:
    """With skip connections alone a layer multiplies the correlation by a constant below 1, whatever the depth."""
    derived = find("shattering.resnet_correlation").value()
    factor = sp.simplify(derived.subs(L, L + 1) / derived)
    shrinks = sp.factor(1 - factor.subs(beta, sp.Symbol("beta", positive=True))).is_positive
    at_one = f"{float(derived.subs({beta: 1, L: 50})):.3g}"
    return Decision(
        False if shrinks and not factor.has(L) else None,
        f"for typical datapoints every layer multiplies it by {unicode(factor)} < 1: exponential at every beta > 0; "
        "without typical datapoints plain rectifier networks decay as a power already, so it is not the skips that do it",
        ("shattering.resnet_correlation", "shattering.relu_gradient_lower_bound"),
        derived,
        counterexample=f"beta = 1: {at_one} at L = 50",
        points=(Point("beta = 1, L = 50", "", at_one),),
    )
