"""A random dense network as a frozen description.

Convention (glorot2010): row vectors, ``s^i = z^i W^i`` and ``z^{i+1} = f(s^i)`` for ``i = 0..d``, where
``W^i`` has shape ``n_i x n_{i+1}``, ``z^0`` is the input, and there are no biases.

Assumptions: the weight matrices are independent of each other and of the input, and have mean zero.

The fixed unit input is the vector proportional to ``(e^{1/n}, e^{2/n}, ..., e^{n/n})``. Exponentials of
different rationals are linearly independent over the algebraic numbers (Lindemann-Weierstrass), so a
first-layer pre-activation of weights with two values is never exactly zero: no tie decides a ReLU mask.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

ACTIVATIONS = ("linear", "relu", "leaky_relu", "tanh", "sigmoid", "softsign")
LAWS = ("normal", "uniform", "sign", "orthogonal")


@dataclass(frozen=True)
class Dense:
    """The law of a random dense network ``n_0 -> n_1 -> ... -> n_{d+1}``.

    Parameters
    ----------
    widths : ``(n_0, ..., n_{d+1})``, at least two positive integers.
    weight_variances : ``(Var W^0, ..., Var W^d)``, one finite number >= 0 for each weight matrix.
    activation : ``f``, one of ``ACTIVATIONS``; at 0 the derivative of relu is 0, of leaky_relu its slope.
    slope : ``f'(s)`` for ``s <= 0``; given for leaky_relu, and only there.
    law : of the weights, one of ``LAWS``. ``sign`` is +-sqrt(variance) with equal chance; ``orthogonal``
        is Haar measure on square matrices scaled so that ``W W^T = n Var(W) I``.
    input_variance : the input has independent N(0, input_variance) entries; None is the fixed unit input.
    output_gradient_variance : ``dC/ds^d`` has N(0, output_gradient_variance) entries, independent of each
        other and of the rest.

    Raises
    ------
    ValueError : one sentence that names the parameter, its domain and what to do.
    """

    widths: tuple[int, ...]
    weight_variances: tuple[float, ...]
    activation: str = "linear"
    slope: float | None = None
    law: str = "normal"
    input_variance: float | None = 1.0
    output_gradient_variance: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", _widths(self.widths))
        object.__setattr__(self, "weight_variances", _variances(self.weight_variances, len(self.widths) - 1))
        _one_of("activation", self.activation, ACTIVATIONS)
        _one_of("weight law", self.law, LAWS)
        if (self.activation == "leaky_relu") != (self.slope is not None):
            raise ValueError(
                f"a slope belongs to leaky_relu and only to it: with activation {self.activation!r} and "
                f"slope={self.slope!r}, add or remove the slope."
            )
        if self.slope is not None:
            object.__setattr__(self, "slope", _finite("slope", self.slope))
        if self.input_variance is not None:
            object.__setattr__(self, "input_variance", _variance("input_variance", self.input_variance))
        gradient = _variance("output_gradient_variance", self.output_gradient_variance)
        object.__setattr__(self, "output_gradient_variance", gradient)
        if self.law == "orthogonal" and len(set(self.widths)) > 1:
            raise ValueError(f"orthogonal weights are square: give equal widths, not {self.widths}.")

    @property
    def layers(self) -> int:
        """``d + 1``, the number of weight matrices."""
        return len(self.weight_variances)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """``(n_i, n_{i+1})`` for ``i = 0..d``."""
        return tuple(zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def weight_count(self) -> int:
        """The number of weights of one network."""
        return sum(rows * columns for rows, columns in self.shapes)


def unit_input(width: int) -> tuple[float, ...]:
    """The fixed unit input of the module docstring; ``width`` numbers."""
    entries = [math.exp(k / width) for k in range(1, width + 1)]
    norm = math.sqrt(math.fsum(entry * entry for entry in entries))
    return tuple(entry / norm for entry in entries)


def _widths(value: Iterable[int]) -> tuple[int, ...]:
    widths = _sequence("widths", value)
    if len(widths) < 2:
        raise ValueError(f"widths needs an input and an output width, got {widths}; give two or more.")
    for width in widths:
        if not isinstance(width, int) or isinstance(width, bool) or width < 1:
            raise ValueError(f"every width must be a positive integer: replace {width!r} in {widths}.")
    return widths


def _variances(value: Iterable[float], layers: int) -> tuple[float, ...]:
    variances = _sequence("weight_variances", value)
    if len(variances) != layers:
        raise ValueError(
            f"{layers + 1} widths make {layers} weight matrices, but {len(variances)} weight variances were "
            "given; give one for each matrix."
        )
    return tuple(_variance(f"weight_variances[{i}]", variance) for i, variance in enumerate(variances))


def _sequence(name: str, value: Iterable[Any]) -> tuple[Any, ...]:
    try:
        return tuple(value)
    except TypeError:
        raise ValueError(f"{name} must be a sequence of numbers, one a layer, not {value!r}.") from None


def _finite(name: str, value: object) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite real number, not {value!r}.")
    return float(value)


def _variance(name: str, value: object) -> float:
    number = _finite(name, value)
    if number < 0:
        raise ValueError(f"{name} is a variance and must be >= 0, not {value!r}.")
    return number


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"unknown {name} {value!r}; choose one of {', '.join(allowed)}.")
