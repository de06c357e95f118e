"""The inputs of a network: k vectors of one length, with one correlation between any two.

*Fixed* inputs are x_1 = |x| u_1 and x_j = |x| sum_i C_ji u_i, where C is the Cholesky factor of the Gram matrix
(1 - rho) I + rho 11^T and u_1, u_2, ... is the Gram-Schmidt basis of the vectors (e^{1/n}, ..., e^{n/n}),
(e^{2/n}, e^{4/n}, ...), ... Exponentials of different rationals are linearly independent over the algebraic
numbers (Lindemann-Weierstrass), so the pre-activation of x_1 under weights with two values is never exactly
zero: no tie decides a rectifier's mask.

*Random* inputs have independent normal entries; each entry has correlation rho between any two inputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.ensembles.validation import at_least_zero, finite, positive_integer, sequence


@dataclass(frozen=True)
class Inputs:
    """``count`` inputs of a ``shape``, pairwise ``correlation``.

    ``shape``: (width,), or (channels, height, width) for images. ``squared_length``: |x|^2
    of a fixed input, E|x|^2 of a random one. ``correlation``: from -1/(count - 1) to 1, the cosine of the angle.

    Raises ValueError for a shape or count that is not positive, a negative length, a correlation that no
    ``count`` vectors have, or more fixed directions than the shape has dimensions.
    """

    shape: tuple[int, ...]
    count: int = 1
    correlation: float = 0.0
    squared_length: float = 1.0
    random: bool = False

    def __post_init__(self) -> None:
        shape = sequence("the shape of an input", self.shape)
        if len(shape) not in (1, 3):
            raise ValueError(f"an input is a vector or an image (channels, height, width), not of shape {shape}.")
        object.__setattr__(self, "shape", tuple(positive_integer("every width of an input", n) for n in shape))
        positive_integer("the number of inputs", self.count)
        object.__setattr__(self, "squared_length", at_least_zero("squared_length", self.squared_length))
        rho = finite("correlation", self.correlation)
        object.__setattr__(self, "correlation", rho)
        lowest = -1.0 if self.count == 1 else -1 / (self.count - 1)
        if not lowest <= rho <= 1:
            raise ValueError(
                f"the correlation of {self.count} inputs must lie between {lowest:.4g} and 1, not {rho!r}."
            )
        if not self.random and self.directions > self.size:
            raise ValueError(
                f"{self.count} inputs of correlation {rho:g} span {self.directions} dimensions, but the input has "
                f"{self.size}; widen it or give fewer inputs."
            )

    @property
    def size(self) -> int:
        """Entries of one input."""
        return math.prod(self.shape)

    @property
    def directions(self) -> int:
        """The dimension of what the inputs span: 1 where all are equal, one less than their number for a simplex."""
        if self.correlation == 1 or self.count == 1:
            return 1
        return self.count - (self.correlation * (self.count - 1) == -1)

    def mixing(self) -> NDArray[np.float64]:
        """The Cholesky factor C of the correlations, (count, count); a pivot lost to rounding is 0."""
        gram = np.full((self.count, self.count), self.correlation)
        np.fill_diagonal(gram, 1.0)
        factor = np.zeros_like(gram)
        for j in range(self.directions):
            column = gram[j:, j] - factor[j:, :j] @ factor[j, :j]
            factor[j:, j] = column / math.sqrt(column[0])
        return factor

    def fixed(self) -> NDArray[np.float64]:
        """The fixed inputs of the module's docstring, (count, size)."""
        powers = np.outer(np.arange(1, self.directions + 1), np.arange(1, self.size + 1)) / self.size
        basis, triangle = np.linalg.qr(np.exp(powers - powers.max(axis=1, keepdims=True)).T)
        frame = (basis * np.sign(np.diagonal(triangle))).T
        mixed: NDArray[np.float64] = self.mixing()[:, : self.directions] @ frame
        return math.sqrt(self.squared_length) * mixed
