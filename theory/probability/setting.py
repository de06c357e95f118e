"""Settings: which quantities are random, how they are defined, what is assumed of them, and small exact witnesses.

A `Setting` is the random network a theorem speaks of.  Its `instances` are networks of width 1 to 3 with discrete laws:
they witness that the assumptions can hold together, and they are where the instance judge evaluates every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from theory.probability.models import Enumeration

Law = tuple[tuple[Fraction | int, Fraction | int], ...]  # (value, weight); weights need not be normalised


@dataclass(frozen=True)
class Assumption:
    """A named hypothesis: its wording, and an exact test in a finite probability space.

    holds_in is None for a hypothesis that names a law which no finite space has; that law is its witness.
    """

    name: str
    text: str
    holds_in: Callable[[Enumeration], bool] | None = field(compare=False)


Fact = Assumption | tuple[Assumption, ...] | None  # what a property rests on; None where it is not available


def rests_on(fact: Fact) -> tuple[Assumption, ...]:
    """The assumptions behind a fact that is available."""
    return (fact,) if isinstance(fact, Assumption) else fact or ()


@dataclass(frozen=True)
class Family:
    """Random variables base[indices].

    span: the layers (lowest, highest) of whose weights the entry is a function; entries whose spans are disjoint are
    independent.  The remaining facts name the assumption each rests on, None where the fact is not available:
    independent_entries (different indices, independent variables), mean_zero, symmetric, gaussian, identical (all
    entries with the same `law_of` have one law).  first, second: the notation for the first two moments of an entry.
    moment(power, *indices): the moments, where the law is known.
    """

    base: sp.IndexedBase
    span: Callable[..., tuple[Any, Any]]
    independent: Fact = None
    independent_entries: Fact = None
    mean_zero: Fact = None
    symmetric: Fact = None
    gaussian: Fact = None
    identical: Fact = None
    first: Callable[..., sp.Expr] | None = None
    second: Callable[..., sp.Expr] | None = None
    moment: Callable[..., sp.Expr] | None = None
    law_of: Callable[..., tuple[Any, ...]] = lambda *indices: indices


@dataclass(frozen=True)
class Definition:
    """An equation of the network, pattern = body: an indexed quantity, or a function such as f(x) = x.

    indices: the symbols of the pattern that stand for anything their own assumptions admit.
    where: a condition on them, beyond those assumptions.
    assumption: set where the equation idealises.
    """

    name: str
    pattern: sp.Expr
    body: sp.Expr
    indices: tuple[sp.Symbol, ...]
    where: sp.Basic = sp.true
    assumption: Assumption | None = None

    def unfold(self, part: sp.Basic, values: Mapping[sp.Basic, Any] | None = None) -> sp.Expr | None:
        """The body for a part that matches the pattern, None if it does not; `values` are known values of symbols."""
        if type(part) is not type(self.pattern):
            return None
        head, *slots = self.pattern.args if isinstance(part, sp.Indexed) else (None, *self.pattern.args)
        given, *arguments = part.args if isinstance(part, sp.Indexed) else (None, *part.args)
        if head != given or len(slots) != len(arguments):
            return None
        binding: dict[sp.Symbol, sp.Expr] = {}
        for slot, argument in zip(slots, arguments, strict=True):
            free = slot.free_symbols & set(self.indices)
            index = next(iter(free), None)
            value = argument if index is None else sp.expand(argument - (slot - index))
            if (slot != argument) if index is None else not _admits(index, value):
                return None
            if index is not None and binding.setdefault(index, value) != value:
                return None
        if self.where.subs(binding).subs(values or {}) == sp.false:
            return None
        return self.body.subs(binding, simultaneous=True)


def _admits(index: sp.Symbol, value: sp.Expr) -> bool:
    """Whether a pattern's index may take a value: no assumption of the index is known to be violated."""
    facts = ("is_integer", "is_nonnegative", "is_positive")
    return not any(getattr(index, fact) and getattr(value, fact) is False for fact in facts)


@dataclass(frozen=True)
class Instance:
    """A small concrete network: integer values of symbols, entries of fixed arrays, discrete laws of random arrays."""

    values: Mapping[sp.Basic, Any]
    arrays: Mapping[sp.IndexedBase, Callable[..., Any]] = field(default_factory=dict)
    laws: Mapping[sp.IndexedBase, Callable[..., Law]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[sp.Basic, Any]:
        """Values and fixed arrays together, as `interpret` wants them."""
        return {**self.values, **self.arrays}

    def __str__(self) -> str:
        return ", ".join(f"{symbol} = {value}" for symbol, value in self.values.items())


@dataclass(frozen=True)
class Setting:
    """The random network of a theorem.

    notations: arrays that abbreviate a functional of the law, such as v[i] = Var W[i,l,k], with what they abbreviate.
    """

    name: str
    families: tuple[Family, ...] = ()
    definitions: tuple[Definition, ...] = ()
    notations: Mapping[sp.IndexedBase, Callable[..., sp.Expr]] = field(default_factory=dict)
    instances: tuple[Instance, ...] = ()

    def family(self, atom: sp.Basic) -> Family | None:
        """The family an indexed atom belongs to, None if it is not random."""
        if not isinstance(atom, sp.Indexed):
            return None
        return next((f for f in self.families if f.base == atom.base), None)

    def atoms(self, expr: sp.Basic) -> set[sp.Indexed]:
        """The random atoms in an expression."""
        return {atom for atom in expr.atoms(sp.Indexed) if self.family(atom) is not None}

    def random(self, expr: sp.Basic) -> bool:
        """Whether an expression contains a random atom outside every expectation."""
        return bool(self.atoms(expr))


DETERMINISTIC = Setting("no randomness")
