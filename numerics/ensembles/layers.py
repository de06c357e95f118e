"""The layers of a network: what each does to a value of a given shape.

Affine        s = z W + b; an image is read as a vector (glorot2010)
Convolution   stride 1, kernel odd, the image keeps its size (balduzzi2017, hanin2018start)
Activation    elementwise; crelu, (relu(s), relu(-s)), doubles the number of units (shang2016)
Gates         fixed activation patterns of two inputs: the idealised rectifier of balduzzi2017
BatchNorm     each unit less its mean, over its standard deviation, across the k inputs (ioffe2015)
Residual      x -> skip x + scale body(x): residual modules (hanin2018start) and, with skip^2 + scale^2 = 1,
              the highway modules of balduzzi2017
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numerics.ensembles.validation import finite, one_of, positive_integer, sequence
from numerics.ensembles.weights import Weights

Shape = tuple[int, ...]

ACTIVATIONS = (
    "linear", "relu", "leaky_relu", "prelu", "abs", "tanh", "sigmoid", "softsign", "erf", "gelu", "silu", "elu",
    "selu", "softplus", "mish", "hardtanh", "crelu",
)  # fmt: skip
SLOPED = ("leaky_relu", "prelu")
PADDINGS = ("circular", "zero")
EPSILON = 1e-5  # added to the variance by batch normalisation, as torch does: units dead on all inputs stay 0


@dataclass(frozen=True)
class Affine:
    """``width`` units, ``s = z W + b``; the bias is drawn once a network, its law as if fan-in were 1.

    ``mirrored``: W = (W', -W') stacked over the two halves of a crelu (balduzzi2017, "looks linear").
    """

    width: int
    weights: Weights
    bias: Weights | None = None
    mirrored: bool = False

    def __post_init__(self) -> None:
        positive_integer("every width", self.width)
        _refuse_orthogonal_bias(self.bias)

    def matrix(self, before: Shape) -> Shape:
        """(rows, columns) of the matrix that is drawn."""
        return math.prod(before) // (2 if self.mirrored else 1), self.width

    def entry_variance(self, before: Shape) -> float:
        """The variance of an entry of that matrix, whose sides are the fans."""
        return self.weights.entry_variance(*self.matrix(before))

    def after(self, before: Shape) -> Shape:
        """The shape of its output; raises ValueError where the matrix cannot exist."""
        if self.mirrored and math.prod(before) % 2:
            raise ValueError(f"mirrored weights need an even number of units below, not {math.prod(before)}.")
        _refuse_wide_orthogonal(self.weights, *self.matrix(before))
        return (self.width,)


@dataclass(frozen=True)
class Convolution:
    """``channels`` maps with ``kernel`` x ``kernel`` weights for every channel below; fan-in counts them all.

    Orthogonal weights are an orthogonal matrix at the kernel's centre and zero elsewhere (balduzzi2017).
    """

    channels: int
    kernel: int
    weights: Weights
    padding: str = "circular"
    bias: Weights | None = None

    def __post_init__(self) -> None:
        positive_integer("channels", self.channels)
        if positive_integer("the kernel size", self.kernel) % 2 == 0:
            raise ValueError(f"the kernel size must be odd, not {self.kernel}: an even kernel has no centre.")
        one_of("padding", self.padding, PADDINGS)
        _refuse_orthogonal_bias(self.bias)

    def matrix(self, before: Shape) -> Shape:
        """(rows, columns) of the matrix that is drawn: fan-in by channels."""
        return before[0] * self._taps, self.channels

    def entry_variance(self, before: Shape) -> float:
        """The variance of an entry of that matrix; each fan counts the taps of the kernel that are drawn."""
        return self.weights.entry_variance(before[0] * self._taps, self.channels * self._taps)

    @property
    def _taps(self) -> int:
        return 1 if self.weights.law == "orthogonal" else self.kernel**2

    def after(self, before: Shape) -> Shape:
        """The shape of its output; raises ValueError for a vector and for a kernel larger than the image."""
        if len(before) != 3:
            raise ValueError(f"a convolution needs images (channels, height, width) below it, not shape {before}.")
        if self.kernel > min(before[1:]):
            raise ValueError(f"a kernel of size {self.kernel} is larger than the {before[1]} x {before[2]} image.")
        _refuse_wide_orthogonal(self.weights, *self.matrix(before))
        return (self.channels, *before[1:])


@dataclass(frozen=True)
class Activation:
    """``name`` is one of ``ACTIVATIONS``; ``slope``, for s <= 0, belongs to leaky_relu and prelu."""

    name: str
    slope: float | None = None

    def __post_init__(self) -> None:
        one_of("activation", self.name, ACTIVATIONS)
        if (self.name in SLOPED) != (self.slope is not None):
            raise ValueError(
                f"a slope belongs to {' and '.join(SLOPED)} and only to them: with activation {self.name!r} and "
                f"slope={self.slope!r}, add or remove the slope."
            )
        if self.slope is not None:
            object.__setattr__(self, "slope", finite("slope", self.slope))

    def after(self, before: Shape) -> Shape:
        """The shape of its output."""
        return (2 * before[0], *before[1:]) if self.name == "crelu" else before


@dataclass(frozen=True)
class Gates:
    """The patterns of two *typical datapoints*, whatever the values: of every four units one is active for both inputs,
    one for each alone, and one for neither.
    """

    def patterns(self, units: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """1 for an active unit, 0 for the others, for either input."""
        return (1, 1, 0, 0) * (units // 4), (1, 0, 1, 0) * (units // 4)

    def after(self, before: Shape) -> Shape:
        """The shape of its output; raises ValueError where units do not come in fours."""
        if len(before) != 1 or before[0] % 4:
            raise ValueError(f"gates need units in fours, one of each pattern, not a value of shape {before}.")
        return before


@dataclass(frozen=True)
class BatchNorm:
    """Normalisation of each unit across the inputs of one network."""

    def after(self, before: Shape) -> Shape:
        """The shape of its output."""
        return before


@dataclass(frozen=True)
class Residual:
    """``x -> skip x + scale body(x)``; the ``body`` is a chain of layers that keeps the shape."""

    body: tuple[Layer, ...]
    skip: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", sequence("the body of a residual module", self.body))
        for name in ("skip", "scale"):
            object.__setattr__(self, name, finite(name, getattr(self, name)))

    def after(self, before: Shape) -> Shape:
        """The shape of its output; raises ValueError where the body changes it."""
        shape = before
        for layer in self.body:
            shape = layer.after(shape)
        if shape != before:
            raise ValueError(f"the body of a residual module must keep the shape {before}, but gives {shape}.")
        return before


Layer = Affine | Convolution | Activation | Gates | BatchNorm | Residual


def _refuse_wide_orthogonal(weights: Weights, rows: int, columns: int) -> None:
    if weights.law == "orthogonal" and columns > rows:
        raise ValueError(
            f"orthogonal weights have orthonormal columns, but {columns} columns of {rows} rows cannot be; give at "
            "most as many units as the layer below has."
        )


def _refuse_orthogonal_bias(bias: Weights | None) -> None:
    if bias is not None and bias.law == "orthogonal":
        raise ValueError("a bias has independent entries: choose another law than orthogonal.")
