"""The torch arithmetic: float64 tensors on any device, differentiable in the parameters.

torch lacks the gamma function, binomial coefficients and unregularised incomplete gamma functions; they are
made from log-gamma, which costs accuracy in proportion to the logarithm's size: about |log of the value|
units in the last place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp
import torch
from sympy.codegen.cfunctions import expm1, log1p

from numerics.evaluate import log1pmx as accurate
from numerics.evaluate.arrays import Arrays
from numerics.evaluate.floats import half_power, positive_order
from theory.proof.interpret import UnknownNode, Value
from theory.proof.nodes import acospi, log1pmx


def _add(*terms: Value) -> Value:
    return reduce(torch.add, sorted(terms, key=torch.numel))


def _multiply(*factors: Value) -> Value:
    return reduce(torch.mul, sorted(factors, key=torch.numel))


def _power(base: Value, exponent: Value) -> Value:
    if exponent.ndim == 0 and not exponent.requires_grad and not exponent.is_complex():
        half = half_power(base, float(exponent), torch.sqrt)
        if half is not None:
            return half
    return torch.pow(base, exponent)


def _real(name: str, function: Callable[..., Value]) -> Callable[..., Value]:
    def real(*args: Value) -> Value:
        if any(x.is_complex() for x in args):
            raise UnknownNode(f"torch has no {name} of complex numbers; use the numpy or mpmath arithmetic")
        return function(*args)

    return real


def _gamma(x: Value) -> Value:
    """By log-gamma; left of 1/2 by the reflection gamma(x) gamma(1 - x) = pi / sin(pi x)."""
    right = torch.exp(torch.lgamma(torch.where(x < 0.5, 1 - x, x)))
    return torch.where(x < 0.5, torch.pi / (torch.sin(torch.pi * x) * right), right)


def _loggamma(x: Value) -> Value:
    return torch.where(x > 0, torch.lgamma(x), torch.nan)


def _polygamma(order: Value, x: Value) -> Value:
    if order.ndim > 0 or float(order) != int(order):
        raise UnknownNode(
            "torch has polygamma for one integer order at a time; use the numpy or mpmath arithmetic"
        )
    return torch.special.polygamma(int(order), x)


def _lowergamma(order: Value, x: Value) -> Value:
    positive_order(order.detach().cpu().numpy())
    return torch.special.gammainc(order, x) * _gamma(order)


def _uppergamma(order: Value, x: Value) -> Value:
    positive_order(order.detach().cpu().numpy())
    return torch.special.gammaincc(order, x) * _gamma(order)


def _binomial(n: Value, k: Value) -> Value:
    return torch.exp(torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1))


class Torch(Arrays):
    """Tensors of float64 (complex128 where the imaginary unit occurs) on one device."""

    name = "torch"
    xp = torch
    functions: Mapping[type, Callable[..., Value]] = {
        sp.Add: _add,
        sp.Mul: _multiply,
        sp.Pow: _power,
        sp.exp: torch.exp,
        expm1: torch.expm1,
        sp.log: torch.log,
        log1p: torch.log1p,
        log1pmx: _real("log1pmx", lambda x: accurate.log1pmx(x, torch)),
        sp.sin: torch.sin,
        sp.cos: torch.cos,
        sp.atan: torch.atan,
        acospi: _real("acospi", lambda x: torch.arccos(x) / torch.pi),
        sp.tanh: torch.tanh,
        sp.cosh: torch.cosh,
        sp.sinh: torch.sinh,
        sp.erf: _real("erf", torch.erf),
        sp.erfc: _real("erfc", torch.erfc),
        sp.gamma: _real("gamma", _gamma),
        sp.loggamma: _real("loggamma", _loggamma),
        sp.polygamma: _real("polygamma", _polygamma),
        sp.lowergamma: _real("lowergamma", _lowergamma),
        sp.uppergamma: _real("uppergamma", _uppergamma),
        sp.binomial: _real("binomial", _binomial),
        sp.Abs: torch.abs,
        sp.Max: _real("Max", lambda *args: reduce(torch.maximum, args)),
        sp.Min: _real("Min", lambda *args: reduce(torch.minimum, args)),
        sp.re: torch.real,
        sp.im: lambda x: torch.imag(x) if x.is_complex() else torch.zeros_like(x),
    }

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__()
        self.device = device

    @contextmanager
    def working(self) -> Iterator[None]:
        """One thread: a block is too small to share, and handing it round costs more than working on it."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def array(self, values: np.ndarray) -> Value:
        return torch.as_tensor(values, device=self.device)

    def concrete(self, value: Value) -> np.ndarray:
        return value.detach().cpu().numpy()

    def places(self, chosen: np.ndarray) -> Any:
        return torch.as_tensor(chosen, device=self.device)
