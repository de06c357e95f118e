"""Claims in circulation: what secondary reviews say of the four papers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import sympy as sp

from numerics.evaluate import value
from numerics.evaluate.exact import rational
from papers.claims.accuracy import accuracy
from papers.claims.claim import NOTHING, Claim, Point, Settler
from papers.claims.experiments import beside, experiment
from papers.claims.fluctuations import deeper_is_calmer
from papers.claims.formulas import formula
from papers.claims.properties import Decision, proposition, smallest_failing
from papers.claims.residual_correlations import skips_alone, small_branches, smaller_branches_slow
from papers.claims.together import every, together
from theory.proof.library import find
from theory.proof.notation import unicode
from theory.random_walk.walk import gain, mu
from theory.shattering.looks_linear import x
from theory.symbols import D, N, l

PAPER = "reviews"
slope_variance = sp.Symbol("var_f'", nonnegative=True)  # of f'(a): 1/4 for a fair coin, 0 for a linear layer
trace = sp.Symbol("tr_WW", positive=True)  # of W^T W, whose mean is N for entries of variance 1/N
n_, n_in, n_out = sp.symbols("n n_in n_out", integer=True, positive=True)


def _at(symbol: sp.Symbol, number: sp.Expr, settle: Settler) -> Settler:
    """The settler for what is printed, with a value put in for one of its symbols."""
    return lambda printed: settle(printed.subs(symbol, number))


# --- random walks ----------------------------------------------------------------------------------


def _typical_length(printed: sp.Basic) -> Decision:
    """exp(E ln Z/2) at the unbiased gain, against the printed law of growth, depth by depth."""
    drift = D * (2 * sp.log(gain) + mu)
    typical = sp.exp(sp.simplify(drift.subs(gain, find("random_walk.unbiased_gain").value().rhs)) / 2)
    depth = smallest_failing(range(1, 100), lambda at: printed.subs(D, at) == typical)
    spread = [float(value("random_walk.walk_variance", N=100, depth=at, gain=1, activation="relu")) ** 0.5 / 2
              for at in (100, 400)]  # fmt: skip
    evidence = (
        f"what grows as the root of the depth is the standard deviation of ln |gradient|: {spread[0]:.3f} at depth 100 and "
        f"{spread[1]:.3f} at depth 400, rectifier layers of width 100",
    )
    because = f"at the unbiased gain the typical norm, exp E ln |gradient|, is {unicode(typical)} at every depth"
    theorems = ("random_walk.unbiased_gain", "random_walk.walk_variance")
    if depth is None:
        return Decision(True, because, theorems, typical, evidence=evidence)
    points = (Point(f"D = {depth}", unicode(printed.subs(D, depth)), unicode(typical)),)
    return Decision(False, because, theorems, typical, f"D = {depth}", points=points, evidence=evidence)


def _gains_exceed(printed: sp.Basic) -> Decision:
    """Unbiased gains of several layers of width 10 to 1000 against the printed bound."""
    assert isinstance(printed, sp.Gt)
    bound = Fraction(str(printed.rhs))
    widths, kinds = (10, 100, 1000), ("linear", "relu", "orthogonal_relu")
    gains = {(kind, width): value(f"random_walk.{kind}_gain", 8, N=width) for kind, width in product(kinds, widths)}
    keeps_length = (
        find("random_walk.unbiased_gain").value().rhs.subs(mu, sp.log(1))
    )  # z = 1: an orthogonal linear layer
    gains |= {("orthogonal linear", width): str(keeps_length) for width in widths}
    failing = smallest_failing(gains, lambda layer: Fraction(gains[layer]) > bound)
    shown = ", ".join(f"{kind} {gains[kind, 1000]}" for kind in (*kinds, "orthogonal linear"))
    because = f"unbiased gains at width 1000: {shown}"
    theorems = (
        "random_walk.unbiased_gain",
        *(f"random_walk.{kind}_gain" for kind in kinds),
        "shattering.orthonormal_layer",
    )
    if failing is None:
        return Decision(True, because, theorems)
    points = (Point(f"{failing[0]}, N = {failing[1]}", f"above {bound}", gains[failing]),)
    counterexample = f"{failing[0]} layers, whose steps keep every length, at gain {gains[failing]}"
    return Decision(False, because, theorems, counterexample=counterexample, points=points)


# --- initialisations --------------------------------------------------------------------------------


def _one_weight_gradient(printed: sp.Basic) -> Decision:
    """Under n_i Var W^i = 1, is the variance of weight gradients one number over the layers?  Widths from 1 up."""
    name = "variance.weight_gradient"
    theorem = find(name)

    def variances(widths: tuple[int, ...], scale: Fraction = Fraction(1)) -> list[Fraction | None]:
        given = {"widths": widths, "weight_variances": tuple(scale / width for width in widths[:-1])}
        found = []
        for layer in range(len(widths) - 1):
            _, values = theorem.bind({**given, "input_variance": 1, "output_gradient_variance": 1, "layer": layer})
            found.append(rational(theorem.value(), theorem.environment(values)))
        return found

    failing = smallest_failing(product((1, 2), repeat=3), lambda widths: len(set(variances(widths))) == 1)
    scales = (Fraction(1, 3), Fraction(7))
    equal = all(len(set(variances((width,) * 4, scale))) == 1 for width in (1, 2, 5) for scale in scales)
    evidence = ("at equal widths they agree whatever n Var W is: 1/3 and 7 were tried",) if equal else ()
    if failing is None:
        return Decision(
            True, "all networks of widths 1 and 2 have one variance in all layers", (name,), evidence=evidence
        )
    because = "the condition does not make the weight gradients of unequal layers agree"
    shown = ", ".join(map(str, variances(failing)))
    points = (Point(f"widths {failing}, Var W^i = 1/n_i", "one number", shown),)
    counterexample = f"widths {', '.join(map(str, failing))}: {shown} in layers 0 and 1"
    return Decision(False, because, (name,), counterexample=counterexample, points=points, evidence=evidence)


def _same_law(printed: sp.Basic) -> Decision:
    """The two uniform laws: the factors of both variances, where each is kept, and where the laws agree."""
    standard = find("variance.standard_weight").value().subs(n_, n_in)
    normalized = find("variance.normalized_weight").value()
    factors = {
        "U(-1/sqrt(m), 1/sqrt(m))": (sp.cancel(n_in * standard), sp.cancel(n_out * standard)),
        "Glorot's law": (sp.cancel(n_in * normalized), sp.cancel(n_out * normalized)),
    }
    evidence = []
    for law, sides in factors.items():
        kept = [sp.solve(side - 1, n_out) for side in sides]
        where = [f"at n_out = {unicode(found[0])} only" if found else "at no width" for found in kept]
        evidence.append(
            f"{law} multiplies the forward variance by {unicode(sides[0])}, kept {where[0]}, and the backward one by "
            f"{unicode(sides[1])}, kept {where[1]}"
        )
    agree = sp.solve(standard - normalized, n_out)
    failing = smallest_failing(
        product((1, 2, 3), repeat=2),
        lambda pair: (standard - normalized).subs(dict(zip((n_in, n_out), pair, strict=True))) == 0,
    )
    because = f"their variances {unicode(standard)} and {unicode(normalized)} agree at n_out = {unicode(agree[0])} only"
    theorems = ("variance.standard_weight", "variance.normalized_weight")
    counter = "" if failing is None else f"{failing[0]} unit below and {failing[1]} above"
    return Decision(
        failing is None, because, theorems, sp.Tuple(standard, normalized), counter, evidence=tuple(evidence)
    )


def _sigmoid_shrinks(printed: sp.Basic) -> Decision:
    """The root mean square singular value, sqrt(n Var W E f'(s)^2), under both initialisations and several inputs."""
    name = "variance.jacobian_factor"
    points: list[tuple[Fraction, str]] = []
    for scale, variance in product((Fraction(1, 3), Fraction(1)), (Fraction(1, 100), Fraction(1), Fraction(10))):
        slope = Fraction(value(name, 20, activation="sigmoid", preactivation_variance=variance))
        points.append((scale * slope, f"n Var W = {scale}, pre-activations of variance {variance}"))
    largest = max(square for square, _ in points)
    because = (
        f"the root mean square singular value is at most {float(largest) ** 0.5:.3f} in {len(points)} cases, "
        "as slopes are at most 1/4"
    )
    shown = tuple(Point(where, "", f"{float(square) ** 0.5:.3f}") for square, where in points)
    failing = next((where for square, where in points if square > Fraction(1, 16)), "")
    return Decision(largest <= Fraction(1, 16), because, (name,), counterexample=failing, points=shown)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "R-01", PAPER, "second-hand", "For rectifiers the best gain is sqrt(2/(1 + var f')), which is sqrt(2) at f' = 1.",
        every(
            _at(slope_variance, sp.Rational(1, 4), accuracy("random_walk.relu_gain")),
            _at(slope_variance, sp.S.Zero, accuracy("random_walk.linear_gain")),
        ),
        sp.sqrt(2 / (1 + slope_variance)),
        "A rectifier's slope is a fair coin, of variance 1/4; where f' = 1 the layer is linear.",
    ),
    Claim(
        "R-02", PAPER, "second-hand", "For linear nets the best gain is sqrt(2/tr(W^T W)).",
        _at(trace, N, accuracy("random_walk.linear_gain")), sp.sqrt(2 / trace),
        "The trace is taken at its mean, N; sqrt(N/tr) would be the gain that keeps the mean square of one layer.",
    ),
    Claim(
        "R-03", PAPER, "second-hand", "With random-walk initialisation the gradient norm grows as the root of the depth.",
        proposition(_typical_length), sp.sqrt(D),
    ),
    Claim(
        "R-04", PAPER, "second-hand", "Very deep nets, of 1000 layers, need a gain above 1 for stability.",
        beside(proposition(_gains_exceed), "random_walk", "R-04"), sp.Gt(gain, 1),
        "For normal weights of variance 1/N it is so: by Jensen's inequality, as E z is at most 1.",
    ),
    Claim(
        "R-05", PAPER, "second-hand", "Scaling residual branches by 0.1 to 0.3 slows the decay of correlations further.",
        proposition(smaller_branches_slow, gap=small_branches),
    ),
    Claim(
        "R-06", PAPER, "second-hand", "Skip connections alone make the gradient correlation decay sub-exponentially.",
        proposition(skips_alone),
        note="Normalisation does: the weight of a branch falls with the depth (shattering.normalized_resnet_correlation).",
    ),
    Claim(
        "R-07", PAPER, "second-hand", "FM2 is avoided by letting the depth grow linearly with the width.",
        proposition(deeper_is_calmer),
        note="On the line depth = c width itself E M_d^2 stays below e^(5c) M_0^2, as that line is width = depth/c.",
    ),
    Claim(
        "R-08", PAPER, "second-hand", "Glorot's condition (10) explains why weight gradients vary alike in all layers.",
        proposition(_one_weight_gradient),
    ),
    Claim(
        "R-09", PAPER, "second-hand", "U(-1/sqrt(m), 1/sqrt(m)) and Glorot's uniform law keep the same variances.",
        proposition(_same_law),
        note="The reviews set the two side by side; m = n_in.",
    ),
    Claim(
        "R-10", PAPER, "second-hand", "Orthogonal weights are isometries: linear nets then converge alike at all depths.",
        together(
            formula("shattering.orthonormal_layer", at=({x: (0, 3, 5), N: 2},)),
            experiment(
                "deep_linear", "R-10",
                "steps to a given training loss of deep linear nets, orthogonal against normal weights",
                about=("depth, orthogonal",),
            ),
        ),
        sp.Tuple(sp.Sum(x[l] ** 2, (l, 1, N)), NOTHING),
    ),
    Claim(
        "R-11", PAPER, "second-hand", "In deep sigmoid nets each layer's Jacobian has singular values far below 1.",
        proposition(_sigmoid_shrinks),
    ),
)  # fmt: skip
