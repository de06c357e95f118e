"""Domains of parameters: what a value may be, said in words, checked once, and sampled by the judges.

Values are exact: integers and fractions, tuples of them, or a name out of a list.  Floats are accepted from Python
callers and stand for the exact binary fraction they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational, Real
from typing import Any

Exact = int | Fraction


class OutOfDomain(ValueError):
    """A parameter's value lies outside its domain; the message names the parameter, the domain and the value."""


@dataclass(frozen=True)
class Integers:
    """The integers from `low` to `high` (no upper end when None)."""

    low: int = 1
    high: int | None = None

    def describe(self) -> str:
        return f"an integer from {self.low} to {self.high}" if self.high is not None else f"an integer >= {self.low}"

    def check(self, value: Any) -> int:
        number = _exact(value)
        if number.denominator != 1 or number < self.low or (self.high is not None and number > self.high):
            raise ValueError
        return int(number)

    def samples(self) -> list[int]:
        """Small values first: formulas differ there most visibly."""
        top = self.high if self.high is not None else self.low + 36
        return sorted({v for v in (self.low, self.low + 1, self.low + 4, top) if v <= top})


@dataclass(frozen=True)
class Reals:
    """The real numbers between `low` and `high`, ends included unless `open_low`, `open_high`; None is infinity."""

    low: Exact | None = 0
    high: Exact | None = None
    open_low: bool = False
    open_high: bool = False

    def describe(self) -> str:
        if self.high is None:
            return "a real number" if self.low is None else f"a number {'>' if self.open_low else '>='} {self.low}"
        left, right = "(["[not self.open_low], ")]"[not self.open_high]
        return f"a number in {left}{self.low}, {self.high}{right}"

    def check(self, value: Any) -> Fraction:
        number = _exact(value)
        if self.low is not None and (number < self.low or (self.open_low and number == self.low)):
            raise ValueError
        if self.high is not None and (number > self.high or (self.open_high and number == self.high)):
            raise ValueError
        return number

    def samples(self) -> list[Fraction]:
        """Interior points without special structure, and the closed ends."""
        low = Fraction(self.low) if self.low is not None else Fraction(-2)
        high = Fraction(self.high) if self.high is not None else low + 3
        inner = [low + (high - low) * w for w in (Fraction(2, 7), Fraction(5, 7))]
        ends = [low] * (self.low is not None and not self.open_low) + [high] * (
            self.high is not None and not self.open_high
        )
        return sorted({*inner, *ends})


@dataclass(frozen=True)
class Names:
    """One of a list of names."""

    names: tuple[str, ...]

    def describe(self) -> str:
        return "one of " + ", ".join(self.names)

    def check(self, value: Any) -> str:
        if value not in self.names:
            raise ValueError
        return str(value)

    def samples(self) -> list[str]:
        return list(self.names)


@dataclass(frozen=True)
class Lists:
    """A list of at least `shortest` values of one domain, in layer order."""

    of: Integers | Reals
    shortest: int = 1

    def describe(self) -> str:
        return f"a list of at least {self.shortest} values, each {self.of.describe()}"

    def check(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) < self.shortest:
            raise ValueError
        return tuple(self.of.check(item) for item in value)

    def samples(self) -> list[tuple[Any, ...]]:
        """Unequal entries, so that a swapped index shows."""
        low = self.of.low or 0
        entries = [self.of.check(low + step) for step in (2, 1, 4, 3, 6, 5, 8, 7)]
        return [tuple(entries[: self.shortest + extra]) for extra in (0, 1, 2)]


Domain = Integers | Reals | Names | Lists


def _exact(value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (Rational, Real)):
        raise ValueError
    try:
        return Fraction(value)  # type: ignore[call-overload]
    except (OverflowError, TypeError) as not_finite:
        raise ValueError from not_finite


def checked(theorem: str, parameter: str, domain: Domain, value: Any) -> Any:
    """The exact value of a parameter, or OutOfDomain with one sentence that says what is allowed."""
    try:
        return domain.check(value)
    except ValueError:
        shown = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        message = f"{theorem}: {parameter} must be {domain.describe()}, not {shown}"
        raise OutOfDomain(message) from None
