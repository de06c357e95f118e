"""Checks of arguments: each raises ValueError with one sentence that names the argument and its domain."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any


def positive_integer(name: str, value: object) -> int:
    """``value`` as it is, an integer >= 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive integer, not {value!r}.")
    return value


def finite(name: str, value: object) -> float:
    """A finite real number as a float."""
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite real number, not {value!r}.")
    return float(value)


def at_least_zero(name: str, value: object) -> float:
    """A variance, or another finite number >= 0, as a float."""
    number = finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must be >= 0, not {value!r}.")
    return number


def one_of(name: str, value: object, allowed: Iterable[str]) -> None:
    """Refuse a ``value`` that is not one of the ``allowed`` words."""
    words = tuple(allowed)
    if value not in words:
        raise ValueError(f"unknown {name} {value!r}; choose one of {', '.join(words)}.")


def sequence(name: str, value: Iterable[Any]) -> tuple[Any, ...]:
    """What can be iterated, as a tuple."""
    try:
        return tuple(value)
    except TypeError:
        raise ValueError(f"{name} must be a sequence, not {value!r}.") from None
