"""The places of an expression: every part, where it stands, and what becomes of the whole if it is replaced.

Mutants of proof steps and of formulas change one part at one place.  No place are: the bound variable of a sum or an
integral, which is a name; the majorant of a dominated integral, which is no part of its value; what is inside an indexed
entry, which is one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp

from theory.proof.nodes import DominatedIntegral


@dataclass(frozen=True)
class Place:
    """``part`` stands in the expressions ``around``, innermost first, each with the part's position among its arguments.

    ``put`` maps what replaces the part to the new whole.
    """

    part: sp.Basic
    around: tuple[tuple[sp.Basic, int], ...]
    put: Callable[[sp.Basic], sp.Basic]


def places(whole: sp.Basic) -> Iterator[Place]:
    """Every place of an expression, an outer one before those inside."""
    yield from _inside(Place(whole, (), lambda new: new))


def rebuilt(line: sp.Basic, at: int, argument: sp.Basic) -> sp.Basic:
    """The expression with another argument at one position."""
    return line.func(*(argument if place == at else old for place, old in enumerate(line.args)))


def dropped(line: sp.Basic, at: int) -> sp.Basic:
    """The sum or product without one of its arguments."""
    return line.func(*(line.args[:at] + line.args[at + 1 :]))


def _inside(place: Place) -> Iterator[Place]:
    yield place
    line = place.part
    if isinstance(line, sp.Indexed):
        return
    last = 2 if isinstance(line, DominatedIntegral) else len(line.args)
    for at, argument in enumerate(line.args[:last]):
        if not (argument.is_Symbol and at == 0 and isinstance(line, sp.Tuple)):
            yield from _inside(Place(argument, ((line, at), *place.around), _putter(place, at)))


def _putter(outer: Place, at: int) -> Callable[[sp.Basic], sp.Basic]:
    return lambda new: outer.put(rebuilt(outer.part, at, new))
