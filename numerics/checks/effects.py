"""How much a mutant matters: the relative change of a theorem's value at given parameters, and where to look for one.

    effect = |mutant - value|/|value|

Values are float64: rational ones from exact arithmetic, others from balls of ``DIGITS`` digits, and integrals from
float64 arithmetic itself. Its quadrature is accurate to about 1e-15 of the integral of the absolute value, and it also
tells whether a mutant's integral exists: one that does not fade where the theorem's majorant says so never settles. An
effect is therefore wrong by less than ``ERROR`` of the value.

A mutant has no effect at parameters where it has no real value (a pole, a list read beyond its end, an integral that
diverges) or one beyond 1e308, and nothing has where the theorem's value is 0.

*Where to look.* The samples of each parameter's domain: the smallest widths, where formulas differ most, a larger one,
interior points without structure, and the ends; lists have unequal entries, so that a swapped index shows. Where a
domain has no end, a point ``FAR`` out, as exponents show at large bases only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy as sp

from numerics.evaluate.exact import rational
from numerics.evaluate.floats import Floats
from numerics.evaluate.sharing import evaluate
from theory.proof.balls import NotEnclosed, enclose_within
from theory.proof.domains import OutOfDomain, Reals
from theory.proof.interpret import Environment, UnknownNode
from theory.proof.nodes import DominatedIntegral
from theory.proof.theorem import Parameter, Theorem

DIGITS = 17  # decimal digits that determine a float64
ERROR = 1e-12  # a thousand roundings: integrals that cancel by as much do not settle
LARGEST = 1e6  # a claim that is further off is refuted no less often
FAR = 12
POINTS = 36  # of the pool: five parameters have hundreds of combinations, and one in a few tells as much
GOLDEN = (math.sqrt(5) - 1) / 2
_FLOATS = Floats()
_NO_VALUE = (UnknownNode, NotEnclosed, ArithmeticError, ValueError, TypeError)


class NoValue(ArithmeticError):
    """A formula has no real value at these parameters, or none that was found."""


def amount(formula: sp.Basic, env: Environment) -> float:
    """The value of a formula; raises NoValue."""
    try:
        exact = rational(formula, env)
        if exact is not None:
            return float(exact)
        value = _in_floats(formula, env) if formula.has(DominatedIntegral) else _by_balls(formula, env)
    except _NO_VALUE as reason:
        raise NoValue(str(reason)) from None
    if abs(value.imag) > ERROR * abs(value) or not math.isfinite(value.real):
        raise NoValue(f"{value} is not a finite real number")
    return value.real


def effect(value: float, changed: float) -> float:
    """The relative change of a value that is not 0; none is told apart beyond ``LARGEST``."""
    return min(LARGEST, abs(changed - value) / abs(value))


def pool(theorem: Theorem, chosen: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """At most ``POINTS`` admissible parameters for one choice of names, spread over all of them."""
    names = dict(zip((p.name for p in theorem.choices), chosen, strict=True))
    candidates = [[names[p.name]] if p.name in names else _candidates(p) for p in theorem.parameters]
    points = []
    for setting in product(*candidates):
        pairs = zip((p.name for p in theorem.parameters), setting, strict=True)
        point = {name: value for name, value in pairs if value is not None}
        try:
            theorem.bind(point)
        except OutOfDomain:
            continue
        points.append(point)
    # neighbours in the product differ in the last parameter alone; multiples of the golden ratio leave none together
    return [points[at] for at in sorted(range(len(points)), key=lambda at: at * GOLDEN % 1)[:POINTS]]


def _candidates(parameter: Parameter) -> list[Any]:
    """Values of one parameter; None: it is not given, where it has a default or does not apply."""
    domain = parameter.domain
    far = [FAR] if isinstance(domain, Reals) and domain.high is None else []
    return [*([] if parameter.default is None else [None]), *domain.samples(), *far]


def _by_balls(formula: sp.Basic, env: Environment) -> complex:
    return complex(float(enclose_within(formula, env, DIGITS).mid()))


def _in_floats(formula: sp.Basic, env: Environment) -> complex:
    """By the NumPy arithmetic, which takes numbers as arrays and lists as functions."""
    lifted = {key: raw if callable(raw) else _FLOATS.lift(raw) for key, raw in env.items()}
    with _FLOATS.working():
        return complex(_FLOATS.concrete(evaluate(formula, lifted, _FLOATS)))
