"""The NumPy and SciPy arithmetic: float64 arrays that broadcast.

Elementary functions err by at most 4 units in the last place (NumPy's own bound), `log1pmx` by
`log1pmx.ULPS`, special functions by some tens (Cephes); the tests state each bound and hold it against ball
arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import reduce
from typing import Any

import numpy as np
import scipy.special as special
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from numerics.evaluate import log1pmx as accurate
from numerics.evaluate.arrays import Arrays
from theory.proof.interpret import UnknownNode, Value
from theory.proof.nodes import acospi, log1pmx


def add(*terms: Value) -> Value:
    """A sum, scalars and small arrays first: they then cost nothing."""
    return reduce(np.add, sorted(terms, key=np.size))


def multiply(*factors: Value) -> Value:
    """A product, scalars and small arrays first."""
    return reduce(np.multiply, sorted(factors, key=np.size))


def power(base: Value, exponent: Value) -> Value:
    """A power; small halves of integers without the general, slow, routine."""
    if np.ndim(exponent) == 0 and np.isrealobj(exponent):
        half = half_power(base, float(exponent), np.sqrt)
        if half is not None:
            return half
    return np.power(base, exponent)


def half_power(base: Value, exponent: float, root: Callable[[Value], Value]) -> Value | None:
    """base**exponent by products and one root, for the exponents +-1/2, +-1, ..., +-2; else None."""
    twice = 2 * abs(exponent)
    if twice not in (1.0, 2.0, 3.0, 4.0):
        return None
    positive = {1: lambda: root(base), 2: lambda: base, 3: lambda: base * root(base), 4: lambda: base * base}[
        int(twice)
    ]()
    return positive if exponent > 0 else 1 / positive


def _real(name: str, function: Callable[..., Value]) -> Callable[..., Value]:
    def real(*args: Value) -> Value:
        if any(map(np.iscomplexobj, args)):
            raise UnknownNode(f"{name} is evaluated in floating point at real arguments only")
        return function(*args)

    return real


def positive_order(order: Any) -> None:
    """The incomplete gamma functions are computed from the regularised ones, which need a positive order."""
    if not np.all(order > 0):
        raise UnknownNode(
            "the incomplete gamma functions are evaluated in floating point for a positive order only"
        )


def _lowergamma(order: Value, x: Value) -> Value:
    positive_order(order)
    return special.gammainc(order, x) * special.gamma(order)


def _uppergamma(order: Value, x: Value) -> Value:
    positive_order(order)
    return special.gammaincc(order, x) * special.gamma(order)


def _polygamma(order: Value, x: Value) -> Value:
    if np.ndim(order) == 0 and order == 0:
        return special.psi(x)
    return special.polygamma(order, x)


class Floats(Arrays):
    """NumPy arrays of float64 (complex128 where the imaginary unit occurs)."""

    name = "numpy"
    xp = np
    functions: Mapping[type, Callable[..., Value]] = {
        sp.Add: add,
        sp.Mul: multiply,
        sp.Pow: power,
        sp.exp: np.exp,
        expm1: np.expm1,
        sp.log: np.log,
        log1p: np.log1p,
        log1pmx: _real("log1pmx", lambda x: accurate.log1pmx(x, np)),
        sp.sin: np.sin,
        sp.cos: np.cos,
        sp.atan: np.arctan,
        acospi: _real("acospi", lambda x: np.arccos(x) / np.pi),
        sp.tanh: np.tanh,
        sp.cosh: np.cosh,
        sp.sinh: np.sinh,
        sp.erf: special.erf,
        sp.erfc: special.erfc,
        sp.gamma: special.gamma,
        sp.loggamma: special.loggamma,
        sp.polygamma: _polygamma,
        sp.lowergamma: _real("lowergamma", _lowergamma),
        sp.uppergamma: _real("uppergamma", _uppergamma),
        sp.binomial: _real("binomial", special.binom),
        sp.Abs: np.abs,
        sp.Max: _real("Max", lambda *args: reduce(np.maximum, args)),
        sp.Min: _real("Min", lambda *args: reduce(np.minimum, args)),
        sp.re: np.real,
        sp.im: np.imag,
    }

    def working(self) -> AbstractContextManager[Any]:
        return np.errstate(all="ignore")

    def array(self, values: np.ndarray) -> Value:
        return values

    def concrete(self, value: Value) -> np.ndarray:
        return np.asarray(value)
