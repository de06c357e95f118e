"""Would a sample notice?  Every formula is changed a little in every way a slip of the pen would change it.

A mutant differs from the formula at one place:

* a numeric constant, also in an exponent or inside a function, is one per cent larger or smaller: a number, pi or Euler's
  constant, a root, power or function of numbers; where it only counts (in a limit of a sum, as the order of a polygamma
  function), it is one larger or smaller;
* a width, depth or running index is one less;
* an array is read one layer further or before, as the neighbouring width;
* a parameter takes the place of another of its kind, as fan-in that of fan-out;
* a term of a sum is missing.

Two more change the formula everywhere: a width is one less, two parameters of a kind are exchanged.  How much a mutant
changes the value is not the concern of this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from theory.proof.notation import unicode
from theory.proof.places import Place, dropped, places, rebuilt

CHANGE = sp.Rational(1, 100)  # of a constant
SHOWN = 40  # characters of an expression in a mutant's name

Move = tuple[str, sp.Basic]  # in words, and what comes in the place of a part


@dataclass(frozen=True)
class Mutant:
    """``change`` says in words what was done, and at which place; ``expression`` is the formula that came out."""

    change: str
    expression: sp.Basic


def formula_mutants(formula: sp.Basic, parameters: frozenset[sp.Basic] = frozenset()) -> list[Mutant]:
    """The mutants of a formula: no two alike, none equal to it as an expression, each with a name of its own.

    ``parameters``: the symbols, and single entries of arrays, that have a value each; an entry among them has no neighbour.
    """
    found: dict[sp.Basic, str] = {}
    names: dict[str, int] = {}
    symbols = sorted((p for p in parameters & formula.free_symbols if p.is_Symbol), key=str)
    for words, changed in (*_local(formula, parameters, symbols), *_global(formula, symbols)):
        if changed == formula or changed in found or changed.has(sp.nan, sp.zoo):
            continue
        names[words] = names.get(words, 0) + 1
        found[changed] = words if names[words] == 1 else f"{words}, place {names[words]}"
    return [Mutant(words, changed) for changed, words in found.items()]


def _local(formula: sp.Basic, parameters: frozenset[sp.Basic], symbols: list[sp.Basic]) -> Iterator[Move]:
    for place in places(formula):
        within = f" in {_shown(place.around[0][0])}" if place.around else ""
        for words, new in _moves(place, parameters, symbols):
            yield words + within, place.put(new)


def _global(formula: sp.Basic, symbols: list[sp.Basic]) -> Iterator[Move]:
    for symbol in symbols:
        if symbol.is_integer:
            yield f"{_shown(symbol)} → {_shown(symbol - 1)} everywhere", formula.xreplace({symbol: symbol - 1})
    for one, other in combinations(symbols, 2):
        if _of_a_kind(one, other):
            yield f"{_shown(one)} ↔ {_shown(other)}", formula.xreplace({one: other, other: one})


def _of_a_kind(one: sp.Basic, other: sp.Basic) -> bool:
    """Two symbols of which the same is assumed, such as two widths."""
    return bool(one != other and one.assumptions0 == other.assumptions0)


def _moves(place: Place, parameters: frozenset[sp.Basic], symbols: list[sp.Basic]) -> Iterator[Move]:
    part = place.part
    replacements: list[sp.Basic] = []
    if _is_constant(part):
        replacements = [part - 1, part + 1] if _counts(place) else [part * (1 - CHANGE), part * (1 + CHANGE)]
    elif isinstance(part, sp.Indexed) and part not in parameters:
        replacements = [rebuilt(part, at, part.args[at] + by) for at in range(1, len(part.args)) for by in (-1, 1)]
    elif part in symbols:
        replacements = [other for other in symbols if _of_a_kind(part, other)]
    if part.is_integer and part.is_positive and (part.is_Symbol or isinstance(part, sp.Indexed)):
        replacements.append(part - 1)
    yield from ((f"{_shown(part)} → {_shown(new)}", new) for new in replacements)
    if isinstance(part, sp.Add):
        yield from ((f"without {_shown(term)}", dropped(part, at)) for at, term in enumerate(part.args))


def _is_constant(part: sp.Basic) -> bool:
    """A number other than 0, a named constant, or a power or function of numbers alone."""
    if isinstance(part, (sp.Number, sp.NumberSymbol)):
        return bool(part.is_finite and part != 0)
    return isinstance(part, (sp.Pow, sp.Function)) and bool(part.is_number)


def _counts(place: Place) -> bool:
    """Whether a number stands in a limit of a sum or product, or as a polygamma function's order."""
    parent, at = place.around[0] if place.around else (place.part, -1)
    limits = any(isinstance(outer, (sp.Sum, sp.Product)) and position > 0 for outer, position in place.around)
    return limits or (isinstance(parent, sp.polygamma) and at == 0)


def _shown(part: sp.Basic) -> str:
    text = unicode(part)
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} … {text[-SHOWN // 4 :]}"
