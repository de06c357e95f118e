"""Telling points: where two formulas differ, found by trying the smallest networks first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial, reduce
from operator import getitem
from typing import Any

import sympy as sp
from flint import arb

from numerics.evaluate.exact import rational
from papers.claims.claim import Point
from theory.proof.balls import NotEnclosed, enclose_within
from theory.proof.domains import OutOfDomain
from theory.proof.interpret import Environment, UnknownNode
from theory.proof.notation import unicode
from theory.proof.theorem import Theorem

Place = Mapping[sp.Basic, Any]  # symbols to exact numbers, arrays to tuples of them, or of tuples where they have rows
DIGITS = 6  # of the numbers shown
GUARD = 25  # digits computed: what agrees in that many is called equal at a point, never in general


def places(theorem: Theorem) -> Iterator[Place]:
    """The samples of the theorem's parameters, small values first."""
    free = [p for p in theorem.parameters if p.symbol is not None]
    for values in itertools.product(*(p.domain.samples() for p in free)):
        given = {p.name: value for p, value in zip(free, values, strict=True)}
        if theorem.constraint(given) is None:
            symbols = {p.symbol: value for p, value in zip(free, values, strict=True) if p.symbol is not None}
            yield symbols | {symbol: rule(given) for symbol, rule in theorem.implied.items()}


def environment(place: Place) -> Environment:
    """A place as `interpret` wants it."""
    arrays = {symbol: partial(_entry, value) for symbol, value in place.items() if isinstance(value, tuple)}
    return {**place, **arrays}


def _entry(array: Any, *indices: int) -> Any:
    return reduce(getitem, indices, array)


def number(expr: sp.Basic, place: Place) -> Fraction | arb | None:
    """The value at a place, exact where it is rational, else enclosed; None where it has none there."""
    env = environment(place)
    try:
        exact = rational(expr, env)
        return enclose_within(expr, env, GUARD) if exact is None else exact
    except (UnknownNode, NotEnclosed, OutOfDomain, ValueError, IndexError, KeyError, ZeroDivisionError):
        return None


def differ(one: Fraction | arb, other: Fraction | arb) -> bool:
    """Whether two values are proved to differ."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one != other
    return not bool((ball(one) - ball(other)).contains(0))


def ball(value: Fraction | arb) -> arb:
    """The value as a ball."""
    return arb(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def telling(printed: sp.Basic, derived: sp.Basic, candidates: Iterable[Place]) -> Point | None:
    """The first place at which the two are proved to differ, if there is one."""
    for place in candidates:
        sides = number(printed, place), number(derived, place)
        if sides[0] is not None and sides[1] is not None and differ(sides[0], sides[1]):
            return Point(shown(place, (printed, derived)), text(sides[0]), text(sides[1]))
    return None


def point(printed: sp.Basic, derived: sp.Basic, place: Place) -> Point:
    """Both sides at one place; a side that has no value there is shown as such."""
    values = (number(side, place) for side in (printed, derived))
    return Point(shown(place, (printed, derived)), *("undefined" if v is None else text(v) for v in values))


def shown(place: Place, sides: Sequence[sp.Basic]) -> str:
    """The part of a place that the two sides look at."""
    seen = set().union(*(side.free_symbols | side.atoms(sp.IndexedBase) for side in sides))
    parts = [(symbol, value) for symbol, value in place.items() if symbol in seen]
    return ", ".join(f"{unicode(symbol)} = {_entries(value)}" for symbol, value in parts)


def _entries(value: Any) -> str:
    return f"({', '.join(map(str, value))})" if isinstance(value, tuple) else str(value)


def text(value: Fraction | arb | float) -> str:
    """A value to a few digits, a short exact fraction as it is."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value)
    return f"{float(value):.{DIGITS}g}" if not isinstance(value, arb) else f"{float(value.mid()):.{DIGITS}g}"
